"""One asset per source and layer, made by a factory and partitioned by billing period.

The unit that vendors bill, close and restate is the month, so it is the partition. One source failing stops no other:
each has its own job, its own pool, and the warehouse depends on none of them succeeding.
"""

# no `from __future__ import annotations` here: Dagster reads the type of `context` when a function is decorated
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg

from models.errors import OutlayError
from pipelines.attempts import attempting
from pipelines.load import LoadOutcome, load_latest
from pipelines.periods import open_periods
from pipelines.pull import pull_period
from pipelines.settings import SourceSettings
from pipelines.workplace import Workplace

_T = TypeVar("_T")

PROOFS = "proofs"
"""Name of the asset check that every load carries: the conservation proofs of `models.ledger.trust`."""


@dataclass(frozen=True)
class SourceDefinitions:
    """What Dagster knows of one source."""

    assets: tuple[dg.AssetsDefinition, ...]
    job: "dg.UnresolvedAssetJobDefinition"
    schedule: dg.ScheduleDefinition


def months(source: SourceSettings) -> dg.MonthlyPartitionsDefinition:
    """Billing periods from the source's first one to the open one, keyed `YYYY-MM`."""
    first = source.start or "2025-01"
    return dg.MonthlyPartitionsDefinition(start_date=first, fmt="%Y-%m", end_offset=1)


def define_source(source: SourceSettings, home: Path) -> SourceDefinitions:
    """Assets `<source>/answers` and `<source>/charges`, their job and its daily schedule."""
    with warnings.catch_warnings():
        # single-run backfills are in beta, and wanted: 288 runs for 288 months would be 288 starts
        warnings.simplefilter("ignore", dg.BetaWarning)
        answers, charges = _assets(source, home)
    job = dg.define_asset_job(
        f"{word(source)}_load", selection=[answers, charges], partitions_def=charges.partitions_def
    )
    return SourceDefinitions((answers, charges), job, _daily(source, job))


def word(source: SourceSettings) -> str:
    """The source's name where Dagster wants an identifier."""
    return source.name.replace("-", "_")


def _assets(source: SourceSettings, home: Path) -> tuple[dg.AssetsDefinition, dg.AssetsDefinition]:
    name = word(source)
    partitions = months(source)
    pool = f"source_{name}"

    @dg.asset(
        key=[name, "answers"],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=pool,
        group_name=name,
        kinds={"json"},
        description=f"Answers of {source.name}, verbatim in the archive, one sealed pull per billing period.",
    )
    def answers(context: dg.AssetExecutionContext) -> None:
        with Workplace.open(home) as work:
            _each(context.partition_keys, lambda period: _pull(work, source, period))

    @dg.asset(
        key=[name, "charges"],
        deps=[answers],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=pool,
        group_name=name,
        kinds={"deltalake", "polars"},
        check_specs=[dg.AssetCheckSpec(PROOFS, asset=[name, "charges"])],
        description=f"Readings, bill lines, FOCUS charges, estimates and reconciliation of {source.name}.",
    )
    def charges(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        with Workplace.open(home) as work:
            outcomes = _each(context.partition_keys, lambda period: _load(work, source, period))
        yield dg.MaterializeResult(metadata=_metadata(outcomes), check_results=[_proofs(outcomes)])

    return answers, charges


def _daily(source: SourceSettings, job: "dg.UnresolvedAssetJobDefinition") -> dg.ScheduleDefinition:
    """Every night: the open period and the two before it."""

    @dg.schedule(
        job=job,
        cron_schedule="15 4 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        name=f"{word(source)}_daily",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        now = context.scheduled_execution_time or datetime.now(UTC)
        for period in open_periods(now, first=source.start):
            yield dg.RunRequest(run_key=f"{source.name}/{period}/{now:%Y-%m-%d}", partition_key=period)

    return daily


def _each(periods: Sequence[str], do: Callable[[str], _T]) -> list[_T]:
    """`do` for each period; one that fails stops no later one, and the first failure is raised in the end."""
    done: list[_T] = []
    failures: list[OutlayError] = []
    for period in periods:
        try:
            done.append(do(period))
        except OutlayError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return done


def _pull(work: Workplace, source: SourceSettings, period: str) -> None:
    with attempting(work, source.name, period):
        pull_period(work, source, period)


def _load(work: Workplace, source: SourceSettings, period: str) -> LoadOutcome:
    with attempting(work, source.name, period) as attempt:
        attempt.outcome = load_latest(work, source, period)
    return attempt.outcome


def _metadata(outcomes: list[LoadOutcome]) -> dict[str, dg.MetadataValue | str | int]:
    return {
        "billing_periods": ", ".join(outcome.billing_period for outcome in outcomes),
        "charges": sum(outcome.rows.get("focus.cost_and_usage", 0) for outcome in outcomes),
        "readings": sum(outcome.rows.get("usage.meter_readings", 0) for outcome in outcomes),
        "restated": sum(outcome.restated for outcome in outcomes),
    }


def _proofs(outcomes: list[LoadOutcome]) -> dg.AssetCheckResult:
    failed = [proof for outcome in outcomes for proof in outcome.failed_proofs]
    return dg.AssetCheckResult(check_name=PROOFS, passed=not failed, metadata={"failed": "; ".join(failed) or "none"})
