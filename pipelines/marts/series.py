"""Series of one publication: from its marts and charges to cost and usage by day, and the day that they end on.

What a series is, is in `models.foresight.series`, which day they stand on in `models.foresight.origin`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from models.economics.tco import DECLARED
from models.foresight.origin import Delivery, Origin, origin
from models.foresight.series import SERIES, series
from models.ledger.focus import COST_AND_USAGE
from models.ledger.operations import LOADS
from models.ledger.rollup import DAILY_COSTS
from pipelines.imports import imported_sources
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace

_RECENT = timedelta(days=28)
_AT_LEAST = 7
"""Days with usage before a source is one that delivers by day; besides on half of the recent days."""
_BY_HAND = "invoices"
"""The connector of files that come when they come."""
_OF_TCO = ("total", "vendor", "team", "component", "model")
_OF_CHARGES_ALONE = ("key", "sku")
"""Dimensions that declared costs have no value of."""
_OF_CHARGES = {
    "provider_name": "ServiceProviderName",
    "key": "x_ApiKeyId",
    "key_name": "x_ApiKeyName",
    "sku": "SkuId",
    "model": "x_ModelId",
    "meter": "SkuMeter",
    "currency": "BillingCurrency",
}


@dataclass(frozen=True)
class DailySeries:
    """SERIES of one publication through the origin; `origin` is None where nothing is published."""

    rows: pl.DataFrame
    origin: Origin | None


def daily_series(
    work: Workplace, facts: Facts, attributed: pl.DataFrame, tco: pl.DataFrame, today: date
) -> DailySeries:
    """Series of `marts.tco_daily` and, by key and SKU, of the charges, where declared costs have neither.

    Usage is that of charges, by whom rules give them to: what a team shares of a pool costs it, but is metered by none.
    """
    if tco.is_empty():
        return DailySeries(pl.DataFrame(schema=SERIES), None)
    stands = origin(list(deliveries(facts, _not_by_day(work))), today)
    costs = tco.select(
        "provider_name", "team", "component", "model", "currency", "effective_cost", "billed_cost",
        "origin", day=pl.col("day").dt.date(),
    )  # fmt: skip
    used = attributed.select(
        "provider_name", "team", "component", "model", "currency", "effective_cost", day=pl.col("day").dt.date(),
        **_measured(pl.col("charge_category"), pl.col("consumed_quantity"), pl.col("unit")),
    )  # fmt: skip
    charged = _charged(facts)
    declared = costs.filter(pl.col("origin") == DECLARED).select(
        pl.col(name) if name in costs.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in charged.schema.items()
    )
    whole = pl.concat([charged, declared])
    made = series(
        {**dict.fromkeys(_OF_TCO, costs), **dict.fromkeys(_OF_CHARGES_ALONE, whole)},
        {**dict.fromkeys(_OF_TCO, used), **dict.fromkeys(_OF_CHARGES_ALONE, charged)},
        stands.day,
    )
    return DailySeries(made, stands)


def _charged(facts: Facts) -> pl.DataFrame:
    """Charges by day, key and SKU, read as a stream."""
    by = [*_OF_CHARGES, "day", "unit"]
    measured = _measured(pl.col("ChargeCategory"), pl.col("ConsumedQuantity"), pl.col("ConsumedUnit"))
    return (
        facts.read(COST_AND_USAGE)
        .select(
            *(pl.col(column).alias(name) for name, column in _OF_CHARGES.items()),
            day=pl.col("ChargePeriodStart").dt.date(),
            effective_cost="EffectiveCost",
            billed_cost="BilledCost",
            **measured,
        )
        .group_by(by)
        .agg(
            pl.col("effective_cost", "billed_cost").sum(),
            quantity=pl.when(pl.col("unit").is_not_null().any()).then(pl.col("quantity").sum()),
        )
        .with_columns(sku_name=pl.coalesce(pl.format("{} {}", "model", pl.col("meter").str.to_lowercase()), "meter"))
        .drop("model", "meter")
        .collect(engine="streaming")
    )


def _measured(category: pl.Expr, quantity: pl.Expr, unit: pl.Expr) -> Mapping[str, pl.Expr]:
    """Quantity and unit of usage; of purchases, tax and credits neither."""
    is_measured = (category == "Usage") & quantity.is_not_null() & unit.is_not_null()
    return {"quantity": pl.when(is_measured).then(quantity), "unit": pl.when(is_measured).then(unit)}


def _not_by_day(work: Workplace) -> set[str]:
    """Sources that come by hand: invoices, and whatever was imported."""
    imported = {source.name for source in imported_sources(work.home)}
    return imported | {source.name for source in work.sources if source.connector == _BY_HAND}


def deliveries(facts: Facts, by_hand: set[str]) -> Iterator[Delivery]:
    """How far each source is through, by its last day with usage.

    It delivers by day if it told usage of a month while that was running, on half of its last days at least; a fee on
    the first of each month does not, nor does a file that comes when the month is over.
    """
    loads = facts.operations.get(LOADS.name, LOADS.empty())
    ends = pl.col("billing_period").str.to_datetime("%Y-%m", time_zone="UTC").dt.offset_by("1mo")
    while_running = set(loads.filter(pl.col("data_through").is_not_null(), pl.col("pulled_at") < ends)["source"])
    days = (
        facts.read(DAILY_COSTS)
        .filter(pl.col("charge_category") == "Usage")
        .select("source", day=pl.col("day").dt.date())
        .unique()
        .group_by("source")
        .agg(
            first=pl.col("day").min(),
            last=pl.col("day").max(),
            recent=(pl.col("day") > pl.col("day").max() - _RECENT).sum(),
        )
        .sort("source")
        .collect()
    )
    for source, first, last, recent in days.iter_rows():
        at_hand = min((last - first).days + 1, _RECENT.days)
        is_daily = recent >= max(_AT_LEAST, at_hand / 2)
        yield Delivery(source, last, by_day=is_daily and source in while_running and source not in by_hand)
