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
OVERDUE = timedelta(days=93)
"""One in arrears has ended after three months: that of its next invoice, that in which it comes, and some patience."""


@dataclass(frozen=True)
class Delivery:
    """How far a source is through, and whether it tells each day soon after it.

    One that does not may be in arrears: it tells a month when that is over, or whenever a file comes, so that nothing
    is known of later days. Else it is asked each day and says that there is nothing, such as a fee each month.
    """

    source: str
    last_day: date
    by_day: bool
    in_arrears: bool = False


@dataclass(frozen=True)
class Origin:
    """The day, and what it depends on.

    `held_by`: sources that are through no further. `furthest`: how far the fastest source is. `ended`: sources that
    tell nothing any more, `not_by_day`: sources that never hold anybody up. `known_through`: those in arrears that are
    not through the day, and the last day of each.
    """

    day: date
    held_by: tuple[str, ...]
    furthest: date
    ended: tuple[str, ...] = ()
    not_by_day: tuple[str, ...] = ()
    known_through: tuple[tuple[str, date], ...] = ()

    @property
    def reason(self) -> str:
        """Why this day, in words that go on from it."""
        late = "".join(
            f"; {source} is known through {day_text(last)} only, and taken to go on as in its last month"
            for source, last in self.known_through
        )
        return self._why + late

    @property
    def _why(self) -> str:
        if not self.held_by:
            return "the last whole day"
        if self.furthest == self.day:
            return f"the last day that every {'daily ' if self.known_through else ''}source is through"
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
    late = {delivery.source for delivery in deliveries if delivery.in_arrears and last[delivery.source] < day}
    overdue = {source for source in late if day - last[source] > OVERDUE}
    return Origin(
        day=day,
        held_by=tuple(sorted(source for source in by_day - ended if last[source] == day)),
        furthest=furthest,
        ended=tuple(sorted(ended | overdue)),
        not_by_day=tuple(sorted(last.keys() - by_day)),
        known_through=tuple((source, last[source]) for source in sorted(late - overdue)),
    )
