"""Alerts under Dagster: a pass after each publishing, and a sensor that asks for one where something is due by then.

Quiet hours end, a snooze is over, somebody acted while another pass was at it, Slack is back: none of that publishes.
"""

# no `from __future__ import annotations` here: Dagster reads the type of `context` when a function is decorated
from pathlib import Path
from typing import Any

import dagster as dg

from models.errors import OutlayError
from pipelines.alerting import AlertReport, alert, what_is_due
from pipelines.workplace import Workplace

ALERTS = dg.AssetKey("alerts")
_LOOK_EVERY_SECONDS = 300


def define_alerts(home: Path, warehouse: dg.AssetKey) -> dg.AssetsDefinition:
    """The pass, after each publishing of `warehouse`. What could not be told is metadata, and is tried again."""

    @dg.asset(
        key=ALERTS,
        deps=[warehouse],
        automation_condition=dg.AutomationCondition.any_deps_updated(),
        pool="alerting",
        group_name="published",
        kinds={"slack"},
        description="What stands that somebody has to hear of: opened, told once, followed until it is resolved.",
    )
    def alerts() -> dg.MaterializeResult[Any]:
        with Workplace.open(home) as work:
            return dg.MaterializeResult(metadata=_metadata(alert(work)))

    return alerts


def define_alert_sensor(home: Path) -> dg.SensorDefinition:
    """Looks every five minutes, and asks for a pass only where one would do something."""

    @dg.sensor(
        name="alerts_due",
        target=dg.AssetSelection.assets(ALERTS),
        minimum_interval_seconds=_LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes a pass where a person asked for something, a time has come, or a message waits for Slack.",
    )
    def alerts_due() -> dg.SensorResult | dg.SkipReason:
        try:
            with Workplace.open(home) as work:
                due, now = what_is_due(work), work.surroundings.clock()
        except OutlayError as error:
            return dg.SkipReason(str(error))
        except Exception as error:
            return dg.SkipReason(f"something unexpected: {error!r}; looked at again in five minutes")
        if not due:
            return dg.SkipReason("nothing is due")
        return dg.SensorResult([dg.RunRequest(run_key=f"alerts/{now:%Y%m%dT%H%M%S}", tags={"due": ", ".join(due)})])

    return alerts_due


def _metadata(report: AlertReport) -> dict[str, Any]:
    """The figures of the pass; what is not there is left out."""
    counts = {name: getattr(report, name) for name in ("opened", "resolved", "told", "waiting", "held")}
    told = {
        "held_until": report.held_until and report.held_until.isoformat(timespec="minutes"),
        "notes": "\n".join(report.notes),
        "failures": "\n".join(map(str, report.failures)),
    }
    return counts | {name: text for name, text in told.items() if text}
