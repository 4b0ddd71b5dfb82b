"""Public holidays: what past ones and Sundays say that a holiday costs of a usual day, in levels and ahead."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.foresight.forecast import forecast
from models.foresight.holiday_factors import HolidayFactors, Holidays, holiday_factors
from models.foresight.panel import Panel
from models.foresight.selection import best_points

ORIGIN = date(2026, 11, 25)
DAYS = [ORIGIN - timedelta(days=back) for back in reversed(range(150))]
HORIZON = 36
"""To the end of the year."""
CHRISTMAS, BOXING_DAY, SATURDAY = date(2026, 12, 25), date(2026, 12, 28), date(2026, 12, 26)
"""A Friday, a Monday, and a Saturday that is no working day anyway."""
AUGUST, OCTOBER = date(2026, 8, 31), date(2026, 10, 12)
"""Mondays."""


def days(sunday: float, working: float = 10.0, **holiday: float) -> np.ndarray:
    """10 a weekday; `holiday`: what `august` and `october` cost."""
    values = np.array([sunday if day.isoweekday() > 5 else working for day in DAYS])
    for name, day in (("august", AUGUST), ("october", OCTOBER)):
        values[DAYS.index(day)] = holiday.get(name, working)
    return values


def factors(*series: np.ndarray, free: tuple[date, ...]) -> HolidayFactors:
    panel = Panel([str(at) for at in range(len(series))], np.array(series), ORIGIN)
    found = holiday_factors(panel, HORIZON, Holidays("public holidays of GB", frozenset(free)))
    assert found is not None
    return found


def of(found: HolidayFactors, day: date, row: int = 0) -> float:
    return float(found.told[row, len(DAYS) - 1 + (day - ORIGIN).days])


def test_what_stands_still_on_sundays_does_so_on_holidays() -> None:
    """A Sunday costs 4 of a day's 10; nothing else is told of any other day."""
    found = factors(days(4), free=(CHRISTMAS, SATURDAY, BOXING_DAY))
    assert of(found, CHRISTMAS) == of(found, BOXING_DAY) == pytest.approx(0.4)
    assert (found.told != 1).sum() == 2
    assert found.show.tolist() == [True]


def test_a_past_holiday_counts_as_much_as_what_the_panel_says() -> None:
    """It cost 8 of 10, 0.2 less, a Sunday 0.6 less. The panel's holidays are as far off as Sundays to the part
    (0.2 × 0.6 + 1 × 0.36) / (2 × 0.36) = 2/3: 0.4 less. The mean of 0.2 and 0.4 is 0.3 less."""
    found = factors(days(4, october=8), free=(OCTOBER, CHRISTMAS))
    assert of(found, CHRISTMAS) == pytest.approx(0.7)
    assert found.past[0, DAYS.index(OCTOBER)] == pytest.approx(0.7)


def test_what_others_do_on_holidays_tells_of_a_series_that_saw_none() -> None:
    """Nine series work on holidays though not on Sundays; the tenth began after the last holiday."""
    young = np.where(np.array(DAYS) > OCTOBER, days(4), np.nan)
    found = factors(*[days(4)] * 9, young, free=(AUGUST, OCTOBER, CHRISTMAS))
    assert of(found, CHRISTMAS, row=9) == pytest.approx(1 - 0.6 / 3, abs=0.001)


def test_an_earlier_holiday_knows_of_none_after_it() -> None:
    """That of August is told by Sundays alone; for the history it is what all say."""
    found = factors(days(4, august=8, october=8), free=(AUGUST, OCTOBER, CHRISTMAS))
    assert of(found, AUGUST) == pytest.approx(0.4)
    assert of(found, OCTOBER) == pytest.approx(0.7)
    assert found.past[0, DAYS.index(AUGUST)] == found.past[0, DAYS.index(OCTOBER)] == of(found, CHRISTMAS)


@pytest.mark.parametrize("values", [days(10), days(0, working=0), days(15)], ids=["daily", "nothing", "on Sundays"])
def test_what_runs_on_every_day_or_costs_nothing_knows_no_holiday(values: np.ndarray) -> None:
    found = factors(values, free=(OCTOBER, CHRISTMAS))
    assert of(found, CHRISTMAS) == 1
    assert not found.show.any()


def test_no_dates_or_no_holiday_no_factors() -> None:
    gb = Holidays("public holidays of GB", frozenset({CHRISTMAS}))
    assert holiday_factors(Panel(["s"], days(4)[None], None), HORIZON, gb) is None
    assert holiday_factors(Panel(["s"], days(4)[None], ORIGIN), 5, gb) is None


def test_a_holiday_is_in_the_day_ahead_and_in_no_level() -> None:
    """Without the calendar the quiet Monday of October pulls its weekday down a little; with it, it does not."""
    panel = Panel(["s"], days(4, august=4, october=4)[None], ORIGIN)
    gb = Holidays("public holidays of GB", frozenset({AUGUST, OCTOBER, CHRISTMAS}))
    told, without = (best_points(panel, HORIZON, holidays=of).values[0] for of in (gb, None))
    ahead = [ORIGIN + timedelta(days=step) for step in range(1, HORIZON + 1)]
    assert told[ahead.index(CHRISTMAS)] == pytest.approx(4, rel=0.02)
    assert told[ahead.index(BOXING_DAY)] == pytest.approx(10, rel=0.01)
    assert without[ahead.index(CHRISTMAS)] == pytest.approx(10, rel=0.01)


def test_a_fee_on_a_holiday_is_charged_in_full() -> None:
    """1,000 on the 25th of each month, Christmas Day among them, which else costs 4."""
    fee = np.array([1000.0 * (day.day == 25) for day in DAYS])
    panel = Panel(["s"], (days(4) + fee)[None], ORIGIN)
    told = best_points(panel, HORIZON, holidays=Holidays("GB", frozenset({CHRISTMAS}))).values[0]
    assert told[(CHRISTMAS - ORIGIN).days - 1] == pytest.approx(1004, abs=2)


def test_rows_say_which_holidays_are_in_them() -> None:
    history = pl.concat(
        pl.DataFrame({"series": name, "day": DAYS, "value": values}) for name, values in
        {"quiet": days(4), "daily": days(10)}.items()
    )  # fmt: skip
    told = forecast(history, until=date(2026, 12, 31), holidays=Holidays("GB", frozenset({CHRISTMAS}))).days
    assert dict(told.select("series", "events").unique().iter_rows()) == {"quiet": "GB", "daily": None}
