"""What AWS's line item types are in FOCUS's words: a closed table of facts. How each becomes a charge belongs to
`charges`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "usage",
    "covered_reservation",
    "covered_savings_plan",
    "negation",
    "savings_plan_fee",
    "savings_plan_upfront",
    "reservation_fee",
    "fee",
    "tax",
    "credit",
    "refund",
    "discount",
    "unknown",
]


@dataclass(frozen=True)
class LineItemType:
    """One of AWS's types: what Outlay does with it (`role`), and FOCUS's ChargeCategory and ChargeFrequency."""

    role: Role
    category: str
    frequency: str = "One-Time"


UNKNOWN = LineItemType("unknown", "Adjustment")
"""A type that is not in the table: kept as an Adjustment, and listed."""

_DISCOUNT = LineItemType("discount", "Adjustment")

LINE_ITEM_TYPES: dict[str, LineItemType] = {
    "Usage": LineItemType("usage", "Usage", "Usage-Based"),
    "DiscountedUsage": LineItemType("covered_reservation", "Usage", "Usage-Based"),
    "SavingsPlanCoveredUsage": LineItemType("covered_savings_plan", "Usage", "Usage-Based"),
    "SavingsPlanNegation": LineItemType("negation", "Adjustment"),
    "SavingsPlanRecurringFee": LineItemType("savings_plan_fee", "Purchase", "Recurring"),
    "SavingsPlanUpfrontFee": LineItemType("savings_plan_upfront", "Purchase"),
    "RIFee": LineItemType("reservation_fee", "Purchase", "Recurring"),
    "Fee": LineItemType("fee", "Purchase"),
    "Tax": LineItemType("tax", "Tax"),
    "Credit": LineItemType("credit", "Credit"),
    "Refund": LineItemType("refund", "Credit"),
    "EdpDiscount": _DISCOUNT,
    "PrivateRateDiscount": _DISCOUNT,
    "BundledDiscount": _DISCOUNT,
    "DistributorDiscount": _DISCOUNT,
    "SolutionProviderProgramDiscount": _DISCOUNT,
    "FlatRateSubscription": LineItemType("fee", "Purchase", "Recurring"),
}
"""AWS's word → what it is."""


def line_item_type(name: str | None) -> LineItemType:
    """What a type is; `UNKNOWN` for one that is not in the table. `…Discount` is a discount whatever precedes it."""
    if name is None:
        return UNKNOWN
    if name.endswith("Discount"):
        return LINE_ITEM_TYPES.get(name, _DISCOUNT)
    return LINE_ITEM_TYPES.get(name, UNKNOWN)
