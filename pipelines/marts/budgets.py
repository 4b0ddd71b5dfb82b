"""Marts of budgets, as the publication shows them: of total cost, and of charges by tag where budgets name tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from models.control.budget_costs import BudgetCosts, budget_costs
from models.control.budget_status import BUDGET_STATUS, budget_status
from models.control.budget_tags import tagged_costs
from models.control.budget_thresholds import BUDGET_THRESHOLDS, budget_thresholds
from models.control.budgets import Budget
from models.errors import OutlayError
from models.ledger.focus import COST_AND_USAGE
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart


def budgets_marts(made: Budgeting) -> Mapping[str, Mart]:
    """By qualified name."""
    return {
        BUDGET_STATUS.qualified_name: lambda: made.statuses,
        BUDGET_THRESHOLDS.qualified_name: lambda: made.thresholds,
    }


@dataclass(frozen=True)
class Budgeting:
    """How the budgets of one publication stand today, over every source that is shown; worked out once."""

    economics: Economics

    @cached_property
    def budgets(self) -> tuple[Budget, ...]:
        return self.economics.work.budgets

    def rows(self, budget: Budget) -> pl.DataFrame:
        """What a budget is asked of: `marts.tco_daily`, or with tags its charges in the same words."""
        return self.tagged if budget.tags else self.economics.tco

    @cached_property
    def costs(self) -> BudgetCosts:
        return budget_costs(self.economics.tco, self.budgets, self.tagged)

    @cached_property
    def tagged(self) -> pl.DataFrame:
        """What budgets with tags are asked of (`tagged_costs`). Only where there are any, charges are read once more, a
        load at a time."""
        facts, by = self.economics.facts, self.economics.work.attribution
        loads = [(load,) for load in facts.loads] if any(budget.tags for budget in self.budgets) else []
        parts = (replace(facts, loads=of).read(COST_AND_USAGE) for of in ((), *loads))
        return pl.concat(tagged_costs(charges, by, self.budgets) for charges in parts)

    @cached_property
    def statuses(self) -> pl.DataFrame:
        """`marts.budget_status`. Budgets whose amounts by month have run out are problems of the publication."""
        self.economics.problems.extend(_run_out(self.budgets, self.economics))
        return budget_status(self.costs, self.budgets, as_of=self.economics.today)

    @cached_property
    def thresholds(self) -> pl.DataFrame:
        """`marts.budget_thresholds`."""
        return budget_thresholds(self.costs, self.statuses, self.budgets)


def _run_out(budgets: tuple[Budget, ...], economics: Economics) -> list[OutlayError]:
    return [
        OutlayError(
            f"budget {budget.name!r} has no amount for {economics.today:%Y-%m}, and is not watched",
            remedy="add one under its amounts in outlay.yaml, or its last_day where it has ended",
        )
        for budget in budgets
        if budget.has_run_out(economics.today)
    ]
