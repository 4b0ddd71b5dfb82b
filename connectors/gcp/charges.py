"""Costed rows of Google's bill as FOCUS charges. Pure; one expression a column.

Billing periods are Google's months: midnight to midnight of US Pacific time, as instants in UTC. Which rows there are,
and their money, is settled in `costed`.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from connectors.gcp.commitments import Commitments
from connectors.gcp.table_rows import WANTED
from connectors.gcp.vendor_words import vendor_words
from connectors.native_charges import as_charges
from models.ledger.money import product, quotient
from models.table import MONEY

PROVIDER = "Google Cloud"
PACIFIC = "America/Los_Angeles"
_NO_MONEY = pl.lit(None, dtype=MONEY)
_ONE, _ZERO = pl.lit(Decimal(1), dtype=MONEY), pl.lit(Decimal(0), dtype=MONEY)
_UTC = pl.Datetime("us", "UTC")


def to_charges(made: pl.DataFrame, *, source: str) -> pl.DataFrame:
    """`focus.cost_and_usage` of rows by `costed.costed`."""
    priced = _with_prices(_with_flags(made))
    return as_charges(
        priced.select(
            **_who(), **_when(), **_what(), **_costs(), **_sku(), **_commitment(), **_ours(),
            x_VendorColumns=vendor_words(priced),
        ),
        source=source,
    )  # fmt: skip


def unused_charges(commitments: Commitments, month: str, *, source: str) -> pl.DataFrame:
    """What nothing used of commitments, one charge a pool and day: billed nothing, costing what is left of the fee."""
    left = commitments.unused
    money = pl.col("unused")
    quantity = pl.when("is_spend").then(_ONE).otherwise("unused_quantity")
    made = left.with_columns(
        month=pl.lit(month),
        category=pl.lit("Usage"),
        status=pl.lit("Unused"),
        billed=_ZERO,
        effective=money,
        contracted=money,
        list=money,
        is_unpriced=pl.lit(value=False),
        consumed=_NO_MONEY,
        priced=quantity,
        commitment_id=pl.col("commitment"),
        commitment_quantity=pl.when("is_spend").then(money).otherwise("unused_quantity"),
        commitment_unit=pl.when("is_spend").then("currency").otherwise("priced_unit"),
        text=pl.col("sku"),
        block=_NO_MONEY,
        is_spot=pl.lit(value=False),
        sku_meter=pl.col("sku"),
        **dict.fromkeys(("effective_price", "tier_start", "price_block", "conversion_rate"), _NO_MONEY),
    )
    lacking = {*WANTED, *_TEXTS} - set(made.columns)
    return to_charges(
        made.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in sorted(lacking)), source=source
    )


_TEXTS = ("cost_type", "tags", "model_label", "machine", "consumed_unit", "details", "model", "meter", "tier",
          "context", "geography", "part", "pool", "credit_type", "credit_id", "export_time")  # fmt: skip


def _with_flags(made: pl.DataFrame) -> pl.DataFrame:
    start = pl.col("month").str.to_datetime("%Y-%m", time_unit="us", time_zone=PACIFIC)
    starts_before, ends_before = pl.col("start") < pl.col("period_start"), pl.col("end") <= pl.col("period_start")
    return made.with_columns(
        period_start=start.dt.convert_time_zone("UTC"),
        period_end=start.dt.offset_by("1mo").dt.convert_time_zone("UTC"),
        is_priced=pl.col("category").is_in(["Usage", "Purchase"]),
        is_unused=pl.col("status").eq_missing("Unused"),
    ).with_columns(
        # usage that reached Google's meters after its own month was invoiced amends a closed month in a later one
        is_late=pl.when(pl.col("category") == "Purchase").then(ends_before).otherwise(starts_before)
    )


def _with_prices(made: pl.DataFrame) -> pl.DataFrame:
    """Quantities and unit prices. Money for no quantity is a flat charge: one unit of it."""
    counted = pl.col("block").is_not_null()
    quantity = pl.when(counted).then(quotient(pl.col("consumed"), pl.col("block"))).otherwise("priced")
    costs_something = pl.any_horizontal(pl.col(name) != 0 for name in ("contracted", "list", "billed"))
    told = product(pl.col("effective_price").fill_null(Decimal(0)), pl.coalesce("block", _ONE))
    told = pl.coalesce(quotient(told, pl.coalesce("price_block", _ONE)), _ZERO)
    flat = pl.col("is_priced") & (pl.col("quantity") == 0) & costs_something
    return (
        made.with_columns(quantity=pl.when("is_priced").then(quantity))
        .with_columns(is_flat=flat)
        .with_columns(
            quantity=pl.when("is_flat").then(_ONE).otherwise("quantity"),
            pricing_unit=pl.when("is_flat").then(pl.lit("Units")).otherwise("priced_unit"),
        )
        .with_columns(
            list_price=pl.when(pl.col("quantity") == 0)
            .then(told)
            .otherwise(quotient(pl.col("list"), pl.col("quantity"))),
            contracted_price=pl.when(pl.col("quantity") == 0)
            .then(told)
            .otherwise(quotient(pl.col("contracted"), pl.col("quantity"))),
        )
    )  # fmt: skip


def _who() -> dict[str, pl.Expr]:
    is_own = pl.col("category").is_in(["Purchase"]) & pl.col("commitment_id").is_not_null() | pl.col("is_unused")
    resource = pl.coalesce("resource_global_name", "resource_name")
    kind = pl.col("resource_global_name").str.extract(r"/([A-Za-z0-9_-]+)/[^/]+$")
    region = pl.coalesce("region", "location")
    return {
        "ServiceProviderName": pl.lit(PROVIDER),
        "HostProviderName": pl.lit(PROVIDER),
        "ProviderName": pl.lit(PROVIDER),
        "InvoiceIssuerName": pl.lit(PROVIDER),
        "PublisherName": pl.coalesce("seller_name", pl.lit(PROVIDER)),
        "BillingAccountId": pl.col("account"),
        # the export names the account by its id alone
        "BillingAccountName": pl.col("account"),
        "BillingAccountType": pl.lit("Billing Account"),
        "BillingCurrency": pl.col("currency"),
        "SubAccountId": pl.col("project_id"),
        "SubAccountName": pl.when(pl.col("project_id").is_not_null()).then(pl.coalesce("project_name", "project_id")),
        "SubAccountType": pl.when(pl.col("project_id").is_not_null()).then(pl.lit("Project")),
        "RegionId": region,
        "RegionName": region,
        "AvailabilityZone": pl.col("zone"),
        "ResourceId": pl.when(is_own).then("commitment_id").otherwise(resource),
        "ResourceName": pl.when(is_own).then(pl.lit(None)).otherwise(pl.coalesce("resource_name", resource)),
        "ResourceType": pl.when(is_own)
        .then(pl.lit("Commitment"))
        .when(resource.is_not_null())
        .then(pl.coalesce(kind, pl.lit("Resource"))),
        "Tags": pl.col("tags"),
    }


def _when() -> dict[str, pl.Expr]:
    return {
        "BillingPeriodStart": pl.col("period_start"),
        "BillingPeriodEnd": pl.col("period_end"),
        "ChargePeriodStart": pl.col("start"),
        # a tax or a credit may be stamped with an instant; a period has a length
        "ChargePeriodEnd": pl.when(pl.col("end") > pl.col("start"))
        .then("end")
        .otherwise(pl.col("start") + pl.duration(hours=1)),
        "ChargeClass": pl.when("is_late").then(pl.lit("Correction")),
    }


def _what() -> dict[str, pl.Expr]:
    frequencies = {"Usage": "Usage-Based", "Credit": "Usage-Based", "Purchase": "Recurring", "Tax": "Recurring"}
    return {
        "ChargeCategory": pl.col("category"),
        "ChargeDescription": pl.coalesce("text", "sku", "category"),
        "ChargeFrequency": pl.col("category").replace_strict(frequencies, default="One-Time"),
        "ServiceName": pl.col("service_name"),
        "ServiceCategory": pl.col("service_category"),
        "ServiceSubcategory": pl.col("service_subcategory"),
    }


def _costs() -> dict[str, pl.Expr]:
    as_billed = ~pl.col("is_priced") | (pl.col("is_unpriced") & pl.col("commitment_id").is_null())
    return {
        "BilledCost": pl.col("billed"),
        "EffectiveCost": pl.col("effective"),
        "ContractedCost": pl.when(pl.col("is_priced")).then("contracted").otherwise("billed"),
        "ListCost": pl.when(as_billed).then("billed").otherwise("list"),
        "ContractedUnitPrice": pl.when("is_priced").then("contracted_price"),
        "ListUnitPrice": pl.when("is_priced").then("list_price"),
        # prices, like costs, are given in the billing currency
        "PricingCurrency": pl.col("currency"),
        "PricingCurrencyContractedUnitPrice": pl.when("is_priced").then("contracted_price"),
        "PricingCurrencyEffectiveCost": pl.col("effective"),
        "PricingCurrencyListUnitPrice": pl.when("is_priced").then("list_price"),
        "PricingQuantity": pl.when("is_priced").then("quantity"),
        "PricingUnit": pl.when("is_priced").then("pricing_unit"),
    }


def _sku() -> dict[str, pl.Expr]:
    is_used = (pl.col("category") == "Usage") & ~pl.col("is_unused")
    has_sku = pl.col("category") != "Tax"
    sku = pl.coalesce("sku_id", "sku", pl.when("is_priced").then("service_name"))
    model = pl.when(
        pl.col("consumption_model_id").is_not_null() & (pl.col("consumption_model").str.to_lowercase() != "default")
    )
    tier = pl.when(pl.col("tier_start") > 0).then(
        pl.col("tier_start").cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    )
    flat = pl.when("is_flat").then(pl.lit("flat"))
    line = pl.concat_str(sku, model.then("consumption_model_id"), tier, flat, separator="/", ignore_nulls=True)
    return {
        "SkuId": pl.when(has_sku).then(sku),
        "SkuMeter": pl.when(has_sku & sku.is_not_null()).then(pl.coalesce("sku_meter", sku)),
        "SkuPriceId": pl.when("is_priced").then(line),
        "SkuPriceDetails": pl.when("is_priced").then("details"),
        "PricingCategory": pl.when("is_priced").then(
            pl.when(pl.col("status").is_not_null())
            .then(pl.lit("Committed"))
            .when("is_spot")
            .then(pl.lit("Dynamic"))
            .otherwise(pl.lit("Standard"))
        ),
        "ConsumedQuantity": pl.when(is_used).then("consumed"),
        "ConsumedUnit": pl.when(is_used).then("consumed_unit"),
    }  # fmt: skip


def _commitment() -> dict[str, pl.Expr]:
    has_one = pl.col("commitment_id").is_not_null()
    is_money = pl.col("commitment_id").str.ends_with("/spend")
    return {
        "CommitmentDiscountId": pl.col("commitment_id"),
        "CommitmentDiscountName": pl.col("commitment_id").str.extract(r"^[^/]+/(.*)$"),
        "CommitmentDiscountCategory": pl.when(has_one).then(
            pl.when(is_money).then(pl.lit("Spend")).otherwise(pl.lit("Usage"))
        ),
        "CommitmentDiscountType": pl.when(has_one).then(pl.lit("Committed Use Discount")),
        "CommitmentDiscountStatus": pl.col("status"),
        # FOCUS counts a commitment's use where it happens, not where it is corrected
        "CommitmentDiscountQuantity": pl.when(~pl.col("is_late")).then("commitment_quantity"),
        "CommitmentDiscountUnit": pl.when(~pl.col("is_late")).then("commitment_unit"),
    }


def _ours() -> dict[str, pl.Expr]:
    is_usage = pl.col("category") == "Usage"
    return {
        # of a GPU's row the SKU says which accelerator it is; counted by its machine it would be multiplied again
        "x_InstanceType": pl.when(is_usage & pl.col("part").is_in(["core", "ram"])).then("machine"),
        "x_Meter": pl.when(is_usage & ~pl.col("is_unused")).then("meter"),
        "x_ModelId": pl.col("model"),
        "x_ProcessingTier": pl.col("tier"),
        "x_ContextWindow": pl.col("context"),
        "x_InferenceGeo": pl.col("geography"),
        "x_PriceStatus": pl.when(
            pl.col("is_unpriced") & pl.col("is_priced") & pl.col("commitment_id").is_null()
        )
        .then(pl.lit("unpriced"))
        .otherwise(pl.lit("native")),
    }  # fmt: skip
