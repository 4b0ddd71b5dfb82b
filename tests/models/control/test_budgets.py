"""Budgets: which periods they have, what may be spent in each, and what cannot be worked out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.control.budget_periods import BudgetPeriod, first_of_label
from models.control.budgets import Budget, BudgetError

DAY = date(2026, 11, 27)
HUNDRED = Decimal(100)


def period(budget: Budget, day: date = DAY) -> BudgetPeriod:
    found = budget.period_on(day)
    assert found is not None
    return found


def own(budget: Budget, day: date) -> Decimal:
    return budget.own_amount(period(budget, day))


@pytest.mark.parametrize(
    ("said", "label", "first_day", "last_day"),
    [
        ({"period": "month"}, "2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ({"period": "quarter"}, "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ({"period": "year"}, "2026", date(2026, 1, 1), date(2026, 12, 31)),
        ({"period": "rolling", "days": 30}, "rolling 30 days", date(2026, 10, 29), DAY),
        (
            {"period": "fixed", "first_day": date(2026, 11, 3), "last_day": date(2027, 2, 1)},
            "2026-11-03/2027-02-01",
            date(2026, 11, 3),
            date(2027, 2, 1),
        ),
        # by invoice month there is no part of a month
        ({"period": "month", "first_day": date(2026, 11, 9)}, "2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        (
            {"period": "month", "first_day": date(2026, 11, 9), "cost_basis": "effective"},
            "2026-11",
            date(2026, 11, 9),
            date(2026, 11, 30),
        ),
    ],
)
def test_a_day_lies_in_one_period(said: dict[str, Any], label: str, first_day: date, last_day: date) -> None:
    found = period(Budget("ai", HUNDRED, **said))
    assert (found.label, found.first_day, found.last_day) == (label, first_day, last_day)


def test_a_label_of_the_calendar_tells_its_first_day() -> None:
    assert [first_of_label(label) for label in ("2026-11", "2026-Q4", "2026")] == [
        date(2026, 11, 1),
        date(2026, 10, 1),
        date(2026, 1, 1),
    ]


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        ({"period": "quarter"}, ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30))),
        # 30 days that end on 28 October
        ({"period": "rolling", "days": 30}, ("2026-09-29/2026-10-28", date(2026, 9, 29), date(2026, 10, 28))),
    ],
)
def test_the_period_before_is_as_long(kind: dict[str, Any], before: tuple[str, date, date]) -> None:
    found = period(Budget("ai", HUNDRED, **kind)).before
    assert (found.label, found.first_day, found.last_day) == before


def test_there_is_no_budget_before_its_first_day_or_after_its_last() -> None:
    budget = Budget("ai", HUNDRED, first_day=date(2026, 3, 1), last_day=date(2026, 4, 30))
    assert [budget.period_on(date(2026, month, 1)) is None for month in range(2, 6)] == [True, False, False, True]
    assert [each.label for each in budget.periods(date(2025, 1, 1), date(2027, 1, 1))] == ["2026-03", "2026-04"]


def test_a_quarter_is_the_sum_of_its_months() -> None:
    budget = Budget(
        "ai", period="quarter", amounts={"2026-10": HUNDRED, "2026-11": Decimal(150), "2026-12": Decimal("80.5")}
    )
    assert own(budget, DAY) == Decimal("330.5")


def test_months_that_are_not_named_have_their_share_of_the_amount() -> None:
    # 500 for November; October and December have a third of 1,000 each: 666.67 to the cent
    budget = Budget("ai", Decimal(1000), period="quarter", amounts={"2026-11": Decimal(500)})
    assert own(budget, DAY) == Decimal("1166.67")
    assert own(budget, date(2026, 7, 1)) == 1000
    monthly = Budget("ai", HUNDRED, amounts={"2026-11": Decimal(500)})
    assert [own(monthly, date(2026, month, 1)) for month in (10, 11, 12)] == [100, 500, 100]


def test_of_a_quarter_that_begins_late_only_the_months_within_count() -> None:
    budget = Budget("ai", Decimal(300), period="quarter", first_day=date(2026, 11, 1))
    assert (own(budget, DAY), period(budget).first_day) == (200, date(2026, 11, 1))


def test_growth_compounds_from_its_first_period_and_is_rounded_once() -> None:
    budget = Budget("ai", Decimal(1000), growth_pct=Decimal("3.33"), grows_from="2026-09")
    # 1,000 until September; x 1.0333 = 1,033.30; x 1.0333² = 1,067.70889; x 1.0333³ = 1,103.263595…
    assert [own(budget, date(2026, month, 1)) for month in (8, 9, 10, 11, 12)] == [
        Decimal(amount) for amount in ("1000", "1000", "1033.30", "1067.71", "1103.26")
    ]
    yearly = Budget("ai", Decimal(1000), period="year", growth_pct=Decimal(-50), grows_from="2024-06")
    assert [own(yearly, date(year, 1, 1)) for year in (2023, 2024, 2025, 2026)] == [1000, 1000, 500, 250]


def test_amounts_that_are_named_do_not_grow() -> None:
    budget = Budget("ai", HUNDRED, growth_pct=HUNDRED, grows_from="2026-09", amounts={"2026-10": Decimal(7)})
    assert [own(budget, date(2026, month, 1)) for month in (9, 10, 11)] == [100, 7, 400]


def test_amounts_alone_bound_the_budget_and_running_out_of_them_is_told() -> None:
    budget = Budget("ai", amounts={"2026-10": HUNDRED, "2026-11": HUNDRED})
    assert [budget.period_on(date(2026, month, 5)) is None for month in (9, 10, 11, 12)] == [True, False, False, True]
    assert [budget.has_run_out(date(2026, month, 5)) for month in (9, 11, 12)] == [False, False, True]
    ended = Budget("ai", amounts={"2026-10": HUNDRED}, last_day=date(2026, 10, 31))
    assert not ended.has_run_out(DAY)


def test_scopes_are_globs_of_any_dimension_and_ignore_letter_case() -> None:
    budget = Budget("both", HUNDRED, scope={"team": ("Search", "vo*"), "component": ("gpu",)}, tags={"Env": ("PROD*",)})
    rows = pl.DataFrame(
        [
            ("search", "GPU", "production"),
            ("Voice", "gpu", "prod"),
            ("voice", "gpu", "test"),
            ("voice", None, "prod"),
            (None, "gpu", "prod"),
            ("research", "gpu", "prod"),
        ],
        schema=["team", "component", "tag:Env"],
        orient="row",
    ).with_columns(origin=pl.lit("charge"))
    assert rows.select(budget.in_scope()).to_series().to_list() == [True, True, False, False, False, False]
    assert budget.scope_text == "team Search, vo* · component gpu · tag Env PROD*"
    assert Budget("all", HUNDRED).scope_text == "everything"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"scope": {"gpu": ("h100",)}}, "narrowed by 'gpu', which no cost has"),
        ({"scope": {"team": ()}}, "names nothing that team should be"),
        ({"amount": Decimal(0)}, "not above zero"),
        ({"thresholds_pct": (0,)}, "not above zero"),
        ({"amount": None}, "has no amount"),
        ({"amount": None, "amounts": {"2026-01": HUNDRED, "2026-03": HUNDRED}}, "has no amount for 2026-02"),
        (
            {"amount": None, "period": "quarter", "amounts": {"2026-10": HUNDRED}},
            "has no amount for 2026-11, 2026-12",
        ),
        (
            {"amount": None, "first_day": date(2026, 9, 1), "amounts": {"2026-10": HUNDRED}},
            "has no amount for 2026-09",
        ),
        ({"growth_pct": Decimal(3)}, "grows from nothing"),
        ({"period": "rolling"}, "how many days"),
        ({"period": "fixed"}, "from when to when"),
        ({"period": "rolling", "days": 9, "carry_over": "both"}, "is rolling and has one amount"),
    ],
)
def test_a_budget_that_cannot_be_worked_out_says_what_to_write(broken: dict[str, Any], says: str) -> None:
    with pytest.raises(BudgetError, match=says) as refused:
        Budget(**({"name": "ai", "amount": HUNDRED} | broken))
    assert "outlay.yaml" in refused.value.remedy
