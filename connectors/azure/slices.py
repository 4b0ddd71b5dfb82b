"""A file of an export in slices of rows, so that memory follows the slice: CSV as text, Parquet as it is stored."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from connectors.errors import AnswerError
from connectors.exports.places import local_path
from connectors.exports.reading import NULL_TEXTS
from connectors.exports.sniffing import sniff
from connectors.protocol import FileReference

ROWS = 100_000
"""At most so many rows are worked on at once."""
_BLOCK = 64 << 20

Wanted = Callable[[str], bool]
"""Whether a column, by its name, is to be read."""


def _every(_: str) -> bool:
    return True


def slices_of(body: bytes, name: str, wanted: Wanted = _every, rows: int = ROWS) -> Iterator[pl.DataFrame]:
    """Stretches of at most `rows` rows; a file without rows gives one without rows, so that its columns are seen.

    Raises `AnswerError` for content that is not what it should be.
    """
    sniffed = sniff(body, name)
    if sniffed.format == "parquet":
        yield from _cut(_parquet(io.BytesIO(sniffed.body), name, wanted), rows)
    else:
        yield from _cut(_csv(sniffed.body, name, wanted), rows)


def slices_of_local(
    reference: FileReference, name: str, wanted: Wanted = _every, rows: int = ROWS
) -> Iterator[pl.DataFrame]:
    """The same of a Parquet file on this machine, read from where it lies."""
    yield from _cut(_parquet(local_path(reference.url), name, wanted), rows)


def _cut(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    held: list[pl.DataFrame] = []
    count, is_first = 0, True
    for frame in frames:
        held.append(frame)
        count += frame.height
        while count > rows:
            whole = pl.concat(held)
            yield whole.head(rows)
            is_first, held, count = False, [whole.slice(rows)], count - rows
    if count or is_first:
        yield pl.concat(held)


def _parquet(source: Any, name: str, wanted: Wanted) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source)
        columns = [column for column in file.schema_arrow.names if wanted(column)]
        yield _frame(file.schema_arrow.empty_table().select(columns))
        for batch in file.iter_batches(batch_size=ROWS, columns=columns):
            yield _frame(pa.Table.from_batches([batch]))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(name, "Parquet", error) from error


def _csv(body: bytes, name: str, wanted: Wanted) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = _header(body, name)
    if not body[len(body.partition(b"\n")[0]) + 1 :].strip():
        yield pl.DataFrame(schema=dict.fromkeys(filter(wanted, names), pl.String))
        return
    try:
        reader = arrow_csv.open_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=1, block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=list(NULL_TEXTS),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                include_columns=[column for column in names if wanted(column)],
            ),
        )
        for batch in reader:
            yield _frame(pa.Table.from_batches([batch]))
    except pa.ArrowException as error:
        raise _unreadable(name, "CSV", error) from error


def _header(body: bytes, name: str) -> list[str]:
    """The names in the first line, checked: more than one, none twice."""
    line = body.partition(b"\n")[0].decode("utf-8-sig").rstrip("\r")
    names = [column.strip() for column in next(csv.reader([line]), [])]
    if len(names) < 2:
        raise AnswerError(
            f"{name} has a single column when split at ','", remedy="export it as CSV with a header line, or as Parquet"
        )
    repeated = sorted({column for column in names if names.count(column) > 1})
    if repeated:
        raise AnswerError(f"{name} has the column {repeated[0]!r} more than once", remedy="export it without the copy")
    return names


def _frame(table: Any) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _unreadable(name: str, form: str, error: Exception) -> AnswerError:
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
    return AnswerError(
        f"{name} is {form} that cannot be read: {first}", remedy="it may be cut off: download or export it again"
    )
