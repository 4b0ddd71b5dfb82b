"""Google's own FOCUS export (a BigQuery table, or Parquet of it) as charges: FOCUS already, only up-converted. Pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import polars as pl

from connectors.focus_rows.as_read import as_read
from connectors.focus_rows.columns import with_focus_names
from connectors.focus_rows.judged import as_judged, vendor_findings
from connectors.focus_rows.times import with_instants
from connectors.focus_rows.upconvert import upconvert
from connectors.gcp.doubled import DoubledRows, files_to_compare
from connectors.gcp.google_access import storage_of
from connectors.gcp.options import GcpOptions
from connectors.gcp.parquet_slices import opened, slices
from connectors.gcp.shards import check_folder
from connectors.native_charges import claims_of
from connectors.protocol import Answer, ChargesPart, Translation, Window
from models.ledger.focus.invariants.periods import billing_month

_LOAD = ("BillingAccountId", "x_ExportTime")


def focus_translation(source: str, options: GcpOptions, window: Window, tables: Sequence[Answer]) -> Translation:
    """Charges whose billing period is the month that the window begins in, a slice of a file a part.

    Raises `AnswerError` where files hold the same rows.
    """
    month = f"{window.start:%Y-%m}"
    rows, files, doubled = 0, files_to_compare(tables), DoubledRows()
    for answer in tables:
        for _, inside in _slices(answer, options, month):
            rows += inside.height
            if inside.height and answer.sequence in files:
                load = [name for name in _LOAD if name in inside.columns]
                telling = [name for name, dtype in inside.schema.items() if name not in load and not dtype.is_nested()]
                shard_set = answer.request.get("shard_set", "")
                doubled.add(inside, files[answer.sequence], shard_set, load=load, telling=telling)
    missing = () if rows else (f"no charge of {month} in {len(tables)} files or pages",)
    return Translation(parts=_parts(source, options, month, tables), missing=missing, findings=doubled.check())


def _parts(source: str, options: GcpOptions, month: str, tables: Sequence[Answer]) -> Generator[ChargesPart]:
    for answer in tables:
        for name, rows in _slices(answer, options, month):
            if rows.is_empty():
                continue
            converted = upconvert(rows, source=source, file=name)
            findings = (*converted.findings, *vendor_findings(as_judged(rows)))
            claims = claims_of(converted.charges)
            yield ChargesPart(converted.charges, as_read(rows, name), claims=claims, findings=findings)


def _slices(answer: Answer, options: GcpOptions, month: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """The answer's name and rows of the month, under FOCUS's names."""
    name = answer.request["name"]
    with opened(answer.body, name, storage_of(options)) as file:
        for frame in slices(file, file.schema_arrow.names):
            named, _ = with_focus_names(frame, name, {})
            months = with_instants(named, name).select(billing_month()).to_series()
            check_folder(answer.request.get("url"), months.unique().to_list(), name)
            inside = named.filter(months == month)
            if options.billing_account is not None:
                inside = inside.filter(pl.col("BillingAccountId") == options.billing_account)
            yield name, inside
