"""On which day each budget reached which of its thresholds, as `truth.json` tells it.

From the words of `outlay.yaml` and from `spending`; nothing of `models` is used. A day is that of the first publication
that knew enough: bills come two days after use, what is declared on its day, and pools are shared by what was known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from connectors.simulator.amounts import text
from connectors.simulator.spending import Spending, Spent

_DAY = timedelta(days=1)
_ZERO = Decimal(0)
_OF_OWNER = ("use_case", "product", "environment", "cost_centre")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
LATE = timedelta(days=7)
"""So long after a period its last bills may come, and still be told of."""
REARMED = Decimal("0.95")
"""Of a threshold: below it a rolling budget is well again, and may be told of anew."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Period:
    """From its first to its last day. `months` are those of a calendar period, none of any other."""

    name: str
    first_day: date
    last_day: date
    months: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Line:
    """What was spent in scope of a budget on a day, by whom, or in which pool; `told_on` as of `Spent`."""

    day: date
    told_on: date
    billing_month: str
    team: str | None
    pool: str | None


@dataclass(frozen=True)
class Watched:
    """A budget as `outlay.yaml` says it, over all that was spent, from `begins` through the publication of `as_of`."""

    said: Mapping[str, Any]
    spending: Spending
    begins: date
    as_of: date

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each period and threshold, with the day on which it was reached; None: not yet."""
        for period in self._periods:
            days = self._days_of(period)
            seen = [(day, self.spent(period, day), self.amount(period, day)) for day in days]
            for threshold in self.said.get("thresholds_pct", [100]):
                told = next((each for each in seen if each[1] * 100 >= each[2] * threshold), None)
                yield self._row(period, threshold, told[0] if told else None, *seen[-1][1:])

    def rolling_rows(self) -> Iterator[dict[str, Any]]:
        """Each time that a rolling budget reached a threshold, having been below `REARMED` of it before."""
        count, amount = self.said["days"], Decimal(self.said["amount"])
        for threshold in self.said.get("thresholds_pct", [100]):
            is_armed = True
            for day in _days(self.begins, self.as_of):
                period = Period(f"rolling {count} days", day - (count - 1) * _DAY, day)
                share = self.spent(period, day) * 100 / amount
                if is_armed and share >= threshold:
                    yield self._row(period, threshold, day, self.spent(period, day), amount)
                is_armed = share < threshold * REARMED or (is_armed and share < threshold)

    def _row(self, period: Period, threshold: int, told_on: date | None, spent: Decimal, amount: Decimal) -> Row:
        return {
            "budget": self.said["name"],
            "period": period.name,
            "first_day": str(period.first_day),
            "last_day": str(period.last_day),
            "threshold_pct": threshold,
            "amount": text(amount),
            "spent": text(spent),
            "currency": self._currency,
            "told_on": None if told_on is None else str(told_on),
        }

    @property
    def _currency(self) -> str:
        return self.said.get("currency", "USD")

    @property
    def _basis(self) -> str:
        return self.said.get("cost_basis", "billed")

    def _days_of(self, period: Period) -> list[date]:
        """On which its spending was known better and better: it is over some days before its bills are."""
        return _days(period.first_day, min(self.as_of, period.last_day + LATE))

    @cached_property
    def _periods(self) -> list[Period]:
        """Those that had begun, oldest first."""
        kind = self.said.get("period", "month")
        if kind == "fixed":
            first, last = self.said["first_day"], self.said["last_day"]
            return [Period(f"{first}/{last}", first, last)] if first <= self.as_of else []
        count = _MONTHS[kind]
        position = self.begins.year * 12 + (self.begins.month - 1) // count * count
        found: list[Period] = []
        while _first(position) <= self.as_of:
            months = tuple(f"{_first(position + n):%Y-%m}" for n in range(count))
            first = _first(position)
            position += count
            found.append(Period(_name(kind, first), first, _first(position) - _DAY, months))
        return found

    def spent_in(self, month: str) -> Decimal:
        """What was spent of a month, by all that is known; of a monthly budget."""
        period = next(each for each in self._periods if each.name == month)
        return self.spent(period, self.as_of)

    def spent(self, period: Period, through: date) -> Decimal:
        """What was spent of a period, by what was told through a day."""
        return sum(
            (self._part(line, through) * amount for line, amount in self._of(period) if line.told_on <= through), _ZERO
        )

    def _part(self, line: _Line, through: date) -> Decimal:
        teams = self._teams
        if teams is None or line.pool is None:
            return Decimal(teams is None or _fits(line.team, teams))
        return sum((self.spending.share(line.pool, line.day, team, through) for team in teams), _ZERO)

    @cached_property
    def _teams(self) -> list[str] | None:
        """Of the scope; names, no globs."""
        teams = self.said.get("scope", {}).get("team")
        return [teams] if isinstance(teams, str) else teams

    def _of(self, period: Period) -> list[tuple[_Line, Decimal]]:
        if period not in self._by_period:
            is_in = self._is_in_months if period.months else self._is_in_days
            self._by_period[period] = [item for item in self._lines.items() if is_in(item[0], period)]
        return self._by_period[period]

    @cached_property
    def _by_period(self) -> dict[Period, list[tuple[_Line, Decimal]]]:
        return {}

    def _is_in_months(self, line: _Line, period: Period) -> bool:
        return (line.billing_month if self._basis == "billed" else f"{line.day:%Y-%m}") in period.months

    def _is_in_days(self, line: _Line, period: Period) -> bool:
        return period.first_day <= line.day <= period.last_day

    def amount(self, period: Period, through: date) -> Decimal:
        """The budget of a period: its own, and what the one before it left or owed."""
        own, carries, position = self._own(period), self.said.get("carry_over", "none"), self._periods.index(period)
        if carries == "none" or position == 0:
            return own
        before = self._periods[position - 1]
        most = self._own(before) * self.said.get("carry_over_limit_pct", 100) / 100
        left = max(-most, min(most, self.amount(before, through) - self.spent(before, through)))
        is_carried = carries == "both" or (left > 0) == (carries == "unspent")
        return own + (left if is_carried else _ZERO)

    def _own(self, period: Period) -> Decimal:
        months: Mapping[str, Any] = self.said.get("amounts", {})
        named = [Decimal(months[month]) for month in period.months if month in months]
        whole = Decimal(self.said["amount"]) * self._growth(period)
        if not period.months:
            return whole
        return sum(named, whole * (len(period.months) - len(named)) / len(period.months))

    def _growth(self, period: Period) -> Decimal:
        begins = self.said.get("grows_from")
        earlier = [each for each in self._periods if each.first_day <= period.first_day]
        grown = sum(begins is not None and begins < each.months[0] for each in earlier)
        return (1 + Decimal(self.said.get("growth_pct", 0)) / 100) ** grown

    @cached_property
    def _lines(self) -> dict[_Line, Decimal]:
        sums: dict[_Line, Decimal] = defaultdict(Decimal)
        for place, costs in self.spending.costs.items():
            if place.currency == self._currency and self._covers(place):
                line = _Line(place.day, place.told_on, place.billing_month, place.owner.team, place.owner.pool)
                sums[line] += costs.of(self._basis)
        return {line: amount for line, amount in sums.items() if amount}

    def _covers(self, place: Spent) -> bool:
        """Whether a cost is in scope, but for its team, which is told by shares."""
        scope, tags = self.said.get("scope", {}), dict(place.tags)
        values = {"source": place.source, "vendor": place.vendor, "model": place.model, "component": place.component}
        values |= {name: getattr(place.owner, name) for name in _OF_OWNER}
        return all(_fits(values[name], scope[name]) for name in values if name in scope) and all(
            _fits(tags.get(key), globs) for key, globs in scope.get("tags", {}).items()
        )


def _fits(value: str | None, globs: str | list[str]) -> bool:
    asked = [globs] if isinstance(globs, str) else globs
    return value is not None and any(fnmatchcase(value.lower(), glob.lower()) for glob in asked)


def _days(first: date, last: date) -> list[date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _first(position: int) -> date:
    """The first of a month that is counted from the year 0."""
    return date(position // 12, position % 12 + 1, 1)


def _name(kind: str, first: date) -> str:
    return {"month": f"{first:%Y-%m}", "quarter": f"{first.year}-Q{(first.month + 2) // 3}", "year": f"{first.year}"}[
        kind
    ]


def budget_document(
    budgets: Iterable[Mapping[str, Any]], spending: Spending, begins: date, as_of: date
) -> list[dict[str, Any]]:
    """Every budget, period and threshold."""
    watched = [Watched(said, spending, begins, as_of) for said in budgets]
    return [
        row for each in watched
        for row in (each.rolling_rows() if each.said.get("period") == "rolling" else each.rows())
    ]  # fmt: skip
