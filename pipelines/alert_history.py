"""The log of alerts in the lake: what happened and what was told, added to and never changed, and the way back.

The control store is where alerts live; the lake outlasts it. Each table remembers, with the same commit, how far it
has grown, so that a pass which died between the two is made good by the next and no row is added twice. Requests that
nobody had applied yet, and the list of attempts, are in the control store alone.
"""

from __future__ import annotations

from models.control.alert_tables import GROWING
from pipelines.lake import Partition
from pipelines.workplace import Workplace

_SOURCE = "outlay"
"""Whose rows they are, in a lake that is parted by source and month."""


def copy_to_lake(work: Workplace) -> int:
    """Add what the lake does not have yet; returns the number of events. Only under `lock_alerting`.

    The order is that of `restore`'s need: what was told is of notices, and these are of events.
    """
    reached = {table.name: work.lake.reached(table) for table in GROWING}
    fresh = work.control.alerts.history(reached)
    partition = Partition(_SOURCE, f"{work.surroundings.clock():%Y-%m}")
    for table in GROWING:
        rows = fresh[table.name]
        if not rows.is_empty():
            work.lake.append(table, partition, rows, until=int(rows["sequence"].item(-1)))
    return len(fresh[GROWING[0].name])


def restore(work: Workplace) -> int:
    """Give the control store what only the lake has: all of it where the store was lost, the newest where it was put
    back from a backup; returns the number of events. Only under `lock_alerting`, before anything is recorded.

    A notice of which the lake does not know the end is looked for in Slack before it is sent again.
    """
    known = work.control.alerts.reached()
    if all(work.lake.reached(table) <= known[table.name] for table in GROWING):
        return 0
    return work.control.alerts.restore({table.name: work.lake.grown(table) for table in GROWING})
