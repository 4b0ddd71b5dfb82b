"""Public holidays as events: what past ones and Sundays say that a holiday costs of a usual day."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from models.foresight.holiday_events import Holidays, holiday_events

CHRISTMAS, BOXING_DAY, SATURDAY = date(2026, 12, 25), date(2026, 12, 28), date(2026, 12, 26)
"""A Friday, a Monday, and a Saturday that is no working day anyway."""
MADE_ON = date(2026, 11, 25)
PAST = date(2026, 10, 12)
"""A Monday."""


def _history(sunday: float, holiday: float | None = None) -> pl.DataFrame:
    """Eighty days of 10 a weekday; `holiday`: what the past one cost."""
    days = [MADE_ON - timedelta(days=back) for back in reversed(range(80))]
    values = [sunday if day.isoweekday() > 5 else 10.0 for day in days]
    if holiday is not None:
        values[days.index(PAST)] = holiday
    return pl.DataFrame({"series": "s", "day": days, "value": values})


def _pct(history: pl.DataFrame, *days: date) -> list[tuple[date, float | None]]:
    events = holiday_events(history, Holidays("public holidays of GB", frozenset(days)), date(2027, 3, 31))
    assert {(event.name, event.until == event.day) for event in events} <= {("public holidays of GB", True)}
    return [(event.day, event.change_pct) for event in events]


def test_what_stands_still_on_sundays_does_so_on_holidays() -> None:
    """A Sunday costs 4 of a day's 10: 60 % less."""
    assert _pct(_history(4), CHRISTMAS, SATURDAY, BOXING_DAY) == [
        (CHRISTMAS, pytest.approx(-60)), (BOXING_DAY, pytest.approx(-60))
    ]  # fmt: skip


def test_a_past_holiday_counts_as_much_as_sunday_and_is_restated() -> None:
    """It cost 8 of 10, a Sunday 4: the mean of 80 % and 40 % is 60 %, which is 40 % less."""
    assert _pct(_history(4, holiday=8), PAST, CHRISTMAS) == [
        (PAST, pytest.approx(-40)),
        (CHRISTMAS, pytest.approx(-40)),
    ]


def test_what_runs_on_every_day_knows_no_holiday() -> None:
    assert _pct(_history(10), CHRISTMAS) == []
    assert _pct(_history(25), CHRISTMAS) == []  # what is run on Sundays is not therefore run on holidays


def test_what_costs_nothing_knows_no_holiday() -> None:
    assert _pct(_history(0).with_columns(value=pl.lit(0.0)), CHRISTMAS) == []


def test_holidays_after_the_horizon_or_before_the_history_are_none() -> None:
    assert _pct(_history(4), date(2027, 4, 2), date(2026, 5, 1)) == []
