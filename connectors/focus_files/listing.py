"""Which files make up an export: every data file of the place, or those that its manifests list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.errors import ConfigurationError, IncompleteError
from connectors.exports.manifest import ListedFile, is_manifest, matched, read_manifest
from connectors.exports.places import FoundFile, is_data_file, period_in_path, place_at
from connectors.focus_files.options import FocusFilesOptions


@dataclass(frozen=True)
class ExportFile:
    """A file that belongs to the export, and what a manifest says of it (nothing, where there is none)."""

    found: FoundFile
    listed: ListedFile


@dataclass(frozen=True)
class Export:
    """An export's files in their order, its manifests by address, and the rows that they give as a total."""

    files: tuple[ExportFile, ...]
    manifests: Mapping[str, bytes]
    rows: int | None = None


def export_files(options: FocusFilesOptions, period: str | None) -> Export:
    """The export as it lies there now; `period` fills {period}, and leaves out folders of other billing periods.

    Raises `IncompleteError` where there is nothing, or less than a manifest lists; `AnswerError` where a file is not as
    listed; `ConfigurationError` where two manifests speak of one period: both may list the same charges.
    """
    path = _filled(options.path, period)
    storage = secrets_of(options)
    found = [file for file in place_at(path, storage).files() if _may_hold(file.name, period)]
    manifests = _manifests(options, found, period, path)
    if not manifests:
        return Export(tuple(ExportFile(file, ListedFile(file.name)) for file in _data_files(found, path)), {})
    candidates = [file for file in found if not is_manifest(file.name)]
    bodies = {url: place_at(url, storage).read(url) for url in manifests}
    read = [read_manifest(body, url) for url, body in bodies.items()]
    files = [ExportFile(file, listed) for manifest in read for file, listed in matched(manifest, candidates)]
    totals = [manifest.rows for manifest in read]
    return Export(tuple(files), bodies, None if None in totals else sum(total or 0 for total in totals))


def listed_files(options: FocusFilesOptions) -> list[FoundFile]:
    """Every file at the export's place and its manifest's, of all billing periods; nothing is opened."""
    paths = [path for path in (options.path, options.manifest) if path is not None]
    storage = secrets_of(options)
    return [file for path in paths for file in place_at(_filled(path, None), storage).files()]


def secrets_of(options: FocusFilesOptions) -> dict[str, str]:
    """The object store's settings in the clear, for the store alone."""
    return {name: secret.get_secret_value() for name, secret in options.storage.items()}


def _manifests(options: FocusFilesOptions, found: Sequence[FoundFile], period: str | None, path: str) -> list[str]:
    if options.manifest is not None:
        named = place_at(_filled(options.manifest, period), secrets_of(options)).files()
        manifests = [file for file in named if len(named) == 1 or is_manifest(file.name)]
    else:
        manifests = [file for file in found if is_manifest(file.name)]
    together = Counter(period_in_path(file.url) for file in manifests)
    if any(count > 1 for count in together.values()):
        raise ConfigurationError(
            f"{max(together.values())} manifests speak of one period at {options.manifest or path}",
            remedy="name the one that counts in `manifest` ({period} stands for the month), or narrow `path`",
        )
    return [file.url for file in manifests]


def _data_files(found: Sequence[FoundFile], path: str) -> list[FoundFile]:
    is_single = len(found) == 1 and path.endswith(found[0].name)
    data = [file for file in found if is_single or is_data_file(file.name)]
    if not data:
        raise IncompleteError(
            f"none of the {len(found)} files at {path} is CSV or Parquet of this period by its name",
            remedy="name files .csv, .csv.gz or .parquet, or give the path of a single file",
        )
    return data


def _may_hold(name: str, period: str | None) -> bool:
    """False for a file in the folder of another billing period."""
    told = period_in_path(name)
    return period is None or told is None or told == period


def _filled(path: str, period: str | None) -> str:
    return path.replace("{period}", period or "*")
