"""Public holidays: what one is worth of the usual day that it falls on, from past ones and from Sundays.

Few holidays lie in a history. Each past one of a series counts one, and PRIOR what it would be if holidays were as far
from a usual day as Sundays are, as far as those of the panel were: what stands still on Sundays does so on holidays,
unless the panel tells otherwise. Which days are holidays is the caller's word. The same days a year ago are
`seasonality`, from histories without their holidays, so that none counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from models.foresight import known
from models.foresight.panel import Panel
from models.foresight.seasonality import WEEK

PRIOR = 1.0
"""Past holidays that the panel's word is worth: by back-tests on cash machines of England and bicycles of Madrid."""
NEAR_WEEKS = 4
"""A usual day is the mean of its weekday so many weeks before and after."""
RECENT_DAYS = 56
"""Sundays and working days of so many last days are compared."""
MOST = 2.0
"""A holiday counts up to so many times a usual day."""
SMALLEST = 0.02
"""A holiday that changes less of a day is none that anybody is told of."""

_SUNDAY = 6


@dataclass(frozen=True)
class Holidays:
    """Public holidays of a place, under a name; any days."""

    name: str
    days: frozenset[date]


@dataclass(frozen=True)
class HolidayFactors:
    """Factors of days, 1 on all but holidays on working days.

    `past` (n, days) from all holidays of the history, to restate it by; `told` (n, days + horizon) from those before
    each day, to forecast by.
    """

    past: np.ndarray
    told: np.ndarray

    @property
    def show(self) -> np.ndarray:
        """(n) whether a holiday ahead changes a day."""
        return np.abs(self.told[:, self.past.shape[1] :] - 1).max(axis=1, initial=0.0) >= SMALLEST


def holiday_factors(panel: Panel, horizon: int, holidays: Holidays) -> HolidayFactors | None:
    """Of every series; None without dates, or where no holiday falls on a working day of the history or ahead."""
    if panel.origin is None or not holidays.days:
        return None
    n, days = panel.values.shape
    day = np.datetime64(panel.origin) + np.arange(1 - days, horizon + 1)
    is_free = np.isin(day, np.array(sorted(holidays.days), dtype="datetime64[D]"))
    kept = np.flatnonzero(is_free & np.is_busday(day))
    if not len(kept):
        return None
    changed = np.full((n, len(kept)), np.nan)
    for place, at in enumerate(kept[kept < days]):
        changed[:, place] = _changed(panel.values, int(at), is_free)
    effect = _effects(changed, _of_sundays(panel.values, day[:days], is_free[:days]))
    factors = HolidayFactors(np.ones((n, days)), np.ones((n, days + horizon)))
    factors.told[:, kept] = 1 + effect[:, :-1]
    factors.past[:, kept[kept < days]] = 1 + effect[:, -1:]
    return factors


def _changed(values: np.ndarray, at: int, is_free: np.ndarray) -> np.ndarray:
    """(n) by which part of a usual day a holiday differed from it; NaN where either is unknown or it is nothing."""
    near = at + WEEK * np.arange(-NEAR_WEEKS, NEAR_WEEKS + 1)
    near = near[(near >= 0) & (near < values.shape[1])]
    usual = known.mean(values[:, near[~is_free[near]]], axis=1)
    told = usual > 0
    return np.where(told, np.clip(values[:, at] / np.where(told, usual, 1.0), 0.0, MOST) - 1, np.nan)


def _of_sundays(values: np.ndarray, day: np.ndarray, is_free: np.ndarray) -> np.ndarray:
    """(n) by which part a Sunday is less than a working day; who works on Sundays more (a weekly run) does not
    therefore do so on holidays."""
    last = slice(max(len(day) - RECENT_DAYS, 0), None)
    is_sunday = (day[last].astype(np.int64) + 3) % WEEK == _SUNDAY
    usual = ~is_free[last]
    working = known.mean(values[:, last][:, np.is_busday(day[last]) & usual], axis=1)
    told = working > 0
    sunday = known.mean(values[:, last][:, is_sunday & usual], axis=1) / np.where(told, working, 1.0)
    return np.where(told & np.isfinite(sunday), np.clip(sunday, 0.0, 1.0) - 1, 0.0)


def _effects(changed: np.ndarray, of_sundays: np.ndarray) -> np.ndarray:
    """(n, holidays + 1) what is known of each holiday by those before it; last, what is known by all."""
    seen = np.isfinite(changed)
    came = np.where(seen, changed, 0.0)
    square = float((of_sundays**2).mean())
    told: np.ndarray = seen.max(axis=0, initial=False)
    together = np.where(told, (came * of_sundays[:, None]).sum(axis=0) / np.maximum(seen.sum(axis=0), 1), 0.0)
    alike = (_before(together) + PRIOR * square) / (_before(told) + PRIOR) / (square if square > 0 else 1.0)
    prior = np.clip(alike, 0.0, 1.0) * of_sundays[:, None]
    return (_before(came) + PRIOR * prior) / (_before(seen) + PRIOR)


def _before(values: np.ndarray) -> np.ndarray:
    """Sums along the last axis of what is before each place, and last of all."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), values.cumsum(axis=-1)], axis=-1)
