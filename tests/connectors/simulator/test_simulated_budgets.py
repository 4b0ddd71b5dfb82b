"""The truth of budgets, by hand: running totals, what was known when, carry-over, windows, and shared pools."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.simulator.anomalies import planted
from connectors.simulator.budget_truth import budget_document
from connectors.simulator.clouds.lines import MODEL_APIS
from connectors.simulator.events import Calendar
from connectors.simulator.organisation import OPENAI, OVERHEADS
from connectors.simulator.ownership import Owner, Spend
from connectors.simulator.spending import Costs, Had, Spending

FIRST = date(2026, 9, 1)
CALENDAR = Calendar(FIRST, date(2026, 11, 17))
AS_OF = date(2026, 11, 18)


def spending(parts: Iterable[tuple[str, Decimal]]) -> Spending:
    """So much a day of each team, and of the pool `overheads`, all of September to November."""
    made, parts = Spending(CALENDAR), list(parts)
    for day in CALENDAR.settled:
        for name, amount in parts:
            is_pool = name == OVERHEADS
            owner = Owner(None if is_pool else name, name if is_pool else None, None, None, None, "production")
            spend = Spend(OPENAI, day, model="gpt-5.1", component=MODEL_APIS)
            costs = Costs(amount, amount, amount)
            made.add(spend, owner, costs, Had(amount), month=f"{day:%Y-%m}", currency="USD")
    return made


def told(budget: dict[str, Any], parts: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str | None]:
    made = spending((name, Decimal(amount)) for name, amount in parts)
    rows = budget_document([{"name": "any", **budget}], made, FIRST, AS_OF)
    return {(row["period"], row["threshold_pct"]): row["told_on"] for row in rows}


def test_a_threshold_is_told_two_days_after_the_day_that_reached_it() -> None:
    """10 a day: 50 % of 200 is reached by the tenth day, all of it by the twentieth; 17 days of November are 160."""
    assert told({"amount": 200, "thresholds_pct": [50, 100]}, [("search", 10)]) == {
        ("2026-09", 50): "2026-09-12", ("2026-09", 100): "2026-09-22",
        ("2026-10", 50): "2026-10-12", ("2026-10", 100): "2026-10-22",
        ("2026-11", 50): "2026-11-12", ("2026-11", 100): None,
    }  # fmt: skip


def test_only_what_is_in_scope_counts() -> None:
    budget = {"amount": 200, "scope": {"team": "search", "vendor": "open*", "model": ["gpt-5*", "o4*"]}}
    assert told(budget, [("search", 10), ("data", 1000)])["2026-09", 100] == "2026-09-22"


def test_what_was_left_is_carried_over() -> None:
    """300 spent of 400 in September: October may spend 500, of which 310 are; November 400 + 190."""
    budget = {"amount": 400, "carry_over": "unspent", "thresholds_pct": [60]}
    # 60 % of 500 are 300, spent by 30 October; 60 % of 590 are 354, and November has spent 160
    assert told(budget, [("search", 10)]) == {
        ("2026-09", 60): "2026-09-26", ("2026-10", 60): "2026-11-01", ("2026-11", 60): None,
    }  # fmt: skip


def test_a_budget_grows_from_its_first_period() -> None:
    """200, 220, 242: reached on the 20th, on the 22nd, and not with the 160 of November."""
    budget = {"amount": 200, "growth_pct": 10, "grows_from": "2026-09"}
    assert list(told(budget, [("search", 10)]).values()) == ["2026-09-22", "2026-10-24", None]


def test_a_rolling_budget_is_told_when_its_window_reaches_it() -> None:
    """The last 30 days, of which the latest two have no bill yet: 280 from 30 September on, and 100 by 10 September."""
    budget = {"amount": 100, "period": "rolling", "days": 30}
    assert told(budget, [("search", 10)]) == {("rolling 30 days", 100): "2026-09-12"}
    assert told({**budget, "amount": 290}, [("search", 10)]) == {}


def test_a_pool_is_shared_by_what_teams_had_by_then() -> None:
    """8 of overheads a day, of which search has 10 ÷ 40: 12 a day. 240 are spent by the twentieth."""
    budget = {"amount": 240, "scope": {"team": "search"}}
    assert told(budget, [("search", 10), ("data", 30), (OVERHEADS, 8)])["2026-09", 100] == "2026-09-22"


@pytest.mark.parametrize(("months", "times"), [(3, 1), (12, 3)])
def test_in_a_long_window_every_kind_is_planted_again(months: int, times: int) -> None:
    calendar = Calendar(AS_OF - timedelta(days=30 * months), AS_OF)
    kinds = [each.kind for each in planted(calendar)]
    assert min(kinds.count(kind) for kind in ("drop", "burst", "spike", "ramp", "level_shift")) >= times
    assert ("runaway" in kinds) == (months == 12)
