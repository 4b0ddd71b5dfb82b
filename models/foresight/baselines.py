"""What a day should have cost: same-weekday medians, what peers do on that day, the recent level, and how sure of it.

Everything here works on matrices (series × consecutive days, NaN = unknown), looks back a finite number of days, and
sums on a binary grid: rolling means are then exact, so that the same days give the same bits however long the history
before them is. Which deviation deserves attention belongs to `detectors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

WEEKS = 8
"""Same weekdays that a baseline is the median of; three must be known."""
PEERS = 20
"""Series that must be known on a day before what they share is taken off."""
MEMORY = 56
"""Days over which a series' own deviations are averaged."""
LONGEST = 21
"""Days of the longest window."""
LOOK_BACK = 56
"""Days that a weekday median, a level and the usual unrest each look back."""
LEAD = LOOK_BACK + 21
"""Days before those that a weekday median looks back to, that tell whether a series had begun."""
USUAL = 0.15
"""Mean deviation of a series that nothing is known of, as `root_ratio`: about 15 % of what is expected."""

_GRID = 2.0**20
_FLOOR = 0.03
"""A day is compared as if this part of the baseline were always spent: a closed day is far off, not infinitely far."""
_REST = 0.25
"""Part of a busy day: what a day of rest costs is news if it comes near a busy day's, not if somebody looked in."""
_FAR = 0.85
"""Quantile of peers' deviations that tells how restless a day is."""
_LEVEL = {  # weights of: the day before the window, days 2-7, 8-28 and 29-56 before it
    1: (0.29, 0.39, 0.08, -0.08),
    2: (0.25, 0.40, 0.08, -0.09),
    3: (0.21, 0.40, 0.08, -0.09),
    7: (0.18, 0.37, 0.07, -0.11),
    14: (0.14, 0.31, 0.03, -0.12),
    21: (0.11, 0.25, 0.00, -0.13),
}
"""Least squares over all series: the longer a window, the less the level before it says. The last weight takes back
what the weekday median lags behind."""


def earlier(values: Matrix, days: int) -> Matrix:
    """What stood `days` days before each day; NaN before the first."""
    moved = np.full_like(values, np.nan)
    moved[:, days:] = values[:, : max(0, values.shape[1] - days)]
    return moved


class Windows:
    """Means of a matrix over windows of days, exact: values are rounded to 2⁻²⁰, and sums of such are without error.

    A mean therefore does not depend on what lies before its window, to the last bit. Unknown days do not count.
    """

    def __init__(self, values: Matrix) -> None:
        there = np.isfinite(values)
        self._totals = self._running(np.rint(np.where(there, values, 0.0) * _GRID))
        # one row of counts serves all where nothing is missing
        self._counts = self._running(np.ones((1, values.shape[1])) if there.all() else there.astype(np.float64))

    @staticmethod
    def _running(values: Matrix) -> Matrix:
        totals = np.zeros((values.shape[0], values.shape[1] + 1))
        np.cumsum(values, axis=1, out=totals[:, 1:])
        return totals

    def mean(self, first: int, last: int, *, known: int = 1, seen: int | None = None) -> Matrix:
        """Of the days `first` to `last` back (0 = the day itself), of those known; NaN where fewer than `known` are.

        `seen`: only for so many days at the end.
        """
        count = self._between(self._counts, first, last, seen)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self._between(self._totals, first, last, seen) / (count * _GRID)
        return mean if known == 1 else np.where(count >= known, mean, np.nan)

    def _between(self, totals: Matrix, first: int, last: int, seen: int | None) -> Matrix:
        days = totals.shape[1] - 1
        shown = days if seen is None else min(seen, days)
        return self._stood(totals, first - 1, shown) - self._stood(totals, last, shown)

    @staticmethod
    def _stood(totals: Matrix, back: int, shown: int) -> Matrix:
        """Totals as they stood `back` days before each of the last days: nothing before the first."""
        end = totals.shape[1] - 1 - back
        if end >= shown:
            return totals[:, end - shown : end]
        there = totals[:, : max(0, end)]
        return np.pad(there, ((0, 0), (shown - there.shape[1], 0)))


def median_of(candidates: Sequence[Matrix], known: int = 1) -> Matrix:
    """Cell by cell, the median of those known; NaN where fewer than `known` are.

    Sorted by compare-and-swap over whole matrices, which is many times faster than sorting cell by cell.
    """
    count = np.zeros(candidates[0].shape, dtype=np.int8)
    ordered: list[Matrix] = []
    for candidate in candidates:
        there = np.isfinite(candidate)
        count += there
        ordered.append(np.where(there, candidate, np.inf))
    for low, high in _comparisons(len(ordered)):
        smaller = np.minimum(ordered[low], ordered[high])
        np.maximum(ordered[low], ordered[high], out=ordered[high])
        ordered[low] = smaller
    median = np.full(count.shape, np.nan)
    fewest = int(count.min(initial=len(ordered)))
    for many in range(max(known, fewest), len(ordered) + 1):
        middle = (ordered[(many - 1) // 2] + ordered[many // 2]) / 2
        np.copyto(median, middle, where=count == many)
    return median


def _comparisons(count: int) -> Iterator[tuple[int, int]]:
    """Places to compare and swap, in order, that sort `count` values: odd-even merges (Batcher, 1968)."""
    half = 1 << (count - 1).bit_length() >> 1
    width = half
    while width:
        reach, apart, place = half, width, 0
        while True:
            yield from ((low, low + apart) for low in range(count - apart) if low & width == place)
            if reach == width:
                break
            apart, reach, place = reach - width, reach >> 1, width
        width >>= 1


def last_days(values: Matrix, days: int) -> Matrix:
    """The last so many columns, or all."""
    return values[:, max(0, values.shape[1] - days) :]


def weekday_median(values: Matrix, seen: int) -> Matrix:
    """Median of the eight same weekdays before a day, of at least three; NaN where it is not above zero.

    For the last `seen` days.
    """
    median = median_of([last_days(earlier(values, 7 * week), seen) for week in range(1, WEEKS + 1)], known=3)
    return np.where(median > 0, median, np.nan)


def rest(values: Matrix, medians: Matrix) -> Matrix:
    """What a weekday of rest is compared with: `_REST` of a usual busy day, for the days of `medians`; NaN otherwise.

    A weekday of rest cost nothing in any of the eight weeks before (four of them known), in a week most of whose other
    days cost something: what works on few days has no day of rest, only days without work.
    """
    idle = np.full_like(medians, np.nan)
    idle_days = values <= 0
    rows = np.flatnonzero((idle_days[:, 7:] & idle_days[:, :-7]).any(axis=1))
    if not len(rows):
        return idle
    seen = medians.shape[1]
    weeks = np.stack([last_days(earlier(values[rows], 7 * week), seen) for week in range(1, WEEKS + 1)])
    rested = (np.isfinite(weeks).sum(axis=0) >= WEEKS // 2) & ~(weeks > 0).any(axis=0)
    busy = median_of([earlier(medians[rows], day) for day in range(1, 7)], known=4)
    idle[rows] = np.where(rested, _REST * busy, np.nan)
    return idle


def settled(values: Matrix) -> Matrix:
    """Values whose first two weeks stand at the level of their third, week by week; the rest as it is.

    A pilot that turned into use is no news on the 22nd day, the first that is judged: it goes by the level it has come
    to. A series begins where a weekday median would know nothing before, so that no day judged earlier sees this.
    """
    there = np.isfinite(values)
    known = np.zeros((values.shape[0], values.shape[1] + LOOK_BACK + 1), dtype=np.int32)
    np.cumsum(there, axis=1, out=known[:, LOOK_BACK + 1 :])
    begins = there & (known[:, LOOK_BACK:-1] == known[:, : values.shape[1]])
    rows, first = (each[:, None] for each in np.nonzero(begins[:, : max(0, values.shape[1] - 20)]))
    weeks = [values[rows, first + np.arange(7 * week, 7 * week + 7)] for week in range(3)]
    levels = [median_of(list(week.T), known=4)[:, None] for week in weeks]
    stands = values.copy()
    for week in range(2):
        with np.errstate(invalid="ignore", divide="ignore"):
            growth = levels[2] / levels[week]
        growth = np.where(np.isfinite(growth) & (growth > 0), growth, 1.0)
        stands[rows, first + np.arange(7 * week, 7 * week + 7)] = weeks[week] * growth
    return stands


@dataclass(frozen=True)
class Shared:
    """What happens to everyone on a day: one row of days (or one per series, where `with_sums`)."""

    factor: Matrix
    """Actual to weekday median of the series in the middle; 1 with fewer than `PEERS` series."""
    restless_up: Matrix
    restless_down: Matrix
    """How far up (down) the outer series lie from it, relative to the eight weeks before; 1 with fewer than `PEERS`."""
    peers: npt.NDArray[np.bool_]
    """Whether at least `PEERS` series were known on the day."""
    watched: npt.NDArray[np.bool_]
    """Whether at least half of the series known on a day were known four weeks before: what is new then is news."""

    def with_sums(self, is_sum: npt.NDArray[np.bool_]) -> Shared:
        """For series of which some are sums: nothing is taken off these, and nobody is their peer."""
        if not is_sum.any():
            return self
        alone = is_sum[:, None]
        return replace(self, factor=np.where(alone, 1.0, self.factor), peers=~alone & self.peers)


def shared(values: Matrix, medians: Matrix) -> Shared:
    """A holiday that everyone keeps is no anomaly of anyone; a day on which many differ proves less of each."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.ascontiguousarray((np.maximum(values, 0.0) / medians).T)
    quantiles = np.full((3, len(ratio)), np.nan)
    for day, of_day in enumerate(ratio):
        known = of_day[np.isfinite(of_day)]
        if len(known) >= PEERS:
            quantiles[:, day] = np.quantile(known, (1 - _FAR, 0.5, _FAR))
    peers = np.isfinite(quantiles[1])
    low, middle, high = (np.log((each[None] + _FLOOR) / (1 + _FLOOR)) for each in quantiles)
    up, down = high - middle, middle - low
    middle = known_or_zero(middle)
    factor = np.maximum(np.exp(middle) * (1 + _FLOOR) - _FLOOR, 0.02)
    there = np.isfinite(values)
    there_before = np.isfinite(earlier(values, 28))
    watched = 2 * (there & there_before).sum(axis=0) >= np.maximum(there.sum(axis=0), 1)
    return Shared(factor, _restless(up), _restless(down), peers[None], watched[None])


def _restless(spread: Matrix) -> Matrix:
    spread = np.maximum(spread, 0.02)
    relative = spread / Windows(spread).mean(1, 56, known=10)
    return np.where(np.isfinite(relative), np.maximum(relative, 0.5), 1.0)


def root_ratio(values: Matrix, expected: Matrix) -> Matrix:
    """2 (√(actual ÷ expected) − 1): between a difference and a log-ratio, −2 for nothing, and about as even as noise.

    A series' noise grows with what is expected; its rises are longer than log-normal, its falls shorter than normal.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * (np.sqrt(np.maximum(values, 0.0) / expected) - 1)


def from_root_ratio(ratio: Matrix, expected: Matrix) -> Matrix:
    """The value whose `root_ratio` to expected this is."""
    return expected * np.maximum(1 + ratio / 2, 0.0) ** 2


def level_before(residuals: Windows, window: int, seen: int) -> Matrix:
    """What the residuals of the last `window` days should be on average, from the eight weeks before these days."""
    day, week, month, month_before = _LEVEL[window]
    level = day * known_or_zero(residuals.mean(window, window, seen=seen))
    level += week * known_or_zero(residuals.mean(window + 1, window + 6, seen=seen))
    level += month * known_or_zero(residuals.mean(window + 7, window + 27, seen=seen))
    level += month_before * known_or_zero(residuals.mean(window + 28, window + 55, seen=seen))
    return level


def known_or_zero(values: Matrix) -> Matrix:
    """Zero where nothing is known: of a level, that there is no other."""
    return np.where(np.isnan(values), 0.0, values)


def spread_of(deviations: Matrix, errors: Windows, restless: Windows, window: int, seen: int) -> Matrix:
    """How far a deviation of this window usually goes: the scale that makes series and days comparable.

    A weighted geometric mean of the series' own deviations over `MEMORY` days, of its one-day `errors` in the week
    before the window, and of what is usual for any series; wider on restless days (`restless`: of their logs). The
    weights are those of a regression of log deviations, nearly the same for windows of 1 to 21 days.
    """
    own = Windows(np.minimum(np.abs(deviations), 1.0)).mean(window, window + MEMORY, known=MEMORY // 3, seen=seen)
    own = np.where(np.isfinite(own), own, USUAL)
    recent = errors.mean(window, window + 6, known=3, seen=seen)
    recent = np.where(np.isfinite(recent), recent, own)
    logs = 0.35 * np.log(recent + 0.02) + 0.4 * np.log(own + 0.02) + 0.25 * np.log(USUAL)
    return np.exp(logs + 0.6 * restless.mean(0, window - 1, seen=seen))
