"""Movers: what rose against the same days of the period before, of any budget."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl

from models.control.budgets import Budget
from models.control.movers import Mover, top_movers
from tests.models.control.tco_rows import cost, costs

AI = Budget("ai", Decimal(10))


def moved(rows: pl.DataFrame, budget: Budget, on: date, as_of: date | None = None) -> list[Mover]:
    period = budget.period_on(on)
    assert period is not None
    return top_movers(rows, budget, period, as_of=as_of or on)


def test_movers_compare_the_days_that_each_source_has_reached_and_leave_falls_out() -> None:
    daily = costs(
        cost(date(2026, 6, 2), "10"),
        cost(date(2026, 6, 3), "900"),
        cost(date(2026, 7, 2), "25"),
        cost(date(2026, 6, 9), "7", team="late", source="anthropic"),
        cost(date(2026, 7, 9), "8", team="late", source="anthropic"),
        cost(date(2026, 6, 1), "80", team="ads"),
        cost(date(2026, 7, 1), "20", team="ads"),
        cost(date(2026, 7, 1), "3", team=None, model=None),
    )
    assert [(mover.team, mover.model, mover.change) for mover in moved(daily, AI, date(2026, 7, 12))] == [
        ("search", "gpt-5", Decimal(15)),
        ("unallocated", "no model", Decimal(3)),
        ("late", "gpt-5", Decimal(1)),
    ]


def test_a_whole_month_is_set_against_the_whole_month_before() -> None:
    daily = costs(cost(date(2026, 7, 31), "50"), cost(date(2026, 8, 31), "60"), cost(date(2026, 9, 30), "65"))
    august = moved(daily, AI, date(2026, 8, 1), date(2026, 9, 2))
    september = moved(daily, AI, date(2026, 9, 1), date(2026, 10, 2))
    assert [mover.change for mover in august + september] == [Decimal(10), Decimal(5)]


def test_a_quarter_is_set_against_as_many_days_of_the_quarter_before() -> None:
    # day 34 of the third quarter is 3 August, of the second 4 May
    daily = costs(cost(date(2026, 5, 4), "10"), cost(date(2026, 5, 5), "500"), cost(date(2026, 8, 3), "14"))
    assert [mover.change for mover in moved(daily, Budget("ai", Decimal(10), period="quarter"), date(2026, 8, 3))] == [
        4
    ]


def test_rolling_days_are_set_against_the_days_before_them() -> None:
    weekly = Budget("ai", Decimal(10), period="rolling", days=7)
    # 14 to 20 July against 7 to 13 July; the 6th is in neither
    daily = costs(
        cost(date(2026, 7, 6), "900"),
        cost(date(2026, 7, 7), "10"),
        cost(date(2026, 7, 13), "1"),
        cost(date(2026, 7, 14), "20"),
        cost(date(2026, 7, 20), "2"),
        cost(date(2026, 7, 21), "800"),
    )
    assert [mover.change for mover in moved(daily, weekly, date(2026, 7, 20))] == [11]
