"""Idle accelerators: money for hours that nobody used, by who answers for it.

Two kinds of idle: what a commitment left unused, which the bill tells, and used hours in which nothing ran, which only
a measurement tells. Where nothing was measured the second is unknown, never nothing.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from models.economics.accelerator_costs import busy_part
from models.ledger.money import quotient
from models.table import Table, money, text


class IdleAccelerators(dy.Schema):
    """One row per month, owner, accelerator and where its hours were bought; costs in `currency`."""

    month = text("Month of the days, YYYY-MM, UTC")
    source = text("Name of the source in outlay.yaml; `declared` for accelerators of our own")
    host_name = text("On whose machines it runs; null for our own", nullable=True)
    accelerator_type = text("Accelerator, such as H100")
    team = text("Team; null is unallocated, or in a pool", nullable=True)
    cost_centre = text("Cost centre; null is unknown", nullable=True)
    pool = text("Shared pool that it belongs to", nullable=True)
    currency = text("ISO 4217 code of the costs")
    used_hours = money("Accelerator-hours that were used, as the bill says, or that our own stood there")
    unused_hours = money("Accelerator-hours that a commitment left unused")
    utilisation = money(
        "Share of used_hours that was busy, 0 to 1; null where not all of them were measured", nullable=True
    )
    busy_hours = money("used_hours × utilisation; null where not all were measured", nullable=True)
    used_cost = money("Effective cost of used_hours, in currency")
    unused_cost = money("Effective cost of unused_hours, in currency")
    measured_idle_cost = money(
        "used_cost × (1 − utilisation), in currency; null where not all were measured", nullable=True
    )
    idle_cost = money("unused_cost + measured_idle_cost, in currency; null where not all were measured", nullable=True)


IDLE_ACCELERATORS = Table(
    name="idle_accelerators",
    schema="marts",
    kind="mart",
    grain="month × source × host × accelerator type × team × cost centre × pool × currency",
    meaning="What idle accelerators cost, by owner: hours that a commitment left, and used hours in which nothing ran.",
    contract=IdleAccelerators,
)

_KEY = ["month", "source", "host_name", "accelerator_type", "team", "cost_centre", "pool", "currency"]


def idle_accelerators(costs: pl.DataFrame) -> pl.DataFrame:
    """`marts.idle_accelerators` of `accelerator_costs`."""
    is_unknown = ((pl.col("used_hours") != 0) & pl.col("measured_hours").is_null()).any()
    return (
        costs.filter(pl.any_horizontal(pl.col("used_hours", "unused_hours", "effective_cost", "unused_cost") != 0))
        .with_columns(busy_hours=busy_part("used_hours"), busy_cost=busy_part("effective_cost"))
        .group_by(_KEY)
        .agg(
            pl.col("used_hours", "unused_hours", "unused_cost").sum(),
            used_cost=pl.col("effective_cost").sum(),
            busy_hours=pl.when(~is_unknown).then(pl.col("busy_hours").sum()),
            busy_cost=pl.when(~is_unknown).then(pl.col("busy_cost").sum()),
        )
        .with_columns(measured_idle_cost=pl.col("used_cost") - pl.col("busy_cost"))
        .with_columns(
            utilisation=quotient(pl.col("busy_hours"), pl.col("used_hours")),
            idle_cost=pl.col("unused_cost") + pl.col("measured_idle_cost"),
        )
        .sort(pl.col("month"), pl.col("idle_cost"), *_KEY[1:], descending=[True, True, *[False] * 7], nulls_last=True)
        .select(list(IDLE_ACCELERATORS.polars_schema))
        .cast(IDLE_ACCELERATORS.polars_schema)
    )
