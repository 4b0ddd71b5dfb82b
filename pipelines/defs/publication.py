"""The published warehouse and the alerts behind it, as assets that follow any source's success."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.alerting import alert
from pipelines.publishing import publish
from pipelines.workplace import Workplace


def define_publication(home: Path, charges: Sequence[dg.AssetKey]) -> tuple[dg.AssetsDefinition, dg.AssetsDefinition]:
    """`warehouse` (publishes whenever any charges changed) and `alerts` (after each publishing)."""

    @dg.asset(
        deps=[dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in charges],
        automation_condition=dg.AutomationCondition.any_deps_updated(),
        pool="publishing",
        group_name="published",
        kinds={"duckdb"},
        description="The read-only warehouse: a new file, then a switched link. Depends on no source's success.",
    )
    def warehouse() -> dg.MaterializeResult[Any]:
        with Workplace.open(home) as work:
            publication = publish(work)
        told = {"problems": "\n".join(map(str, publication.problems))} if publication.problems else {}
        return dg.MaterializeResult(metadata={"file": publication.file.name, "loads": publication.loads, **told})

    @dg.asset(
        deps=[warehouse],
        automation_condition=dg.AutomationCondition.any_deps_updated(),
        group_name="published",
        kinds={"slack"},
        description="Budgets crossed, each told once.",
    )
    def alerts() -> dg.MaterializeResult[Any]:
        with Workplace.open(home) as work:
            report = alert(work)
        return dg.MaterializeResult(metadata={"enqueued": report.enqueued, "delivered": report.delivered})

    return warehouse, alerts
