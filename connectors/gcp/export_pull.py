"""Parquet files of the billing table as answers, whole or by reference. Meaning belongs to `translate`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from connectors.errors import AnswerError
from connectors.exports.places import local_path, place_at, sha256_of, sha256_of_local
from connectors.gcp.google_access import storage_of
from connectors.gcp.options import GcpOptions
from connectors.gcp.parquet_slices import opened, row_count, slices
from connectors.gcp.shards import ExportFile, export_files, folder_month
from connectors.protocol import Answer, FileReference, Surroundings, Window

STREAM = "billing/export"
MANIFEST_STREAM = "billing/manifest"


def pulled(source: str, options: GcpOptions, surroundings: Surroundings, window: Window) -> Iterator[Answer]:
    """The manifest, where there is one, and every file that may hold rows of the month."""
    storage = storage_of(options)
    export = export_files(options.path or "", storage, f"{window.start:%Y-%m}")
    clock = surroundings.clock
    for sequence, (url, body) in enumerate(export.manifests.items()):
        yield Answer(source, MANIFEST_STREAM, window, {"url": url}, sequence, clock(), body)
    rows = 0
    for sequence, file in enumerate(export.files):
        body, facts = _body(file, options, storage)
        rows += int(facts["rows"])
        if sequence + 1 == len(export.files) and export.rows is not None and export.rows != rows:
            raise _miscounted(f"the export of {len(export.files)} files", rows, export.rows)
        request = {"url": file.found.url, "name": file.found.name, "shard_set": file.shard_set}
        if file.listed is not None:
            request["listed"] = "true"
        yield Answer(source, STREAM, window, request, sequence, clock(), body, facts)


def periods(options: GcpOptions) -> list[str]:
    """Billing periods of the files' rows; those in a folder that names its own are not opened."""
    storage = storage_of(options)
    found: set[str] = set()
    for file in export_files(options.path or "", storage, None).files:
        if (told := folder_month(file.found.url)) is not None:
            found.add(told)
            continue
        with opened(_content(file, storage), file.found.name, storage) as parquet:
            column = "BillingPeriodStart" if options.report == "focus" else "invoice"
            for frame in slices(parquet, [column]):
                found |= months_in(frame, file.found.name, options)
    return sorted(found)


def months_in(frame: pl.DataFrame, name: str, options: GcpOptions) -> set[str]:
    """The billing months of a frame of the table."""
    from models.ledger.focus.invariants.periods import billing_month

    try:
        if options.report == "focus":
            months = frame.select(billing_month()).to_series()
        else:
            months = frame.select(pl.col("invoice").struct.field("month").cast(pl.String)).to_series()
    except pl.exceptions.PolarsError as error:
        raise AnswerError(
            f"{name} does not say which month its rows are billed in",
            remedy="export the table whole, or set report to what the table is",
        ) from error
    return {f"{month[:4]}-{month[-2:]}" for month in months.unique().drop_nulls()}


def _body(
    file: ExportFile, options: GcpOptions, storage: Mapping[str, str]
) -> tuple[bytes | FileReference, dict[str, str]]:
    url = file.found.url
    is_large = file.found.size > options.keep_copies_up_to_mib << 20
    content = None if is_large and url.startswith("file://") else place_at(url, storage).read(url)
    digest = sha256_of_local(local_path(url)) if content is None else sha256_of(content)
    if file.listed is not None and file.listed.sha256 and file.listed.sha256.casefold() != digest:
        raise AnswerError(
            f"{url} does not have the hash that its manifest gives",
            remedy="the file was changed or damaged: export it again",
        )
    size = file.found.size if content is None else len(content)
    rows = row_count(local_path(url) if content is None else content, file.found.name)
    if file.listed is not None and file.listed.rows is not None and file.listed.rows != rows:
        raise _miscounted(file.found.name, rows, file.listed.rows)
    facts = {"size": str(size), "sha256": digest, "rows": str(rows)}
    return (FileReference(url, size, digest) if is_large or content is None else content), facts


def _miscounted(what: str, rows: int, listed: int) -> AnswerError:
    return AnswerError(
        f"{what} has {rows} rows, its manifest says {listed}",
        remedy="the export is not finished or was changed: run it again",
    )


def _content(file: ExportFile, storage: Mapping[str, str]) -> bytes | FileReference:
    url = file.found.url
    if url.startswith("file://"):
        return FileReference(url, file.found.size, sha256_of_local(local_path(url)))
    return place_at(url, storage).read(url)
