"""`contracts` of `outlay.yaml`: what was agreed with vendors: rates, commitments, terms."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.settings.strict import Amount, Currency, Day, Name, SourceName, Strict


class ContractRateSettings(Strict):
    """One negotiated rate: a discount off list, or a price per pricing unit (for tokens: per million).

    With a `sku`, `service`, `region` or `instance_type` it is for charges that a vendor gives as such (clouds, FOCUS
    files); patterns are shell globs, case-sensitive. Whatever is given must fit. Every other rate is for readings that
    we price, which tell no issuer and no currency or unit but the price book's.
    """

    provider: str = Field(description="openai, anthropic, …; for charges the ServiceProviderName or its family: aws")
    model: str = "*"
    meter: str | None = None
    processing_tier: str | None = None
    sku: str | None = Field(default=None, description="Over SkuId, SkuPriceId or SkuMeter, such as *BoxUsage:p5*")
    service: str | None = Field(default=None, description="Over ServiceName")
    region: str | None = Field(default=None, description="Over RegionId")
    instance_type: str | None = Field(default=None, description="Over the host's name of the machine, such as p5.*")
    issuer: str | None = Field(
        default=None, description="Over InvoiceIssuerName, or its family; default the contract's"
    )
    discount_pct: Annotated[Amount, Field(decimal_places=10)] | None = Field(default=None, ge=0, le=100)
    unit_price: Amount | None = Field(default=None, ge=0)
    unit: str | None = Field(default=None, description="PricingUnit that unit_price is of; default any")
    currency: Currency = Field(default="USD", description="Of unit_price; for readings the price book's, USD")
    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> ContractRateSettings:
        if (self.discount_pct is None) == (self.unit_price is None):
            raise ValueError("a contract rate needs either discount_pct or unit_price")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must lie after valid_from")
        return self


class CommitSettings(Strict):
    """What a contract commits us to: to spend so much in its term, or credits paid ahead."""

    name: Name
    id: str | None = Field(default=None, description="The vendor's, as charges carry it: FOCUS CommitmentDiscountId")
    kind: Literal["spend", "prepaid_credits"]
    amount: Amount = Field(gt=0)
    currency: Currency = "USD"
    valid_from: Day
    valid_to: Day
    true_up: bool = Field(default=True, description="Whether what was not spent is owed at the end")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> CommitSettings:
        if self.valid_to <= self.valid_from:
            raise ValueError("valid_to must lie after valid_from")
        return self


class RenewalSettings(Strict):
    """When a contract ends, and by when one must say so."""

    day: Day
    notice_days: int = Field(default=0, ge=0, le=3660)
    automatic: bool = False


class ContractSettings(Strict):
    """One contract. `issuer` is FOCUS InvoiceIssuerName of the charges that count against its commits."""

    name: str
    source: SourceName | None = None
    issuer: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    rates: tuple[ContractRateSettings, ...] = ()
    commits: tuple[CommitSettings, ...] = ()
    renewal: RenewalSettings | None = None
    sla: str | None = Field(default=None, description="Service level in a few words, such as 99.9 % a month")
    dpa: date | None = Field(default=None, description="When the data processing agreement was signed")
    residency: tuple[str, ...] = Field(default=(), description="Regions in which the vendor may process our data")
