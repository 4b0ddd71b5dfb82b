"""Export files as slices of at most some rows, under CUR 2.0's names, so that memory follows a slice and not the file.

Parquet on this machine is read by row groups; other files are held whole (they reach us whole), and cut.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from connectors.aws.columns import check_columns, wanted
from connectors.errors import AnswerError
from connectors.exports.places import local_path, recall, sha256_of_local
from connectors.exports.reading import read_file
from connectors.exports.sniffing import sniff
from connectors.protocol import FileReference, Finding

ROWS = 250_000
"""Rows of one slice at most."""


@dataclass
class OpenFile:
    """A file that was pulled: its columns and rows, readable in slices. `rows` is None until a CSV was read."""

    name: str
    columns: tuple[str, ...]
    rows: int
    _parquet: Path | bytes | None = None
    _frame: pl.DataFrame | None = None
    findings: tuple[Finding, ...] = field(default_factory=tuple)

    def slices(self, rows: int = ROWS) -> Iterator[pl.DataFrame]:
        """The rows, some at a time, only the columns that are read, under their own names."""
        names = list(wanted(self.columns))
        if self._frame is not None:
            yield from self._frame.iter_slices(rows)
            return
        for offset, length in _stretches(self._source(), rows):
            yield self.scan().select(names).slice(offset, length).collect()

    def scan(self) -> pl.LazyFrame:
        """All rows lazily, under their own names."""
        if self._frame is not None:
            return self._frame.lazy()
        return pl.scan_parquet(self._source(), hive_partitioning=False)

    def _source(self) -> Path | io.BytesIO:
        assert self._parquet is not None
        return io.BytesIO(self._parquet) if isinstance(self._parquet, bytes) else self._parquet


def open_file(body: bytes | FileReference, name: str, storage: Mapping[str, str]) -> OpenFile:
    """A pulled file, its header read. Raises `AnswerError` for one that is not what was pulled, or cannot be read."""
    if isinstance(body, FileReference):
        if body.url.startswith("file://"):
            return _open_local(body, name)
        body = recall(body, storage)
    return _open_bytes(body, name)


def _open_local(reference: FileReference, name: str) -> OpenFile:
    path = local_path(reference.url)
    try:
        same = path.stat().st_size == reference.size and sha256_of_local(path) == reference.sha256
    except OSError:
        same = False
    if not same:
        raise AnswerError(
            f"{reference.url} is no longer the file that was pulled",
            remedy="pull the period again; to keep copies of larger files raise keep_copies_up_to_mib",
        )
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    return _open_parquet(path, name) if is_parquet else _open_bytes(path.read_bytes(), name)


def _open_bytes(body: bytes, name: str) -> OpenFile:
    sniffed = sniff(body, name)
    if sniffed.format == "parquet":
        return _open_parquet(sniffed.body, name)
    header = _header(sniffed.body)
    findings = check_columns(header, name)
    frame = read_file(sniffed.body, name.removesuffix(".gz"), only=list(wanted(header)))
    return OpenFile(name, tuple(header), frame.height, None, frame, findings)


def _open_parquet(source: Path | bytes, name: str) -> OpenFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            columns, rows = tuple(file.schema_arrow.names), int(file.metadata.num_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise AnswerError(
            f"{name} is Parquet that cannot be read, it may be cut off: {str(error).splitlines()[0][:200]}",
            remedy="download or export it again",
        ) from error
    return OpenFile(name, columns, rows, source, None, check_columns(columns, name) if rows or columns else ())


def _header(body: bytes) -> list[str]:
    import csv

    first = body[: body.find(b"\n")] if b"\n" in body else body
    return [column.strip() for column in next(csv.reader([first.decode("utf-8-sig").rstrip("\r")]), [])]


def _stretches(source: Path | io.BytesIO, rows: int) -> Iterator[tuple[int, int]]:
    """Runs of row groups of at most `rows` rows; a row group that is larger is cut."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
    start, length = 0, 0
    for size in sizes:
        if length and length + size > rows:
            yield start, length
            start, length = start + length, 0
        length += size
        while length > rows:
            yield start, rows
            start, length = start + rows, length - rows
    if length:
        yield start, length


