"""Unit costs: what a million tokens, a request, an accelerator-hour and a business unit cost, month by month.

Here belong the table and what all measures have in common: a cost divided by a quantity. Which costs and which
quantity is said by `token_costs`, `accelerator_costs` and `business_units`.
"""

from __future__ import annotations

from collections.abc import Iterable

import dataframely as dy
import polars as pl

from models.economics.accelerator_costs import busy_part
from models.economics.pools import COSTS
from models.ledger.money import quotient
from models.table import Table, money, text

MEASURES = ("tokens", "tokens_blended", "request", "accelerator_hour", "business_unit")


class UnitCosts(dy.Schema):
    """One row per month, measure, what is measured, and currency. Cost = unit cost × quantity, but for rounding."""

    month = text("Month of the days, YYYY-MM, UTC")
    measure = text(
        "tokens: of one kind; tokens_blended: every kind, with the capacity that served them; request; "
        "accelerator_hour; business_unit: of a driver in outlay.yaml",
        values=MEASURES,
    )
    subject = text("Model, accelerator or driver; `all models` for all of them together")
    token_kind = text("Kind of token, for tokens", nullable=True)
    host_name = text("On whose machines, for accelerator-hours; null for our own", nullable=True)
    region = text("Region, for accelerator-hours", nullable=True)
    pricing_kind = text(
        "How accelerator-hours were bought: on_demand, reserved, committed, spot, capacity_block, owned", nullable=True
    )
    currency = text("ISO 4217 code of all costs")
    unit = text("What quantity counts, and every unit cost is for one of: 1000000 Tokens, Requests, …")
    quantity = money("How many units; accelerator-hours that were used; null where it is not known", nullable=True)
    list_cost = money("At public prices, in currency; null where there are none (our own machines)", nullable=True)
    contracted_cost = money("At our prices, in currency; null where there are none (our own machines)", nullable=True)
    effective_cost = money("What quantity really cost, in currency")
    billed_cost = money("What finance will pay, in currency; purchases of commitments included")
    list_unit_cost = money("list_cost ÷ quantity; null where it cannot be said", nullable=True)
    contracted_unit_cost = money("contracted_cost ÷ quantity; null where it cannot be said", nullable=True)
    effective_unit_cost = money("effective_cost ÷ quantity; null where it cannot be said", nullable=True)
    billed_unit_cost = money("billed_cost ÷ quantity; null where it cannot be said", nullable=True)
    unmeasured_effective_cost = money(
        "Effective cost of the same that tells no quantity; in no other column, in currency"
    )
    unused_cost = money("Effective cost of hours that a commitment left unused, in currency", nullable=True)
    utilisation = money("Share of the used hours that was busy, 0 to 1; null where none was measured", nullable=True)
    measured_share = money("Share of the used hours that utilisation was measured of, 0 to 1", nullable=True)
    effective_cost_per_used_unit = money(
        "(effective_cost + unused_cost) ÷ quantity: a used hour with what was left unused beside it", nullable=True
    )
    effective_cost_per_busy_unit = money(
        "(effective_cost + unused_cost) ÷ (quantity × utilisation): an hour in which something ran, with all idle time "
        "beside it; null where not every hour was measured",
        nullable=True,
    )
    cache_hit_share = money("Tokens read from a cache ÷ all input tokens, 0 to 1", nullable=True)
    batch_share = money("Tokens processed as batch ÷ all tokens, 0 to 1", nullable=True)
    priced_share = money("Share of effective_cost whose list price is known", nullable=True)


UNIT_COSTS = Table(
    name="unit_costs",
    schema="marts",
    kind="mart",
    grain="month × measure × subject × token kind × host × region × pricing kind × currency",
    meaning="What one unit costs: a million tokens, a request, an accelerator-hour, a customer or a document.",
    contract=UnitCosts,
)

_KEY = ["month", "measure", "subject", "token_kind", "host_name", "region", "pricing_kind", "currency"]
_HOUR_KEY = ["month", "accelerator_type", "host_name", "region", "pricing_kind", "currency"]


def unit_costs(measures: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """`marts.unit_costs` of the frames of every measure; a column that a measure does not have is null there."""
    rows = pl.concat([UNIT_COSTS.empty(), *measures], how="diagonal_relaxed")
    return (
        rows.with_columns(pl.col("unmeasured_effective_cost").fill_null(0))
        .with_columns(quotient(pl.col(cost), pl.col("quantity")).alias(_unit_cost(cost)) for cost in COSTS)
        .sort(_KEY, nulls_last=True)
        .select(list(UNIT_COSTS.polars_schema))
        .cast(UNIT_COSTS.polars_schema)
    )


def accelerator_hour_costs(costs: pl.DataFrame) -> pl.DataFrame:
    """What an accelerator-hour cost (`accelerator_costs`), by type, host, region and how it was bought."""
    is_measured = pl.col("measured_hours").is_not_null()
    borne = pl.col("effective_cost") + pl.col("unused_cost")
    used = pl.col("used_hours")
    return (
        costs.with_columns(busy=busy_part("used_hours"))
        .group_by(_HOUR_KEY)
        .agg(
            pl.col("list_cost", "contracted_cost").sum(),
            pl.col("effective_cost", "billed_cost", "unused_cost", "unmeasured_effective_cost", "used_hours").sum(),
            busy=pl.when(is_measured.any()).then(pl.col("busy").sum()),
            measured=used.filter(is_measured).sum(),
        )
        .with_columns(
            pl.when(pl.col("pricing_kind") != "owned").then(pl.col("list_cost", "contracted_cost")),
            measure=pl.lit("accelerator_hour"),
            subject=pl.col("accelerator_type"),
            unit=pl.lit("Accelerator-Hours"),
            quantity=used,
            utilisation=quotient(pl.col("busy"), pl.col("measured")),
            measured_share=quotient(pl.col("measured"), used),
            effective_cost_per_used_unit=quotient(borne, used),
            effective_cost_per_busy_unit=pl.when(pl.col("measured") == used).then(quotient(borne, pl.col("busy"))),
        )
        .drop("accelerator_type", "used_hours", "busy", "measured")
    )


def _unit_cost(cost: str) -> str:
    return cost.replace("_cost", "_unit_cost")
