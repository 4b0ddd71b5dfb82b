"""What `cloud_month` asks of pandas: the same columns, costs and rollup, with floats for money, as scripts do it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from connectors.aws.skus import KEYS

_KEEP = {
    "BillingAccountId": "bill_payer_account_id",
    "BillingAccountName": "bill_payer_account_name",
    "SubAccountId": "line_item_usage_account_id",
    "SubAccountName": "line_item_usage_account_name",
    "BillingPeriodStart": "bill_billing_period_start_date",
    "BillingPeriodEnd": "bill_billing_period_end_date",
    "ChargePeriodStart": "line_item_usage_start_date",
    "ChargePeriodEnd": "line_item_usage_end_date",
    "BillingCurrency": "line_item_currency_code",
    "InvoiceId": "bill_invoice_id",
    "InvoiceIssuerName": "bill_invoicing_entity",
    "AvailabilityZone": "line_item_availability_zone",
    "ChargeDescription": "line_item_line_item_description",
    "ResourceId": "line_item_resource_id",
    "x_UserId": "line_item_iam_principal",
}
_COSTS = {
    "line_item_unblended_cost",
    "line_item_net_unblended_cost",
    "line_item_usage_amount",
    "pricing_public_on_demand_cost",
    "savings_plan_savings_plan_effective_cost",
    "reservation_effective_cost",
}
_GRAIN = [
    "day", "ServiceProviderName", "ServiceName", "BillingAccountId", "SubAccountId", "x_ModelId", "x_Meter",
    "x_ProcessingTier", "ChargeCategory", "BillingCurrency", "ConsumedUnit",
]  # fmt: skip


def transform(file: Path, facts: pd.DataFrame) -> tuple[object, ...]:
    """How many charges, and their billed, effective and list cost."""
    columns = list({*KEYS, *_KEEP.values(), *_COSTS, "resource_tags"})
    rows = pd.read_parquet(file, columns=columns)
    keys = list(KEYS)
    rows[keys] = rows[keys].fillna("")
    rows = rows.merge(facts, on=keys, how="inner")
    rows = rows[rows["role"] != "negation"]
    plan, reserved = rows["role"] == "covered_savings_plan", rows["role"] == "covered_reservation"
    charges = rows.rename(columns={column: name for name, column in _KEEP.items()})
    cost = rows["line_item_unblended_cost"]
    charges["BilledCost"] = np.where(plan | reserved, 0.0, cost)
    charges["EffectiveCost"] = np.select(
        [plan, reserved],
        [rows["savings_plan_savings_plan_effective_cost"], rows["reservation_effective_cost"]],
        cost,
    )
    charges["ListCost"] = rows["pricing_public_on_demand_cost"]
    charges["ContractedCost"] = np.where(
        plan | reserved, rows["pricing_public_on_demand_cost"], rows["line_item_net_unblended_cost"]
    )
    amount = rows["line_item_usage_amount"]
    charges["ListUnitPrice"] = charges["ListCost"] / amount.replace(0, np.nan)
    charges["ContractedUnitPrice"] = charges["ContractedCost"] / amount.replace(0, np.nan)
    charges["ConsumedQuantity"] = amount * rows["block"].astype(float).fillna(1.0)
    charges["Tags"] = [
        json.dumps(dict(tags)) if tags is not None and len(tags) else None for tags in rows["resource_tags"]
    ]
    charges["x_BillingMonth"] = charges["BillingPeriodStart"].dt.strftime("%Y-%m")
    charges["day"] = charges["ChargePeriodStart"].dt.floor("D")
    sums = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity"]
    daily = charges.groupby(_GRAIN, dropna=False, observed=True)[sums].sum()
    return len(charges), daily["BilledCost"].sum(), daily["EffectiveCost"].sum(), daily["ListCost"].sum()
