"""Origin: the day that forecasts stand on, which is the last one that is through for all sources that deliver by day.

Decision record 8. How a source is pulled does not belong here, only what its deliveries tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models.wording import day_text

SILENT = timedelta(days=35)
"""A source that has told nothing for so long, while others went on, has ended: a month, and some patience."""


@dataclass(frozen=True)
class Delivery:
    """How far a source is through, and whether it tells each day soon after it (a monthly invoice does not)."""

    source: str
    last_day: date
    by_day: bool


@dataclass(frozen=True)
class Origin:
    """The day, and what it depends on.

    `held_by`: sources that are through no further. `furthest`: how far the fastest source is. `ended`: sources that
    tell nothing any more, `not_by_day`: sources that never hold anybody up.
    """

    day: date
    held_by: tuple[str, ...]
    furthest: date
    ended: tuple[str, ...] = ()
    not_by_day: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why this day, in words that go on from it."""
        if not self.held_by:
            return "the last whole day"
        if self.furthest == self.day:
            return "the last day that every source is through"
        are = "is" if len(self.held_by) == 1 else "are"
        return f"{', '.join(self.held_by)} {are} through no further, others already through {day_text(self.furthest)}"


def origin(deliveries: Sequence[Delivery], today: date) -> Origin:
    """Where forecasts of `today` stand: never on today, of which nobody knows the whole.

    Without a source that delivers by day it is the last day of any, and without any source yesterday.
    """
    yesterday = today - timedelta(days=1)
    last = {delivery.source: min(delivery.last_day, yesterday) for delivery in deliveries}
    by_day = {delivery.source for delivery in deliveries if delivery.by_day}
    furthest = max((last[source] for source in by_day), default=max(last.values(), default=yesterday))
    ended = {source for source in by_day if furthest - last[source] > SILENT}
    day = min((last[source] for source in by_day - ended), default=furthest)
    return Origin(
        day=day,
        held_by=tuple(sorted(source for source in by_day - ended if last[source] == day)),
        furthest=furthest,
        ended=tuple(sorted(ended)),
        not_by_day=tuple(sorted(last.keys() - by_day)),
    )
