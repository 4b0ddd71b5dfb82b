"""Series of one publication: from its marts and charges to cost and usage by day, and the day that they end on.

What a series is, is in `models.foresight.series`, which day they stand on in `models.foresight.origin`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from models.economics.tco import DECLARED, TCO_DAILY
from models.foresight.arrears import gone_on
from models.foresight.origin import Delivery, Origin, origin
from models.foresight.series import ITEMS, SERIES, series
from models.ledger.operations import LOADS
from models.ledger.rollup import DAILY_COSTS
from pipelines.declared import invoiced_services
from pipelines.imports import imported_sources
from pipelines.settings import SourceSettings
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace

_RECENT = timedelta(days=28)
_AT_LEAST = 7
"""Days with usage before a source is one that delivers by day; besides on half of the recent days."""
_BY_HAND = "invoices"
"""The connector of files that come when they come."""
_OF_TCO = ("total", "vendor", "team", "component", "model")
_OF_CHARGES = ("key", "sku")
"""Dimensions that declared costs have no value of."""
_SERVICE = ["source", "provider_name", "service_name"]


@dataclass(frozen=True)
class DailySeries:
    """SERIES of one publication through the origin, and the ITEMS that they are made of by everything at once, shared
    pools not split; `origin` is None where nothing is published. `assumed` are SERIES of what sources in arrears are
    taken to cost on days that they have not told yet, see `models.foresight.arrears`: not in `rows`, but in `items`.
    `gone_on` is the same as rows like `marts.tco_daily`'s."""

    rows: pl.DataFrame
    items: pl.DataFrame
    origin: Origin | None
    assumed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SERIES))
    gone_on: pl.DataFrame = field(default_factory=TCO_DAILY.empty)


def daily_series(work: Workplace, facts: Facts, leaves: pl.DataFrame, tco: pl.DataFrame, today: date) -> DailySeries:
    """Series of `marts.tco_daily` and, by key and SKU, of the charges (`LEAF_SCHEMA`) and of declared costs, which have
    neither.

    Usage is that of charges, by whom rules give them to: what a team shares of a pool costs it, but is metered by none.
    """
    if tco.is_empty():
        return DailySeries(pl.DataFrame(schema=SERIES), pl.DataFrame(schema=ITEMS), None)
    loads = facts.told(LOADS)
    told = deliveries(loads, _usage_days(facts), by_hand(work.sources, imported_sources(work.home)))
    stands = origin(list(told), today)
    day = pl.col("day").dt.date()
    costs = tco.with_columns(day)
    charges = leaves.with_columns(day)
    charged = _items(charges)
    declared = costs.filter(pl.col("origin") == DECLARED)
    items = pl.concat([charged, declared.select(_present_or_null(declared))])
    rows = _series(costs, items, charged, stands.day)
    late = dict(stands.known_through)
    declared_on = invoiced_services(facts) if late else pl.DataFrame(schema=dict.fromkeys(_SERVICE, pl.String()))
    going_on, charged_on = (
        gone_on(each.join(declared_on, on=_SERVICE, how="anti"), late, stands.day) for each in (costs, charges)
    )
    assumed = _series(going_on, _items(charged_on), charged.clear(), stands.day)
    is_any = (pl.col("effective_cost") != 0) | (pl.col("billed_cost") != 0)
    both = pl.concat([items.filter(pl.col("day") <= stands.day), _items(charged_on)])
    return DailySeries(rows, both, stands, assumed.filter(is_any), going_on)


def _series(costs: pl.DataFrame, items: pl.DataFrame, charged: pl.DataFrame, through: date) -> pl.DataFrame:
    return series(
        {**dict.fromkeys(_OF_TCO, costs), **dict.fromkeys(_OF_CHARGES, items)},
        dict.fromkeys((*_OF_TCO, *_OF_CHARGES), charged),
        through,
    )


def _items(leaves: pl.DataFrame) -> pl.DataFrame:
    """ITEMS of charges; of purchases, tax and credits neither unit nor quantity."""
    quantity, unit, name = pl.col("consumed_quantity"), pl.col("unit"), pl.col("sku").str.to_lowercase()
    is_measured = (pl.col("charge_category") == "Usage") & quantity.is_not_null() & unit.is_not_null()
    made = leaves.with_columns(
        key="api_key_id",
        key_name="api_key_name",
        sku="sku_id",
        sku_name=pl.coalesce(pl.format("{} {}", "model", name), "sku"),
        quantity=pl.when(is_measured).then(quantity),
        unit=pl.when(is_measured).then(unit),
    )
    return made.select(_present_or_null(made))


def _present_or_null(rows: pl.DataFrame) -> list[pl.Expr]:
    return [
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in ITEMS.items()
    ]


def by_hand(sources: Iterable[SourceSettings], imported: Iterable[SourceSettings]) -> set[str]:
    """Sources that come by hand: invoices, and whatever was imported."""
    return {source.name for source in imported} | {source.name for source in sources if source.connector == _BY_HAND}


def deliveries(loads: pl.DataFrame, usage_days: pl.DataFrame, come_by_hand: set[str]) -> Iterator[Delivery]:
    """How far each source is through, by its last day with usage. `loads` are those of `ops.loads`, `usage_days` each
    `source` and `day` with usage.

    It delivers by day if it told usage of a month while that was running, on half of its last days at least; a fee on
    the first of each month does not, nor does a file that comes when the month is over. Who comes by hand, or never
    tells of a running month, is in arrears.
    """
    ends = pl.col("billing_period").str.to_datetime("%Y-%m", time_zone="UTC").dt.offset_by("1mo")
    while_running = set(loads.filter(pl.col("data_through").is_not_null(), pl.col("pulled_at") < ends)["source"])
    days = (
        usage_days.unique()
        .group_by("source")
        .agg(
            first=pl.col("day").min(),
            last=pl.col("day").max(),
            recent=(pl.col("day") > pl.col("day").max() - _RECENT).sum(),
        )
        .sort("source")
    )
    for source, first, last, recent in days.iter_rows():
        at_hand = min((last - first).days + 1, _RECENT.days)
        is_daily = recent >= max(_AT_LEAST, at_hand / 2)
        in_arrears = source in come_by_hand or source not in while_running
        yield Delivery(source, last, by_day=is_daily and not in_arrears, in_arrears=in_arrears)


def _usage_days(facts: Facts) -> pl.DataFrame:
    usage = facts.read(DAILY_COSTS).filter(pl.col("charge_category") == "Usage")
    return usage.select("source", day=pl.col("day").dt.date()).unique().collect()
