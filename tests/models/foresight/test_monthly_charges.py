"""Monthly charges: what falls due on a day of the month, as known at each origin, and that noise is none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from models.foresight.forecast import forecast
from models.foresight.hierarchy import Partition
from models.foresight.monthly_charges import monthly_charges
from models.foresight.panel import Panel
from models.foresight.selection import best_points

ORIGIN = date(2026, 11, 15)
DAYS = [ORIGIN - timedelta(days=back) for back in reversed(range(300))]
HORIZON = 46
"""To the end of the year."""
AHEAD = [ORIGIN + timedelta(days=step) for step in range(1, HORIZON + 1)]


def panel(*series: np.ndarray) -> Panel:
    return Panel([f"s{at}" for at in range(len(series))], np.array(series), ORIGIN)


def with_fee(fee: float, *due: date, usual: float = 100.0) -> np.ndarray:
    """Each day its usual, the due days the fee on top."""
    return np.array([usual + fee * (day in due) for day in DAYS])


def on(day: int, *months: int) -> list[date]:
    """A day of months of 2026, of a shorter one the last."""
    ends = [date(2026 + month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in months]
    return [end.replace(day=min(day, end.day)) for end in ends]


def due(values: np.ndarray, cut: int = 0) -> dict[date, float]:
    """What is known to fall due at an origin `cut` days back, in the days after it."""
    found = monthly_charges(panel(values), HORIZON, (0, cut))
    if found is None:
        return {}
    days = [day - timedelta(days=cut) for day in AHEAD]
    return {day: float(amount) for day, amount in zip(days, found.ahead[1, 0], strict=True) if amount}


YEAR = range(1, 12)


def test_a_fee_on_the_first_is_on_the_next_first_and_in_no_level() -> None:
    """To the end of the year 46 usual days of 100 and one fee of 1,000."""
    values = with_fee(1000, *on(1, *YEAR))
    assert due(values) == {date(2026, 12, 1): 1000}
    points = best_points(panel(values), HORIZON)
    assert points.values[0][AHEAD.index(date(2026, 12, 1))] == pytest.approx(1100)
    assert points.values.sum() == pytest.approx(46 * 100 + 1000)


def test_a_fee_on_the_31st_falls_on_the_last_day_of_a_shorter_month() -> None:
    assert due(with_fee(1000, *on(31, *range(1, 11)))) == {date(2026, 11, 30): 1000, date(2026, 12, 31): 1000}


def test_a_fee_on_the_30th_does_not_move_to_the_31st() -> None:
    assert due(with_fee(1000, *on(30, *range(1, 11)))) == {date(2026, 11, 30): 1000, date(2026, 12, 30): 1000}


def test_a_fee_that_waits_for_a_working_day_does_so_ahead() -> None:
    """The 12th is a Sunday in April and July and a Saturday in September; so it is in December."""
    waits = [day + timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0)) for day in on(12, *YEAR)]
    assert due(with_fee(1000, *waits)) == {date(2026, 12, 14): 1000}


def test_a_fee_that_did_not_come_has_ended() -> None:
    assert due(with_fee(1000, *on(1, *range(1, 11)))) == {}


def test_a_fee_that_grew_goes_on_as_it_is_now() -> None:
    grown = with_fee(1000, *on(1, *range(1, 10))) + with_fee(1300, *on(1, 10, 11), usual=0)
    assert due(grown) == {date(2026, 12, 1): 1300}


def test_two_of_the_same_amount_are_a_fee_two_of_any_are_not() -> None:
    assert due(with_fee(1000, *on(9, 10, 11))) == {date(2026, 12, 9): 1000}
    assert due(with_fee(1000, *on(9, 10)) + with_fee(1500, *on(9, 11), usual=0)) == {}


def test_two_fees_of_a_month_are_two() -> None:
    both = with_fee(1000, *on(1, *YEAR)) + with_fee(400, *on(20, *range(1, 11)), usual=0)
    assert due(both) == {date(2026, 11, 20): 400, date(2026, 12, 1): 1000, date(2026, 12, 20): 400}


def test_what_is_nothing_but_a_fee_costs_nothing_else() -> None:
    points = best_points(panel(with_fee(49, *on(7, *YEAR), usual=0)), HORIZON)
    assert points.values[0][AHEAD.index(date(2026, 12, 7))] == pytest.approx(49)
    assert points.values.sum() == pytest.approx(49)


def test_a_monthly_credit_is_one_too() -> None:
    assert due(with_fee(-250, *on(3, *YEAR))) == {date(2026, 12, 3): -250}


def test_a_fee_is_found_among_weeks_and_noise() -> None:
    """A fifth of noise, weekends a third; the fee is known but for what the day itself differs."""
    noise = np.random.default_rng(5).lognormal(0, 0.2, len(DAYS))
    week = np.array([30.0 if day.weekday() > 4 else 100.0 for day in DAYS])
    found = due(week * noise + with_fee(1000, *on(1, *YEAR), usual=0))
    assert list(found) == [date(2026, 12, 1)]
    assert found[date(2026, 12, 1)] == pytest.approx(1000, abs=60)


@pytest.mark.parametrize("rare", [1.0, 0.1], ids=["every day", "one day of ten"])
def test_noise_has_no_fees(rare: float) -> None:
    """Of 2,000 series of noise fewer than one in a hundred."""
    random = np.random.default_rng(7)
    noise = random.lognormal(0, 1, (2000, len(DAYS))) * (random.random((2000, len(DAYS))) < rare)
    found = monthly_charges(panel(*noise), HORIZON, (0,))
    assert found is None or (found.ahead[0] != 0).any(axis=1).mean() < 0.01


def test_an_earlier_origin_knows_what_fell_due_by_then() -> None:
    """On 1 November, two weeks back, there was one fee; later ones told of no earlier day."""
    values = with_fee(1000, *on(25, 8, 9, 10))
    assert due(values, cut=28) == {date(2026, 10, 25): 1000, date(2026, 11, 25): 1000}
    assert due(values, cut=56) == {}
    assert due(values[:], cut=28) == due(np.where(np.array(DAYS) > date(2026, 10, 18), 7.0, values), cut=28)


def test_steps_have_no_months() -> None:
    assert monthly_charges(Panel(["s"], with_fee(1000, *on(1, *YEAR))[None], None), HORIZON, (0,)) is None


def test_a_vendor_with_a_fee_and_its_total_add_up() -> None:
    amounts = {
        "a": with_fee(1000, *on(1, *YEAR)),
        "b": np.random.default_rng(3).lognormal(4, 0.3, len(DAYS)).round(2),
    }
    amounts["all"] = amounts["a"] + amounts["b"]
    rows = [(name, day, Decimal(str(round(value, 2)))) for name, values in amounts.items()
            for day, value in zip(DAYS, values.tolist(), strict=True)]  # fmt: skip
    history = pl.DataFrame(
        rows, schema={"series": pl.String, "day": pl.Date, "value": pl.Decimal(38, 12)}, orient="row"
    )
    told = forecast(history, until=date(2026, 12, 31), partitions=[Partition("all", "vendor", ("a", "b"))]).days
    wide = told.pivot("series", index="day", values="expected")
    assert (wide["a"] + wide["b"] == wide["all"]).all()
    first = wide.filter(pl.col("day") == date(2026, 12, 1))
    assert first["all"][0] > 1000


def test_a_known_fee_makes_no_day_less_sure() -> None:
    """The same noise with and without a fee of thirty days: intervals of each day are as wide, to a tenth."""
    noise = np.random.default_rng(3).lognormal(4, 0.3, (20, len(DAYS)))
    fee = with_fee(30 * 57.0, *on(1, *YEAR), usual=0)
    first = date(2026, 12, 1)
    widths = [
        forecast(_long(values), until=first, judged=False).days.filter(day=first).select(
            width=pl.col("high_80") - pl.col("low_80")
        )["width"].mean()
        for values in (noise, noise + fee)
    ]  # fmt: skip
    assert widths[1] == pytest.approx(widths[0], rel=0.1)


def _long(values: np.ndarray) -> pl.DataFrame:
    return pl.concat(
        pl.DataFrame({"series": str(at), "day": DAYS, "value": row}) for at, row in enumerate(values)
    )  # fmt: skip
