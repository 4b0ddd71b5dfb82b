"""Why a cost is not what was expected: the smallest set of dimension values that explains it.

The model: each row was expected at some amount and came at that amount × a ratio × noise. All rows share one ratio,
near 1, except those of at most two *cuboids* (`cuboids`), which have a ratio of their own: a price rises for a model,
a team starts a job in a region, one model replaces another. (That everything within a cause moves in proportion is
the ripple effect of Sun et al. 2018, HotSpot, and Li et al. 2019, Squeeze.) Ratios are fitted by Student's t in
logarithms, so that single odd rows neither hide a cause nor make one, with the scale of noise of the rows themselves.
A set of cuboids is worth the log-likelihood it gains less what it takes to say it (minimum description length,
Rissanen 1978): so much for each cause, more for each dimension. All pairs of promising cuboids are fitted together,
since the second cause is often seen only beside the first, and the best of no cause, one cause and two is the answer.
The search itself is in `cause_search`, words for a cause are in `cause_words`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from models.errors import OutlayError
from models.foresight.cause_search import Suspect, suspects
from models.foresight.cuboids import Integers

_ANSWERS = 5
"""Causes and candidates told per case."""

CAUSE, CANDIDATE = "cause", "candidate"


def causes(rows: pl.DataFrame, dimensions: Sequence[str], by: Sequence[str] = ()) -> pl.DataFrame:
    """What explains the difference of `actual` and `expected`, per case of `by`, best first.

    `rows` has `by`, `dimensions`, `actual` and `expected` (both Decimal(38, 12), then all amounts are exact, or
    both Float64); any number of rows per leaf, a leaf being one combination of dimension values. Expected 0 is spend
    without history. A null value of a dimension is a value of its own.

    One row per case and rank (from 1), at most five, sorted by `by` and rank:
    `dimensions` and `values` (lists, one to three, in the order asked), `actual`, `expected`, `impact` = actual −
    expected, `share` = impact ÷ that of the whole case (null where it is zero), `score`, `standing`.

    Rows whose standing is `cause` (none, one or two) are the smallest set that explains the change. Where two causes
    overlap, the rows they share are counted with the one of better rank, so impacts of causes add up and the rest of
    the case's change is what they leave. Others are a `candidate`: the next best explanations, with all their rows.
    `score` is the probability that a cuboid is among the causes, as far as the model goes and two causes suffice.

    Of names for the same rows the one with the fewest dimensions is told, then the earlier dimension. Nested dimensions
    (vendor > model) are recognised in the data, so that none is told beside one that implies it. `OutlayError` where a
    column is missing or an amount is unknown.
    """
    _check(rows, [*by, *dimensions])
    parts = rows.partition_by(list(by), maintain_order=True, as_dict=True) if by else {(): rows}
    told: list[dict[str, Any]] = []
    for case, part in parts.items():
        named = dict(zip(by, case, strict=True))
        told += [{**named, **answer} for answer in _answers(part, list(dimensions))]
    answers = pl.DataFrame(told, schema=_schema(rows, by))
    return answers.sort([*by, "rank"], nulls_last=True)


def _schema(rows: pl.DataFrame, by: Sequence[str]) -> dict[str, Any]:
    money = rows.schema["actual"]
    return {
        **{name: rows.schema[name] for name in by},
        "rank": pl.Int32,
        "dimensions": pl.List(pl.String),
        "values": pl.List(pl.String),
        **dict.fromkeys(("actual", "expected", "impact"), money),
        "share": pl.Float64,
        "score": pl.Float64,
        "standing": pl.String,
    }


def _check(rows: pl.DataFrame, named: Sequence[str]) -> None:
    missing = [name for name in [*named, "actual", "expected"] if name not in rows.columns]
    if missing:
        raise OutlayError(f"rows have no column {', '.join(missing)}", remedy="give every dimension and both amounts")
    if len(named) == 0:
        raise OutlayError("no dimension is named to look for a cause in", remedy="name at least one")
    if rows.schema["actual"] != rows.schema["expected"]:
        raise OutlayError("actual and expected are not of one type", remedy="make both Decimal(38, 12) or Float64")
    amounts = rows.select(pl.col("actual", "expected").cast(pl.Float64))
    if not all(amount.is_finite().fill_null(value=False).all() for amount in amounts):
        raise OutlayError(
            "an amount is unknown, so its change is too", remedy="leave such rows out, and say so beside the answer"
        )


def _answers(rows: pl.DataFrame, dimensions: list[str]) -> list[dict[str, Any]]:
    """Rank by rank what explains one case."""
    leaves = (
        rows.group_by(dimensions)
        .agg(pl.col("actual", "expected").sum())
        # an order that neither that of rows nor names decide
        .sort("expected", "actual", *dimensions)
        .filter((pl.col("actual") != 0) | (pl.col("expected") != 0))
    )
    if leaves.is_empty():
        return []
    codes = [_numbered(leaves[name]) for name in dimensions]
    amounts = leaves.select(pl.col("actual", "expected").cast(pl.Float64))
    found = suspects(codes, amounts["actual"].to_numpy(), amounts["expected"].to_numpy(), _ANSWERS)
    change = (leaves["actual"] - leaves["expected"]).sum()
    told: list[dict[str, Any]] = []
    counted = np.zeros(leaves.height, dtype=np.bool_)
    for rank, suspect in enumerate(found, start=1):
        own = suspect.holds & ~counted if suspect.is_cause else suspect.holds
        counted |= suspect.holds & suspect.is_cause
        told.append({"rank": rank, **_named(leaves, dimensions, suspect), **_amounts(leaves, own, change)})
    return told


def _numbered(values: pl.Series) -> Integers:
    """Values as 0, 1, 2 …; null is one of them."""
    places = values.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    return places - places.min()


def _named(leaves: pl.DataFrame, dimensions: list[str], suspect: Suspect) -> dict[str, Any]:
    names = [dimensions[place] for place in suspect.dimensions]
    (values,) = leaves.filter(pl.Series(suspect.holds)).select(pl.col(names).cast(pl.String)).head(1).rows()
    return {
        "dimensions": names,
        "values": list(values),
        "score": suspect.probability,
        "standing": CAUSE if suspect.is_cause else CANDIDATE,
    }


def _amounts(leaves: pl.DataFrame, own: npt.NDArray[np.bool_], change: Any) -> dict[str, Any]:
    sums = leaves.filter(pl.Series(own)).select(pl.col("actual", "expected").sum()).row(0, named=True)
    impact = sums["actual"] - sums["expected"]
    return {**sums, "impact": impact, "share": float(impact / change) if change else None}
