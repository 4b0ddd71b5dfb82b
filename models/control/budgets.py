"""Budgets: so much money for what a scope covers, in each period. How they stand is in `budget_status`.

A budget knows its own amounts and which costs are its own; it knows no sums and no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Context, Decimal, localcontext
from typing import Literal, get_args

import polars as pl

from models.control.budget_periods import (
    MONTHS_OF,
    BudgetPeriod,
    PeriodKind,
    calendar_period,
    first_of_month,
    fixed_period,
    last_of_month,
    months_between,
    periods_later,
    rolling_period,
)
from models.economics.first_match import TAG
from models.economics.globs import fits_glob, is_exact
from models.errors import OutlayError

CostBasis = Literal["billed", "effective", "list"]
COST_BASES: tuple[CostBasis, ...] = get_args(CostBasis)
CarryOver = Literal["none", "unspent", "overspent", "both"]

SCOPE_COLUMNS: Mapping[str, str] = {
    "source": "source",
    "vendor": "provider_name",
    "model": "model",
    "team": "team",
    "use_case": "use_case",
    "product": "product",
    "component": "component",
    "environment": "environment",
    "cost_centre": "cost_centre",
}
"""What a scope may name besides tags, and the column of `marts.tco_daily` that it narrows."""

EVERYTHING = "everything"
CENT = Decimal("0.01")
DIGITS = Context(prec=76)
"""More than any amount of ours has: nothing is rounded but where it says so."""


class BudgetError(OutlayError):
    """A budget that cannot be worked out as it is written."""


@dataclass(frozen=True)
class ForecastThreshold:
    """Tell as soon as `of_pct` of the budget will be exceeded with at least this probability, in percent."""

    of_pct: int = 100
    probability_pct: int = 80


@dataclass(frozen=True)
class BurnRate:
    """Tell when spending goes `rate` times as fast as the budget allows: over `days`, and over `confirm_days` too."""

    days: int
    rate: Decimal
    confirm_days: int = 1


@dataclass(frozen=True)
class Budget:
    """So much money for each period, for everything or for a scope.

    `scope` narrows by the keys of `SCOPE_COLUMNS`, `tags` by keys of tags; each has globs of which one must fit, letter
    case aside (that of a tag's key counts), and all of them narrow together.

    `amount` is for one period. `amounts` are for months (YYYY-MM): a quarter or year is the sum of its months, of which
    those that `amounts` does not name have their share of `amount`. Without `amount` there is no budget before the
    first month that is named, nor after the last, and none between may be missing. `growth_pct` lets `amount` grow by
    so much per period, compounding from the period of `grows_from`, rounded half-even to the cent at the end.

    `first_day` and `last_day` bound the time in which there is a budget. Of a quarter or year that they cut only the
    months within count, each with its amount or its share; a month that they cut has all of its amount.

    Billed money counts by invoice month in a month, quarter or year (whole months, whatever day `first_day` is), and by
    the charge's day otherwise. Thresholds are in percent of a period's budget. Raises `BudgetError`.
    """

    name: str
    amount: Decimal | None = None
    currency: str = "USD"
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    cost_basis: CostBasis = "billed"
    period: PeriodKind = "month"
    days: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    amounts: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    growth_pct: Decimal = Decimal(0)
    grows_from: str | None = None
    carry_over: CarryOver = "none"
    carry_over_limit_pct: int = 100
    thresholds_pct: tuple[int, ...] = (100,)
    forecast: tuple[ForecastThreshold, ...] = ()
    burn_rates: tuple[BurnRate, ...] = ()
    owner: str | None = None

    def __post_init__(self) -> None:
        for mistake, remedy in _mistakes(self):
            raise BudgetError(f"budget {self.name!r} {mistake}", remedy=f"{remedy} in outlay.yaml")

    @property
    def scope_text(self) -> str:
        """`team search · model gpt-5, gpt-5-mini · tag env prod`, in a fixed order; `everything` without a scope."""
        parts = [f"{key} {', '.join(self.scope[key])}" for key in SCOPE_COLUMNS if key in self.scope]
        parts += [f"tag {key} {', '.join(self.tags[key])}" for key in sorted(self.tags)]
        return " · ".join(parts) or EVERYTHING

    @property
    def team(self) -> str | None:
        """The one team whose costs it covers, as its scope names it; None where it covers several, or may."""
        teams = self.scope.get("team", ())
        return teams[0] if len(teams) == 1 and is_exact(teams[0]) else None

    @property
    def by_invoice_month(self) -> bool:
        """Whether costs count in the month that they are invoiced for, and not on their day (rule 10)."""
        return self.cost_basis == "billed" and self.period in MONTHS_OF

    @property
    def bounds(self) -> tuple[date, date]:
        """First and last day on which there is a budget; `date.min` and `date.max` where nothing says so."""
        first, last = self.first_day or date.min, self.last_day or date.max
        if self.amount is None:
            first = max(first, first_of_month(min(self.amounts)))
            last = min(last, last_of_month(first_of_month(max(self.amounts))))
        if self.by_invoice_month:
            return first.replace(day=1), last if last == date.max else last_of_month(last)
        return first, last

    def period_on(self, day: date) -> BudgetPeriod | None:
        """The period that a day lies in, cut to the budget's bounds; None where there is no budget on that day."""
        first, last = self.bounds
        if not first <= day <= last:
            return None
        if self.period == "fixed":
            return fixed_period(first, last)
        whole = rolling_period(self.days or 1, day) if self.period == "rolling" else calendar_period(self.period, day)
        return replace(whole, first_day=max(whole.first_day, first), last_day=min(whole.last_day, last))

    def periods(self, first_day: date, last_day: date) -> Iterator[BudgetPeriod]:
        """The periods of a calendar from that of the one day to that of the other, as far as there is a budget."""
        first, last = self.bounds
        day, until = max(first_day, first), min(last_day, last)
        while day <= until and (period := self.period_on(day)):
            yield period
            if period.last_day >= until:
                return
            day = period.last_day + timedelta(days=1)

    def own_amount(self, period: BudgetPeriod) -> Decimal:
        """What may be spent in one of its periods, without what is carried over."""
        if self.period not in MONTHS_OF:
            return self.amount or Decimal(0)
        named = [self.amounts[month] for month in period.months if month in self.amounts]
        shared, of = len(period.months) - len(named), MONTHS_OF[self.period]
        with localcontext(DIGITS):
            share = self._grown(period)
            return sum(named, share if shared == of else (share * shared / of).quantize(CENT))

    def _grown(self, period: BudgetPeriod) -> Decimal:
        """`amount` in a period of the calendar; none where there are only `amounts`."""
        amount = self.amount or Decimal(0)
        if self.grows_from is None:
            return amount
        count = periods_later(self.period, first_of_month(self.grows_from), period.first_day)
        return (amount * (1 + self.growth_pct / 100) ** count).quantize(CENT) if count else amount

    def has_run_out(self, day: date) -> bool:
        """Whether there is no budget on a day only because `amounts` were not written so far."""
        first, last = self.bounds
        return self.amount is None and last < day <= (self.last_day or date.max) and first <= day

    def in_scope(self) -> pl.Expr:
        """Which rows of `marts.tco_daily` count, whatever their currency; with `tags`, of rows with `tag:KEY` besides.

        What is only declared bills nothing.
        """
        is_of_basis = pl.col("origin") == "charge" if self.cost_basis == "billed" else pl.lit(True)
        narrowed = [_fits(SCOPE_COLUMNS[key], globs) for key, globs in self.scope.items()]
        return pl.all_horizontal(is_of_basis, *narrowed, self.fits_tags()).fill_null(False)

    def fits_tags(self) -> pl.Expr:
        """Which rows with `tag:KEY` have all the tags that it names; without any, all."""
        fitting = [_fits(f"{TAG}{key}", globs) for key, globs in self.tags.items()]
        return pl.all_horizontal(pl.lit(True), *fitting).fill_null(False)

    def falls_in(self, first_day: date, last_day: date) -> pl.Expr:
        """Which rows of `marts.tco_daily` count from one day to another: by invoice month, or by day."""
        if self.by_invoice_month:
            first, last = (pl.lit(day.isoformat()[: len("2026-11")]) for day in (first_day, last_day))
            return pl.col("billing_month").is_between(first, last)
        return pl.col("day").dt.date().is_between(first_day, last_day)


def _fits(column: str, globs: tuple[str, ...]) -> pl.Expr:
    return pl.any_horizontal(fits_glob(pl.col(column).str.to_lowercase(), glob.lower()) for glob in globs)


def _mistakes(budget: Budget) -> Iterator[tuple[str, str]]:
    """What is wrong with a budget in itself, and what to write instead."""
    unknown = sorted(set(budget.scope) - set(SCOPE_COLUMNS))
    if unknown:
        yield f"is narrowed by {unknown[0]!r}, which no cost has", f"narrow it by {', '.join(SCOPE_COLUMNS)} or tags"
    empty = [key for key, globs in (*budget.scope.items(), *budget.tags.items()) if not globs]
    if empty:
        yield f"names nothing that {empty[0]} should be", f"give {empty[0]} a value, or leave it out"
    given = [*budget.amounts.values(), *([] if budget.amount is None else [budget.amount])]
    if not given:
        yield "has no amount", "give it an amount, or amounts by month"
    elif min(*given, *budget.thresholds_pct, 1) <= 0:
        yield (
            "has an amount or a threshold that is not above zero",
            "give it an amount above 0 and thresholds_pct such as [80, 100]",
        )
    if budget.growth_pct and (budget.amount is None or budget.grows_from is None):
        yield "grows from nothing", "give it the amount and grows_from, the first period at that amount,"
    if budget.period == "rolling" and budget.days is None:
        yield "does not say how many days it is for", "give it days"
    if budget.period == "fixed" and (budget.first_day is None or budget.last_day is None):
        yield "does not say from when to when it is", "give it first_day and last_day"
    if budget.period not in MONTHS_OF and (budget.amount is None or budget.amounts or budget.carry_over != "none"):
        yield f"is {budget.period} and has one amount", "give it an amount, without amounts by month and carry_over,"
    elif given and budget.amount is None and (missing := _missing(budget)):
        yield f"has no amount for {missing}", f"give it one for {missing} under amounts, or an amount for the rest,"


def _missing(budget: Budget) -> str:
    """The months without an amount, from the first that `amounts` names to the end of the last period that it names."""
    named, last_named = (first_of_month(end(budget.amounts)) for end in (min, max))
    until = min(calendar_period(budget.period, last_named).last_day, budget.last_day or date.max)
    since = min(named, budget.first_day or named)
    return ", ".join(month for month in months_between(since, until) if month not in budget.amounts)
