"""Costs that are not told yet: what a source in arrears is taken to cost on the days that it has not told.

A monthly invoice or a file that comes by hand says nothing of the days after its last one. They are not free, and no
day of theirs can be forecast by day. So such a source is taken to go on as in its last month, date by date: what comes
each first or each 15th comes again, and every dimension goes on adding up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from models.foresight.landing import MONTH, QUARTER
from models.foresight.series import KEY

_MONTHS = 4
"""A month is repeated so often: `origin.OVERDUE` asks for three, and a short one leaves days to the next."""
_COSTS = ("effective_cost", "billed_cost")


def gone_on(rows: pl.DataFrame, known_through: Mapping[str, date], through: date) -> pl.DataFrame:
    """Rows (with `source` and a Date `day`) that stand for days after each source's last one, through that day.

    A month's 31st stands for the last day of a shorter month, too: its costs are not lost.
    """
    made = [rows.clear()]
    for source, last in known_through.items():
        before = pl.lit(last).dt.offset_by("-1mo")
        month = rows.filter(pl.col("source") == source, pl.col("day") > before, pl.col("day") <= last)
        made += [
            month.with_columns(pl.col("day").dt.offset_by(f"{months}mo")).filter(
                pl.col("day") > last, pl.col("day") <= through
            )
            for months in range(1, _MONTHS + 1)
        ]
    return pl.concat(made)


def together(series: pl.DataFrame, assumed: pl.DataFrame) -> pl.DataFrame:
    """SERIES of what is known and what is assumed; both have the same series."""
    more = assumed.group_by(*KEY, "day").agg(pl.col(_COSTS).sum().name.suffix("_assumed"))
    joined = series.join(more, on=[*KEY, "day"], how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(pl.col(name) + pl.col(f"{name}_assumed").fill_null(0) for name in _COSTS).select(
        series.columns
    )


def set_apart(landing: pl.DataFrame, assumed: pl.DataFrame) -> pl.DataFrame:
    """Landings with `assumed`: what is assumed is no actual but expected, and a period before with some is not known.

    `landing` is that of a forecast of both together, `assumed` has `series`, `day` and `value`.
    """
    is_month = pl.col("period_kind") == MONTH
    before = pl.when(is_month).then(pl.col("first_day").dt.offset_by("-1mo"))
    periods = [
        assumed.group_by("series", first_day=pl.col("day").dt.truncate(every)).agg(
            period_kind=pl.lit(kind), assumed=pl.col("value").sum()
        )
        for kind, every in ((MONTH, "1mo"), (QUARTER, "1q"))
    ]
    of_period = pl.concat(periods).select("series", "period_kind", "first_day", "assumed")
    of_before = of_period.rename({"first_day": "before_first", "assumed": "before_assumed"})
    return (
        landing.with_columns(before_first=before.otherwise(pl.col("first_day").dt.offset_by("-1q")))
        .join(of_period, on=["series", "period_kind", "first_day"], how="left", maintain_order="left")
        .join(of_before, on=["series", "period_kind", "before_first"], how="left", maintain_order="left")
        .with_columns(pl.col("assumed").fill_null(0))
        .with_columns(
            actual=pl.col("actual") - pl.col("assumed"),
            expected_rest=pl.col("expected_rest") + pl.col("assumed"),
            previous=pl.when(pl.col("before_assumed").is_null()).then("previous"),
        )
        .with_columns(change=pl.col("landing") - pl.col("previous"))
    )
