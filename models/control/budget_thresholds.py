"""When budgets reached their thresholds: in a running total of a period, or in a sum of the last so many days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, localcontext

import dataframely as dy
import polars as pl

from models.control.budget_costs import BudgetCosts
from models.control.budgets import DIGITS, Budget
from models.table import MONEY, Table, money, text

_LAST_PLACE = Decimal(1).scaleb(-MONEY.scale)


class BudgetThresholds(dy.Schema):
    """One row per budget, period and threshold on what is spent; those on forecasts are elsewhere."""

    budget = text("Name of the budget in outlay.yaml")
    period = text("Period, as in budget_status")
    team = text("The one team whose costs it covers; null: it covers several, or may", nullable=True)
    threshold_pct = dy.Int64(nullable=False, description="This threshold, in percent of budget_amount")
    threshold_amount = money("This threshold in money; 0 where nothing may be spent")
    first_crossed_day = dy.Date(
        nullable=True,
        description="First day whose running total reached it, whatever credits came later; of a rolling budget the "
        "first of those up to as_of on which the sum was never below; null: not reached",
    )
    as_of = dy.Date(nullable=False, description="Last day that was counted")


BUDGET_THRESHOLDS = Table(
    name="budget_thresholds",
    schema="marts",
    kind="mart",
    grain="budget × period × threshold",
    meaning="When the spending of each budget reached its thresholds.",
    contract=BudgetThresholds,
)


def budget_thresholds(costs: BudgetCosts, statuses: pl.DataFrame, budgets: Iterable[Budget]) -> pl.DataFrame:
    """`marts.budget_thresholds` of the same costs and budgets as `statuses`, as of the same day."""
    if statuses.is_empty():
        return BUDGET_THRESHOLDS.empty()
    budgets = tuple(budgets)
    as_of: date = statuses["as_of"][0]
    totals = costs.totals.filter(pl.col("day") <= as_of)
    asked = _asked(statuses, {budget.name: sorted(set(budget.thresholds_pct)) for budget in budgets})
    rolling = [_since(totals, asked, budget, as_of) for budget in budgets if budget.period == "rolling"]
    reached = pl.concat([_first(totals, asked), *rolling])
    key = ["budget", "period", "threshold_pct"]
    return asked.join(reached, on=key, how="left", maintain_order="left").select(list(BUDGET_THRESHOLDS.polars_schema))


def _asked(statuses: pl.DataFrame, thresholds: Mapping[str, list[int]]) -> pl.DataFrame:
    """A row per threshold of each status, lowest first: without the day on which it was reached."""
    of_status = statuses.select("budget", "period", "team", "budget_amount", "as_of").iter_rows()
    with localcontext(DIGITS):
        rows = [
            (budget, period, team, pct, (max(amount, Decimal(0)) * pct / 100).quantize(_LAST_PLACE), as_of)
            for budget, period, team, amount, as_of in of_status
            for pct in thresholds.get(budget, ())
        ]
    names = ("budget", "period", "team", "threshold_pct", "threshold_amount", "as_of")
    return pl.DataFrame(rows, schema={name: BUDGET_THRESHOLDS.polars_schema[name] for name in names}, orient="row")


def _first(totals: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """budget, period, threshold_pct, first_crossed_day: where a running total of the period reached it."""
    return (
        totals.lazy()
        .join(asked.lazy(), on=["budget", "period"])
        .filter(pl.col("total") >= pl.col("threshold_amount"), pl.col("total") > 0)
        .group_by("budget", "period", "threshold_pct")
        .agg(pl.col("day").min().alias("first_crossed_day"))
        .collect()
    )


def _since(totals: pl.DataFrame, asked: pl.DataFrame, budget: Budget, as_of: date) -> pl.DataFrame:
    """As `_first`, of a rolling budget: since when its sum has been at the threshold or over without a break."""
    thresholds = asked.filter(pl.col("budget") == budget.name)
    spent = totals.filter(pl.col("budget") == budget.name)
    until = budget.period_on(min(as_of, budget.bounds[1]))
    if until is None or spent.is_empty():
        return thresholds.clear().select("budget", "period", "threshold_pct", first_crossed_day=pl.lit(None, pl.Date))
    days = spent.select(pl.date_range(pl.col("day").min(), until.last_day).alias("day"))
    sums = (
        days.join(spent, on="day", how="left")
        .with_columns(pl.col("cost").fill_null(0))
        .rolling("day", period=f"{budget.days}d")
        .agg(pl.col("cost").sum().alias("total"))
    )
    under = (pl.col("total") < pl.col("threshold_amount")) | (pl.col("total") <= 0)
    last_under = pl.col("day").filter(under).max()
    return (
        thresholds.join(sums, how="cross")
        .group_by("budget", "period", "threshold_pct")
        .agg(pl.coalesce(last_under.dt.offset_by("1d"), pl.col("day").min()).alias("first_crossed_day"))
        .with_columns(pl.when(pl.col("first_crossed_day") <= until.last_day).then("first_crossed_day"))
    )
