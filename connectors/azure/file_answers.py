"""Files of an export as answers of `pull`, and their rows again in `translate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import polars as pl

from connectors.azure.credentials import place_of
from connectors.azure.export_listing import Export
from connectors.azure.export_runs import RunFile
from connectors.azure.native_columns import is_new, is_read
from connectors.azure.options import AzureOptions
from connectors.azure.slices import slices_of, slices_of_local
from connectors.errors import AnswerError
from connectors.exports.places import Place, local_path, sha256_of, sha256_of_local
from connectors.protocol import Answer, FileReference, Window

_STREAM = "costs/"
_MANIFEST = "/manifest"


def stream_of(report: str) -> str:
    """The stream of a report's files: `costs/actual`."""
    return _STREAM + report


def report_of(answer: Answer) -> str | None:
    """The report that a file's answer is of; None for manifests and other streams."""
    is_file = answer.stream.startswith(_STREAM) and not answer.stream.endswith(_MANIFEST)
    return answer.stream.removeprefix(_STREAM) if is_file else None


def is_manifest_answer(answer: Answer) -> bool:
    return answer.stream.startswith(_STREAM) and answer.stream.endswith(_MANIFEST)


def answers_of(
    export: Export, window: Window, *, source: str, clock: Callable[[], datetime], keep_up_to: int
) -> Iterator[Answer]:
    """The manifests of the runs that count, then each of their files, whole or by reference."""
    for sequence, run in enumerate(export.runs):
        request = {"url": run.url, "report": export.report}
        yield Answer(source, stream_of(export.report) + _MANIFEST, window, request, sequence, clock(), run.body)
    for sequence, (file, run) in enumerate(export.files):
        body, facts = _body(file, export.place, keep_up_to)
        if run is not None and run.rows is not None:
            facts = {**facts, "run": run.url, "run_rows": str(run.rows)}
        if run is not None and run.first_day[:7] == run.last_day[:7]:
            facts = {**facts, "month": run.first_day[:7]}
        request = {"url": file.found.url, "name": file.found.name}
        yield Answer(source, stream_of(export.report), window, request, sequence, clock(), body, facts)


def rows_of(answer: Answer, options: AzureOptions, new: set[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of a file, slice by slice, held against the count that its manifest gives; of a cost report the columns
    that are made something of (those that nobody knows are added to `new`), of a FOCUS export all.

    Raises `AnswerError` for a file that is not what was pulled, or has other rows than are listed.
    """
    name, body = answer.request["name"], answer.body
    count = 0
    wanted = _of_a_cost_report(new) if report_of(answer) in {"actual", "amortized"} else _is_any
    if isinstance(body, FileReference) and body.url.startswith("file://") and name.endswith(".parquet"):
        _check_same(body, sha256_of_local(local_path(body.url)), local_path(body.url).stat().st_size)
        frames = slices_of_local(body, name, wanted)
    else:
        frames = slices_of(body if isinstance(body, bytes) else _recalled(body, options), name, wanted)
    for frame in frames:
        count += frame.height
        yield frame
    if "rows" in answer.facts and int(answer.facts["rows"]) != count:
        raise lying(name, count, answer.facts["rows"])


def _is_any(_: str) -> bool:
    return True


def _of_a_cost_report(new: set[str] | None) -> Callable[[str], bool]:
    def wanted(name: str) -> bool:
        if new is not None and is_new(name):
            new.add(name)
        return is_read(name)

    return wanted


def check_month(answer: Answer, months: pl.Series) -> None:
    """Raises `AnswerError` for rows billed in another month than the run is of: nobody else would count them."""
    told = answer.facts.get("month")
    others = sorted(set(months.unique().to_list()) - {told})
    if told is not None and others:
        raise AnswerError(
            f"{answer.request['name']} holds rows of {', '.join(others[:3])}, its manifest says {told}",
            remedy="the run is not what it says: run the export again, or export each month by itself",
        )


class RowCounts:
    """Rows of each run as its files are read, against the total of its manifest."""

    def __init__(self) -> None:
        self._listed: dict[str, str] = {}
        self._read: dict[str, int] = {}

    def add(self, answer: Answer, rows: int) -> None:
        if "run" in answer.facts:
            self._listed[answer.facts["run"]] = answer.facts["run_rows"]
            self._read[answer.facts["run"]] = self._read.get(answer.facts["run"], 0) + rows

    def check(self) -> None:
        """Raises `AnswerError` where a manifest gives another total."""
        for run, listed in self._listed.items():
            if int(listed) != self._read[run]:
                raise lying(f"the run of {run}", self._read[run], listed)


def lying(what: str, rows: int, listed: str) -> AnswerError:
    return AnswerError(
        f"{what} has {rows} rows, its manifest says {listed}",
        remedy="the run is not finished or its files were changed: wait for the next run, or run the export again",
    )


def _body(file: RunFile, place: Place, keep_up_to: int) -> tuple[bytes | FileReference, Mapping[str, str]]:
    url, size = file.found.url, file.found.size
    rows = {} if file.listed.rows is None else {"rows": str(file.listed.rows)}
    if size > keep_up_to and url.startswith("file://"):
        digest = sha256_of_local(local_path(url))
        return FileReference(url, size, digest), {"size": str(size), "sha256": digest, **rows}
    body = place.read(url)
    digest = sha256_of(body)
    facts = {"size": str(len(body)), "sha256": digest, **rows}
    return (FileReference(url, len(body), digest) if len(body) > keep_up_to else body), facts


def _recalled(reference: FileReference, options: AzureOptions) -> bytes:
    body = place_of(reference.url, options).read(reference.url)
    _check_same(reference, sha256_of(body), len(body))
    return body


def _check_same(reference: FileReference, digest: str, size: int) -> None:
    if size != reference.size or digest != reference.sha256:
        raise AnswerError(
            f"{reference.url} is no longer the file that was pulled: its size or hash changed",
            remedy="pull the month again; to keep copies of larger files raise keep_copies_up_to_mib",
        )
