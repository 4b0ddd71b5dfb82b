"""`outlay run`: pull and load each source's open periods, publish, alert. One source failing stops no other.

The same functions run under Dagster, one asset a step; nothing here knows of it.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from connectors.control import Attempt
from connectors.control.errors import LockHeldError
from connectors.errors import ConfigurationError, IncompleteError
from models.errors import OutlayError
from pipelines.alerting import AlertReport, alert
from pipelines.load import LoadOutcome, load_pull
from pipelines.periods import open_periods
from pipelines.publishing import Publication, publish
from pipelines.pull import pull_period
from pipelines.settings import SourceSettings
from pipelines.workplace import Workplace


@dataclass
class RunReport:
    """What a run did. `failures` is what makes it exit non-zero."""

    outcomes: list[LoadOutcome] = field(default_factory=list)
    failures: list[OutlayError] = field(default_factory=list)
    publication: Publication | None = None
    alerts: AlertReport | None = None


def run(
    work: Workplace,
    *,
    sources: Sequence[str] = (),
    periods: Sequence[str] = (),
    accept_shrink: bool = False,
) -> RunReport:
    """Pull and load `sources` (default: all) for `periods` (default: the open one and the two before), then publish.

    Every failure is recorded as an attempt and reported; what was published stays until something newer is whole.
    """
    report = RunReport()
    for source in chosen(work, sources):
        for period in periods or open_periods(work.surroundings.clock(), first=source.start):
            with _attempt(work, report, source.name, period):
                pull = pull_period(work, source, period)
                report.outcomes.append(load_pull(work, source, pull, accept_shrink=accept_shrink))
    conclude(work, report)
    return report


def replay(work: Workplace) -> RunReport:
    """Rebuild everything from the archive, in the order in which it was pulled; talks to no vendor."""
    report = RunReport()
    known = {source.name: source for source in work.sources}
    for pull in work.archive.replay():
        source = known.get(pull.source)
        with _attempt(work, report, pull.source, pull.billing_period):
            if source is None:
                raise ConfigurationError(
                    "the archive holds pulls of it, but it is not configured any more",
                    remedy="put it back into outlay.yaml to replay it; what was loaded before stays",
                    source=pull.source,
                    window=pull.billing_period,
                )
            report.outcomes.append(load_pull(work, source, pull, accept_shrink=True))
    conclude(work, report)
    return report


def chosen(work: Workplace, names: Sequence[str]) -> list[SourceSettings]:
    """The sources of these names, in the order of `outlay.yaml`; all where none is named."""
    sources = work.sources
    unknown = [name for name in names if name not in {source.name for source in sources}]
    if unknown:
        known = ", ".join(source.name for source in sources) or "none yet"
        raise ConfigurationError(f"there is no source {unknown[0]!r}", remedy=f"known sources: {known}")
    return [source for source in sources if not names or source.name in names]


def conclude(work: Workplace, report: RunReport) -> None:
    """Publish and alert; each may fail without the other."""
    try:
        report.publication = publish(work)
    except Exception as error:
        report.failures.append(as_outlay_error(work, error))
    try:
        report.alerts = alert(work)
    except Exception as error:
        report.failures.append(as_outlay_error(work, error))
    else:
        report.failures.extend(report.alerts.failures)


@contextmanager
def _attempt(work: Workplace, report: RunReport, source: str, period: str) -> Generator[None]:
    """Record how a load ended, good or bad, and let the next one go on."""
    started = work.surroundings.clock()
    before = len(report.outcomes)
    try:
        yield
    except Exception as error:
        failure = as_outlay_error(work, error, source=source, window=period)
        report.failures.append(failure)
        held = isinstance(failure, IncompleteError | LockHeldError)
        attempt = Attempt(
            source=source,
            billing_period=period,
            started_at=started,
            finished_at=work.surroundings.clock(),
            outcome="held" if held else "failed",
            message=failure.what,
            remedy=failure.remedy,
        )
    else:
        outcome = report.outcomes[before]
        attempt = Attempt(
            source=source,
            billing_period=period,
            started_at=started,
            finished_at=work.surroundings.clock(),
            outcome="unchanged" if outcome.unchanged else "committed",
            load_id=outcome.load_id,
        )
    try:
        work.control.record_attempt(attempt)
    except OutlayError as error:
        report.failures.append(error)


def as_outlay_error(
    work: Workplace, error: Exception, *, source: str | None = None, window: str | None = None
) -> OutlayError:
    """Any error as one that people read; the trace of an unexpected one goes to HOME/logs."""
    if isinstance(error, OutlayError):
        error.source = error.source or source
        error.window = error.window or window
        return error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return OutlayError("the disk is full", remedy="make room, then run again", source=source, window=window)
    log = _write_trace(work, error)
    return OutlayError(
        f"something unexpected: {type(error).__name__}",
        remedy=f"nothing was replaced; the trace is in {log}, please report it",
        source=source,
        window=window,
    )


def _write_trace(work: Workplace, error: Exception) -> Path:
    folder = work.home.root / "logs"
    path = folder / f"error-{work.surroundings.clock():%Y%m%dT%H%M%S%f}.txt"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return path
