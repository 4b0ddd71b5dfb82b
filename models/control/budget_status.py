"""How budgets stand: what each may spend in a period, with what is carried over, and what it has spent.

Pure functions of the costs in their scopes (`budget_costs`) and of a day, so that a replay of a past day says what was
said then. When thresholds were reached is in `budget_thresholds`, where a period lands in `budget_outlook`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

import dataframely as dy
import polars as pl

from models.control.budget_costs import BudgetCosts
from models.control.budget_periods import MONTHS_OF, PERIOD_KINDS, BudgetPeriod, first_of_label
from models.control.budgets import CENT, COST_BASES, DIGITS, Budget
from models.table import MONEY, Table, money, text

LATE_BILL_DAYS = 7
"""So many days after a period its bills may still take it over its budget, and people hear of it."""
_LAST_PLACE = Decimal(1).scaleb(-MONEY.scale)
_NOTHING = Decimal(0)


class BudgetStatuses(dy.Schema):
    """One row per budget and period; of a rolling or fixed budget only the one of as_of."""

    budget = text("Name of the budget in outlay.yaml")
    period_kind = text("What its periods are", values=PERIOD_KINDS)
    period = text("2026-11, 2026-Q4, 2026, rolling 30 days (whatever as_of is) or 2026-01-01/2026-06-30")
    first_day = dy.Date(nullable=False, description="First day of the period, as far as the budget holds")
    last_day = dy.Date(nullable=False, description="Its last day, within")
    scope = text("What it covers: everything, or for example team search · model gpt-5")
    team = text("The one team whose costs it covers; null: it covers several, or may", nullable=True)
    owner = text("Team that answers for it; null: nobody is named", nullable=True)
    cost_basis = text(
        "Which cost it watches; billed counts by invoice month in a month, quarter or year, else by day",
        values=COST_BASES,
    )
    currency = text("ISO 4217; costs in another currency are not in spent")
    own_amount = money("What may be spent in the period, without what is carried over")
    carried_over = money("From the period before: unspent above zero, overspent below")
    budget_amount = money("own_amount + carried_over; at or below zero there is nothing left to spend")
    spent = money("What was spent up to as_of")
    remaining = money("budget_amount − spent; negative when it is overspent")
    share_pct = money("spent in percent of budget_amount, to two places; null: nothing may be spent", nullable=True)
    elapsed_pct = money("Days of the period up to as_of, in percent of all its days, to two places")
    data_through = dy.Date(
        nullable=True, description="Last day with a cost in scope, in this period or before; null: nothing ever matched"
    )
    other_currencies = text("Other currencies found in scope and left out, comma separated", nullable=True)
    is_alerting = dy.Bool(
        nullable=False, description=f"Under way at as_of, or over for at most {LATE_BILL_DAYS} days: people hear of it"
    )
    as_of = dy.Date(nullable=False, description="Last day that was counted")


BUDGET_STATUS = Table(
    name="budget_status",
    schema="marts",
    kind="mart",
    grain="budget × period",
    meaning="What each budget may spend in a period, with what is carried over, and how much of it is spent.",
    contract=BudgetStatuses,
)


def budget_status(costs: BudgetCosts, budgets: Iterable[Budget], *, as_of: date) -> pl.DataFrame:
    """`marts.budget_status`: every period of a calendar from the first with a cost in scope to that of `as_of`.

    Carry-over is chained from the first period with a cost in scope, or from that of the budget's first day; what is
    unspent is not carried from a period that began before costs are known: nothing known is not nothing spent. Days
    after `as_of` do not count. A budget that has not begun by then has no row; one that has ended keeps its last.
    """
    by_period = _by_period(costs, as_of)
    rows = [row for budget in budgets for row in _rows_of(budget, costs, by_period.get(budget.name, {}), as_of)]
    return pl.DataFrame(rows, schema=BUDGET_STATUS.polars_schema, orient="row")


@dataclass(frozen=True)
class _Spent:
    """What a budget spent in a period, and the last day with a cost that counts."""

    amount: Decimal = _NOTHING
    through: date | None = None
    other_currencies: str | None = None


def _by_period(costs: BudgetCosts, as_of: date) -> dict[str, dict[str, _Spent]]:
    """By budget and period; of a rolling budget nothing."""
    until = pl.col("day") <= as_of
    spent = (
        costs.totals.lazy()
        .filter(until, pl.col("period").is_not_null())
        .group_by("budget", "period")
        .agg(pl.col("total", "day").last())
    )
    currencies = pl.col("currency").unique().sort().str.join(", ")
    others = costs.others.lazy().filter(until).group_by("budget", "period").agg(currencies)
    found: dict[str, dict[str, _Spent]] = {}
    both = spent.join(others, on=["budget", "period"], how="full", coalesce=True).sort("budget", "period").collect()
    for budget, period, cost, day, others_there in both.filter(pl.col("period").is_not_null()).iter_rows():
        found.setdefault(budget, {})[period] = _Spent(cost or _NOTHING, day, others_there)
    return found


def _rows_of(budget: Budget, costs: BudgetCosts, spent: Mapping[str, _Spent], as_of: date) -> Iterator[dict[str, Any]]:
    if budget.period == "rolling":
        spent = _in_window(budget, costs, as_of)
    carried = _NOTHING
    through: date | None = None
    for period in _periods(budget, spent, as_of):
        this = spent.get(period.label, _Spent())
        own = budget.own_amount(period)
        through = max((day for day in (through, this.through) if day), default=None)
        yield _row(budget, period, this, own, carried, through, as_of)
        with localcontext(DIGITS):
            carried = _carried(budget, own, own + carried - this.amount)
        if costs.known_since is None or period.first_day < costs.known_since:
            carried = min(carried, _NOTHING)


def _periods(budget: Budget, spent: Mapping[str, _Spent], as_of: date) -> Iterator[BudgetPeriod]:
    """Those that have a row, in their order."""
    first, last = budget.bounds
    if as_of < first and not spent:
        return
    current = min(as_of, last)
    if budget.period not in MONTHS_OF:
        yield from filter(None, [budget.period_on(current)])
        return
    begun = [first_of_label(label) for label in spent]
    since = min(begun, default=current)
    if budget.carry_over != "none" and begun and first != date.min:
        since = first
    yield from budget.periods(since, max(current, *begun, since))


def _in_window(budget: Budget, costs: BudgetCosts, as_of: date) -> dict[str, _Spent]:
    """Of a rolling budget: what was spent in its days up to `as_of`."""
    window = budget.period_on(min(as_of, budget.bounds[1]))
    if window is None:
        return {}
    of_budget, day = pl.col("budget") == budget.name, pl.col("day")
    amount, through = (
        costs.totals.filter(of_budget, day <= window.last_day)
        .select(pl.col("cost").filter(day >= window.first_day).sum(), day.max())
        .row(0)
    )
    others = costs.others.filter(of_budget, day.is_between(window.first_day, window.last_day))["currency"]
    return {window.label: _Spent(amount, through, ", ".join(others.unique().sort()) or None)}


def _carried(budget: Budget, own: Decimal, remaining: Decimal) -> Decimal:
    """What goes over into the next period of what remains of one."""
    most = (own * budget.carry_over_limit_pct / 100).quantize(_LAST_PLACE)
    if remaining > 0:
        return min(remaining, most) if budget.carry_over in ("unspent", "both") else _NOTHING
    return max(remaining, -most) if budget.carry_over in ("overspent", "both") else _NOTHING


def _row(
    budget: Budget,
    period: BudgetPeriod,
    spent: _Spent,
    own: Decimal,
    carried: Decimal,
    through: date | None,
    as_of: date,
) -> dict[str, Any]:
    with localcontext(DIGITS):
        amount = own + carried
        share = (spent.amount * 100 / amount).quantize(CENT) if amount > 0 else None
        return {
            "budget": budget.name,
            "period_kind": budget.period,
            "period": period.label,
            "first_day": period.first_day,
            "last_day": period.last_day,
            "scope": budget.scope_text,
            "team": budget.team,
            "owner": budget.owner,
            "cost_basis": budget.cost_basis,
            "currency": budget.currency,
            "own_amount": own,
            "carried_over": carried,
            "budget_amount": amount,
            "spent": spent.amount,
            "remaining": amount - spent.amount,
            "share_pct": share,
            "elapsed_pct": (Decimal(period.elapsed(as_of) * 100) / period.days).quantize(CENT),
            "data_through": through,
            "other_currencies": spent.other_currencies,
            "is_alerting": period.first_day <= as_of <= period.last_day + timedelta(days=LATE_BILL_DAYS),
            "as_of": as_of,
        }
