"""How good forecasts were: errors of every candidate and coverage of the intervals, by back-test.

What is published beside every forecast, so that nobody has to believe it. Choosing is `selection`, intervals are
`intervals`.

No back-test sees a day after its origin, but some of what it goes by is fitted on the whole history: weights of
candidates, units of intervals, which charges are monthly. So figures are in-sample and a little rosier than the future
will be; beside true forecasts from the same origins coverage was 3 points off, to either side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.foresight import known
from models.foresight.intervals import LEVELS, Errors, Pool, weighted_quantiles, weights
from models.foresight.landing import MONTH, period_of
from models.foresight.panel import Panel
from models.foresight.selection import Points

REPLAYS = 5
"""Earlier origins whose intervals are made again from what was known then: the fourth last, the eighth last, …"""
REPLAY_DAYS = 31
"""Replayed intervals are judged on so many days ahead."""
MONTH_DAYS = {5: (1, 7), 10: (8, 12), 15: (13, 17), 20: (18, 25)}
"""About day 5, 10, 15, 20: the days of a month on which an origin counts as one."""


def replayed(pool: Pool, errors: Errors) -> np.ndarray:
    """(LEVELS, replays, n, horizon) whether days fell inside the interval made at an earlier origin; NaN unknown.

    Each replay pools only errors that were known by then; of the units of series, the long mean is today's.
    """
    judged = sorted(range(len(errors.cuts)), key=errors.cuts.__getitem__)[3:-1:4][:REPLAYS]
    days = min(errors.horizon, REPLAY_DAYS)
    out = np.full((len(LEVELS), len(judged), errors.scaled.shape[1], days), np.nan, dtype=np.float32)
    counts = pool.counts.reshape(len(errors.cuts), errors.horizon, pool.counts.shape[1])[:, :days]
    for place, at in enumerate(judged):
        cut = errors.cuts[at]
        kept = [index for index, other in enumerate(errors.cuts) if other > cut]
        then = tuple(errors.cuts[index] - cut for index in kept)
        part = Pool(counts[kept].reshape(len(kept) * days, -1), np.repeat(np.arange(len(kept)), days))
        low, high = weighted_quantiles(part, weights(then, days, seasonal=errors.seasonal))
        off = errors.scaled[at, :, :days]
        for level in range(len(LEVELS)):
            inside = (off >= low[level]) & (off <= high[level])
            out[level, place] = np.where(np.isfinite(off), inside, np.nan)
    return out


def coverage(inside: np.ndarray) -> np.ndarray:
    """(LEVELS, n) share of judged days inside, in %; NaN where none was judged."""
    told = np.isfinite(inside)
    judged = told.sum(axis=(1, 3))
    hits = np.where(told, inside, 0.0).sum(axis=(1, 3))
    return np.where(judged > 0, 100 * hits / np.maximum(judged, 1), np.nan)


def daily_error(panel: Panel, points: Points) -> np.ndarray:
    """(n) Σ absolute errors of days ÷ Σ absolute actual values over all back-tests, in %; NaN where unknown."""
    came = known.came(panel.values, points.cuts, points.values.shape[1])
    off = came - points.backtests
    told = np.isfinite(off)
    total = np.where(told, np.abs(came), 0.0).sum(axis=(0, 2))
    missed = np.where(told, np.abs(off), 0.0).sum(axis=(0, 2))
    return np.where(total > 0, 100 * missed / np.where(total > 0, total, 1.0), np.nan)


@dataclass(frozen=True)
class MonthOrigin:
    """An earlier origin within a month whose rest the horizon reaches and whose days are all known.

    `at`: its place in the cuts; `about`: the day of MONTH_DAYS; `rest`: days of the month ahead of it; `total` (n):
    what the month came to, NaN where a series has not all of it.
    """

    at: int
    day: date
    about: int
    rest: int
    total: np.ndarray


def month_origins(panel: Panel, points: Points) -> Iterator[MonthOrigin]:
    """The earlier origins about the days of MONTH_DAYS in whole months, the latest first; none without dates."""
    horizon = points.values.shape[1]
    for at, cut in enumerate(points.cuts if panel.origin is not None else ()):
        assert panel.origin is not None
        origin = panel.origin - timedelta(days=cut)
        about = next((day for day, (first, last) in MONTH_DAYS.items() if first <= origin.day <= last), None)
        rest = (period_of(origin, MONTH).last - origin).days
        end = panel.days - cut
        if about is not None and rest <= min(cut, horizon) and end >= origin.day:
            total = panel.values[:, end - origin.day : end + rest].sum(axis=1)
            yield MonthOrigin(at, origin, about, rest, total)


def month_errors(panel: Panel, points: Points) -> dict[int, np.ndarray]:
    """By day of the month (MONTH_DAYS) the (n) mean absolute error of month totals in %, of back-tests made about then.

    NaN where there was none, or nothing was spent.
    """
    sums = {day: np.zeros(len(panel)) for day in MONTH_DAYS}
    seen = {day: np.zeros(len(panel)) for day in MONTH_DAYS}
    for origin in month_origins(panel, points):
        end, total = panel.days - points.cuts[origin.at], origin.total
        came = panel.values[:, end : end + origin.rest].sum(axis=1)
        off = np.abs(came - points.backtests[origin.at, :, : origin.rest].sum(axis=1))
        told = np.isfinite(off) & np.isfinite(total) & (total > 0)
        sums[origin.about] += np.where(told, 100 * off / np.where(told, total, 1.0), 0.0)
        seen[origin.about] += told
    return {day: np.where(seen[day] > 0, sums[day] / np.maximum(seen[day], 1), np.nan) for day in MONTH_DAYS}


def forecast_accuracy(panel: Panel, points: Points, inside: np.ndarray) -> pl.DataFrame:
    """One row per series and candidate, and one of what answers.

    `series`, `candidate`, `chosen`, `error` and `weight` (see `selection.Points.errors`), and of the chosen one, null
    for the others: `origins` (back-tests), `daily_error` (%), `month_end_error_day_5` … `_20` (%), `coverage_80`,
    `coverage_95` (% of replayed days); `history_days` (known ones), `made_on` (null without dates), `status`.

    Of a history that events restate, it is the restated one that was forecast.
    """
    covered = coverage(inside)
    of_chosen = pl.DataFrame(
        {
            "series": panel.names,
            "chosen": [True] * len(panel),
            "origins": np.isfinite(points.backtests).any(axis=2).sum(axis=0),
            "daily_error": daily_error(panel, points),
            **{f"month_end_error_day_{day}": error for day, error in month_errors(panel, points).items()},
            "coverage_80": covered[LEVELS.index(80)],
            "coverage_95": covered[LEVELS.index(95)],
        },
        schema_overrides={"series": pl.String},
    ).with_columns(pl.selectors.float().fill_nan(None))
    of_series = pl.DataFrame(
        {"series": panel.names, "history_days": np.isfinite(panel.values).sum(axis=1), "status": points.status},
        schema_overrides={"series": pl.String, "status": pl.String},
    ).with_columns(made_on=pl.lit(panel.origin, pl.Date))
    candidates = points.errors.rename({"method": "candidate"}, strict=False).with_columns(
        pl.selectors.float().fill_nan(None)
    )
    return candidates.join(of_chosen, on=["series", "chosen"], how="left").join(of_series, on="series", how="left")
