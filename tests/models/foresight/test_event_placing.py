"""Known events find the series that they are of, so that every dimension moves by the same money."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.foresight.event_placing import items_from, launched, place
from models.foresight.events import Event, Kind
from models.foresight.series import DIMENSIONS, ITEMS, KEY, SERIES, series

DAY = date(2026, 11, 25)
AHEAD, UNTIL = date(2026, 12, 1), date(2027, 3, 31)


def _items() -> pl.DataFrame:
    """Voice spends 60 at OpenAI and 20 at AWS, search 20 at OpenAI."""
    rows = [("voice", "OpenAI", "gpt", "60"), ("voice", "AWS", None, "20"), ("search", "OpenAI", "gpt", "20")]
    return pl.DataFrame(
        [
            {"team": team, "provider_name": vendor, "model": model, "currency": "USD", "day": DAY,
             "effective_cost": Decimal(cost), "billed_cost": Decimal(cost)}
            for team, vendor, model, cost in rows
        ],
        schema=ITEMS,
    )  # fmt: skip


def _names(*dimensions: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is forecast of effective cost, numbered, and what it cost by day."""
    made = series(dict.fromkeys(DIMENSIONS, _items()), dict.fromkeys(DIMENSIONS, _items()), DAY)
    chosen = made.filter(pl.col("dimension").is_in(dimensions)).with_row_index("n")
    named = chosen.with_columns(series=pl.col("n").cast(pl.String), measure=pl.lit("effective_cost"))
    return named.select("series", "measure", *KEY), named.select("series", "day", value="effective_cost")


def _placed(event: Event, *dimensions: str) -> dict[str, float | None]:
    names, history = _names(*dimensions)
    called = {row[0]: row[1] or row[2] for row in names.select("series", "value", "dimension").iter_rows()}
    events = place([event], names, history, _items(), UNTIL).events
    return {called[moved.scope["series"]]: moved.change_pct or moved.amount_per_day for moved in events}


def test_an_event_of_a_team_is_part_of_every_other_series() -> None:
    """Voice + 30 % is 24 a day, 24 % of the total of 100; at OpenAI it is 60 · 30 % = 18, which is 22.5 % of 80."""
    event = Event("Launch", Kind.LAUNCH, AHEAD, {"team": "voice"}, change_pct=30)
    told = _placed(event, "total", "team", "vendor", "model")
    expected = {"total": 24.0, "voice": 30.0, "OpenAI": 22.5, "AWS": 30.0, "gpt": 22.5, "model": 30.0}
    assert told == pytest.approx(expected)


def test_an_amount_is_spread_as_the_costs_of_its_scope_are() -> None:
    event = Event("Launch", Kind.LAUNCH, AHEAD, {"team": "voice", "currency": "USD"}, amount_per_day=8)
    assert _placed(event, "total", "team", "vendor") == pytest.approx({"total": 8, "voice": 8, "OpenAI": 6, "AWS": 2})


def test_an_event_of_everything_is_the_same_share_of_each() -> None:
    event = Event("Discount", Kind.PRICE_CHANGE, AHEAD, price_pct=-10)
    told = _placed(event, "total", "team", "vendor")
    assert told == pytest.approx(dict.fromkeys(("total", "voice", "search", "OpenAI", "AWS"), -10.0))


def test_what_is_not_forecast_by_its_dimension_still_moves_the_total() -> None:
    """There is no billed cost by model, but a model's end ends 80 of the total's 100."""
    event = Event("End", Kind.END, AHEAD, {"model": "gpt"})
    assert _placed(event, "total", "vendor") == pytest.approx({"total": -80.0, "OpenAI": -100.0})


def test_an_event_of_nothing_is_told() -> None:
    names, history = _names("total", "team")
    for scope in ({"team": "nobody"}, {"team": "voice", "currency": "EUR"}):
        event = Event("Launch", Kind.LAUNCH, AHEAD, scope, change_pct=30)
        assert place([event], names, history, _items(), UNTIL).unapplied == {"Launch": "what it names has no cost"}


def test_an_amount_of_what_has_no_cost_yet_begins_a_series() -> None:
    """Its vendor, model and key are not known yet, so that it is of none."""
    event = Event("New", Kind.LAUNCH, AHEAD, {"team": "new", "currency": "USD"}, amount_per_day=8)
    made = series(dict.fromkeys(DIMENSIONS, _items()), dict.fromkeys(DIMENSIONS, _items()), DAY)
    begun = launched(made, DAY, [event])
    assert begun.schema == SERIES
    assert set(begun.select("dimension", "value_name", "effective_cost").iter_rows()) == {
        ("team", "new", 0), ("vendor", "no vendor", 0), ("sku", "no SKU", 0),
    }  # fmt: skip
    assert launched(made, DAY, [Event("Old", Kind.LAUNCH, AHEAD, {"team": "voice"}, change_pct=5)]).is_empty()


def _after(costs: dict[date, str]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Names, history and items of voice, which costs as told, beside search with 20 a day from the first of these."""
    days = [min(costs) + timedelta(days=at) for at in range((DAY - min(costs)).days + 1)]
    rows = [("voice", day, costs[day]) for day in costs] + [("search", day, "20") for day in days]
    items = pl.DataFrame(
        [
            {"team": team, "provider_name": "OpenAI", "currency": "USD", "day": day, "effective_cost": Decimal(cost),
             "billed_cost": Decimal(cost)}
            for team, day, cost in rows
        ],
        schema=ITEMS,
    )  # fmt: skip
    made = series(dict.fromkeys(("total", "team"), items), dict.fromkeys(("total", "team"), items), DAY)
    named = made.with_columns(series=pl.col("value_name"), measure=pl.lit("effective_cost"))
    names = named.select("series", "measure", *KEY).unique(maintain_order=True)
    return names, named.select("series", "day", value="effective_cost"), items


def test_a_past_event_is_of_what_cost_before_it() -> None:
    """Voice cost 60 beside search's 20 until it ended: three quarters of the total, and nothing is left of it since."""
    end = date(2026, 10, 27)
    names, history, items = _after({end - timedelta(days=back): "60" for back in range(1, 40)})
    told = place([Event("End", Kind.END, end, {"team": "voice"})], names, history, items, UNTIL)
    assert {moved.scope["series"]: moved.change_pct for moved in told.events} == pytest.approx(
        {"voice": -100.0, "total": -75.0}
    )
    assert items_from([Event("End", Kind.END, end)], DAY) == end - timedelta(days=28)
    assert items_from([Event("End", Kind.END, AHEAD)], DAY) == DAY - timedelta(days=27)


def test_an_event_that_makes_no_difference_is_in_no_series_and_says_why() -> None:
    names, history, items = _after({DAY - timedelta(days=back): "60" for back in range(40)})
    for reason, day, percent in (
        ("it is after the days that are forecast", date(2029, 1, 1), 30.0),
        ("all that is known of what it names is from after it", date(2016, 1, 1), 30.0),
        ("it changes less than 0.05 %", AHEAD, 0.04),
        ("what it names had no cost in the four weeks before", min(history["day"]) + timedelta(days=1), 30.0),
    ):
        team = "search" if "had no cost" not in reason else "nobody"
        event = Event("Launch", Kind.LAUNCH, day, {"team": team}, change_pct=percent)
        told = place([event], names, history, items, UNTIL)
        assert (told.events, told.unapplied) == ([], {"Launch": reason})


def test_a_series_that_began_after_an_event_does_not_have_it() -> None:
    names, history, items = _after({date(2026, 9, 1): "20", **{DAY - timedelta(days=back): "60" for back in range(9)}})
    history = history.filter((pl.col("series") != "voice") | (pl.col("day") > DAY - timedelta(days=9)))
    event = Event("Discount", Kind.PRICE_CHANGE, date(2026, 10, 1), price_pct=-10)
    told = place([event], names, history, items, UNTIL)
    assert {moved.scope["series"] for moved in told.events} == {"total", "search"}
