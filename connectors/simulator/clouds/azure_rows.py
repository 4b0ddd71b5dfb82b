"""A row of Azure's cost reports (EA, 2021-10-01) as it stands in the actual report, the amortized one, or both.

The amortized report spreads purchases of commitments over what they cover and what is left of them; all else is alike.
"""

from __future__ import annotations

import json
import uuid
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache

from connectors.simulator.clouds.accounts import AZURE_ENROLMENT, AZURE_PLATFORM
from connectors.simulator.clouds.lines import ZERO, Account, Charge, first_of

COLUMNS = (
    "BillingAccountId", "BillingAccountName", "BillingPeriodStartDate", "BillingPeriodEndDate",
    "BillingProfileId", "BillingProfileName", "AccountOwnerId", "AccountName", "SubscriptionId",
    "SubscriptionName", "Date", "Product", "PartNumber", "MeterId", "ServiceFamily", "MeterCategory",
    "MeterSubCategory", "MeterRegion", "MeterName", "Quantity", "EffectivePrice", "Cost", "UnitPrice",
    "BillingCurrency", "ResourceLocation", "AvailabilityZone", "ConsumedService", "ResourceId", "ResourceName",
    "ServiceInfo1", "ServiceInfo2", "AdditionalInfo", "Tags", "InvoiceSectionId", "InvoiceSection",
    "CostCenter", "UnitOfMeasure", "ResourceGroup", "ReservationId", "ReservationName", "ProductOrderId",
    "ProductOrderName", "OfferId", "IsAzureCreditEligible", "Term", "PublisherName", "PlanName", "ChargeType",
    "Frequency", "PublisherType", "PayGPrice", "PricingModel", "CostAllocationRuleName", "benefitId",
    "benefitName",
)  # fmt: skip
"""In the order of the file."""


@dataclass(frozen=True)
class Benefit:
    """A reservation or savings plan, bought for a year and paid by the month."""

    kind: str
    name: str
    order: str
    product: str
    rate: Decimal
    """USD an hour of one unit (reservation), or committed an hour (savings plan)."""

    @property
    def id(self) -> str:
        folder, member = (
            ("Microsoft.Capacity/reservationOrders", "reservations")
            if self.kind == "Reservation"
            else ("Microsoft.BillingBenefits/savingsPlanOrders", "savingsPlans")
        )
        return f"/providers/{folder}/{self.order}/{member}/{self.member}"

    @property
    def member(self) -> str:
        return named_uuid("benefit", self.order)


@dataclass(frozen=True)
class AzureLine:
    """One thing that was charged, as each of the two reports says it; None: not in that one."""

    actual: Mapping[str, str] | None
    amortized: Mapping[str, str] | None
    means: tuple[Charge, ...] = ()


@dataclass(frozen=True)
class AzureRow:
    """What a row says. `quantity` counts `unit`; `price` is ours before commitments, `listed` the public one.

    `covered` is what a unit costs under `benefit` in the amortized report; the actual one then costs nothing.
    """

    month: str
    day: date
    account: Account
    category: str
    meter: str
    quantity: Decimal
    unit: str
    price: Decimal
    listed: Decimal
    subcategory: str = ""
    product: str = ""
    region: str = "eastus"
    service: str = "Microsoft.Compute"
    family: str = "Compute"
    resource: str = ""
    charge: str = "Usage"
    frequency: str = "UsageBased"
    model: str = "OnDemand"
    covered: Decimal | None = None
    benefit: Benefit | None = None
    cost: Decimal | None = None
    info: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    means: tuple[Charge, ...] = ()

    def line(self) -> AzureLine:
        """The row in the reports that have it."""
        if self.charge.startswith("Unused"):
            return AzureLine(None, self._columns(self.covered or ZERO), self.means)
        if self.charge == "Purchase" and self.benefit is not None:
            return AzureLine(self._columns(self.price), None, self.means)
        if self.covered is not None:
            return AzureLine(self._columns(ZERO), self._columns(self.covered), self.means)
        columns = self._columns(self.price)
        return AzureLine(columns, columns, self.means)

    def _columns(self, effective: Decimal) -> dict[str, str]:
        start = first_of(self.month)
        last = start.replace(day=monthrange(start.year, start.month)[1])
        cost = self.cost if self.cost is not None else effective * self.quantity
        values: dict[str, str] = {
            "BillingAccountId": AZURE_ENROLMENT.id,
            "BillingAccountName": AZURE_ENROLMENT.name,
            "BillingPeriodStartDate": f"{start:%m/%d/%Y}",
            "BillingPeriodEndDate": f"{last:%m/%d/%Y}",
            "BillingProfileId": AZURE_ENROLMENT.id,
            "BillingProfileName": AZURE_ENROLMENT.name,
            "AccountOwnerId": "cloud@meridian-goods.example",
            "AccountName": "Meridian Cloud",
            "SubscriptionId": self.account.id,
            "SubscriptionName": self.account.name,
            "Date": f"{self.day:%m/%d/%Y}",
            "Product": self.product or f"{self.category} - {self.meter}",
            "PartNumber": f"AAM-{int(named_uuid('part', self.category, self.meter)[:5], 16) % 100000:05d}",
            "MeterId": named_uuid("meter", self.category, self.subcategory, self.meter, self.region),
            "ServiceFamily": self.family,
            "MeterCategory": self.category,
            "MeterSubCategory": self.subcategory,
            "MeterRegion": "US East" if self.region == "eastus" else "EU West",
            "MeterName": self.meter,
            "Quantity": _text(self.quantity),
            "EffectivePrice": _text(effective),
            "Cost": _text(cost),
            "UnitPrice": _text(self.price),
            "BillingCurrency": "USD",
            "ResourceLocation": self.region,
            "ConsumedService": self.service,
            "ResourceId": self._resource_id(),
            "ResourceName": self.resource,
            "AdditionalInfo": json.dumps(self.info, separators=(",", ":")) if self.info else "",
            "Tags": ",".join(f'"{key}": "{value}"' for key, value in self.tags.items()),
            "InvoiceSection": "Meridian",
            "UnitOfMeasure": self.unit,
            "ResourceGroup": "rg-ai" if self.resource else "",
            "OfferId": "MS-AZR-0017P",
            "IsAzureCreditEligible": "True",
            "PublisherName": "Microsoft",
            "ChargeType": self.charge,
            "Frequency": self.frequency,
            "PublisherType": "Azure",
            "PayGPrice": _text(self.listed),
            "PricingModel": self.model,
        }
        return {**dict.fromkeys(COLUMNS, ""), **values, **self._of_benefit()}

    def _of_benefit(self) -> dict[str, str]:
        """A purchase of reservations names their order, whatever it covers the reservation."""
        if self.benefit is None:
            return {}
        is_reservation = self.benefit.kind == "Reservation"
        names_order_only = is_reservation and self.charge == "Purchase"
        member = self.benefit.order if names_order_only else self.benefit.member
        return {
            "ReservationId": member if is_reservation else "",
            "ReservationName": self.benefit.name if is_reservation else "",
            "ProductOrderId": self.benefit.order,
            "ProductOrderName": self.benefit.product,
            "Term": "12",
            "benefitId": self.benefit.id.removesuffix(self.benefit.member) if names_order_only else self.benefit.id,
            "benefitName": self.benefit.name,
        }

    def _resource_id(self) -> str:
        if not self.resource:
            return ""
        kind = {
            "Microsoft.Compute": "virtualMachines",
            "Microsoft.CognitiveServices": "accounts",
            "Microsoft.Storage": "storageAccounts",
        }[self.service]
        group = f"/subscriptions/{self.account.id}/resourceGroups/rg-ai/providers/"
        return f"{group}{self.service}/{kind}/{self.resource}"


@lru_cache(maxsize=4096)
def named_uuid(*parts: str) -> str:
    """The same id for the same name, everywhere."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("meridian-goods.example", *parts))))


def _text(amount: Decimal) -> str:
    """Plain digits, as many as there are."""
    return f"{amount.normalize():f}" if amount else "0"


OWNER = AZURE_PLATFORM
"""The subscription that purchases are billed to."""
