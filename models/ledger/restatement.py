"""Restatements: what a vendor now says otherwise about days that it had told before.

Compares two daily rollups of one (source, billing period): who moved, by how much, on which day. What replaces what,
and what happens after our own lock, is decided elsewhere.
"""

from __future__ import annotations

import polars as pl

RESTATED_SCHEMA = pl.Schema(
    {
        "day": pl.Date,
        "account_id": pl.String,
        "project_id": pl.String,
        "model": pl.String,
        "measure": pl.String,
        "unit": pl.String,
        "before": pl.Decimal(38, 12),
        "after": pl.Decimal(38, 12),
    }
)
"""One row per day × account × project × model × measure that changed; null where there was no row."""


def restatements(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What changed (RESTATED_SCHEMA) between two rollups (`marts.daily_costs`) of one (source, billing period).

    Measures: billed_cost by currency, consumed_quantity by unit. Only days that had been billed before count: a bill
    that arrives for a new day is news, not a restatement.
    """
    told = before.filter(pl.col("billed_cost") != 0)["day"].dt.date().unique().implode()
    compared = [
        _measure(before, after, "billed_cost", "currency"),
        _measure(before, after, "consumed_quantity", "unit"),
    ]
    return (
        pl.concat(compared)
        .filter(pl.col("day").is_in(told), pl.col("before").ne_missing(pl.col("after")))
        .select(list(RESTATED_SCHEMA))
        .sort("day", "project_id", "model", "measure", nulls_last=True)
    )


def _measure(before: pl.DataFrame, after: pl.DataFrame, measure: str, unit: str) -> pl.DataFrame:
    keys = ["day", "account_id", "project_id", "model", "unit"]

    def summed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        return (
            frame.filter(pl.col(unit).is_not_null())
            .group_by(pl.col("day").dt.date(), "project_id", "model", account_id="billing_account_id", unit=unit)
            .agg(pl.col(measure).sum().alias(name))
        )

    return (
        summed(before, "before")
        .join(summed(after, "after"), on=keys, how="full", coalesce=True, nulls_equal=True)
        .with_columns(measure=pl.lit(measure))
    )
