"""Is a day abnormal? One score per series and day, comparable over series, from that day and earlier ones only.

The public face of anomaly detection: series in, scores out, nothing read, nothing stored. What is expected stands in
`baselines`, which questions are asked in `detectors`, and what becomes of flagged days in `episodes`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from models.errors import OutlayError
from models.foresight.baselines import Matrix, shared, weekday_median
from models.foresight.detectors import DETECTORS, Judgement, judge
from models.table import MONEY

HISTORY = 400
"""Days before a day that its score may depend on. Whoever passes these, and the day, gets the bits of a whole run."""

_CHUNK = 1_000
_THREADS = 2
_COLUMNS = {"series": pl.String, "day": pl.Date}


@dataclass(frozen=True)
class Sensitivity:
    """How quiet to be.

    `alert`: the score from which a day is flagged; 1 is chosen for at most 0.10 false episodes per series and month.
    `minimum_impact`: a day whose deviation costs less than this, in the series' currency, is never flagged.
    """

    alert: float = 1.0
    minimum_impact: Decimal = Decimal(10)


DEFAULT = Sensitivity()


def scores(series: pl.DataFrame, *, since: date | None = None, sensitivity: Sensitivity = DEFAULT) -> pl.DataFrame:
    """Scores of every known day.

    `series`: one row per `series` (text) and `day` (Date), with `usage` (number, may be null) and `cost` (number or
    Decimal, may be null). Null and NaN are unknown, so are days without a row; neither is zero. A series without any
    cost is judged by its usage.

    Answers one row per row given (from `since` on, if given: then rows before `since` − `HISTORY` days do not matter,
    and the answer is bit-identical to that of the whole run), sorted by series and day:

    - `score`: 1 and more is an alert at the default setting; null where too little is known to judge
    - `flag`: whether it is one, at this sensitivity; never null
    - `kind`: what the day looks like, where it is flagged: spike, burst, level_shift, ramp, drop, weekend, price,
      runaway, new; of what: `measure` (cost, usage or price), over how many days: `window`
    - `expected`, `low`, `high`: what was to be expected, and the band that 95 of 100 days stay in; in the measure's
      unit (a price kind tells cost as well); Decimal to the cent where cost came as Decimal

    `OutlayError` for missing columns and for two rows of one series and day.
    """
    money = series.schema.get("cost", pl.Null()).is_decimal()
    table = _checked(series)
    if since is not None:
        table = table.filter(pl.col("day") >= since - timedelta(days=HISTORY))
    answers = [_scored(part, sensitivity) for part in _calendars(table)]
    answer = pl.concat([_nothing(), *answers])
    if since is not None:
        answer = answer.filter(pl.col("day") >= since)
    if money:
        answer = answer.with_columns(pl.col("expected", "low", "high").round(2).cast(MONEY))
    return answer.sort("series", "day")


def _checked(series: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in ("series", "day", "usage", "cost") if name not in series.columns]
    if missing:
        raise OutlayError(
            f"series to be judged lack {', '.join(missing)}",
            remedy="pass series, day, usage and cost, one row per series and day",
        )
    number = pl.col("usage", "cost").cast(pl.Float64, strict=False).fill_nan(None)
    table = series.select(pl.col("series").cast(pl.String), pl.col("day").cast(pl.Date), number).sort("series", "day")
    twice = table.filter((pl.col("series") == pl.col("series").shift()) & (pl.col("day") == pl.col("day").shift()))
    if not twice.is_empty():
        raise OutlayError(
            f"{twice.height:,} days stand twice, the first of them {twice['day'][0]}",
            remedy="sum or correct them before they are judged: one row per series and day",
            source=twice["series"][0],
        )
    return table


def _calendars(table: pl.DataFrame) -> list[pl.DataFrame]:
    """The series split where no series spans the border: matrices without decades of nothing."""
    spans = table.group_by("series").agg(first=pl.col("day").min(), last=pl.col("day").max()).sort("first", "series")
    reach = spans["last"].cum_max().shift()
    calendar = (spans["first"] > reach).fill_null(value=False).cum_sum().alias("calendar")
    if not calendar.len() or calendar[-1] == 0:
        return [table] if table.height else []
    joined = table.join(spans.with_columns(calendar), on="series").select(*table.columns, "calendar")
    return [part.drop("calendar") for part in joined.partition_by("calendar", maintain_order=True)]


def _scored(table: pl.DataFrame, sensitivity: Sensitivity) -> pl.DataFrame:
    """Rows of series that share a calendar, by way of matrices."""
    names = table["series"].unique(maintain_order=True)
    row = table["series"].rle_id().to_numpy()
    origin = table["day"].min()
    column = (table["day"] - origin).dt.total_days().to_numpy()
    shape = (len(names), int(column.max()) + 1)
    cost, usage = np.full(shape, np.nan), np.full(shape, np.nan)
    cost[row, column] = table["cost"].to_numpy()
    usage[row, column] = table["usage"].to_numpy()
    by_usage = np.isfinite(cost).sum(axis=1) == 0
    judged = np.where(by_usage[:, None], usage, cost)
    judgement = _judged(judged, usage, float(sensitivity.minimum_impact))
    return _frame(table, row, column, judgement, by_usage, judged, sensitivity)


def _judged(values: Matrix, usage: Matrix, smallest: float) -> Judgement:
    chunks = [slice(first, first + _CHUNK) for first in range(0, len(values), _CHUNK)]
    with ThreadPoolExecutor(_THREADS) as pool:
        medians = np.concatenate(list(pool.map(lambda rows: weekday_median(values[rows]), chunks)))
        everyone = shared(values, medians)
        parts = list(pool.map(lambda rows: judge(values[rows], usage[rows], medians[rows], everyone, smallest), chunks))
    return Judgement(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Judgement.__dataclass_fields__)
    )


def _frame(
    table: pl.DataFrame,
    row: np.ndarray,
    column: np.ndarray,
    judgement: Judgement,
    by_usage: np.ndarray,
    judged: Matrix,
    sensitivity: Sensitivity,
) -> pl.DataFrame:
    values = {name: getattr(judgement, name)[row, column] for name in ("score", "expected", "low", "high")}
    loudest = judgement.loudest[row, column]
    impact = np.abs(judged[row, column] - values["expected"])
    small = np.isfinite(impact) & (impact < float(sensitivity.minimum_impact))
    kinds = pl.Series([detector.kind for detector in DETECTORS])
    windows = pl.Series([detector.days for detector in DETECTORS])
    flag = (np.nan_to_num(values["score"]) >= sensitivity.alert) & ~small
    return (
        table.select("series", "day")
        .with_columns(
            pl.Series("score", values["score"]).fill_nan(None),
            pl.Series("flag", flag),
            pl.when(pl.Series(flag)).then(kinds.gather(loudest)).alias("kind"),
            *(pl.Series(name, values[name]).fill_nan(None) for name in ("expected", "low", "high")),
            pl.when(pl.Series(flag)).then(windows.gather(loudest)).alias("window").cast(pl.Int64),
            pl.Series("measure", np.where(by_usage[row], "usage", "cost")),
        )
        .with_columns(measure=pl.when(pl.col("kind") == "price").then(pl.lit("price")).otherwise("measure"))
    )


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "series": pl.String,
            "day": pl.Date,
            "score": pl.Float64,
            "flag": pl.Boolean,
            "kind": pl.String,
            "expected": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "window": pl.Int64,
            "measure": pl.String,
        }
    )
