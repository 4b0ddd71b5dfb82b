"""Movers: which team and model made a budget's month dearer than the one before. Sums only; no cause is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from models.control.budgets import Budget, _month
from models.economics.ownership import UNALLOCATED

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
    total_costs: pl.DataFrame | pl.LazyFrame, budget: Budget, *, billing_period: str, as_of: date, count: int = 3
) -> list[Mover]:
    """The `count` largest rises within the budget's scope, largest first; falls are no movers here.

    `total_costs` is `marts.tco_daily`. The month before counts up to the day of the month that each source has reached
    in `billing_period` by `as_of` (all of it once that month is complete), so that a month under way, or a bill that
    lags, is not set against more.
    """
    before = f"{date.fromisoformat(f'{billing_period}-01') - timedelta(days=1):%Y-%m}"
    cost = pl.col(f"{budget.cost_basis}_cost")
    is_now = _month(budget) == billing_period
    day = pl.col("day").dt
    reached = pl.col("day").filter(is_now).max()
    through = pl.coalesce(reached.over("source"), reached)
    compared = is_now | (day.day() <= through.dt.day()) | (through == through.dt.month_end())
    sums = (
        total_costs.lazy()
        .with_columns(day.date())
        .filter(
            budget.in_scope(),
            pl.col("currency") == budget.currency,
            pl.col("day") <= as_of,
            _month(budget).is_in([billing_period, before]),
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
