"""Where budgets land: what is spent of a period and what is expected of its rest, how likely that is too much, and
on which day the money is used up.

Forecasting is `models.foresight.forecast`, of each budget's own costs by day, from the day that all forecasts of a
publication are made on. Who is told is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import dataframely as dy
import polars as pl

from models.control.budget_costs import BudgetCosts, budget_costs
from models.control.budget_days import BUDGET_DAYS, days_between, runs_out_on
from models.control.budget_events import PlacedEvents
from models.control.budget_periods import PERIOD_KINDS
from models.control.budgets import COST_BASES, Budget
from models.foresight.event_placing import SERIES_KEY
from models.foresight.forecast import forecast
from models.foresight.holiday_factors import Holidays
from models.foresight.landing import BOUNDS, Period, probability_above
from models.foresight.panel import Absent
from models.foresight.states import LEAST_TRAINING, Status
from models.table import MONEY, Table, money, text
from models.wording import counted, day_text

NEAR, FAR = timedelta(days=184), timedelta(days=366 + 31)
"""Budgets are forecast so far, or where one asks for more so far (a year, of which the month before is not known
yet): what is expected of a day is the same in both."""
_BESIDE = "\x1f"
"""What the names of series begin with that are no budgets."""
_COMPANY = {"series": pl.String(), "day": pl.Date(), "value": MONEY}
ROLLING_AHEAD = 30
"""A rolling budget lands where its window stands so many days ahead, or its own days where these are fewer."""


class BudgetOutlooks(dy.Schema):
    """One row per budget, of the period that is under way."""

    budget = text("Name of the budget in outlay.yaml")
    period = text("As in marts.budget_status")
    team = text("The one team whose costs it covers; null: it covers several, or may", nullable=True)
    period_kind = text("How its periods come about", values=PERIOD_KINDS)
    first_day = dy.Date(nullable=False, description="First day of what lands; of a rolling budget its window then")
    last_day = dy.Date(nullable=False, description="Last day of what lands; of a rolling budget up to 30 days ahead")
    cost_basis = text("Which of the four costs it watches", values=COST_BASES)
    currency = text("ISO 4217 code of the amounts")
    budget_amount = money("What may be spent")
    actual = money("What was spent of it through made_on; billed money by invoice month")
    expected_rest = money("What the rest costs: days told already at least as they are, others as expected; null: "
                          "not known", nullable=True)  # fmt: skip
    assumed = money("Part of expected_rest: days through made_on of sources in arrears, as in their last month")
    landing = money("actual + expected_rest", nullable=True)
    low_50 = money("Lower end of the 50 % interval", nullable=True)
    high_50 = money("Upper end of the 50 % interval", nullable=True)
    low_80 = money("Lower end of the 80 % interval", nullable=True)
    high_80 = money("Upper end of the 80 % interval", nullable=True)
    low_95 = money("Lower end of the 95 % interval", nullable=True)
    high_95 = money("Upper end of the 95 % interval", nullable=True)
    probability = dy.Float64(nullable=True, description="That landing exceeds budget_amount, 0 to 1; null: not known")
    runs_out_on = dy.Date(
        nullable=True,
        description="First day on which what is spent and expected reaches budget_amount; null: not before last_day",
    )
    made_on = dy.Date(nullable=False, description="The last day with data of all sources: what it was made from")
    status = text("As in marts.forecasts; unknown: nothing is said", values=tuple(Status))
    reason = text("Why nothing is said; null where something is", nullable=True)
    events = text("Known events that are in it; null: none", nullable=True)
    events_left_out = text("Known events that may concern it and are not in it, with the reason", nullable=True)


class BudgetForecasts(dy.Schema):
    """One row per budget, of the period that is under way, and threshold of its forecast."""

    budget = text("Name of the budget in outlay.yaml")
    period = text("As in marts.budget_status")
    team = text("The one team whose costs it covers; null: it covers several, or may", nullable=True)
    of_pct = dy.Int64(nullable=False, description="The threshold, in percent of budget_amount")
    probability_pct = dy.Int64(nullable=False, description="From which probability on somebody hears of it, in percent")
    threshold_amount = money("The threshold in money")
    probability = dy.Float64(nullable=True, description="That the landing exceeds it, 0 to 1; null: not known")


BUDGET_OUTLOOK = Table(
    "budget_outlook", "marts", "mart", "budget",
    "Where the current period of each budget lands, how likely above it, and when the money is used up.",
    BudgetOutlooks,
)  # fmt: skip
BUDGET_FORECASTS = Table(
    "budget_forecasts", "marts", "mart", "budget × forecast threshold",
    "How likely the current period of each budget ends above each threshold of its forecast.", BudgetForecasts,
)  # fmt: skip


@dataclass(frozen=True)
class Grounds:
    """What is known of budgets' scopes beside what counts in their periods.

    `history` and `assumed` are SPEND by day (`scope_costs`): all that was ever spent in scope, through today, and what
    sources in arrears are taken to cost through `made_on` (`models.foresight.arrears`). `company`: other histories
    through `made_on` (`panel.HISTORY`, with amounts), such as those that are published, which tell how sure forecasts
    are here: a few budgets alone tell little, and their intervals would be too narrow.
    """

    made_on: date
    history: pl.DataFrame
    assumed: pl.DataFrame
    events: PlacedEvents = field(default_factory=PlacedEvents)
    holidays: Holidays | None = None
    company: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_COMPANY))


@dataclass(frozen=True)
class BudgetOutlook:
    """Rows of the three tables."""

    outlook: pl.DataFrame
    forecasts: pl.DataFrame
    days: pl.DataFrame


def scope_costs(costs: pl.DataFrame, budgets: Iterable[Budget], tagged: pl.DataFrame | None = None) -> pl.DataFrame:
    """SPEND in the scopes of budgets by the charge's day, of days without a budget, too; see `budget_costs`."""
    timeless = [
        Budget(each.name, Decimal(1), each.currency, each.scope, each.tags, each.cost_basis, "rolling", days=1)
        for each in budgets
    ]
    return budget_costs(costs, timeless, tagged).spend


def budget_outlook(
    statuses: pl.DataFrame, costs: BudgetCosts, budgets: Sequence[Budget], grounds: Grounds
) -> BudgetOutlook:
    """Of the periods of `marts.budget_status` that are under way. Without history enough a row says so, with nulls.

    `actual` is exact, by the budget's basis and period. Days to come count in the period that they lie in; what
    `grounds.made_on` was not through for and is told already counts as told where that is more than expected.
    """
    under_way = statuses.filter(pl.col("as_of").is_between("first_day", "last_day"))
    by_name = {budget.name: budget for budget in budgets}
    asked = [_Asked.of(by_name[row["budget"]], row, costs.spend, grounds) for row in under_way.iter_rows(named=True)]
    answer = _forecast(asked, grounds)
    rows = [each.row(answer.get(each.budget.name)) for each in asked]
    outlook = pl.DataFrame(rows, schema=BUDGET_OUTLOOK.polars_schema, orient="row")
    outlook = outlook.with_columns(probability_above(outlook, outlook["budget_amount"]).alias("probability"))
    days = [day for each in asked for day in each.days(answer.get(each.budget.name))]
    by_day = pl.DataFrame(days, schema=BUDGET_DAYS.polars_schema, orient="row")
    return BudgetOutlook(BUDGET_OUTLOOK.check(outlook), _forecasts(outlook, budgets), BUDGET_DAYS.check(by_day))


def _forecasts(outlook: pl.DataFrame, budgets: Sequence[Budget]) -> pl.DataFrame:
    """`marts.budget_forecasts` of the outlook."""
    asked = pl.DataFrame(
        [(budget.name, each.of_pct, each.probability_pct) for budget in budgets for each in budget.forecast],
        schema={"budget": pl.String, "of_pct": pl.Int64, "probability_pct": pl.Int64},
        orient="row",
    )
    rows = outlook.join(asked, on="budget", maintain_order="left").with_columns(
        threshold_amount=(pl.col("budget_amount") * pl.col("of_pct") / 100).cast(MONEY)
    )
    rows = rows.with_columns(probability_above(rows, rows["threshold_amount"]).alias("probability"))
    return BUDGET_FORECASTS.check(rows.select(list(BUDGET_FORECASTS.polars_schema)))


@dataclass(frozen=True)
class _Asked:
    """A budget whose current period is to land.

    `window`: the days that land. `spent` by day what counts in them, or of a rolling budget may, through today: twice
    as many days as it has; `assumed` of days of the window through `made_on`. `begun`: first day with a cost in scope.
    `is_never_negative`: no day of the scope was.
    """

    budget: Budget
    status: Mapping[str, Any]
    window: Period
    made_on: date
    spent: Mapping[date, Decimal]
    assumed: Mapping[date, Decimal]
    begun: date | None
    is_never_negative: bool
    events_left_out: str | None

    @classmethod
    def of(cls, budget: Budget, status: Mapping[str, Any], spend: pl.DataFrame, grounds: Grounds) -> _Asked:
        made_on = grounds.made_on
        history, assumed = (
            _by_day(frame.filter(pl.col("budget") == budget.name)) for frame in (grounds.history, grounds.assumed)
        )
        counted = _by_day(spend.filter(pl.col("budget") == budget.name, pl.col("period") == status["period"]))
        if budget.days is not None:
            counted = {day: cost for day, cost in history.items() if day > made_on - timedelta(days=2 * budget.days)}
        left_out = grounds.events.left_out.get(budget.name, {})
        window = _window(budget, status, made_on)
        return cls(
            budget,
            status,
            window,
            made_on,
            {day: cost for day, cost in counted.items() if day <= status["as_of"]},
            {day: cost for day, cost in assumed.items() if window.first <= day <= made_on},
            min((day for day in history if day <= made_on), default=None),
            min(history.values(), default=Decimal(0)) >= 0,
            "; ".join(f"{name}: {why}" for name, why in sorted(left_out.items())) or None,
        )

    @cached_property
    def reason(self) -> str | None:
        """Why it cannot be forecast; None where it can."""
        if self.begun is None:
            return "nothing in its scope has cost anything yet"
        days = (self.made_on - self.begun).days + 1
        if days < LEAST_TRAINING:
            return f"its costs are known for {counted(days, 'day')}, and a forecast needs {LEAST_TRAINING}"
        if self.window.last > self.made_on + FAR:
            return f"it ends on {day_text(self.window.last)}, further ahead than is forecast"
        return None

    def row(self, answer: _Answer | None) -> dict[str, Any]:
        """Of BUDGET_OUTLOOK; without an answer nothing is said of what is to come."""
        actual = _sum(cost for day, cost in self.spent.items() if self._since <= day <= self.made_on)
        assumed = _sum(self.assumed.values())
        known = {
            "budget": self.budget.name,
            "team": self.budget.team,
            **{name: self.status[name] for name in ("period", "currency", "budget_amount")},
            "period_kind": self.budget.period,
            "first_day": self.window.first,
            "last_day": self.window.last,
            "cost_basis": self.budget.cost_basis,
            "actual": actual,
            "assumed": assumed,
            "made_on": self.made_on,
            "status": Status.UNKNOWN.value,
            "reason": self.reason,
            "events_left_out": self.events_left_out,
        }
        if answer is None:
            return known
        told = {day: cost for day, cost in self.spent.items() if day > self.made_on}
        ahead = self._ahead(answer.expected, told)
        landing = actual + assumed + _sum(ahead.values())
        moved = landing - answer.landing["landing"]
        least = actual + assumed + _sum(told.values())
        return {
            **known,
            **{name: self._at_least(least, answer.landing[name] + moved) for name in BOUNDS},
            "expected_rest": landing - actual,
            "landing": landing,
            "runs_out_on": self._runs_out_on(ahead),
            "status": answer.landing["status"],
            "events": answer.events,
        }

    def _at_least(self, spent: Decimal, bound: Decimal) -> Decimal:
        """A bound; what is spent already stays spent where there never was a credit."""
        return max(spent, bound) if self.is_never_negative else bound

    @cached_property
    def _since(self) -> date:
        """Of a rolling budget what lands begins with its window; else all that counts in the period does, as money
        billed for a month may be of a day before it."""
        return self.window.first if self.budget.period == "rolling" else date.min

    def _ahead(self, expected: Mapping[date, Decimal], told: Mapping[date, Decimal]) -> dict[date, Decimal]:
        """What each day after `made_on` counts; one that was told already does not get cheaper."""
        first = max(self.window.first, self.made_on + timedelta(days=1))
        days = sorted({*days_between(first, self.window.last), *told})
        return {day: max(told.get(day, expected[day]), expected[day]) if day in expected else told[day] for day in days}

    def _runs_out_on(self, ahead: Mapping[date, Decimal]) -> date | None:
        """First day whose total reaches the budget; of a rolling one, from `made_on` on."""
        costs = {day: cost for day, cost in self.spent.items() if day <= self.made_on} | dict(ahead)
        for day, cost in self.assumed.items():
            costs[day] = costs.get(day, Decimal(0)) + cost
        return runs_out_on(costs, self.status["budget_amount"], self.made_on, self.budget.days)

    def days(self, answer: _Answer | None) -> Iterator[dict[str, Any]]:
        """Of BUDGET_DAYS; without an answer nothing is said of what is to come."""
        width = self.budget.days
        first = self.window.first if width is None else self.made_on - timedelta(days=2 * width - 1)
        for day in sorted({*days_between(first, self.window.last), *self.spent, *self.assumed}):
            yield {
                "budget": self.budget.name,
                "period": self.status["period"],
                "team": self.budget.team,
                "currency": self.status["currency"],
                "day": day,
                "spent": self.spent.get(day, Decimal(0)) if day <= self.status["as_of"] else None,
                "assumed": self.assumed.get(day, Decimal(0)),
                "expected": answer.expected.get(day) if answer and day > self.made_on else None,
            }


@dataclass(frozen=True)
class _Answer:
    """What is forecast of one budget: its row of `Forecast.landing`, `expected` by day, names of known events."""

    landing: Mapping[str, Any]
    expected: Mapping[date, Decimal]
    events: str | None


def _forecast(asked: Sequence[_Asked], grounds: Grounds) -> dict[str, _Answer]:
    """By budget, of those that can be forecast."""
    windows = {each.budget.name: [each.window] for each in asked if each.reason is None}
    history = (
        pl.concat([grounds.history, grounds.assumed])
        .filter(pl.col("budget").is_in(windows), pl.col("day") <= grounds.made_on)
        .group_by(series="budget", day="day")
        .agg(value=pl.col("cost").sum())
        .sort("series", "day")
    )
    company = grounds.company.with_columns(pl.format("{}{}", pl.lit(_BESIDE), "series").alias("series"))
    is_near = all(window.last <= grounds.made_on + NEAR for (window,) in windows.values())
    answer = forecast(
        pl.concat([history, company] if windows else [history]),
        until=grounds.made_on + (NEAR if is_near else FAR),
        absent=Absent.NO_CHARGE,
        as_of=grounds.made_on,
        known_events=grounds.events.events,
        keys={name: {SERIES_KEY: name} for name in windows},
        holidays=grounds.holidays,
        judged=False,
        periods=windows,
    )
    days = answer.days.partition_by("series", as_dict=True)
    return {
        row["series"]: _Answer(
            row,
            dict(days[row["series"],].select("day", "expected").iter_rows()),
            _in_time(days[row["series"],]["events"][0] or "", row, grounds),
        )
        for row in answer.landing.iter_rows(named=True)
    }


def _in_time(named: str, landing: Mapping[str, Any], grounds: Grounds) -> str | None:
    """Of the events that are `named` in a forecast those that begin before what lands is over."""
    begun = [
        event.name
        for event in grounds.events.events
        if event.scope[SERIES_KEY] == landing["series"] and event.day <= landing["last_day"]
    ]
    every = dict.fromkeys(begun if grounds.holidays is None else [*begun, grounds.holidays.name])
    return ", ".join(name for name in every if f", {name}, " in f", {named}, ") or None


def _window(budget: Budget, status: Mapping[str, Any], made_on: date) -> Period:
    """The days that land."""
    if budget.period != "rolling" or budget.days is None:
        return Period(budget.period, status["first_day"], status["last_day"])
    last = made_on + timedelta(days=min(budget.days, ROLLING_AHEAD))
    return Period(budget.period, last - timedelta(days=budget.days - 1), last)


def _by_day(spend: pl.DataFrame) -> dict[date, Decimal]:
    return dict(spend.group_by("day").agg(pl.col("cost").sum()).sort("day").iter_rows())


def _sum(costs: Iterable[Decimal]) -> Decimal:
    return sum(costs, Decimal(0))
