"""`costs` of `outlay.yaml`: costs that no API bills, declared until an invoice says otherwise (rules of money, 4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.settings.strict import Amount, Currency, Dated, Day, Name


class _Declared(Dated):
    name: Name
    currency: Currency = "USD"
    component: str | None = Field(default=None, description="Component of data/taxonomy; default by its kind")
    team: str | None = None
    cost_centre: str | None = None
    product: str | None = None
    use_case: str | None = None
    environment: str | None = None
    shared: str | None = Field(default=None, description="Name of a pool under `shared`, instead of a team")

    @model_validator(mode="after")
    def _is_of_one(self) -> _Declared:
        if self.shared is not None and self.team is not None:
            raise ValueError("a cost says either team or shared: a pool is split over teams")
        return self


class OwnedAcceleratorsSettings(_Declared):
    """Accelerators of our own: written off by the day, with power and place."""

    kind: Literal["owned_accelerators"]
    accelerator: str = Field(description="Name as in data/catalog, such as H100")
    count: int = Field(gt=0, le=10_000_000)
    purchase_price: Amount = Field(gt=0, description="Of all of them together, with their servers and network")
    in_service: Day
    life_months: int = Field(gt=0, le=240)
    residual_value: Amount = Field(default=Decimal(0), ge=0)
    power_kw: Amount = Field(
        default=Decimal(0), ge=0, le=10_000_000, description="Mean draw of all of them together, with servers"
    )
    pue: Amount = Field(default=Decimal(1), ge=1, le=10)
    electricity_price_per_kwh: Amount = Field(default=Decimal(0), ge=0, le=1_000_000)
    colocation_per_month: Amount = Field(default=Decimal(0), ge=0)

    @model_validator(mode="after")
    def _loses_value(self) -> OwnedAcceleratorsSettings:
        if self.residual_value >= self.purchase_price:
            raise ValueError("residual_value must lie below purchase_price: the difference is written off")
        if self.valid_to is not None and self.valid_to <= self.in_service:
            raise ValueError("valid_to must lie after in_service")
        return self


class PeopleSettings(_Declared):
    """People who work on AI: what they cost a year, and how much of their time it is."""

    kind: Literal["people"]
    annual_cost: Amount = Field(gt=0, description="Of all of them together, with on-costs")
    share_pct: Amount = Field(default=Decimal(100), gt=0, le=100)


class FeeSettings(_Declared):
    """A fixed fee: a subscription with its seats, a support plan, any other overhead. `amount` is for all seats."""

    kind: Literal["subscription", "support", "other"]
    amount: Amount = Field(gt=0)
    per: Literal["month", "year"]
    seats: int | None = Field(default=None, gt=0)
    vendor: str | None = None


DeclaredCostSettings = Annotated[OwnedAcceleratorsSettings | PeopleSettings | FeeSettings, Field(discriminator="kind")]
