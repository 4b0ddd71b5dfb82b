"""Periods of budgets: a month, quarter or year of the calendar, the last so many days, or dates that somebody set.

Only days and their names belong here; what may be spent in a period is in `budgets`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, get_args

PeriodKind = Literal["month", "quarter", "year", "rolling", "fixed"]
PERIOD_KINDS: tuple[PeriodKind, ...] = get_args(PeriodKind)
MONTHS_OF: dict[PeriodKind, int] = {"month": 1, "quarter": 3, "year": 12}
"""How many months the periods of a calendar have."""


@dataclass(frozen=True)
class BudgetPeriod:
    """`first_day` to `last_day`, both within. `label` names it for good: 2026-11, 2026-Q4, 2026, rolling 30 days,
    2026-01-01/2026-06-30."""

    kind: PeriodKind
    label: str
    first_day: date
    last_day: date

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def months(self) -> list[str]:
        """The months that it lies in, YYYY-MM."""
        return months_between(self.first_day, self.last_day)

    def elapsed(self, as_of: date) -> int:
        """How many of its days are over by the end of `as_of`."""
        return min(max((as_of - self.first_day).days + 1, 0), self.days)

    @property
    def before(self) -> BudgetPeriod:
        """The period of the calendar before it, cut as it is itself; of others as many days before."""
        eve = self.first_day - timedelta(days=1)
        if self.kind not in MONTHS_OF:
            return fixed_period(self.first_day - timedelta(days=self.days), eve)
        begins = first_of(self.kind, self.first_day)
        whole = calendar_period(self.kind, begins - timedelta(days=1))
        return replace(whole, first_day=whole.first_day + (self.first_day - begins))


def calendar_period(kind: PeriodKind, day: date) -> BudgetPeriod:
    """The month, quarter or year that a day lies in."""
    first_day = first_of(kind, day)
    label = {
        "month": f"{first_day:%Y-%m}",
        "quarter": f"{first_day.year}-Q{(first_day.month + 2) // 3}",
        "year": str(first_day.year),
    }[kind]
    return BudgetPeriod(kind, label, first_day, _later(first_day, MONTHS_OF[kind]) - timedelta(days=1))


def rolling_period(days: int, last_day: date) -> BudgetPeriod:
    """The last so many days; all of them are called the same, because it is one budget that stands now so, now so."""
    return BudgetPeriod("rolling", f"rolling {days} days", last_day - timedelta(days=days - 1), last_day)


def fixed_period(first_day: date, last_day: date) -> BudgetPeriod:
    return BudgetPeriod("fixed", dates_label(first_day, last_day), first_day, last_day)


def dates_label(first_day: date, last_day: date) -> str:
    return f"{first_day}/{last_day}"


def first_of(kind: PeriodKind, day: date) -> date:
    """First day of the month, quarter or year that a day lies in."""
    months = MONTHS_OF[kind]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def last_of_month(day: date) -> date:
    return _later(day.replace(day=1), 1) - timedelta(days=1)


def first_of_month(month: str) -> date:
    """Of a month as YYYY-MM."""
    return date.fromisoformat(f"{month}-01")


def first_of_label(label: str) -> date:
    """First day of a period of the calendar by its label: 2026-11, 2026-Q4 or 2026."""
    year, _, part = label.partition("-")
    return date(int(year), int(part[1:]) * 3 - 2 if part.startswith("Q") else int(part or 1), 1)


def months_between(first_day: date, last_day: date) -> list[str]:
    """The months, YYYY-MM, from that of the one day to that of the other."""
    return [f"{first:%Y-%m}" for first in _firsts(first_day.replace(day=1), last_day)]


def periods_later(kind: PeriodKind, first_day: date, day: date) -> int:
    """How many periods of the calendar the one of `day` lies after that of `first_day`; 0 where it lies before."""
    months = (day.year - first_day.year) * 12 + day.month - first_of(kind, first_day).month
    return max(months // MONTHS_OF[kind], 0)


def _firsts(first: date, last_day: date) -> Iterator[date]:
    while first <= last_day:
        yield first
        first = _later(first, 1)


def _later(first: date, months: int) -> date:
    """The first of a month so many months later."""
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1)
