"""Monthly budgets: how much of each is spent, which threshold was crossed and on which day.

Here belong what a budget is, its status and its crossings, as pure functions of `marts.tco_daily`. Who is told, and
whether they were told before, does not: a crossing carries a key, and the control store's outbox keeps a key once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

import dataframely as dy
import polars as pl

from models.economics.globs import fits_glob
from models.errors import OutlayError
from models.table import Table, money, text

CostBasis = Literal["billed", "effective", "list"]
COST_BASES: tuple[CostBasis, ...] = get_args(CostBasis)
PeriodKind = Literal["month", "quarter", "year", "rolling", "fixed"]
PERIOD_KINDS: tuple[PeriodKind, ...] = get_args(PeriodKind)
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
"""What a scope may name, and the column of `marts.tco_daily` that it narrows."""

EVERYTHING = "everything"
LATE_BILL_DAYS = 7
"""So many days into a period a bill may still take the period before over its budget, and people hear of it."""


class BudgetError(OutlayError):
    """A budget that cannot be worked out as it is written."""


@dataclass(frozen=True)
class ForecastThreshold:
    """Tell as soon as `of_pct` of the budget will be exceeded with at least this probability, in percent."""

    of_pct: int = 100
    probability_pct: int = 80


@dataclass(frozen=True)
class BurnRate:
    """Tell when spending goes `rate` times as fast as the budget allows, over `days` and the last `confirm_days` too."""

    days: int
    rate: Decimal
    confirm_days: int = 1


@dataclass(frozen=True)
class Budget:
    """So much money for each period, for everything or for a scope.

    `scope` narrows by the keys of `SCOPE_COLUMNS`, `tags` by those of charges; each has globs of which one must fit,
    letter case aside, and all of them narrow together. `amounts` by month (YYYY-MM) stand before `amount`; `growth_pct`
    compounds per period from the one of `grows_from`. Thresholds are in percent of a period's budget. Raises
    `BudgetError`.
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
        unknown = sorted(set(self.scope) - set(SCOPE_COLUMNS))
        if unknown:
            raise BudgetError(
                f"budget {self.name!r} is narrowed by {unknown[0]!r}, which no cost has",
                remedy=f"narrow it by {', '.join(SCOPE_COLUMNS)} or tags in outlay.yaml",
            )
        given = [*self.amounts.values(), *self.thresholds_pct, *([] if self.amount is None else [self.amount])]
        if not given or min(given) <= 0:
            raise BudgetError(
                f"budget {self.name!r} has an amount or a threshold that is not above zero",
                remedy="give it an amount above 0 and thresholds_pct such as [80, 100] in outlay.yaml",
            )

    @property
    def scope_text(self) -> str:
        """`team search · model gpt-5, gpt-5-mini · tag env prod`, in a fixed order; `everything` without a scope."""
        parts = [f"{key} {', '.join(self.scope[key])}" for key in SCOPE_COLUMNS if key in self.scope]
        parts += [f"tag {key} {', '.join(self.tags[key])}" for key in sorted(self.tags)]
        return " · ".join(parts) or EVERYTHING

    def in_scope(self) -> pl.Expr:
        """Which rows of `marts.tco_daily` count, whatever their currency. What is only declared bills nothing."""
        is_of_basis = pl.col("origin") == "charge" if self.cost_basis == "billed" else pl.lit(True)
        narrowed = [_fits(SCOPE_COLUMNS[key], globs) for key, globs in self.scope.items()]
        return pl.all_horizontal(is_of_basis, *narrowed).fill_null(False)

    @property
    def month(self) -> pl.Expr:
        """The month that a row counts in: billed money by invoice month, the rest by usage month (rule 10)."""
        return pl.col("billing_month") if self.cost_basis == "billed" else pl.col("day").dt.strftime("%Y-%m")


def _fits(column: str, globs: tuple[str, ...]) -> pl.Expr:
    return pl.any_horizontal(fits_glob(pl.col(column).str.to_lowercase(), glob.lower()) for glob in globs)


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
        .group_by(budget.month.alias("month"), "day")
        .agg(pl.col(f"{budget.cost_basis}_cost").sum().alias("cost"))
        .sort("month", "day")
        .with_columns(pl.col("cost").cum_sum().over("month", order_by="day").alias("total"))
        .select("month", "day", "total")
        .collect()
    )


def _other_currencies(budget: Budget, costs: pl.LazyFrame) -> dict[str, str]:
    found = (
        costs.filter(budget.in_scope(), pl.col("currency") != budget.currency)
        .group_by(budget.month.alias("month"))
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
