"""Reconciliation in short: why reported and computed differ, added up, and the largest differences one by one.

The lines themselves are `reconciliation`; nothing is judged anew here.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from models.ledger.estimates import REASONS
from models.ledger.reconciliation import MATCHES
from models.table import Table, money, text

AGREES, NO_PRICE = "agrees", "no price"
LISTED = 200
"""So many differences are listed of each source, billing period and currency."""
_HALF_A_CENT = 0.005


class ReconciliationReasons(dy.Schema):
    """One row per source, billing period, account, way of meeting and reason."""

    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month, YYYY-MM")
    account_id = text("Organisation at the vendor")
    match = text("How bill and usage met", values=MATCHES)
    reason = text(
        "Why they differ; agrees: they do not; no price: there is nothing to set the bill against",
        values=(*REASONS, AGREES, NO_PRICE),
    )
    currency = text("ISO 4217")
    lines = dy.Int64(nullable=False, description="How many rows of marts.reconciliation")
    reported = money("Sum of what the vendor charges; null where it reports nothing", nullable=True)
    computed = money("Sum of contract price × quantity, as far as it is known; null where none is", nullable=True)
    difference = money("Sum of differences: reported − computed, a missing side taken as nothing")
    first_day = dy.Date(nullable=False, description="First day of its lines")
    last_day = dy.Date(nullable=False, description="Last day of its lines")


class ReconciliationDifferences(dy.Schema):
    """One row per line that differs by half a cent or more, at most LISTED of each source, period and currency."""

    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month, YYYY-MM")
    currency = text("ISO 4217")
    rank = dy.Int64(
        nullable=False,
        description="1 is the largest difference of source, month and currency; bills still to come (late) are last",
    )
    day = dy.Date(nullable=False, description="UTC day")
    account_id = text("Organisation at the vendor")
    line_id = text("The bill line; null where usage has no bill", nullable=True)
    description = text("The vendor's words for the line", nullable=True)
    project_id = text("Project or workspace", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    model = text("Model", nullable=True)
    meter = text("Meter", nullable=True)
    processing_tier = text("Tier", nullable=True)
    match = text("How bill and usage met", values=MATCHES)
    reported = money("What the vendor charges for it; null where it reports nothing", nullable=True)
    computed = money("Contract price × quantity of the readings; null where unpriced or without usage", nullable=True)
    difference = money("reported − computed, a missing side taken as nothing")
    reason = text("Why they differ", nullable=True, values=REASONS)
    quantity = money("Units of the readings; null where they have several", nullable=True)
    contract = text("Our contract and its rate that computed is by; null where it is list, or several", nullable=True)


RECONCILIATION_REASONS = Table(
    name="reconciliation_reasons",
    schema="marts",
    kind="mart",
    grain="source × billing period × account × match × reason × currency",
    meaning="Why reported and computed differ: marts.reconciliation added up by reason.",
    contract=ReconciliationReasons,
)
RECONCILIATION_DIFFERENCES = Table(
    name="reconciliation_differences",
    schema="marts",
    kind="mart",
    grain="line, the largest of each source × billing period × currency",
    meaning=f"The {LISTED} largest differences between reported and computed of each source, month and currency.",
    contract=ReconciliationDifferences,
)

_BY_REASON = ("source", "billing_period", "account_id", "match", "reason", "currency")
_WITHIN = ("source", "billing_period", "currency")


def reconciliation_reasons(lines: pl.LazyFrame) -> pl.DataFrame:
    """`marts.reconciliation_reasons` of `marts.reconciliation`, read as a stream."""
    without = pl.when(pl.col("computed").is_null()).then(pl.lit(NO_PRICE)).otherwise(pl.lit(AGREES))
    day = pl.col("window_start").dt.date()
    sides = [
        pl.when(pl.col(side).is_not_null().any()).then(pl.col(side).sum()).alias(side)
        for side in ("reported", "computed")
    ]
    return (
        lines.with_columns(reason=pl.coalesce("reason", without))
        .group_by(_BY_REASON)
        .agg(
            *sides,
            lines=pl.len().cast(pl.Int64),
            difference=pl.col("difference").sum(),
            first_day=day.min(),
            last_day=day.max(),
        )
        .sort(_BY_REASON)
        .select(list(RECONCILIATION_REASONS.polars_schema))
        .collect(engine="streaming")
    )


def largest_differences(lines: pl.LazyFrame) -> pl.DataFrame:
    """`marts.reconciliation_differences` of the lines (`marts.reconciliation`) of any sources and months."""
    size = pl.col("difference").abs()
    order = [pl.col("reason").eq_missing(pl.lit("late")), size, "day", "line_id", "project_id", "model", "meter"]
    return (
        lines.filter(size >= _HALF_A_CENT)
        .with_columns(day=pl.col("window_start").dt.date())
        .collect(engine="streaming")
        .sort(*_WITHIN, *order, descending=[*[False] * len(_WITHIN), False, True, *[False] * 5], nulls_last=True)
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(_WITHIN))
        .filter(pl.col("rank") <= LISTED)
        .select(list(RECONCILIATION_DIFFERENCES.polars_schema))
    )
