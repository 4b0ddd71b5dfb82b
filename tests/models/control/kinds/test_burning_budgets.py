"""Money that burns: 3,000 USD for November allow 100 a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from models.control.budgets import Budget, BurnRate
from models.control.conditions import AlertKey
from models.control.kinds.budgets import budget_conditions
from models.control.kinds.judged import Judged
from tests.models.control.budget_rows import costs, days
from tests.models.control.kinds.test_budgets import BUDGET, FAST, frames, opened

BURNING = replace(BUDGET, burn_rates=(FAST, BurnRate(days=10, rate=Decimal(2), confirm_days=3)))


def burning(amounts: Mapping[date, int], budget: Budget = BURNING, since: date = date(2026, 10, 1)) -> Judged:
    rows = costs(days(since, date(2026, 11, 20)), lambda day: Decimal(amounts.get(day, 100)))
    made = budget_conditions([budget], frames(budget, rows, date(2026, 11, 20)), date(2026, 11, 20))
    return made["search", "burn_rate"]


def told_of(judged: Judged) -> list[tuple[str, str, str]]:
    return [(each.key.threshold, each.standing, each.severity) for each in judged.conditions]


def test_the_fastest_burn_is_told_and_is_critical() -> None:
    slow = dict.fromkeys(days(date(2026, 11, 10), date(2026, 11, 19)), 250)
    assert told_of(burning(slow)) == [("2 times over 10 days", "firing", "warning")]
    fast = dict.fromkeys(days(date(2026, 11, 15), date(2026, 11, 19)), 500)
    both = burning(fast)
    assert told_of(both) == [
        ("2 times over 10 days", "lingering", "warning"),
        ("4 times over 3 days", "firing", "critical"),
    ]
    told = both.conditions[-1]
    # 3 x 500 over 3 x 100
    assert told.headline == "search burns 5.0 times as fast as its budget allows"
    assert told.answer == (
        "1,500.00 USD were spent from 17 November 2026 to 19 November 2026, 5.0 times the 300.00 USD that the budget "
        "allows in 3 days; 5.0 times in the last 1 day."
    )
    assert (told.amount, told.limit, told.since) == (1500, 300, date(2026, 11, 17))
    assert ("Burn rate, 3 days", "5.0 times what the budget allows") in told.facts


def test_a_burn_that_goes_on_over_the_turn_of_a_month_is_one() -> None:
    of = replace(BUDGET, thresholds_pct=(1000,), burn_rates=(BurnRate(days=14, rate=Decimal("1.5"), confirm_days=3),))
    first, last = date(2026, 11, 15), date(2026, 11, 30)
    rows = costs(days(date(2026, 10, 1), date(2026, 12, 5)), lambda day: Decimal(170 if first <= day <= last else 90))
    # 11 x 170 + 3 x 90 = 2,140 on 25 November, of 14 x 100: 1.53, told a day later; on 2 December three days have
    # 170 + 90 + 90 = 350 of 296.8: below nine tenths of 1.5, told a day later likewise
    assert opened(of, rows, days(date(2026, 11, 20), date(2026, 12, 5))) == [
        (date(2026, 11, 26), "1.5 times over 14 days"),
        (date(2026, 12, 3), "- 1.5 times over 14 days"),
    ]


def test_a_burn_that_was_told_and_is_not_known_any_more_stays_as_it_is() -> None:
    judged = burning({}, since=date(2026, 11, 16))
    assert (judged.judged, judged.conditions) == (True, ())
    # the ten days are known for four
    key = AlertKey("search", "team search", "", "2 times over 10 days")
    rows = costs(days(date(2026, 11, 16), date(2026, 11, 20)), Decimal(100))
    of = replace(frames(BURNING, rows, date(2026, 11, 20)), told=[key])
    again = budget_conditions([BURNING], of, date(2026, 11, 20))["search", "burn_rate"]
    assert (again.judged, again.reason) == (
        False,
        "How fast it burns is not known: its costs are known for 4 of the 10 days.",
    )


def test_without_history_enough_no_burn_rate_is_judged() -> None:
    judged = burning({}, since=date(2026, 11, 18))
    assert (judged.judged, judged.reason) == (
        False,
        "How fast it burns is not known: its costs are known for 2 of the 3 days.",
    )
