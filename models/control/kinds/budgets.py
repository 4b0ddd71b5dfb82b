"""Budgets: thresholds that spending reached, or probably will, and money that burns too fast.

Of several thresholds that hold, the highest fires and those below it linger: one that was passed on the same way opens
nothing, and one that was told on its day stays open until its period is over. It must not go when a higher one comes:
an alert whose condition is gone is resolved, and people would hear that spending fell. Likewise a forecast that came
true, and a slow burn beside a fast one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import polars as pl

from models.control.budgets import Budget
from models.control.conditions import AlertKey, Condition, Kind, Point, Severity, Standing
from models.control.kinds.judged import Judged, found, unknown
from models.control.movers import Mover
from models.economics.globs import is_exact
from models.wording import about_text, counted, day_text, money_text, month_text, share_text

LETS_GO = Decimal("0.95")
"""A threshold that was reached lingers until spending falls below this part of it."""
DOUBT = 0.2
"""A forecast lingers until its probability falls so far below the one asked for."""
SEVERITIES: Sequence[tuple[int, Severity]] = ((120, "critical"), (80, "warning"), (0, "info"))
"""How grave a threshold is from so many percent on, the highest first."""
FAST_DAYS = 3
"""A burn rate over no more days than these is a fast one."""
_TREND = 30


@dataclass(frozen=True)
class BudgetFrames:
    """What a publication says of budgets: `marts.budget_status`, `budget_thresholds`, `budget_outlook`,
    `budget_forecasts` and `burn_rates`; `history` (SPEND) by day of all in scope; `movers` of a budget's period."""

    statuses: pl.DataFrame
    thresholds: pl.DataFrame
    outlook: pl.DataFrame
    forecasts: pl.DataFrame
    burns: pl.DataFrame
    history: pl.DataFrame
    movers: Callable[[str, str], Sequence[Mover]] = lambda _budget, _period: ()


def budget_conditions(budgets: Sequence[Budget], frames: BudgetFrames, today: date) -> dict[tuple[str, Kind], Judged]:
    """What came of each budget, by its name and the kind: of what it is not asked to tell there is nothing.

    Spending can always be judged; a forecast and a burn rate cannot without history enough. Periods are those that are
    under way, and for thresholds of spending also those whose late bills may still come.
    """
    made: dict[tuple[str, Kind], Judged] = {}
    for budget in budgets:
        of_budget = pl.col("budget") == budget.name
        rows = frames.statuses.filter(of_budget, "is_alerting").rows(named=True)
        stands = [_Stand(budget, row, frames, today) for row in rows]
        made |= {(budget.name, kind): _JUDGES[kind](stands) for kind in kinds_of(budget)}
    return made


def kinds_of(budget: Budget) -> list[Kind]:
    """What a budget is asked to tell."""
    asked: Mapping[Kind, bool] = {
        "budget": True,
        "budget_forecast": bool(budget.forecast),
        "burn_rate": bool(budget.burn_rates),
    }
    return [kind for kind, is_asked in asked.items() if is_asked]


@dataclass(frozen=True)
class _Stand:
    """How a budget stands in one period."""

    budget: Budget
    status: Mapping[str, Any]
    frames: BudgetFrames
    today: date

    @property
    def is_under_way(self) -> bool:
        return self.status["first_day"] <= self.today <= self.status["last_day"]

    @property
    def amount(self) -> Decimal:
        return self.status["budget_amount"]

    @property
    def spent(self) -> Decimal:
        return self.status["spent"]

    def rows(self, frame: pl.DataFrame) -> list[dict[str, Any]]:
        """Those of this budget and period."""
        period = pl.col("period") == self.status["period"]
        return frame.filter(pl.col("budget") == self.budget.name, period).rows(named=True)

    @cached_property
    def outlook(self) -> Mapping[str, Any] | None:
        """Where it lands; None where the period is over."""
        return next(iter(self.rows(self.frames.outlook)), None)

    @cached_property
    def burns(self) -> list[dict[str, Any]]:
        return self.rows(self.frames.burns)

    @cached_property
    def movers(self) -> Sequence[Mover]:
        return self.frames.movers(self.budget.name, self.status["period"])

    @property
    def days(self) -> int:
        return (self.status["last_day"] - self.status["first_day"]).days + 1

    @property
    def when(self) -> str:
        """`November 2026`, `2026-Q4`, `the last 30 days`, `1 January 2026 to 30 June 2026`."""
        label = self.status["period"]
        words: Mapping[str, Callable[[], str]] = {
            "month": lambda: month_text(label),
            "rolling": lambda: f"the last {counted(self.days, 'day')}",
            "fixed": lambda: f"{day_text(self.status['first_day'])} to {day_text(self.status['last_day'])}",
        }
        return words.get(self.budget.period, lambda: label)()

    def money(self, amount: Decimal | None) -> str:
        return money_text(amount, self.budget.currency)

    def about(self, amount: Decimal | None) -> str:
        return about_text(amount, self.budget.currency)

    @property
    def share(self) -> str:
        """`83.5 %`; a dash where nothing may be spent."""
        return share_text(self.spent, max(self.amount, Decimal(0)))

    @property
    def landing(self) -> str | None:
        """`11,200 USD (80 % range 10,400 to 12,100 USD)`; None where it is not known."""
        if self.outlook is None or self.outlook["landing"] is None:
            return None
        low, high = (self.about(self.outlook[name]) for name in ("low_80", "high_80"))
        return f"{self.about(self.outlook['landing'])} (80 % range {low} to {high})"

    def condition(self, kind: Kind, threshold: str, told: _Told) -> Condition:
        """One of its conditions; what is alike in all comes from here."""
        movers = self.movers
        return Condition(
            key=AlertKey(self.budget.name, self.budget.scope_text, self.status["period"], threshold),
            kind=kind,
            standing=told.standing,
            severity=told.severity,
            headline=told.headline,
            subject=f"budget {self.budget.name}",
            answer=told.answer,
            to_do=told.to_do,
            since=told.since,
            cause=_cause(movers, self.budget.currency),
            facts=tuple(self._facts()),
            details=tuple(_mover_text(mover, self.budget.currency) for mover in movers),
            amount=told.amount,
            limit=told.limit,
            currency=self.budget.currency,
            team=self.budget.owner,
            vendor=_only(self.budget, "vendor"),
            model=_only(self.budget, "model"),
            page=self._page,
            trend=tuple(self._trend()),
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "Budget", f"{self.money(self.amount)} for {self.when}, {self.budget.cost_basis}"
        yield "Covers", self.budget.scope_text
        yield "Spent", f"{self.money(self.spent)} ({self.share})"
        if self.landing is not None:
            yield "Expected", self.landing
        elif self.outlook is not None:
            yield "Expected", f"not known: {self.outlook['reason']}"
        if self.outlook is not None and (self.outlook["runs_out_on"] or self.today) > self.today:
            yield "Used up on", day_text(self.outlook["runs_out_on"])
        for burn in self.burns:
            if burn["rate"] is not None:
                yield f"Burn rate, {counted(burn['days'], 'day')}", f"{burn['rate']:.1f} times what the budget allows"
        yield "Data through", day_text(self.status["data_through"])

    @property
    def _page(self) -> str:
        month = self.status["period"] if self.budget.period == "month" else f"{self.today:%Y-%m}"
        asked = {"period": month, "basis": self.budget.cost_basis, "currency": self.budget.currency}
        return f"overview?{urlencode(asked)}"

    def _trend(self) -> Iterator[Point]:
        """The last days that are told, beside what the budget allows each day."""
        costs = dict(
            self.frames.history.filter(pl.col("budget") == self.budget.name)
            .group_by("day")
            .agg(pl.col("cost").sum())
            .iter_rows()
        )
        yesterday = self.today - timedelta(days=1)
        last = max((day for day in costs if day <= min(yesterday, self.status["last_day"])), default=None)
        if last is None:
            return
        begun, allowed = min(costs), (max(self.amount, Decimal(0)) / self.days).quantize(Decimal("0.01"))
        for back in reversed(range(_TREND)):
            day = last - timedelta(days=back)
            yield Point(day, costs.get(day, Decimal(0)) if day >= begun else None, allowed)


@dataclass(frozen=True)
class _Told:
    """What one condition says beside what all of its budget say."""

    standing: Standing
    severity: Severity
    headline: str
    answer: str
    to_do: str
    since: date
    amount: Decimal
    limit: Decimal


def _highest(conditions: Iterable[tuple[Decimal, Condition]]) -> list[Condition]:
    """In rising order of their size; of those that fire only the highest does, the others linger."""
    ordered = [condition for _, condition in sorted(conditions, key=lambda each: each[0])]
    firing = [condition for condition in ordered if condition.standing == "firing"]
    return [replace(each, standing="lingering") if each in firing[:-1] else each for each in ordered]


def _spending(stands: Sequence[_Stand]) -> Judged:
    """Thresholds of what is spent, of each period by itself."""
    return found(condition for stand in stands for condition in _reached(stand))


def _reached(stand: _Stand) -> list[Condition]:
    """Thresholds that are reached, and those that spending fell only a little below."""
    rows = stand.rows(stand.frames.thresholds)
    held: list[tuple[Decimal, Condition]] = []
    for row in rows:
        pct, limit, crossed = row["threshold_pct"], row["threshold_amount"], row["first_crossed_day"]
        # the day on which a rolling sum was above it last is not kept
        was_reached = crossed is not None or stand.budget.period == "rolling"
        if stand.spent > 0 and was_reached and stand.spent >= limit * LETS_GO:
            standing: Standing = "firing" if stand.spent >= limit else "lingering"
            told = _spent(stand, pct, standing, crossed or stand.today)
            held.append((Decimal(pct), stand.condition("budget", f"{pct} %", told)))
    return _highest(held)


def _spent(stand: _Stand, pct: int, standing: Standing, since: date) -> _Told:
    name, when = stand.budget.name, stand.when
    over_by = stand.spent - stand.amount
    headline = f"{name}: {stand.share} of the budget for {when} is spent"
    if over_by > 0:
        headline = f"{name} is over its budget for {when} by {stand.about(over_by)}"
    answer = f"{stand.money(stand.spent)} of the {stand.money(stand.amount)} for {when} are spent"
    if stand.budget.period == "rolling":
        answer += "."
    else:
        answer += f", with {stand.status['elapsed_pct']:.0f} % of its days over."
        answer += f" It is expected to end at {stand.landing}." if stand.landing is not None else ""
    return _Told(
        standing=standing,
        severity=next(severity for least, severity in SEVERITIES if pct >= least),
        headline=headline,
        answer=answer,
        to_do=_SPENT_TO_DO[over_by >= 0],
        since=since,
        amount=stand.spent,
        limit=stand.amount,
    )


_SPENT_TO_DO = {
    False: "See what rose most, and decide while there is something left: slow it down, move it to a cheaper model, "
    "or raise the budget.",
    True: "Decide whether what rose most goes on: stop it, move it to a cheaper model, or raise the budget for the "
    "rest of the period.",
}


def _forecasts(stands: Sequence[_Stand]) -> Judged:
    """Thresholds that will probably be exceeded; one that is reached already is told by `_spending`, and lingers."""
    held: list[tuple[Decimal, Condition]] = []
    for stand in _under_way(stands):
        if stand.outlook is None or stand.outlook["landing"] is None:
            why = "nothing is forecast" if stand.outlook is None else stand.outlook["reason"]
            return unknown(f"Where it will end is not known: {why}.")
        for row in stand.rows(stand.frames.forecasts):
            asked, probability = row["probability_pct"] / 100, row["probability"]
            if probability >= asked - DOUBT:
                is_news = probability >= asked and stand.spent < row["threshold_amount"]
                told = _foreseen(stand, row, "firing" if is_news else "lingering")
                threshold = f"forecast {row['of_pct']} %, p {row['probability_pct']} %"
                held.append((Decimal(row["of_pct"]), stand.condition("budget_forecast", threshold, told)))
    return found(_highest(held))


def _foreseen(stand: _Stand, row: Mapping[str, Any], standing: Standing) -> _Told:
    assert stand.outlook is not None
    outlook, limit = stand.outlook, row["threshold_amount"]
    of_budget = "its budget" if row["of_pct"] == 100 else f"{row['of_pct']} % of its budget"
    end = f"{stand.when} is expected to end at {stand.landing}"
    if stand.budget.period == "rolling":
        until = day_text(outlook["last_day"])
        end = f"The {counted(stand.days, 'day')} to {until} are expected to come to {stand.landing}"
    likely = _probability_text(row["probability"])
    answer = f"{end}: above {stand.money(limit)} with a probability of {likely}."
    if outlook["runs_out_on"] is not None:
        answer += f" The budget of {stand.money(stand.amount)} is used up on {day_text(outlook['runs_out_on'])}."
    return _Told(
        standing=standing,
        severity="warning",
        headline=f"{stand.budget.name} will probably exceed {of_budget} for {stand.when}",
        answer=answer,
        to_do="See what rose most, and decide before it is spent: slow it down, move it to a cheaper model, or raise "
        "the budget.",
        since=outlook["made_on"],
        amount=outlook["landing"],
        limit=limit,
    )


def _probability_text(probability: float) -> str:
    """`87 %`; nothing that is to come is certain."""
    return "more than 99 %" if probability > 0.99 else f"{probability * 100:.0f} %"


def _burning(stands: Sequence[_Stand]) -> Judged:
    """Burn rates that are reached; the fastest is told."""
    rows = [(stand, row) for stand in _under_way(stands) for row in stand.burns]
    known = [(stand, row) for stand, row in rows if row["is_firing"] is not None]
    if not known and any(_under_way(stands)):
        why = rows[0][1]["reason"] if rows else "nothing is told of it"
        return unknown(f"How fast it burns is not known: {why}.")
    held = [
        (row["asked_rate"], stand.condition("burn_rate", _threshold(row), _burnt(stand, row)))
        for stand, row in known
        if row["is_firing"] or row["is_lingering"]
    ]
    return found(_highest(held))


_JUDGES: Mapping[Kind, Callable[[Sequence[_Stand]], Judged]] = {
    "budget": _spending,
    "budget_forecast": _forecasts,
    "burn_rate": _burning,
}


def _under_way(stands: Sequence[_Stand]) -> list[_Stand]:
    """Without those whose period is over: nothing is to come, and nothing burns."""
    return [stand for stand in stands if stand.is_under_way]


def _threshold(row: Mapping[str, Any]) -> str:
    """`3 times over 7 days`."""
    return f"{row['asked_rate'].normalize():f} times over {counted(row['days'], 'day')}"


def _burnt(stand: _Stand, row: Mapping[str, Any]) -> _Told:
    first_day = row["last_day"] - timedelta(days=row["days"] - 1)
    return _Told(
        standing="firing" if row["is_firing"] else "lingering",
        severity="critical" if row["days"] <= FAST_DAYS else "warning",
        headline=f"{stand.budget.name} burns {row['rate']:.1f} times as fast as its budget allows",
        answer=f"{stand.money(row['spent'])} were spent from {day_text(first_day)} to {day_text(row['last_day'])}, "
        f"{row['rate']:.1f} times the {stand.money(row['allowed'])} that the budget allows in "
        f"{counted(row['days'], 'day')}; {row['confirm_rate']:.1f} times in the last "
        f"{counted(row['confirm_days'], 'day')}.",
        to_do="Find what spends it, and stop it today if nobody meant it to: a loop, a backfill, a larger model.",
        since=row["since"] or row["last_day"],
        amount=row["spent"],
        limit=row["allowed"],
    )


def _only(budget: Budget, key: str) -> str | None:
    """The one vendor or model that a budget is of; None where it may be several."""
    globs = budget.scope.get(key, ())
    return globs[0] if len(globs) == 1 and is_exact(globs[0]) else None


def _cause(movers: Sequence[Mover], currency: str) -> str | None:
    """What rose most; not why it did."""
    return f"Most of the rise: {_mover_text(movers[0], currency)}." if movers else None


def _mover_text(mover: Mover, currency: str) -> str:
    more = money_text(mover.change, currency)
    return f"{mover.team} with {mover.model} {money_text(mover.spent, currency)}, {more} more than the same days before"
