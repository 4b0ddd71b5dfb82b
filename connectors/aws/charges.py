"""A slice of the bill as FOCUS charges, one row in, one row out: usage, fees, taxes, credits and discounts.

One lean select over rows that no commitment touches; those belong to `commitments` and `capacity_blocks`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import polars as pl

from models.ledger.money import product, quotient
from models.table import MONEY

ISSUER = "Amazon Web Services, Inc."
"""Who invoices where the bill does not say."""

_ZERO = pl.lit(Decimal(0), dtype=MONEY)
_ONE = pl.lit(Decimal(1), dtype=MONEY)
_ROUNDING = pl.lit(Decimal("0.000000001"), dtype=MONEY)
_PROFILE = "application-inference-profile/"

_FACTS_AS_THEY_ARE = (
    *("ChargeCategory", "ChargeFrequency", "ServiceName", "ServiceCategory", "ServiceSubcategory"),
    *("ServiceProviderName", "PublisherName", "SkuId", "SkuPriceId", "SkuMeter", "SkuPriceDetails", "PricingCategory"),
    *("RegionId", "RegionName", "x_InstanceType", "x_ModelId", "x_Meter", "x_ProcessingTier", "x_InferenceGeo"),
    *("x_ContextWindow", "x_VendorColumns"),
)
_SKU = (
    *("SkuId", "SkuPriceId", "SkuMeter", "SkuPriceDetails", "PricingCategory", "PricingQuantity", "PricingUnit"),
    *("ListUnitPrice", "ContractedUnitPrice", "ConsumedQuantity", "ConsumedUnit", "x_InstanceType", "x_Meter"),
    *("x_ModelId", "x_ProcessingTier", "x_InferenceGeo", "x_ContextWindow"),
)

BilledBasis = Literal["unblended", "net"]


def billed(basis: BilledBasis) -> pl.Expr:
    """What a row bills: its unblended cost, or its net one where there is one."""
    unblended = pl.col("line_item_unblended_cost")
    return pl.coalesce("line_item_net_unblended_cost", unblended) if basis == "net" else unblended


def identity(month: str) -> dict[str, pl.Expr]:
    """Who, when, where and which resource: the same for every kind of charge."""
    resource = pl.col("line_item_resource_id")
    is_profile = resource.str.contains(_PROFILE, literal=True)
    account = pl.col("line_item_usage_account_id")
    return {
        "BillingAccountId": pl.col("bill_payer_account_id"),
        "BillingAccountName": pl.coalesce("bill_payer_account_name", "bill_payer_account_id"),
        "BillingAccountType": pl.lit("Payer Account"),
        "SubAccountId": account,
        "SubAccountName": pl.coalesce("line_item_usage_account_name", account),
        "SubAccountType": pl.when(account.is_not_null()).then(pl.lit("Account")),
        "BillingPeriodStart": pl.col("bill_billing_period_start_date"),
        "BillingPeriodEnd": pl.col("bill_billing_period_end_date"),
        "ChargePeriodStart": pl.col("line_item_usage_start_date"),
        "ChargePeriodEnd": pl.col("line_item_usage_end_date"),
        "BillingCurrency": pl.col("line_item_currency_code"),
        "InvoiceId": pl.col("bill_invoice_id"),
        "InvoiceIssuerName": pl.col("bill_invoicing_entity").fill_null(ISSUER),
        "HostProviderName": pl.lit("AWS"),
        "ProviderName": pl.col("ServiceProviderName"),
        "AvailabilityZone": pl.col("line_item_availability_zone"),
        "ChargeDescription": pl.coalesce(
            "line_item_line_item_description", "line_item_usage_type", "line_item_line_item_type"
        ),
        "ResourceId": resource,
        "ResourceType": pl.when(is_profile)
        .then(pl.lit("Application Inference Profile"))
        .when(resource.is_not_null())
        .then("ResourceType"),
        "Tags": pl.col("resource_tags"),
        "x_ApiKeyId": pl.when(is_profile).then(resource.str.split(_PROFILE).list.last()),
        "x_UserId": pl.col("line_item_iam_principal"),
        "x_BillingMonth": pl.lit(month),
        "CapacityReservationId": _reservation(),
        "CapacityReservationStatus": pl.when(_reservation().is_not_null() & (pl.col("ChargeCategory") == "Usage")).then(
            pl.coalesce("reservation_status", _told_status(), pl.lit("Used"))
        ),
    }


def _reservation() -> pl.Expr:
    unused = pl.when(pl.col("reservation_status") == "Unused").then("line_item_resource_id")
    return pl.coalesce("capacity_reservation_capacity_reservation_arn", unused)


def _told_status() -> pl.Expr:
    told = pl.col("capacity_reservation_capacity_reservation_status").str.to_titlecase()
    return pl.when(told.is_in(["Used", "Unused"])).then(told)


def plain_charges(frame: pl.DataFrame, *, month: str, basis: BilledBasis) -> pl.LazyFrame:
    """Rows that no commitment touches, under FOCUS's names.

    Usage and fees of less than nothing, and credits of more, are Adjustments: they have no SKU. What is no usage and is
    of an earlier month corrects that one.
    """
    cost = billed(basis)
    is_usage, is_credit, is_purchase = (
        pl.col("ChargeCategory") == category for category in ("Usage", "Credit", "Purchase")
    )
    is_odd = ((is_usage | is_purchase) & (cost < 0)) | (is_credit & (cost > 0))
    odd = frame.select(is_odd=is_odd.fill_null(value=False)).to_series()
    begins = pl.col("bill_billing_period_start_date")
    is_before, is_wholly_before = (
        pl.col("line_item_usage_start_date") < begins,
        pl.col("line_item_usage_end_date") <= begins,
    )
    is_correction = (~is_usage & ~is_purchase & is_before) | ((is_odd | is_purchase) & is_before & is_wholly_before)
    amount = pl.col("line_item_usage_amount")
    quantity = pl.when(is_usage | (amount > 0)).then(amount).otherwise(_ONE)
    counted = pl.when(pl.col("block").is_null()).then(amount).otherwise(product(amount, pl.col("block")))
    charges = frame.lazy().select(
        *_FACTS_AS_THEY_ARE,
        "PricingUnit",
        **identity(month),
        **_costs(cost, is_usage),
        ChargeClass=pl.when(is_correction).then(pl.lit("Correction")),
        PricingQuantity=pl.when(pl.col("SkuPriceId").is_not_null()).then(quantity),
        ConsumedQuantity=pl.when(is_usage).then(counted),
        ConsumedUnit=pl.when(is_usage).then("ConsumedUnit"),
    )
    priced = with_unit_prices(charges)
    return _without_sku_where_odd(priced.with_columns(odd)).drop("is_odd") if odd.any() else priced


def _costs(cost: pl.Expr, is_usage: pl.Expr) -> dict[str, pl.Expr]:
    """The four costs, and whether the bill tells a public price. A discount changes what is paid, and no list."""
    listed = pl.col("pricing_public_on_demand_cost")
    net = pl.coalesce("line_item_net_unblended_cost", cost)
    is_priced = (is_usage & listed.is_not_null() & ((listed != 0) | (cost == 0))).fill_null(value=False)
    is_discount = pl.col("role") == "discount"
    # AWS rounds both costs to ten places apart, upwards: so much is no mark-up
    is_rounding = (net > listed) & (net - listed <= _ROUNDING)
    public = pl.when(is_rounding).then(net).otherwise(listed)
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": pl.when(is_priced).then(public).when(is_discount).then(_ZERO).otherwise(cost),
        "ContractedCost": pl.when(is_priced | is_discount).then(net).otherwise(cost),
        "x_PriceStatus": pl.when(is_usage & ~is_priced & (cost != 0))
        .then(pl.lit("unpriced"))
        .otherwise(pl.lit("native")),
    }


def with_unit_prices(charges: pl.LazyFrame) -> pl.LazyFrame:
    """List and contracted unit price: cost ÷ quantity, for AWS rounds a line's cost and its rate apart."""
    has_price = pl.col("SkuPriceId").is_not_null()
    listed = quotient(pl.col("ListCost"), pl.col("PricingQuantity")).fill_null(_ZERO)
    contracted = quotient(pl.col("ContractedCost"), pl.col("PricingQuantity")).fill_null(_ZERO)
    return charges.with_columns(
        ListUnitPrice=pl.when(has_price).then(listed), ContractedUnitPrice=pl.when(has_price).then(contracted)
    )


def _without_sku_where_odd(charges: pl.LazyFrame) -> pl.LazyFrame:
    odd = pl.col("is_odd")
    cost = pl.col("BilledCost")
    return charges.with_columns(
        *(pl.when(~odd).then(name).alias(name) for name in _SKU),
        *(pl.when(odd).then(cost).otherwise(name).alias(name) for name in ("ListCost", "ContractedCost")),
        ChargeCategory=pl.when(odd).then(pl.lit("Adjustment")).otherwise("ChargeCategory"),
        ChargeFrequency=pl.when(odd).then(pl.lit("One-Time")).otherwise("ChargeFrequency"),
        CapacityReservationStatus=pl.when(~odd).then("CapacityReservationStatus"),
        x_PriceStatus=pl.when(odd).then(pl.lit("native")).otherwise("x_PriceStatus"),
    )
