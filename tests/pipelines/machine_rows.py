"""A row of a FOCUS export for a machine by the hour, as tests of what is published need it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

MONTH = datetime(2026, 9, 1, tzinfo=UTC)
"""The month that it is billed in; the day is its first."""


def machine_row(instance_type: str, hours: str, cost: str) -> dict[str, object]:
    """A day of a machine on demand: `hours` of it for `cost`, in all four costs; hours and cost as exact text."""
    money = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost)
    names = dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "AWS")
    times = {"BillingPeriodStart": MONTH, "BillingPeriodEnd": MONTH.replace(month=10), "ChargePeriodStart": MONTH}
    unit_price = str(Decimal(cost) / Decimal(hours))
    return {
        **money, **names, **times,
        "ChargePeriodEnd": MONTH.replace(day=2),
        "BillingAccountId": "111", "BillingAccountName": "payer", "SubAccountId": "222", "SubAccountName": "research",
        "BillingCurrency": "USD", "ChargeCategory": "Usage", "ChargeClass": None, "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"per On Demand Linux {instance_type} Instance Hour",
        "ServiceName": "Amazon Elastic Compute Cloud", "ServiceCategory": "Compute",
        "SkuId": instance_type, "SkuPriceId": instance_type, "PricingCategory": "Standard",
        "PricingQuantity": hours, "PricingUnit": "Hours", "ConsumedQuantity": hours, "ConsumedUnit": "Hours",
        "ListUnitPrice": unit_price, "ContractedUnitPrice": unit_price,
        "RegionId": "us-east-1", "RegionName": "US East (N. Virginia)", "AvailabilityZone": None,
        "CommitmentDiscountCategory": None, "CommitmentDiscountId": None, "CommitmentDiscountName": None,
        "CommitmentDiscountStatus": None, "CommitmentDiscountType": None,
        "ResourceId": "i-1", "ResourceName": None, "ResourceType": "instance", "Tags": json.dumps({"user_team": "ml"}),
    }  # fmt: skip
