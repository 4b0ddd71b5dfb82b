"""What the leaves of a cost were expected to be on some days, from the days before; frames to seek causes in.

A leaf is one combination of dimension values, with amounts by day. Whether a day is abnormal is not decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from models.errors import OutlayError
from models.ledger.money import quotient
from models.table import MONEY

WEEKS = 4
"""Same weekdays that an expectation is the mean of: a month, so that neither growth nor one odd day weighs much."""


def expected_leaves(
    history: pl.DataFrame,
    days: Collection[date],
    leaf: Sequence[str],
    *,
    amounts: Sequence[str] = ("cost",),
    day: str = "day",
    weeks: int = WEEKS,
) -> pl.DataFrame:
    """Per leaf what `days` together were expected to come to: columns `leaf` and `amounts`, Decimal(38, 12).

    `history` has `day` (Date), `leaf` and `amounts` (Decimal(38, 12)), any number of rows per leaf and day; a leaf
    without a row that day had none. Each day is expected at the mean of the last `weeks` same weekdays before the first
    of `days` (fewer where history is shorter), so what is judged is no part of its own expectation. What first comes
    within `days` has no row: it was expected at nothing. Rounded half-even to 12 places per leaf and weekday.
    `OutlayError` where `days` is empty, or history knows no such weekday before.
    """
    if not days:
        raise OutlayError("no days are named to expect anything of", remedy="name at least one day")
    start = min(days)
    known = history.select(pl.col(day).min()).item()
    asked = Counter(each.isoweekday() for each in days)
    before = [start - timedelta(days=back) for back in range(1, 7 * weeks + 1)]
    knowing = [each for each in before if known is not None and each >= known and each.isoweekday() in asked]
    seen = Counter(each.isoweekday() for each in knowing)
    if len(seen) < len(asked):
        raise OutlayError(
            f"no cost is known of such weekdays before {start}",
            remedy="a cause can be sought once the same weekdays of a week before are loaded",
        )
    weekdays = pl.DataFrame(
        {
            "weekday": list(asked),
            "asked": [Decimal(count) for count in asked.values()],
            "seen": [Decimal(seen[weekday]) for weekday in asked],
        },
        schema={"weekday": pl.Int8, "asked": MONEY, "seen": MONEY},
    )
    return (
        history.filter(pl.col(day).is_in(knowing))
        .group_by(*leaf, pl.col(day).dt.weekday().alias("weekday"))
        .agg(pl.col(amounts).sum())
        .join(weekdays, on="weekday")
        .with_columns(quotient(pl.col(name) * pl.col("asked"), pl.col("seen")) for name in amounts)
        .group_by(leaf)
        .agg(pl.col(amounts).sum())
        .sort(leaf, nulls_last=True)
    )


def compared(
    before: pl.DataFrame, after: pl.DataFrame, dimensions: Sequence[str], *, amount: str = "cost"
) -> pl.DataFrame:
    """Rows for `root_cause.causes`: `dimensions`, `actual` (of after), `expected` (of before), one row per leaf."""
    sides = ((after, "actual", "expected"), (before, "expected", "actual"))
    nothing = pl.lit(0, dtype=MONEY)
    rows = [
        side.select(*dimensions, pl.col(amount).cast(MONEY).alias(own), nothing.alias(other))
        for side, own, other in sides
    ]
    return (
        pl.concat(rows, how="diagonal")
        .group_by(dimensions)
        .agg(pl.col("actual", "expected").sum())
        .sort(dimensions, nulls_last=True)
    )
