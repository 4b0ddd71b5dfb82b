"""The parts of an anomaly's score: a bank of matched filters over windows of days, each scaled so that 1 is an alert.

A part asks one question of one shape: is this day, are these five days, these weekends, this unit price what was to be
expected? The score of a day is its loudest part. Baselines and scales come from `baselines`; frames and money do not
belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.foresight.baselines import (
    LEAD,
    LONGEST,
    LOOK_BACK,
    MEMORY,
    USUAL,
    Matrix,
    Shared,
    Windows,
    earlier,
    from_root_ratio,
    known_or_zero,
    last_days,
    level_before,
    median_of,
    rest,
    root_ratio,
    spread_of,
)

Kind = Literal["spike", "burst", "level_shift", "ramp", "drop", "weekend", "price", "runaway", "new"]


@dataclass(frozen=True)
class Detector:
    """What the last `days` days look like when their deviation is at least `alert`."""

    kind: Kind
    days: int
    alert: float


MEANS = (
    Detector("spike", 1, 7.5),
    Detector("level_shift", 7, 3.8),
    Detector("level_shift", 14, 2.6),
    Detector("ramp", 21, 3.5),
)
"""Mean deviation over the window, in usual deviations (`baselines.spread_of`)."""
EVERY_DAY = (Detector("burst", 3, 3.5), Detector("drop", 3, 4.7))
"""The least deviation of three days, upwards and downwards: every one of them is off."""
RUNAWAY = Detector("runaway", 2, 0.7)
"""Part of a doubling yesterday and another today that both days reach."""
WEEKEND = Detector("weekend", 14, 5.1)
"""Evidence of two weekends that run like other days, in usual deviations of a day."""
PRICE = Detector("price", 1, 0.06)
"""Relative change of the unit price."""
NEW = Detector("new", 1, 1.0)
"""Whether today's spend exceeds all that there was."""
DETECTORS = (*MEANS, *EVERY_DAY, RUNAWAY, WEEKEND, PRICE, NEW)
"""In the order of `Judgement.loudest`. The numbers of alert were chosen on series with anomalies planted at random, and
raised until each half of the same series without them stayed well under 0.10 false episodes per series and month."""

CERTAIN = 3.0
"""Score of spend out of nothing."""
_ECHO = (4, 7)
"""Days back, first to last, whose alert makes a later one an echo."""
_LOUDER = 1.15
"""So many times as loud as what it echoes, and it is news."""
_ALONE = 0.65
"""What a single day proves where nobody knows whether it was such a day for everyone."""
_CALM = 0.8
"""Residuals count for a level up to here, up and down: a level is not taken from an outlier."""
_CLIP = 2.0
"""A single day counts in a window of several up to so many of its usual deviations."""
_TWOFOLD, _FOURFOLD = 2 * (np.sqrt(2) - 1), 2.0
"""`root_ratio` of twice and of four times what is expected."""
_GAIN = (1.25, 2.2)
"""What a quiet weekday that runs like the others is multiplied by, at least and at most."""
_STILL = 0.3
"""Part of a window's mean deviation that its last day must reach."""
_RESTLESS_PRICE = 100.0
"""A price that used to move by 1 % must move by twice as much to be news as one that never did."""
_BAND = 2.8
"""Usual deviations (means of absolute ones) that about 95 of 100 days stay within."""


@dataclass(frozen=True)
class Judgement:
    """Of each day: the score, which of `DETECTORS` is loudest, what was expected before its window, and the band."""

    score: Matrix
    loudest: npt.NDArray[np.intp]
    expected: Matrix
    low: Matrix
    high: Matrix


HISTORY = LEAD + 2 * MEMORY + 2 * LONGEST + 2 * LOOK_BACK + _ECHO[1] + 14
"""Days before a day that its judgement depends on: what it may echo, deviations of windows over their memory, of days
clipped by the errors of theirs, against levels, against medians, of what may be a beginning."""


def judge(values: Matrix, price: Matrix, medians: Matrix, everyone: Shared, *, smallest: float, keep: int) -> Judgement:
    """Judges the last `keep` days of every series, each by itself and earlier days. NaN: too little is known.

    `values` is cost, or usage where no cost is known; `price` cost per unit of usage; `smallest` the least spend
    whose price or novelty is worth a word. `medians` and `everyone` are of the last days, as many as there are.
    """
    told, keep = keep, keep + _ECHO[1]
    idle = rest(values, medians)
    base = np.where(np.isnan(idle), medians * everyone.factor, idle)
    known = last_days(values, base.shape[1])
    rests = known <= idle  # as expected: which is no level to set other days against
    residuals = np.where(rests, np.nan, root_ratio(known, base))
    found = _Residuals(residuals, everyone, keep)
    parts = [
        found.spike() * last_days(_proof(everyone), keep),
        *(found.mean_of(detector.days) for detector in MEANS[1:]),
        *found.every_day(EVERY_DAY[0].days),
        found.runaway(),
        found.quiet_days(medians),
        _price_change(price, values, smallest / 4, keep),
        _new_spend(values, everyone.watched, smallest, keep),
    ]
    loud = np.stack([part / detector.alert for part, detector in zip(parts, DETECTORS, strict=True)])
    more = [detector.kind not in {"drop", "price", "new"} for detector in DETECTORS]
    loud[more] = _news(loud[more])
    loudest = np.argmax(np.where(np.isnan(loud), -np.inf, loud), axis=0)
    score = np.take_along_axis(loud, loudest[None], axis=0)[0]
    # what an alert is set against is the level before it, and it may have gone on for three weeks
    level = np.where(score >= 1, found.level(LONGEST), found.level(1))
    base, band = last_days(base, keep), _BAND * last_days(found.spread, keep)
    score = np.where(rests[:, -keep:], known_or_zero(score), score)
    nothing = (loudest == DETECTORS.index(NEW)) | np.isfinite(last_days(idle, keep))
    expected, low, high = (
        np.where(nothing, 0.0, from_root_ratio(each, base)) for each in (level, level - band, level + band)
    )
    return Judgement(*(each[:, -told:] for each in (score, loudest, expected, low, high)))


def _proof(everyone: Shared) -> Matrix:
    """How much a single day proves: less where there are no peers, and the less the further all of them were off."""
    return np.where(everyone.peers, np.minimum(everyone.factor, 1 / everyone.factor) ** 0.5, _ALONE)


def _news(loud: Matrix) -> Matrix:
    """Parts without echoes: what is hardly louder than an alert of the week before is that alert's, not another.

    An echo is as loud as the three days before it were, so that an alert that goes on still does.
    """
    loudest = known_or_zero(np.fmax.reduce(loud))
    lately, before = (
        np.fmax.reduce([np.zeros_like(loudest), *(earlier(loudest, day) for day in range(first, last + 1))])
        for first, last in ((1, _ECHO[0] - 1), _ECHO)
    )
    return np.minimum(loud, np.where(loudest > _LOUDER * before, np.inf, lately))


class _Residuals:
    """Residuals of some series, and what their parts of the score share."""

    def __init__(self, residuals: Matrix, everyone: Shared, keep: int) -> None:
        self._keep = keep
        self._calm = Windows(np.clip(residuals, -_CALM, _CALM))
        self._residuals = last_days(residuals, keep + 2 * MEMORY + 2 * LONGEST + 8)
        level = level_before(self._calm, 1, self._residuals.shape[1])
        deviations = self._residuals - level
        errors = np.minimum(np.abs(deviations), 1.0)
        self._errors = Windows(errors)
        self._up, self._down = (Windows(np.log(each)) for each in (everyone.restless_up, everyone.restless_down))
        seen = keep + LONGEST
        self.spread = spread_of(last_days(deviations, seen + MEMORY + 1), self._errors, self._up, 1, seen)
        self._day = last_days(deviations, seen) / self.spread
        # a single day counts in a window of several up to so many of its usual errors
        usual = self._errors.mean(1, MEMORY, known=7, seen=keep + MEMORY + 2 * LONGEST)
        usual = np.where(np.isfinite(usual), usual, USUAL) + 0.02
        bound = _CLIP * usual**0.75 * USUAL**0.25
        steady = last_days(deviations, bound.shape[1])
        self._steady = Windows(last_days(level, bound.shape[1]) + np.clip(steady, -bound, bound))

    def level(self, days: int) -> Matrix:
        """The level before the last `days` days."""
        return level_before(self._calm, days, self._keep)

    def spike(self) -> Matrix:
        """The day's deviation in usual deviations."""
        return last_days(self._day, self._keep)

    def mean_of(self, days: int) -> Matrix:
        """The mean deviation of the last days, each of them clipped, in usual deviations of so many days."""
        seen = self._keep + MEMORY + days
        before = level_before(self._calm, days, seen)
        deviations = self._steady.mean(0, days - 1, seen=seen) - before
        # what is over is not told again on the days after it
        over = last_days(self._residuals, seen) - before < _STILL * deviations
        spread = spread_of(deviations, self._errors, self._up, days, self._keep)
        return last_days(np.where(over, np.minimum(deviations, 0.0), deviations), self._keep) / spread

    def every_day(self, days: int) -> tuple[Matrix, Matrix]:
        """The least deviation of the last days, upwards and downwards, in usual deviations of a day."""
        seen = self._keep + MEMORY + days
        before = level_before(self._calm, days, seen)
        each = [last_days(earlier(self._residuals, day), seen) - before for day in range(days)]
        up, down = (spread_of(each[0], self._errors, way, days, self._keep) for way in (self._up, self._down))
        return (
            last_days(np.minimum.reduce(each), self._keep) / up,
            last_days(-np.maximum.reduce(each), self._keep) / down,
        )

    def runaway(self) -> Matrix:
        """What part of twice the expected yesterday, and of four times today, both days reach."""
        before = self.level(2)
        yesterday = last_days(earlier(self._residuals, 1), self._keep) - before
        return np.minimum((last_days(self._residuals, self._keep) - before) / _FOURFOLD, yesterday / _TWOFOLD)

    def quiet_days(self, medians: Matrix) -> Matrix:
        """Do the two quietest weekdays run like the others? A matched filter over the quiet days of two weeks.

        The week's profile is that of three weeks ago, which the change itself does not move; what busy days do
        together (a level) is taken off.
        """
        spread = self.spread
        seen = spread.shape[1]
        profile = [last_days(earlier(medians, 21 + day), seen) for day in range(7)]
        quieter = np.zeros(spread.shape, dtype=np.int8)
        for other in profile[1:]:
            quieter += other < profile[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = np.clip(median_of(profile, known=7) / profile[0], *_GAIN)
        gain = 2 * (np.sqrt(gain) - 1)
        quiet = (quieter < 2) & np.isfinite(gain)
        residuals = last_days(self._residuals, seen)
        busy = Windows(np.where(quiet, np.nan, np.clip(residuals, -3 * spread, 3 * spread))).mean(0, 6)
        excess = np.clip(residuals - 0.7 * known_or_zero(busy), -1.5 * spread, gain + 1.5 * spread)
        evidence = Windows(np.where(quiet, excess * gain / spread**2, 0.0)).mean(0, WEEKEND.days - 1, seen=self._keep)
        possible = Windows(np.where(quiet, gain**2 / spread**2, 0.0)).mean(0, WEEKEND.days - 1, seen=self._keep)
        filtered = evidence * np.sqrt(WEEKEND.days) / np.sqrt(np.maximum(possible, 1e-6))
        return np.where(quiet[:, -filtered.shape[1] :], filtered, np.nan)


def _price_change(price: Matrix, values: Matrix, smallest: float, keep: int) -> Matrix:
    """Against the median of seven earlier days up to five weeks back: a new price is news for two weeks.

    Less what the price used to move: cost ÷ usage of a fixed fee, or of a mix, is no price that somebody set.
    """
    seen = keep + 42
    usual = median_of([last_days(earlier(price, day), seen) for day in (1, 3, 7, 14, 21, 28, 35)], known=3)
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.abs(last_days(price, seen) / usual - 1)
    restless = Windows(np.minimum(change, 1.0)).mean(8, 42, known=14, seen=keep)
    change = last_days(change, keep) / (1 + _RESTLESS_PRICE * restless)
    return np.where(last_days(values, keep) >= smallest, change, np.nan)


def _new_spend(values: Matrix, watched: npt.NDArray[np.bool_], smallest: float, keep: int) -> Matrix:
    """Is today more than all of the eight weeks that ended a week ago, while others were watched for four weeks?

    Eight weeks, so that a fee by the month is not new each month; a week, for which what is new stays news.
    """
    before = known_or_zero(Windows(values).mean(7, 62, seen=keep)) * 56
    today = last_days(values, keep)
    fresh = (today >= smallest) & (today > before) & watched[:, -today.shape[1] :]
    return np.where(fresh, CERTAIN, np.nan)
