"""Burn rates: how many times as fast as a budget allows its money is spent, over a long window and a short one.

As error budgets are watched (Google, The Site Reliability Workbook, ch. 5): the long window says that it matters, the
short one that it still goes on. 1 uses the budget up exactly at its period's end. Who is told is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

import dataframely as dy
import polars as pl

from models.control.budgets import DIGITS, Budget, BurnRate
from models.table import Table, money, text

LINGERS = Decimal("0.9")
"""What burnt too fast goes on doing so until the confirming window falls below this part of the rate asked for."""
RECENT = timedelta(days=28)
DAILY = 14
"""A source with costs in scope on so many of the RECENT days tells each day, so that its last one is the last known."""
LOOKED_BACK = 92
"""The first day on which a rate held is looked for so many days back."""
_PLACES = Decimal("0.0001")


class BurnRates(dy.Schema):
    """One row per budget, of the period that is under way, and burn rate that it is watched for."""

    budget = text("Name of the budget in outlay.yaml")
    period = text("As in marts.budget_status")
    days = dy.Int64(nullable=False, description="Days of the long window")
    confirm_days = dy.Int64(nullable=False, description="Days of the confirming window")
    asked_rate = money("From which rate on, in both windows, somebody hears of it")
    rate = money("Of the long window: spent per day ÷ allowed per day; null: not known", nullable=True)
    confirm_rate = money("Of the confirming window, likewise", nullable=True)
    spent = money("What was spent in the long window", nullable=True)
    allowed = money("What the budget allows in as many days: budget_amount × days ÷ days of its period")
    last_day = dy.Date(nullable=False, description="Last day of both windows: the last that is told whole in scope")
    is_firing = dy.Bool(nullable=True, description="Whether both rates reach asked_rate; null: not known")
    is_lingering = dy.Bool(
        nullable=True, description="Whether they do not, and the confirming one is not below nine tenths of it"
    )
    since = dy.Date(nullable=True, description="First of the days in a row on which it fired; null: it does not fire")
    reason = text("Why it is not known; null where it is", nullable=True)


BURN_RATES = Table(
    "burn_rates", "marts", "mart", "budget × burn rate",
    "How many times as fast as each budget allows its money is being spent, in a long and a confirming window.",
    BurnRates,
)  # fmt: skip


def burn_rates(statuses: pl.DataFrame, history: pl.DataFrame, budgets: Iterable[Budget], made_on: date) -> pl.DataFrame:
    """`marts.burn_rates` of the periods of `marts.budget_status` that are under way.

    `history` is SPEND by day of all that was ever in scope (`budget_outlook.scope_costs`), `made_on` the day that all
    daily sources are through: windows end there, or later where the sources of a budget's own scope are through more.
    Today is not over and never in a window. Days without a cost, after the first with one, cost nothing.
    """
    under_way = statuses.filter(pl.col("as_of").is_between("first_day", "last_day"))
    by_name = {budget.name: budget for budget in budgets}
    rows: list[dict[str, Any]] = []
    for status in under_way.iter_rows(named=True):
        budget = by_name[status["budget"]]
        own = history.filter(pl.col("budget") == budget.name)
        last_day = through(own, made_on, status["as_of"])
        costs = dict(own.group_by("day").agg(pl.col("cost").sum()).iter_rows())
        with localcontext(DIGITS):
            rows += [_row(budget, status, asked, costs, last_day) for asked in budget.burn_rates]
    return BURN_RATES.check(pl.DataFrame(rows, schema=BURN_RATES.polars_schema, orient="row"))


def through(spend: pl.DataFrame, made_on: date, today: date) -> date:
    """The last day that is told whole of a budget's scope: that of the slowest of the sources that tell each day."""
    yesterday = today - timedelta(days=1)
    told = spend.filter(pl.col("day").is_between(made_on - RECENT, yesterday, closed="right"), pl.col("cost") != 0)
    last = told.group_by("source").agg(pl.col("day").n_unique().alias("days"), pl.col("day").max())
    slowest = last.filter(pl.col("days") >= DAILY)["day"].min()
    return max(made_on, slowest) if isinstance(slowest, date) else made_on


def _row(
    budget: Budget, status: Mapping[str, Any], asked: BurnRate, costs: Mapping[date, Decimal], last_day: date
) -> dict[str, Any]:
    period_days = (status["last_day"] - status["first_day"]).days + 1
    allowed = status["budget_amount"] / period_days
    begun = min(costs, default=None)
    known = 0 if begun is None else max((last_day - begun).days + 1, 0)
    row: dict[str, Any] = {
        "budget": budget.name,
        "period": status["period"],
        "days": asked.days,
        "confirm_days": asked.confirm_days,
        "asked_rate": asked.rate,
        "allowed": max(allowed * asked.days, Decimal(0)).quantize(Decimal("1e-12")),
        "last_day": last_day,
    }
    if known < asked.days:
        return {**row, "reason": f"its costs are known for {known} of the {asked.days} days"}
    if allowed <= 0:
        return {**row, "reason": "nothing is left to be spent in this period, so that any rate is too fast"}
    rate, confirm_rate = _rates(asked, allowed, costs, last_day)
    since = _since(asked, allowed, costs, last_day, min(known - asked.days + 1, LOOKED_BACK))
    return {
        **row,
        "rate": rate.quantize(_PLACES),
        "confirm_rate": confirm_rate.quantize(_PLACES),
        "spent": _spent(costs, last_day, asked.days),
        "is_firing": since is not None,
        "is_lingering": since is None and confirm_rate >= asked.rate * LINGERS,
        "since": since,
    }


def _since(asked: BurnRate, allowed: Decimal, costs: Mapping[date, Decimal], last_day: date, days: int) -> date | None:
    """First of the days in a row to the last one, of so many, on which both windows reach the rate; None: not now."""
    since = None
    for back in range(days):
        day = last_day - timedelta(days=back)
        if min(_rates(asked, allowed, costs, day)) < asked.rate:
            break
        since = day
    return since


def _rates(asked: BurnRate, allowed: Decimal, costs: Mapping[date, Decimal], last_day: date) -> tuple[Decimal, Decimal]:
    """Of the long and the confirming window that end on a day; `allowed` is for one day."""
    long, short = (_spent(costs, last_day, days) / days / allowed for days in (asked.days, asked.confirm_days))
    return long, short


def _spent(costs: Mapping[date, Decimal], last_day: date, days: int) -> Decimal:
    return sum((costs.get(last_day - timedelta(days=back), Decimal(0)) for back in range(days)), Decimal(0))
