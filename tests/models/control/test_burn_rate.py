"""Burn rates, by hand: a budget of 3,000 for November allows 100 a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.control.budget_costs import budget_costs
from models.control.budget_outlook import scope_costs
from models.control.budget_status import budget_status
from models.control.budgets import Budget, BurnRate
from models.control.burn_rate import burn_rates
from tests.models.control.budget_rows import costs, days

TODAY = date(2026, 11, 20)
YESTERDAY = TODAY - timedelta(days=1)
FAST = BurnRate(days=3, rate=Decimal(3), confirm_days=1)


def budget(*rates: BurnRate, **given: Any) -> Budget:
    return Budget("search", Decimal(3000), burn_rates=rates or (FAST,), **given)


def rated(
    of: Budget, amounts: Mapping[date, int], *, first: date = date(2026, 9, 1), usual: int = 100
) -> list[dict[str, Any]]:
    """`usual` each day to today, but for some days."""
    rows = costs(days(first, TODAY), lambda day: Decimal(amounts.get(day, usual)))
    statuses = budget_status(budget_costs(rows, [of]), [of], as_of=TODAY)
    return burn_rates(statuses, scope_costs(rows, [of]), [of], YESTERDAY).rows(named=True)


def back(days_back: int) -> date:
    return YESTERDAY - timedelta(days=days_back)


def test_both_windows_must_reach_the_rate() -> None:
    [row] = rated(budget(), {back(2): 100, back(1): 400, back(0): 400})
    # 900 in 3 days / 300 allowed = 3; 400 in the last / 100 = 4
    assert (row["spent"], row["allowed"], row["rate"], row["confirm_rate"]) == (900, 300, 3, 4)
    assert (row["is_firing"], row["is_lingering"], row["since"]) == (True, False, YESTERDAY)
    [row] = rated(budget(), {back(1): 400, back(0): 399})
    # 899 / 300 is just below 3: the last day confirms, the three do not matter yet
    assert (row["is_firing"], row["is_lingering"], row["since"]) == (False, True, None)


def test_it_lingers_until_the_last_day_is_below_nine_tenths_of_the_rate() -> None:
    [row] = rated(budget(), {back(2): 900, back(1): 900, back(0): 270})
    assert (row["confirm_rate"], row["is_firing"], row["is_lingering"]) == (Decimal("2.7"), False, True)
    [row] = rated(budget(), {back(2): 900, back(1): 900, back(0): 269})
    assert (row["rate"], row["is_firing"], row["is_lingering"]) == (Decimal("6.8967"), False, False)


def test_it_is_told_since_when() -> None:
    # of 900 a day from four days back on, the third day's window has 100 + 100 + 900 = 1,100: 3.7 times at once
    [row] = rated(budget(), dict.fromkeys((back(3), back(2), back(1), back(0)), 900))
    assert row["since"] == back(3)


def test_todays_half_day_is_in_no_window_and_a_fast_source_need_not_wait_for_all() -> None:
    [row] = rated(budget(), {TODAY: 90_000})
    assert (row["rate"], row["last_day"]) == (1, YESTERDAY)
    of = budget(scope={"vendor": ("OpenAI",)})
    rows = costs(days(date(2026, 9, 1), YESTERDAY), Decimal(100))
    statuses = budget_status(budget_costs(rows, [of]), [of], as_of=TODAY)
    # others are three days late, and all daily sources are through the 16th only; what this budget is of is not
    [row] = burn_rates(statuses, scope_costs(rows, [of]), [of], date(2026, 11, 16)).rows(named=True)
    assert row["last_day"] == YESTERDAY


def test_the_slowest_source_in_scope_ends_the_windows() -> None:
    of = budget()
    slow = costs(days(date(2026, 9, 1), date(2026, 11, 17)), Decimal(50), source="cloud")
    rows = pl.concat([costs(days(date(2026, 9, 1), YESTERDAY), Decimal(50)), slow])
    statuses = budget_status(budget_costs(rows, [of]), [of], as_of=TODAY)
    [row] = burn_rates(statuses, scope_costs(rows, [of]), [of], date(2026, 11, 16)).rows(named=True)
    assert (row["last_day"], row["rate"]) == (date(2026, 11, 17), 1)


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({"period": "quarter"}, "97.826086956522"),  # 3,000 / 92 days x 3
        ({"period": "rolling", "days": 10}, "900"),
        ({"period": "fixed", "first_day": date(2026, 11, 1), "last_day": date(2026, 11, 25)}, "360"),
    ],
)
def test_what_is_allowed_is_by_the_days_of_the_period(given: dict[str, Any], allowed: str) -> None:
    [row] = rated(budget(**given), {})
    assert row["allowed"] == Decimal(allowed)


def rates_on(of: Budget, amounts: Mapping[date, int], today: date) -> list[Any]:
    rows = costs(list(amounts), lambda day: Decimal(amounts[day]))
    statuses = budget_status(budget_costs(rows, [of]), [of], as_of=today)
    made = burn_rates(statuses, scope_costs(rows, [of]), [of], today - timedelta(days=1))
    return made.select("allowed", "rate", "is_firing", "reason").rows()


def test_each_day_of_a_window_has_what_its_own_period_allows() -> None:
    of = Budget("search", amounts={"2026-11": Decimal(240_000), "2026-12": Decimal(62_000)}, burn_rates=(FAST,))
    amounts = {day: 8000 if day.month == 11 else 2000 for day in days(date(2026, 11, 1), date(2026, 12, 5))}
    # November spends its 8,000 a day; 8,000 + 8,000 + 2,000 are allowed to 1 December, and 2,000 a day from then on
    assert rates_on(of, amounts, date(2026, 12, 1)) == [(24_000, 1, False, None)]
    assert rates_on(of, amounts, date(2026, 12, 2)) == [(18_000, 1, False, None)]
    assert rates_on(of, amounts, date(2026, 12, 4)) == [(6000, 1, False, None)]


def test_what_was_spent_before_there_was_a_budget_is_in_no_window() -> None:
    dates = {"period": "fixed", "first_day": date(2026, 11, 10), "last_day": date(2026, 11, 29)}
    amounts = dict.fromkeys(days(date(2026, 10, 1), date(2026, 11, 12)), 900)
    # 3,000 in 20 days: 150 a day
    assert rates_on(budget(**dates), amounts, date(2026, 11, 12)) == [
        (300, None, None, "the budget is there for 2 of the 3 days")
    ]
    assert rates_on(budget(**dates), amounts, date(2026, 11, 13)) == [(450, 6, True, None)]


def test_a_rolling_budget_allows_the_same_each_day_from_its_first_on() -> None:
    rolling = budget(period="rolling", days=30, first_day=date(2026, 11, 10))
    amounts = dict.fromkeys(days(date(2026, 10, 1), date(2026, 11, 12)), 900)
    # 3,000 in 30 days, of which there were three
    assert rates_on(rolling, amounts, date(2026, 11, 13)) == [(300, 9, True, None)]


def test_what_is_billed_on_one_day_of_each_month_does_not_burn() -> None:
    of = budget()
    firsts = [date(2026, month, 1) for month in (9, 10, 11)]

    def rate(fees: pl.DataFrame) -> tuple[Any, ...]:
        rows = pl.concat([costs(days(date(2026, 9, 1), date(2026, 11, 2)), Decimal(50)), fees])
        statuses = budget_status(budget_costs(rows, [of]), [of], as_of=date(2026, 11, 2))
        made = burn_rates(statuses, scope_costs(rows, [of]), [of], date(2026, 11, 1))
        return made.select("spent", "rate", "is_firing").row(0)

    # 1,500 of seats and 30 x 50 are the budget; 3 x 50 of 2 x 3,000 / 31 + 100
    assert rate(costs(firsts, Decimal(1500), source="seats")) == (150, Decimal("0.5110"), False)
    # who is new may go on like that: 1,650 of it
    assert rate(costs(firsts[-1:], Decimal(1500), source="rented")) == (1650, Decimal("5.6209"), True)


def test_history_that_is_shorter_than_the_window_says_nothing() -> None:
    week = BurnRate(days=7, rate=Decimal(2), confirm_days=1)
    rows = rated(budget(FAST, week), {}, first=date(2026, 11, 15), usual=900)
    assert [(row["days"], row["is_firing"], row["reason"]) for row in rows] == [
        (3, True, None),
        (7, None, "its costs are known for 5 of the 7 days"),
    ]


def test_a_budget_without_a_cost_is_not_known_and_without_rates_has_no_row() -> None:
    of = budget(scope={"team": ("voice",)})
    [row] = rated(of, {})
    assert (row["rate"], row["reason"]) == (None, "nothing that it covers is billed day by day")
    assert rated(Budget("search", Decimal(3000)), {}) == []
