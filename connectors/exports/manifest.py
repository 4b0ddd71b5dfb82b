"""An export's manifest: the vendor's own list of the files that belong to it, held against what is there.

Read are the shapes of AWS Data Exports (`dataFiles`), AWS CUR (`reportKeys`), Azure Cost Management (`blobs`) and
plain lists (`files`), with sizes, row counts and hashes where they say them. A file that is listed but absent makes the
export incomplete; one whose size or hash is another is an error. Row counts are held against the rows that are read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from connectors.errors import AnswerError, IncompleteError
from connectors.exports.places import FoundFile, period_in_path

_LISTS = ("dataFiles", "files", "blobs", "reportKeys")
_NAMES = ("url", "path", "key", "name", "blobName", "fileName")
_SIZES = ("size", "byteCount", "sizeInBytes", "bytes", "contentLength")
_ROWS = ("rows", "rowCount", "dataRowCount", "recordCount")
_HASHES = ("sha256", "sha256Hash", "hash")


@dataclass(frozen=True)
class ListedFile:
    """One file as the manifest tells it."""

    name: str
    size: int | None = None
    rows: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What a manifest lists; `rows` is its own total, where it gives one."""

    url: str
    files: tuple[ListedFile, ...]
    rows: int | None


def is_manifest(name: str) -> bool:
    """Whether a file is a manifest by its name: `manifest.json`, `my-export-Manifest.json`."""
    last = name.rpartition("/")[2].casefold()
    return last.endswith("manifest.json") and not last.startswith((".", "_"))


def read_manifest(body: bytes, url: str) -> Manifest:
    """The manifest in `body`. Raises `AnswerError` where it is none, or lists nothing."""
    try:
        content: object = json.loads(body)
    except ValueError as error:
        raise _unreadable(url, "it is no JSON") from error
    if not isinstance(content, dict):
        raise _unreadable(url, "it is no JSON object")
    members = cast("dict[str, Any]", content)
    listed = next((members[name] for name in _LISTS if isinstance(members.get(name), list)), None)
    if not listed:
        raise _unreadable(url, f"it lists no files (none of {', '.join(_LISTS)})")
    return Manifest(url, tuple(_listed_file(entry, url) for entry in listed), _number(members, _ROWS, url))


def matched(manifest: Manifest, found: Sequence[FoundFile]) -> list[tuple[FoundFile, ListedFile]]:
    """Each listed file with the one that is there, in the manifest's order.

    Names are compared from the end, since manifests give full addresses, keys or bare names. Raises
    `IncompleteError` for a file that is not there and `AnswerError` for one of another size.
    """
    pairs: list[tuple[FoundFile, ListedFile]] = []
    missing: list[str] = []
    for listed in manifest.files:
        candidate = _found_for(listed.name, manifest.url, found)
        if candidate is None:
            missing.append(listed.name)
            continue
        if listed.size is not None and listed.size != candidate.size:
            raise AnswerError(
                f"{candidate.url} has {candidate.size} bytes, its manifest says {listed.size}",
                remedy="the delivery is not finished or was changed: wait for the vendor, or deliver it anew",
            )
        pairs.append((candidate, listed))
    if missing:
        raise IncompleteError(
            f"{len(missing)} of {len(manifest.files)} files of {manifest.url} are not there: {', '.join(missing[:3])}",
            remedy="wait until the vendor has delivered them all; nothing is replaced before",
        )
    return pairs


def _found_for(name: str, manifest_url: str, found: Sequence[FoundFile]) -> FoundFile | None:
    """The file that the listed name means. In the store that the manifest speaks of, addresses are the same; in a copy
    elsewhere the longest common end decides, then nearness to the manifest."""
    same_store = [file for file in found if "://" in name and urlsplit(file.url).scheme == urlsplit(name).scheme]
    if same_store:
        return next((file for file in same_store if _parts(file.url) == _parts(name)), None)
    wanted, period = _parts(name), period_in_path(name)
    near = _parts(manifest_url)
    scored = [
        (_common(wanted[::-1], _parts(file.url)[::-1]), _common(near, _parts(file.url)), file)
        for file in found
        if period is None or period_in_path(file.url) in {None, period}
    ]
    best = max(((end, start) for end, start, _ in scored), default=(0, 0))
    candidates = [file for end, start, file in scored if (end, start) == best]
    return candidates[0] if best[0] > 0 and len(candidates) == 1 else None


def _parts(address: str) -> list[str]:
    path = urlsplit(address).path if "://" in address else address
    return [part for part in unquote(path).split("/") if part]


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """How many parts two lists share from their beginning."""
    return next(
        (place for place, (one, other) in enumerate(zip(left, right, strict=False)) if one != other),
        min(len(left), len(right)),
    )


def _listed_file(entry: object, url: str) -> ListedFile:
    if isinstance(entry, str) and entry:
        return ListedFile(entry)
    if isinstance(entry, dict):
        members = cast("dict[str, Any]", entry)
        name = next((members[key] for key in _NAMES if isinstance(members.get(key), str) and members[key]), None)
        digest = next((members[key] for key in _HASHES if isinstance(members.get(key), str)), None)
        if name is not None:
            return ListedFile(name, _number(members, _SIZES, url), _number(members, _ROWS, url), digest)
    raise _unreadable(url, "an entry names no file")


def _number(members: dict[str, Any], names: Sequence[str], url: str) -> int | None:
    value = next((members[name] for name in names if members.get(name) is not None), None)
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise _unreadable(url, f"{value!r} is no count") from error


def _unreadable(url: str, why: str) -> AnswerError:
    return AnswerError(
        f"{url} cannot be read as a manifest: {why}",
        remedy="name the export's manifest in `manifest`, or leave it out to read every file of the folder",
    )
