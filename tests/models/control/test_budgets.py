"""Budgets: when a threshold counts as crossed, in which month, and that one crossing has one key."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.control.budget_periods import calendar_period
from models.control.budgets import BUDGET_STATUS, Budget, BudgetError, crossings, status
from models.control.movers import top_movers
from models.economics.tco import TCO_DAILY


def cost(day: date, billed: str, *, period: str | None = None, currency: str = "USD", **columns: str | None):
    row = dict.fromkeys(TCO_DAILY.polars_schema)
    row |= {
        "origin": "charge",
        "source": "openai",
        "provider_name": "OpenAI",
        "team": "search",
        "model": "gpt-5",
    } | columns
    amount = Decimal(billed)
    return row | {
        "billing_month": period or f"{day:%Y-%m}",
        "day": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "currency": currency,
        "billed_cost": amount,
        "effective_cost": amount,
        "list_cost": amount * 2,
    }


def costs(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TCO_DAILY.polars_schema)


JULY = costs(
    cost(date(2026, 7, 1), "60"),
    cost(date(2026, 7, 2), "30"),
    cost(date(2026, 7, 2), "9.999999999999"),
    cost(date(2026, 7, 3), "0.000000000001", team=None),
    cost(date(2026, 7, 4), "-50", team=None, model=None),
)


def test_the_day_of_the_crossing_is_exact_to_the_last_place() -> None:
    statuses = status(JULY, [Budget("ai", Decimal(100))], as_of=date(2026, 7, 31))
    BUDGET_STATUS.check(statuses)
    row = statuses.row(0, named=True)
    assert row["first_crossed_day"] == date(2026, 7, 3), "2 July ends one 10⁻¹² below the budget"
    assert row["spent"] == Decimal(50), "the credit of 4 July counts in what is spent"
    assert row["share_pct"] == Decimal(50)


def test_a_credit_does_not_undo_a_crossing_that_people_heard_of() -> None:
    budget = Budget("ai", Decimal(100))
    before = crossings(status(JULY, [budget], as_of=date(2026, 7, 3)), as_of=date(2026, 7, 3))
    after = crossings(status(JULY, [budget], as_of=date(2026, 7, 4)), as_of=date(2026, 7, 4))
    assert [crossing.key for crossing in before] == [crossing.key for crossing in after] == ["budget|ai|2026-07|100"]
    assert (before[0].over_by, after[0].over_by) == (Decimal(0), Decimal(-50))


def test_days_after_as_of_do_not_count() -> None:
    statuses = status(JULY, [Budget("ai", Decimal(100))], as_of=date(2026, 7, 2))
    assert statuses["first_crossed_day"].to_list() == [None]
    assert statuses["spent"].to_list() == [Decimal("99.999999999999")]


def test_only_the_highest_threshold_is_told_and_each_has_its_own_day() -> None:
    budget = Budget("ai", Decimal(100), thresholds_pct=(100, 50, 80))
    statuses = status(JULY, [budget], as_of=date(2026, 7, 31))
    assert statuses.select("threshold_pct", "first_crossed_day").rows() == [
        (50, date(2026, 7, 1)),
        (80, date(2026, 7, 2)),
        (100, date(2026, 7, 3)),
    ]
    assert [crossing.threshold_pct for crossing in crossings(statuses, as_of=date(2026, 7, 31))] == [100]


def test_scopes_narrow_together_and_ignore_letter_case() -> None:
    daily = costs(
        cost(date(2026, 7, 1), "7", provider_name="Anthropic", team="Search"),
        cost(date(2026, 7, 1), "11", provider_name="OpenAI", team="Search"),
        cost(date(2026, 7, 1), "13", provider_name="Anthropic", team=None),
    )
    budget = Budget("both", Decimal(10), scope={"team": ("search",), "vendor": ("anthropic",)})
    assert status(daily, [budget], as_of=date(2026, 7, 1))["spent"].to_list() == [Decimal(7)]
    assert budget.scope_text == "vendor anthropic · team search"


def test_other_currencies_are_named_and_never_added() -> None:
    daily = costs(cost(date(2026, 7, 1), "10"), cost(date(2026, 7, 1), "99", currency="EUR"))
    row = status(daily, [Budget("ai", Decimal(100))], as_of=date(2026, 7, 1)).row(0, named=True)
    assert (row["spent"], row["other_currencies"]) == (Decimal(10), "EUR")


def test_billed_money_goes_by_invoice_month_and_effective_by_usage_month() -> None:
    daily = costs(cost(date(2026, 6, 30), "10", period="2026-07"))
    as_of = date(2026, 7, 31)
    billed = status(daily, [Budget("billed", Decimal(5))], as_of=as_of)
    effective = status(daily, [Budget("effective", Decimal(5), cost_basis="effective")], as_of=as_of)
    assert dict(billed.select("billing_period", "spent").rows()) == {"2026-07": Decimal(10)}
    assert dict(effective.select("billing_period", "spent").rows()) == {"2026-06": Decimal(10), "2026-07": Decimal(0)}


def test_a_budget_that_matches_nothing_is_at_nought_and_says_that_no_day_was_found() -> None:
    row = status(JULY, [Budget("typo", Decimal(1), scope={"team": ("serch",)})], as_of=date(2026, 7, 4)).row(
        0, named=True
    )
    assert (row["spent"], row["data_through"]) == (Decimal(0), None)


def test_a_late_bill_still_alerts_for_the_month_before_but_old_months_stay_quiet() -> None:
    daily = costs(cost(date(2026, 5, 3), "500"), cost(date(2026, 6, 3), "500"), cost(date(2026, 7, 1), "1"))
    budget = Budget("ai", Decimal(100))
    early = crossings(status(daily, [budget], as_of=date(2026, 7, 7)), as_of=date(2026, 7, 7))
    late = crossings(status(daily, [budget], as_of=date(2026, 7, 8)), as_of=date(2026, 7, 8))
    assert [crossing.billing_period for crossing in early] == ["2026-06"]
    assert late == []


@pytest.mark.parametrize(
    "broken",
    [
        {"scope": {"gpu": ("h100",)}},
        {"amount": Decimal(0)},
        {"amount": None, "thresholds_pct": ()},
        {"thresholds_pct": (0,)},
    ],
)
def test_a_budget_that_cannot_be_worked_out_says_what_to_write(broken: dict[str, object]) -> None:
    with pytest.raises(BudgetError) as refused:
        Budget(**({"name": "ai", "amount": Decimal(1)} | broken))  # type: ignore[arg-type]
    assert "outlay.yaml" in refused.value.remedy


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 8), st.integers(-500, 1000)), max_size=12), st.integers(1, 2000))
def test_replayed_day_by_day_every_threshold_is_told_exactly_once(bookings: list[tuple[int, int]], amount: int) -> None:
    daily = costs(*(cost(date(2026, 7, day), str(money)) for day, money in bookings))
    budget = Budget("ai", Decimal(amount))
    told = [
        (crossing.key, day)
        for day in range(1, 9)
        for crossing in crossings(status(daily, [budget], as_of=date(2026, 7, day)), as_of=date(2026, 7, day))
    ]
    totals = [sum(money for on, money in bookings if on <= day) for day in range(1, 9)]
    booked = {on for on, _ in bookings}
    expected = next((day for day, total in enumerate(totals, 1) if total >= amount and day in booked), None)
    assert (told[0][1] if told else None) == expected
    assert len({key for key, _ in told}) == len(told[:1])


def test_movers_compare_the_days_that_each_source_has_reached_and_leave_falls_out() -> None:
    daily = costs(
        cost(date(2026, 6, 2), "10", team="search"),
        cost(date(2026, 6, 3), "900", team="search"),
        cost(date(2026, 7, 2), "25", team="search"),
        cost(date(2026, 6, 9), "7", team="late", source="anthropic"),
        cost(date(2026, 7, 9), "8", team="late", source="anthropic"),
        cost(date(2026, 6, 1), "80", team="ads"),
        cost(date(2026, 7, 1), "20", team="ads"),
        cost(date(2026, 7, 1), "3", team=None, model=None),
    )
    july = calendar_period("month", date(2026, 7, 1))
    moved = top_movers(daily, Budget("ai", Decimal(10)), july, as_of=date(2026, 7, 12))
    assert [(mover.team, mover.model, mover.change) for mover in moved] == [
        ("search", "gpt-5", Decimal(15)),
        ("unallocated", "no model", Decimal(3)),
        ("late", "gpt-5", Decimal(1)),
    ]


def test_a_whole_month_is_set_against_the_whole_month_before() -> None:
    daily = costs(cost(date(2026, 7, 31), "50"), cost(date(2026, 8, 31), "60"), cost(date(2026, 9, 30), "65"))
    budget = Budget("ai", Decimal(10))
    august = top_movers(daily, budget, calendar_period("month", date(2026, 8, 1)), as_of=date(2026, 9, 2))
    september = top_movers(daily, budget, calendar_period("month", date(2026, 9, 1)), as_of=date(2026, 10, 2))
    assert [mover.change for mover in august + september] == [Decimal(10), Decimal(5)]
