"""Joins two reports of the same usage along what they share, so that both keep their sums to the token. Pure.

One report says what a price depends on, the other who used it; which token of the one is which of the other, no
report says. Within a group that both share, each side is laid out as intervals on one line, in a fixed order, and
every overlap becomes a row: the north-west corner rule of transport problems. Where one side has a single cell,
that is exact; elsewhere it is one apportionment of many, always the same one, and marked as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

EXACT, APPORTIONED, NONE = "exact", "apportioned", "none"


@dataclass(frozen=True)
class Joined:
    """`rows`: the shared columns, both sides' own columns, `count`, `attribution`.

    `rest` is what the totals hold beyond the parts (kept, with null parts, attribution none); `excess` what the
    parts hold beyond the totals (left out: the totals are what is billed).
    """

    rows: pl.DataFrame
    rest: int
    excess: int


def join_margins(totals: pl.DataFrame, parts: pl.DataFrame, *, on: Sequence[str]) -> Joined:
    """Gives every row of `totals` its share of `parts`.

    Both frames hold the columns `on`, their own columns and `count` (Int64, ≥ 0). Σ count of each row of `totals`
    is kept exactly; so is that of each row of `parts`, unless the parts exceed the totals of their group.
    """
    laid_totals = _laid_out(totals, on, "total")
    laid_parts = _laid_out(parts, on, "part")
    sums = (
        laid_totals.group_by(on)
        .agg(pl.col("total_end").max().alias("total"), pl.len().alias("total_cells"))
        .join(laid_parts.group_by(on).agg(pl.col("part_end").max().alias("part")), on=on, how="full", nulls_equal=True,
              coalesce=True)
        .with_columns(pl.col("total", "part").fill_null(0))
    )  # fmt: skip
    rest = sums.filter(pl.col("total") > pl.col("part")).select(
        *on, pl.col("part").alias("part_start"), pl.col("total").alias("part_end"), pl.lit(value=True).alias("is_rest")
    )
    cells = pl.concat([laid_parts.with_columns(pl.lit(value=False).alias("is_rest")), rest], how="diagonal")
    cells = cells.with_columns(pl.len().over(on).alias("part_cells"))
    exceeded = pl.col("part") > pl.col("total")
    overlap = pl.min_horizontal("total_end", "part_end") - pl.max_horizontal("total_start", "part_start")
    rows = (
        laid_totals.join(cells, on=on, nulls_equal=True, maintain_order="left_right")
        .with_columns(overlap.alias("count"))
        .filter(pl.col("count") > 0)
        .join(sums, on=on, nulls_equal=True, maintain_order="left")
        .with_columns(
            pl.when("is_rest")
            .then(pl.lit(NONE))
            .when(((pl.col("total_cells") == 1) & ~exceeded) | (pl.col("part_cells") == 1))
            .then(pl.lit(EXACT))
            .otherwise(pl.lit(APPORTIONED))
            .alias("attribution")
        )
    )
    own = [*_own(totals, on), *_own(parts, on)]
    gap = sums["total"] - sums["part"]
    return Joined(
        rows.select(*on, *own, "count", "attribution"),
        rest=int(gap.clip(lower_bound=0).sum()),
        excess=int((-gap).clip(lower_bound=0).sum()),
    )


def _own(frame: pl.DataFrame, on: Sequence[str]) -> list[str]:
    return [name for name in frame.columns if name not in (*on, "count")]


def _laid_out(frame: pl.DataFrame, on: Sequence[str], side: str) -> pl.DataFrame:
    """Each cell as an interval [start, end) on its group's line, in the order of its own columns."""
    own = _own(frame, on)
    keys = [*on, *own]
    return (
        frame.filter(pl.col("count") > 0)
        .group_by(keys)
        .agg(pl.col("count").sum())
        .sort(keys, nulls_last=True)
        .with_columns(pl.col("count").cum_sum().over(on).alias(f"{side}_end"))
        .with_columns((pl.col(f"{side}_end") - pl.col("count")).alias(f"{side}_start"))
        .drop("count")
    )
