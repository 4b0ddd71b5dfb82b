"""`owners`, `teams` and `shared` of `outlay.yaml`: who answers for a cost, and how shared cost is split."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from pipelines.settings.strict import Amount, Dated, Name, Strict

DIMENSIONS = ("team", "cost_centre", "product", "use_case", "environment")


class OwnerSettings(Dated):
    """Whatever fits every pattern that is given belongs to whom the rule says.

    Patterns are shell globs over ids or names, case-sensitive. For each dimension the first rule that fits and says
    something of it wins. `{tag:KEY}` in a value stands for the value of that tag; where the tag is missing, the rule
    says nothing of that dimension. `shared` sends to a pool instead of a team.
    """

    name: Name | None = Field(default=None, description="What the rule is called when it is explained")
    team: str | None = None
    cost_centre: str | None = None
    product: str | None = None
    use_case: str | None = None
    environment: str | None = None
    shared: str | None = Field(default=None, description="Name of a pool under `shared`, instead of a team")
    source: str | None = None
    account: str | None = None
    project: str | None = None
    api_key: str | None = None
    user: str | None = None
    model: str | None = None
    service: str | None = None
    component: str | None = None
    region: str | None = None
    tags: dict[str, str] = Field(default={}, description="Glob by tag key; a tag that is missing fits nothing")

    @model_validator(mode="after")
    def _says_what_of_whom(self) -> OwnerSettings:
        if not (self.tags or any(getattr(self, name) is not None for name in CONDITIONS)):
            raise ValueError(f"an owner rule needs at least one of {', '.join(CONDITIONS)}, tags")
        if self.shared is not None and self.team is not None:
            raise ValueError("a rule says either team or shared: a pool is split over teams")
        if self.shared is None and all(getattr(self, name) is None for name in DIMENSIONS):
            raise ValueError(f"an owner rule needs at least one of {', '.join(DIMENSIONS)}, shared")
        return self


CONDITIONS = ("source", "account", "project", "api_key", "user", "model", "service", "component", "region")


class TeamSettings(Strict):
    """A team that is known. With a list of teams, a team that is not on it is a mistake."""

    name: Name
    cost_centre: str | None = Field(default=None, description="Where no rule says a cost centre")


class ShareSettings(Strict):
    """One fixed share of a pool: of a team, or of another pool, which is split in turn."""

    team: str | None = None
    shared: str | None = None
    pct: Amount = Field(gt=0, le=100)

    @model_validator(mode="after")
    def _of_one(self) -> ShareSettings:
        if (self.team is None) == (self.shared is None):
            raise ValueError("a share names either a team or another pool (shared)")
        return self


class SharedSettings(Dated):
    """How a pool is split over teams, by month. The same pool may be declared several times with dates that meet.

    Drivers count charges only: what `costs` declare, hardware of our own too, weighs nothing.
    """

    name: Name
    by: Literal["fixed", "direct_cost", "tokens", "accelerator_hours"]
    shares: tuple[ShareSettings, ...] = Field(default=(), description="For fixed: shares that sum to 100 pct")
    among: tuple[str, ...] = Field(default=(), description="Only these teams; default: all that the driver knows")

    @model_validator(mode="after")
    def _is_whole(self) -> SharedSettings:
        if (self.by == "fixed") != bool(self.shares):
            raise ValueError("fixed needs shares, and only fixed has any")
        if self.shares and self.among:
            raise ValueError("among is for what goes by a driver; fixed shares name their teams")
        total = sum((share.pct for share in self.shares), Decimal(0))
        if self.shares and total != 100:
            raise ValueError(f"the shares of {self.name!r} sum to {total} pct, not to 100")
        return self
