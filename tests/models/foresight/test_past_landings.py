"""Months as they would have been forecast: exact where they are known, by errors known then, like set against like."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from models.foresight.accuracy import MONTH_DAYS
from models.foresight.forecast import forecast
from models.foresight.outlook import FORECAST_LANDINGS, outlook
from models.foresight.panel import Absent
from models.foresight.past_landings import told_exactly
from models.foresight.series import DIMENSIONS, ITEMS, series

MADE_ON = date(2026, 11, 25)
WEEK = (10, 10, 10, 10, 10, 4, 4)


def _history(days: int = 200, noise: float = 0.0, name: str = "a") -> pl.DataFrame:
    """A quiet weekend, and a little chance, in cents."""
    chance = np.random.default_rng(sum(map(ord, name)))
    all_days = [MADE_ON - timedelta(days=back) for back in reversed(range(days))]
    values = [Decimal(f"{WEEK[day.weekday()] * (1 + noise * chance.standard_normal()):.4f}") for day in all_days]
    return pl.DataFrame(
        {"series": name, "day": all_days, "value": values},
        schema={"series": pl.String, "day": pl.Date, "value": pl.Decimal(38, 12)},
    )


def _past(history: pl.DataFrame, *of: str) -> pl.DataFrame:
    made = forecast(
        history, until=date(2027, 3, 31), absent=Absent.NO_CHARGE, as_of=MADE_ON, past_of=of or history["series"]
    )
    return told_exactly(made.past, history)


def test_each_whole_month_is_told_about_its_days_and_lands_on_what_came():
    history = _history()
    past = _past(history)
    assert set(past["month"]) >= {"2026-09", "2026-10"}
    assert "2026-11" not in set(past["month"])
    for month, about, made_on, actual, came, landing in past.select(
        "month", "about_day", "made_on", "actual", "came", "landing"
    ).iter_rows():
        days = history.filter(pl.col("day").dt.strftime("%Y-%m") == month)
        first, last = MONTH_DAYS[about]
        assert first <= made_on.day <= last
        assert came == days["value"].sum()
        assert actual == days.filter(pl.col("day") <= made_on)["value"].sum()
        assert abs(landing - came) < came / 50


def test_eighty_of_a_hundred_months_fall_inside_more_or_less():
    history = pl.concat([_history(400, 0.2, f"series {number}") for number in range(60)])
    told = _past(history).filter(pl.col("low_80").is_not_null())
    inside = told.select(pl.col("came").is_between("low_80", "high_80").mean()).item()
    assert 0.7 < inside < 0.95
    assert told.filter(~pl.col("landing").is_between("low_80", "high_80")).is_empty()
    assert (told["low_80"] > 0).all()


def test_the_first_origin_knows_no_earlier_error():
    past = _past(_history(95)).sort("made_on")
    assert past["low_80"][0] is None
    assert past["low_80"][-1] is not None


def test_only_series_that_are_asked_for_are_told():
    both = pl.concat([_history(name="a"), _history(name="b")])
    assert _past(both, "b")["series"].unique().to_list() == ["b"]
    assert forecast(both, steps=60).past.is_empty()


def test_a_month_that_was_forecast_from_another_past_is_left_out():
    history = _history()
    past = forecast(history, until=date(2027, 3, 31), as_of=MADE_ON, past_of=["a"]).past
    october = pl.col("day") == date(2026, 10, 7)
    otherwise = history.with_columns(value=pl.when(october).then(pl.col("value") * 2).otherwise("value"))
    left = told_exactly(past, otherwise)
    assert "2026-10" not in set(left["month"])
    assert "2026-09" in set(left["month"])


@pytest.mark.parametrize("dimension", ["total", "vendor", "team", "component"])
def test_the_outlook_tells_them_of_few_dimensions(dimension: str):
    days = [MADE_ON - timedelta(days=back) for back in reversed(range(120))]
    rows = [
        {"team": "voice", "provider_name": "OpenAI", "component": "model_apis", "model": "m", "sku": "s",
         "currency": "USD", "day": day, "effective_cost": Decimal(WEEK[day.weekday()]), "billed_cost": Decimal(1)}
        for day in days
    ]  # fmt: skip
    items = pl.DataFrame(rows, schema=ITEMS)
    made = series(dict.fromkeys(DIMENSIONS, items), dict.fromkeys(DIMENSIONS, items), MADE_ON)
    landings = FORECAST_LANDINGS.check(outlook(made, MADE_ON).landings)
    assert set(landings["dimension"]) == {"total", "vendor", "team", "component"}
    one = landings.filter(dimension=dimension, measure="effective_cost", month="2026-10").row(0, named=True)
    # October 2026 has 22 working days and 9 of weekends
    assert one["came"] == 22 * 10 + 9 * 4
    assert abs(one["error_pct"]) < 1
