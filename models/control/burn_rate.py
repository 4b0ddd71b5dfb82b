"""Burn rates: how many times as fast as a budget allows its money is spent, over a long window and a short one.

As error budgets are watched (Google, The Site Reliability Workbook, ch. 5): the long window says that it matters, the
short one that it still goes on. 1 uses the budget up exactly at its period's end. Windows go over the turn of periods,
and each of their days has what its own period allows. What is billed now and then, such as seats on the first of each
month, does not burn and is in no window. Who is told is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from functools import cached_property
from typing import Any

import dataframely as dy
import polars as pl

from models.control.budgets import DIGITS, Budget, BurnRate
from models.table import Table, money, text

LINGERS = Decimal("0.9")
"""What burnt too fast goes on doing so until the confirming window falls below this part of the rate asked for."""
RECENT = timedelta(days=28)
DAILY = 14
"""A source with costs in scope on so many of the RECENT days tells each day, so that its last one is the last known.
One that is known for longer, with costs on fewer of them, bills now and then."""
LOOKED_BACK = 92
"""The first day on which a rate held is looked for so many days back."""
_PLACES = Decimal("0.0001")


class BurnRates(dy.Schema):
    """One row per budget, of the period that is under way, and burn rate that it is watched for."""

    budget = text("Name of the budget in outlay.yaml")
    period = text("As in marts.budget_status")
    team = text("The one team whose costs it covers; null: it covers several, or may", nullable=True)
    days = dy.Int64(nullable=False, description="Days of the long window")
    confirm_days = dy.Int64(nullable=False, description="Days of the confirming window")
    asked_rate = money("From which rate on, in both windows, somebody hears of it")
    rate = money("Of the long window: spent per day ÷ allowed per day; null: not known", nullable=True)
    confirm_rate = money("Of the confirming window, likewise", nullable=True)
    spent = money("What was spent in the long window, without sources that bill now and then", nullable=True)
    allowed = money(
        "What the budget allows in as many days: of each its period's budget_amount ÷ the days that it is for"
    )
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
    Today is not over and never in a window, nor are days before there was a budget. Days without a cost, after the
    first with one, cost nothing.
    """
    rows: list[dict[str, Any]] = []
    for budget in budgets:
        of_budget = pl.col("budget") == budget.name
        periods, spend = statuses.filter(of_budget).rows(named=True), history.filter(of_budget)
        for status in periods:
            if budget.burn_rates and status["first_day"] <= status["as_of"] <= status["last_day"]:
                last_day = through(spend, made_on, status["as_of"])
                daily = _day_by_day(spend, last_day)
                costs = dict(daily.group_by("day").agg(pl.col("cost").sum()).iter_rows())
                with localcontext(DIGITS):
                    burning = _Burning(costs, _allowed(budget, periods, last_day), last_day)
                    rows += [
                        {**_row(burning, asked), "budget": budget.name, "period": status["period"], "team": budget.team}
                        for asked in budget.burn_rates
                    ]
    return BURN_RATES.check(pl.DataFrame(rows, schema=BURN_RATES.polars_schema, orient="row"))


def through(spend: pl.DataFrame, made_on: date, today: date) -> date:
    """The last day that is told whole of a budget's scope: that of the slowest of the sources that tell each day."""
    yesterday = today - timedelta(days=1)
    told = spend.filter(pl.col("day").is_between(made_on - RECENT, yesterday, closed="right"), pl.col("cost") != 0)
    last = told.group_by("source").agg(pl.col("day").n_unique().alias("days"), pl.col("day").max())
    slowest = last.filter(pl.col("days") >= DAILY)["day"].min()
    return max(made_on, slowest) if isinstance(slowest, date) else made_on


def _day_by_day(spend: pl.DataFrame, last_day: date) -> pl.DataFrame:
    """Without the costs of sources that bill now and then. What is new is taken to go on."""
    is_recent = pl.col("day") > last_day - RECENT
    now_and_then = (
        spend.filter(pl.col("day") <= last_day, pl.col("cost") != 0)
        .group_by("source")
        .agg(since=pl.col("day").min(), days=pl.col("day").filter(is_recent).n_unique())
        .filter(pl.col("since") <= last_day - RECENT, pl.col("days") < DAILY)
    )
    return spend.join(now_and_then, on="source", how="anti")


def allowed_a_day(budget: Budget, status: Mapping[str, Any]) -> Decimal:
    """What a row of `marts.budget_status` allows each day; never less than nothing. A rolling budget is for all of its
    days, however few of them it is there for."""
    days = budget.days or (status["last_day"] - status["first_day"]).days + 1
    return max(status["budget_amount"], Decimal(0)) / days


def _allowed(budget: Budget, periods: Sequence[Mapping[str, Any]], last_day: date) -> dict[date, Decimal]:
    """Of each day to the last one on which there is a budget, as far back as it is looked."""
    since = last_day - timedelta(days=LOOKED_BACK + max(asked.days for asked in budget.burn_rates))
    allowed: dict[date, Decimal] = {}
    for status in periods:
        first = budget.bounds[0] if budget.period == "rolling" else status["first_day"]
        begins, ends = max(first, since), min(status["last_day"], last_day)
        a_day = allowed_a_day(budget, status)
        allowed |= {begins + timedelta(days=n): a_day for n in range((ends - begins).days + 1)}
    return allowed


@dataclass(frozen=True)
class _Burning:
    """What a budget has spent by day, and what it allows on each day on which there is one."""

    costs: Mapping[date, Decimal]
    allowed: Mapping[date, Decimal]
    last_day: date

    @cached_property
    def days_with_costs(self) -> int:
        """How many to the last one are known."""
        return max((self.last_day - min(self.costs)).days + 1, 0)

    @cached_property
    def days_known(self) -> int:
        return min(self.days_with_costs, len(self.allowed))

    def sums(self, days: int, last_day: date) -> tuple[Decimal, Decimal]:
        """What was spent in the window of so many days that ends on a day, and what it allows."""
        window = [last_day - timedelta(days=back) for back in range(days)]
        spent, allowed = (
            sum((by_day.get(day, Decimal(0)) for day in window), Decimal(0)) for by_day in (self.costs, self.allowed)
        )
        return spent, allowed

    def rates(self, asked: BurnRate, last_day: date) -> tuple[Decimal, Decimal] | None:
        """Of the long and the confirming window; None where nothing may be spent, so that any rate is too fast."""
        sums = [self.sums(days, last_day) for days in (asked.days, asked.confirm_days)]
        if any(not allowed for _, allowed in sums):
            return None
        long, short = (spent / allowed for spent, allowed in sums)
        return long, short

    def since(self, asked: BurnRate) -> date | None:
        """First of the days in a row to the last one on which both windows reach the rate; None: not now."""
        since = None
        for back in range(min(self.days_known - asked.days + 1, LOOKED_BACK)):
            day = self.last_day - timedelta(days=back)
            rates = self.rates(asked, day)
            if rates is None or min(rates) < asked.rate:
                break
            since = day
        return since


def _row(burning: _Burning, asked: BurnRate) -> dict[str, Any]:
    """All but whose it is."""
    spent, allowed = burning.sums(asked.days, burning.last_day)
    row: dict[str, Any] = {
        "days": asked.days,
        "confirm_days": asked.confirm_days,
        "asked_rate": asked.rate,
        "allowed": allowed.quantize(Decimal("1e-12")),
        "last_day": burning.last_day,
    }
    if not burning.costs:
        return {**row, "reason": "nothing that it covers is billed day by day"}
    if burning.days_with_costs < asked.days:
        return {**row, "reason": f"its costs are known for {burning.days_with_costs} of the {asked.days} days"}
    if burning.days_known < asked.days:
        return {**row, "reason": f"the budget is there for {burning.days_known} of the {asked.days} days"}
    rates = burning.rates(asked, burning.last_day)
    if rates is None:
        return {**row, "reason": "nothing is left to be spent in this period, so that any rate is too fast"}
    since = burning.since(asked)
    return {
        **row,
        "rate": rates[0].quantize(_PLACES),
        "confirm_rate": rates[1].quantize(_PLACES),
        "spent": spent,
        "is_firing": since is not None,
        "is_lingering": since is None and rates[1] >= asked.rate * LINGERS,
        "since": since,
    }
