"""Landings: periods of the calendar, intervals of sums, and the probability to end above an amount."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.foresight.intervals import errors_of
from models.foresight.landing import (
    BOUNDS,
    FAR,
    MONTH,
    QUARTER,
    Period,
    drifts,
    period_of,
    periods,
    probability_above,
    sum_errors,
    sum_quantiles,
)
from models.foresight.panel import Panel
from models.foresight.selection import Points

WEEKS = tuple(range(7, 366, 7))


def test_periods_are_calendar_months_and_quarters() -> None:
    assert period_of(date(2024, 2, 10), MONTH).last == date(2024, 2, 29)
    december = period_of(date(2026, 12, 31), MONTH)
    assert (december.label, december.first, december.last) == ("2026-12", date(2026, 12, 1), date(2026, 12, 31))
    quarter = period_of(date(2026, 12, 31), QUARTER)
    assert (quarter.label, quarter.first, quarter.last) == ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))
    assert quarter.before.label == "2026-Q3"
    assert period_of(date(2027, 1, 1), MONTH).before == december


def test_what_is_left_of_a_period_counts_from_the_origin() -> None:
    november = period_of(date(2026, 11, 16), MONTH)
    assert november.steps(date(2026, 11, 16)) == (0, 14)
    assert november.steps(date(2026, 11, 30)) == (0, 0)
    assert period_of(date(2026, 12, 1), MONTH).steps(date(2026, 11, 16)) == (14, 45)


def test_before_just_some_days_lie_as_many() -> None:
    window = Period("rolling", date(2026, 11, 10), date(2026, 12, 9))
    assert window.before == Period("rolling", date(2026, 10, 11), date(2026, 11, 9))
    assert window.label == "2026-11-10 to 2026-12-09"


def test_only_far_windows_that_no_origin_judges_drift_besides() -> None:
    quarter_of_a_year = tuple(range(7, 64, 7))  # six origins see 28 days whole
    assert list(drifts(quarter_of_a_year, (0, FAR))) == [0, 0, 0]
    # 365 - 28 days unseen: a mean level that is off by 40 % x 337 / 729 = 18.5 %; 80 % lie within 1.2816 of that
    assert drifts(quarter_of_a_year, (0, 365))[1] == pytest.approx(0.4 * 337 / 729 * 1.2816, rel=1e-4)
    assert list(drifts(tuple(range(7, 440, 7)), (0, 365))) == [0, 0, 0]


@pytest.mark.parametrize(
    ("origin", "horizon", "labels"),
    [
        (date(2026, 11, 16), 13, []),
        (date(2026, 11, 16), 14, ["2026-11"]),
        (date(2026, 11, 30), 31, ["2026-11", "2026-12", "2026-Q4"]),
        (date(2026, 12, 31), 90, ["2026-12", "2027-01", "2027-02", "2027-03", "2026-Q4", "2027-Q1"]),
    ],
)
def test_only_periods_that_are_forecast_to_their_end_land(origin: date, horizon: int, labels: list[str]) -> None:
    assert [period.label for period in periods(origin, horizon)] == labels


def landing_width(walk: bool) -> float:
    """Half of the 80 % interval of the sum of 20 days, in money; days are 100 and off by 10."""
    random = np.random.default_rng(5)
    days = random.normal(0, 10, (100, 400))
    if walk:  # a whole 20 days are off alike: every origin has its own error
        days = np.repeat(random.normal(0, 10, (100, 58)), 7, axis=1)[:, :400]
    panel = Panel([str(at) for at in range(100)], 100 + days, None)
    points = Points(np.full((100, 20), 100.0), np.full((len(WEEKS), 100, 20), 100.0), WEEKS, ["x"] * 100, None)  # type: ignore[arg-type]
    errors = errors_of(panel, points)
    low, high = sum_quantiles(sum_errors(errors, (0, 20)), errors)
    return float((high[1] - low[1]) / 2 * errors.unit_ahead.sum(axis=1).mean())


def test_errors_that_cancel_leave_a_narrow_sum_and_errors_that_go_together_a_wide_one() -> None:
    # independent days: standard deviation √20 × 10 = 44.7, 80 % within ± 1.28 of it = 57
    assert landing_width(walk=False) == pytest.approx(57, rel=0.15)
    # whole weeks alike: 7² + 7² + 6² days at most go together: √134 × 10 = 116 → ± 148
    assert landing_width(walk=True) == pytest.approx(148, rel=0.15)


def row(**amounts: float) -> pl.DataFrame:
    return pl.DataFrame({name: [amount] for name, amount in amounts.items()})


def test_the_probability_to_end_above_an_amount_follows_the_bounds() -> None:
    bounds = dict(zip(BOUNDS, (95.0, 106, 90, 112, 80, 130), strict=True))
    landing = row(landing=100.0, **bounds)
    for amount, above in ((100, 0.5), (106, 0.25), (95, 0.75), (112, 0.1), (90, 0.9), (130, 0.025), (80, 0.975)):
        assert probability_above(landing, pl.Series([amount])).item() == pytest.approx(above)
    assert probability_above(landing, pl.Series([109])).item() == pytest.approx(0.175)  # half way from 25 % to 10 %
    # beyond the outermost bound the tail falls as it fell from 10 % (112) to 2.5 % (130): to a quarter over 18
    assert probability_above(landing, pl.Series([148])).item() == pytest.approx(0.025 / 4)


def test_what_is_over_is_certain_and_what_is_unknown_is_null() -> None:
    over = row(landing=100.0, **dict.fromkeys(BOUNDS, 100.0))
    assert probability_above(over, pl.Series([99.99])).item() == 1
    assert probability_above(over, pl.Series([100])).item() == 0
    assert probability_above(over, pl.Series([None], dtype=pl.Float64)).item() is None
