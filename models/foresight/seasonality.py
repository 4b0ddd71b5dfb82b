"""What repeats: the pattern of the week, and what the same days a year ago were worth beside the days around them.

Both are factors about 1. Nothing here sees later than it may: a week's pattern is the one known at its end, the factor
of a day comes from days about a year before it. Levels and trends do not belong here (`candidates`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.foresight.panel import Panel

WEEK = 7
PATTERN_WEEKS = 26
"""Weeks that a pattern is the mean of."""
FLAT_WEEKS = 0.25
"""How many weeks without any pattern a series is thought to have had before its first known one."""
CHANCE = 1.0
CHANCE_WITHOUT_DATES = 3.0
"""A pattern counts as far as it exceeds so many times what chance makes of it. What people use has a week until the
contrary is shown; steps without dates need not: there, the days of a walk's week differ by two chances, its slope and
its bend, and 19 of 20 such differences stay below three."""
TOO_QUIET = 0.1
"""A weekday of less than this share of a mean day says nothing about the level."""

YEAR_LEVEL_DAYS = 59
"""A day of last year is compared with so many days before and after it."""
YEAR_WINDOW = 14
"""Days that a series' own year-ago ratio is taken over: two weeks, so that no weekday counts twice."""
RECURS = 0.5
"""Share of last year's effect that is expected again. By back-tests anything from a half to three quarters is as good,
over a year end and away from it; nothing and all are clearly worse."""
EVENT = 3.0
"""A day counts up to so many times the days around it: what was more a year ago was an event, not a season."""
OWN_RANGE = (0.5, 2.0)
"""A series' own ratio counts within these."""


def by_week(values: np.ndarray) -> np.ndarray:
    """(n, weeks, 7): the last week ends at the origin; unknown days fill up the first."""
    n, days = values.shape
    missing = -days % WEEK
    return np.concatenate([np.full((n, missing), np.nan), values], axis=1).reshape(n, -1, WEEK)


def mostly_zero(values: np.ndarray) -> np.ndarray:
    """(n) whether more than half of the known days are 0."""
    return (values == 0).sum(axis=1) * 2 > np.isfinite(values).sum(axis=1)


def week_patterns(weeks: np.ndarray, chances: float = CHANCE) -> np.ndarray:
    """(n, weeks, 7) for every week the factors of its days as known at its end; place 0 is the day after an origin.

    Mean share of each day in whole weeks with a positive sum, of the last PATTERN_WEEKS; flat where none is known, and
    the flatter the less it exceeds so many chances (James & Stein 1961). Their mean is 1.
    """
    mean = weeks.mean(axis=2, keepdims=True)
    told = mean > 0
    ratio = np.where(told, np.clip(weeks / np.where(told, mean, 1.0), 0.0, WEEK), 0.0)
    count = _of_last(told.astype(float), PATTERN_WEEKS) + FLAT_WEEKS
    pattern = (_of_last(ratio, PATTERN_WEEKS) + FLAT_WEEKS) / count
    square = (_of_last(ratio * ratio, PATTERN_WEEKS) + FLAT_WEEKS) / count
    pattern_of_one = pattern / pattern.mean(axis=2, keepdims=True)
    chance = chances * np.maximum(square - pattern * pattern, 0.0).mean(axis=2, keepdims=True) / count
    spread = ((pattern_of_one - 1) ** 2).mean(axis=2, keepdims=True)
    trust = np.where(spread > chance, 1 - chance / np.where(spread > 0, spread, 1.0), 0.0)
    return 1 + trust * (pattern_of_one - 1)


def _of_last(values: np.ndarray, width: int) -> np.ndarray:
    """Sums of the last `width` places along axis 1, at every place."""
    total = values.cumsum(axis=1)
    total[:, width:] -= values.cumsum(axis=1)[:, :-width]
    return total


def year_factors(panel: Panel, horizon: int) -> np.ndarray:
    """(n, days + horizon) what a year ago says of every day of the history and ahead; 1 where nothing is known.

    A day stands beside the same weekday 364 days before; about Christmas and the new year, beside the same date. Two
    effects multiply: the *shared* one, day by day, weighed by how far it exceeds what chance would make of the mean of
    so many series (James & Stein 1961; of a single series chance explains all); and the series' *own* beside that,
    over YEAR_WINDOW days, unless it is mostly zero: on which days the rest falls is chance. Needs a calendar and more
    than a year.
    """
    n, days = panel.values.shape
    source = _year_before(panel, horizon)
    factors = np.ones((n, days + horizon))
    told = np.flatnonzero((source >= 0) & (source < days))
    if not len(told):
        return factors
    at = np.arange(days)
    around = (np.maximum(at - YEAR_LEVEL_DAYS, 0), np.minimum(at + YEAR_LEVEL_DAYS + 1, days))
    level = _Sums.of(panel.values).mean(*around)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(level > 0, np.minimum(panel.values / level, EVENT), np.nan)
    ratio[mostly_zero(panel.values)] = np.nan
    shared = _shared(ratio)
    start = np.clip(at - YEAR_WINDOW // 2, 0, max(days - YEAR_WINDOW, 0))[source[told]]
    own = _Sums.of(ratio).mean(start, start + YEAR_WINDOW) / _Sums.of(shared[None, :]).mean(start, start + YEAR_WINDOW)
    own = np.where(np.isfinite(own), np.clip(own, *OWN_RANGE), 1.0)
    factors[:, told] = shared[source[told]] * (1 + RECURS * (own - 1))
    return factors


def _shared(ratio: np.ndarray) -> np.ndarray:
    """(days) what every day was worth to all series together, without the week, shrunk to 1."""
    known = np.isfinite(ratio)
    count = known.sum(axis=0)
    mean = np.where(count > 0, np.where(known, ratio, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
    square = np.where(known, (ratio - mean) ** 2, 0.0).sum(axis=0)
    several = count > 1
    if not several.any():
        return np.ones(ratio.shape[1])
    chance = float((square[several] / (count[several] - 1) / count[several]).mean())
    without_week = mean / _usual_of_weekday(mean)
    told = without_week[np.isfinite(without_week)]
    spread = float(told.var()) if len(told) else 0.0
    trust = RECURS * max(spread - chance, 0.0) / spread if spread > 0 else 0.0
    return np.where(np.isfinite(without_week), 1 + trust * (without_week - 1), 1.0)


def _usual_of_weekday(mean: np.ndarray) -> np.ndarray:
    """(days) the median of the same weekday in the quarter before and after."""
    quarter = np.arange(-13, 14) * WEEK
    place = np.arange(len(mean))[:, None] + quarter
    inside = (place >= 0) & (place < len(mean))
    around = np.sort(np.where(inside, mean[np.clip(place, 0, len(mean) - 1)], np.nan), axis=1)
    count = np.isfinite(around).sum(axis=1)
    row = np.arange(len(mean))
    middle = (around[row, np.maximum(count - 1, 0) // 2] + around[row, np.minimum(count // 2, len(quarter) - 1)]) / 2
    return np.where(middle > 0, middle, np.nan)


def _year_before(panel: Panel, horizon: int) -> np.ndarray:
    """(days + horizon) for every day the column of its day a year before; negative where the panel does not hold it."""
    places = np.arange(panel.days + horizon)
    if panel.origin is None:
        return np.full(len(places), -1)
    day = np.datetime64(panel.origin) + (places - panel.days + 1)
    month = day.astype("datetime64[M]")
    of_month = (day - month.astype("datetime64[D]")).astype(int) + 1
    number = month.astype(int) % 12 + 1
    festive = ((number == 12) & (of_month >= 15)) | ((number == 1) & (of_month <= 7))
    same_date = (month - 12).astype("datetime64[D]") + (of_month - 1)
    return places - np.where(festive, (day - same_date).astype(int), 52 * WEEK)


class _Sums(NamedTuple):
    """Running sums of what is known, to take means over windows."""

    total: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> _Sums:
        known = np.isfinite(values)
        zero = np.zeros((len(values), 1))
        return cls(
            np.concatenate([zero, np.where(known, values, 0.0).cumsum(axis=1)], axis=1),
            np.concatenate([zero, known.cumsum(axis=1)], axis=1),
        )

    def mean(self, first: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Means over [first, end) per window; NaN where fewer than half of its days are known."""
        end = np.minimum(end, self.total.shape[1] - 1)
        count = self.known[:, end] - self.known[:, first]
        enough = count * 2 >= np.maximum(end - first, 1)
        return np.where(enough, (self.total[:, end] - self.total[:, first]) / np.maximum(count, 1), np.nan)
