"""Patterns of the week and of last year, on histories whose season is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from models.foresight.panel import Panel
from models.foresight.seasonality import (
    CHANCE_WITHOUT_DATES,
    RECURS,
    by_week,
    mostly_zero,
    week_patterns,
    year_factors,
)

ORIGIN = date(2026, 3, 31)


def year_panel(values: np.ndarray, origin: date | None = ORIGIN) -> Panel:
    return Panel([f"s{row}" for row in range(len(values))], values, origin, 0)


def test_weeks_end_at_the_origin():
    weeks = by_week(np.arange(10.0)[None, :])
    np.testing.assert_array_equal(weeks, [[[np.nan] * 4 + [0, 1, 2], [3, 4, 5, 6, 7, 8, 9]]])


def test_a_pattern_is_the_mean_share_of_each_day_in_its_week():
    """Weeks of 3 3 3 3 3 0 0 have the mean 15/7, shares 1.4 and 0. After 26 of them and a quarter of a flat week:
    (26 * 1.4 + 0.25) / 26.25 = 1.396 and 0.25 / 26.25 = 0.0095."""
    pattern = week_patterns(np.resize([3.0, 3, 3, 3, 3, 0, 0], (1, 26, 7)))[0, -1]
    np.testing.assert_allclose(pattern, [1.396] * 5 + [0.0095] * 2, atol=2e-2)
    assert pattern.mean() == pytest.approx(1)


def test_a_pattern_known_at_the_end_of_a_week_does_not_see_later_ones():
    draw = np.random.default_rng(0)
    weeks = draw.gamma(2.0, size=(3, 40, 7))
    np.testing.assert_array_equal(week_patterns(weeks[:, :20]), week_patterns(weeks)[:, :20])


def test_noise_has_hardly_a_pattern_and_without_dates_none():
    noise = np.exp(np.random.default_rng(1).normal(0, 0.3, (200, 52, 7)))
    assert np.abs(week_patterns(noise)[:, -1] - 1).mean() < 0.05
    assert np.abs(week_patterns(noise, CHANCE_WITHOUT_DATES)[:, -1] - 1).mean() < 0.005


@pytest.mark.parametrize("week", [[0.0] * 7, [-1.0] * 7, [np.nan] * 7, [1.0] * 6 + [np.nan]])
def test_without_a_whole_positive_week_a_pattern_is_flat(week: list[float]):
    np.testing.assert_array_equal(week_patterns(np.resize(week, (1, 8, 7))), 1.0)


def test_mostly_zero_counts_known_days():
    values = np.array([[0, 0, 1.0], [0, 1, 1], [np.nan, np.nan, 0], [np.nan, 0, 1]])
    np.testing.assert_array_equal(mostly_zero(values), [True, False, True, False])


def test_half_of_what_a_series_alone_had_a_year_ago_is_expected_again():
    """A series of 10 that was 20 for the four weeks from 1 April 2025. The level around 14 April holds 28 such days of
    the 60 to 119 around it; whatever it is, the ratio is 20 / level and half of its excess over 1 is expected."""
    days = np.array([ORIGIN - timedelta(days=ago) for ago in range(399, -1, -1)])
    high = (days >= date(2025, 4, 1)) & (days < date(2025, 4, 29))
    factors = year_factors(year_panel(np.where(high, 20.0, 10.0)[None, :]), 30)[0]
    at = int(np.flatnonzero(days == date(2025, 4, 15))[0])
    around = np.where(high, 20.0, 10.0)[max(at - 59, 0) : at + 60].mean()
    assert factors[400 + 14] == pytest.approx(1 + RECURS * (20 / around - 1), abs=0.05)


def test_what_chance_makes_of_a_few_series_is_not_shared():
    """Independent noise: the mean of eight series moves as chance has it, so hardly anything is expected of it."""
    noise = np.exp(np.random.default_rng(2).normal(0, 0.3, (8, 400)))
    factors = year_factors(year_panel(noise), 31)
    assert np.abs(factors - 1).mean() < 0.06


@pytest.mark.parametrize(
    ("days", "origin"), [(300, ORIGIN), (400, None)], ids=["less than a year", "steps without a calendar"]
)
def test_no_year_no_factor(days: int, origin: date | None):
    np.testing.assert_array_equal(year_factors(year_panel(np.ones((2, days)), origin), 31), 1.0)


def test_about_the_new_year_dates_stand_beside_dates_and_else_weekdays_beside_weekdays():
    """All series are at a tenth on 25 December 2024 and on Monday 5 May 2025. On 20 December 2025, 25 December is low;
    a year after the May day Monday 4 May 2026 is."""
    for fallen, origin, expected in (
        (date(2024, 12, 25), date(2025, 12, 20), date(2025, 12, 25)),
        (date(2025, 5, 5), date(2026, 4, 28), date(2026, 5, 4)),
    ):
        days = [origin - timedelta(days=ago) for ago in range(399, -1, -1)]
        draw = np.random.default_rng(4)
        values = np.exp(draw.normal(0, 0.01, (20, 400))) * np.array([0.1 if day == fallen else 1.0 for day in days])
        ahead = year_factors(year_panel(values, origin), 14)[:, 400:].mean(axis=0)
        assert origin + timedelta(days=int(ahead.argmin()) + 1) == expected
        assert ahead.min() == pytest.approx(1 - RECURS * 0.9, abs=0.06)
