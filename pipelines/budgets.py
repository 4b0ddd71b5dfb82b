"""Budgets of `outlay.yaml`, as they are worked out."""

from __future__ import annotations

from models.control.budgets import Budget, BurnRate, ForecastThreshold
from models.economics.globs import is_exact
from pipelines.settings import Settings
from pipelines.settings.budgets import BudgetSettings


def budgets(settings: Settings) -> tuple[Budget, ...]:
    """In the order of the file. Raises `BudgetError`."""
    return tuple(_budget(declared) for declared in settings.budgets)


def _budget(declared: BudgetSettings) -> Budget:
    teams = declared.scope.team or ()
    return Budget(
        name=declared.name,
        amount=declared.amount,
        currency=declared.currency,
        scope=declared.scope.model_dump(exclude_none=True, exclude={"tags"}),
        tags=declared.scope.tags,
        cost_basis=declared.cost_basis,
        period=declared.period,
        days=declared.days,
        first_day=declared.first_day,
        last_day=declared.last_day,
        amounts=declared.amounts,
        growth_pct=declared.growth_pct,
        grows_from=declared.grows_from,
        carry_over=declared.carry_over,
        carry_over_limit_pct=declared.carry_over_limit_pct,
        thresholds_pct=declared.thresholds_pct,
        forecast=tuple(ForecastThreshold(each.of_pct, each.probability_pct) for each in declared.forecast),
        burn_rates=tuple(BurnRate(each.days, each.rate, each.confirm_days) for each in declared.burn_rates),
        owner=declared.owner or (teams[0] if len(teams) == 1 and is_exact(teams[0]) else None),
    )
