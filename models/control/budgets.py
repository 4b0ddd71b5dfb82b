"""Budgets: so much money for what a scope covers, in each period. How they stand is in `budget_status`.

A budget knows its own amounts and which costs are its own; it knows no sums and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Context, Decimal, localcontext
from typing import Any, Literal, get_args

import dataframely as dy
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
from models.economics.globs import fits_glob
from models.errors import OutlayError
from models.table import Table, money, text

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
    first month that is named, nor after the last. `growth_pct` lets `amount` grow by so much per period, compounding
    from the period of `grows_from`, each rounded half-even to the cent. `first_day` and `last_day` bound the time in
    which there is a budget: a period that they cut has its whole `amount`, but of `amounts` only the months within.

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
            return pl.col("billing_month").is_between(pl.lit(f"{first_day:%Y-%m}"), pl.lit(f"{last_day:%Y-%m}"))
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
    """The months without an amount, of the periods from the first month that `amounts` names to the last."""
    first, last = (calendar_period(budget.period, first_of_month(end(budget.amounts))) for end in (min, max))
    since, until = max(first.first_day, budget.first_day or date.min), min(last.last_day, budget.last_day or date.max)
    return ", ".join(month for month in months_between(since, until) if month not in budget.amounts)


LATE_BILL_DAYS = 7


def _month(budget: Budget) -> pl.Expr:
    return pl.col("billing_month") if budget.cost_basis == "billed" else pl.col("day").dt.strftime("%Y-%m")


class BudgetStatuses(dy.Schema):
    """One row per budget, month and threshold."""

    budget = text("Name of the budget in outlay.yaml")
    billing_period = text("Month, YYYY-MM: invoice month for billed money, usage month for effective and list")
    scope = text("What it covers: everything, or for example team search · model gpt-5")
    cost_basis = text("Which of the four costs it watches", values=COST_BASES)
    currency = text("ISO 4217; costs in another currency are not in spent")
    budget_amount = money("What may be spent in the month")
    spent = money("What was spent up to as_of")
    remaining = money("budget_amount − spent; negative when it is overspent")
    share_pct = money("spent in percent of budget_amount, to two places")
    threshold_pct = dy.Int64(nullable=False, description="This threshold, in percent of budget_amount")
    threshold_amount = money("This threshold in money")
    first_crossed_day = dy.Date(nullable=True, description="First day whose running total reached it; null: not yet")
    data_through = dy.Date(nullable=True, description="Last day with a cost in scope; null: none matched")
    other_currencies = text("Other currencies found in scope and left out, comma separated", nullable=True)
    as_of = dy.Date(nullable=False, description="Last day that was counted")


BUDGET_STATUS = Table(
    name="budget_status",
    schema="marts",
    kind="mart",
    grain="budget × month × threshold",
    meaning="How much of each monthly budget is spent, and when each threshold was first reached.",
    contract=BudgetStatuses,
)


@dataclass(frozen=True)
class BudgetCrossing:
    """A budget reached a threshold: what one message is about. Money in `currency`."""

    budget: str
    billing_period: str
    scope: str
    cost_basis: str
    currency: str
    budget_amount: Decimal
    spent: Decimal
    share_pct: Decimal
    threshold_pct: int
    first_crossed_day: date
    data_through: date

    @property
    def key(self) -> str:
        """Sent once: the same for the same budget, month and threshold, whatever was spent since."""
        return f"budget|{self.budget}|{self.billing_period}|{self.threshold_pct}"

    @property
    def over_by(self) -> Decimal:
        """How much more than the budget was spent; negative while it is only a threshold below 100 %."""
        return self.spent - self.budget_amount


def status(total_costs: pl.DataFrame | pl.LazyFrame, budgets: Iterable[Budget], *, as_of: date) -> pl.DataFrame:
    """`marts.budget_status` for every month with a cost in scope, and for the month of `as_of` even without.

    `total_costs` is `marts.tco_daily`, of any number of sources. Days after `as_of` do not count, so that a replay
    of a past day says what was said then.
    """
    costs = total_costs.lazy().with_columns(pl.col("day").dt.date()).filter(pl.col("day") <= as_of)
    rows = [row for budget in budgets for row in _rows_of(budget, costs, as_of)]
    return pl.DataFrame(rows, schema=BUDGET_STATUS.polars_schema, orient="row")


def crossings(statuses: pl.DataFrame, *, as_of: date) -> list[BudgetCrossing]:
    """The highest threshold that each budget reached in the months worth a message (`alerting_periods`).

    Lower thresholds that were passed on the same way are not told again.
    """
    reached = (
        statuses.filter(
            pl.col("billing_period").is_in(alerting_periods(as_of)), pl.col("first_crossed_day").is_not_null()
        )
        .sort("billing_period", "budget", "threshold_pct")
        .unique(["budget", "billing_period"], keep="last", maintain_order=True)
    )
    fields = BudgetCrossing.__dataclass_fields__
    return [BudgetCrossing(**row) for row in reached.select(list(fields)).iter_rows(named=True)]


def alerting_periods(as_of: date) -> list[str]:
    """The month of `as_of`, and the month before while its bills may still come in (`LATE_BILL_DAYS`)."""
    late = [as_of.replace(day=1) - timedelta(days=1)] if as_of.day <= LATE_BILL_DAYS else []
    return [f"{day:%Y-%m}" for day in (*late, as_of)]


def _rows_of(budget: Budget, costs: pl.LazyFrame, as_of: date) -> list[dict[str, Any]]:
    by_day = _running_totals(budget, costs)
    other = _other_currencies(budget, costs)
    months = sorted({*by_day["month"].to_list(), f"{as_of:%Y-%m}"})
    return [row for month in months for row in _rows_of_month(budget, month, by_day, other.get(month), as_of)]


def _running_totals(budget: Budget, costs: pl.LazyFrame) -> pl.DataFrame:
    """month, day, total: what was spent from the month's first charge up to that day."""
    return (
        costs.filter(budget.in_scope(), pl.col("currency") == budget.currency)
        .group_by(_month(budget).alias("month"), "day")
        .agg(pl.col(f"{budget.cost_basis}_cost").sum().alias("cost"))
        .sort("month", "day")
        .with_columns(pl.col("cost").cum_sum().over("month", order_by="day").alias("total"))
        .select("month", "day", "total")
        .collect()
    )


def _other_currencies(budget: Budget, costs: pl.LazyFrame) -> dict[str, str]:
    found = (
        costs.filter(budget.in_scope(), pl.col("currency") != budget.currency)
        .group_by(_month(budget).alias("month"))
        .agg(pl.col("currency").unique().sort().str.join(", "))
        .collect()
    )
    return dict(found.iter_rows())


def _rows_of_month(
    budget: Budget, month: str, by_day: pl.DataFrame, other_currencies: str | None, as_of: date
) -> list[dict[str, Any]]:
    days = by_day.filter(pl.col("month") == month)
    spent: Decimal = days["total"][-1] if len(days) else Decimal(0)
    amount = budget.amounts.get(month, budget.amount)
    if amount is None:
        return []
    rows: list[dict[str, Any]] = []
    for threshold in sorted(set(budget.thresholds_pct)):
        threshold_amount = amount * threshold / 100
        rows.append(
            {
                "budget": budget.name,
                "billing_period": month,
                "scope": budget.scope_text,
                "cost_basis": budget.cost_basis,
                "currency": budget.currency,
                "budget_amount": amount,
                "spent": spent,
                "remaining": amount - spent,
                "share_pct": (spent * 100 / amount).quantize(Decimal("0.01")),
                "threshold_pct": threshold,
                "threshold_amount": threshold_amount,
                "first_crossed_day": days.filter(pl.col("total") >= threshold_amount)["day"].min(),
                "data_through": days["day"].max(),
                "other_currencies": other_currencies,
                "as_of": as_of,
            }
        )
    return rows
