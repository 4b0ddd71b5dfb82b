"""Files as frames, in the types that they came in: CSV all text, Parquet as stored. Meaning belongs to `translate`."""

from __future__ import annotations

import io
from collections.abc import Sequence

import polars as pl

from connectors.errors import AnswerError
from connectors.exports.sniffing import sniff

NULL_TEXTS = ("", "NULL", "\\N")
"""What stands for null in CSV: nothing, and the words that the official sample and some databases write."""


def read_file(body: bytes, name: str, *, delimiter: str = ",", only: Sequence[str] = ()) -> pl.DataFrame:
    """The rows of a CSV (plain, gzip) or Parquet file; with `only`, those of its columns that it has.

    CSV columns are text, with `NULL_TEXTS` as null. Raises `AnswerError` for content that is not what it should be.
    """
    sniffed = sniff(body, name)
    if sniffed.format == "parquet":
        return _read_parquet(sniffed.body, name, only)
    return _read_csv(sniffed.body, name, delimiter, only)


def _read_parquet(body: bytes, name: str, only: Sequence[str]) -> pl.DataFrame:
    try:
        schema = pl.read_parquet_schema(io.BytesIO(body))
        wanted = [column for column in schema if column in only] if only else None
        return pl.read_parquet(io.BytesIO(body), columns=wanted, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise AnswerError(
            f"{name} is Parquet that cannot be read: {_first_line(error)}", remedy="download or export it again"
        ) from error


def _read_csv(body: bytes, name: str, delimiter: str, only: Sequence[str]) -> pl.DataFrame:
    # pyarrow rather than polars: polars fills short rows with nulls, pyarrow refuses them
    import pyarrow as pa
    from pyarrow import csv

    names = _header(body, name, delimiter)
    try:
        table = csv.read_csv(
            pa.BufferReader(body),
            read_options=csv.ReadOptions(column_names=names, skip_rows=1, block_size=1 << 24),
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=list(NULL_TEXTS),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                include_columns=[column for column in names if column in only] if only else None,
            ),
        )
    except pa.ArrowException as error:
        raise AnswerError(
            f"{name} cannot be read as CSV: {_first_line(error)}",
            remedy="it may be cut off, or its delimiter is another: download it again, or set `delimiter`",
        ) from error
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _header(body: bytes, name: str, delimiter: str) -> list[str]:
    """The names in the first line, checked: more than one, none twice."""
    import csv

    first = body[: body.find(b"\n")] if b"\n" in body else body
    line = first.decode("utf-8-sig").rstrip("\r")
    names = [column.strip() for column in next(csv.reader([line], delimiter=delimiter), [])]
    if len(names) < 2:
        other = next((mark for mark in (",", ";", "\t", "|") if mark != delimiter and line.count(mark) > 1), None)
        hint = f"set `delimiter` to {other!r}" if other else "export it as FOCUS CSV with a header line"
        raise AnswerError(f"{name} has a single column when split at {delimiter!r}", remedy=hint)
    repeated = sorted({column for column in names if names.count(column) > 1})
    if repeated:
        raise AnswerError(f"{name} has the column {repeated[0]!r} more than once", remedy="export it without the copy")
    return names


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
