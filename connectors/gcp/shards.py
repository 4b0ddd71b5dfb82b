"""Which Parquet files make up an export of the billing table, and that none of them is missing or there twice.

BigQuery writes no manifest. It numbers what it writes (`…-000000000000.parquet`, twelve digits from zero), so a number
that is missing between others is seen; the last one is not, unless a manifest of one's own lists files and rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.exports.manifest import ListedFile, Manifest, is_manifest, matched, read_manifest
from connectors.exports.places import FoundFile, is_data_file, period_in_path, place_at

_INVOICE_MONTH = re.compile(r"(?:^|/)invoice[._]?month=(\d{4})-?(\d{2})(?=/)", re.IGNORECASE)
_SHARD = re.compile(r"^(?P<stem>.*?)(?P<number>\d{12})(?P<suffix>(?:\.[a-z0-9]+)*\.parquet)$", re.IGNORECASE)


@dataclass(frozen=True)
class ExportFile:
    """A file of the export; `shard_set` is the same word for all that one EXPORT DATA wrote."""

    found: FoundFile
    shard_set: str
    listed: ListedFile | None = None


@dataclass(frozen=True)
class Export:
    """The files in order; the manifest as it was read, where there is one, and the rows that it gives as a total."""

    files: tuple[ExportFile, ...]
    manifests: Mapping[str, bytes]
    rows: int | None = None


def export_files(path: str, storage: Mapping[str, str], period: str | None) -> Export:
    """The export as it lies there now. `period` fills {period} and leaves out folders of other billing periods.

    Raises `IncompleteError` where a shard or a listed file is missing, `AnswerError` for a file of another size than
    listed, `ConfigurationError` for two manifests, `VendorUnavailableError` for a store that cannot be reached.
    """
    place = place_at(path.replace("{period}", period or "*"), storage)
    found = [file for file in place.files() if period is None or folder_month(file.url) in {None, period}]
    manifests = [file for file in found if is_manifest(file.name)]
    if len(manifests) > 1:
        raise ConfigurationError(
            f"{len(manifests)} manifests lie at {path}", remedy="keep one, or give each month a folder by {period}"
        )
    is_single = len(found) == 1
    data = [
        file
        for file in found
        if not is_manifest(file.name)
        and (is_single or (is_data_file(file.name) and file.name.casefold().endswith(".parquet")))
    ]
    if not data:
        raise IncompleteError(
            f"none of the {len(found)} files at {path} is Parquet of {period or 'any period'}",
            remedy="export the month to there (EXPORT DATA … format = 'PARQUET'), or correct the path",
        )
    if manifests:
        body = place.read(manifests[0].url)
        manifest = read_manifest(body, manifests[0].url)
        return _listed(manifest, data, body)
    files = tuple(ExportFile(file, _shard_set(file)) for file in data)
    _check_numbers(files)
    return Export(files, {})


def folder_month(url: str) -> str | None:
    """The month that a file's folder names (`invoice_month=202609/`, `billing_period=2026-09/`); None without one."""
    told = _INVOICE_MONTH.search(unquote(url))
    return f"{told[1]}-{told[2]}" if told else period_in_path(url)


def check_folder(url: str | None, months: Sequence[str], name: str) -> None:
    """Raises `AnswerError` for rows billed in another month than their folder names: in that month's own run the
    folder is not looked into, so that nobody would count them."""
    told = folder_month(url) if url else None
    others = sorted(set(months) - {told})
    if told is not None and others:
        raise AnswerError(
            f"{name} holds rows of {', '.join(others[:3])}, its folder says {told}",
            remedy="export each invoice month into a folder of its own, or all of them into one that names none",
        )


def _listed(manifest: Manifest, data: Sequence[FoundFile], body: bytes) -> Export:
    pairs = matched(manifest, data)
    if unlisted := sorted({file.name for file in data} - {file.name for file, _ in pairs}):
        raise AnswerError(
            f"{len(unlisted)} files lie beside the export that its manifest does not list: {', '.join(unlisted[:3])}",
            remedy="remove them, or list them",
        )
    return Export(
        tuple(ExportFile(file, manifest.url, listed) for file, listed in pairs), {manifest.url: body}, manifest.rows
    )


def _shard_set(file: FoundFile) -> str:
    told = _SHARD.match(file.url)
    return f"{told['stem']}*{told['suffix']}" if told else file.url


def _check_numbers(files: Sequence[ExportFile]) -> None:
    """Raises `IncompleteError` for a gap in the numbers of a set."""
    numbers: dict[str, set[int]] = {}
    for file in files:
        if told := _SHARD.match(file.found.url):
            numbers.setdefault(file.shard_set, set()).add(int(told["number"]))
    for shard_set, there in numbers.items():
        if gaps := sorted(set(range(max(there) + 1)) - there):
            shown = ", ".join(f"{number:012d}" for number in gaps[:3])
            raise IncompleteError(
                f"{len(gaps)} of at least {max(there) + 1} shards of {shard_set} are not there: {shown}",
                remedy="let the export finish, or run it again; nothing is replaced before",
            )
