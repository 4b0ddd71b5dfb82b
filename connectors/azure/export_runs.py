"""Which files of an export count: the newest run of the month, by its manifests, never by names of folders.

An export writes a folder a run and, in create-new mode, keeps them all: the same month many times over. The manifest of
each run (`manifest.json`) tells its export, month, rows and blobs; nothing else is taken for data.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from urllib.parse import unquote

from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.exports.manifest import ListedFile, is_manifest, matched, read_manifest
from connectors.exports.places import FoundFile

TYPES = {"actual": "ActualCost", "amortized": "AmortizedCost", "focus": "FocusCost"}
"""The word of a manifest's exportConfig.type for each report that is read from files."""
_ALSO_ACTUAL = "usage"  # pay-as-you-go accounts have no other report


@dataclass(frozen=True)
class Run:
    """One run of an export, as its manifest tells it.

    `scope` is what was exported (a billing account, a subscription), `submitted` when, where the manifest says so.
    """

    url: str
    body: bytes
    export: str
    kind: str
    scope: str
    first_day: str
    last_day: str
    run_id: str
    submitted: str | None
    rows: int | None
    is_compressed: bool

    def covers(self, month: str) -> bool:
        """Whether the run begins with the month, or before: one of its last seven days does not hold it."""
        return self.first_day <= f"{month}-01" and self.last_day >= f"{month}-01"

    def reach(self, month: str) -> str:
        """The last day of the month that can be in the run: none after it was submitted."""
        return min(self.last_day, last_day_of(month), self.day or self.last_day)

    @property
    def day(self) -> str:
        """The day it was submitted; empty where nothing tells."""
        stamp = self.export_time or ""
        return (self.submitted or "")[:10] or (f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}" if stamp else "")

    @property
    def export_time(self) -> str | None:
        """The run's time in its folder's name (`…/202309041530/{guid}/manifest.json`), for manifests without one."""
        stamps = re.findall(r"(?<=/)(\d{12,14})(?=/)", self.url)
        return stamps[-1].ljust(14, "0") if stamps else None


@dataclass(frozen=True)
class RunFile:
    """A file of a run, and what the manifest says of it."""

    found: FoundFile
    listed: ListedFile


def read_run(url: str, body: bytes) -> Run:
    """The run that a manifest describes. Raises `AnswerError` where it does not tell its export or its month."""
    try:
        content: object = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _unreadable(url, "it is no JSON object")
    members = cast("dict[str, Any]", content)
    config, info = _object(members, "exportConfig"), _object(members, "runInfo")
    delivery = _object(members, "deliveryConfig")
    start, end = str(info.get("startDate") or ""), str(info.get("endDate") or "")
    if not config or not re.match(r"\d{4}-\d{2}-\d{2}", start):
        raise _unreadable(url, "it does not tell its export and the month that it is of")
    blobs = members.get("blobs")
    count = members.get("blobCount")
    if not isinstance(blobs, list) or (count is not None and count != len(cast("list[object]", blobs))):
        raise _unreadable(url, f"its blobCount is {count}, its blobs are not as many")
    rows = members.get("dataRowCount")
    return Run(
        url,
        body,
        str(config.get("exportName") or ""),
        str(config.get("type") or ""),
        re.sub(r"(?i)/providers/Microsoft\.CostManagement/exports/.*$", "", str(config.get("resourceId") or "")),
        start[:10],
        max(end[:10] or last_day_of(start[:7]), start[:10]),
        str(info.get("runId") or ""),
        _time(info.get("submittedTime") or info.get("processingStartTime")),
        rows if isinstance(rows, int) else None,
        str(delivery.get("compressionMode") or "").casefold() not in {"", "none"},
    )


def runs_of(runs: Sequence[Run], report: str, place: str) -> list[Run]:
    """Those of the runs that are of the report. Raises `AnswerError` where none is."""
    wanted = TYPES[report].casefold()
    right = [run for run in runs if run.kind.casefold() in {wanted, _ALSO_ACTUAL if report == "actual" else wanted}]
    if not right:
        kinds = ", ".join(sorted({run.kind or "no type" for run in runs}))
        raise AnswerError(
            f"the export at {place} is of {kinds}, not of {TYPES[report]}",
            remedy="name the folder of the right export, or change `report`",
        )
    return right


def newest_runs(runs: Sequence[Run], report: str, month: str, place: str, today: date) -> list[Run]:
    """The run of the month of each export of that report: of those that reach furthest into it the newest.

    Raises `AnswerError` where no export there is of that report, or where two may hold the same charges;
    `IncompleteError` where none has run for the month, or once it is over (`today`) none for all of it;
    `ConfigurationError` where nothing tells which run is newer.
    """
    by_export: dict[str, list[Run]] = {}
    for run in runs_of(runs, report, place):
        if run.covers(month):
            by_export.setdefault(run.scope.casefold() or run.export, []).append(run)
    if not by_export:
        raise IncompleteError(
            f"no run at {place} is of {month}", remedy="wait for the export, or run it for that month in the portal"
        )
    _check_disjoint(list(by_export), place)
    is_over = f"{today:%Y-%m-%d}" > last_day_of(month)
    return [_newest(_whole(candidates, month, is_over=is_over)) for _, candidates in sorted(by_export.items())]


def last_day_of(month: str) -> str:
    """The last day of a month `YYYY-MM`, `YYYY-MM-DD`."""
    return f"{month}-{monthrange(int(month[:4]), int(month[5:7]))[1]:02d}"


def files_of(run: Run, found: Sequence[FoundFile]) -> list[RunFile]:
    """The files that a run's manifest lists, held against what lies there.

    A blob is at its whole name or, in a copy, below its manifest: a file of that name of another run is never it.
    Raises `IncompleteError` for one that is absent, `AnswerError` for one of another size.
    """
    folder = run.url.rpartition("/")[0] + "/"
    manifest = read_manifest(run.body, run.url)
    names = {listed.name for listed in manifest.files}
    candidates = [
        file
        for file in found
        if not is_manifest(file.name)
        and (file.url.startswith(folder) or any(file.url.endswith("/" + name.lstrip("/")) for name in names))
    ]
    listed = tuple(_without_size(file) for file in manifest.files) if run.is_compressed else manifest.files
    pairs = matched(type(manifest)(manifest.url, listed, manifest.rows), candidates)
    return [RunFile(file, told) for file, told in pairs]


def single_file(found: Sequence[FoundFile], place: str) -> list[RunFile]:
    """The one file that a path names. Raises `IncompleteError` for a folder without a manifest, be there one file in it
    or more: nothing tells what is whole."""
    if len(found) != 1 or not unquote(place).endswith(found[0].name.rpartition("/")[2]):
        raise IncompleteError(
            f"there is no manifest.json at {place}, and {len(found)} file(s)",
            remedy="wait for the run to finish: its manifest comes last; or give the path of one single file",
        )
    return [RunFile(found[0], ListedFile(found[0].name))]


def _whole(candidates: list[Run], month: str, *, is_over: bool) -> list[Run]:
    """Those that reach furthest: a later run of the first days alone does not stand for the month."""
    able = [run for run in candidates if not is_over or run.last_day >= last_day_of(month)]
    if not able:
        last = max(candidates, key=lambda run: run.last_day)
        raise IncompleteError(
            f"no run is of all of {month}: {last.url} ends with {last.last_day}",
            remedy="run the export for the whole calendar month in the portal",
        )
    if not all(run.day for run in able):
        return able  # of a run without a time nobody knows what it can hold
    furthest = max(run.reach(month) for run in able)
    return [run for run in able if run.reach(month) == furthest]


def _newest(candidates: list[Run]) -> Run:
    """By when it was submitted, else by its folder's time; two of the same run (a copy) are one."""
    distinct = {(run.run_id or run.url): run for run in candidates}
    if len(distinct) == 1:
        return candidates[-1]
    for told in ("submitted", "export_time"):
        times: Mapping[str, Run] = {str(getattr(run, told)): run for run in distinct.values() if getattr(run, told)}
        if len(times) == len(distinct):
            return times[max(times)]
    addresses = ", ".join(sorted(run.url for run in candidates))
    raise ConfigurationError(
        f"nothing tells which of {len(distinct)} runs is the newest: {addresses}",
        remedy="remove the older ones, or let the export overwrite the previous run",
    )


def _check_disjoint(scopes: list[str], place: str) -> None:
    """Several exports below one place must be of different subscriptions; of anything else they overlap."""
    if len(scopes) > 1 and not all(re.fullmatch(r"/?subscriptions/[^/]+/?", scope) for scope in scopes):
        raise AnswerError(
            f"{len(scopes)} exports at {place} may hold the same charges: {', '.join(sorted(scopes))}",
            remedy="name the folder of one of them in `path`",
        )


def _without_size(file: ListedFile) -> ListedFile:
    """byteCount of a compressed blob is not said to be before or after compression; rows prove it instead."""
    return ListedFile(file.name, None, file.rows, file.sha256)


def _object(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = members.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _time(value: object) -> str | None:
    """A time as comparable text, to the microsecond; None where it is none."""
    match = re.match(r"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?", str(value or ""))
    if match is None:
        return None
    stamp = datetime.fromisoformat(match[1]).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{(match[2] or '')[:7].ljust(7, '0')}"


def _unreadable(url: str, why: str) -> AnswerError:
    return AnswerError(
        f"{url} cannot be read as the manifest of an export: {why}",
        remedy="the run may not be finished, or the file is no manifest of Cost Management: run the export again",
    )
