"""Shared pools: cost that no single team answers for, split over teams month by month, to the last place.

Which cost goes into a pool is said by rules (`ownership`) or where it is declared; what is then shown is `tco`. Here
are the drivers by which teams share, and the splitting itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import polars as pl

from models.economics.exchange import ExchangeRates, with_reporting
from models.errors import OutlayError
from models.ledger.splitting import split_within
from models.table import MONEY

Driver = Literal["fixed", "direct_cost", "tokens", "accelerator_hours"]
COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
DRIVER_SCHEMA = pl.Schema(
    {
        "by": pl.String(),
        "month": pl.String(),
        "currency": pl.String(),
        "team": pl.String(),
        "weight": MONEY,
        "weighed_in": pl.String(),
    }
)
"""What a team had in a month by which it shares costs in `currency`; null: in every currency. `weighed_in`: the
currency of the weight; null where it is no money."""

_MONTH = pl.col("day").dt.strftime("%Y-%m").alias("month")


@dataclass(frozen=True)
class Share:
    """A fixed share of a pool: of a team, or of another pool, which is split in turn."""

    pct: Decimal
    team: str | None = None
    pool: str | None = None


@dataclass(frozen=True)
class Pool:
    """How a pool is split from `valid_from` until the day before `valid_to`. Several of one name: its versions.

    `among`: only these teams share; empty: all that the driver knows.
    """

    name: str
    by: Driver
    shares: tuple[Share, ...] = ()
    among: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: pl.Expr) -> pl.Expr:
        """Whether this version counts on a day."""
        after = pl.lit(True) if self.valid_from is None else day.dt.date() >= self.valid_from
        return after if self.valid_to is None else after & (day.dt.date() < self.valid_to)


def drivers(attributed: pl.DataFrame, rates: ExchangeRates) -> pl.DataFrame:
    """DRIVER_SCHEMA of `marts.attributed_daily`: what teams had that is theirs directly, by calendar month of the day.

    `direct_cost`: effective cost of charges. `tokens`: of every kind. `accelerator_hours`: used ones. A team whose
    month sums to nothing or less shares nothing.
    """
    direct = attributed.lazy().filter(pl.col("team").is_not_null(), pl.col("pool").is_null())
    is_idle = pl.any_horizontal((pl.col("commitment_status", "capacity_status") == "Unused").fill_null(False))
    no_money = direct.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in ("currency", "weighed_in"))
    measured = {
        "direct_cost": _direct_cost(direct, rates).lazy(),
        "tokens": no_money.filter(pl.col("token_kind").is_not_null()).with_columns(weight="consumed_quantity"),
        "accelerator_hours": no_money.filter(~is_idle).with_columns(weight="accelerator_hours"),
    }
    parts = [
        rows.group_by(_MONTH, "currency", "team", "weighed_in")
        .agg(pl.col("weight").sum())
        .filter(pl.col("weight") > 0)
        .select(pl.lit(by).alias("by"), "month", "currency", "team", "weight", "weighed_in")
        for by, rows in measured.items()
    ]
    return pl.concat(parts).sort("by", "month", "currency", "team").collect().match_to_schema(DRIVER_SCHEMA)


def _direct_cost(direct: pl.LazyFrame, rates: ExchangeRates) -> pl.DataFrame:
    """Effective cost by day and team as `weight`, with `currency` and `weighed_in` as in DRIVER_SCHEMA.

    A month in one currency needs no rate. In a month in several, all is weighed in the reporting currency, each day
    by its rate. Where one of these rates is unknown, currencies cannot be weighed against each other: each weighs for
    costs in that currency alone.
    """
    days = (
        direct.group_by("day", "currency", "team")
        .agg(pl.col("billed_cost", "effective_cost").sum())
        .filter(pl.col("effective_cost") != 0)
        .collect()
    )
    is_one = pl.col("currency").n_unique().over(_MONTH) == 1
    is_known = pl.col("reporting_effective_cost").is_not_null().all().over(_MONTH)
    told = with_reporting(days, rates).with_columns(is_exchanged=is_known & ~is_one, is_alone=~is_known & ~is_one)
    return told.select(
        "day",
        "team",
        currency=pl.when("is_alone").then("currency"),
        weight=pl.when("is_exchanged").then("reporting_effective_cost").otherwise("effective_cost"),
        weighed_in=pl.when("is_exchanged").then("reporting_currency").otherwise("currency"),
    )


def split(costs: pl.DataFrame, pools: Sequence[Pool], shared_by: pl.DataFrame) -> pl.DataFrame:
    """Costs with every pool split: each row of a pool over the teams that share it, by each of COSTS, exactly.

    `costs` has `day`, `currency`, `pool`, `team`, COSTS and whatever else; the same columns come back. `shared_by`:
    DRIVER_SCHEMA. A row keeps the name of the last pool that it was split from, or that could not be split (no version
    of that day, or a driver that was nothing): that stays without a team. Raises `OutlayError` for a circle of pools.
    """
    done = [costs.filter(pl.col("pool").is_null())]
    waiting = costs.filter(pl.col("pool").is_not_null())
    for _ in range(len({pool.name for pool in pools}) + 1):
        shared = _split_once(waiting, pools, shared_by)
        done.append(shared.filter(pl.col("to_pool").is_null()).select(costs.columns))
        waiting = shared.filter(pl.col("to_pool").is_not_null()).with_columns(pool="to_pool").select(costs.columns)
        if waiting.is_empty():
            return pl.concat(done)
    circle = ", ".join(sorted(waiting["pool"].unique()))
    raise OutlayError(
        f"shared pools are split over one another in a circle: {circle}", remedy="let one of them end in teams"
    )


def _split_once(waiting: pl.DataFrame, pools: Sequence[Pool], shared_by: pl.DataFrame) -> pl.DataFrame:
    """Each row over those who share its pool on its day; `to_pool` names the pool that a share goes on to."""
    version = [
        pl.when((pl.col("pool") == pool.name) & pool.holds_on(pl.col("day"))).then(pl.lit(number, pl.UInt32))
        for number, pool in enumerate(pools)
    ]
    rows = waiting.with_row_index("row").with_columns(
        version=pl.coalesce(*version, pl.lit(None, pl.UInt32)), month=pl.col("day").dt.strftime("%Y-%m")
    )
    asked = rows.select("version", "month", "currency").drop_nulls("version").unique(maintain_order=True)
    sharing = [
        _sharing(pools[number], shared_by).with_columns(version=pl.lit(number, pl.UInt32))
        for number in sorted(asked["version"].unique())
    ]
    if not sharing:
        return rows.with_columns(to_pool=pl.lit(None, pl.String))
    is_told = pl.col("of_month").is_null() | (pl.col("of_month") == pl.col("month"))
    is_same = pl.col("of_currency").is_null() | (pl.col("of_currency") == pl.col("currency"))
    recipients = asked.join(pl.concat(sharing), on="version").filter(is_told, is_same).drop("of_month", "of_currency")
    met = rows.join(recipients, on=["version", "month", "currency"], how="left", maintain_order="left_right")
    shared = met.filter(pl.col("weight").is_not_null())
    for cost in COSTS:
        shared = split_within(shared, total=cost, weight="weight", by=["row"], into=cost)
    return pl.concat([shared, met.filter(pl.col("weight").is_null())]).with_columns(team="to_team")


def _sharing(pool: Pool, shared_by: pl.DataFrame) -> pl.DataFrame:
    """Who shares a version of a pool: `to_team` or `to_pool`, `weight`, and the month and currency where it counts."""
    if pool.by == "fixed":
        told = [(share.team, share.pool, share.pct, None, None) for share in pool.shares]
        return pl.DataFrame(told, schema=_SHARING_SCHEMA, orient="row")
    has = shared_by.filter(pl.col("by") == pool.by)
    if pool.among:
        has = has.filter(pl.col("team").is_in(list(pool.among)))
    return has.select(
        to_team="team",
        to_pool=pl.lit(None, pl.String),
        weight="weight",
        of_month="month",
        of_currency="currency",
    )


_SHARING_SCHEMA = pl.Schema(
    {
        "to_team": pl.String(),
        "to_pool": pl.String(),
        "weight": MONEY,
        "of_month": pl.String(),
        "of_currency": pl.String(),
    }
)
