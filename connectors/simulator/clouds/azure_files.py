"""Azure's exports as they lie in a container: gzipped CSV, every run in a folder of its own, each with a manifest.

Runs are not overwritten (CreateNewReport): the older one of a month stays beside the newer and must not count twice.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.simulator.clouds.accounts import AZURE_ENROLMENT
from connectors.simulator.clouds.azure_bill import azure_lines
from connectors.simulator.clouds.azure_rows import COLUMNS, AzureLine, named_uuid
from connectors.simulator.clouds.lines import after, first_of, midnight
from connectors.simulator.clouds.world import CloudWorld

ACTUAL, AMORTIZED = "actual", "amortized"
_TYPES = {ACTUAL: "ActualCost", AMORTIZED: "AmortizedCost"}
_MIDDLE = 12


@dataclass(frozen=True)
class Run:
    """One run of an export for a month: when, and what it could tell by then."""

    submitted: datetime
    lines: Sequence[AzureLine]


def azure_files(world: CloudWorld, month: str, lines: Sequence[AzureLine]) -> Iterator[tuple[str, bytes]]:
    """The month's files of both exports, by their path below the folder of Azure; a run's manifest after its data."""
    for report in (ACTUAL, AMORTIZED):
        for run in _runs(world, month, lines):
            yield from _run_files(report, month, run)


def _runs(world: CloudWorld, month: str, lines: Sequence[AzureLine]) -> list[Run]:
    """An early one, the one that counts, and before the second pull one more of the month that was corrected."""
    last = midnight(world.days_of(month)[-1])
    early = midnight(first_of(month)) + timedelta(days=_MIDDLE, hours=4)
    told = [line for line in lines if _date_of(line) < f"{early:%m/%d/%Y}"]
    later = last + timedelta(days=1, hours=4)
    runs = [Run(early, told), Run(later, lines)] if later > early else [Run(later, lines)]
    if world.is_second and world.restated_azure_day in world.days_of(month):
        first = CloudWorld(world.seed, world.calendar, "first")
        runs[-1] = Run(later, azure_lines(first, month))
        runs.append(Run(later + timedelta(hours=18), lines))
    return runs


def _date_of(line: AzureLine) -> str:
    row = line.actual or line.amortized
    return row["Date"] if row else ""


def _run_files(report: str, month: str, run: Run) -> Iterator[tuple[str, bytes]]:
    rows = [row for line in run.lines if (row := getattr(line, report)) is not None]
    body = gzip.compress(_as_csv(rows), compresslevel=6, mtime=0)
    start, end = first_of(month), after(month) - timedelta(days=1)
    name = f"meridian-{report}"
    run_id = named_uuid("run", report, month, f"{run.submitted:%Y%m%d%H%M}")
    folder = f"{report}/{name}/{start:%Y%m%d}-{end:%Y%m%d}/{run.submitted:%Y%m%d%H%M}/{run_id}"
    path = f"{folder}/part_0_0001.csv.gz"
    yield path, body
    manifest = {
        "manifestVersion": "2024-04-01",
        "byteCount": len(body),
        "blobCount": 1,
        "dataRowCount": len(rows),
        "exportConfig": {
            "exportName": name,
            "resourceId": f"/providers/Microsoft.Billing/billingAccounts/{AZURE_ENROLMENT.id}"
            f"/providers/Microsoft.CostManagement/exports/{name}",
            "dataVersion": "2021-10-01",
            "type": _TYPES[report],
            "timeFrame": "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Csv",
            "compressionMode": "gzip",
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{run.submitted:%Y-%m-%dT%H:%M:%SZ}",
            "runId": run_id,
            "startDate": f"{start}T00:00:00",
            "endDate": f"{end}T00:00:00",
        },
        "blobs": [{"blobName": path, "byteCount": len(body), "dataRowCount": len(rows)}],
    }
    yield f"{folder}/manifest.json", (json.dumps(manifest, indent=1) + "\n").encode()


def _as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """With a byte-order mark and Windows line ends, as Azure writes it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([row[name] for name in COLUMNS] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()
