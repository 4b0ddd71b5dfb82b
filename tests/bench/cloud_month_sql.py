"""What `cloud_month` asks of DuckDB: a bill's rows under FOCUS's names, their four costs, and the daily rollup, in SQL.

The facts of a usage type (service, SKU, model, meter) are looked up in the table that our own connector makes of them,
worked out before the clock runs.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from connectors.aws.options import AwsOptions
from connectors.aws.skus import FACTS, KEYS, KnownSkus, Vocabulary


def facts(file: Path) -> pl.DataFrame:
    """`FACTS` of every combination of `KEYS` in the file; nulls of the keys as empty text, for joins."""
    columns = [*KEYS, "product_instance_type", "product_product_family", "product_product_name"]
    has = pl.read_parquet_schema(file)
    rows = pl.scan_parquet(file).select(name for name in columns if name in has).unique().collect()
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in columns if name not in has]
    rows = rows.with_columns(absent).with_row_index("row")
    known = KnownSkus(Vocabulary(re.compile(AwsOptions(report="cur2", path=str(file)).capacity_block_usage_types)))
    found = known.joined(rows, None)
    return found.select(pl.col(KEYS).fill_null(""), *FACTS).unique(list(KEYS))


_MONEY = "DECIMAL(38, 12)"


def _money(column: str) -> str:
    return f"b.{column}::{_MONEY}"


_KEYS_MEET = " AND ".join(f"coalesce(b.{key}, '') = f.{key}" for key in KEYS)
_COVERED = "f.role IN ('covered_reservation', 'covered_savings_plan')"
_BILLED = f"CASE WHEN {_COVERED} THEN 0::{_MONEY} ELSE {_money('line_item_unblended_cost')} END"
_EFFECTIVE = (
    f"CASE f.role WHEN 'covered_savings_plan' THEN {_money('savings_plan_savings_plan_effective_cost')} "
    f"WHEN 'covered_reservation' THEN {_money('reservation_effective_cost')} "
    f"ELSE {_money('line_item_unblended_cost')} END"
)
_QUANTITY = _money("line_item_usage_amount")

CHARGES = f"""
SELECT
    b.bill_payer_account_id AS BillingAccountId, b.bill_payer_account_name AS BillingAccountName,
    'Payer Account' AS BillingAccountType, b.line_item_usage_account_id AS SubAccountId,
    b.line_item_usage_account_name AS SubAccountName, 'Account' AS SubAccountType,
    b.bill_billing_period_start_date::TIMESTAMP AS BillingPeriodStart,
    b.bill_billing_period_end_date::TIMESTAMP AS BillingPeriodEnd,
    b.line_item_usage_start_date::TIMESTAMP AS ChargePeriodStart,
    b.line_item_usage_end_date::TIMESTAMP AS ChargePeriodEnd,
    b.line_item_currency_code AS BillingCurrency, b.bill_invoice_id AS InvoiceId,
    b.bill_invoicing_entity AS InvoiceIssuerName, 'AWS' AS HostProviderName, f.ServiceProviderName AS ProviderName,
    f.PublisherName, f.ServiceProviderName, f.ServiceName, f.ServiceCategory, f.ServiceSubcategory,
    b.line_item_availability_zone AS AvailabilityZone, b.line_item_line_item_description AS ChargeDescription,
    b.line_item_resource_id AS ResourceId, f.ResourceType,
    CASE WHEN cardinality(b.resource_tags) > 0 THEN to_json(b.resource_tags)::VARCHAR END AS Tags,
    f.ChargeCategory, f.ChargeFrequency, f.SkuId, f.SkuPriceId, f.SkuMeter, f.SkuPriceDetails,
    CASE WHEN {_COVERED} THEN 'Committed' ELSE f.PricingCategory END AS PricingCategory,
    f.RegionId, f.RegionName, f.x_InstanceType, f.x_ModelId, f.x_Meter, f.x_ProcessingTier, f.x_InferenceGeo,
    f.x_ContextWindow, f.PricingUnit, f.ConsumedUnit, {_QUANTITY} AS PricingQuantity,
    ({_QUANTITY} * coalesce(f.block, 1)::DECIMAL(18, 0))::{_MONEY} AS ConsumedQuantity,
    {_BILLED} AS BilledCost, {_EFFECTIVE} AS EffectiveCost,
    {_money("pricing_public_on_demand_cost")} AS ListCost,
    CASE WHEN {_COVERED} THEN {_money("pricing_public_on_demand_cost")}
         ELSE {_money("line_item_net_unblended_cost")} END AS ContractedCost,
    b.pricing_public_on_demand_cost / nullif(b.line_item_usage_amount, 0) AS ListUnitPrice,
    b.line_item_net_unblended_cost / nullif(b.line_item_usage_amount, 0) AS ContractedUnitPrice,
    CASE f.role WHEN 'covered_savings_plan' THEN b.savings_plan_savings_plan_a_r_n
         WHEN 'covered_reservation' THEN b.reservation_reservation_a_r_n END AS CommitmentDiscountId,
    CASE f.role WHEN 'covered_savings_plan' THEN 'Savings Plan'
         WHEN 'covered_reservation' THEN 'Reserved Instance' END AS CommitmentDiscountType,
    CASE f.role WHEN 'covered_savings_plan' THEN 'Spend' WHEN 'covered_reservation' THEN 'Usage' END
        AS CommitmentDiscountCategory,
    CASE WHEN {_COVERED} THEN 'Used' END AS CommitmentDiscountStatus,
    CASE WHEN {_COVERED} THEN {_QUANTITY} END AS CommitmentDiscountQuantity,
    CASE f.role WHEN 'covered_savings_plan' THEN b.line_item_currency_code WHEN 'covered_reservation' THEN 'Hours' END
        AS CommitmentDiscountUnit,
    CASE WHEN f.x_Meter IS NOT NULL THEN f.x_Meter END AS x_TokenKind,
    CASE WHEN b.line_item_resource_id LIKE '%application-inference-profile/%'
         THEN split_part(b.line_item_resource_id, 'application-inference-profile/', 2) END AS x_ApiKeyId,
    b.line_item_iam_principal AS x_UserId, strftime(b.bill_billing_period_start_date, '%Y-%m') AS x_BillingMonth,
    'vendor_charges' AS x_CostSource, CASE WHEN b.bill_invoice_id IS NULL THEN 'provisional' ELSE 'invoiced' END
        AS x_CostStatus, 'native' AS x_Match, 'native' AS x_PriceStatus, 'aws' AS x_Source
FROM read_parquet(?) AS b JOIN facts AS f ON {_KEYS_MEET}
WHERE f.role != 'negation'
"""

_GRAIN = (
    "x_Source, x_BillingMonth, date_trunc('day', ChargePeriodStart), ServiceProviderName, ServiceName, "
    "BillingAccountId, SubAccountId, x_ApiKeyId, x_ModelId, x_Meter, x_TokenKind, x_ProcessingTier, ChargeCategory, "
    "x_Match, x_PriceStatus, x_CostStatus, BillingCurrency, ConsumedUnit"
)
DAILY = f"""
SELECT {_GRAIN}, count(*) AS charges, sum(BilledCost) AS billed_cost, sum(EffectiveCost) AS effective_cost,
       sum(ListCost) AS list_cost, sum(ContractedCost) AS contracted_cost, sum(ConsumedQuantity) AS consumed_quantity
FROM charges GROUP BY ALL
"""
