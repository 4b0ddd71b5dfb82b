"""`forecast` and `anomalies` of `outlay.yaml`: what we know of days to come, and when a day is worth a word."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from pipelines.settings.strict import Amount, Currency, Day, Name, Strict

EFFECTS = ("change_pct", "price_pct", "amount_per_day")
"""How an event may say what it changes."""

_ENDS = Decimal(-100)
_Percent = Annotated[Amount, Field(ge=-100, le=10_000)]


class SeriesScope(Strict):
    """Which series something is about: one value of one dimension, and of a SKU its vendor; nothing is the total."""

    vendor: str | None = Field(default=None, description="As costs name it: OpenAI, AWS, …")
    team: str | None = None
    component: str | None = None
    model: str | None = None
    key: str | None = Field(default=None, description="Identifier of an API key")
    sku: str | None = Field(default=None, description="FOCUS SkuId; give its vendor, too")

    @model_validator(mode="after")
    def _is_one_series(self) -> SeriesScope:
        named = [name for name, value in self if value is not None]
        if len(named) > 1 and named != ["vendor", "sku"]:
            raise ValueError(f"names {' and '.join(named)}; there is a series by each of them, but none by several")
        if named == ["sku"]:
            raise ValueError("a sku needs its vendor: several may have one of that name")
        return self

    @property
    def dimension(self) -> str:
        return next((name for name, value in reversed(list(self)) if value is not None), "total")

    @property
    def value(self) -> str | None:
        return None if self.dimension == "total" else getattr(self, self.dimension)

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self if value is not None) or "everything"


class HolidaySettings(Strict):
    """Whose holidays show in the costs."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(description="ISO 3166, such as GB")
    subdivision: str | None = Field(default=None, description="Such as ENG; default: what the whole country keeps")


class EventSettings(Strict):
    """Something known ahead that changes costs from `day` on: as history continues, and then this.

    `change_pct` changes cost, `price_pct` price at the same usage, `amount_per_day` is added in `currency`; `end` takes
    all of it. With `ramp_days` the effect grows evenly to its full size over so many days.
    """

    name: Name
    kind: Literal["launch", "migration", "price_change", "contract_step", "end"]
    day: Day
    scope: SeriesScope = SeriesScope()
    change_pct: _Percent | None = None
    price_pct: _Percent | None = None
    amount_per_day: Amount | None = None
    currency: Currency = Field(default="USD", description="Of amount_per_day")
    ramp_days: int = Field(default=0, ge=0, le=730)
    until: Day | None = Field(default=None, description="Last day that it changes; default: for good")

    @model_validator(mode="after")
    def _has_one_effect(self) -> EventSettings:
        said = [name for name in EFFECTS if getattr(self, name) is not None]
        if self.kind == "end" and said:
            raise ValueError(f"an end takes all of it; leave {' and '.join(said)} out")
        if self.kind != "end" and len(said) != 1:
            told = f"not {' and '.join(said)} at once" if said else "none is given"
            raise ValueError(f"an event needs one of {', '.join(EFFECTS)}; {told}")
        if self.kind in ("price_change", "contract_step") and said != ["price_pct"]:
            raise ValueError(f"a {self.kind.replace('_', ' ')} says by how much prices change: price_pct")
        if self.until is not None and self.until < self.day:
            raise ValueError("until must not lie before day")
        return self

    @property
    def change(self) -> Decimal | None:
        """By how many percent cost changes, however it is said; None for an amount."""
        return _ENDS if self.kind == "end" else self.price_pct if self.change_pct is None else self.change_pct


class ForecastSettings(Strict):
    """What forecasts know beside history."""

    holidays: HolidaySettings | None = None
    events: tuple[EventSettings, ...] = ()


class ExpectedSettings(Strict):
    """Days on which something was meant to be unusual: what is found then is explained, and wakes nobody."""

    name: Name
    scope: SeriesScope = SeriesScope()
    first_day: Day
    last_day: Day

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> ExpectedSettings:
        if self.last_day < self.first_day:
            raise ValueError("last_day must not lie before first_day")
        return self


class AnomalySettings(Strict):
    """How unusual, and how dear, a day must be."""

    sensitivity: Literal["quiet", "balanced", "keen"] = "quiet"
    minimum_impact: Amount = Field(default=Decimal(25), ge=0, description="In the currency of the series")
    expected: tuple[ExpectedSettings, ...] = ()
