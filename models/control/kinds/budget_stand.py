"""How a budget stands in one period, and what all conditions of it say alike: facts, movers, owner, page, trend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl

from models.control.budgets import CENT, Budget
from models.control.burn_rate import allowed_a_day
from models.control.conditions import AlertKey, Condition, Kind, Point, Severity, Standing
from models.control.kinds.pages import page
from models.control.movers import Mover
from models.economics.globs import is_exact
from models.wording import about_text, counted, day_text, money_text, month_text, share_text

_TREND = 30


@dataclass(frozen=True)
class BudgetFrames:
    """What a publication says of budgets: `marts.budget_status`, `budget_thresholds`, `budget_outlook`,
    `budget_forecasts` and `burn_rates`; `history` (SPEND) by day of all in scope; `told`: alerts that go on; `movers`
    of a budget's period."""

    statuses: pl.DataFrame
    thresholds: pl.DataFrame
    outlook: pl.DataFrame
    forecasts: pl.DataFrame
    burns: pl.DataFrame
    history: pl.DataFrame
    told: Collection[AlertKey] = ()
    movers: Callable[[str, str], Sequence[Mover]] = lambda _budget, _period: ()


@dataclass(frozen=True)
class Told:
    """What one condition says beside what all of its budget say."""

    standing: Standing
    severity: Severity
    headline: str
    answer: str
    to_do: str
    since: date
    amount: Decimal
    limit: Decimal


@dataclass(frozen=True)
class Stand:
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

    def key(self, kind: Kind, threshold: str) -> AlertKey:
        """A burn is an event in time: one that goes on over the turn of a period is the same."""
        period = "" if kind == "burn_rate" else self.status["period"]
        return AlertKey(self.budget.name, self.budget.scope_text, period, threshold)

    def condition(self, kind: Kind, threshold: str, told: Told) -> Condition:
        """One of its conditions; what is alike in all comes from here."""
        movers = self.movers
        return Condition(
            key=self.key(kind, threshold),
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
        if self.status["other_currencies"] is not None:
            yield "Not counted", f"costs in {self.status['other_currencies']}"
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
        return page("budgets", budget=self.budget.name)

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
        begun, allowed = min(costs), allowed_a_day(self.budget, self.status).quantize(CENT)
        for back in reversed(range(_TREND)):
            day = last - timedelta(days=back)
            yield Point(day, costs.get(day, Decimal(0)) if day >= begun else None, allowed)


def _only(budget: Budget, key: str) -> str | None:
    """The one vendor or model that a budget is of; None where it may be several."""
    globs = budget.scope.get(key, ())
    return globs[0] if len(globs) == 1 and is_exact(globs[0]) else None


def _cause(movers: Sequence[Mover], currency: str) -> str | None:
    """What rose most; not why it did, nor that all together rose."""
    return f"Rose most: {_mover_text(movers[0], currency)}." if movers else None


def _mover_text(mover: Mover, currency: str) -> str:
    more = money_text(mover.change, currency)
    return f"{mover.team} with {mover.model} {money_text(mover.spent, currency)}, {more} more than the same days before"
