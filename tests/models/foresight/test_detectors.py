"""What makes an alert, shown on one series among others: what is news, and what a single day proves."""

from __future__ import annotations

import numpy as np
import pytest

from models.foresight.baselines import Matrix, shared, weekday_median
from models.foresight.detectors import Judgement, judge

DAYS = 140
WEEK = (100.0, 104.0, 102.0, 98.0, 96.0, 40.0, 36.0)


def shops(count: int) -> Matrix:
    """So many series of twenty weeks with a weekday pattern and noise of 4 %."""
    noise = np.random.default_rng(1).normal(0, 0.04, (count, DAYS))
    return np.resize(np.array(WEEK), DAYS) * np.exp(noise)


def judged(values: Matrix) -> Judgement:
    medians = weekday_median(values, DAYS)
    no_price = np.full_like(values, np.nan)
    return judge(values, no_price, medians, shared(values, medians), smallest=10.0, keep=DAYS)


@pytest.mark.parametrize(("factor", "alerts"), [(3.0, [120]), (9.0, [120, 125])], ids=["an echo", "louder, so news"])
def test_a_second_alert_within_a_week_must_be_louder(factor: float, alerts: list[int]) -> None:
    values = shops(25)
    values[0, 120] *= 3
    values[0, 125] *= factor
    assert [int(day) for day in np.flatnonzero(judged(values).score[0] >= 1)] == alerts


def test_a_single_day_proves_less_without_peers() -> None:
    values = shops(25)
    values[0, 120] *= 2
    assert judged(values[:1]).score[0, 120] < judged(values).score[0, 120]


def test_a_single_day_proves_less_when_everyone_is_off() -> None:
    ordinary, holiday = shops(25), shops(25)
    ordinary[0, 120] *= 2
    # everyone rests, one of them half as much as the others
    holiday[:, 120] *= 0.3
    holiday[0, 120] *= 2
    assert judged(holiday).score[0, 120] < judged(ordinary).score[0, 120]
