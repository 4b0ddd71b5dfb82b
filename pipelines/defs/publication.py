"""The published warehouse with its forecasts and anomalies: assets that follow any source."""

# no `from __future__ import annotations` here: Dagster reads the type of `context` when a function is decorated
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.defs.foresight import COVERAGE, told_of_anomalies, told_of_forecasts
from pipelines.publishing import publish
from pipelines.workplace import Workplace

WAREHOUSE, FORECASTS, ANOMALIES = (dg.AssetKey(name) for name in ("warehouse", "forecasts", "anomalies"))


def define_publication(home: Path, charges: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """`warehouse` with `forecasts` and `anomalies`, which are made in it; publishes whenever any charges changed."""

    @dg.multi_asset(
        name="publishing",
        specs=_specs(charges),
        check_specs=[dg.AssetCheckSpec(COVERAGE, asset=FORECASTS)],
        pool="publishing",
        can_subset=True,
    )
    def published(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        wanted = context.op_execution_context.selected_asset_keys
        if WAREHOUSE in wanted:
            with Workplace.open(home) as work:
                publication = publish(work)
            told = {"problems": "\n".join(map(str, publication.problems))} if publication.problems else {}
            metadata = {"file": publication.file.name, "loads": publication.loads, **told}
            yield dg.MaterializeResult(asset_key=WAREHOUSE, metadata=metadata)
        if FORECASTS in wanted:
            figures, check = told_of_forecasts(home)
            yield dg.MaterializeResult(asset_key=FORECASTS, metadata=figures, check_results=[check])
        if ANOMALIES in wanted:
            yield dg.MaterializeResult(asset_key=ANOMALIES, metadata=told_of_anomalies(home))

    return published


def _specs(charges: Sequence[dg.AssetKey]) -> list[dg.AssetSpec]:
    """Forecasts and anomalies are part of the file that is published: a run of them alone tells of the last one."""
    follows: dict[str, Any] = {
        "automation_condition": dg.AutomationCondition.any_deps_updated(),
        "group_name": "published",
        "kinds": {"duckdb"},
    }
    return [
        dg.AssetSpec(
            WAREHOUSE,
            deps=[dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in charges],
            description="The read-only warehouse: a new file, then a switched link. Depends on no source's success.",
            **follows,
        ),
        dg.AssetSpec(
            FORECASTS,
            deps=[WAREHOUSE],
            description="Forecasts to the end of the next quarter, with what they were worth in back-tests.",
            **follows,
        ),
        dg.AssetSpec(
            ANOMALIES,
            deps=[WAREHOUSE],
            description="Days that are not as they should be, their incidents and causes.",
            **follows,
        ),
    ]
