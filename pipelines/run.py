"""`outlay run`: pull and load each source's open periods, publish, alert. One source failing stops no other.

The same functions run under Dagster, one asset a step; nothing here knows of it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from connectors.errors import ConfigurationError
from connectors.protocol import Window
from models.catalogue import facts
from models.errors import OutlayError
from pipelines.alerting import AlertReport, alert
from pipelines.attempts import as_outlay_error, attempting
from pipelines.errors import LakeError
from pipelines.imports import is_kept
from pipelines.load import LoadOutcome, load_pull
from pipelines.periods import between, open_periods, period_of
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
    """Pull and load `sources` (default: all of `outlay.yaml`) for `periods` (default: `due_periods`), then publish.

    Every failure is recorded as an attempt and reported; what was published stays until something newer is whole.
    """
    report = RunReport()
    for source in chosen(work, sources):
        for period in periods or due_periods(work, source):
            pull_and_load(work, report, source, period, accept_shrink=accept_shrink)
    conclude(work, report)
    return report


def pull_and_load(
    work: Workplace, report: RunReport, source: SourceSettings, period: str, *, accept_shrink: bool = False
) -> None:
    """One source and period; a failure goes into the report."""
    with _going_on(report), attempting(work, source.name, period) as attempt:
        pull = pull_period(work, source, period)
        attempt.outcome = load_pull(work, source, pull, accept_shrink=accept_shrink)
        report.outcomes.append(attempt.outcome)


def due_periods(work: Workplace, source: SourceSettings) -> list[str]:
    """The open period and the two before it, and every earlier one from `start` on that was never settled.

    A month is settled once it was pulled after its last bills could come in; after a pause, all that are not are due.
    """
    now = work.surroundings.clock()
    loads = {load.billing_period: load for load in work.control.current_loads(source.name)}
    first = source.start or min(loads, default=period_of(now))
    lag = timedelta(hours=source.settle_hours)
    unsettled = [
        period
        for period in between(first, period_of(now))
        if period not in loads or loads[period].pulled_at < Window.of_period(period).end + lag
    ]
    return sorted({*unsettled, *open_periods(now, first=source.start)})


def replay(work: Workplace) -> RunReport:
    """Rebuild everything from the archive; talks to no vendor.

    Where a period stands, its newest pull is loaded anew; where it does not (a new home, a lost lake), its pulls are
    gone through in the order in which they were made, so that names and restatements come back too.
    """
    report = RunReport()
    known = {source.name: source for source in work.sources}
    stands = {(load.source, load.billing_period) for load in work.control.current_loads()}
    pulls = list(work.archive.replay())
    newest = {(pull.source, pull.billing_period): pull.pull_id for pull in pulls}
    for pull in pulls:
        period = (pull.source, pull.billing_period)
        if period in stands and pull.pull_id != newest[period]:
            continue
        with _going_on(report), attempting(work, *period) as attempt:
            if pull.source not in known:
                raise ConfigurationError(
                    "the archive holds pulls of it, but it is not configured any more",
                    remedy="put it back into outlay.yaml to replay it; what was loaded before stays",
                )
            attempt.outcome = load_pull(work, known[pull.source], pull, accept_shrink=True, anew=True)
            report.outcomes.append(attempt.outcome)
    conclude(work, report)
    return report


def chosen(work: Workplace, names: Sequence[str]) -> list[SourceSettings]:
    """The sources of these names; where none is named, those of `outlay.yaml`, and invoices that the home keeps and
    that count, for they go on paying for days (other imports are brought by hand)."""
    configured = {source.name for source in work.settings.sources}
    sources = [
        source
        for source in work.sources
        if names
        or source.name in configured
        or (is_kept(work.home, source) and work.control.current_loads(source.name))
    ]
    unknown = [name for name in names if name not in {source.name for source in sources}]
    if unknown:
        known = ", ".join(source.name for source in work.sources) or "none yet"
        raise ConfigurationError(f"there is no source {unknown[0]!r}", remedy=f"known sources: {known}")
    return [source for source in sources if not names or source.name in names]


def conclude(work: Workplace, report: RunReport) -> None:
    """Publish and alert; each may fail without the other."""
    try:
        report.publication = publish(work)
    except Exception as error:
        report.failures.append(as_outlay_error(work, error))
    else:
        report.failures.extend(report.publication.problems)
    if any(not outcome.unchanged for outcome in report.outcomes):
        sweep(work)
    try:
        report.alerts = alert(work)
    except Exception as error:
        report.failures.append(as_outlay_error(work, error))
    else:
        report.failures.extend(report.alerts.failures)


def sweep(work: Workplace) -> None:
    """Remove lake files that no load or publication names any more, a week after they were replaced.

    Housekeeping: where it fails, nothing is lost and the next run tries again.
    """
    keep = work.control.named_files()
    for table in facts():
        with suppress(LakeError):
            work.lake.vacuum(table, keep)


@contextmanager
def _going_on(report: RunReport) -> Generator[None]:
    """One failure stops no other source or period."""
    try:
        yield
    except OutlayError as error:
        report.failures.append(error)
