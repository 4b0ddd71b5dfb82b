"""The parts of an anomaly's score: a bank of matched filters over windows of days, each scaled so that 1 is an alert.

A part asks one question of one shape: is this day, are these five days, these three weekends, this unit price what was
to be expected? The score of a day is its loudest part, which also names the kind. Baselines and scales come from
`baselines`; frames and money do not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.foresight.baselines import (
    Matrix,
    Shared,
    earlier,
    level_before,
    median_of,
    spread_of,
    window_mean,
)

Kind = Literal["spike", "burst", "level_shift", "ramp", "drop", "weekend", "price", "runaway", "new"]


@dataclass(frozen=True)
class Detector:
    """A window of days, a direction, and the number of usual deviations at which it alerts."""

    kind: Kind
    days: int
    alert: float
    """Chosen on series of which half were held back, at 0.10 false episodes per series and month."""


RISES = (
    Detector("spike", 1, 6.9),
    Detector("burst", 2, 5.5),
    Detector("burst", 3, 4.3),
    Detector("burst", 4, 4.0),
    Detector("burst", 5, 3.8),
    Detector("level_shift", 7, 3.7),
    Detector("level_shift", 14, 3.1),
    Detector("ramp", 21, 2.9),
    Detector("ramp", 28, 3.1),
)
FALL = Detector("drop", 2, 6.4)
WEEKEND = Detector("weekend", 21, 4.3)
PRICE = Detector("price", 1, 0.06)
"""Relative change of the unit price against its median of four weeks."""
NEW = Detector("new", 1, 1.0)
"""Today's spend against all of the four weeks before."""
DETECTORS = (*RISES, FALL, WEEKEND, PRICE, NEW)


@dataclass(frozen=True)
class Judgement:
    """Of each day: the score, which of `DETECTORS` is loudest, and what was expected."""

    score: Matrix
    loudest: np.ndarray
    expected: Matrix
    low: Matrix
    high: Matrix


def judge(cost: Matrix, usage: Matrix, medians: Matrix, everyone: Shared, smallest: float) -> Judgement:
    """Judges every day of every series by itself and earlier days. NaN: too little is known to judge."""
    expected = medians * np.maximum(np.exp(everyone.change) * 1.03 - 0.03, 0.02)
    residuals = _root_ratio(cost, expected)
    level = np.clip(residuals, -0.8, 0.8)
    errors = np.minimum(np.abs(residuals - level_before(level, 1)), 1.0)
    parts: list[Matrix] = []
    spreads: dict[int, Matrix] = {}
    for detector in RISES:
        before = level_before(level, detector.days)
        today = residuals if detector.days == 1 else np.clip(residuals, -1.0, 0.8)
        deviations = window_mean(today, 0, detector.days - 1) - before
        spreads[detector.days] = spread_of(deviations, errors, everyone.unrest, detector.days)
        # what is over is not told again on the days after it
        still = today - before >= 0.5 * np.abs(deviations)
        part = deviations / spreads[detector.days] / detector.alert
        parts.append(part if detector.days == 1 else np.where(still, part, np.minimum(part, 0.0)))
    fall = -parts[0] * RISES[0].alert
    parts.append(np.minimum(fall, earlier(fall, 1)) / FALL.alert)
    parts.append(_quiet_days(residuals, medians, spreads[1]) / WEEKEND.alert)
    parts.append(_unit_price(cost, usage, smallest) / PRICE.alert)
    parts.append(_new_spend(cost, smallest) / NEW.alert)
    everything = np.stack(parts)
    known = np.isfinite(everything)
    loudest = np.argmax(np.where(known, everything, -np.inf), axis=0)
    score = np.take_along_axis(everything, loudest[None], axis=0)[0]
    one_step = expected * (1 + np.clip(level_before(level, 1), -1, 1) / 2) ** 2
    return Judgement(
        score,
        loudest,
        one_step,
        one_step * np.maximum(1 - 1.5 * spreads[1], 0) ** 2,
        one_step * (1 + 1.5 * spreads[1]) ** 2,
    )


def _root_ratio(values: Matrix, expected: Matrix) -> Matrix:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * (np.sqrt(np.maximum(values, 0.0) / expected) - 1)


def _quiet_days(residuals: Matrix, medians: Matrix, spread: Matrix) -> Matrix:
    """Do the two quietest weekdays run like the others? Sum over three weeks, on quiet days only."""
    profile = [earlier(medians, 21 + day) for day in range(7)]
    quieter = sum((other < profile[0]).astype(np.int8) for other in profile[1:])
    usual = median_of(profile, known=7)
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = np.minimum(np.maximum(1.25, usual / profile[0]) - 1, 1.2)
    quiet = (quieter < 2) & np.isfinite(gain)
    around = np.nan_to_num(window_mean(np.where(quiet, np.nan, np.clip(residuals, -3 * spread, 3 * spread)), 0, 13))
    excess = np.clip(residuals - 0.7 * around, -2.5 * spread, gain + 2.5 * spread)
    evidence = window_mean(np.where(quiet, excess * gain / spread**2, 0.0), 0, 20)
    possible = window_mean(np.where(quiet, gain**2 / spread**2, 0.0), 0, 20)
    return np.where(quiet, evidence / np.sqrt(np.maximum(possible, 1e-6)) * np.sqrt(21), np.nan)


def _unit_price(cost: Matrix, usage: Matrix, smallest: float) -> Matrix:
    with np.errstate(invalid="ignore", divide="ignore"):
        price = np.where((usage > 0) & (cost > 0), cost / usage, np.nan)
        usual = median_of([earlier(price, day) for day in (1, 2, 3, 7, 14, 21, 28)], known=3)
        return np.where(cost >= smallest, np.abs(price / usual - 1), np.nan)


def _new_spend(cost: Matrix, smallest: float) -> Matrix:
    before = np.nan_to_num(window_mean(cost, 1, 28)) * 28
    fresh = (cost >= smallest) & (cost > before)
    fresh[:, :28] = False
    return np.where(fresh, 3.0, np.nan)
