"""What other budgets would change: which are new, changed or gone, and how each would stand on its first day.

Only what is shown before somebody asks for it; how budgets stand once they are in force is in `budget_status`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import polars as pl

from models.control.budget_costs import budget_costs
from models.control.budget_periods import MONTHS_OF
from models.control.budget_status import budget_status
from models.control.budgets import Budget
from models.wording import UNKNOWN, money_text, month_text

What = Literal["new", "changed", "removed", "unchanged"]
_WORDS: Mapping[str, str] = {
    "period": "period",
    "days": "days",
    "cost_basis": "cost",
    "owner": "owner",
    "first_day": "first day",
    "last_day": "last day",
    "grows_from": "grows from",
    "carry_over": "carry-over",
}
"""What is told of a budget by its value as it is."""


@dataclass(frozen=True)
class BudgetChange:
    """One budget before and after. `details`: each setting that differs, as `amount: 10.00 USD → 12.00 USD`."""

    name: str
    what: What
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class StandsAt:
    """How a budget would stand in its period of a day. `crossed`: thresholds, in percent, that are reached at once."""

    period: str
    amount: Decimal
    spent: Decimal
    currency: str
    share_pct: Decimal | None
    crossed: tuple[int, ...]
    has_costs: bool


def budget_changes(before: Sequence[Budget], after: Sequence[Budget]) -> list[BudgetChange]:
    """One for each budget of either, in the order of `after`, removed ones last."""
    stood = {budget.name: budget for budget in before}
    holds = {budget.name for budget in after}
    found: list[BudgetChange] = []
    for budget in after:
        old = stood.get(budget.name)
        details = tuple(_details(old, budget))
        what: What = "new" if old is None else "changed" if details else "unchanged"
        found.append(BudgetChange(budget.name, what, details))
    gone = (budget for budget in before if budget.name not in holds)
    return [*found, *(BudgetChange(budget.name, "removed", (f"amount was {_amount(budget)}",)) for budget in gone)]


def stands_at(costs: pl.DataFrame, budgets: Sequence[Budget], day: date) -> dict[str, StandsAt]:
    """By name, of those that have a period on a day. `costs`: rows of `marts.tco_daily`, or sums of them that keep what
    scopes ask; from `costs_since` on. Budgets with tags are left out: tags are not in these rows."""
    asked = [budget for budget in budgets if not budget.tags]
    rows = budget_status(budget_costs(costs, asked), asked, as_of=day).filter(
        pl.lit(day).is_between(pl.col("first_day"), pl.col("last_day"))
    )
    thresholds = {budget.name: budget.thresholds_pct for budget in asked}
    found: dict[str, StandsAt] = {}
    for row in rows.iter_rows(named=True):
        share = row["share_pct"]
        reached = sorted(each for each in thresholds[row["budget"]] if share is None or each <= share)
        found[row["budget"]] = StandsAt(
            row["period"],
            row["budget_amount"],
            row["spent"],
            row["currency"],
            share,
            tuple(reached),
            row["data_through"] is not None,
        )
    return found


def costs_since(budgets: Sequence[Budget], day: date) -> date:
    """From which day on `stands_at` needs costs; of what is carried over, from the beginning."""
    if any(budget.carry_over != "none" for budget in budgets):
        return date.min
    periods = (budget.period_on(day) for budget in budgets)
    return min((period.first_day for period in periods if period is not None), default=day)


def _details(old: Budget | None, new: Budget) -> Iterator[str]:
    """Of a new budget everything that it says; of a changed one what differs."""
    was, now = ({} if old is None else dict(_told(old))), dict(_told(new))
    for word in (*now, *(word for word in was if word not in now)):
        before, after = was.get(word, UNKNOWN), now.get(word, UNKNOWN)
        if old is None:
            yield f"{word}: {after}"
        elif before != after:
            yield f"{word}: {before} → {after}"


def _told(budget: Budget) -> Iterator[tuple[str, str]]:
    """What a budget says, in words; nothing of what it leaves out."""
    yield "amount", _amount(budget)
    for month, amount in sorted(budget.amounts.items()):
        yield month_text(month), money_text(amount, budget.currency)
    yield "scope", budget.scope_text
    for name, word in _WORDS.items():
        value = getattr(budget, name)
        if value is not None and not (name == "carry_over" and value == "none"):
            yield word, str(value)
    if budget.growth_pct:
        yield "growth a period", f"{budget.growth_pct:f} %"
    if budget.carry_over != "none":
        yield "carried over at most", f"{budget.carry_over_limit_pct} %"
    yield "told at", ", ".join(f"{each} %" for each in budget.thresholds_pct) or "no threshold"
    forecast = ", ".join(f"{each.of_pct} % at {each.probability_pct} %" for each in budget.forecast)
    yield "told of a forecast of", forecast or "nothing"
    if budget.burn_rates:
        burns = (f"{each.rate:f} times over {each.days} days" for each in budget.burn_rates)
        yield "told of a burn rate of", ", ".join(burns)


def _amount(budget: Budget) -> str:
    if budget.amount is None:
        return "by month"
    each = f" a {budget.period}" if budget.period in MONTHS_OF else ""
    return f"{money_text(budget.amount, budget.currency)}{each}"
