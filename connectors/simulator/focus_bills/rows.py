"""A row of FOCUS Cost and Usage as a vendor delivers it: version 1.2 as text, version 1.4 in types. What it means is
said by the bill.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from connectors.simulator.clouds.lines import Account, Charge, after, first_of, midnight

COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
QUANTITIES = (
    "CommitmentDiscountQuantity", "ConsumedQuantity", "ContractedUnitPrice", "ListUnitPrice", "PricingQuantity",
)  # fmt: skip
TIMES = ("BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")
MAPS = ("SkuPriceDetails", "Tags")


@dataclass(frozen=True)
class Vendor:
    """Who sells what, as FOCUS names it, to which billing account."""

    name: str
    issuer: str
    service: str
    category: str
    subcategory: str
    account: Account
    currency: str = "USD"
    region: tuple[str, str] | None = None


@dataclass(frozen=True)
class Credits:
    """Money paid ahead that a row buys, draws from, or lets expire (`status` None, Used, Unused)."""

    id: str
    name: str
    amount: Decimal
    status: str | None = None


@dataclass(frozen=True)
class FocusRow:
    """What a row says. Prices are of one `unit`; `consumed` is what was counted, where that is another number."""

    vendor: Vendor
    month: str
    project: Account | None
    start: datetime
    end: datetime
    category: str
    text: str
    sku: str
    meter: str
    quantity: Decimal
    unit: str
    price: Decimal
    means: Charge
    frequency: str = "Usage-Based"
    consumed: tuple[Decimal, str] | None = None
    credits: Credits | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def columns(self, *, invoice: str | None) -> dict[str, object]:
        """Columns that both versions have; `invoice` is the month's, once it is closed."""
        vendor, means = self.vendor, self.means
        consumed = self.consumed or (self.quantity, self.unit)
        is_used = self.category == "Usage" and (self.credits is None or self.credits.status == "Used")
        return {
            "BilledCost": means.billed,
            "BillingAccountId": vendor.account.id,
            "BillingAccountName": vendor.account.name,
            "BillingCurrency": vendor.currency,
            "BillingPeriodEnd": midnight(after(self.month)),
            "BillingPeriodStart": midnight(first_of(self.month)),
            "ChargeCategory": self.category,
            "ChargeClass": None,
            "ChargeDescription": self.text,
            "ChargeFrequency": self.frequency,
            "ChargePeriodEnd": self.end,
            "ChargePeriodStart": self.start,
            "ConsumedQuantity": consumed[0] if is_used else None,
            "ConsumedUnit": consumed[1] if is_used else None,
            "ContractedCost": means.contracted,
            "ContractedUnitPrice": self.price,
            "EffectiveCost": means.effective,
            "InvoiceId": invoice,
            "InvoiceIssuerName": vendor.issuer,
            "ListCost": means.listed,
            "ListUnitPrice": self.price,
            "PricingCategory": "Committed" if self.credits and self.credits.status else "Standard",
            "PricingQuantity": self.quantity,
            "PricingUnit": self.unit,
            "RegionId": vendor.region[0] if vendor.region else None,
            "RegionName": vendor.region[1] if vendor.region else None,
            "ServiceCategory": vendor.category,
            "ServiceName": vendor.service,
            "ServiceSubcategory": vendor.subcategory,
            "SkuId": self.sku,
            "SkuMeter": self.meter,
            "SkuPriceDetails": dict(self.details),
            "SkuPriceId": self.sku,
            "SubAccountId": self.project.id if self.project else None,
            "SubAccountName": self.project.name if self.project else None,
            "Tags": dict(self.tags),
            **self._commitment(),
        }

    def _commitment(self) -> dict[str, object]:
        credits = self.credits
        names = ("Category", "Id", "Name", "Quantity", "Status", "Type", "Unit")
        if credits is None:
            return {"ResourceId": None, "ResourceType": None, **{f"CommitmentDiscount{name}": None for name in names}}
        values = (
            "Spend", credits.id, credits.name, credits.amount, credits.status, "Prepaid Credits", self.vendor.currency,
        )  # fmt: skip
        resource = (None, None) if credits.status == "Used" else (credits.id, "Prepaid Credits")
        told = {f"CommitmentDiscount{name}": value for name, value in zip(names, values, strict=True)}
        return {"ResourceId": resource[0], "ResourceType": resource[1], **told}


def as_text(value: object) -> str:
    """A value as a FOCUS CSV writes it; nothing is empty."""
    if value is None or value == {}:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else str(value)
