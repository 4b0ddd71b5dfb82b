"""Holding: what must be true before a load may replace what stands. History is never erased by what is not there.

An expired export, a vendor's retention, a lost scope or a slow clock all look like "nothing happened": where something
stood, nothing is not believed without `--accept-shrink`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import datetime

import polars as pl

from connectors.archive import Pull
from connectors.control import CurrentLoad
from connectors.errors import IncompleteError
from models.ledger.metering import METER_READINGS
from models.ledger.rollup import DAILY_COSTS
from pipelines.workplace import Workplace

_SHOWN = 5


def hold_unproven(pull: Pull, missing: Sequence[str]) -> None:
    """Raises `IncompleteError` where the answers lack a bucket, a page or a file."""
    if missing:
        raise _held(
            pull,
            f"the answers are not complete, so nothing was replaced: {_listed(missing)}",
            remedy="pull again later; if the vendor keeps no more, the last good load stays",
        )


def hold_by_clock(pull: Pull, current: CurrentLoad | None, now: datetime) -> None:
    """Raises `IncompleteError` where the clock went back: it cuts the window, and says which of two pulls is newer."""
    if current is not None and now < current.pulled_at:
        raise _held(
            pull,
            f"what stands was pulled at {current.pulled_at:%Y-%m-%d %H:%M} UTC, and by this machine's clock it is "
            f"{now:%Y-%m-%d %H:%M} now; nothing was replaced",
            remedy="set the clock right and run again; if it is right now, run once with --accept-shrink",
        )


def hold_shrunk(work: Workplace, pull: Pull, current: CurrentLoad | None, told: Set[str], rollup: pl.DataFrame) -> None:
    """Raises `IncompleteError` where whole days of charges or whole reports of usage that stand are gone now.

    `told` are the streams that have readings now.
    """
    if current is None:
        return
    before = work.lake.read(DAILY_COSTS, current.paths(DAILY_COSTS.qualified_name)).collect()
    lost = sorted(set(before["day"].unique()) - set(rollup["day"].unique()))
    if lost:
        raise _held(
            pull,
            f"charges stand for {len(lost)} day(s) of which the vendor now tells nothing: "
            f"{_listed(f'{day:%Y-%m-%d}' for day in lost)}; nothing was replaced",
        )
    stood = work.lake.read(METER_READINGS, current.paths(METER_READINGS.qualified_name)).select("stream").unique()
    silent = sorted(set(stood.collect().to_series()) - told)
    if silent:
        raise _held(
            pull, f"usage stands of {_listed(silent)}, of which the vendor now tells nothing; nothing was replaced"
        )


def _held(
    pull: Pull,
    what: str,
    remedy: str = "if that is true, run again with --accept-shrink; if its retention ended, leave it as it is",
) -> IncompleteError:
    return IncompleteError(what, remedy=remedy, source=pull.source, window=pull.billing_period)


def _listed(what: Iterable[str]) -> str:
    items = list(what)
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"{'; '.join(items[:_SHOWN])}{more}"
