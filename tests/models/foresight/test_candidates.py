"""Every candidate on histories whose level is known, at several origins at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from models.foresight.candidates import CANDIDATES, Candidate, Seasonless, median_of_days, median_of_weeks

every_candidate = pytest.mark.parametrize("candidate", CANDIDATES.values(), ids=list(CANDIDATES))


def levels(candidate: Candidate, values: Sequence[float], cuts: Sequence[int] = (0,)) -> list[float]:
    return candidate(Seasonless.of(np.array([values], dtype=float)), cuts).level[:, 0].tolist()


@every_candidate
def test_a_constant_is_its_own_level_at_every_origin(candidate: Candidate):
    assert levels(candidate, [4.0] * 70, (0, 7, 63)) == pytest.approx([4, 4, 4])


@every_candidate
def test_before_the_first_known_day_nothing_is_said(candidate: Candidate):
    assert np.isnan(levels(candidate, [np.nan] * 7 + [4.0] * 14, (14, 21, 28))).all()


@every_candidate
def test_an_earlier_origin_says_what_a_shorter_history_says(candidate: Candidate):
    draw = np.random.default_rng(0)
    values = draw.gamma(4.0, size=(5, 140))
    then = candidate(Seasonless.of(values), (14,))
    short = candidate(Seasonless.of(values[:, :-14]), (0,))
    np.testing.assert_allclose(then.level, short.level)
    np.testing.assert_allclose(then.drift, short.drift)


@every_candidate
def test_a_few_days_are_enough_to_say_something(candidate: Candidate):
    assert levels(candidate, [5.0]) == pytest.approx([5])


def test_a_median_does_not_see_one_bad_day():
    """28 days at 2, one of them 100: the mean would be 5.5, the median is 2."""
    days = [2.0] * 28
    days[20] = 100.0
    history = Seasonless(np.ones((1, 4, 7)), np.array([days]), np.full((1, 4), 2.0), np.array([False]))
    assert median_of_days(28)(history, (0,)).level[0, 0] == 2


def test_what_is_rare_is_the_cost_of_a_series_that_is_mostly_zero():
    """14 once a week is 2 a day, though the median day and the winsorised week are 0."""
    weekly = [0.0, 0, 0, 14, 0, 0, 0] * 8
    assert levels(median_of_days(28), weekly) == pytest.approx([2])
    assert levels(median_of_weeks(8), weekly) == pytest.approx([2])


def test_a_quiet_weekend_says_nothing_about_the_level():
    """Weekdays at 10, weekends at 0.01, seen on a Sunday: the mean day of that week is 50 / 7 = 7.1, not 0."""
    week = [10.0] * 5 + [0.01] * 2
    assert levels(CANDIDATES["median of 3 days"], week * 26) == pytest.approx([50 / 7], rel=0.02)
