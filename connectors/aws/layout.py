"""Which files are an AWS report of one billing period: those that the period's manifest lists, or one single file.

Data Exports put a manifest a period below `metadata/BILLING_PERIOD=YYYY-MM/` (and, where every run is kept, a copy a
run one folder deeper: the top one names the newest); the legacy report one into `yyyymmdd-yyyymmdd/`. Never a glob: an
export that keeps its runs would count twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.exports.manifest import ListedFile, is_manifest, matched, read_manifest
from connectors.exports.places import FoundFile, Place, period_in_path

_LEGACY = re.compile(r"(?:^|/)(?P<start>\d{4}-?\d{2}-?\d{2})-(?P<end>\d{4}-?\d{2}-?\d{2})/")


@dataclass(frozen=True)
class ReportFiles:
    """A period's files in their order, each with what is listed of it; the manifest, where there is one, with the rows
    and the columns that it tells."""

    files: tuple[tuple[FoundFile, ListedFile], ...]
    manifest_url: str | None = None
    manifest: bytes | None = None
    rows: int | None = None
    columns: tuple[str, ...] = ()


def report_files(place: Place, path: str, period: str) -> ReportFiles:
    """The report of `period`, `YYYY-MM`, as it lies there now.

    Raises `IncompleteError` where there is no manifest for it, or a listed file is absent; `AnswerError` for a manifest
    that does not hold what is there; `ConfigurationError` where several reports lie in one folder.
    """
    found = place.files()
    if is_single(found, path):
        return ReportFiles(((found[0], ListedFile(found[0].name)),))
    manifests = manifests_by_period(found)
    if period not in manifests:
        raise IncompleteError(
            f"there is no manifest for {period} at {path}",
            remedy="give the folder that holds data/ and metadata/ (legacy: the report's own folder), or wait for AWS: "
            "it writes the manifest after all data files",
        )
    manifest = _only(manifests[period], period, path)
    body = place.read(manifest.url)
    read = read_manifest(body, manifest.url)
    _check_period(body, manifest.url, period)
    candidates = [file for file in found if not is_manifest(file.name)]
    return ReportFiles(tuple(matched(read, candidates)), manifest.url, body, read.rows, told_columns(body))


def is_single(found: Sequence[FoundFile], path: str) -> bool:
    """Whether the path names one file, and no folder."""
    return len(found) == 1 and path.rstrip("/").endswith(found[0].name.rpartition("/")[2]) and not is_manifest(path)


def manifests_by_period(found: Sequence[FoundFile]) -> Mapping[str, list[FoundFile]]:
    """The top manifests by billing period; copies of single runs are left out."""
    together: dict[str, list[FoundFile]] = {}
    for file in found:
        period = _period_of(unquote(file.url)) if is_manifest(file.name) else None
        if period is not None:
            together.setdefault(period, []).append(file)
    return {period: _top(files) for period, files in sorted(together.items()) if _top(files)}


def _top(files: Sequence[FoundFile]) -> list[FoundFile]:
    """Those directly in the period's folder."""
    return [file for file in files if _is_direct(unquote(file.url))]


def _is_direct(address: str) -> bool:
    return "/" not in address[_folder_end(address) :]


def _folder_end(url: str) -> int:
    """Where the path below the period's folder begins."""
    marked = re.search(r"(?:billing_?period)=\d{4}-\d{2}[^/]*/", url, re.IGNORECASE)
    legacy = _LEGACY.search(url)
    found = marked or legacy
    return found.end() if found else 0


def _period_of(url: str) -> str | None:
    told = period_in_path(url)
    if told is not None:
        return told
    legacy = _LEGACY.search(url)
    return f"{legacy['start'][:4]}-{legacy['start'].replace('-', '')[4:6]}" if legacy else None


def _only(manifests: Sequence[FoundFile], period: str, path: str) -> FoundFile:
    if len(manifests) > 1:
        raise ConfigurationError(
            f"{len(manifests)} manifests speak of {period} at {path}: {', '.join(file.name for file in manifests[:3])}",
            remedy="give the folder of one export in `path`",
        )
    return manifests[0]


def _members(body: bytes) -> dict[str, Any]:
    content: object = json.loads(body)
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


_PERIODS = ("billingPeriod", "billing_period", "billingPeriodStart", "period", "partition", "dataRange")
_COLUMN_LISTS = ("columns", "columnDefinitions", "schema")


def _check_period(body: bytes, url: str, period: str) -> None:
    """A manifest that tells its period must tell the one of its folder."""
    members = _members(body)
    for key in _PERIODS:
        told = json.dumps(members[key]) if key in members else ""
        month = re.search(r"(\d{4})-?(\d{2})", told)
        if month and f"{month[1]}-{month[2]}" != period:
            raise AnswerError(
                f"{url} says that it is of {month[1]}-{month[2]}, but lies with {period}",
                remedy="the delivery was mixed up: wait for AWS to deliver it anew",
            )
        if month:
            return


def told_columns(body: bytes) -> tuple[str, ...]:
    """The columns that a manifest lists, as the files name them; none where it lists none."""
    members = _members(body)
    listed = next((members[key] for key in _COLUMN_LISTS if isinstance(members.get(key), list)), [])
    names: list[str] = []
    for entry in listed:
        if isinstance(entry, str):
            names.append(entry)
        elif isinstance(entry, dict):
            held = cast("dict[str, Any]", entry)
            name = next((held[key] for key in ("name", "columnName", "column") if isinstance(held.get(key), str)), None)
            family = held.get("category")
            if name is not None:
                names.append(f"{family}/{name}" if isinstance(family, str) and family else name)
    return tuple(names)
