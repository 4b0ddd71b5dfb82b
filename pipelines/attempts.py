"""Attempts: how each try at a (source, billing period) ended, remembered; any error becomes one that people read."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors.control import Attempt
from connectors.control.errors import LockHeldError
from connectors.errors import IncompleteError
from models.errors import OutlayError
from pipelines.load import LoadOutcome
from pipelines.workplace import Workplace


@dataclass
class Attempting:
    """A try under way; set `outcome` once something was loaded. A pull alone leaves it None."""

    outcome: LoadOutcome | None = None


@contextmanager
def attempting(work: Workplace, source: str, period: str) -> Generator[Attempting]:
    """Remember how the block ends, good or bad; whatever it raises goes on as an `OutlayError`."""
    started = work.surroundings.clock()
    attempt = Attempting()
    try:
        yield attempt
    except Exception as error:
        failure = as_outlay_error(work, error, source=source, window=period)
        with suppress(OutlayError):
            work.control.record_attempt(_failed(work, source, period, started, failure))
        raise failure from error
    if attempt.outcome is not None:
        work.control.record_attempt(_succeeded(work, attempt.outcome, started))


def as_outlay_error(
    work: Workplace, error: Exception, *, source: str | None = None, window: str | None = None
) -> OutlayError:
    """Any error as one that people read; the trace of an unexpected one goes to HOME/logs."""
    if isinstance(error, OutlayError):
        error.source = error.source or source
        error.window = error.window or window
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutlayError("the disk is full", remedy="make room, then run again", source=source, window=window)
    log = _write_trace(work, error)
    return OutlayError(
        f"something unexpected: {type(error).__name__}",
        remedy=f"nothing was replaced; the trace is in {log}, please report it",
        source=source,
        window=window,
    )


def _succeeded(work: Workplace, outcome: LoadOutcome, started: datetime) -> Attempt:
    return Attempt(
        source=outcome.source,
        billing_period=outcome.billing_period,
        started_at=started,
        finished_at=work.surroundings.clock(),
        outcome="unchanged" if outcome.unchanged else "committed",
        load_id=outcome.load_id,
    )


def _failed(work: Workplace, source: str, period: str, started: datetime, failure: OutlayError) -> Attempt:
    return Attempt(
        source=source,
        billing_period=period,
        started_at=started,
        finished_at=work.surroundings.clock(),
        outcome="held" if isinstance(failure, IncompleteError | LockHeldError) else "failed",
        message=failure.what,
        remedy=failure.remedy,
    )


def _write_trace(work: Workplace, error: Exception) -> Path:
    folder = work.home.root / "logs"
    path = folder / f"error-{work.surroundings.clock():%Y%m%dT%H%M%S%f}.txt"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return path
