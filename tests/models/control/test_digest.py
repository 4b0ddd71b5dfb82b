"""The weekly digest's facts, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.budget_outlook import BUDGET_OUTLOOK
from models.control.budget_status import BUDGET_STATUS
from models.control.digest import budget_standings, week_movers, week_of, week_spending
from models.foresight.change import EFFECTS

MONDAY = date(2026, 11, 16)
FRIDAY_AFTER = date(2026, 11, 27)


def daily(amounts: dict[date, int], currency: str = "USD") -> pl.DataFrame:
    return pl.DataFrame(
        {"day": list(amounts), "currency": currency, "cost": [Decimal(amount) for amount in amounts.values()]},
        schema={"day": pl.Date, "currency": pl.String, "cost": pl.Decimal(38, 12)},
    )


def days(first: date, *amounts: int) -> dict[date, int]:
    return {first + timedelta(days=place): amount for place, amount in enumerate(amounts)}


def test_the_week_is_the_last_that_is_over() -> None:
    week = week_of(FRIDAY_AFTER, FRIDAY_AFTER)
    assert (week.first_day, week.last_day, week.through) == (MONDAY, date(2026, 11, 22), date(2026, 11, 22))
    assert (week.label, week.days) == ("2026-W47", 7)
    # asked on a Monday, a week is over since yesterday
    assert week_of(date(2026, 11, 23), None).first_day == MONDAY
    assert week_of(date(2026, 11, 22), None).first_day == date(2026, 11, 9)


def test_days_that_are_not_told_yet_are_in_no_week_that_is_compared() -> None:
    week = week_of(FRIDAY_AFTER, date(2026, 11, 18))
    assert (week.through, week.days) == (date(2026, 11, 18), 3)
    told = daily(days(date(2026, 11, 9), 10, 10, 10, 500, 500, 500, 500, 11, 12, 13, 999))
    (spending,) = week_spending(told, week)
    # Monday to Wednesday: 11 + 12 + 13 against 10 + 10 + 10
    assert (spending.spent, spending.before) == (Decimal(36), Decimal(30))
    assert spending.trend[-1].day == date(2026, 11, 18)


def test_of_a_week_of_which_no_day_is_known_nothing_is_told() -> None:
    # data reach the Sunday before; unknown is not zero, and no fall of 100 %
    week = week_of(FRIDAY_AFTER, date(2026, 11, 15))
    assert (week.first_day, week.through, week.days) == (MONDAY, None, 0)
    assert week_spending(daily(days(date(2026, 10, 1), *[100] * 46)), week) == ()
    assert week_of(FRIDAY_AFTER, None).through is None


def test_what_was_to_be_expected_is_the_mean_of_four_weeks_and_unknown_before_there_are() -> None:
    week = week_of(FRIDAY_AFTER, FRIDAY_AFTER)
    four_before = [10] * 7 + [20] * 7 + [30] * 7 + [40] * 7
    (spending,) = week_spending(daily(days(MONDAY - timedelta(weeks=4), *four_before, *[50] * 7)), week)
    # 7 × 50; 7 × 40; 7 × (10 + 20 + 30 + 40) ÷ 4
    assert (spending.spent, spending.before, spending.expected) == (Decimal(350), Decimal(280), Decimal(175))
    assert len(spending.trend) == 35
    (young,) = week_spending(daily(days(MONDAY - timedelta(days=7), *[40] * 7, *[50] * 7)), week)
    assert (young.before, young.expected) == (Decimal(280), None)
    (new,) = week_spending(daily(days(MONDAY, 1)), week)
    assert (new.spent, new.before) == (Decimal(1), None)


def test_currencies_are_told_apart_the_dearest_first() -> None:
    week = week_of(FRIDAY_AFTER, FRIDAY_AFTER)
    both = pl.concat([daily({MONDAY: 5}, "EUR"), daily({MONDAY: 7}), daily({MONDAY - timedelta(days=40): 1}, "GBP")])
    assert [(each.currency, each.spent) for each in week_spending(both, week)] == [
        ("USD", Decimal(7)),
        ("EUR", Decimal(5)),
    ]


def status(budget: str, amount: int, spent: int, first: date, last: date) -> dict[str, Any]:
    empty = dict.fromkeys(BUDGET_STATUS.polars_schema)
    return empty | {
        "budget": budget,
        "period": f"{first:%Y-%m}",
        "first_day": first,
        "last_day": last,
        "currency": "USD",
        "cost_basis": "billed",
        "budget_amount": Decimal(amount),
        "spent": Decimal(spent),
        "as_of": FRIDAY_AFTER,
    }


def test_budgets_under_way_come_with_their_landing_those_in_trouble_first() -> None:
    november = date(2026, 11, 1), date(2026, 11, 30)
    statuses = pl.DataFrame(
        [
            status("calm", 100, 10, *november),
            status("over", 100, 90, *november),
            status("nothing left", -5, 1, *november),
            status("over", 100, 100, date(2026, 10, 1), date(2026, 10, 31)),
        ],
        schema=BUDGET_STATUS.polars_schema,
    )
    landing = dict.fromkeys(BUDGET_OUTLOOK.polars_schema) | {
        "budget": "over",
        "period": "2026-11",
        "landing": Decimal(120),
        "low_80": Decimal(110),
        "high_80": Decimal(130),
        "runs_out_on": date(2026, 11, 28),
    }
    found = budget_standings(statuses, pl.DataFrame([landing], schema=BUDGET_OUTLOOK.polars_schema))
    assert [each.budget for each in found] == ["nothing left", "over", "calm"]
    assert (found[1].landing, found[1].low, found[1].high, found[1].runs_out_on) == (
        Decimal(120),
        Decimal(110),
        Decimal(130),
        date(2026, 11, 28),
    )
    assert found[2].landing is None


def test_movers_of_one_currency_do_not_hide_those_of_another() -> None:
    moved = [("JPY", f"m{place}", 200_000) for place in range(6)] + [("USD", "big", 90_000)]
    effects = dict.fromkeys(EFFECTS, Decimal(0))
    changes = pl.DataFrame(
        [
            {"currency": currency, "team": "search", "model": model, "cost_before": Decimal(0), **effects}
            | {"cost_after": Decimal(cost), "change": Decimal(cost)}
            for currency, model, cost in moved
        ]
    )
    incidents = pl.DataFrame(schema=dict.fromkeys(("of_team", "of_model", "currency", "sentence"), pl.String))
    told = week_movers(changes, incidents)
    assert len(told) == 5
    assert [(each.currency, each.model) for each in told][1] == ("USD", "big")


def test_movers_up_and_down_tell_the_incident_of_theirs_or_else_their_largest_effects() -> None:
    def moved(team: str | None, model: str, before: int, after: int, **effects: int) -> dict[str, Any]:
        change = {"cost_before": before, "cost_after": after, "change": after - before}
        amounts = {name: Decimal(value) for name, value in {**change, **dict.fromkeys(EFFECTS, 0), **effects}.items()}
        return {"currency": "USD", "team": team, "model": model, **amounts}

    changes = pl.DataFrame(
        [
            moved("search", "gpt-5", 100, 400, volume_effect=320, price_effect=-20),
            moved(None, "claude", 500, 100, volume_effect=-390, price_effect=-10),
            moved("labs", "gpt-5", 50, 50),
            moved("data", "gpt-5", 0, 90, volume_effect=90),
        ]
    )
    incidents = pl.DataFrame(
        {"of_team": ["data"], "of_model": ["gpt-5"], "currency": ["USD"], "sentence": ["All of it is key k."]}
    )
    told = [(each.team, each.model, each.change, each.cause) for each in week_movers(changes, incidents)]
    assert told == [
        # price_effect is 10 of 400: less than a twentieth, left out
        ("unallocated", "claude", Decimal(-400), "390.00 USD less usage"),
        ("search", "gpt-5", Decimal(300), "+320.00 USD more usage, -20.00 USD lower prices"),
        ("data", "gpt-5", Decimal(90), "All of it is key k."),
    ]
