"""What the scopes of budgets cost by day: summed once, then asked of for any day as often as one likes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from models.control.budget_periods import dates_label
from models.control.budgets import Budget
from models.table import MONEY

SPEND = pl.Schema(
    {"budget": pl.String(), "period": pl.String(), "source": pl.String(), "day": pl.Date(), "cost": MONEY}
)
OTHERS = pl.Schema({"budget": pl.String(), "period": pl.String(), "day": pl.Date(), "currency": pl.String()})


@dataclass(frozen=True)
class BudgetCosts:
    """Costs in the scopes of budgets, all days on which there is a budget.

    `spend` (SPEND): a row per budget, period, source and day, in the budget's currency and cost basis. `period` is the
    label of the one that it counts in: of billed money that of the invoice month, so that the day may lie outside;
    null for a rolling budget, of which a day lies in many. `others` (OTHERS): currencies in scope that do not count.
    `known_since`: first day of the month with the first cost of all, in scope or not; what was before is not known.
    """

    spend: pl.DataFrame
    others: pl.DataFrame
    known_since: date | None

    @cached_property
    def totals(self) -> pl.DataFrame:
        """budget, period (null for a rolling budget), day, cost, total: of each day with a cost, and what was spent of
        the period by then. Whatever day is asked of, they are the same: summed once."""
        return (
            self.spend.group_by("budget", "period", "day")
            .agg(pl.col("cost").sum())
            .sort("budget", "period", "day")
            .with_columns(pl.col("cost").cum_sum().over("budget", "period").alias("total"))
        )


def budget_costs(costs: pl.DataFrame, budgets: Iterable[Budget], tagged: pl.DataFrame | None = None) -> BudgetCosts:
    """Of `marts.tco_daily`, or of rows like its own. `tagged`: what budgets with tags are asked of, the same columns
    with `tag:KEY` for each key that any of them names (`budget_tags`); without it these budgets match nothing."""
    budgets = tuple(budgets)
    rows = [_in_scope(costs, [budget for budget in budgets if not budget.tags])]
    if tagged is not None:
        rows.append(_in_scope(tagged, [budget for budget in budgets if budget.tags]))
    found = pl.concat(rows)
    counts = pl.col("currency") == pl.col("budget").replace_strict(
        {budget.name: budget.currency for budget in budgets}, default=None, return_dtype=pl.String
    )
    return BudgetCosts(
        found.filter(counts).select(list(SPEND)),
        found.filter(~counts).select(list(OTHERS)).unique().sort(list(OTHERS)),
        costs.select(pl.col("day").min().dt.date().dt.month_start()).item(),
    )


def _in_scope(costs: pl.DataFrame, budgets: Iterable[Budget]) -> pl.DataFrame:
    """SPEND by currency besides, of every currency."""
    rows = costs.lazy().with_columns(pl.col("day").dt.date())
    asked = [
        rows.filter(budget.in_scope(), _holds(budget))
        .group_by(_label(budget).alias("period"), "source", "day", "currency")
        .agg(pl.col(f"{budget.cost_basis}_cost").sum().alias("cost"))
        .sort("period", "source", "day", "currency")
        .select(pl.lit(budget.name).alias("budget"), "period", "source", "day", "cost", "currency")
        for budget in budgets
    ]
    return pl.concat([pl.DataFrame(schema={**SPEND, "currency": pl.String()}), *pl.collect_all(asked)])


def _holds(budget: Budget) -> pl.Expr:
    """Which costs fall into the time in which there is a budget."""
    return budget.falls_in(*budget.bounds)


def _label(budget: Budget) -> pl.Expr:
    month = pl.col("billing_month") if budget.by_invoice_month else pl.col("day").dt.strftime("%Y-%m")
    year, number = month.str.slice(0, 4), month.str.slice(5, 2).cast(pl.Int32)
    match budget.period:
        case "month":
            return month
        case "quarter":
            return pl.format("{}-Q{}", year, (number + 2) // 3)
        case "year":
            return year
        case "fixed":
            return pl.lit(dates_label(*budget.bounds))
        case "rolling":
            return pl.lit(None, pl.String)
