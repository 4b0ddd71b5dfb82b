"""Why a cost is not what was expected: the smallest set of dimension values that explains it.

The model: each row was expected at some amount and came at that amount × a ratio × noise. All rows share one ratio,
near 1, except those of at most two *cuboids* (`cuboids`), which have a ratio of their own: a price rises for a model,
a team starts a job in a region, one model replaces another. (That everything within a cause moves in proportion is
the ripple effect of Sun et al. 2018, HotSpot, and Li et al. 2019, Squeeze.) Ratios are fitted by Student's t in
logarithms, so that single odd rows neither hide a cause nor make one, with the scale of noise of the rows themselves.
A set of cuboids is worth the log-likelihood it gains less what it takes to say it (minimum description length,
Rissanen 1978): so much for each cause, more for each dimension, much for what moves little of the money; and less for
money that it leaves unexplained. All pairs of promising cuboids are fitted together, since the second cause is often
seen only beside the first, and the best of no cause, one cause and two is the answer.
The search itself is in `cause_search`, words for a cause are in `cause_words`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from models.errors import OutlayError
from models.foresight.cause_search import Suspect, counted_once, suspects
from models.foresight.cuboids import Floats, Integers

_ANSWERS = 5
"""Causes and candidates told per case."""

_NAMED = {
    "rank": pl.Int32(),
    "dimensions": pl.List(pl.String),
    "values": pl.List(pl.String),
    "score": pl.Float64(),
    "standing": pl.String(),
}
"""What is told of an answer beside its amounts."""
_COLUMNS = ("rank", "dimensions", "values", "actual", "expected", "impact", "share", "score", "standing")

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
    overlap, the rows they share are counted with the one of better rank, or with the inner one where one lies wholly
    within the other; so impacts of causes add up and the rest of
    the case's change is what they leave. Others are a `candidate`: the next best explanations, with all their rows.
    `score` is the probability that a cuboid is among the causes, as far as the model goes and two causes suffice.

    Of names for the same rows the one with the fewest dimensions is told, then the earlier dimension. Nested dimensions
    (vendor > model) are recognised in the data, so that none is told beside one that implies it. `OutlayError` where a
    column is missing or an amount is unknown.
    """
    _check(rows, [*by, *dimensions])
    leaves = _leaves(rows, dimensions, by)
    codes = [_numbered(leaves[name]) for name in dimensions]
    actual, expected = (leaves[name].cast(pl.Float64).to_numpy() for name in ("actual", "expected"))
    found: list[_Answer] = []
    for start, end in _cases(leaves, by):
        own = slice(start, end)
        found += _answers([code[own] for code in codes], actual[own], expected[own], start)
    return _told(leaves, dimensions, by, found)


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


@dataclass(frozen=True)
class _Answer:
    """One rank of one case: the cuboid, and the leaves whose money is told with it, by their place."""

    rank: int
    suspect: Suspect
    holds: Integers
    counted: Integers


def _leaves(rows: pl.DataFrame, dimensions: Sequence[str], by: Sequence[str]) -> pl.DataFrame:
    """One row per leaf that has money, case by case, in an order that neither that of rows nor names decide."""
    return (
        rows.group_by(*by, *dimensions)
        .agg(pl.col("actual", "expected").sum())
        .filter((pl.col("actual") != 0) | (pl.col("expected") != 0))
        .sort(*by, "expected", "actual", *dimensions, nulls_last=True)
    )


def _numbered(values: pl.Series) -> Integers:
    """Values as numbers from 0; null is one of them."""
    return values.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def _cases(leaves: pl.DataFrame, by: Sequence[str]) -> list[tuple[int, int]]:
    """Where the leaves of each case begin and end."""
    if not by or leaves.is_empty():
        return [(0, leaves.height)] if leaves.height else []
    ends = leaves.select(pl.struct(by).rle_id().alias("case")).group_by("case").len().sort("case")["len"].cum_sum()
    return list(pairwise([0, *ends.to_list()]))


def _answers(codes: list[Integers], actual: Floats, expected: Floats, start: int) -> list[_Answer]:
    """Rank by rank what explains one case, whose first leaf is at `start`."""
    dense = [np.unique(code, return_inverse=True)[1].astype(np.int64) for code in codes]
    found = suspects(dense, actual, expected, _ANSWERS)
    counted = counted_once([suspect.holds for suspect in found if suspect.is_cause])
    counted += [suspect.holds for suspect in found[len(counted) :]]
    return [
        _Answer(rank, suspect, np.flatnonzero(suspect.holds) + start, np.flatnonzero(own) + start)
        for rank, (suspect, own) in enumerate(zip(found, counted, strict=True), start=1)
    ]


def _told(leaves: pl.DataFrame, dimensions: Sequence[str], by: Sequence[str], found: list[_Answer]) -> pl.DataFrame:
    """The answers with their names and exact amounts."""
    places = [[dimensions[place] for place in answer.suspect.dimensions] for answer in found]
    values = leaves.select(pl.col(dimensions).cast(pl.String))[[answer.holds[0] for answer in found]].rows(named=True)
    answers = pl.DataFrame(
        {
            "answer": range(len(found)),
            "leaf": [answer.holds[0] for answer in found],
            "rank": [answer.rank for answer in found],
            "dimensions": places,
            "values": [[value[name] for name in names] for names, value in zip(places, values, strict=True)],
            "score": [answer.suspect.probability for answer in found],
            "standing": [CAUSE if answer.suspect.is_cause else CANDIDATE for answer in found],
        },
        schema={"answer": pl.Int64(), "leaf": pl.Int64(), **_NAMED},
    )
    counted = pl.DataFrame(
        {
            "answer": np.repeat(np.arange(len(found)), [len(answer.counted) for answer in found]),
            "leaf": np.concatenate([np.empty(0, dtype=np.int64), *(answer.counted for answer in found)]),
        },
        schema={"answer": pl.Int64, "leaf": pl.Int64},
    )
    numbered = leaves.with_row_index("leaf").cast({"leaf": pl.Int64})
    amounts = counted.join(numbered, on="leaf").group_by("answer").agg(pl.col("actual", "expected").sum())
    change = pl.col("actual").sum() - pl.col("expected").sum()
    whole = leaves.with_columns((change.over(list(by)) if by else change).alias("change"))
    cases = whole.with_row_index("leaf").cast({"leaf": pl.Int64}).select("leaf", *by, "change")
    return (
        answers.join(amounts, on="answer", how="left")
        .join(cases, on="leaf", how="left")
        .with_columns(impact=pl.col("actual") - pl.col("expected"))
        .with_columns(
            share=pl.when(pl.col("change") != 0).then(
                pl.col("impact").cast(pl.Float64) / pl.col("change").cast(pl.Float64)
            )
        )
        .select(*by, *_COLUMNS)
        .sort(*by, "rank", nulls_last=True)
    )
