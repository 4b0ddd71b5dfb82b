"""Rows of Azure's cost reports as charges in FOCUS 1.4. What of a cost is billed is `charge_kinds`, prices
`charge_prices`, commitments `commitments`; here they come together under FOCUS's names."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from connectors.azure.charge_kinds import Report, charge_category, is_commitment, with_kinds
from connectors.azure.charge_prices import pricing_currency_columns, with_prices
from connectors.azure.commitments import commitment_columns, with_commitments
from connectors.azure.json_texts import capacity_reservations, instance_types, tag_objects
from connectors.azure.meter_facts import with_meter_facts
from connectors.azure.not_understood import of_meters
from connectors.azure.regions import region_of
from connectors.azure.services import UNNAMED
from connectors.native_charges import as_charges
from connectors.protocol import Finding
from models.ledger.money import product
from models.table import MONEY

MICROSOFT = "Microsoft"
ISSUER = "Microsoft Corporation"


@dataclass(frozen=True)
class NativeCharges:
    """Charges, what they were before anything was made of them (`currency`, `billed`), and what was odd.

    `not_understood` (`not_understood.SCHEMA`) has one row a meter of a model service that nobody can read, or a charge
    type that nobody knows.
    """

    charges: pl.DataFrame
    currency: pl.Series
    billed: pl.Series
    not_understood: pl.DataFrame
    findings: tuple[Finding, ...]


def native_charges(rows: pl.DataFrame, report: Report, *, source: str, file: str) -> NativeCharges:
    """Rows of `native_rows` as charges, one for one."""
    tags, broken = tag_objects(rows["tags"])
    info = rows["additional_info"]
    told = rows.with_columns(tags, size=instance_types(info), kept_capacity=capacity_reservations(info))
    prepared = with_kinds(told, report)
    facts = with_meter_facts(prepared.with_columns(category=charge_category()))
    priced = with_prices(with_commitments(facts, report))
    named = _with_regions(priced).select(**_columns(), **commitment_columns(report))
    charges = as_charges(named, source=source)
    return NativeCharges(
        charges, prepared["currency"], prepared["billed"], of_meters(priced), _findings(priced, broken, file)
    )


def _findings(priced: pl.DataFrame, broken_tags: int, file: str) -> tuple[Finding, ...]:
    is_below = (pl.col("ContractedCost") > pl.col("ListCost")) & (pl.col("category") == "Usage")
    below, unconverted = priced.select(is_below.sum(), pl.col("rate").null_count()).row(0)
    found = (
        ("broken_tags", "Tags that are no JSON are left out", broken_tags),
        ("list_below_contracted", "UnitPrice is above PayGPrice", below),
        ("exchange_rate_unknown", "prices are in another currency than costs, at no rate: none is read", unconverted),
    )
    return tuple(Finding(kind, f"{file}: {detail}", count) for kind, detail, count in found if count)


def _with_regions(rows: pl.DataFrame) -> pl.DataFrame:
    places = rows["location"].unique().to_list()
    regions = [(place, *(region_of(place) or (None, None))) for place in places]
    schema = {"location": pl.String, "RegionId": pl.String, "RegionName": pl.String}
    known = pl.DataFrame(regions, schema=schema, orient="row")
    return rows.join(known, on="location", how="left", nulls_equal=True, maintain_order="left")


def _columns() -> dict[str, pl.Expr]:
    """Every column but those of commitments."""
    return {**_who(), **_when(), **_what(), **_how_much(), **_capacity()}


def billing_account() -> pl.Expr:
    """The account that is invoiced: the profile of MCA, the enrolment of EA, else the subscription."""
    return pl.coalesce("profile", "account", "subscription")


def _who() -> dict[str, pl.Expr]:
    account = billing_account()
    name = pl.coalesce(pl.when(pl.col("profile").is_not_null()).then("profile_name"), "account_name", account)
    resource = pl.coalesce(pl.when(_is_commitments_own()).then("benefit_id"), "resource")
    path = pl.col("resource").str.extract(r"(?i).*/providers/([^/]+/[^/]+)/[^/]+")
    return {
        "BillingAccountId": account,
        "BillingAccountName": name,
        "BillingAccountType": pl.when(pl.col("profile").is_not_null() & (pl.col("profile") != pl.col("account")))
        .then(pl.lit("Billing Profile"))
        .otherwise(pl.lit("Billing Account")),
        "SubAccountId": pl.col("subscription"),
        "SubAccountName": pl.when(pl.col("subscription").is_not_null()).then(
            pl.coalesce("subscription_name", "subscription")
        ),
        "SubAccountType": pl.when(pl.col("subscription").is_not_null()).then(pl.lit("Subscription")),
        "InvoiceId": pl.col("invoice"),
        "InvoiceIssuerName": pl.lit(ISSUER),
        "ServiceProviderName": pl.lit(MICROSOFT),
        "HostProviderName": pl.lit(MICROSOFT),
        "ProviderName": pl.lit(MICROSOFT),
        "PublisherName": pl.when(pl.col("publisher_type") == "Marketplace")
        .then(pl.coalesce("publisher", pl.lit(MICROSOFT)))
        .otherwise(pl.lit(MICROSOFT)),
        "ResourceId": resource,
        "ResourceName": pl.when(_is_commitments_own())
        .then("benefit_label")
        .when(resource.is_not_null())
        .then("resource_name"),
        "ResourceType": pl.when(_is_commitments_own())
        .then("benefit_kind")
        .when(resource.is_not_null())
        .then(pl.coalesce(path, "consumed_service", pl.lit("Resource"))),
        "Tags": pl.col("tags"),
    }  # fmt: skip


def _is_commitments_own() -> pl.Expr:
    """The unused part of a commitment, and its purchase, are of no machine."""
    return is_commitment() & ((pl.col("kind") == "unused") | (pl.col("category") == "Purchase"))


def _when() -> dict[str, pl.Expr]:
    def instant(day: pl.Expr) -> pl.Expr:
        return day.cast(pl.Datetime("us", "UTC"))

    period = pl.coalesce("period_start", pl.col("date").dt.month_start())
    return {
        "BillingPeriodStart": instant(period),
        "BillingPeriodEnd": instant(period.dt.offset_by("1mo")),
        "ChargePeriodStart": instant(pl.col("term_start")),
        "ChargePeriodEnd": instant(pl.col("term_end")),
    }


_FREQUENCIES = {"usagebased": "Usage-Based", "recurring": "Recurring", "onetime": "One-Time"}


def _what() -> dict[str, pl.Expr]:
    told = pl.col("frequency").str.to_lowercase().str.replace_all(r"[\s_\-]", "")
    frequency = told.replace_strict(_FREQUENCIES, default=None, return_dtype=pl.String)
    usage = pl.col("category") == "Usage"
    is_sold = pl.col("category").is_in(["Usage", "Purchase"])
    sku = pl.coalesce("meter_id", "part", "product", "meter", "order_name", "ServiceName")
    label = pl.coalesce("product", "meter", "order_name", "meter_category", "charge_type")
    words = {"unused": "Unused: ", "refund": "Refund: ", "tax": "Tax: ", "credit": "Credit: ", "purchase": "Purchase: "}
    said = pl.when(pl.col("kind") == "purchase").then(pl.coalesce("order_name", label)).otherwise(label)
    return {
        "ChargeCategory": pl.col("category"),
        "ChargeDescription": pl.concat_str(
            pl.col("kind").replace_strict(words, default="", return_dtype=pl.String), said
        ),
        "ChargeFrequency": pl.when((pl.col("category") == "Purchase") & (frequency == "Usage-Based"))
        .then(pl.lit("One-Time"))
        .otherwise(pl.coalesce(frequency, pl.when(usage).then(pl.lit("Usage-Based")).otherwise(pl.lit("One-Time")))),
        "ServiceName": pl.when(is_sold | pl.col("meter_category").is_not_null())
        .then("ServiceName")
        .otherwise(pl.lit(UNNAMED)),
        "ServiceCategory": pl.col("ServiceCategory"),
        "ServiceSubcategory": pl.col("ServiceSubcategory"),
        "RegionId": pl.col("RegionId"),
        "RegionName": pl.col("RegionName"),
        "AvailabilityZone": pl.col("zone"),
        "SkuId": pl.when(is_sold).then(sku),
        "SkuPriceId": pl.when(is_sold).then(
            pl.concat_str(sku, "part", "PricingUnit", "x_InstanceType", separator="/", ignore_nulls=True)
        ),
        "SkuMeter": pl.when(is_sold).then("SkuMeter"),
        "SkuPriceDetails": pl.when(is_sold).then("SkuPriceDetails"),
        "x_InstanceType": pl.col("x_InstanceType"),
        "x_VendorColumns": pl.col("x_VendorColumns"),
        **{
            name: pl.when(usage & (pl.col("kind") == "usage")).then(name)
            for name in ("x_Meter", "x_ModelId", "x_ProcessingTier", "x_InferenceGeo", "x_ContextWindow")
        },
    }


def _capacity() -> dict[str, pl.Expr]:
    """Capacity that is kept on demand costs as much as a machine: a row of the machine says that it was used, one of
    the reservation itself that it was not."""
    is_own = pl.col("resource").str.contains(r"(?i)/capacityReservations/[^/]+/?$").fill_null(value=False)
    name = pl.coalesce("kept_capacity", pl.when(is_own).then(pl.col("resource").str.to_lowercase()))
    is_kept = (pl.col("kind") == "usage") & name.is_not_null()
    return {
        "CapacityReservationId": pl.when(is_kept).then(name),
        "CapacityReservationStatus": pl.when(is_kept & is_own)
        .then(pl.lit("Unused"))
        .when(is_kept)
        .then(pl.lit("Used")),
    }


def _how_much() -> dict[str, pl.Expr]:
    is_sold = pl.col("category").is_in(["Usage", "Purchase"])
    is_used = pl.col("kind") == "usage"
    spot = pl.col("pricing_model").str.to_lowercase().eq_missing(pl.lit("spot")) | (
        pl.col("meter").str.contains(r"(?i)\b(spot|low priority)$").fill_null(value=False)
        & (pl.col("ServiceCategory") == "Compute")
    )
    category = (
        pl.when(pl.col("kind").is_in(["usage", "unused"]) & is_commitment())
        .then(pl.lit("Committed"))
        .when(spot & is_used)
        .then(pl.lit("Dynamic"))
        .otherwise(pl.lit("Standard"))
    )
    return {
        "BillingCurrency": pl.col("currency").str.to_uppercase(),
        "BilledCost": pl.col("billed"),
        "EffectiveCost": pl.col("effective"),
        "ListCost": pl.col("ListCost"),
        "ContractedCost": pl.col("ContractedCost"),
        "ListUnitPrice": pl.col("ListUnitPrice"),
        "ContractedUnitPrice": pl.col("ContractedUnitPrice"),
        **pricing_currency_columns(),
        "PricingQuantity": pl.col("PricingQuantity"),
        "PricingUnit": pl.when(is_sold).then("PricingUnit"),
        "PricingCategory": pl.when(is_sold).then(category),
        "ConsumedQuantity": pl.when(is_used).then(product(pl.col("PricingQuantity"), pl.col("block").cast(MONEY))),
        "ConsumedUnit": pl.when(is_used).then("ConsumedUnit"),
        "x_PriceStatus": pl.col("x_PriceStatus"),
    }
