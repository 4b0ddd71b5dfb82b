"""Exponential smoothing of many series at once: levels, trends and drifts at every day, in one pass over the days.

Every method here is a linear recursion of two numbers per series (`Recursion`): what is expected of the next day, and
what that expectation is moving by. A grid of recursions runs side by side; each series takes the one whose errors up to
then were least. Since the state is known at every day, an earlier origin costs nothing extra, and what is answered at
an origin depends on days up to it only. Seasons do not belong here: take them out first (`seasonality`).

Matrices of values are (n, days), right-aligned: the last column is the origin, NaN a day before the series began or
an unknown one. `cuts` are the days left off the end (0 = now). Answers are (cuts, n, horizon), NaN where a series has
no known day before the cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

MEMORY = 0.99
"""Weight of yesterday's error beside today's, where a recursion is chosen by its errors: half after 69 days."""

ORDINARY = 1.5
"""A day's change counts towards the drift up to this many mean absolute changes: the rest of a jump is not a trend."""

PRIOR_DAYS = 60.0
"""How many days without any drift a series is thought to have had before its first."""

_TOGETHER = 512
"""Series that run through the days together: their states fit the processor's cache."""


class Recursion(NamedTuple):
    """How a day moves a state (expected, moving): state ← moves · state + gain · (value - expected)."""

    moves: tuple[tuple[float, float], tuple[float, float]]
    gain: tuple[float, float]


def simple(level: float) -> Recursion:
    """Simple exponential smoothing (Brown 1956): the expectation goes by `level` of each error; 1 is the last value."""
    return Recursion(((1.0, 0.0), (0.0, 0.0)), (level, 0.0))


def damped(level: float, trend: float, keeps: float) -> Recursion:
    """A trend that fades by `keeps` a day and learns `trend` of each change of level (Gardner & McKenzie 1985)."""
    return Recursion(((1.0, keeps), (0.0, keeps)), (level + keeps * level * trend, keeps * level * trend))


def complex_smoothing(real: float, imaginary: float) -> Recursion:
    """Complex exponential smoothing without a season (Svetunkov, Kourentzes & Ord 2022), in its state space form."""
    return Recursion(((1.0, imaginary - 1.0), (1.0, 1.0 - real)), (real - imaginary, real + imaginary))


LEVELS = tuple(simple(level) for level in (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0))
TRENDS = tuple(damped(*each) for each in product((0.1, 0.3, 0.6, 1.0), (0.05, 0.2), (0.8, 0.95)))


def flat_level(values: np.ndarray, cuts: Sequence[int], horizon: int) -> np.ndarray:
    """Simple exponential smoothing: flat at the level."""
    return smoothed(values, cuts, horizon, LEVELS)


def fading_trend(values: np.ndarray, cuts: Sequence[int], horizon: int) -> np.ndarray:
    """A level with a trend that fades, or without any."""
    return smoothed(values, cuts, horizon, LEVELS + TRENDS)


def drifting_level(values: np.ndarray, cuts: Sequence[int], horizon: int) -> np.ndarray:
    """Simple exponential smoothing that goes on by the drift: the theta method (Assimakopoulos & Nikolopoulos 2000,
    Hyndman & Billah 2003), with a drift that jumps do not move in place of half the slope of a line."""
    return flat_level(values, cuts, horizon) + drift(values, cuts)[:, :, None] * np.arange(1, horizon + 1)


def drifting_walk(values: np.ndarray, cuts: Sequence[int], horizon: int) -> np.ndarray:
    """The last known value, going on by the drift: for what moves like a price, where older values tell nothing."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(values.shape[1]), 0), axis=1)
    walk = _at(np.take_along_axis(values, last, axis=1), cuts)
    return walk[:, :, None] + drift(values, cuts)[:, :, None] * np.arange(1, horizon + 1)


def drift(values: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """(cuts, n) change a day: the mean of the daily changes, each held within ORDINARY mean absolute changes so far,
    and PRIOR_DAYS days without change among them. NaN without a known day, 0 with one."""
    change = np.diff(values, axis=1, prepend=np.nan)
    known = np.isfinite(change)
    days = np.maximum(known.cumsum(axis=1), 1)
    bound = ORDINARY * np.where(known, np.abs(change), 0.0).cumsum(axis=1) / days
    total = np.where(known, np.clip(change, -bound, bound), 0.0).cumsum(axis=1)
    slope = np.where(np.isfinite(values).cumsum(axis=1) > 0, total / (days + PRIOR_DAYS), np.nan)
    return _at(slope, cuts)


def smoothed(values: np.ndarray, cuts: Sequence[int], horizon: int, recursions: Sequence[Recursion]) -> np.ndarray:
    """What the recursion with the least discounted squared one-day errors up to the cut expects, per series and cut."""
    paths = _paths(recursions, horizon)
    out = np.full((len(cuts), len(values), horizon), np.nan)
    for first in range(0, len(values), _TOGETHER):
        states, errors = run(values[first : first + _TOGETHER], cuts, recursions)
        best = errors.argmin(axis=1)
        chosen = np.take_along_axis(states, best[:, None, None, :], axis=1)[:, 0]
        out[:, first : first + _TOGETHER] = np.einsum("csn,cnhs->cnh", chosen, paths[best])
    return out


def run(values: np.ndarray, cuts: Sequence[int], recursions: Sequence[Recursion]) -> tuple[np.ndarray, np.ndarray]:
    """States (cuts, recursions, 2, n) and discounted sums of squared one-day errors (cuts, recursions, n) at each cut.

    A series starts with its first known value as expectation, moving by nothing. An unknown day moves the state as
    expected: no error.
    """
    n, days = values.shape
    moves = np.array([each.moves for each in recursions])[:, :, :, None]
    gain = np.array([each.gain for each in recursions])[:, :, None]
    states = np.full((len(cuts), len(recursions), 2, n), np.nan)
    errors = np.zeros((len(cuts), len(recursions), n))
    kept = {days - cut - 1: at for at, cut in enumerate(cuts)}
    known = np.isfinite(values)
    starts = known & (known.cumsum(axis=1) == 1)
    steady = known.all(axis=0) & ~starts.any(axis=0)
    expected, moving = np.full((2, len(recursions), n), np.nan)
    error_sum = np.zeros_like(expected)
    for day, value in enumerate(values.T):
        error = value - expected
        if not steady[day]:
            error[:, ~known[:, day] | starts[:, day]] = 0.0
        error_sum *= MEMORY
        error_sum += error * error
        expected, moving = (
            moves[:, 0, 0] * expected + moves[:, 0, 1] * moving + gain[:, 0] * error,
            moves[:, 1, 0] * expected + moves[:, 1, 1] * moving + gain[:, 1] * error,
        )
        if not steady[day]:
            expected[:, starts[:, day]] = value[starts[:, day]]
            moving[:, starts[:, day]] = 0.0
        if day in kept:
            states[kept[day], :, 0], states[kept[day], :, 1], errors[kept[day]] = expected, moving, error_sum
    return states, errors


def _paths(recursions: Sequence[Recursion], horizon: int) -> np.ndarray:
    """(recursions, horizon, 2): how much of a state is expected 1, 2, … days ahead."""
    moves = np.array([each.moves for each in recursions])
    row = np.tile(np.array([[1.0, 0.0]]), (len(recursions), 1))
    path = [row]
    for _ in range(horizon - 1):
        path.append(np.einsum("rs,rst->rt", path[-1], moves))
    return np.stack(path, axis=1)


def _at(daily: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """(cuts, n) of what is known at every day; NaN before the first column."""
    days = daily.shape[1]
    return np.stack([daily[:, days - cut - 1] if cut < days else np.full(len(daily), np.nan) for cut in cuts])
