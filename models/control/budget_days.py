"""The days of a budget's current period: what each has cost, and what each that is still to come is expected to.

What `marts.budget_outlook` adds up, day by day, so that a page can draw how a budget is used up and suppose other costs
(`what_if`) without working out a forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

import dataframely as dy

from models.table import Table, money, text


class BudgetDays(dy.Schema):
    """One row per budget, of the period that is under way, and day; of a rolling budget its days through made_on, as
    many before these, and those to come."""

    budget = text("Name of the budget in outlay.yaml")
    period = text("As in marts.budget_status")
    team = text("The one team whose costs it covers; null: it covers several, or may", nullable=True)
    currency = text("ISO 4217 code of the amounts")
    day = dy.Date(nullable=False, description="UTC day; of billed money it may lie outside the period")
    spent = money("What was told of it by now; null: the day is still to come", nullable=True)
    assumed = money("What sources in arrears are taken to have cost on it, as in their last month")
    expected = money("Of a day after made_on what it is expected to cost; null: not known, or gone by", nullable=True)


BUDGET_DAYS = Table(
    "budget_days", "marts", "mart", "budget × day",
    "What each day of a budget's current period has cost, or is expected to cost: marts.budget_outlook by day. "
    "A day after made_on counts as the larger of spent and expected.",
    BudgetDays,
)  # fmt: skip


def running_totals(costs: Mapping[date, Decimal], window_days: int | None) -> Iterator[tuple[date, Decimal]]:
    """Each day from the first with a cost to the last, and what is spent by its end: of all these days, or of a rolling
    budget of the last `window_days`."""
    width = None if window_days is None else timedelta(days=window_days)
    total = Decimal(0)
    for day in days_between(min(costs), max(costs)) if costs else ():
        total += costs.get(day, Decimal(0))
        if width is not None:
            total -= costs.get(day - width, Decimal(0))
        yield day, total


def runs_out_on(
    costs: Mapping[date, Decimal], amount: Decimal, made_on: date, window_days: int | None = None
) -> date | None:
    """First day whose total reaches the amount; of a rolling budget, from `made_on` on. None: on no day of these."""
    reached = (day for day, total in running_totals(costs, window_days) if total >= amount)
    return next((day for day in reached if window_days is None or day >= made_on), None)


def days_between(first: date, last: date) -> Iterator[date]:
    """Both within."""
    return (first + timedelta(days=at) for at in range((last - first).days + 1))
