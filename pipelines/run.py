"""`outlay run`: pull and load each source's open periods, publish, alert. One source failing stops no other.

The same functions run under Dagster, one asset a step; nothing here knows of it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.errors import ConfigurationError
from models.errors import OutlayError
from pipelines.alerting import AlertReport, alert
from pipelines.attempts import as_outlay_error, attempting
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
            with _going_on(report), attempting(work, source.name, period) as attempt:
                pull = pull_period(work, source, period)
                attempt.outcome = load_pull(work, source, pull, accept_shrink=accept_shrink)
                report.outcomes.append(attempt.outcome)
    conclude(work, report)
    return report


def replay(work: Workplace) -> RunReport:
    """Rebuild everything from the archive, in the order in which it was pulled; talks to no vendor."""
    report = RunReport()
    known = {source.name: source for source in work.sources}
    for pull in work.archive.replay():
        source = known.get(pull.source)
        with _going_on(report), attempting(work, pull.source, pull.billing_period) as attempt:
            if source is None:
                raise ConfigurationError(
                    "the archive holds pulls of it, but it is not configured any more",
                    remedy="put it back into outlay.yaml to replay it; what was loaded before stays",
                    source=pull.source,
                    window=pull.billing_period,
                )
            attempt.outcome = load_pull(work, source, pull, accept_shrink=True)
            report.outcomes.append(attempt.outcome)
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
def _going_on(report: RunReport) -> Generator[None]:
    """One failure stops no other source or period."""
    try:
        yield
    except OutlayError as error:
        report.failures.append(error)
