"""Booking a month: locking it as it is loaded now, and publishing the books as they then stand."""

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
