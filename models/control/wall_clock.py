"""Times of day in a time zone as instants, also where clocks are put forward or back.

As RFC 5545 has it: a time that clocks leap over is as long after midnight as it would have been, one that comes twice
is the first of the two. What begins and ends at a time of day so has one beginning and one end on each day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]
"""From an instant to another, which does not belong to it; in UTC."""


def at(day: date, moment: time, zone: str) -> datetime:
    """The instant of a time of day, in UTC."""
    return datetime.combine(day, moment.replace(fold=0), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str) -> date:
    """The day that it is there."""
    return instant.astimezone(ZoneInfo(zone)).date()


def span(day: date, start: time, end: time, zone: str) -> Span:
    """From `start` of this day to the next `end`: on the day after where it is not later."""
    ends_on = day if start < end else day + timedelta(days=1)
    return at(day, start, zone), at(ends_on, end, zone)


def day_span(day: date, zone: str) -> Span:
    """From midnight to midnight; 23 or 25 hours where clocks are changed."""
    return at(day, time(), zone), at(day + timedelta(days=1), time(), zone)
