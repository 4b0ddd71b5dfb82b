"""Accrued and notional cost by day, component and owner: beside what is charged, never in it (rules of money, 3).

Estimates are attributed by the same rules as charges. What only a bill tells (its tags, its region, its SKU) is not
known of them, so a rule that asks for it fits none of them. Pools are not split: their drivers are of whole months.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from models.economics.attribution import Attribution
from models.economics.components import ATTRIBUTES as PLACED_BY
from models.economics.first_match import TAG
from models.economics.ownership import ATTRIBUTES as OWNED_BY
from models.ledger.estimates import REASONS
from models.ledger.vendors import VENDORS
from models.table import Table, instant, money, text


class EstimatedDaily(dy.Schema):
    """One row per day, kind, vendor, project, model, component and owner; costs in `currency`."""

    source = text("Name of the source in outlay.yaml")
    billing_month = text("Month of usage, YYYY-MM: it will be billed then, or never")
    day = instant("UTC day on which the metered window starts")
    kind = text("accrued: will be invoiced; notional: will not", values=("accrued", "notional"))
    reason = text("Why no bill pays it", values=REASONS)
    provider_name = text("FOCUS ServiceProviderName: who sells it")
    service_name = text("FOCUS ServiceName", nullable=True)
    project_id = text("Project or workspace", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    component = text("Component of the AI stack; null is unmatched", nullable=True)
    layer = text("Layer of the stack; null is unmatched", nullable=True)
    team = text("Team that owns it; null is unallocated, or in a pool", nullable=True)
    cost_centre = text("Cost centre; null is unknown", nullable=True)
    product = text("Product; null is unknown", nullable=True)
    use_case = text("Use case; null is unknown", nullable=True)
    environment = text("Environment, such as production; null is unknown", nullable=True)
    pool = text("Shared pool that it will be split from; null where it is in none", nullable=True)
    currency = text("ISO 4217 code of both costs")
    list_cost = money("Public price × quantity of readings that have one; null where none has", nullable=True)
    contracted_cost = money("Contract price × quantity of readings that have one; null where none has", nullable=True)
    readings = dy.Int64(nullable=False, description="How many readings, or estimates of the vendor's own")
    unpriced_readings = dy.Int64(nullable=False, description="Of these, how many have no list cost")
    uncontracted_readings = dy.Int64(nullable=False, description="Of these, how many have no contracted cost")
    through = instant("End of the last metered window, exclusive")


ESTIMATED_DAILY = Table(
    name="estimated_daily",
    schema="marts",
    kind="mart",
    grain="source × day × kind × reason × vendor × project × model × component × owner × pool × currency",
    meaning="Accrued and notional cost by day with component and owner, apart from everything billed.",
    contract=EstimatedDaily,
)

_ASKED = {
    "source": "source",
    "billing_month": "billing_period",
    "kind": "kind",
    "reason": "reason",
    "provider": "provider",
    "billing_account_id": "account_id",
    "project_id": "project_id",
    "api_key_id": "api_key_id",
    "api_key_name": "api_key_name",
    "user_id": "user_id",
    "user_name": "user_name",
    "model": "model",
    "meter": "meter",
    "unit": "unit",
    "processing_tier": "processing_tier",
    "price_status": "price_status",
    "currency": "currency",
}
"""What an estimate is asked by rules or shown by, and its column."""
_ONLY_FOR_RULES = ("api_key_id", "api_key_name", "user_id", "user_name")
_COSTS = ("list_cost", "contracted_cost")
_SUMS = ("quantity", *_COSTS, "readings", "unpriced_readings", "uncontracted_readings", "through", "project_name")
_GRAIN = [name for name in ESTIMATED_DAILY.polars_schema if name not in _SUMS]


def owned_estimates(estimates: pl.LazyFrame, by: Attribution) -> pl.DataFrame:
    """`estimates.usage_estimates` by day, read as a stream, in the columns of `marts.estimated_daily`; besides by
    meter, unit, processing_tier and price_status, with `quantity` (null where none is told)."""
    left_out = {name for name in _ONLY_FOR_RULES if name not in by.columns_asked}
    asked = [name for name in _ASKED if name not in left_out]
    rows = (
        estimates.with_columns(day=pl.col("window_start").dt.date())
        .group_by(*(pl.col(_ASKED[name]).alias(name) for name in asked), "day")
        .agg(
            pl.col("project_name").max(),
            *map(_sum_of_known, ("quantity", *_COSTS)),
            readings=pl.len().cast(pl.Int64),
            unpriced_readings=pl.col("list_cost").null_count().cast(pl.Int64),
            uncontracted_readings=pl.col("contracted_cost").null_count().cast(pl.Int64),
            through=pl.col("window_end").max(),
        )
        .collect(engine="streaming")
    )
    return by.place(_as_charges(rows, by)).with_columns(pl.col("day").cast(pl.Datetime("us", "UTC")))


def estimated_daily(owned: pl.DataFrame) -> pl.DataFrame:
    """`marts.estimated_daily` of `owned_estimates`: both costs and all readings sum to what went in."""
    counts = ("readings", "unpriced_readings", "uncontracted_readings")
    return (
        owned.group_by(_GRAIN)
        .agg(pl.col(counts).sum(), *map(_sum_of_known, _COSTS), pl.col("through", "project_name").max())
        .sort("billing_month", *_GRAIN, nulls_last=True)
        .select(list(ESTIMATED_DAILY.polars_schema))
    )


def _sum_of_known(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)


def _as_charges(rows: pl.DataFrame, by: Attribution) -> pl.DataFrame:
    """Rows with all that rules ask of charges: what the vendor's charges say of themselves, null where only they do."""
    names = {vendor.provider: vendor.name for vendor in VENDORS.values()}
    services = {vendor.provider: vendor.service_name for vendor in VENDORS.values()}
    told = rows.with_columns(
        provider_name=pl.col("provider").replace(names),
        service_name=pl.col("provider").replace_strict(services, default=None, return_dtype=pl.String),
        charge_category=pl.lit("Usage"),
    )
    asked = (*PLACED_BY, *OWNED_BY, *(f"{TAG}{key}" for key in by.tag_keys))
    unknown = [name for name in dict.fromkeys(asked) if name not in {*told.columns, "component"}]
    return told.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in unknown)
