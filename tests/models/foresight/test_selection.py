"""Which candidates answer, with what error, and that nothing sees past its origin."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from models.foresight.panel import Panel
from models.foresight.selection import CUTS, ENDED, WEIGHTED, best_points
from models.foresight.states import ENDED_DAYS, LEAST_ORIGINS

ORIGIN = date(2026, 3, 31)
WEEKDAYS = np.array([5.0, 5.0, 5.0, 5.0, 5.0, 1.0, 1.0])


def panel(*series: np.ndarray, origin: date | None = ORIGIN) -> Panel:
    """Series right-aligned at 31 March 2026."""
    days = max(len(values) for values in series)
    matrix = np.full((len(series), days), np.nan)
    for row, values in enumerate(series):
        matrix[row, days - len(values) :] = values
    return Panel([f"s{row}" for row in range(len(series))], matrix, origin, 0)


def noisy(days: int = 400, count: int = 8, seed: int = 5) -> Panel:
    draw = np.random.default_rng(seed)
    level = np.exp(draw.normal(3, 1, (count, 1)))
    return panel(*(level * np.resize(WEEKDAYS, days) * np.exp(draw.normal(0, 0.2, (count, days)))))


def test_a_constant_stays_what_it_is():
    points = best_points(panel(np.full(200, 3.0)), 31)
    np.testing.assert_allclose(points.values, 3.0, rtol=1e-12)
    np.testing.assert_allclose(points.backtests, 3.0, rtol=1e-12)


def test_a_working_week_goes_on():
    """25 whole weeks of 5 5 5 5 5 1 1, ending with a week's end: the next week is the same, but for the quarter
    of a flat week that a pattern starts from (1 in 25.25 of the way to flat for a full week, so 1 % of the way)."""
    points = best_points(panel(np.resize(WEEKDAYS, 25 * 7)), 14)
    np.testing.assert_allclose(points.values[0, :7], WEEKDAYS, rtol=0.04)
    assert points.values[0, :7].sum() == pytest.approx(27, rel=0.01)


def test_after_a_level_shift_the_short_memories_weigh_most():
    """Six weeks at 20 after a year at 10: half a year's mean is 12.3, the answer within a twentieth of 20."""
    points = best_points(panel(np.concatenate([np.full(300, 10.0), np.full(42, 20.0)])), 7)
    np.testing.assert_allclose(points.values, 20.0, rtol=0.05)
    weights = dict(points.errors.select("method", "weight").iter_rows())
    assert weights["median of 3 days"] > 3 * weights["median of 26 weeks"]


def test_one_mad_day_at_the_end_is_no_new_level_but_three_of_them_are():
    """A working week about 83 a day that ends with one day eightfold, or three days twofold: the month to come."""
    noise = np.random.default_rng(1).normal(1, 0.03, 90)
    calm = 100 * np.where(np.arange(90) % 7 < 5, 1.0, 0.4) * noise
    mad, shifted = calm.copy(), calm.copy()
    mad[-1] *= 8
    shifted[-3:] *= 2
    usual, after_one, after_three = best_points(panel(calm, mad, shifted), 31).values.sum(axis=1)
    assert after_one < 1.1 * usual
    assert after_three > 1.3 * usual


def test_a_walk_is_answered_by_smoothing_alone_and_without_a_week():
    """What moves like a price is expected where it was, less than one usual change of a day away: no weekday, no mean
    of weeks that the walk has left behind."""
    walks = 500 + np.random.default_rng(3).normal(0, 1, (20, 300)).cumsum(axis=1)
    points = best_points(panel(*walks), 7)
    assert points.errors.filter(method="smoothed")["weight"].min() > 0.7  # type: ignore[operator]
    assert np.abs(points.values - walks[:, -1:]).mean() < 0.4


def test_all_zero_and_nothing_known():
    points = best_points(panel(np.zeros(100), np.full(100, np.nan)), 7)
    np.testing.assert_array_equal(points.values[0], 0.0)
    assert np.isnan(points.values[1]).all()
    assert points.method == [WEIGHTED, WEIGHTED]


def test_one_day_is_answered_and_said_to_be_too_short():
    points = best_points(panel(np.array([4.0])), 7)
    np.testing.assert_allclose(points.values, 4.0)
    row = points.errors.filter(chosen=True).row(0, named=True)
    assert row["reason"] == "too short to weigh: 1 days, all weigh the same"
    assert (row["error"], row["judged_origins"]) == (None, 0)


def test_a_series_that_was_zero_for_eight_weeks_has_ended_and_says_so():
    points = best_points(panel(np.concatenate([np.full(100, 9.0), np.zeros(ENDED_DAYS)])), 7)
    assert points.method == [ENDED]
    np.testing.assert_array_equal(points.values, 0.0)
    assert points.errors.filter(chosen=True)["reason"].to_list() == ["nothing came for 56 days"]


def test_an_intermittent_series_is_expected_at_its_mean():
    """7 every tenth day is 0.7 a day; over four weeks 19.6, within the luck of where the tens fall."""
    points = best_points(panel(np.resize([7.0] + 9 * [0.0], 360)), 28)
    assert points.values.sum() == pytest.approx(19.6, rel=0.25)


def test_growth_goes_on_but_does_not_run_away():
    """10 to 30 over 200 days, 0.1 a day: half a year on, no further than as many days' growth again."""
    points = best_points(panel(np.linspace(10.0, 30.0, 200)), 180)
    assert 28 < points.values[0, 0] < 31
    assert points.values[0, -1] < 48


def test_credits_may_be_forecast_only_where_there_were_some():
    falling = np.concatenate([np.full(150, 10.0), np.linspace(10.0, 0.0, 30)])
    points = best_points(panel(falling, falling - 20), 60)
    assert points.values[0].min() >= 0
    assert points.values[1].max() < 0


def test_unknown_days_are_not_zeros():
    draw = np.random.default_rng(1)
    known = np.where(draw.random(300) < 0.3, np.nan, 6.0)
    np.testing.assert_allclose(best_points(panel(known), 14).values, 6.0, rtol=1e-9)


def test_errors_have_a_row_for_every_candidate_and_one_that_answers():
    points = best_points(noisy(), 28)
    for _, rows in points.errors.group_by("series"):
        assert rows.filter("chosen").height == 1
        assert rows.filter(~rows["chosen"])["weight"].sum() == pytest.approx(1)
        assert rows["error"].is_between(0, 1).all()
    assert points.errors["judged_origins"].unique().to_list() == [len(CUTS)]


def test_too_few_origins_weigh_all_the_same():
    points = best_points(noisy(days=7 * LEAST_ORIGINS), 7)
    assert points.errors.filter(~points.errors["chosen"])["weight"].n_unique() == 1


@pytest.mark.parametrize("cuts", [(5,), (14, 7), (0, 7), (7, 7)])
def test_earlier_origins_are_whole_weeks_back_the_latest_first(cuts: tuple[int, ...]):
    with pytest.raises(ValueError, match="whole weeks back"):
        best_points(noisy(), 7, cuts=cuts)


def test_answers_are_the_same_whatever_the_unit():
    base = noisy()
    scaled = Panel(base.names, base.values * 1024, base.origin, 0)
    np.testing.assert_allclose(best_points(scaled, 31).values, 1024 * best_points(base, 31).values, rtol=1e-9)


def test_a_back_test_is_what_would_have_been_said_then():
    """Days after an earlier origin do not change what it says, but for the weights: with all candidates
    made to agree (a series that repeats itself), changing the last week leaves the back-tests before it alone."""
    values = np.resize(WEEKDAYS, 392)
    changed = values.copy()
    changed[-7:] *= 1.01
    whole, other = best_points(panel(values), 7), best_points(panel(changed), 7)
    np.testing.assert_allclose(other.backtests, whole.backtests, rtol=2e-3)


def test_last_years_christmas_is_expected_again():
    """Eight series fall to a fifth from 24 to 31 December 2024, 0.22 of the days around. On 20 December 2025 half of
    what they had together is expected, 1 - 0.5 * 0.78 = 0.61, and half of what each had in two weeks beside that."""
    days = [date(2025, 12, 20) - timedelta(days=ago) for ago in range(399, -1, -1)]
    quiet = np.array([day.month == 12 and day.day >= 24 for day in days])
    draw = np.random.default_rng(3)
    values = 100 * np.exp(draw.normal(0, 0.05, (8, 400))) * np.where(quiet, 0.2, 1.0)
    points = best_points(panel(*values, origin=date(2025, 12, 20)), 11)
    assert points.values[:, :3].mean() == pytest.approx(100, rel=0.15)
    assert 45 < points.values[:, 4:].mean() < 61
