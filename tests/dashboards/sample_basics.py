"""What all rows of the sample have in common: its months, its last day, and a name that is markup."""

from __future__ import annotations

from datetime import UTC, date, datetime

HOSTILE = "<script>alert(1)</script> **bold** $x^2$ :red[x]"
MONTHS = ("2026-05", "2026-06", "2026-07")
LAST_DAY = date(2026, 7, 20)


def at(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
