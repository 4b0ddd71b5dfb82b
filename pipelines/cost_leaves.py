"""What anomalies are sought in, and explained by: usage by day, as finely as charges tell it, with pools split.

Declared costs stand beside it. Tax, purchases, credits, adjustments and fees are left out: they come by the month, or
once, and no day of them is usual.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from models.economics.attribution import LEAF_SCHEMA
from models.economics.pools import COSTS, drivers, split
from models.economics.tco import OURSELVES
from models.foresight.series import DIMENSIONS, series
from models.table import MONEY
from pipelines.changes import change_items
from pipelines.marts.economics import Economics

_OF_LEAVES: Mapping[str, str] = {
    "vendor": "provider_name",
    "key": "api_key_id",
    "key_name": "api_key_name",
    "sku": "sku_id",
    "project": "project_name",
    "tier": "processing_tier",
}
"""Columns that people look at under another name than attributed charges have them."""
_PRICED = (
    "source", "provider_name", "service_name", "sku_id", "model", "meter", "processing_tier", "region",
    "inference_geo", "accelerator_type", "pricing_category", "commitment_status", "currency", "unit",
)  # fmt: skip
"""What must be the same for two days to be of one price."""
_FEE_DAYS = 2
CAUSES = ("key", "model", "team", "component", "vendor", "project", "environment", "region", "tier", "token_kind")
"""What the cause of an incident is sought in: of two names for the same rows the earlier one is told."""


def cost_leaves(economics: Economics) -> pl.DataFrame:
    """Rows of LEAF_SCHEMA, of usage and declared, with pools split: what is shown, on its finest grain.

    `cost` is effective, `quantity` of a share of a pool in proportion to it, and `at_first_prices` the cost at the
    price that each leaf had first: what cost is beside it is a change of prices, whatever was used. `day` is a Date.
    """
    by_day = ~pl.col("source").is_in(_by_hand(economics))
    usage = economics.leaves.filter(pl.col("charge_category") == "Usage", by_day, ~_is_fee())
    together = pl.concat([usage, _declared(economics.declared)]).with_columns(whole="effective_cost")
    shown = split(together, economics.work.pools, drivers(economics.attributed, economics.rates))
    share = pl.col("effective_cost").cast(pl.Float64) / pl.col("whole").cast(pl.Float64)
    is_shared = pl.col("effective_cost") != pl.col("whole")
    quantity = (pl.col("consumed_quantity").cast(pl.Float64) * share).round(9).cast(MONEY)
    told = shown.with_columns(
        pl.col("day").dt.date(), consumed_quantity=pl.when(is_shared).then(quantity).otherwise("consumed_quantity")
    ).with_columns(
        quantity="consumed_quantity",
        cost="effective_cost",
        sku_name=pl.coalesce(pl.format("{} {}", "model", "meter"), "sku", "sku_id"),
        **{name: pl.col(column) for name, column in _OF_LEAVES.items()},
    )
    return _at_first_prices(told).with_columns(key_label=_key_labels())


def _by_hand(economics: Economics) -> list[str]:
    """Sources that tell no day soon after it: what is missing of them is no fall. None, if there are no others."""
    origin = economics.series.origin
    late = set(origin.not_by_day) if origin is not None else set[str]()
    return sorted(late) if set(economics.leaves["source"].unique()) - late else []


def _is_fee() -> pl.Expr:
    """Usage by name only: nothing is metered, and no month has it on more than two days."""
    days = pl.col("day").n_unique().over("source", "provider_name", "service_name", "sku_id", "billing_month")
    at_most = days.max().over("source", "provider_name", "service_name", "sku_id")
    return pl.col("consumed_quantity").is_null() & (at_most <= _FEE_DAYS)


def _declared(declared: pl.DataFrame) -> pl.DataFrame:
    """What counts of the declared costs, as leaves."""
    told = declared.filter(pl.col("standing") == "declared").with_columns(
        source=pl.lit("declared"),
        provider_name=pl.col("vendor").fill_null(OURSELVES),
        service_name=pl.col("name"),
        charge_category=pl.lit("Usage"),
        **dict.fromkeys(COSTS, pl.col("effective_cost")),
    )
    return told.select(
        pl.col(name) if name in told.columns and name != "accelerator_hours" else pl.lit(None, dtype).alias(name)
        for name, dtype in LEAF_SCHEMA.items()
    )


def _at_first_prices(leaves: pl.DataFrame) -> pl.DataFrame:
    quantity, cost = (pl.col(name).cast(pl.Float64) for name in ("quantity", "cost"))
    has_price = (quantity > 0) & (cost > 0)
    by_day = leaves.filter(has_price).group_by(*_PRICED, "day").agg(price=cost.sum() / quantity.sum())
    first = by_day.sort("day").group_by(_PRICED).agg(pl.col("price").first())
    priced = leaves.join(first, on=list(_PRICED), how="left", nulls_equal=True, maintain_order="left")
    at_first = pl.when(has_price & pl.col("price").is_not_null()).then(quantity * pl.col("price")).otherwise(cost)
    return priced.with_columns(at_first_prices=at_first.round(9).cast(MONEY)).drop("price")


def _key_labels() -> pl.Expr:
    """The last name of a key; with its identifier beside it where another key has that name, too."""
    name = pl.coalesce(pl.col("key_name").sort_by("day").last().over("key"), "key")
    is_shared = pl.col("key").n_unique().over(name) > 1
    return pl.when(is_shared).then(pl.format("{} ({})", name, "key")).otherwise(name)


def judged_series(leaves: pl.DataFrame, economics: Economics) -> pl.DataFrame:
    """SERIES of `cost_leaves` through the origin; `usage` is their cost at first prices.

    What has no key, no SKU or no model is all sorts of things, and no series here; no team and no component is.
    """
    origin = economics.series.origin
    assert origin is not None
    rows = leaves.with_columns(
        pl.lit(0, dtype=MONEY).alias("billed_cost"),
        provider_name="vendor",
        effective_cost="cost",
        quantity="at_first_prices",
        unit=pl.lit("at first prices"),
    )
    frames: dict[str, pl.DataFrame] = dict.fromkeys(DIMENSIONS, rows)
    is_nothing = pl.col("value").is_null() & pl.col("dimension").is_in(("key", "sku", "model"))
    return series(frames, frames, origin.day).filter(~is_nothing)


def cause_items(leaves: pl.DataFrame) -> pl.DataFrame:
    """Items of leaves per `change.decompose`, by day and with CAUSES besides; a key goes by its name."""
    return change_items(leaves.with_columns(key="key_label"), "effective", "day", *CAUSES)
