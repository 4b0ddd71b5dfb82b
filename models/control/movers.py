"""Movers: which team and model made a budget's period dearer than the one before. Sums only; no cause is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from models.control.budget_periods import BudgetPeriod
from models.control.budgets import Budget
from models.economics.ownership import UNALLOCATED

NO_MODEL = "no model"


@dataclass(frozen=True)
class Mover:
    """One team and model: this period's money so far and the same days before, in the budget's currency and basis."""

    team: str
    model: str
    spent: Decimal
    spent_before: Decimal

    @property
    def change(self) -> Decimal:
        return self.spent - self.spent_before


def top_movers(
    total_costs: pl.DataFrame | pl.LazyFrame, budget: Budget, period: BudgetPeriod, *, as_of: date, count: int = 3
) -> list[Mover]:
    """The `count` largest rises within the budget's scope, largest first; falls are no movers here.

    `total_costs` is `marts.tco_daily`, or what a budget with tags is asked of. The period before counts up to the day
    of it that each source has reached in `period` by `as_of` (all of it once that is complete), so that a period under
    way, or a bill that lags, is not set against more. Before a rolling or fixed period are as many days.
    """
    before = period.before
    is_now = budget.falls_in(period.first_day, period.last_day)
    reached = pl.col("day").filter(is_now).max()
    through = pl.coalesce(reached.over("source"), reached)
    compared = is_now | (pl.col("day") - before.first_day <= through - period.first_day) | (through >= period.last_day)
    cost = pl.col(f"{budget.cost_basis}_cost")
    sums = (
        total_costs.lazy()
        .with_columns(pl.col("day").dt.date())
        .filter(
            budget.in_scope(),
            pl.col("currency") == budget.currency,
            pl.col("day") <= as_of,
            is_now | budget.falls_in(before.first_day, before.last_day),
        )
        .filter(compared)
        .group_by(pl.col("team").fill_null(UNALLOCATED), pl.col("model").fill_null(NO_MODEL))
        .agg(cost.filter(is_now).sum().alias("spent"), cost.filter(~is_now).sum().alias("spent_before"))
        .with_columns((pl.col("spent") - pl.col("spent_before")).alias("change"))
        .filter(pl.col("change") > 0)
        .sort("change", "team", "model", descending=[True, False, False])
        .head(count)
        .select("team", "model", "spent", "spent_before")
        .collect()
    )
    return [Mover(**row) for row in sums.iter_rows(named=True)]
