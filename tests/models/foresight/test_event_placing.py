"""Known events find the series that they are of, so that every dimension moves by the same money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from models.foresight.event_placing import launched, place
from models.foresight.events import Event, Kind
from models.foresight.series import DIMENSIONS, ITEMS, KEY, SERIES, series

DAY = date(2026, 11, 25)
AHEAD = date(2026, 12, 1)


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
    """What is forecast of effective cost, numbered, and what it cost."""
    made = series(dict.fromkeys(DIMENSIONS, _items()), dict.fromkeys(DIMENSIONS, _items()), DAY)
    chosen = made.filter(pl.col("dimension").is_in(dimensions)).with_row_index("n")
    named = chosen.with_columns(series=pl.col("n").cast(pl.String), measure=pl.lit("effective_cost"))
    return named.select("series", "measure", *KEY), named.select("series", cost="effective_cost")


def _placed(event: Event, *dimensions: str) -> dict[str, float | None]:
    names, costs = _names(*dimensions)
    called = {row[0]: row[1] or row[2] for row in names.select("series", "value", "dimension").iter_rows()}
    events = place([event], names, costs, _items()).events
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
    names, costs = _names("total", "team")
    for scope in ({"team": "nobody"}, {"team": "voice", "currency": "EUR"}):
        event = Event("Launch", Kind.LAUNCH, AHEAD, scope, change_pct=30)
        assert place([event], names, costs, _items()).unapplied == {"Launch": "what it names has no cost"}


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
