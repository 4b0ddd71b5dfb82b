"""Movers: which team and model made a budget's month dearer than the one before. Sums only; no cause is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from models.control.budgets import Budget

UNALLOCATED = "unallocated"
NO_MODEL = "no model"


@dataclass(frozen=True)
class Mover:
    """One team and model: this month's money so far and the same days before, in the budget's currency and basis."""

    team: str
    model: str
    spent: Decimal
    spent_before: Decimal

    @property
    def change(self) -> Decimal:
        return self.spent - self.spent_before


def top_movers(
    daily_costs: pl.DataFrame | pl.LazyFrame, budget: Budget, *, billing_period: str, as_of: date, count: int = 3
) -> list[Mover]:
    """The `count` largest rises within the budget's scope, largest first; falls are no movers here.

    Both months count their days up to the day of the month that `billing_period` has reached by `as_of` (all days
    once it is over), so that a month under way is never set against a whole one.
    """
    first = date.fromisoformat(f"{billing_period}-01")
    before = f"{first - timedelta(days=1):%Y-%m}"
    under_way = f"{as_of:%Y-%m}" == billing_period
    last_day_of_month = as_of.day if under_way else 31
    cost = pl.col(f"{budget.cost_basis}_cost")
    sums = (
        daily_costs.lazy()
        .filter(
            budget.in_scope(),
            pl.col("currency") == budget.currency,
            pl.col("day").dt.day() <= last_day_of_month,
            budget.month.is_in([billing_period, before]),
        )
        .group_by(pl.col("team").fill_null(UNALLOCATED), pl.col("model").fill_null(NO_MODEL))
        .agg(
            cost.filter(budget.month == billing_period).sum().alias("spent"),
            cost.filter(budget.month == before).sum().alias("spent_before"),
        )
        .filter(pl.col("spent") > pl.col("spent_before"))
        .with_columns((pl.col("spent") - pl.col("spent_before")).alias("change"))
        .sort("change", "team", "model", descending=[True, False, False])
        .head(count)
        .select("team", "model", "spent", "spent_before")
        .collect()
    )
    return [Mover(**row) for row in sums.iter_rows(named=True)]
