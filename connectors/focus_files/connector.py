"""FOCUS files as a source: `pull` finds an export's files, `translate` takes one window's charges from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager

import polars as pl

from connectors.errors import AnswerError, whose
from connectors.exports.places import local_path, place_at, recall, sha256_of, sha256_of_local
from connectors.exports.reading import read_file
from connectors.focus_files.listing import ExportFile, export_files, secrets_of
from connectors.focus_files.options import FocusFilesOptions
from connectors.focus_files.overlaps import ReadFile, overlaps
from connectors.focus_rows.as_read import added_up as read_added_up
from connectors.focus_rows.as_read import as_read
from connectors.focus_rows.columns import with_focus_names
from connectors.focus_rows.judged import as_judged, vendor_findings
from connectors.focus_rows.times import with_instants
from connectors.focus_rows.upconvert import upconvert
from connectors.native_charges import claims_of
from connectors.protocol import (
    Answer,
    ChargesPart,
    FileReference,
    Surroundings,
    Translation,
    Window,
    added_up,
)
from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.invariants.periods import billing_month

STREAM = "focus/cost_and_usage"
MANIFEST_STREAM = "focus/manifest"


class FocusFilesConnector:
    """One configured export. Files are read when they are pulled and when they are translated, never in between."""

    def __init__(self, source: str, options: FocusFilesOptions, surroundings: Surroundings) -> None:
        self._source = source
        self._options = options
        self._clock = surroundings.clock
        self._storage = secrets_of(options)

    @property
    def source(self) -> str:
        return self._source

    def pull(self, window: Window) -> Iterator[Answer]:
        """The manifest, where there is one, and each file that may hold charges of the window.

        Raises `IncompleteError` where there is no file, or a listed one is absent; `AnswerError` for a file that
        differs from its manifest; `VendorUnavailableError` for a store that cannot be reached.
        """
        with self._named(window):
            yield from self._pulled(window)

    def _pulled(self, window: Window) -> Iterator[Answer]:
        export = export_files(self._options, f"{window.start:%Y-%m}")
        total = {} if export.rows is None else {"export_rows": str(export.rows), "export_files": str(len(export.files))}
        for sequence, (url, manifest) in enumerate(export.manifests.items()):
            yield self._answer(MANIFEST_STREAM, window, {"url": url}, sequence, manifest, {})
        for sequence, file in enumerate(export.files):
            body, facts = self._body(file)
            request = {"url": file.found.url, "name": file.found.name}
            yield self._answer(STREAM, window, request, sequence, body, {**facts, **total})

    def translate(self, window: Window, answers: Iterable[Answer]) -> Translation:
        """Charges whose billing period is the month that the window begins in, as they are, in FOCUS 1.4; claims to the
        money of their accounts. A month without a charge is not proven complete: an expired export must not erase what
        we have. Raises `AnswerError` for files that cannot be read, or that hold the same charges."""
        files: list[ReadFile] = []
        facts: Mapping[str, str] = {}
        is_listed = False
        for answer in answers:
            is_listed = is_listed or answer.stream == MANIFEST_STREAM
            if answer.stream == STREAM:
                with self._named(window):
                    files.append(self._translated(window, answer))
                facts = answer.facts
        with self._named(window):
            _check_total([file.rows for file in files], facts)
            shared = overlaps(files, is_listed=is_listed)
        whole = pl.concat([file.charges for file in files]) if files else COST_AND_USAGE.empty()
        missing = () if len(whole) else (f"no charge of {window.start:%Y-%m} in {len(files)} files",)
        return Translation(
            parts=(ChargesPart(whole, read_added_up([file.as_read for file in files])),),
            claims=claims_of(whole),
            missing=missing,
            findings=added_up((*(finding for file in files for finding in file.findings), *shared)),
        )

    def _translated(self, window: Window, answer: Answer) -> ReadFile:
        """The file's rows of the window's month as charges, and what they break."""
        name = answer.request["name"]
        body = answer.body if isinstance(answer.body, bytes) else recall(answer.body, self._storage)
        frame = read_file(body, name, delimiter=self._options.delimiter)
        _check_rows(frame.height, answer.facts, name)
        named, told = with_focus_names(frame, name, self._options.rename)
        inside = named.filter(_is_billed_in(window, named, name))
        converted = upconvert(inside, source=self._source, file=name)
        broken = vendor_findings(as_judged(inside)) if len(inside) else ()
        findings = (*told, *converted.findings, *broken)
        read = as_read(inside, name)
        return ReadFile(name, answer.facts.get("sha256"), frame.height, converted.charges, read, findings)

    def _named(self, window: Window) -> AbstractContextManager[None]:
        return whose(self._source, STREAM, window)

    def _body(self, file: ExportFile) -> tuple[bytes | FileReference, Mapping[str, str]]:
        """The file, whole or by reference, held against the hash that its manifest gives."""
        url = file.found.url
        is_large = file.found.size > self._options.keep_copies_up_to_mib << 20
        if is_large and url.startswith("file://"):
            size, digest, body = file.found.size, sha256_of_local(local_path(url)), None
        else:
            body = place_at(url, self._storage).read(url)
            size, digest = len(body), sha256_of(body)
        if file.listed.sha256 and file.listed.sha256.casefold() != digest:
            raise AnswerError(
                f"{url} does not have the hash that its manifest gives",
                remedy="the file was changed or damaged: deliver it anew",
            )
        rows = {} if file.listed.rows is None else {"rows": str(file.listed.rows)}
        facts = {"size": str(size), "sha256": digest, **rows}
        return (FileReference(url, size, digest) if is_large or body is None else body), facts

    def _answer(
        self,
        stream: str,
        window: Window,
        request: Mapping[str, str],
        sequence: int,
        body: bytes | FileReference,
        facts: Mapping[str, str],
    ) -> Answer:
        return Answer(self._source, stream, window, request, sequence, self._clock(), body, facts)


def _is_billed_in(window: Window, frame: pl.DataFrame, name: str) -> pl.Series:
    """Which rows' billing period is the month that the window begins in; the window may end before the month does."""
    return with_instants(frame, name).select(billing_month()).to_series() == f"{window.start:%Y-%m}"


def _check_rows(rows: int, facts: Mapping[str, str], name: str) -> None:
    if "rows" in facts and int(facts["rows"]) != rows:
        raise _lying(name, rows, facts["rows"])


def _check_total(rows: list[int], facts: Mapping[str, str]) -> None:
    """The manifest's own total, where all of its files were read."""
    if "export_rows" in facts and int(facts["export_files"]) == len(rows) and int(facts["export_rows"]) != sum(rows):
        raise _lying(f"the export of {len(rows)} files", sum(rows), facts["export_rows"])


def _lying(what: str, rows: int, listed: str) -> AnswerError:
    return AnswerError(
        f"{what} has {rows} rows, its manifest says {listed}",
        remedy="the delivery is not finished or was changed: wait for the vendor, or deliver it anew",
    )
