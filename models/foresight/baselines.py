"""What a day should have cost: same-weekday medians, what peers do on that day, the recent level, and how sure of it.

Everything here works on matrices (series × consecutive days, NaN = unknown), looks back a finite number of days, and
sums on a binary grid: rolling means are then exact, so that the same days give the same bits however long the history
before them is. Which deviation deserves attention belongs to `detectors`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

WEEKS = 8
"""Same weekdays that a baseline is the median of."""
PEERS = 20
"""Series that must be known on a day before what they share is taken off."""
MEMORY = 120
"""Days over which a series' own errors are averaged."""

_GRID = 2.0**20
_FLOOR = 0.03
"""A day is compared as if this part of the baseline were always spent: a closed day is far off, not infinitely far."""
_LEVEL = {  # weights of the residuals of: the day before, days 2-7, 8-28, 29-56 before the window
    1: (0.29, 0.39, 0.08, -0.08),
    2: (0.25, 0.40, 0.08, -0.09),
    3: (0.21, 0.40, 0.08, -0.09),
    4: (0.20, 0.40, 0.08, -0.10),
    5: (0.18, 0.39, 0.07, -0.10),
    7: (0.18, 0.37, 0.07, -0.11),
    14: (0.14, 0.31, 0.03, -0.12),
    21: (0.11, 0.25, 0.00, -0.13),
    28: (0.09, 0.21, -0.03, -0.13),
}


def earlier(values: Matrix, days: int) -> Matrix:
    """What stood `days` days before each day; NaN before the first."""
    if days == 0:
        return values
    moved = np.full_like(values, np.nan)
    moved[:, days:] = values[:, :-days]
    return moved


def window_mean(values: Matrix, first: int, last: int, known: int = 1) -> Matrix:
    """Mean over the days that lie `first` to `last` days back (0 = the day itself), of those known; else NaN.

    `known`: so many days must be. Values are rounded to 2⁻²⁰ first, which makes the sums exact: the mean of a window
    does not depend on what lies before it, to the last bit.
    """
    there = np.isfinite(values)
    total = _running(np.round(np.where(there, values, 0.0) * _GRID), first, last)
    count = _running(there.astype(np.float64), first, last)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count >= known, total / (count * _GRID), np.nan)


def _running(values: Matrix, first: int, last: int) -> Matrix:
    """Sums over windows of whole numbers, by differences of running totals: exact below 2⁵³."""
    days = values.shape[1]
    totals = np.zeros((values.shape[0], days + 1))
    np.cumsum(values, axis=1, out=totals[:, 1:])
    day = np.arange(days)
    return totals[:, np.clip(day - first + 1, 0, days)] - totals[:, np.clip(day - last, 0, days)]


def median_of(candidates: list[Matrix], known: int = 1) -> Matrix:
    """Cell by cell, the median of those known; NaN where fewer than `known` are.

    Sorted by compare-and-swap over whole matrices, which beats sorting cell by cell by far.
    """
    count = np.stack([np.isfinite(candidate) for candidate in candidates]).sum(axis=0)
    ordered = [np.where(np.isfinite(candidate), candidate, np.inf) for candidate in candidates]
    for last in range(len(ordered) - 1, 0, -1):
        for place in range(last):
            low, high = ordered[place], ordered[place + 1]
            ordered[place], ordered[place + 1] = np.minimum(low, high), np.maximum(low, high)
    median = np.full_like(ordered[0], np.nan)
    for many in range(known, len(ordered) + 1):
        here = count == many
        if here.any():
            median[here] = (ordered[(many - 1) // 2][here] + ordered[many // 2][here]) / 2
    return median


def weekday_median(values: Matrix) -> Matrix:
    """Median of the eight same weekdays before a day, of at least three; NaN where it is not above zero."""
    median = median_of([earlier(values, 7 * week) for week in range(1, WEEKS + 1)], known=3)
    return np.where(median > 0, median, np.nan)


@dataclass(frozen=True)
class Shared:
    """What happens to everyone on a day, one value per day."""

    change: Matrix
    """Log-ratio to the weekday median that half of the series exceed; 0 with fewer than `PEERS` series."""
    unrest: Matrix
    """How far series lie from it, relative to the eight weeks before; 1 with fewer than `PEERS` series."""


def shared(values: Matrix, medians: Matrix) -> Shared:
    """A holiday that everyone keeps is no anomaly of anyone; a day on which everyone differs proves less."""
    ratio = log_ratio(values, medians)
    days = ratio.shape[1]
    change, spread = np.zeros((1, days)), np.full((1, days), np.nan)
    for day in np.nonzero(np.isfinite(ratio).sum(axis=0) >= PEERS)[0]:
        column = ratio[np.isfinite(ratio[:, day]), day]
        change[0, day] = np.median(column)
        spread[0, day] = np.maximum(np.median(np.abs(column - change[0, day])), 0.02)
    unrest = spread / window_mean(spread, 1, 56, known=10)
    return Shared(change, np.where(np.isfinite(unrest), unrest, 1.0))


def log_ratio(values: Matrix, expected: Matrix) -> Matrix:
    """Log of actual to expected, both with a floor of 3 % of expected: from −3.5 (nothing) upwards."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log((np.maximum(values, 0.0) / expected + _FLOOR) / (1 + _FLOOR))


def level_before(residuals: Matrix, window: int) -> Matrix:
    """What the residuals of the last `window` days should be on average, from the eight weeks before these days."""
    day, week, month, earlier_month = _LEVEL[window]
    parts = (
        (day, earlier(residuals, window)),
        (week, window_mean(residuals, window + 1, window + 6)),
        (month, window_mean(residuals, window + 7, window + 27)),
        (earlier_month, window_mean(residuals, window + 28, window + 55)),
    )
    level = np.zeros_like(residuals)
    for weight, part in parts:
        level += weight * np.nan_to_num(part)
    return level


def spread_of(deviations: Matrix, errors: Matrix, unrest: Matrix, window: int) -> Matrix:
    """How far a deviation of this window usually goes: the scale that makes series and days comparable.

    A weighted geometric mean of the series' own deviations over `MEMORY` days, its one-day `errors` in the week
    before the window, and what is usual for any series; wider on days on which everyone is restless. The weights are
    those of a regression of log deviations, and nearly the same for every window. All of it lies before the window.
    """
    own = window_mean(np.minimum(np.abs(deviations), 1.0), window, window + MEMORY, known=40)
    own = np.where(np.isfinite(own), own, _USUAL)
    recent = window_mean(errors, window, window + 6, known=3)
    recent = np.where(np.isfinite(recent), recent, own)
    restless = np.exp(window_mean(np.log(unrest), 0, window - 1))
    return (recent + 0.02) ** 0.35 * (own + 0.02) ** 0.4 * _USUAL**0.25 * restless**0.6


_USUAL = 0.15
