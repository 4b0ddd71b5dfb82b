"""Levels and drifts of many series at once, known at every day of one pass over the days.

A level is followed with several gains side by side; a series takes their mean, each weighted by how well it told the
next day so far. These weights also tell how likely a series is a *walk*, whose last value is all that counts, rather
than noise about a level, and thereby which estimate of its drift is the efficient one. What is answered at an origin
depends on days up to it only. Seasons do not belong here: take them out first (`seasonality`).

Matrices of values are (n, days), right-aligned: the last column is the origin, NaN a day before the series began or
an unknown one. `cuts` are the days left off the end (0 = now). Answers are (cuts, n); NaN where a series has
no known day up to the cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

GAINS = (0.03, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Shares of an error that a level may go by."""

WALK = 0.8
"""The least gain of a walk."""

MEMORY = 0.99
"""Weight of yesterday's error beside today's, where gains are weighed by their errors: half after 69 days."""

FAR = 4.0
"""Usual errors (root of the mean square) that a day is held back to; on the reference series 3 to 6 do alike."""

WARMING = 14
"""Days, by MEMORY, before a usual error is known."""

ORDINARY = 2.0
"""A day's change counts towards a drift up to this many mean absolute changes: the rest of a jump is not a trend. In
back-tests rolling over whole histories of walks, a drift of such changes costs nothing; one of plain changes does."""

PRIOR_DAYS = 60
"""How many days without any drift a series is thought to have had before its first known one."""

LINE_DAYS = 180
"""Days that a line is laid through."""


class Smoothed(NamedTuple):
    """What is known of the series at each cut, all (cuts, n): the `level` expected of the next day but for the `drift`,
    its change a day; and `walk`, how likely the series is a walk, 0 to 1, the likelihood of the gains from WALK on."""

    level: np.ndarray
    drift: np.ndarray
    walk: np.ndarray


def smoothed(values: np.ndarray, cuts: Sequence[int], *, rare: np.ndarray | None = None) -> Smoothed:
    """Level, drift and likelihood of a walk, per cut and series; `rare` (n): see `levels`.

    Of a walk the mean of its changes is the efficient estimate of a drift; of noise about a line, the line's slope, of
    which the theta method goes on by half (Assimakopoulos & Nikolopoulos 2000, Hyndman & Billah 2003).
    """
    level, walk = levels(values, cuts, rare=rare)
    drift = walk * ordinary_change(values, cuts) + (1 - walk) * line_slope(values, cuts) / 2
    return Smoothed(level, drift, walk)


def levels(values: np.ndarray, cuts: Sequence[int], *, rare: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """`level` and `walk` of Smoothed: simple exponential smoothing (Brown 1956), averaged over GAINS by likelihood
    (Akaike 1978).

    A level starts at the first known value; an unknown day leaves it where it was. Errors count by MEMORY. A day that
    is off as none was before (FAR) is held back, unless the day before was off the same way: one day is an event, two
    are a new level (after Gelper, Fried & Croux 2010). Not so where events are `rare` (n): they are all the cost there.
    """
    n, days = values.shape
    level, walk = np.full((2, len(cuts), n), np.nan)
    at = {days - cut - 1: place for place, cut in enumerate(cuts)}
    gains = np.array(GAINS)[:, None]
    known = np.isfinite(values)
    starts = known & (known.cumsum(axis=1) == 1)
    told = known & ~starts
    each = np.full((len(gains), n), np.nan)
    squares, judged, before = np.zeros_like(each), np.zeros(n), np.zeros_like(each)
    far = np.where(np.zeros(n, dtype=bool) if rare is None else rare, 1e100, FAR)
    for day, value in enumerate(np.ascontiguousarray(values.T)):
        error = value - each
        error[:, ~told[:, day]] = 0.0
        error, before = _held_back(error, before, far, np.sqrt(squares / np.maximum(judged, 1.0)), judged)
        squares *= MEMORY
        squares += error * error
        judged = MEMORY * judged + told[:, day]
        each += gains * error
        each[:, starts[:, day]] = value[starts[:, day]]
        if day in at:
            weights = _likelihoods(squares, judged)
            level[at[day]] = (weights * each).sum(axis=0)
            walk[at[day]] = (weights * (gains >= WALK)).sum(axis=0)
    return level, walk


def _held_back(
    error: np.ndarray, before: np.ndarray, far: np.ndarray, usual: np.ndarray, judged: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(gains, n) errors, of lone ones only so much as `far` usual errors; and 1 or −1 where a day was further off."""
    bound = np.where(judged >= WARMING, far * usual, np.finfo(float).max)
    off = np.sign(error) * (np.abs(error) > bound)
    return np.where((off != 0) & (off != before), off * bound, error), off


def _likelihoods(squares: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """(gains, n) shares by likelihood, of normal errors with a variance of its own for each gain."""
    most = squares.max(axis=0)
    floor = np.where(most > 0, 1e-12 * most, 1.0)
    logs = -np.log(np.maximum(squares, floor)) * judged / 2
    likelihood = np.exp(logs - logs.max(axis=0))
    return likelihood / likelihood.sum(axis=0)


def ordinary_change(values: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """(cuts, n) mean change a day, each held within ORDINARY mean absolute changes so far; with PRIOR_DAYS of none."""
    known = np.isfinite(values)
    change = np.diff(values, axis=1, prepend=np.nan)
    told = np.isfinite(change)
    days = told.cumsum(axis=1)
    bound = ORDINARY * np.where(told, np.abs(change), 0.0).cumsum(axis=1) / np.maximum(days, 1)
    total = np.where(told, np.clip(change, -bound, bound), 0.0).cumsum(axis=1)
    daily = np.where(known.cumsum(axis=1) > 0, total / (days + PRIOR_DAYS), np.nan)
    return _at(daily, cuts)


def line_slope(values: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """(cuts, n) slope a day of the line of least squares through the last LINE_DAYS, less for fewer known days."""
    known = np.isfinite(values)
    begins = np.take_along_axis(values, known.argmax(axis=1)[:, None], axis=1) if known.size else values
    rise = np.where(known, values - begins, 0.0)
    time = np.arange(values.shape[1], dtype=float)
    count, times, squares = (_recent(known * power, cuts) for power in (1.0, time, time * time))
    rises, products = _recent(rise, cuts), _recent(rise * time, cuts)
    some = np.maximum(count, 1)
    spread = squares - times * times / some
    slope = (products - times * rises / some) / np.where(spread > 0, spread, 1.0)
    return np.where(count > 0, slope * count / (count + PRIOR_DAYS), np.nan)


def _recent(daily: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """(cuts, n) sums over the last LINE_DAYS before each cut."""
    until = np.concatenate([np.zeros((len(daily), 1)), daily.cumsum(axis=1)], axis=1)
    ends = np.maximum(daily.shape[1] - np.array(cuts), 0)
    return (until[:, ends] - until[:, np.maximum(ends - LINE_DAYS, 0)]).T


def _at(daily: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """(cuts, n) of what is known at every day; NaN before the first one."""
    days = daily.shape[1]
    return np.stack([daily[:, days - cut - 1] if cut < days else np.full(len(daily), np.nan) for cut in cuts])
