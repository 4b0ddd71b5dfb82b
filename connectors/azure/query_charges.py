"""What a query tells of a day, as charges: a service and what it cost. There are no quantities, so that a day of the
service is what is counted and priced."""

from __future__ import annotations

import re

import polars as pl

from connectors.azure.billing_accounts import account_ids
from connectors.azure.services import service_of
from connectors.native_charges import as_charges
from connectors.protocol import Window
from models.table import MONEY

_CATEGORIES = {"usage": "Usage", "purchase": "Purchase", "tax": "Tax", "refund": "Credit", "credit": "Credit"}
_COST = pl.col("cost")
_INSTANT = pl.Datetime("us", "UTC")


def query_charges(rows: pl.DataFrame, window: Window, *, scope: str, account: str | None, source: str) -> pl.DataFrame:
    """One charge a row of `day`, `currency`, `cost`, `service`, `charge_type`; `account` is who is billed, where the
    scope's path does not name it.

    What gives money back is a Credit or an Adjustment, never negative usage; purchases cost what they bill, for queries
    of actual cost tell no amortization.
    """
    told = _with_services(rows).with_columns(category=_category())
    number = account_ids(account or scope)[-1]
    subscription = pl.lit(subscription_of(scope), dtype=pl.String)
    named = told.select(
        "ServiceName", "ServiceCategory", "ServiceSubcategory",
        BillingAccountId=pl.lit(number),
        BillingAccountName=pl.lit(number),
        SubAccountId=subscription,
        SubAccountName=subscription,
        SubAccountType=pl.when(subscription.is_not_null()).then(pl.lit("Subscription")),
        BillingCurrency="currency",
        BillingPeriodStart=pl.lit(window.start).cast(_INSTANT),
        BillingPeriodEnd=pl.lit(window.start).cast(_INSTANT).dt.offset_by("1mo"),
        ChargePeriodStart=pl.col("day").cast(_INSTANT),
        ChargePeriodEnd=pl.col("day").dt.offset_by("1d").cast(_INSTANT),
        ChargeCategory="category",
        ChargeDescription=pl.format("{}, {} of a day", "ServiceName", pl.col("charge_type").fill_null("cost")),
        InvoiceIssuerName=pl.lit("Microsoft Corporation"),
        ServiceProviderName=pl.lit("Microsoft"),
        HostProviderName=pl.lit("Microsoft"),
        ProviderName=pl.lit("Microsoft"),
        PublisherName=pl.lit("Microsoft"),
        **_costs(),
    )  # fmt: skip
    return as_charges(named, source=source)


def subscription_of(scope: str) -> str | None:
    """The subscription that a scope is of, or within."""
    found = re.match(r"^/subscriptions/([^/]+)", scope, re.IGNORECASE)
    return found[1] if found else None


def _costs() -> dict[str, pl.Expr]:
    """A day of a service is one of its unit, at its cost; no public price is known."""
    one, days = pl.lit(1).cast(MONEY), pl.lit("Days")
    is_usage = pl.col("category") == "Usage"
    is_sold = pl.col("category").is_in(["Usage", "Purchase"])
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), _COST),
        **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), pl.when(is_sold).then(_COST)),
        "PricingCurrency": pl.col("currency"),
        "PricingCurrencyEffectiveCost": _COST,
        **dict.fromkeys(
            ("PricingCurrencyListUnitPrice", "PricingCurrencyContractedUnitPrice"), pl.when(is_sold).then(_COST)
        ),
        "ChargeFrequency": pl.when(is_usage).then(pl.lit("Usage-Based")).otherwise(pl.lit("One-Time")),
        "PricingCategory": pl.when(is_sold).then(pl.lit("Standard")),
        "PricingQuantity": pl.when(is_sold).then(one),
        "PricingUnit": pl.when(is_sold).then(days),
        "ConsumedQuantity": pl.when(is_usage).then(one),
        "ConsumedUnit": pl.when(is_usage).then(days),
        "SkuId": pl.when(is_sold).then("ServiceName"),
        "SkuMeter": pl.when(is_sold).then(days),
        "SkuPriceId": pl.when(is_sold).then(pl.format("{}/day", "ServiceName")),
        "x_PriceStatus": pl.when(is_sold & (_COST != 0)).then(pl.lit("unpriced")).otherwise(pl.lit("native")),
    }


def _category() -> pl.Expr:
    type_ = pl.col("charge_type").str.to_lowercase()
    category = type_.replace_strict(_CATEGORIES, default="Adjustment", return_dtype=pl.String)
    is_odd = (category.is_in(["Usage", "Purchase"]) & (_COST < 0)) | ((category == "Credit") & (_COST > 0))
    return pl.when(is_odd).then(pl.lit("Adjustment")).otherwise(category)


def _with_services(rows: pl.DataFrame) -> pl.DataFrame:
    names = ("service", "ServiceName", "ServiceCategory", "ServiceSubcategory")
    known = [(name, *service_of(name)) for name in rows["service"].unique().to_list()]
    services = pl.DataFrame(known, schema=dict.fromkeys(names, pl.String), orient="row")
    return rows.join(services, on="service", how="left", nulls_equal=True, maintain_order="left")
