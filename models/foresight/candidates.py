"""The methods that compete for a series: a table of names and functions from a seasonless history to a line ahead.

Every candidate answers for several origins at once. Seasons are taken out before and put back after (`seasonality`),
choosing does not belong here (`selection`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from models.foresight import known, smoothing
from models.foresight.seasonality import (
    CHANCE,
    CHANCE_WITHOUT_DATES,
    TOO_QUIET,
    WEEK,
    by_week,
    mostly_zero,
    week_patterns,
)

DAMPING = 0.99
"""What is left of a drift a day later: a trend is not believed further than about a quarter."""

RARE_WEEKS = 8
"""What comes now and then is told by so many weeks where others ask a few days."""


class Line(NamedTuple):
    """`level` and `drift` a day ahead, damped, and `alone`, how likely it is that no other candidate has anything to
    tell, 0 to 1; all (cuts, n), NaN where the history is too short."""

    level: np.ndarray
    drift: np.ndarray
    alone: np.ndarray


@dataclass(frozen=True)
class Seasonless:
    """Histories without their seasons.

    `pattern` (n, weeks, 7) factors of weekdays at the end of each week; `daily` (n, days) without them; `weekly`
    (n, weeks) a robust mean of each week, or where most days are 0 (`sparse`, n) the plain one: what is rare there is
    the whole cost. NaN is unknown. Cuts are whole weeks.
    """

    pattern: np.ndarray
    daily: np.ndarray
    weekly: np.ndarray
    sparse: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, *, dated: bool = True) -> Seasonless:
        weeks = by_week(values)
        pattern = week_patterns(weeks, CHANCE if dated else CHANCE_WITHOUT_DATES)
        with np.errstate(invalid="ignore", divide="ignore"):
            daily = np.where(pattern >= TOO_QUIET, weeks / pattern, np.nan)
        sparse = mostly_zero(values)
        weekly = np.where(sparse[:, None], known.mean(weeks, axis=2), _robust_means(daily))
        return cls(pattern, daily.reshape(len(values), -1)[:, -values.shape[1] :], weekly, sparse)


Candidate = Callable[[Seasonless, Sequence[int]], Line]


def _robust_means(weeks: np.ndarray) -> np.ndarray:
    """The same with the least and the most of a whole week replaced by their neighbours (winsorised; Tukey 1962)."""
    ordered = np.sort(weeks, axis=2)
    held = (ordered[:, :, 1:-1].sum(axis=2) + ordered[:, :, 1] + ordered[:, :, -2]) / WEEK
    return np.where(np.isfinite(held), held, known.mean(weeks, axis=2))


def median_of_days(count: int) -> Candidate:
    """Median of the last days, so that one decides nothing; of a sparse series the mean of as many weeks."""

    def answer(history: Seasonless, cuts: Sequence[int]) -> Line:
        median = _of_last(history.daily, count, cuts, _median)
        return _flat(np.where(history.sparse, mean_of_weeks(count // WEEK or RARE_WEEKS)(history, cuts).level, median))

    return answer


def mean_of_weeks(count: int) -> Candidate:
    """Mean of the last weeks."""

    def answer(history: Seasonless, cuts: Sequence[int]) -> Line:
        return _flat(_of_last(history.weekly, count, [cut // WEEK for cut in cuts], partial(known.mean, axis=1)))

    return answer


def median_of_weeks(count: int) -> Candidate:
    """Median of the last weeks; of a sparse series their mean, as most of them may be 0."""

    def answer(history: Seasonless, cuts: Sequence[int]) -> Line:
        median = _of_last(history.weekly, count, [cut // WEEK for cut in cuts], _median)
        return _flat(np.where(history.sparse, mean_of_weeks(count)(history, cuts).level, median))

    return answer


def smoothed(history: Seasonless, cuts: Sequence[int]) -> Line:
    """The level that exponential smoothing has reached, going on by its drift (`smoothing`); of a walk it tells all."""
    level, drift, walk = smoothing.smoothed(history.daily, cuts, rare=history.sparse)
    return Line(level, drift, walk)


def _flat(level: np.ndarray) -> Line:
    return Line(level, np.zeros_like(level), np.zeros_like(level))


def _median(values: np.ndarray) -> np.ndarray:
    """Median of what is known per row; NaN where nothing is."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(values).sum(axis=1)
    row = np.arange(len(values))
    return (ordered[row, np.maximum(count - 1, 0) // 2] + ordered[row, np.minimum(count // 2, values.shape[1] - 1)]) / 2


def _of_last(
    values: np.ndarray, count: int, cuts: Sequence[int], statistic: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """(cuts, n) a statistic of the last `count` columns known at each cut; NaN where there are none."""
    out = np.full((len(cuts), len(values)), np.nan)
    for place, cut in enumerate(cuts):
        end = values.shape[1] - cut
        if end > 0:
            out[place] = statistic(values[:, max(end - count, 0) : end])
    return out


CANDIDATES: Mapping[str, Candidate] = MappingProxyType(
    {
        "median of 3 days": median_of_days(3),
        "1 week": mean_of_weeks(1),
        "median of 4 weeks": median_of_days(4 * WEEK),
        "median of 8 weeks": median_of_days(8 * WEEK),
        "median of 26 weeks": median_of_weeks(26),
        "smoothed": smoothed,
    }
)
"""Name -> method, as published: memories from days to half a year, and one that learns its own."""
