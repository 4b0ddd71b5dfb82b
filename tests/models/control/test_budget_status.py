"""How budgets stand: what was spent in which period, what is carried over, and when thresholds were reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.control.budget_costs import budget_costs
from models.control.budget_status import BUDGET_STATUS, budget_status
from models.control.budget_thresholds import BUDGET_THRESHOLDS, budget_thresholds
from models.control.budgets import Budget
from tests.models.control.tco_rows import cost, costs

HUNDRED = Decimal(100)
JULY = costs(
    cost(date(2026, 7, 1), "60"),
    cost(date(2026, 7, 2), "30"),
    cost(date(2026, 7, 2), "9.999999999999"),
    cost(date(2026, 7, 3), "0.000000000001", team=None),
    cost(date(2026, 7, 4), "-50", team=None, model=None),
)


def status(rows: pl.DataFrame, *budgets: Budget, as_of: date) -> pl.DataFrame:
    return BUDGET_STATUS.check(budget_status(budget_costs(rows, budgets), budgets, as_of=as_of))


def thresholds(rows: pl.DataFrame, *budgets: Budget, as_of: date) -> pl.DataFrame:
    found = budget_costs(rows, budgets)
    return BUDGET_THRESHOLDS.check(budget_thresholds(found, budget_status(found, budgets, as_of=as_of), budgets))


def only(frame: pl.DataFrame) -> dict[str, Any]:
    [row] = frame.rows(named=True)
    return row


def crossed(rows: pl.DataFrame, budget: Budget, as_of: date) -> dict[int, date | None]:
    return dict(thresholds(rows, budget, as_of=as_of).select("threshold_pct", "first_crossed_day").iter_rows())


def test_the_day_of_the_crossing_is_exact_to_the_last_place() -> None:
    as_of = date(2026, 7, 31)
    row = only(status(JULY, Budget("ai", HUNDRED), as_of=as_of))
    assert (row["spent"], row["remaining"], row["share_pct"]) == (50, 50, 50), "the credit of 4 July counts"
    assert crossed(JULY, Budget("ai", HUNDRED), as_of) == {100: date(2026, 7, 3)}, "the 2nd ends 10⁻¹² below"


def test_days_after_as_of_do_not_count() -> None:
    as_of = date(2026, 7, 2)
    assert only(status(JULY, Budget("ai", HUNDRED), as_of=as_of))["spent"] == Decimal("99.999999999999")
    assert crossed(JULY, Budget("ai", HUNDRED), as_of) == {100: None}


def test_each_threshold_has_its_own_day_and_is_asked_once() -> None:
    budget = Budget("ai", HUNDRED, thresholds_pct=(100, 50, 80, 50))
    assert crossed(JULY, budget, date(2026, 7, 31)) == {
        50: date(2026, 7, 1),
        80: date(2026, 7, 2),
        100: date(2026, 7, 3),
    }


def test_other_currencies_are_named_and_never_added() -> None:
    daily = costs(cost(date(2026, 7, 1), "10"), cost(date(2026, 7, 1), "99", currency="EUR"))
    for budget in (Budget("ai", HUNDRED), Budget("ai", HUNDRED, period="rolling", days=2)):
        row = only(status(daily, budget, as_of=date(2026, 7, 1)))
        assert (row["spent"], row["other_currencies"]) == (10, "EUR")
    pounds = only(status(daily, Budget("ai", HUNDRED, currency="GBP"), as_of=date(2026, 7, 1)))
    assert (pounds["spent"], pounds["data_through"], pounds["other_currencies"]) == (0, None, "EUR, USD")


def test_billed_money_counts_by_invoice_month_and_other_costs_by_day() -> None:
    daily = costs(cost(date(2026, 6, 30), "10", invoiced="2026-07"))
    as_of = date(2026, 7, 31)

    def spent(**said: Any) -> dict[str, Decimal]:
        found = status(daily, Budget("ai", Decimal(5), **said), as_of=as_of)
        return dict(found.select("period", "spent").iter_rows())

    assert spent() == {"2026-07": 10}
    assert spent(period="quarter") == {"2026-Q3": 10}
    assert spent(cost_basis="effective") == {"2026-06": 10, "2026-07": 0}
    assert spent(cost_basis="list", period="quarter") == {"2026-Q2": 20, "2026-Q3": 0}
    # dates that somebody set and rolling days cut months: there is only the charge's day
    july = {"first_day": date(2026, 7, 1), "last_day": date(2026, 7, 31)}
    assert spent(period="fixed", **july) == {"2026-07-01/2026-07-31": 0}
    assert spent(period="rolling", days=32) == {"rolling 32 days": 10}
    assert spent(period="rolling", days=31) == {"rolling 31 days": 0}


def test_what_is_only_declared_bills_nothing() -> None:
    daily = costs(cost(date(2026, 7, 1), "10", origin="declared"))
    spent = [
        only(status(daily, Budget("ai", HUNDRED, cost_basis=basis), as_of=date(2026, 7, 2)))["spent"]
        for basis in ("billed", "effective", "list")
    ]
    assert spent == [0, 10, 20]


def test_a_budget_that_never_matched_anything_says_so_and_one_of_a_new_month_does_not() -> None:
    as_of = date(2026, 8, 1)
    typo = only(status(JULY, Budget("typo", HUNDRED, scope={"team": ("serch",)}), as_of=as_of))
    assert (typo["period"], typo["spent"], typo["data_through"]) == ("2026-08", 0, None)
    july, august = status(JULY, Budget("ai", HUNDRED), as_of=as_of).rows(named=True)
    assert (july["data_through"], august["data_through"]) == (date(2026, 7, 4), date(2026, 7, 4))


def test_every_month_from_the_first_with_a_cost_has_a_row() -> None:
    daily = costs(cost(date(2026, 4, 1), "1"), cost(date(2026, 6, 1), "2"))
    found = status(daily, Budget("ai", HUNDRED), as_of=date(2026, 7, 9))
    assert found.select("period", "spent").rows() == [("2026-04", 1), ("2026-05", 0), ("2026-06", 2), ("2026-07", 0)]
    assert found["elapsed_pct"].to_list() == [100, 100, 100, Decimal("29.03")], "9 of 31 days"


def test_late_bills_may_alert_for_a_week_after_a_period() -> None:
    daily = costs(cost(date(2026, 5, 3), "500"), cost(date(2026, 6, 3), "500"))
    budgets = (
        Budget("month", HUNDRED),
        Budget("quarter", HUNDRED, period="quarter"),
        Budget("fixed", HUNDRED, period="fixed", first_day=date(2026, 6, 1), last_day=date(2026, 6, 30)),
    )
    early, late = (status(daily, *budgets, as_of=date(2026, 7, day)) for day in (7, 8))
    assert [found.filter("is_alerting")["period"].to_list() for found in (early, late)] == [
        ["2026-06", "2026-07", "2026-Q2", "2026-Q3", "2026-06-01/2026-06-30"],
        ["2026-07", "2026-Q3"],
    ]


# Carry-over. A hundred a month: 60 are spent in January, 130 in February, none in March, 20 in April

SPENT = costs(cost(date(2026, 1, 9), "60"), cost(date(2026, 2, 9), "130"), cost(date(2026, 4, 9), "20"))


@pytest.mark.parametrize(
    ("said", "carried"),
    [
        ({"carry_over": "none"}, [0, 0, 0, 0]),
        # January leaves 40; of 140 February leaves 10; of 110 March leaves all, and 100 % of its own are carried
        ({"carry_over": "both"}, [0, 40, 10, 100]),
        # of 70 March leaves all, which is not carried
        ({"carry_over": "overspent"}, [0, 0, -30, 0]),
        # 25 of the 40; February is 5 over, which is not carried; 25 of March's 100
        ({"carry_over": "unspent", "carry_over_limit_pct": 25}, [0, 25, 0, 25]),
        # of December the ledger knows nothing, and nothing known is not nothing spent
        ({"carry_over": "unspent", "first_day": date(2025, 12, 1)}, [0, 0, 40, 10, 100]),
        # January has 20 and is 40 over, of which no more than its own 20 are carried
        ({"carry_over": "both", "amounts": {"2026-01": Decimal(20)}}, [0, -20, -50, 50]),
    ],
)
def test_what_is_left_or_overspent_goes_over(said: dict[str, Any], carried: Sequence[int]) -> None:
    found = status(SPENT, Budget("ai", HUNDRED, **said), as_of=date(2026, 4, 30))
    assert found["carried_over"].to_list() == carried
    assert (found["budget_amount"] == found["own_amount"] + found["carried_over"]).all()
    assert (found["remaining"] == found["budget_amount"] - found["spent"]).all()


def test_a_month_without_costs_is_unspent_where_the_ledger_knows_it() -> None:
    known = pl.concat([SPENT, costs(cost(date(2025, 11, 9), "1", team="voice"))])
    budget = Budget("ai", HUNDRED, scope={"team": ("search",)}, carry_over="unspent", first_day=date(2025, 12, 1))
    # 100 of December; 140 of January, 100 at most; 70 of February; 170 of March, 100 at most
    assert status(known, budget, as_of=date(2026, 4, 30))["carried_over"].to_list() == [0, 100, 100, 70, 100]


def test_what_is_unspent_of_a_quarter_that_is_half_known_is_not_carried_but_what_is_overspent_is() -> None:
    quarterly = {"period": "quarter", "carry_over": "both"}
    daily = costs(cost(date(2026, 3, 9), "60"), cost(date(2026, 4, 9), "1"))
    carried = [
        status(daily, Budget("ai", Decimal(amount), **quarterly), as_of=date(2026, 4, 30))["carried_over"].to_list()
        for amount in (100, 50)
    ]
    assert carried == [[0, 0], [0, -10]]


def test_a_period_with_nothing_left_has_no_share_and_is_over_with_its_first_cost() -> None:
    # 450 of 100: 350 over, of which 300 are carried; 100 - 300 = -200
    budget = Budget("ai", HUNDRED, carry_over="overspent", carry_over_limit_pct=300, thresholds_pct=(80, 100))
    daily = costs(cost(date(2026, 1, 1), "450"))
    february = status(daily, budget, as_of=date(2026, 2, 3)).row(1, named=True)
    assert (february["budget_amount"], february["share_pct"], february["remaining"]) == (-200, None, -200)
    assert set(crossed(daily, budget, date(2026, 2, 3)).values()) == {None}
    further = pl.concat([daily, costs(cost(date(2026, 2, 2), "0.01"))])
    assert set(crossed(further, budget, date(2026, 2, 3)).values()) == {date(2026, 2, 2)}


def test_a_budget_that_never_matched_anything_carries_nothing() -> None:
    budget = Budget("typo", HUNDRED, scope={"team": ("serch",)}, carry_over="both", first_day=date(2026, 1, 1))
    assert only(status(SPENT, budget, as_of=date(2026, 4, 30)))["carried_over"] == 0


# Rolling and fixed


def test_a_rolling_budget_is_reached_since_the_day_from_which_it_was_not_below_again() -> None:
    budget = Budget("ai", HUNDRED, period="rolling", days=3)
    daily = costs(*(cost(date(2026, 7, day), amount) for day, amount in ((1, "90"), (2, "20"), (6, "70"), (8, "40"))))
    # sums of three days, from 1 July: 90 110 110 20 0 70 70 110 40 40 0
    reached = [crossed(daily, budget, date(2026, 7, day))[100] for day in range(1, 12)]
    second, eighth = date(2026, 7, 2), date(2026, 7, 8)
    assert reached == [None, second, second, None, None, None, None, eighth, None, None, None]
    assert [only(status(daily, budget, as_of=date(2026, 7, day)))["spent"] for day in (3, 5, 8)] == [110, 0, 110]


def test_a_fixed_budget_has_one_period_and_stays_as_it_ended() -> None:
    budget = Budget("fair", HUNDRED, period="fixed", first_day=date(2026, 6, 29), last_day=date(2026, 7, 2))
    daily = costs(*(cost(date(2026, 6, 27) + timedelta(days=at), "30") for at in range(10)))
    assert status(daily, budget, as_of=date(2026, 6, 28)).is_empty()
    assert only(status(daily, budget, as_of=date(2026, 6, 30)))["spent"] == 60
    ended = only(status(daily, budget, as_of=date(2026, 8, 30)))
    assert (ended["spent"], ended["elapsed_pct"], ended["is_alerting"]) == (120, 100, False)
    assert crossed(daily, budget, date(2026, 8, 30)) == {100: date(2026, 7, 2)}


def test_a_year_gathers_its_months_and_sources() -> None:
    daily = pl.concat([SPENT, costs(cost(date(2026, 4, 9), "5", source="azure"))])
    budget = Budget("ai", HUNDRED, period="year", thresholds_pct=(50, 200))
    assert only(status(daily, budget, as_of=date(2026, 4, 30)))["spent"] == 215
    assert crossed(daily, budget, date(2026, 4, 30)) == {50: date(2026, 1, 9), 200: date(2026, 4, 9)}


@settings(max_examples=7, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(-500, 1000)), min_size=1, max_size=12), st.integers(1, 2000))
def test_replayed_day_by_day_a_month_is_reached_once_and_a_window_while_its_sum_says_so(
    bookings: list[tuple[int, int]], amount: int
) -> None:
    first = date(2026, 7, 1)
    spent = {at: sum(money for day, money in bookings if day == at) for at in range(1, 41)}
    daily = costs(*(cost(first + timedelta(days=day - 1), str(money)) for day, money in bookings))
    monthly, weekly = Budget("m", Decimal(amount)), Budget("w", Decimal(amount), period="rolling", days=7)
    found = budget_costs(daily, [monthly, weekly])
    told: set[date] = set()
    for at in range(1, 41):
        as_of = first + timedelta(days=at - 1)
        statuses = budget_status(found, [monthly, weekly], as_of=as_of)
        rows = budget_thresholds(found, statuses, [monthly, weekly])
        told |= set(rows.filter(period="2026-07")["first_crossed_day"].drop_nulls())
        window = sum(spent[day] for day in range(max(at - 6, 1), at + 1))
        days_known = min(day for day, _ in bookings) <= at
        assert rows.filter(budget="w")["first_crossed_day"].is_not_null().to_list() == [days_known and window >= amount]
    totals = [sum(spent[day] for day in range(1, at + 1)) for at in range(1, 32)]
    booked = {day for day, _ in bookings}
    expected = [at for at, total in enumerate(totals, 1) if total >= amount and at in booked][:1]
    assert told == {first + timedelta(days=at - 1) for at in expected}
