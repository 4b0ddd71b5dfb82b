"""Is a day abnormal? One score per series and day, comparable over series, from that day and earlier ones only.

The public face of anomaly detection: series in, scores out, nothing read, nothing stored. What is expected stands in
`baselines`, which questions are asked in `detectors`, and what becomes of flagged days in `episodes`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from models.errors import OutlayError
from models.foresight.baselines import LEAD, LOOK_BACK, Matrix, Windows, last_days, settled, shared, weekday_median
from models.foresight.detectors import DETECTORS, HISTORY, Judgement, judge
from models.ledger.money import MONEY

PRICE_STAYS = 28
"""Days over which a change of price is weighed: it seldom goes away by itself."""

_CHUNK = 250
_THREADS = 2


@dataclass(frozen=True)
class Sensitivity:
    """How quiet to be.

    `alert`: the score from which a day is flagged; 1 is chosen for at most 0.10 false episodes per series and month.
    `minimum_impact`: a day is not flagged whose deviation, over the days of its window (of a price: over four weeks),
    comes to less than this, in the series' currency.
    """

    alert: float = 1.0
    minimum_impact: Decimal = Decimal(10)


DEFAULT = Sensitivity()


def scores(series: pl.DataFrame, *, since: date | None = None, sensitivity: Sensitivity = DEFAULT) -> pl.DataFrame:
    """Scores of every known day.

    `series`: one row per `series` (text) and `day` (Date), with `usage` (number, may be null) and `cost` (number or
    Decimal, may be null). Null and NaN are unknown, so are days without a row; neither is zero. Cost is judged,
    and cost per unit of usage; a series without any cost in its `HISTORY` is judged by its usage.
    Usage under a fixed fee is not judged.

    Where series overlap (one adds up others, or shows the same money another way), `standing` says what each is, one
    text per series; without it all are peers. What most `peer`s share on a day is taken off them and off whatever
    has no standing, but never off a `sum`: what happens to everybody is an anomaly of the whole.

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
    answers = [_scored(part, since, sensitivity) for part in _calendars(table)]
    answer = pl.concat([_nothing(), *answers])
    if since is not None:
        answer = answer.filter(pl.col("day") >= since)
    if money:
        answer = answer.with_columns(
            pl.col("expected", "low", "high").round(2).cast(pl.Decimal(38, 2), strict=False).cast(MONEY)
        )
    return answer.sort("series", "day")


def _checked(series: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in ("series", "day", "usage", "cost") if name not in series.columns]
    if missing:
        raise OutlayError(
            f"series to be judged lack {', '.join(missing)}",
            remedy="pass series, day, usage and cost, one row per series and day",
        )
    number = pl.col("usage", "cost").cast(pl.Float64, strict=False).fill_nan(None)
    standing = pl.col("standing") if "standing" in series.columns else pl.lit("peer").alias("standing")
    table = series.select(pl.col("series").cast(pl.String), pl.col("day").cast(pl.Date), number, standing)
    same, goes_on = pl.col("series") == pl.col("series").shift(), pl.col("day") > pl.col("day").shift()
    sorted_already = table.select(((same & goes_on) | (pl.col("series") > pl.col("series").shift())).all()).item()
    if sorted_already:
        return table
    table = table.sort("series", "day")
    twice = table.filter(same & ~goes_on)
    if not twice.is_empty():
        raise OutlayError(
            f"{twice.height:,} days stand twice, the first of them {twice['day'][0]}",
            remedy="sum or correct them before they are judged: one row per series and day",
            source=twice["series"][0],
        )
    return table


def _calendars(table: pl.DataFrame) -> list[pl.DataFrame]:
    """The series split where no series spans the border: matrices without decades of nothing."""
    if table.is_empty():
        return []
    # sorted by series and day: a series' first row and its last are its first day and its last
    row, day = table["series"].rle_id().to_numpy(), table["day"].to_physical().to_numpy()
    begins = np.flatnonzero(np.diff(row, prepend=-1))
    first, last = day[begins], day[np.append(begins[1:], len(row)) - 1]
    in_time = np.argsort(first, kind="stable")
    reach = np.maximum.accumulate(last[in_time])
    calendar = np.zeros(len(first), dtype=np.int64)
    calendar[in_time[1:]] = np.cumsum(first[in_time[1:]] > reach[:-1])
    if not calendar.any():
        return [table]
    split = table.with_columns(calendar=pl.Series(calendar[row]))
    return split.partition_by("calendar", maintain_order=True, include_key=False)


def _scored(table: pl.DataFrame, since: date | None, sensitivity: Sensitivity) -> pl.DataFrame:
    """Rows of series that share a calendar, by way of matrices."""
    row = table["series"].rle_id().to_numpy()
    origin: date = table["day"].min()  # pyright: ignore[reportAssignmentType]
    day = table["day"].to_physical().to_numpy()
    column = day - day.min()
    shape = (int(row[-1]) + 1, int(column.max()) + 1)
    cost, usage = np.full(shape, np.nan), np.full(shape, np.nan)
    cost[row, column] = table["cost"].to_numpy()
    usage[row, column] = table["usage"].to_numpy()
    keep = shape[1] if since is None else max(1, shape[1] - max(0, (since - origin).days))
    # as far as was known on the day: a cost that comes later does not change what was judged before
    by_usage = np.isnan(cost) & np.isfinite(usage)
    if by_usage.any():
        by_usage &= np.isnan(Windows(cost).mean(0, HISTORY))
    standing = table["standing"].gather(np.flatnonzero(np.diff(row, prepend=-1)))
    judgement = _judged(np.where(by_usage, usage, cost), _price(cost, usage), standing, keep, sensitivity)
    seen = column >= shape[1] - keep
    return _frame(
        table.filter(pl.Series(seen)),
        row[seen],
        column[seen] - (shape[1] - keep),
        judgement,
        by_usage[:, -keep:],
        sensitivity,
    )


def _price(cost: Matrix, usage: Matrix) -> Matrix:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((usage > 0) & (cost > 0), cost / usage, np.nan)


def _judged(values: Matrix, price: Matrix, standing: pl.Series, keep: int, sensitivity: Sensitivity) -> Judgement:
    is_peer, is_sum = ((standing == one).fill_null(value=False).to_numpy() for one in ("peer", "sum"))
    chunks = [slice(first, first + _CHUNK) for first in range(0, len(values), _CHUNK)]
    smallest = float(sensitivity.minimum_impact)
    seen = keep + HISTORY - LEAD - LOOK_BACK
    with ThreadPoolExecutor(_THREADS) as pool:
        of_chunks = pool.map(lambda rows: weekday_median(settled(values[rows]), seen), chunks)
        medians = np.concatenate(list(of_chunks))
        everyone = shared(last_days(values[is_peer], medians.shape[1]), medians[is_peer])

        def judged(rows: slice) -> Judgement:
            shares = everyone.with_sums(is_sum[rows])
            return judge(values[rows], price[rows], medians[rows], shares, smallest=smallest, keep=keep)

        parts = list(pool.map(judged, chunks))
    return Judgement(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Judgement)))


def _frame(
    table: pl.DataFrame,
    row: np.ndarray,
    column: np.ndarray,
    judgement: Judgement,
    by_usage: np.ndarray,
    sensitivity: Sensitivity,
) -> pl.DataFrame:
    """One row per row of `table`, at `row` and `column` of the matrices."""
    told = {name: getattr(judgement, name)[row, column] for name in ("score", "expected", "low", "high")}
    loudest = pl.Series("loudest", judgement.loudest[row, column])
    kinds, windows = ([getattr(each, name) for each in DETECTORS] for name in ("kind", "days"))
    actual = pl.when(pl.Series(by_usage[row, column])).then("usage").otherwise("cost")
    at_stake = pl.Series([PRICE_STAYS if each.kind == "price" else each.days for each in DETECTORS]).gather(loudest)
    small = (actual - pl.col("expected")).abs() * at_stake < float(sensitivity.minimum_impact)
    flagged = (pl.col("score") >= sensitivity.alert) & ~small.fill_null(value=False)
    return (
        table.with_columns(*(pl.Series(name, values).fill_nan(None) for name, values in told.items()))
        .with_columns(
            flag=flagged.fill_null(value=False),
            kind=pl.Series(kinds, dtype=pl.String).gather(loudest),
            window=pl.Series(windows, dtype=pl.Int64).gather(loudest),
            measure=pl.Series(by_usage[row, column]).replace_strict(
                {True: "usage", False: "cost"}, return_dtype=pl.String
            ),
        )
        .select(
            *("series", "day", "score", "flag"),
            pl.when("flag").then("kind").alias("kind"),
            *("expected", "low", "high"),
            pl.when("flag").then("window").alias("window"),
            measure=pl.when(pl.col("flag") & (pl.col("kind") == "price")).then(pl.lit("price")).otherwise("measure"),
        )
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
