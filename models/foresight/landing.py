"""Where a month, a quarter or any other time lands: what was spent and what is expected of the rest, with intervals.

The interval is one of the *sum*: how far totals over as many days ahead were off at earlier origins, in units of what
single days were off. Errors of days partly cancel and partly go together, so adding up daily bounds would be too wide
and treating days as independent far too narrow. Daily bands are `intervals`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial, reduce
from statistics import NormalDist

import numpy as np
import polars as pl

from models.foresight.intervals import HALF_LIFE, LEVELS, SEASON_SHARE, YEAR, Errors, count, weighted_quantiles
from models.foresight.panel import Panel

MONTH, QUARTER = "month", "quarter"
ENOUGH_ORIGINS = 6
"""A window that fewer earlier origins saw whole is judged by a shorter or nearer one."""
FAR = 184
"""No quarter that is published ends further ahead. Beyond it, and beyond what earlier origins can judge, a level may
drift by DRIFT (a standard deviation, a share of it in a year): short histories do not show how much."""
DRIFT = 0.4
SEASON_ORIGINS = 10.0
"""Standard deviation, in days, of an origin "a year ago"."""
_WINDOW = ["first_day", "last_day", "before_first", "before_last"]
BOUNDS = tuple(f"{side}_{level}" for level in LEVELS for side in ("low", "high"))
"""The bounds of an interval in every frame: low_50, high_50, …, high_95."""


@dataclass(frozen=True)
class Period:
    """A time that a forecast reaches the end of: a calendar month or quarter, or of any other kind just its days."""

    kind: str
    first: date
    last: date

    @property
    def label(self) -> str:
        """`2026-11`, `2026-Q4`, or `2026-11-05 to 2026-12-04`."""
        labels = {MONTH: f"{self.first:%Y-%m}", QUARTER: f"{self.first.year}-Q{(self.first.month + 2) // 3}"}
        return labels.get(self.kind, f"{self.first} to {self.last}")

    @property
    def before(self) -> Period:
        """The period that ends the day before this one begins; of just days, as many."""
        eve = self.first - timedelta(days=1)
        if self.kind in (MONTH, QUARTER):
            return period_of(eve, self.kind)
        return Period(self.kind, eve - (self.last - self.first), eve)

    def steps(self, origin: date) -> tuple[int, int]:
        """Days ahead of the origin that lie in it, as a half-open range counted from 0; empty where it is over."""
        return max((self.first - origin).days - 1, 0), max((self.last - origin).days, 0)


def period_of(day: date, kind: str) -> Period:
    """The month or quarter that a day lies in."""
    first_month = day.month if kind == MONTH else day.month - (day.month - 1) % 3
    first = date(day.year, first_month, 1)
    months = 1 if kind == MONTH else 3
    after = date(day.year + (first_month + months > 12), (first_month + months - 1) % 12 + 1, 1)
    return Period(kind, first, after - timedelta(days=1))


def periods(origin: date, horizon: int) -> list[Period]:
    """Months and quarters from the origin's own on whose last day the horizon reaches, months first."""
    until = origin + timedelta(days=horizon)
    found: list[Period] = []
    for kind in (MONTH, QUARTER):
        period = period_of(origin, kind)
        while period.last <= until:
            found.append(period)
            period = period_of(period.last + timedelta(days=1), kind)
    return found


def known_days(panel: Panel, period: Period) -> dict[str, pl.Series]:
    """What is known of a period by the origin: `past_days` of it that the series has had, `unknown_days` among them,
    and `before_whole`, whether every day of the period before is known."""
    if panel.origin is None:
        raise ValueError("periods need dates")
    last = panel.days - 1
    first, before = (last - (panel.origin - of.first).days for of in (period, period.before))
    known = np.isfinite(panel.values)
    had = np.maximum.accumulate(known, axis=1)
    of_period = slice(max(first, 0), None)
    return {
        "past_days": pl.Series(had[:, of_period].sum(axis=1)),
        "unknown_days": pl.Series((had & ~known)[:, of_period].sum(axis=1), dtype=pl.Int32),
        "before_whole": pl.Series(np.logical_and(before >= 0, known[:, max(before, 0) : max(first, 0)].all(axis=1))),
    }


def sum_errors(errors: Errors, window: tuple[int, int]) -> np.ndarray:
    """(cuts, n) how far totals over the window were off, in units of the sum of its days' units; NaN where unknown.

    A window that ends further ahead than earlier origins can judge is judged by the farthest one as long that they
    can: the share of errors that goes together falls with the length of a window, so that is not too narrow.
    """
    first, last = _judged(errors.cuts, window)
    unit = errors.unit[:, :, first:last]
    return (errors.scaled[:, :, first:last] * unit).sum(axis=2) / np.maximum(unit.sum(axis=2), 1e-30)


def drifts(cuts: tuple[int, ...], window: tuple[int, int]) -> np.ndarray:
    """(LEVELS) what bounds of a far window are off besides, as shares of its total: none but beyond FAR."""
    last, judged = window[1], _judged(cuts, window)[1]
    # the mean of a level that drifts evenly is off by half of what its last day is
    off = DRIFT * max(last - judged, 0) / (2 * YEAR) if last > FAR else 0.0
    return np.array([off * NormalDist().inv_cdf(0.5 + level / 200) for level in LEVELS])


def sum_quantiles(shares: np.ndarray, errors: Errors) -> tuple[np.ndarray, np.ndarray]:
    """(LEVELS) bounds from below and above of `sum_errors` of a whole panel."""
    cuts = np.array(errors.cuts)
    known = np.isfinite(shares)
    typical = np.abs(shares[known]).mean() if known.any() else 1.0
    typical = typical if typical > 0 else 1.0
    cell = np.broadcast_to(np.arange(len(cuts))[:, None], shares.shape)
    pool = count(shares / typical, cell, np.arange(len(cuts)))
    weight = origin_weights(cuts, seasonal=errors.seasonal) * (pool.counts.sum(axis=1) > 0)
    low, high = weighted_quantiles(pool, weight[None, :])
    return low[:, 0] * typical, high[:, 0] * typical


def rest_bounds(
    errors: Errors, values: np.ndarray, unit: np.ndarray, floor: np.ndarray, window: tuple[int, int]
) -> np.ndarray:
    """(bounds, n) of the total over the window of days ahead, in the order of BOUNDS; not below `floor` (n).

    `values` and `unit` (n, horizon): the points, and what each day may be off.
    """
    start, end = window
    rest, together = values[:, start:end].sum(axis=1), unit[:, start:end].sum(axis=1)
    if start >= end:
        return np.zeros((len(BOUNDS), len(values)))
    shares = np.stack(sum_quantiles(sum_errors(errors, window), errors), axis=1)
    drift = drifts(errors.cuts, window)[:, None, None]
    off = np.hypot(shares[:, :, None] * together, drift * rest) * np.array([-1.0, 1.0])[None, :, None]
    return np.maximum(rest + off.reshape(len(BOUNDS), len(values)), floor)


def origin_weights(cuts: np.ndarray, *, seasonal: bool) -> np.ndarray:
    """(cuts) how much the error of a total at an earlier origin says about one from now on."""
    recent = 0.5 ** (cuts / HALF_LIFE)
    recent /= max(recent.sum(), 1e-12)
    years = np.round(cuts / YEAR)
    same = np.exp(-0.5 * ((cuts - YEAR * years) / SEASON_ORIGINS) ** 2) * (years > 0) * seasonal
    if same.sum() < 0.5:
        return recent
    return (1 - SEASON_SHARE) * recent + SEASON_SHARE * same / same.sum()


def landings(history: pl.DataFrame, days: pl.DataFrame, rests: pl.DataFrame) -> pl.DataFrame:
    """The frame `landing` of a forecast, from its `days` and the bounds of each period's rest.

    `history` ends with each series' origin.
    `rests` has a row per series and period: `series`, `period_kind`, `first_day`, `last_day`, `before_first` and
    `before_last` (of the period before), what `known_days` tells, `made_on`, BOUNDS of the rest, and what is passed
    through. Sums are exact where amounts are Decimal: actual as the history has it, rest as the days have it.
    """
    value = pl.col("value").fill_nan(None) if history.schema["value"].is_float() else pl.col("value")
    spent, previous = (value.sum().alias(name) for name in ("spent", "previous"))
    coming = [pl.col("expected").sum().alias("expected_rest"), (pl.col("expected").null_count() > 0).alias("unknown")]
    rows: list[pl.DataFrame] = []
    for (first, last, before_first, before_last), part in rests.group_by(_WINDOW, maintain_order=True):
        sums = (
            _sums(history, first, last, spent),
            _sums(days, first, last, *coming),
            _sums(history, before_first, before_last, previous),
        )
        rows.append(reduce(partial(pl.DataFrame.join, on="series", how="left", maintain_order="left"), sums, part))
    return pl.concat(rows).select(*_landing_columns())


def _sums(rows: pl.DataFrame, first: object, last: object, *sums: pl.Expr) -> pl.DataFrame:
    """What is asked of a window's rows, by series."""
    within = rows.lazy().filter(pl.col("day").is_between(pl.lit(first), pl.lit(last)))
    return within.group_by("series").agg(*sums).collect(engine="streaming")


def _landing_columns() -> list[pl.Expr]:
    actual, rest = pl.col("spent").fill_null(0), pl.col("expected_rest").fill_null(0)
    actual = pl.when((pl.col("past_days") == 0) | (pl.col("unknown_days") < pl.col("past_days"))).then(actual)
    whole = pl.when(pl.col("unknown_days") == 0).then(actual)
    rest = pl.when(pl.col("unknown").fill_null(value=False)).then(None).otherwise(rest)
    previous = pl.when("before_whole").then(pl.col("previous").fill_null(0))
    return [
        *(pl.col(name) for name in ("series", "period_kind", "period", "first_day", "last_day", "made_on")),
        actual.alias("actual"),
        rest.alias("expected_rest"),
        (whole + rest).alias("landing"),
        *((whole + pl.col(name)).alias(name) for name in BOUNDS),
        previous.alias("previous"),
        (whole + rest - previous).alias("change"),
        (pl.col("last_day") - pl.max_horizontal("made_on", pl.col("first_day") - pl.duration(days=1)))
        .dt.total_days()
        .cast(pl.Int32)
        .alias("days_left"),
        pl.col("unknown_days"),
        pl.col("status"),
    ]


def probability_above(landing: pl.DataFrame, amount: pl.Series) -> pl.Series:
    """The probability that a landing is above an amount, per row of a frame with `landing` and BOUNDS.

    Straight lines between the seven known quantiles; beyond the outermost ones the tail falls exponentially. 0 or 1
    where the interval has no width (the period is over), null where anything is unknown.
    """
    names = [*reversed(BOUNDS[0::2]), "landing", *BOUNDS[1::2]]
    known = landing.select(pl.col(names).cast(pl.Float64)).to_numpy()
    at = amount.cast(pl.Float64).to_numpy().astype(np.float64)
    shares = np.array(
        [*(0.5 - level / 200 for level in reversed(LEVELS)), 0.5, *(0.5 + level / 200 for level in LEVELS)]
    )
    below = np.array([_share_below(row, shares, value) for row, value in zip(known, at, strict=True)])
    return pl.Series("probability_above", 1 - below).fill_nan(None)


def _share_below(points: np.ndarray, shares: np.ndarray, amount: float) -> float:
    if not (np.isfinite(points).all() and np.isfinite(amount)):
        return float("nan")
    if points[0] == points[-1]:
        return float(amount >= points[0])
    if points[0] <= amount <= points[-1]:
        return float(np.interp(amount, np.maximum.accumulate(points), shares))
    outer, inner = (points[0], points[1]) if amount < points[0] else (points[-1], points[-2])
    # the distance over which the tail falls from 10 % to 2.5 %
    fall = max(abs(outer - inner), 1e-12) / np.log(shares[1] / shares[0])
    beyond = shares[0] * np.exp(-abs(amount - outer) / fall)
    return float(beyond if amount < points[0] else 1 - beyond)


def _judged(cuts: tuple[int, ...], window: tuple[int, int]) -> tuple[int, int]:
    first, last = window
    longest = sorted(cuts, reverse=True)[:ENOUGH_ORIGINS]
    reach = longest[-1] if longest else last
    if last <= reach:
        return window
    length = min(last - first, reach)
    return reach - length, reach
