"""Known events: what they do ahead, to a history that they are partly in already, and to series around them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from models.errors import OutlayError
from models.foresight.events import Event, Key, Kind, effects
from models.foresight.panel import Panel

ORIGIN = date(2026, 11, 16)
VOICE: Key = {"team": "voice"}


def panel(*levels: float, days: int = 40) -> Panel:
    names = ["voice", "total", "chat"][: len(levels)]
    return Panel(names, np.repeat(np.array(levels, dtype=np.float64)[:, None], days, axis=1), ORIGIN)


KEYS: dict[str, Key] = {"voice": VOICE, "total": {}, "chat": {"team": "chat"}}


def ahead(event: Event, level: float = 100.0) -> list[float]:
    """The next ten days of a series of 100 a day that the event concerns."""
    made = effects(panel(level), 10, [event], KEYS)
    return (level * made.factor[0] + made.amount[0]).round(6).tolist()


def test_a_price_change_is_a_factor_from_its_day_on() -> None:
    event = Event("New prices", Kind.PRICE_CHANGE, date(2026, 11, 20), VOICE, price_pct=20)
    assert ahead(event) == [100] * 3 + [120] * 7


def test_a_launch_grows_over_its_ramp() -> None:
    # 40 % over four days: 10, 20, 30, 40
    event = Event("Launch", Kind.LAUNCH, date(2026, 11, 20), VOICE, change_pct=40, ramp_days=4)
    assert ahead(event) == [100, 100, 100, 110, 120, 130, 140, 140, 140, 140]


def test_an_amount_is_added_until_its_last_day() -> None:
    event = Event("Load", Kind.LAUNCH, date(2026, 11, 18), VOICE, amount_per_day=25, until=date(2026, 11, 21))
    assert ahead(event) == [100, 125, 125, 125, 125, 100, 100, 100, 100, 100]


def test_an_end_takes_all() -> None:
    assert ahead(Event("End", Kind.END, date(2026, 11, 19), VOICE)) == [100, 100] + [0] * 8


def test_what_happened_is_in_the_history_and_moves_the_days_before_it_only() -> None:
    # prices rose by 20 % ten days ago: 100 a day until then, 120 since
    values = np.full((1, 40), 100.0)
    values[0, -10:] = 120.0
    event = Event("New prices", Kind.PRICE_CHANGE, date(2026, 11, 7), VOICE, price_pct=20)
    made = effects(Panel(["voice"], values, ORIGIN), 5, [event], KEYS)
    assert made.history.values.round(6).tolist() == [[120.0] * 40]
    assert made.factor.tolist() == [[1.0] * 5]
    assert made.amount.tolist() == [[0.0] * 5]


def test_a_ramp_under_way_goes_on_from_where_it_is() -> None:
    # 30 a day over ten days; the origin is its fifth day: 15 are in, 15 are to come
    values = np.full((1, 40), 100.0)
    values[0, -5:] += [3, 6, 9, 12, 15]
    event = Event("Migration", Kind.MIGRATION, date(2026, 11, 12), VOICE, amount_per_day=30, ramp_days=10)
    made = effects(Panel(["voice"], values, ORIGIN), 6, [event], KEYS)
    assert made.history.values.round(6).tolist() == [[115.0] * 40]
    assert made.amount[0].round(6).tolist() == [3, 6, 9, 12, 15, 15]


def test_what_ends_after_the_origin_is_taken_out_again() -> None:
    values = np.full((1, 40), 130.0)
    event = Event("Trial", Kind.LAUNCH, date(2026, 10, 1), VOICE, change_pct=30, until=date(2026, 11, 18))
    made = effects(Panel(["voice"], values, ORIGIN), 4, [event], KEYS)
    assert (130 * made.factor[0]).round(6).tolist() == [130, 130, 100, 100]


def test_the_total_moves_by_the_money_that_its_part_moves_by_and_others_stay() -> None:
    event = Event("New prices", Kind.PRICE_CHANGE, date(2026, 11, 17), VOICE, price_pct=20)
    made = effects(panel(100, 1000, 900), 3, [event], KEYS)
    assert made.factor.tolist() == [[1.2] * 3, [1.0] * 3, [1.0] * 3]
    assert made.amount.round(6).tolist() == [[0.0] * 3, [20.0] * 3, [0.0] * 3]
    assert made.names == [("New prices",), ("New prices",), ()]
    assert made.unapplied == {}


def test_the_order_in_which_events_are_told_changes_nothing() -> None:
    """100 a day; 100 a day more from the 18th and half the price from the 20th: (100 + 100) / 2 = 100."""
    launch = Event("Launch", Kind.LAUNCH, date(2026, 11, 18), VOICE, amount_per_day=100)
    price = Event("Price", Kind.PRICE_CHANGE, date(2026, 11, 20), VOICE, price_pct=-50)
    for told in ([launch, price], [price, launch]):
        made = effects(panel(100), 5, told, KEYS)
        assert (100 * made.factor[0] + made.amount[0]).tolist() == [100, 200, 200, 100, 100]
        assert made.names == [("Launch", "Price")]


def test_a_percentage_is_of_what_began_before_it_and_not_of_what_begins_with_it() -> None:
    launch = Event("A", Kind.LAUNCH, date(2026, 11, 18), VOICE, amount_per_day=100)
    price = Event("B", Kind.PRICE_CHANGE, date(2026, 11, 18), VOICE, price_pct=-50)
    for told in ([launch, price], [price, launch]):
        made = effects(panel(100), 3, told, KEYS)
        assert (100 * made.factor[0] + made.amount[0]).tolist() == [100, 150, 150]


@pytest.mark.parametrize(
    "event",
    [
        Event("Far", Kind.LAUNCH, date(2029, 1, 1), VOICE, change_pct=30),
        Event("Over", Kind.LAUNCH, date(2016, 1, 1), VOICE, change_pct=30, until=date(2016, 2, 1)),
        Event("Old", Kind.LAUNCH, date(2016, 1, 1), VOICE, amount_per_day=30),
        Event("Nothing", Kind.PRICE_CHANGE, date(2026, 11, 20), VOICE, price_pct=0),
    ],
)
def test_an_event_that_changes_no_day_is_in_no_forecast_and_told(event: Event) -> None:
    made = effects(panel(100, 1000), 5, [event], KEYS)
    assert made.names == [(), ()]
    assert made.unapplied == {event.name: "it changes no day of the history or the forecast"}


def test_what_was_taken_away_is_taken_from_earlier_days_in_proportion() -> None:
    """100 a day, 40 on Sundays, 70 less since ten days: 30 of 100 are left, and of a Sunday 12, not 30 less than 0."""
    week = np.where(np.arange(40) % 7 == 6, 40.0, 100.0)
    level = week[2:30].mean()  # of four weeks: (6 × 100 + 40) / 7
    left = (level - 70) / level
    values = np.where(np.arange(40) < 30, week, week * left)[None]
    event = Event("Cheaper", Kind.MIGRATION, date(2026, 11, 7), VOICE, amount_per_day=-70)
    made = effects(Panel(["voice"], values, ORIGIN), 5, [event], KEYS)
    np.testing.assert_allclose(made.history.values[0], week * left)
    assert made.given.values is values
    assert made.amount.tolist() == [[0.0] * 5]


def test_an_event_of_nothing_that_is_forecast_is_told() -> None:
    event = Event("Elsewhere", Kind.LAUNCH, date(2026, 11, 20), {"team": "search"}, change_pct=5)
    made = effects(panel(100, 1000), 3, [event], KEYS)
    assert made.unapplied == {"Elsewhere": "no series of exactly its scope is forecast"}
    assert made.factor.tolist() == [[1.0] * 3] * 2


def test_without_dates_no_event_can_be_placed() -> None:
    event = Event("Launch", Kind.LAUNCH, date(2026, 11, 20), VOICE, change_pct=5)
    made = effects(Panel(["voice"], np.ones((1, 9)), None), 3, [event], KEYS)
    assert made.unapplied == {"Launch": "the history has no dates"}


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({}, "states 0 effects"),
        ({"change_pct": 5, "amount_per_day": 3.0}, "states 2 effects"),
        ({"price_pct": -101}, "takes away more than everything"),
    ],
)
def test_an_event_that_says_nothing_or_too_much_is_refused(stated: dict[str, float], message: str) -> None:
    with pytest.raises(OutlayError, match=message):
        Event("Odd", Kind.LAUNCH, ORIGIN, VOICE, **stated)  # type: ignore[arg-type]
