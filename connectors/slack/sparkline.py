"""A trend as one line of text, for where no picture can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from models.control.conditions import Point
from models.wording import count_text, money_text

_BARS = "▁▂▃▄▅▆▇█"
_UNKNOWN = "·"
WIDTH = 42
"""Days at most: six weeks fit on a line of a phone."""


def sparkline(amounts: Sequence[Decimal | None]) -> str:
    """A bar for each, from nothing to the highest; a dot for what is not known. Below nothing looks like nothing."""
    highest = max((amount for amount in amounts if amount is not None), default=Decimal(0))
    return "".join(_UNKNOWN if amount is None else _BARS[_step(amount, highest)] for amount in amounts)


def _step(amount: Decimal, highest: Decimal) -> int:
    if highest <= 0 or amount <= 0:
        return 0
    return min(len(_BARS) - 1, int(amount * len(_BARS) / highest))


def trend_words(trend: Sequence[Point], currency: str | None, unit: str | None) -> tuple[str, str] | None:
    """The line, and what stands beside it: first and last day and the highest; None for less than two known days."""
    shown = trend[-WIDTH:]
    known = [(point.actual, point.day) for point in shown if point.actual is not None]
    if len(known) < 2:
        return None
    highest, on = max(known, key=lambda one: one[0])
    expected = shown[-1].expected
    beside = (
        f"{_day(shown[0].day)} to {_day(shown[-1].day)}, highest {amount_text(highest, currency, unit)} on {_day(on)}"
    )
    if expected is not None:
        beside += f", expected {amount_text(expected, currency, unit)} on the last day"
    return sparkline([point.actual for point in shown]), beside


def amount_text(amount: Decimal, currency: str | None, unit: str | None) -> str:
    """Money of a currency, else a count of a unit."""
    return money_text(amount, currency) if currency else f"{count_text(amount)} {unit or ''}".strip()


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
