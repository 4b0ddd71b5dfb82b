"""What `outlay.yaml` may say, as types. Reading the file and explaining its mistakes is in `configuration`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

SOURCE_NAME = r"^[a-z0-9][a-z0-9-]*$"
MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
SourceName = Annotated[str, StringConstraints(pattern=SOURCE_NAME, max_length=64)]
Month = Annotated[str, StringConstraints(pattern=MONTH)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(_Strict):
    """One source of money or usage."""

    name: SourceName
    connector: str
    options: dict[str, Any] = {}
    start: Month | None = Field(default=None, description="First billing period to pull; older ones are left alone")
    settle_hours: int = Field(default=48, ge=0, description="How long a bill may lag behind usage")


class OwnerSettings(_Strict):
    """First match wins; patterns are globs over ids or names."""

    team: str
    source: str | None = None
    project: str | None = None
    api_key: str | None = None

    @model_validator(mode="after")
    def _says_what(self) -> OwnerSettings:
        if not (self.source or self.project or self.api_key):
            raise ValueError("an owner rule needs at least one of source, project, api_key")
        return self


class ContractRateSettings(_Strict):
    """One negotiated rate: a discount off list, or a price per pricing unit (for tokens: per million)."""

    provider: str
    model: str = "*"
    meter: str | None = None
    processing_tier: str | None = None
    discount_pct: Decimal | None = Field(default=None, ge=0, le=100)
    unit_price: Decimal | None = Field(default=None, ge=0)
    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> ContractRateSettings:
        if (self.discount_pct is None) == (self.unit_price is None):
            raise ValueError("a contract rate needs either discount_pct or unit_price")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must lie after valid_from")
        return self


class ContractSettings(_Strict):
    name: str
    source: SourceName | None = None
    rates: tuple[ContractRateSettings, ...]


class BudgetScope(_Strict):
    source: str | None = None
    vendor: str | None = None
    team: str | None = None
    model: str | None = None


class BudgetSettings(_Strict):
    """A monthly budget."""

    name: str = Field(min_length=1, max_length=120)
    amount: Decimal = Field(gt=0)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    scope: BudgetScope = BudgetScope()
    cost_basis: Literal["billed", "effective", "list"] = "billed"
    thresholds_pct: tuple[Annotated[int, Field(gt=0, le=1000)], ...] = (100,)


class SlackSettings(_Strict):
    webhook: SecretStr | None = None


class AlertSettings(_Strict):
    slack: SlackSettings = SlackSettings()
    dashboard_url: str | None = None


class Settings(_Strict):
    """The whole of `outlay.yaml`."""

    organization: str = Field(min_length=1)
    sources: tuple[SourceSettings, ...] = ()
    owners: tuple[OwnerSettings, ...] = ()
    contracts: tuple[ContractSettings, ...] = ()
    budgets: tuple[BudgetSettings, ...] = ()
    alerts: AlertSettings = AlertSettings()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Settings:
        for what, names in (
            ("source", [source.name for source in self.sources]),
            ("budget", [budget.name for budget in self.budgets]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is declared twice")
        return self

    def source(self, name: str) -> SourceSettings | None:
        return next((source for source in self.sources if source.name == name), None)
