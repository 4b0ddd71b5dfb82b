"""What a person decides about the books: locking a month as it is loaded now, withdrawing a source's loads."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

from connectors.errors import ConfigurationError
from pipelines.periods import checked, period_of
from pipelines.publishing import publish
from pipelines.workplace import Workplace


def lock_period(work: Workplace, period: str, sources: Sequence[str] = ()) -> list[str]:
    """Lock the period for `sources` (default: every source that has it loaded); says what was done to each.

    Raises `ConfigurationError` for the month under way, `ControlError` where nothing is loaded.
    """
    if checked(period) >= period_of(work.surroundings.clock()):
        raise ConfigurationError(f"{period} is not over yet", remedy="lock it once its bills have come in")
    loaded = [load.source for load in work.control.current_loads() if load.billing_period == period]
    chosen = list(sources) or loaded
    if not chosen:
        raise ConfigurationError(f"nothing is loaded of {period}", remedy="load it with `outlay run` first")
    told = [_lock(work, source, period) for source in chosen]
    publish(work)
    return told


def _lock(work: Workplace, source: str, period: str) -> str:
    with work.control.lock_load(source, period):
        load = work.control.lock_period(source, period, who=getpass.getuser())
    if load is None:
        return f"{source} {period}: was booked before, and stays as it is"
    return f"{source} {period}: booked with load {load}"


def withdraw(work: Workplace, source: str, period: str | None, why: str) -> int:
    """Let a source's loads (of one period, or all) count no longer, and publish; returns how many.

    What it claimed is free for another source. The archive keeps its answers. Raises `ConfigurationError` where
    nothing of it is shown.
    """
    count = work.control.withdraw(source, None if period is None else checked(period), who=getpass.getuser(), why=why)
    if not count:
        raise ConfigurationError(
            f"nothing of {source!r} is shown", remedy="`outlay status` says which sources and periods are"
        )
    publish(work)
    return count
