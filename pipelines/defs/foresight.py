"""What Dagster tells of forecasts and anomalies: figures of the published warehouse, and whether intervals hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.door import query
from pipelines.home import Home

COVERAGE = "coverage"
"""Name of the asset check that forecasts carry."""
LEAST_80, MOST_80, LEAST_95 = 70.0, 92.0, 88.0
"""In %: between these, intervals of back-tests held about as often as they promise. A home's own history is short, and
thirteen weeks of it are judged: nearer bounds would cry wolf."""

_FORECASTS = """
SELECT max(made_on) AS made_on, count(*) AS series, count(*) FILTER (status = 'short') AS short,
       median(daily_error) AS daily_error, median(coverage_80) AS coverage_80, median(coverage_95) AS coverage_95
FROM marts.forecast_accuracy WHERE chosen
"""
_ANOMALIES = """
SELECT made_on, series, judged, failure, episodes, open, incidents
FROM (SELECT max(made_on) AS made_on, sum(series)::BIGINT AS series, sum(judged)::BIGINT AS judged,
             any_value(failure) AS failure FROM marts.anomaly_detection),
     (SELECT count(*) AS episodes, count(*) FILTER (standing = 'open') AS open,
             count(DISTINCT incident_id) AS incidents FROM marts.anomalies)
"""


def told_of_forecasts(home: Path) -> tuple[dict[str, Any], dg.AssetCheckResult]:
    """Origin, number of series, median error and coverage; and whether the intervals held."""
    told = _told(home, _FORECASTS)
    covered = [told.get(name) for name in ("coverage_80", "coverage_95")]
    passed = None not in covered and LEAST_80 <= told["coverage_80"] <= MOST_80 and told["coverage_95"] >= LEAST_95
    check = dg.AssetCheckResult(
        check_name=COVERAGE,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={name: told[name] for name in ("coverage_80", "coverage_95", "daily_error") if name in told},
        description=None if None not in covered else "no interval could be judged yet: history is too short",
    )
    return told, check


def told_of_anomalies(home: Path) -> dict[str, Any]:
    """Last day judged, series and how many could be, episodes, how many are open, and incidents; or why it failed."""
    return _told(home, _ANOMALIES)


def _told(home: Path, sql: str) -> dict[str, Any]:
    """One row, as metadata: what is null is left out."""
    row = query(Home.at(home).published, sql).rows.row(0, named=True)
    told = {name: value for name, value in row.items() if value is not None}
    return {name: str(value) if name == "made_on" else value for name, value in told.items()}
