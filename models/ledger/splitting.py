"""Splitting totals over the rows of a frame, exactly: `money.split` for every group at once.

Only the arithmetic of shares belongs here; which rows a total is spread over, and by which weight, is billing's.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from models.errors import MoneyError
from models.ledger.money import from_units, units

_DIGIT = 10**9
"""One digit of the long division: remainder × digit + digit × weight must fit into 127 bits."""
_WIDEST = 10**28
"""Sum of a group's weights, in units of 1e-12, up to which proportions are exact; wider ones are scaled down."""
_REMEDY = "this is a defect of the caller: weights are costs or quantities, and a group has one total"


def split_within(
    frame: pl.DataFrame, *, total: str, weight: str, by: Sequence[str], into: str = "share"
) -> pl.DataFrame:
    """The frame with a column `into`: each row's share of its group's total; shares of a group sum to it exactly.

    `total` and `weight` are Decimal(38, 12); `total` is the same in every row of a group of `by` (nulls group
    together). Largest remainder on 1e-12 units, ties to the earlier row; a group whose weights are all zero is
    split equally; negative totals mirror positive ones. Exactly `money.split` while a group's weights sum to less
    than 5e15; above, weights are scaled down (the sum stays exact). `MoneyError` for null or negative weights and
    for null totals or totals that differ within a group.
    """
    first_rows = frame.select(by).with_row_index("group").group_by(by).agg(pl.col("group").first())
    group = frame.select(by).join(first_rows, on=by, how="left", nulls_equal=True, maintain_order="left")
    rows = frame.select(total=units(pl.col(total)), weight=units(pl.col(weight)), group=group["group"])
    return frame.with_columns(_shares(rows.drop("total"), _groups(rows)).alias(into))


def _groups(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a group: `size` and `sign` of its total, `scale` of its weights and their scaled sum `whole`."""
    if rows.select((pl.col("weight").is_null() | (pl.col("weight") < 0)).any()).item():
        raise MoneyError("a weight to split by is negative or unknown", remedy=_REMEDY)
    groups = rows.group_by("group").agg(
        rough=pl.col("weight").cast(pl.Float64).sum(),  # only to choose the scale: an Int128 sum may wrap
        weights=pl.col("weight").sum(),
        rows=pl.len().cast(pl.Int128),
        least=pl.col("total").min(),
        most=pl.col("total").max(),
        unknown=pl.col("total").is_null().any(),
    )
    if groups.select((pl.col("unknown") | (pl.col("least") != pl.col("most"))).any()).item():
        raise MoneyError("a total to split is unknown, or differs within its group", remedy=_REMEDY)
    groups = groups.select(
        "group", "rows", "weights", size=pl.col("least").abs(), sign=pl.col("least").sign(), scale=_scale()
    )
    if groups.select((pl.col("scale") == 1).all()).item():
        return groups.rename({"weights": "whole"})
    scaled = rows.join(groups, on="group").group_by("group").agg(whole=(pl.col("weight") // pl.col("scale")).sum())
    return groups.drop("weights").join(scaled, on="group")


def _scale() -> pl.Expr:
    """The power of ten that keeps a group's sum of weights below `_WIDEST`."""
    powers = range(0, 34, 3)
    chosen = pl.when(pl.col("rough") < _WIDEST / 2).then(pl.lit(1, dtype=pl.Int128))
    for power in powers[1:]:
        fits = pl.col("rough") < _WIDEST / 2 * 10.0**power
        chosen = chosen.when(fits).then(pl.lit(10**power, dtype=pl.Int128))
    return chosen.otherwise(pl.lit(10 ** powers[-1], dtype=pl.Int128))


def _shares(rows: pl.DataFrame, groups: pl.DataFrame) -> pl.Series:
    """Long division of |total| × weight by the sum of weights, then the left-over units by largest remainder."""
    digits, base = _digits(groups), pl.lit(_DIGIT, dtype=pl.Int128)
    digits = digits.with_columns(equally=pl.col("whole") == 0)
    digits = digits.with_columns(whole=pl.when("equally").then("rows").otherwise("whole"))
    work = rows.join(digits, on="group", how="left", maintain_order="left").with_columns(
        weight=pl.when("equally").then(pl.lit(1, dtype=pl.Int128)).otherwise(_scaled_weight(groups)),
        share=pl.lit(0, dtype=pl.Int128),
        remainder=pl.lit(0, dtype=pl.Int128),
    )
    for name in sorted((name for name in digits.columns if name.startswith("digit_")), reverse=True):
        dividend = pl.col("remainder") * base + pl.col(name) * pl.col("weight")
        work = work.with_columns(dividend=dividend, by_digit=dividend // pl.col("whole")).with_columns(
            share=pl.col("share") * base + pl.col("by_digit"),
            remainder=pl.col("dividend") - pl.col("by_digit") * pl.col("whole"),
        )
    place = pl.col("remainder").rank("ordinal", descending=True).over("group").cast(pl.Int128)
    left_over = pl.col("size") - pl.col("share").sum().over("group")
    share = pl.col("share") + (place <= left_over).cast(pl.Int128)
    return work.select(from_units(share * pl.col("sign"))).to_series()


def _digits(groups: pl.DataFrame) -> pl.DataFrame:
    """The groups with the digits of `size` (base 1e9), only as many as the largest size has."""
    largest = groups.select(pl.col("size").max()).item() or 0
    places = [place for place in range(5) if largest >= _DIGIT**place]
    return groups.with_columns(
        (pl.col("size") // pl.lit(_DIGIT**place, dtype=pl.Int128) % pl.lit(_DIGIT, dtype=pl.Int128)).alias(
            f"digit_{place}"
        )
        for place in places
    )


def _scaled_weight(groups: pl.DataFrame) -> pl.Expr:
    scaled = groups.select((pl.col("scale") > 1).any()).item()
    return pl.col("weight") // pl.col("scale") if scaled else pl.col("weight")
