"""Billing periods as `YYYY-MM`, and which of them a run pulls."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from connectors.errors import ConfigurationError

REPULLED_CLOSED_PERIODS = 2
"""Vendors restate for weeks: a run re-pulls the open period and the two before it."""


def period_of(instant: datetime) -> str:
    return f"{instant:%Y-%m}"


def checked(period: str) -> str:
    """The period as it is. Raises `ConfigurationError` for anything that is no month."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", period):
        raise ConfigurationError(f"{period!r} is no billing period", remedy="write it as YYYY-MM, for example 2026-11")
    return period


def previous(period: str) -> str:
    first = datetime.strptime(period, "%Y-%m")  # noqa: DTZ007 - a month has no zone
    return f"{first - timedelta(days=1):%Y-%m}"


def following(period: str) -> str:
    first = datetime.strptime(period, "%Y-%m")  # noqa: DTZ007 - a month has no zone
    return f"{first + timedelta(days=32):%Y-%m}"


def open_periods(now: datetime, *, first: str | None = None, back: int = REPULLED_CLOSED_PERIODS) -> list[str]:
    """The open period and the `back` before it, oldest first, none before `first`."""
    periods = [period_of(now)]
    for _ in range(back):
        periods.append(previous(periods[-1]))
    return [period for period in reversed(periods) if first is None or period >= first]


def between(first: str, last: str) -> list[str]:
    """Every period from `first` to `last`, both included."""
    periods: list[str] = []
    while first <= last:
        periods.append(first)
        first = following(first)
    return periods
