"""Charges: a settlement as rows of FOCUS 1.4 Cost and Usage.

One row per bill line × reading that it pays for, and one per line that stands alone. Billed comes from the line,
list and contracted from the rating, effective is billed (nothing here is prepaid or committed). Spreading
belongs to `billing`, SKU identity to `skus`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from models.ledger.billing import Settlement
from models.ledger.focus import COST_AND_USAGE
from models.ledger.money import quotient
from models.ledger.skus import with_skus
from models.ledger.units import METERS, TOKEN_KINDS
from models.ledger.vendors import VENDORS, vendor_of
from models.table import MONEY

_BLOCKS = {name: meter.block for name, meter in METERS.items()}
_NOTHING = pl.lit(None, dtype=pl.String)


def to_charges(
    settlement: Settlement,
    *,
    account_names: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Charges of a settlement in the contract of `focus.cost_and_usage`.

    Lines that pay together are one, under the identity of the largest. Σ BilledCost equals the lines' amounts;
    Σ ConsumedQuantity equals what the paid readings hold. A reading without a known price, or billed in a currency
    that is not the price book's, gets list = contracted = billed and unit prices that are cost ÷ quantity at 12
    places. Lines that stand alone carry no SKU; a Usage line among them becomes an Adjustment, or a Credit where it is
    negative, since FOCUS knows no usage without a SKU. InvoiceId stays null: no bill line names an invoice. Names fall
    back to ids. Raises `OutlayError` for a provider without vendor facts.
    """
    for provider in settlement.lines["provider"].unique():
        vendor_of(provider)
    parts = [_of_usage(settlement), _alone(settlement)]
    return pl.concat([_to_focus(part, account_names or {}) for part in parts])


def with_costs(settlement: Settlement) -> pl.DataFrame:
    """Allocations with the four facts that a charge needs of prices, and the line's words.

    Adds `description`, `cost_status`, `currency`, `line_id` and the line's `billing_period`; fills `pricing_quantity`,
    `list_unit_price`, `contracted_unit_price`, `list_cost`, `contracted_cost` where they are unknown; `price_status`
    and `reason` (currency or null) say so.
    """
    words = settlement.lines.select(
        "line", "line_id", "description", "cost_status", "currency", line_period="billing_period"
    )
    foreign = pl.col("currency") != settlement.price_currency
    known = (pl.col("price_status") != "unpriced") & ~foreign
    blocks = pl.col("meter").replace_strict(_BLOCKS, return_dtype=pl.Int64)
    return (
        settlement.allocations.join(words, on="line", how="left", maintain_order="left")
        .with_columns(
            billing_period="line_period",
            pricing_quantity=pl.coalesce("pricing_quantity", quotient(pl.col("quantity"), blocks.cast(MONEY))),
            price_status=pl.when(known).then("price_status").otherwise(pl.lit("unpriced")),
            price_source=pl.when(known).then("price_source"),
            contract=pl.when(known).then("contract"),
            reason=pl.when(foreign).then(pl.lit("currency")),
        )
        .with_columns(implied=quotient(pl.col("billed_cost"), pl.col("pricing_quantity")))
        .with_columns(
            *(pl.when(known).then(price).otherwise("implied").alias(price) for price in _UNIT_PRICES),
            *(pl.when(known).then(cost).otherwise("billed_cost").alias(cost) for cost in _COMPUTED_COSTS),
        )
        .drop("line_period", "implied")
    )


_UNIT_PRICES = ("list_unit_price", "contracted_unit_price")
_COMPUTED_COSTS = ("list_cost", "contracted_cost")


def _of_usage(settlement: Settlement) -> pl.DataFrame:
    usage = with_skus(with_costs(settlement).drop("pricing_unit"))
    words = pl.concat_str("model", "SkuMeter", separator=" ", ignore_nulls=True)
    return usage.with_columns(
        ChargeCategory=pl.lit("Usage"),
        ChargeFrequency=pl.lit("Usage-Based"),
        description=pl.coalesce("description", words),
        match=pl.lit("matched"),
    )


def _alone(settlement: Settlement) -> pl.DataFrame:
    """Lines without usage. A Purchase needs a SKU and a quantity in FOCUS: one, at its price."""
    category = pl.col("charge_category")
    negative = pl.col("amount") < 0
    bought = (category == "Purchase") & ~negative
    sku_id = pl.concat_str("provider", pl.lit("purchase"), separator="/")
    price = pl.when(bought).then("amount")
    return settlement.unmatched.with_columns(
        user_id=_NOTHING,
        user_name=_NOTHING,
        api_key_name=_NOTHING,
        token_kind=pl.when(pl.col("meter").is_in(TOKEN_KINDS)).then("meter"),
        quantity=pl.lit(None, dtype=MONEY),
        billed_cost="amount",
        list_cost="amount",
        contracted_cost="amount",
        list_unit_price=price,
        contracted_unit_price=price,
        pricing_quantity=pl.when(bought).then(pl.lit(1).cast(MONEY)),
        price_status=pl.when(~category.is_in(["Tax", "Credit"]) & ~negative).then(pl.lit("unpriced")),
        price_source=_NOTHING,
        contract=_NOTHING,
        match=pl.lit("unmatched"),
        description=pl.coalesce("description", pl.concat_str(pl.lit("Billed without words: "), category)),
        ChargeCategory=pl.when(category.is_in(["Usage", "Purchase"]) & negative)
        .then(pl.lit("Credit"))
        .when(category == "Usage")
        .then(pl.lit("Adjustment"))
        .otherwise(category),
        ChargeFrequency=pl.lit("One-Time"),
        SkuId=pl.when(bought).then(sku_id),
        SkuPriceId=pl.when(bought).then(sku_id),
        SkuMeter=pl.when(bought).then(pl.lit("Purchases")),
        SkuPriceDetails=_NOTHING,
        ConsumedUnit=_NOTHING,
        PricingUnit=pl.when(bought).then(pl.lit("Purchases")),
        PricingCategory=pl.when(bought).then(pl.lit("Standard")),
    )


def _to_focus(part: pl.DataFrame, account_names: Mapping[str, str]) -> pl.DataFrame:
    """The one projection into FOCUS's columns; whatever is not named there is null."""
    month = (pl.col("billing_period") + "-01").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    known: dict[str, pl.Expr | str] = {
        **_WHO,
        **_WHAT,
        **_HOW_MUCH,
        "BillingAccountName": pl.col("account_id").replace(dict(account_names)),
        "BillingPeriodStart": month,
        "BillingPeriodEnd": month.dt.offset_by("1mo"),
        "SubAccountName": pl.coalesce("project_name", "project_id"),
    }
    return part.select(
        (pl.lit(None, dtype=dtype) if name not in known else _expression(known[name])).alias(name)
        for name, dtype in COST_AND_USAGE.polars_schema.items()
    )


def _expression(value: pl.Expr | str) -> pl.Expr:
    return pl.col(value) if isinstance(value, str) else value


def _vendor(attribute: str) -> pl.Expr:
    facts = {provider: getattr(vendor, attribute) for provider, vendor in VENDORS.items()}
    return pl.col("provider").replace_strict(facts, return_dtype=pl.String)


_WHO: dict[str, pl.Expr | str] = {
    "BillingAccountId": "account_id",
    "BillingAccountType": _vendor("billing_account_type"),
    "SubAccountId": "project_id",
    "SubAccountType": pl.when(pl.col("project_id").is_not_null()).then(_vendor("sub_account_type")),
    "ServiceProviderName": _vendor("name"),
    "HostProviderName": _vendor("name"),
    "InvoiceIssuerName": _vendor("name"),
    "ProviderName": _vendor("name"),
    "PublisherName": _vendor("name"),
    "ServiceName": _vendor("service_name"),
    "ServiceCategory": _vendor("service_category"),
    "ServiceSubcategory": _vendor("service_subcategory"),
    "x_ApiKeyId": "api_key_id",
    "x_ApiKeyName": "api_key_name",
    "x_UserId": "user_id",
    "x_UserName": "user_name",
}

_WHAT: dict[str, pl.Expr | str] = {
    "ChargeCategory": "ChargeCategory",
    "ChargeDescription": "description",
    "ChargeFrequency": "ChargeFrequency",
    "ChargePeriodStart": "window_start",
    "ChargePeriodEnd": "window_end",
    "SkuId": "SkuId",
    "SkuMeter": "SkuMeter",
    "SkuPriceDetails": "SkuPriceDetails",
    "SkuPriceId": "SkuPriceId",
    "x_BillLineId": "line_id",
    "x_BillingMonth": "billing_period",
    "x_Contract": "contract",
    "x_ContextWindow": "context_window",
    "x_CostSource": pl.lit("vendor_cost_report"),
    "x_CostStatus": "cost_status",
    "x_InferenceGeo": "inference_geo",
    "x_Match": "match",
    "x_Meter": "meter",
    "x_ModelId": "model",
    "x_ProcessingTier": "processing_tier",
    "x_Reason": "reason",
    "x_Source": "source",
    "x_TokenKind": "token_kind",
}

_HOW_MUCH: dict[str, pl.Expr | str] = {
    "BilledCost": "billed_cost",
    "EffectiveCost": "billed_cost",
    "ListCost": "list_cost",
    "ContractedCost": "contracted_cost",
    "BillingCurrency": "currency",
    "ConsumedQuantity": "quantity",
    "ConsumedUnit": "ConsumedUnit",
    "ListUnitPrice": "list_unit_price",
    "ContractedUnitPrice": "contracted_unit_price",
    "PricingCategory": "PricingCategory",
    "PricingCurrency": "currency",
    "PricingCurrencyListUnitPrice": "list_unit_price",
    "PricingCurrencyContractedUnitPrice": "contracted_unit_price",
    "PricingCurrencyEffectiveCost": "billed_cost",
    "PricingQuantity": "pricing_quantity",
    "PricingUnit": "PricingUnit",
    "x_PriceSource": "price_source",
    "x_PriceStatus": "price_status",
}
