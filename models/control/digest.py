"""The weekly digest: what a week cost, where budgets will land, what moved and why, open alerts, savings found.

Facts alone, from frames of the published marts and the alerts; how they are told is in `connectors.slack`. One basis:
effective cost (what the days really cost, prepaid and committed money spread), because billed money moves with the days
on which vendors bill. Savings are in `savings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.alert_words import order
from models.control.alerts import Alert
from models.control.conditions import Point
from models.control.savings import Saving
from models.economics.ownership import UNALLOCATED
from models.foresight.change import reasons

_DAYS = 7
_USUAL_WEEKS = 4
_TREND_WEEKS = 5
_ZERO = Decimal(0)
MOVERS = 5
"""Largest changes that are told."""
_LEAST_REASON = Decimal("0.05")
"""An effect below this part of the change is left out of its reasons."""


@dataclass(frozen=True)
class Week:
    """Monday to Sunday. `through`: the last of its days that every source which delivers by day is through; None: of
    none of them it is."""

    first_day: date
    last_day: date
    through: date | None

    @property
    def days(self) -> int:
        """Days that count, and as many of each other week."""
        return 0 if self.through is None else (self.through - self.first_day).days + 1

    @property
    def label(self) -> str:
        """ISO week, such as 2026-W47."""
        year, week, _ = self.first_day.isocalendar()
        return f"{year}-W{week:02}"


@dataclass(frozen=True)
class WeekSpending:
    """Effective cost of the week's days in one currency, pools and declared costs included.

    `before`: the same days of the week before; `expected`: their mean over the four weeks before. None where not all of
    these days are known. `trend`: five weeks by day.
    """

    currency: str
    spent: Decimal
    before: Decimal | None
    expected: Decimal | None
    trend: tuple[Point, ...] = ()


@dataclass(frozen=True)
class BudgetStanding:
    """A budget's period under way: spent so far, and where it will land with the range of 80 of 100 cases.

    `amount` may be nothing, or less, where more was carried over than it has. `unknown`: why there is no landing.
    """

    budget: str
    period: str
    currency: str
    cost_basis: str
    amount: Decimal
    spent: Decimal
    landing: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    runs_out_on: date | None = None
    unknown: str | None = None


@dataclass(frozen=True)
class WeekMover:
    """What changed most against the week before: charges of a team and model, before pools are split."""

    team: str
    model: str | None
    currency: str
    spent: Decimal
    before: Decimal
    cause: str | None

    @property
    def change(self) -> Decimal:
        return self.spent - self.before


@dataclass(frozen=True)
class Digest:
    """All of it. `alerts` are open, the gravest first; `opened` and `resolved` count those of the last seven days.

    `health`: how far all this can be trusted, in a line.
    """

    week: Week
    spending: tuple[WeekSpending, ...]
    budgets: tuple[BudgetStanding, ...] = ()
    movers: tuple[WeekMover, ...] = ()
    alerts: tuple[Alert, ...] = ()
    opened: int = 0
    resolved: int = 0
    savings: tuple[Saving, ...] = ()
    health: str = ""


def week_of(today: date, known_through: date | None) -> Week:
    """The last week that is over before `today`, as far as it is known."""
    first = today - timedelta(days=today.weekday() + _DAYS)
    last = first + timedelta(days=_DAYS - 1)
    if known_through is None or known_through < first:
        return Week(first, last, None)
    return Week(first, last, min(last, known_through))


def week_spending(daily: pl.DataFrame, week: Week) -> tuple[WeekSpending, ...]:
    """By currency, the dearest first; none of a week of which no day is known. `daily`: day (Date), currency, cost;
    other days and weeks may be in it."""
    if week.through is None:
        return ()
    known: dict[str, dict[date, Decimal]] = {}
    for day, currency, cost in daily.select("day", "currency", "cost").iter_rows():
        known.setdefault(currency, {}).setdefault(day, _ZERO)
        known[currency][day] += cost
    told = [_spending(currency, by_day, week, week.through) for currency, by_day in known.items()]
    return tuple(sorted((one for one in told if one.spent or one.before), key=lambda one: (-one.spent, one.currency)))


def _spending(currency: str, by_day: Mapping[date, Decimal], week: Week, through: date) -> WeekSpending:
    first_known = min(by_day)
    sums = [_sum(by_day, week, weeks) for weeks in range(_USUAL_WEEKS + 1)]
    told = [week.first_day - timedelta(weeks=weeks) >= first_known for weeks in range(_USUAL_WEEKS + 1)]
    usual = sum(sums[1:], _ZERO) / _USUAL_WEEKS if all(told[1:]) else None
    start = max(first_known, week.first_day - timedelta(weeks=_TREND_WEEKS - 1))
    days = (start + timedelta(days=place) for place in range((through - start).days + 1))
    trend = tuple(Point(day, by_day.get(day, _ZERO)) for day in days)
    return WeekSpending(currency, sums[0], sums[1] if told[1] else None, usual, trend)


def _sum(by_day: Mapping[date, Decimal], week: Week, weeks_before: int) -> Decimal:
    first = week.first_day - timedelta(weeks=weeks_before)
    return sum((by_day.get(first + timedelta(days=place), _ZERO) for place in range(week.days)), _ZERO)


def budget_standings(statuses: pl.DataFrame, outlook: pl.DataFrame) -> tuple[BudgetStanding, ...]:
    """Periods under way, the one that will take most of its amount first.

    `statuses`: `marts.budget_status`; `outlook`: `marts.budget_outlook`, of which a period may have no row.
    """
    landings = {(row["budget"], row["period"]): row for row in outlook.iter_rows(named=True)}
    standings = [
        _standing(row, landings.get((row["budget"], row["period"]), {}))
        for row in statuses.filter(pl.col("as_of").is_between("first_day", "last_day")).iter_rows(named=True)
    ]
    return tuple(sorted(standings, key=lambda one: (-_share(one), one.budget)))


def _share(standing: BudgetStanding) -> Decimal:
    if standing.amount <= 0:
        return Decimal("Infinity")
    return (standing.spent if standing.landing is None else standing.landing) / standing.amount


def _standing(status: Mapping[str, Any], outlook: Mapping[str, Any]) -> BudgetStanding:
    return BudgetStanding(
        budget=status["budget"],
        period=status["period"],
        currency=status["currency"],
        cost_basis=status["cost_basis"],
        amount=status["budget_amount"],
        spent=status["spent"],
        landing=outlook.get("landing"),
        low=outlook.get("low_80"),
        high=outlook.get("high_80"),
        runs_out_on=outlook.get("runs_out_on"),
        unknown=outlook.get("reason"),
    )


def week_movers(changes: pl.DataFrame, incidents: pl.DataFrame) -> tuple[WeekMover, ...]:
    """The largest changes, up or down, with why: of each currency in turn, for none can be set against another.

    `changes`: `models.foresight.change.decompose` of the week's charges against those of the week before, by currency,
    team and model. `incidents`: of_team, of_model, currency, sentence of anomalies of the week, the dearest first:
    where one is of the same team and model, its cause is told, else the effects of the change.
    """
    causes: dict[tuple[Any, ...], str] = {}
    for row in incidents.iter_rows(named=True):
        causes.setdefault((row["of_team"], row["of_model"], row["currency"]), row["sentence"])
    size = pl.col("change").abs()
    largest = changes.sort(size.rank("ordinal", descending=True).over("currency"), "currency").head(MOVERS)
    return tuple(
        WeekMover(
            team=row["team"] or UNALLOCATED,
            model=row["model"],
            currency=row["currency"],
            spent=row["cost_after"],
            before=row["cost_before"],
            cause=causes.get((row["team"], row["model"], row["currency"])) or _effects(row),
        )
        for row in largest.iter_rows(named=True)
        if row["change"]
    )


def _effects(row: Mapping[str, Any]) -> str | None:
    return ", ".join(reasons(row, row["currency"], least=abs(row["change"]) * _LEAST_REASON)[:3]) or None


def open_alerts(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Those that are not resolved, the gravest first."""
    return tuple(sorted((alert for alert in alerts if alert.state != "resolved"), key=order))
