"""`costs` of `outlay.yaml`: costs that no API bills, declared until an invoice says otherwise (rules of money, 4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.settings.strict import Currency, Dated, Name


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


class OwnedAcceleratorsSettings(_Declared):
    """Accelerators of our own: written off by the day, with power and place."""

    kind: Literal["owned_accelerators"]
    accelerator: str = Field(description="Name as in data/catalog, such as H100")
    count: int = Field(gt=0)
    purchase_price: Decimal = Field(gt=0, description="Of all of them together, with their servers and network")
    in_service: date
    life_months: int = Field(gt=0, le=240)
    residual_value: Decimal = Field(default=Decimal(0), ge=0)
    power_kw: Decimal = Field(default=Decimal(0), ge=0, description="Mean draw of all of them together, with servers")
    pue: Decimal = Field(default=Decimal(1), ge=1)
    electricity_price_per_kwh: Decimal = Field(default=Decimal(0), ge=0)
    colocation_per_month: Decimal = Field(default=Decimal(0), ge=0)

    @model_validator(mode="after")
    def _loses_value(self) -> OwnedAcceleratorsSettings:
        if self.residual_value >= self.purchase_price:
            raise ValueError("residual_value must lie below purchase_price: the difference is written off")
        return self


class PeopleSettings(_Declared):
    """People who work on AI: what they cost a year, and how much of their time it is."""

    kind: Literal["people"]
    annual_cost: Decimal = Field(gt=0, description="Of all of them together, with on-costs")
    share_pct: Decimal = Field(default=Decimal(100), gt=0, le=100)


class FeeSettings(_Declared):
    """A fixed fee: a subscription with its seats, a support plan, any other overhead. `amount` is for all seats."""

    kind: Literal["subscription", "support", "other"]
    amount: Decimal = Field(gt=0)
    per: Literal["month", "year"]
    seats: int | None = Field(default=None, gt=0)
    vendor: str | None = None


DeclaredCostSettings = Annotated[OwnedAcceleratorsSettings | PeopleSettings | FeeSettings, Field(discriminator="kind")]
