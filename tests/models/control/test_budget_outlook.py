"""Where budgets land. Costs here are even, so that what is expected is known by hand: 100 a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.control.budget_costs import budget_costs
from models.control.budget_events import PlacedEvents, place_on_budgets
from models.control.budget_outlook import BudgetOutlook, Grounds, budget_outlook, scope_costs
from models.control.budget_status import budget_status
from models.control.budgets import Budget, ForecastThreshold
from models.foresight.event_placing import SERIES_KEY
from models.foresight.events import Event, Kind
from models.table import MONEY
from tests.models.control.budget_rows import costs, days

MADE_ON = date(2026, 11, 20)
TODAY = MADE_ON + timedelta(days=1)
SINCE = date(2026, 6, 1)
HUNDRED = costs(days(SINCE, MADE_ON), Decimal(100))
NOTHING = HUNDRED.clear()


def landed(
    *budgets: Budget,
    rows: pl.DataFrame = HUNDRED,
    assumed: pl.DataFrame | None = None,
    events: PlacedEvents | None = None,
    today: date = TODAY,
) -> BudgetOutlook:
    counted = budget_costs(rows, budgets)
    grounds = Grounds(
        MADE_ON,
        scope_costs(rows, budgets),
        scope_costs(NOTHING if assumed is None else assumed, budgets),
        events or PlacedEvents(),
    )
    return budget_outlook(budget_status(counted, budgets, as_of=today), counted, budgets, grounds)


def row(*budgets: Budget, **given: Any) -> dict[str, Any]:
    [only] = landed(*budgets, **given).outlook.rows(named=True)
    return only


def test_a_month_lands_at_what_is_spent_and_what_is_expected_of_its_other_days() -> None:
    november = row(Budget("all", Decimal(2500)))
    # 20 days are spent, 10 are to come
    assert (november["actual"], november["expected_rest"], november["landing"]) == (2000, 1000, 3000)
    assert november["low_95"] <= 3000 <= november["high_95"]
    assert november["probability"] > 0.99
    # 25 x 100 = 2,500
    assert november["runs_out_on"] == date(2026, 11, 25)
    assert (november["status"], november["reason"], november["made_on"]) == ("ok", None, MADE_ON)


@pytest.mark.parametrize(
    ("given", "first", "last", "landing", "runs_out_on"),
    [
        # October and November to the 20th are 51 days, 41 are to come
        ({"period": "quarter"}, date(2026, 10, 1), date(2026, 12, 31), 9200, date(2026, 10, 25)),
        # 173 days since June, 41 to come; the 25th day was the 25th of June
        ({"period": "year"}, date(2026, 1, 1), date(2026, 12, 31), 21400, date(2026, 6, 25)),
        ({"period": "fixed", "first_day": date(2026, 11, 1), "last_day": date(2027, 3, 31)},
         date(2026, 11, 1), date(2027, 3, 31), 15100, date(2026, 11, 25)),
        # the longest that is forecast: a year of which the month before is not known yet; 365 + 30 days
        ({"period": "fixed", "first_day": date(2026, 11, 21), "last_day": date(2027, 12, 20)},
         date(2026, 11, 21), date(2027, 12, 20), 39500, date(2026, 12, 15)),
        # the window of 30 days that ends 30 days ahead has only days to come; today's stands at 3,000 already
        ({"period": "rolling", "days": 30}, date(2026, 11, 21), date(2026, 12, 20), 3000, MADE_ON),
        # that of 20 days ends 20 days ahead, and never comes to 2,500
        ({"period": "rolling", "days": 20}, date(2026, 11, 21), date(2026, 12, 10), 2000, None),
        # of 60 days 30 are known and 30 to come
        ({"period": "rolling", "days": 60}, date(2026, 10, 22), date(2026, 12, 20), 6000, MADE_ON),
    ],
)  # fmt: skip
def test_every_kind_of_period_lands(
    given: dict[str, Any], first: date, last: date, landing: int, runs_out_on: date | None
) -> None:
    found = row(Budget("all", Decimal(2500), **given))
    assert (found["first_day"], found["last_day"], found["landing"]) == (first, last, landing)
    assert found["runs_out_on"] == runs_out_on


def test_what_was_told_since_counts_as_it_is_where_it_is_more_than_expected() -> None:
    half = pl.concat([HUNDRED, costs([TODAY], Decimal(40))])
    assert row(Budget("all", Decimal(2500)), rows=half)["landing"] == 3000
    much = pl.concat([HUNDRED, costs([TODAY], Decimal(900))])
    found = row(Budget("all", Decimal(2500)), rows=much)
    # 2,000 + 900 + 9 x 100; and it is certain that 2,900 are spent
    assert (found["actual"], found["landing"], found["runs_out_on"]) == (2000, 3800, TODAY)
    assert found["low_95"] >= 2900


def test_billed_money_is_that_of_the_invoice_month_whatever_its_day() -> None:
    late = costs([date(2026, 10, 31)], Decimal(500), billing_month="2026-11")
    found = row(Budget("all", Decimal(2500)), rows=pl.concat([HUNDRED, late]))
    assert found["actual"] == 2500
    # by its day it is of October, and an effective cost
    effective = row(Budget("all", Decimal(2500), cost_basis="effective"), rows=pl.concat([HUNDRED, late]))
    assert effective["actual"] == 2000


def test_a_budget_of_whose_last_day_nothing_was_spent_runs_out_on_none() -> None:
    stopped = costs(days(SINCE, date(2026, 11, 15)), Decimal(100))
    found = row(
        Budget("all", Decimal(2500), period="fixed", first_day=date(2026, 11, 18), last_day=MADE_ON),
        rows=stopped,
        today=MADE_ON,
    )
    assert (found["actual"], found["landing"], found["runs_out_on"]) == (0, 0, None)


def test_an_event_is_named_by_its_whole_name() -> None:
    begins = date(2026, 11, 25)
    known = (
        Event("launch", Kind.PRICE_CHANGE, begins, {SERIES_KEY: "all"}, change_pct=0.0),
        Event("relaunch, of search", Kind.PRICE_CHANGE, begins, {SERIES_KEY: "all"}, change_pct=50.0),
    )
    assert row(Budget("all", Decimal(2500)), events=PlacedEvents(known))["events"] == "relaunch, of search"


def test_sources_in_arrears_are_expected_and_not_spent() -> None:
    assumed = costs(days(date(2026, 11, 1), MADE_ON), Decimal(10), source="invoices")
    told = costs(days(SINCE, date(2026, 10, 31)), Decimal(10), source="invoices")
    found = row(Budget("all", Decimal(2500)), rows=pl.concat([HUNDRED, told]), assumed=assumed)
    # 20 x 10 are assumed, and 10 days are expected at 110
    assert (found["actual"], found["assumed"], found["expected_rest"]) == (2000, 200, 1300)


@pytest.mark.parametrize(
    ("of", "rows", "reason"),
    [
        (Budget("voice", Decimal(1), scope={"team": ("voice",)}), HUNDRED,
         "nothing in its scope has cost anything yet"),
        (Budget("all", Decimal(1)), costs(days(date(2026, 11, 9), MADE_ON), Decimal(1)),
         "its costs are known for 12 days, and a forecast needs 28"),
        (Budget("all", Decimal(1), period="fixed", first_day=date(2026, 11, 1), last_day=date(2028, 12, 31)), HUNDRED,
         "it ends on 31 December 2028, further ahead than is forecast"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_null_and_says_why(of: Budget, rows: pl.DataFrame, reason: str) -> None:
    found = row(of, rows=rows)
    assert (found["status"], found["reason"]) == ("unknown", reason)
    for name in ("expected_rest", "landing", "low_80", "high_80", "probability", "runs_out_on"):
        assert found[name] is None, name


def test_a_budget_that_just_began_is_forecast_from_what_its_scope_cost_before() -> None:
    found = row(Budget("new", Decimal(2500), first_day=date(2026, 11, 18)))
    # billed money counts by whole invoice months, so that all of November does
    assert (found["actual"], found["landing"]) == (2000, 3000)
    found = row(Budget("new", Decimal(2500), first_day=date(2026, 11, 18), cost_basis="effective"))
    assert (found["actual"], found["landing"]) == (300, 1300)


def test_a_month_that_began_after_the_last_day_with_data_is_all_to_come() -> None:
    rows = costs(days(SINCE, MADE_ON), Decimal(100))
    found = row(Budget("all", Decimal(2500)), rows=rows, today=date(2026, 12, 1))
    assert (found["period"], found["actual"], found["landing"]) == ("2026-12", 0, 3100)
    assert found["runs_out_on"] == date(2026, 12, 25)


def test_each_threshold_of_a_forecast_has_its_probability() -> None:
    of = Budget("all", Decimal(2500), forecast=(ForecastThreshold(100, 80), ForecastThreshold(130, 50)))
    rows = landed(of).forecasts.rows(named=True)
    assert [(each["of_pct"], each["threshold_amount"], each["probability"] > 0.99) for each in rows] == [
        (100, 2500, True),
        (130, 3250, False),
    ]


def test_what_is_said_of_one_budget_does_not_depend_on_the_periods_of_others() -> None:
    noisy = costs(days(SINCE, MADE_ON), lambda day: Decimal(100 + (day.toordinal() * 37) % 23))
    month = Budget("a", Decimal(2500))
    alone = row(month, rows=noisy)
    beside = landed(
        month, Budget("b", Decimal(2500), period="fixed", first_day=SINCE, last_day=date(2027, 10, 31)), rows=noisy
    ).outlook.rows(named=True)[0]
    assert (alone["landing"], alone["runs_out_on"]) == (beside["landing"], beside["runs_out_on"])


def test_company_tells_how_sure_a_forecast_is_and_is_nothing_that_lands() -> None:
    """A short history of its own says little: others, which were often far off, say more."""
    known = days(SINCE, MADE_ON)
    random = np.random.default_rng(3)
    others = pl.DataFrame(
        [
            ("search" if at == 0 else f"t{at}", day, Decimal(str(round(100 * float(level), 2))))
            for at in range(20)
            for day, level in zip(known, np.exp(np.cumsum(random.normal(0, 0.1, len(known)))), strict=True)
        ],
        schema={"series": pl.String(), "day": pl.Date(), "value": MONEY},
        orient="row",
    )
    noisy = costs(days(date(2026, 9, 1), MADE_ON), lambda day: Decimal(100 + (day.toordinal() * 37) % 23))
    of = Budget("search", Decimal(2500))
    counted = budget_costs(noisy, [of])
    statuses = budget_status(counted, [of], as_of=TODAY)
    alone = Grounds(MADE_ON, scope_costs(noisy, [of]), scope_costs(NOTHING, [of]))
    widths: list[Decimal] = []
    for grounds in (alone, replace(alone, company=others)):
        [found] = budget_outlook(statuses, counted, [of], grounds).outlook.rows(named=True)
        widths.append(found["high_80"] - found["low_80"])
    assert widths[1] > 2 * widths[0]


def placed(of: Budget, event: Event) -> dict[str, Any]:
    others = costs(days(SINCE, MADE_ON), Decimal(300), provider_name="Anthropic", team="voice")
    rows = pl.concat([HUNDRED, others])
    return row(of, rows=rows, events=place_on_budgets([event], [of], rows, MADE_ON))


def event(**given: Any) -> Event:
    return Event("step", Kind.PRICE_CHANGE, date(2026, 11, 26), **given)


@pytest.mark.parametrize(
    ("of", "of_event", "landing"),
    [
        # 5 of the 10 days to come cost a tenth more of 100
        (Budget("a", Decimal(1), scope={"vendor": ("openai",)}), event(scope={"vendor": "OpenAI"}, price_pct=10), 3050),
        # the total of 400 a day holds a quarter of it
        (Budget("a", Decimal(1)), event(scope={"vendor": "OpenAI"}, price_pct=10), 12050),
        # all that team search buys is of OpenAI
        (Budget("a", Decimal(1), scope={"team": ("search",)}), event(scope={"vendor": "OpenAI"}, price_pct=10), 3050),
        # a budget of another team has none of it
        (Budget("a", Decimal(1), scope={"team": ("voice",)}), event(scope={"vendor": "OpenAI"}, price_pct=10), 9000),
        # 20 a day of which a quarter is of OpenAI
        (Budget("a", Decimal(1), scope={"vendor": ("OpenAI",)}),
         event(amount_per_day=20.0, scope={"currency": "USD"}), 3025),
        # a launch of what cost nothing yet, within the budget
        (Budget("a", Decimal(1), scope={"team": ("search", "agents")}),
         event(amount_per_day=20.0, scope={"team": "agents", "currency": "USD"}), 3100),
        (Budget("a", Decimal(1), scope={"team": ("search",)}),
         event(amount_per_day=20.0, scope={"team": "agents", "currency": "USD"}), 3000),
    ],
)  # fmt: skip
def test_known_events_move_a_budget_by_the_part_of_them_that_it_covers(
    of: Budget, of_event: Event, landing: int
) -> None:
    found = placed(of, of_event)
    assert float(found["landing"]) == pytest.approx(landing, abs=0.5)
    assert found["events_left_out"] is None
    assert (found["events"] == "step") == (landing not in (3000, 9000))


@pytest.mark.parametrize(
    ("of", "of_event", "why"),
    [
        (Budget("a", Decimal(1)), event(scope={"key": "key_1"}, change_pct=50),
         "step: how much of it is this budget's is not told"),
        (Budget("a", Decimal(1), scope={"vendor": ("OpenAI",)}),
         event(amount_per_day=20.0, scope={"team": "agents", "currency": "USD"}),
         "step: what it names has no cost yet, and how much of it will be this budget's is not known"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_placed_is_said_to_be_left_out(of: Budget, of_event: Event, why: str) -> None:
    found = placed(of, of_event)
    assert (found["events"], found["events_left_out"]) == (None, why)
