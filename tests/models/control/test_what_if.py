"""Days of budgets against what lands, and suppositions against what is said without one. Costs are even or noisy by
arithmetic: 100 a day about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.control.budget_costs import budget_costs
from models.control.budget_outlook import BudgetOutlook, Grounds, budget_outlook, scope_costs
from models.control.budget_status import budget_status
from models.control.budgets import Budget
from models.control.what_if import Supposed, Supposition, what_if
from models.foresight.landing import BOUNDS
from tests.models.control.budget_rows import costs, days

MADE_ON = date(2026, 11, 20)
TODAY = MADE_ON + timedelta(days=1)
SINCE = date(2026, 6, 1)
BUDGETS = (
    Budget("month", Decimal(2500)),
    Budget("quarter", Decimal(9000), period="quarter"),
    Budget("year", Decimal(30000), period="year", cost_basis="effective"),
    Budget("season", Decimal(9000), period="fixed", first_day=date(2026, 10, 5), last_day=date(2027, 1, 4)),
    Budget("rolling", Decimal(3050), period="rolling", days=30),
    Budget("long", Decimal(6050), period="rolling", days=60),
    Budget("new", Decimal(10), scope={"team": ("voice",)}),
)
NAMES = tuple(budget.name for budget in BUDGETS if budget.name != "new")
PERCENT = st.decimals(-100, 300, places=2)


def _cost(day: date) -> Decimal:
    return Decimal(90 + (day.toordinal() * 37) % 23)


@cache
def landed() -> tuple[pl.DataFrame, BudgetOutlook]:
    """Statuses and what lands: through MADE_ON, a third of TODAY, and invoices that are not told since September."""
    invoices = costs(days(SINCE, date(2026, 9, 30)), Decimal(5), source="invoices")
    late = costs(days(date(2026, 10, 1), MADE_ON), Decimal(5), source="invoices")
    rows = pl.concat([costs(days(SINCE, MADE_ON), _cost), costs([TODAY], Decimal(33)), invoices])
    counted = budget_costs(rows, BUDGETS)
    statuses = budget_status(counted, BUDGETS, as_of=TODAY)
    grounds = Grounds(MADE_ON, scope_costs(rows, BUDGETS), scope_costs(late, BUDGETS))
    return statuses, budget_outlook(statuses, counted, BUDGETS, grounds)


def outlook(name: str) -> dict[str, Any]:
    return landed()[1].outlook.row(by_predicate=pl.col("budget") == name, named=True)


def of_days(name: str) -> pl.DataFrame:
    return landed()[1].days.filter(pl.col("budget") == name)


def supposed(name: str, **changes: Any) -> Supposed:
    return what_if(outlook(name), of_days(name), Supposition(**changes))


@pytest.mark.parametrize("name", NAMES)
def test_days_of_a_budget_add_up_to_what_is_spent_and_to_what_lands(name: str) -> None:
    told, rows = outlook(name), of_days(name).rows(named=True)
    status = landed()[0].filter(pl.col("budget") == name).rows(named=True)[-1]
    in_period = [row["spent"] for row in rows if status["first_day"] <= row["day"] <= TODAY]
    assert sum(in_period) == status["spent"]
    lands = [row for row in rows if told["first_day"] <= row["day"] <= told["last_day"]]
    known = [row for row in lands if row["day"] <= MADE_ON]
    assert sum(row["spent"] for row in known) == told["actual"]
    assert sum(row["assumed"] for row in rows) == told["assumed"]
    to_come = sum(max(row["expected"], row["spent"] or 0) for row in lands if row["day"] > MADE_ON)
    assert told["actual"] + told["assumed"] + to_come == told["landing"]


def test_of_a_budget_without_a_landing_no_day_is_expected() -> None:
    assert of_days("new")["expected"].null_count() == 30
    assert of_days("new")["spent"].drop_nulls().sum() == 0


@pytest.mark.parametrize("name", NAMES)
def test_without_a_change_it_is_the_outlook_itself(name: str) -> None:
    told, same = outlook(name), supposed(name, since=date(2026, 11, 25))
    assert (same.landing, same.runs_out_on, same.amount) == (
        told["landing"], told["runs_out_on"], told["budget_amount"],
    )  # fmt: skip
    assert dict(same.bounds) == {bound: told[bound] for bound in BOUNDS}
    assert same.probability == pytest.approx(told["probability"], abs=1e-12)
    last = same.totals.row(-1, named=True)
    assert (last["day"], last["expected"]) == (told["last_day"], told["landing"])
    assert (last["low_80"], last["high_80"]) == (told["low_80"], told["high_80"])
    assert same.totals["spent"].drop_nulls().len() > 0


def test_a_tenth_more_from_a_day_on_is_a_tenth_of_the_days_from_then_on() -> None:
    more = supposed("month", volume_pct=Decimal(10), since=date(2026, 11, 26))
    expected = of_days("month").filter(pl.col("day") >= date(2026, 11, 26))["expected"]
    assert more.landing - outlook("month")["landing"] == sum(expected) / 10
    # volume and price multiply: 1.2 x 0.75 = 0.9
    less = supposed("month", volume_pct=Decimal(20), price_pct=Decimal(-25))
    assert less.landing < outlook("month")["landing"]


def test_what_is_told_of_a_day_does_not_get_cheaper() -> None:
    nothing = supposed("month", volume_pct=Decimal(-100))
    told = outlook("month")
    assert nothing.landing == told["actual"] + told["assumed"] + 33
    # what is left of the rest is all told, and hardly anything of the range is left
    assert nothing.landing == min(nothing.bounds.values())
    assert max(nothing.bounds.values()) < nothing.landing + 1


def test_another_amount_moves_the_day_on_which_it_runs_out() -> None:
    told = outlook("month")
    assert supposed("month", amount=told["landing"] + 500).runs_out_on is None
    assert supposed("month", amount=told["landing"] + 5000).probability < 0.001
    assert supposed("month", amount=Decimal(1)).runs_out_on == date(2026, 11, 1)
    assert supposed("rolling", amount=Decimal(1)).runs_out_on == MADE_ON


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), volume=PERCENT, price=PERCENT, more=st.decimals(0, 100, places=2),
       ahead=st.integers(0, 40))  # fmt: skip
def test_more_usage_never_lands_lower_nor_runs_out_later(
    name: str, volume: Decimal, price: Decimal, more: Decimal, ahead: int
) -> None:
    one = Supposition(volume, price, since=MADE_ON + timedelta(days=ahead))
    less = what_if(outlook(name), of_days(name), one)
    much = what_if(outlook(name), of_days(name), replace(one, volume_pct=volume + more))
    assert much.landing >= less.landing
    assert much.bounds["high_80"] >= less.bounds["high_80"]
    assert much.bounds["low_80"] >= less.bounds["low_80"]
    assert much.probability >= less.probability - 1e-9
    assert (much.runs_out_on or date.max) <= (less.runs_out_on or date.max)
    assert less.totals.select(pl.col("low_80") <= pl.col("high_80")).to_series().all()


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(NAMES), amount=st.decimals(1, 50000, places=2), more=st.decimals(0, 10000, places=2))
def test_more_money_never_runs_out_sooner(name: str, amount: Decimal, more: Decimal) -> None:
    little, much = supposed(name, amount=amount), supposed(name, amount=amount + more)
    assert much.probability <= little.probability
    assert (much.runs_out_on or date.max) >= (little.runs_out_on or date.max)
    assert little.landing == much.landing == outlook(name)["landing"]


def test_whether_anything_is_supposed() -> None:
    assert not Supposition(since=TODAY)
    assert Supposition(volume_pct=Decimal(1))
    assert Supposition(amount=Decimal(0))
