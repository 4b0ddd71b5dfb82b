"""`budgets` of `outlay.yaml`: what may be spent, on what, in which time, and when somebody hears of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from models.control.budget_periods import PeriodKind
from models.errors import OutlayError
from pipelines.settings.strict import ONE_OR_MORE, Amount, Currency, Day, Month, Name, Strict

if TYPE_CHECKING:
    from models.control.budgets import Budget


Names = Annotated[tuple[Name, ...], ONE_OR_MORE, Field(min_length=1)]
"""One name or several; shell globs, letter case aside. One of them must fit."""


class BudgetScope(Strict):
    """What a budget covers: whatever is given must fit; nothing is everything."""

    source: Names | None = None
    vendor: Names | None = None
    model: Names | None = None
    team: Names | None = None
    use_case: Names | None = None
    product: Names | None = None
    component: Names | None = None
    environment: Names | None = None
    cost_centre: Names | None = None
    tags: dict[Name, Names] = Field(default={}, description="Tags of charges, by key; shared pools have none")


class ForecastThreshold(Strict):
    """Tell as soon as `of_pct` of the budget will be exceeded with at least this probability."""

    of_pct: Annotated[int, Field(gt=0, le=1000)] = 100
    probability_pct: Annotated[int, Field(ge=50, le=99)] = 80


class BurnRate(Strict):
    """Tell when spending goes `rate` times as fast as the budget allows, over `days` and over the last `confirm_days`.

    The long window says that it matters, the short one that it still goes on.
    """

    days: Annotated[int, Field(ge=1, le=92)]
    confirm_days: Annotated[int, Field(ge=1, le=31)] = 1
    rate: Annotated[Amount, Field(gt=1, le=1000)]

    @model_validator(mode="after")
    def _confirms_by_less(self) -> BurnRate:
        if self.confirm_days > self.days:
            raise ValueError("confirm_days must not be more than days")
        return self


class BudgetSettings(Strict):
    """A budget. `amount` is for one period; `amounts` by month override it for the months that they name."""

    name: Name
    amount: Amount | None = Field(default=None, gt=0)
    amounts: dict[Month, Annotated[Amount, Field(gt=0)]] = Field(
        default={}, description="By month; a quarter or year is the sum of its months"
    )
    currency: Currency = "USD"
    period: PeriodKind = "month"
    days: int | None = Field(default=None, ge=2, le=366, description="Of a rolling budget: the last so many days")
    first_day: Day | None = Field(default=None, description="Of a fixed budget; of others: none before")
    last_day: Day | None = Field(default=None, description="Of a fixed budget; of others: none after")
    growth_pct: Annotated[Amount, Field(gt=-100, le=1000)] = Decimal(0)
    grows_from: Month | None = Field(default=None, description="First period at `amount`; each later one grows on")
    carry_over: Literal["none", "unspent", "overspent", "both"] = "none"
    carry_over_limit_pct: Annotated[int, Field(gt=0, le=1000)] = Field(
        default=100, description="At most so much of a period's own amount is carried into the next one"
    )
    scope: BudgetScope = BudgetScope()
    cost_basis: Literal["billed", "effective", "list"] = Field(
        default="billed", description="Billed counts by invoice month in a month, quarter or year; else by day"
    )
    thresholds_pct: tuple[Annotated[int, Field(gt=0, le=1000)], ...] = (100,)
    forecast: tuple[ForecastThreshold, ...] = (ForecastThreshold(),)
    burn_rates: tuple[BurnRate, ...] = ()
    owner: Name | None = Field(default=None, description="Team that answers for it; default the team of its scope")

    @model_validator(mode="after")
    def _says_how_much_and_when(self) -> BudgetSettings:
        if self.amount is None and not self.amounts:
            raise ValueError("needs an amount, or amounts by month")
        if (self.period == "rolling") != (self.days is not None):
            raise ValueError("days are given for a rolling budget, and for no other")
        if self.period == "fixed" and (self.first_day is None or self.last_day is None):
            raise ValueError("a fixed budget needs first_day and last_day")
        if self.period in ("rolling", "fixed"):
            if self.amounts or self.growth_pct or self.carry_over != "none":
                raise ValueError(f"a {self.period} budget has one amount: no amounts by month, growth or carry_over")
        elif self.growth_pct and self.grows_from is None:
            raise ValueError("growth_pct needs grows_from: the first period, at the amount itself")
        if self.first_day is not None and self.last_day is not None and self.last_day < self.first_day:
            raise ValueError("last_day must not lie before first_day")
        return self

    @model_validator(mode="after")
    def _tells_nothing_twice(self) -> BudgetSettings:
        asked: dict[str, list[tuple[object, ...]]] = {
            "forecast": [(each.of_pct, each.probability_pct) for each in self.forecast],
            "burn_rates": [(each.days, each.rate) for each in self.burn_rates],
        }
        for name, steps in asked.items():
            if len(set(steps)) < len(steps):
                raise ValueError(f"{name} asks for the same twice")
        return self

    @model_validator(mode="after")
    def _can_be_worked_out(self) -> BudgetSettings:
        try:
            self.budget()
        except OutlayError as error:
            raise ValueError(f"{error.what}; {error.remedy}") from error
        return self

    def budget(self) -> Budget:
        """As it is worked out. Without an owner, the team that its scope names answers for it."""
        from models.control import budgets  # only here: reading a file without budgets needs no Polars
        from models.economics.globs import is_exact

        teams = self.scope.team or ()
        return budgets.Budget(
            name=self.name,
            amount=self.amount,
            currency=self.currency,
            scope=self.scope.model_dump(exclude_none=True, exclude={"tags"}),
            tags=self.scope.tags,
            cost_basis=self.cost_basis,
            period=self.period,
            days=self.days,
            first_day=self.first_day,
            last_day=self.last_day,
            amounts=self.amounts,
            growth_pct=self.growth_pct,
            grows_from=self.grows_from,
            carry_over=self.carry_over,
            carry_over_limit_pct=self.carry_over_limit_pct,
            thresholds_pct=self.thresholds_pct,
            forecast=tuple(budgets.ForecastThreshold(each.of_pct, each.probability_pct) for each in self.forecast),
            burn_rates=tuple(budgets.BurnRate(each.days, each.rate, each.confirm_days) for each in self.burn_rates),
            owner=self.owner or (teams[0] if len(teams) == 1 and is_exact(teams[0]) else None),
        )
