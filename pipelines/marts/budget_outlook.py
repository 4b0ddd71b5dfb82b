"""Marts of what budgets come to: where they land, how fast they burn, and what of it is worth an alert.

What fails stops nothing: it is a problem of the publication, its tables are empty, and its rules are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from models.control.alert_tables import ALERTS
from models.control.budget_days import BUDGET_DAYS
from models.control.budget_events import place_on_budgets
from models.control.budget_outlook import (
    BUDGET_FORECASTS,
    BUDGET_OUTLOOK,
    BudgetOutlook,
    Grounds,
    budget_outlook,
    scope_costs,
)
from models.control.burn_rate import BURN_RATES, burn_rates
from models.control.conditions import Kind
from models.control.kinds.budgets import BudgetFrames, budget_conditions, kinds_of
from models.control.kinds.judged import Judged, unknown
from models.control.kinds.rules import going_on
from models.control.movers import Mover, top_movers
from models.foresight.arrears import gone_on, together
from models.foresight.series import KEY
from pipelines.errors import left_out
from pipelines.marts.budgets import Budgeting
from pipelines.marts.economics import Economics
from pipelines.marts.forecasts import Forecasting
from pipelines.marts.series import DailySeries
from pipelines.warehouse import Mart

_LIKE_BUDGETS = ("total", "vendor", "team", "component")
"""Dimensions of published series that budgets are forecast in company of."""


def budget_outlook_marts(made: BudgetForecasting) -> Mapping[str, Mart]:
    """By qualified name."""
    return {
        BUDGET_OUTLOOK.qualified_name: lambda: made.outlook.outlook,
        BUDGET_FORECASTS.qualified_name: lambda: made.outlook.forecasts,
        BUDGET_DAYS.qualified_name: lambda: made.outlook.days,
        BURN_RATES.qualified_name: lambda: made.burns,
    }


@dataclass(frozen=True)
class BudgetForecasting:
    """What the budgets of one publication come to, made once: from the day, the known events and the holidays that
    its forecasts stand on."""

    budgeting: Budgeting
    forecasting: Forecasting

    @cached_property
    def outlook(self) -> BudgetOutlook:
        """Without rows where nothing is published, or it cannot be made."""
        try:
            if self._grounds is not None:
                made = self.budgeting
                return budget_outlook(made.statuses, made.costs, made.budgets, self._grounds)
        except Exception as error:  # whatever it is, costs are published
            self._economics.problems.append(left_out("budgets could not be forecast", error))
        return BudgetOutlook(BUDGET_OUTLOOK.empty(), BUDGET_FORECASTS.empty(), BUDGET_DAYS.empty())

    @cached_property
    def burns(self) -> pl.DataFrame:
        """`marts.burn_rates`, likewise."""
        try:
            if self._grounds is not None:
                made = self.budgeting
                return burn_rates(made.statuses, self._grounds.history, made.budgets, self._grounds.made_on)
        except Exception as error:  # whatever it is, costs are published
            self._economics.problems.append(left_out("burn rates of budgets could not be worked out", error))
        return BURN_RATES.empty()

    def judged(self) -> dict[tuple[str, Kind], Judged]:
        """What came of each budget, by its name and the kind."""
        made = self.budgeting
        try:
            history = made.costs.spend.clear() if self._grounds is None else self._grounds.history
            frames = BudgetFrames(
                made.statuses,
                made.thresholds,
                self.outlook.outlook,
                self.outlook.forecasts,
                self.burns,
                history,
                going_on(self._economics.facts.told(ALERTS)),
                self._movers,
            )
            return budget_conditions(made.budgets, frames, self._economics.today)
        except Exception as error:  # whatever it is, costs are published
            problem = left_out("alerts of budgets could not be judged", error)
            self._economics.problems.append(problem)
            return {(budget.name, kind): unknown(problem.what) for budget in made.budgets for kind in kinds_of(budget)}

    @property
    def _economics(self) -> Economics:
        return self.budgeting.economics

    @cached_property
    def _grounds(self) -> Grounds | None:
        """None where nothing is published."""
        series, made, costs = self._economics.series, self.budgeting, self._economics.tco
        if series.origin is None:
            return None
        late, origin = dict(series.origin.known_through), series.origin.day
        return Grounds(
            origin,
            scope_costs(costs, made.budgets, made.tagged),
            scope_costs(series.gone_on, made.budgets, gone_on(made.tagged, late, origin)),
            place_on_budgets(self.forecasting.known.events, made.budgets, costs, origin),
            self.forecasting.holidays,
            self._company(series),
        )

    @staticmethod
    def _company(series: DailySeries) -> pl.DataFrame:
        """The published series that are most like budgets."""
        alike = together(series.rows, series.assumed).filter(pl.col("dimension").is_in(_LIKE_BUDGETS))
        return alike.select(
            pl.concat_str(KEY, separator="\x1f", ignore_nulls=True).alias("series"), "day", value="effective_cost"
        )

    def _movers(self, name: str, period: str) -> Sequence[Mover]:
        """What rose most in a budget's period; nothing where the ledger does not know the one before from its start."""
        made = self.budgeting
        budget = next(budget for budget in made.budgets if budget.name == name)
        status = made.statuses.row(by_predicate=(pl.col("budget") == name) & (pl.col("period") == period), named=True)
        its_period = budget.period_on(status["last_day"])
        if its_period is None or its_period.before.first_day < self._first_day:
            return []
        return top_movers(made.rows(budget), budget, its_period, as_of=status["as_of"])

    @cached_property
    def _first_day(self) -> date:
        """Of all that the ledger knows."""
        first = self._economics.tco.select(pl.col("day").min().dt.date()).item()
        return date.max if first is None else first
