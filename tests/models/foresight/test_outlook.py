"""The outlook as tables: parts are the total to the cent, months land where actual and rest say, events are in it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.foresight.events import Event, Kind
from models.foresight.holiday_factors import Holidays
from models.foresight.outlook import MEASURES, Outlook, horizon_of, outlook
from models.foresight.series import DIMENSIONS, ITEMS, series

MADE_ON = date(2026, 11, 25)
DAYS = [MADE_ON - timedelta(days=back) for back in reversed(range(120))]
WEEK = (10, 10, 10, 10, 10, 4, 4)


def _items() -> pl.DataFrame:
    """Two teams with a quiet weekend for 120 days, one of them buys at AWS in EUR besides; cents and less."""
    rows = [
        {"team": team, "provider_name": vendor, "model": vendor.lower(), "sku": f"{vendor}-1", "currency": currency,
         "day": day, "effective_cost": Decimal(WEEK[day.weekday()]) * size, "billed_cost": Decimal(size)}
        for day in DAYS
        for team, vendor, currency, size in (
            ("voice", "OpenAI", "USD", Decimal("1.003")),
            ("search", "OpenAI", "USD", Decimal("20.0007")),
            ("search", "AWS", "USD", Decimal("3.33")),
            ("search", "AWS", "EUR", Decimal(5)),
        )
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=ITEMS)


def _outlook(*events: Event) -> Outlook:
    items = _items()
    made = series(dict.fromkeys(DIMENSIONS, items), dict.fromkeys(DIMENSIONS, items), MADE_ON)
    return outlook(made, MADE_ON, events, items.filter(pl.col("day") > MADE_ON - timedelta(days=28)))


@pytest.fixture(scope="module")
def made() -> Outlook:
    return _outlook()


def test_it_reaches_to_the_end_of_the_next_quarter(made: Outlook) -> None:
    assert horizon_of(MADE_ON) == date(2027, 3, 31) == made.forecasts["day"].max()
    assert made.forecasts["day"].min() == date(2026, 11, 26)
    assert horizon_of(date(2026, 12, 31)) == date(2027, 3, 31)


def test_parts_of_every_dimension_are_the_total_on_each_day(made: Outlook) -> None:
    sums = made.forecasts.group_by("measure", "currency", "day", "dimension").agg(pl.col("expected").sum())
    by_day = sums.group_by("measure", "currency", "day").agg(
        different=pl.col("expected").n_unique(), dimensions=pl.len()
    )
    assert by_day["different"].unique().to_list() == [1]
    by_measure = {measure: len(dimensions) for measure, dimensions in MEASURES.items()}
    assert dict(by_day.select("measure", "dimensions").unique().iter_rows()) == by_measure
    cents = made.forecasts["expected"] * 100
    assert (cents == cents.round(0)).all()


def test_a_month_lands_where_actual_and_rest_say(made: Outlook) -> None:
    total = made.month_end.filter(measure="effective_cost", dimension="total", currency="USD")
    november = total.row(by_predicate=pl.col("period") == "2026-11", named=True)
    # 25 days of November 2026 are 18 weekdays and 7 days of weekends, the first of them a Sunday
    spent = (18 * 10 + 7 * 4) * (Decimal("1.003") + Decimal("20.0007") + Decimal("3.33"))
    assert november["actual"] == spent
    rest = (
        made.forecasts.filter(
            pl.col("day") <= date(2026, 11, 30), measure="effective_cost", dimension="total", currency="USD"
        )
        .select(pl.col("expected").sum())
        .item()
    )
    assert november["expected_rest"] == rest
    assert november["landing"] == spent + rest
    assert november["days_left"] == 5
    # three weekdays and a weekend at the same pace
    assert float(rest) == pytest.approx((3 * 10 + 2 * 4) * 24.3337, rel=0.02)


def test_what_follows_a_month_under_way_is_set_against_where_that_lands(made: Outlook) -> None:
    total = made.month_end.filter(measure="effective_cost", dimension="total", currency="USD", period_kind="month")
    landings, before = total["landing"].to_list(), total["previous"].to_list()
    assert before[1:] == landings[:-1]
    assert total["change"].to_list()[1:] == [this - last for last, this in zip(before[1:], landings[1:], strict=True)]


def test_each_series_has_one_chosen_candidate_with_its_reason(made: Outlook) -> None:
    chosen = made.accuracy.filter("chosen")
    assert chosen.select("measure", "dimension", "vendor", "value", "currency").is_duplicated().any() is False
    assert chosen.height == made.forecasts.select("measure", "dimension", "vendor", "value", "currency").n_unique()
    assert chosen["reason"].null_count() == 0


def test_the_weights_of_candidates_are_published_and_sum_to_the_forecast(made: Outlook) -> None:
    key = ["measure", "dimension", "vendor", "value", "currency"]
    weights = made.accuracy.filter(~pl.col("chosen")).group_by(key).agg(pl.col("weight").sum())
    assert weights["weight"].to_list() == pytest.approx([1.0] * weights.height)
    assert made.accuracy.filter("chosen")["weight"].unique().to_list() == [1.0]


def test_an_event_moves_all_dimensions_alike_and_is_told_in_each_row(made: Outlook) -> None:
    """Voice costs 10.03 on a weekday; a launch that doubles it adds as much to vendor, model and total."""
    launch = Event("Launch", Kind.LAUNCH, date(2026, 12, 1), {"team": "voice"}, change_pct=100)
    moved = _outlook(launch)
    key = ["measure", "dimension", "value", "currency", "day"]
    both = moved.forecasts.join(made.forecasts, on=key, nulls_equal=True, suffix="_without")
    wednesday = both.filter(day=date(2026, 12, 2), measure="effective_cost", currency="USD")
    more = wednesday.select("dimension", "value", more=pl.col("expected") - pl.col("expected_without"))
    sums = more.group_by("dimension").agg(pl.col("more").sum())
    assert sums["more"].n_unique() == 1
    assert float(sums["more"][0]) == pytest.approx(10.03, rel=0.05)
    assert moved.forecasts.filter(dimension="team", value="voice")["events"].unique().to_list() == ["Launch"]
    assert moved.forecasts.filter(currency="EUR")["events"].drop_nulls().is_empty()


def test_what_has_ended_stays_ended_in_every_dimension() -> None:
    """Voice ended 10 days ago: nothing is expected of it, and nothing of it in the total."""
    end = MADE_ON - timedelta(days=10)
    items = _items().filter((pl.col("team") != "voice") | (pl.col("day") < end))
    rows = series(dict.fromkeys(DIMENSIONS, items), dict.fromkeys(DIMENSIONS, items), MADE_ON)
    told = outlook(rows, MADE_ON, [Event("Voice ends", Kind.END, end, {"team": "voice"})], items)
    december = told.month_end.filter(period="2026-12", measure="effective_cost", currency="USD")
    assert december.filter(value="voice")["landing"].to_list() == [0]
    # 23 weekdays and 4 weekends of December 2026
    whole = (23 * 10 + 8 * 4) * 23.3307
    assert float(december.filter(dimension="total")["landing"][0]) == pytest.approx(whole, rel=0.03)
    assert december.group_by("dimension").agg(pl.col("landing").sum())["landing"].n_unique() == 1


def test_what_is_known_is_told_with_why_it_is_in_no_forecast() -> None:
    far = Event("Far", Kind.LAUNCH, date(2029, 1, 1), {"team": "voice"}, change_pct=100)
    near = Event("Near", Kind.LAUNCH, date(2026, 12, 1), {"team": "voice"}, change_pct=100)
    items = _items()
    rows = series(dict.fromkeys(DIMENSIONS, items), dict.fromkeys(DIMENSIONS, items), MADE_ON)
    step = {"Agreement": "it is of part of what OpenAI sells"}
    holidays = Holidays("public holidays of GB", frozenset({date(2026, 12, 25)}))
    told = outlook(rows, MADE_ON, [far, near], items, holidays=holidays, untold=step).events
    assert told.select("name", "day", "in_forecasts", "reason").rows() == [
        ("Agreement", None, False, "it is of part of what OpenAI sells"),
        ("Far", date(2029, 1, 1), False, "it is after the days that are forecast"),
        ("Near", date(2026, 12, 1), True, None),
        ("public holidays of GB", None, True, None),
    ]


def test_a_holiday_costs_what_a_quiet_day_does_and_parts_still_add_up() -> None:
    """A Sunday costs 4 of a weekday's 10; Christmas Day of 2026 is a Friday."""
    items = _items()
    rows = series(dict.fromkeys(DIMENSIONS, items), dict.fromkeys(DIMENSIONS, items), MADE_ON)
    christmas = date(2026, 12, 25)
    told = outlook(rows, MADE_ON, holidays=Holidays("public holidays of GB", frozenset({christmas}))).forecasts
    dollars = told.filter(measure="effective_cost", currency="USD", day=christmas)
    sums = dollars.group_by("dimension").agg(pl.col("expected").sum())["expected"]
    assert sums.n_unique() == 1
    assert float(sums[0]) == pytest.approx(4 * 24.3337, rel=0.02)
    assert dollars["events"].unique().to_list() == ["public holidays of GB"]


def test_no_series_no_rows() -> None:
    nothing = outlook(series({}, {}, MADE_ON), MADE_ON)
    assert (nothing.forecasts.height, nothing.month_end.height, nothing.accuracy.height) == (0, 0, 0)
