"""Export files as slices of at most some rows, under their own names, so that memory follows a slice and not the file.

Parquet is read by row groups; a CSV is held whole (it reaches us whole), and cut.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from connectors.aws import tag_maps
from connectors.aws.columns import TAGS, WRITTEN_TAGS, check_columns, cur2_name, wanted
from connectors.aws.maps import as_json_objects
from connectors.errors import AnswerError
from connectors.exports.places import local_path, sha256_of, sha256_of_local
from connectors.exports.reading import read_file
from connectors.exports.sniffing import sniff
from connectors.protocol import FileReference, Finding

ROWS = 100_000
"""Rows of one slice at most."""

_APART = ("product",)
"""Maps of which only a few rows are looked at: read when they are asked for."""

_SHORT = 1024
"""Bytes that gzip of nothing stays below, with a name in its header."""


@dataclass(frozen=True)
class Slice:
    """Some rows of a file, and its `product` maps on demand (None where it has none)."""

    frame: pl.DataFrame
    product: Callable[[], pl.Series] | None


@dataclass
class OpenFile:
    """A file that was pulled: its columns and rows, readable in slices."""

    name: str
    columns: tuple[str, ...]
    rows: int
    findings: tuple[Finding, ...] = ()
    _parquet: Path | bytes | None = field(default=None, repr=False)
    _frame: pl.DataFrame | None = field(default=None, repr=False)

    def slices(self, rows: int = ROWS) -> Iterator[Slice]:
        """The rows, some at a time, only the columns that are read."""
        if self._frame is not None:
            for frame in self._frame.iter_slices(rows):
                yield Slice(frame, (lambda held=frame: held["product"]) if "product" in frame.columns else None)
            return
        yield from self._parquet_slices(rows)

    def whole_slices(self, rows: int = ROWS) -> Iterator[pl.DataFrame]:
        """The rows with all of their columns, some at a time."""
        if self._frame is not None:
            yield from self._frame.iter_slices(rows)
            return
        for start in range(0, self.rows, rows):
            yield self._collected(list(self.columns), start, min(rows, self.rows - start))

    def texts(self, names: Sequence[str], rows: int = ROWS) -> Iterator[pl.DataFrame]:
        """A few columns of text of all rows, some at a time, by CUR 2.0's names; null where the file lacks one."""
        held = {column: cur2_name(column) for column in self.columns if cur2_name(column) in names}
        absent = [pl.lit(None, dtype=pl.String).alias(name) for name in names if name not in held.values()]
        for start in range(0, self.rows, rows):
            length = min(rows, self.rows - start)
            frame = self._collected(list(held), start, length) if self._frame is None else self._frame[start:][:length]
            yield frame.select(*(pl.col(old).cast(pl.String).alias(new) for old, new in held.items()), *absent)

    def _parquet_slices(self, rows: int) -> Iterator[Slice]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self._source()) as plain:
            metadata = plain.metadata
            by_dictionary = TAGS in self.columns and tag_maps.is_text_map(plain.schema_arrow.field(TAGS).type)
        paths = (metadata.schema.column(place).path for place in range(metadata.num_columns))
        leaves = [path for path in paths if path.startswith(f"{TAGS}.")] if by_dictionary else None
        left_out = {*_APART, TAGS} if by_dictionary else {*_APART}
        names = [name for name in wanted(self.columns) if name not in left_out]
        product = "product" in self.columns
        with pq.ParquetFile(self._source(), read_dictionary=leaves) as file:
            for groups, start, length in _runs(metadata, rows):
                tags = self._tags(file, groups, start, length) if by_dictionary else None
                for offset in range(0, length, rows):
                    taken = min(rows, length - offset)
                    frame = self._collected(names, start + offset, taken)
                    if tags is not None:
                        frame = frame.with_columns(tags.slice(offset, taken).alias(WRITTEN_TAGS))
                    yield Slice(frame, self._product_at(start + offset, taken) if product else None)

    def _tags(self, file: Any, groups: list[int], start: int, length: int) -> pl.Series:
        """Tags of some row groups as JSON; those whose dictionaries were given up on the way are read as they are."""
        import pyarrow as pa

        try:
            return pl.concat([tag_maps.written(file.read_row_group(group, columns=[TAGS])[TAGS]) for group in groups])
        except pa.ArrowNotImplementedError:
            return as_json_objects(self._collected([TAGS], start, length), TAGS, "", self.name)

    def _product_at(self, start: int, length: int) -> Callable[[], pl.Series]:
        return lambda: self._collected(["product"], start, length)["product"]

    def _collected(self, names: list[str], start: int, length: int) -> pl.DataFrame:
        scan = pl.scan_parquet(self._source(), hive_partitioning=False)
        try:
            return scan.select(names).slice(start, length).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged(self.name, error) from error

    def _source(self) -> Path | io.BytesIO:
        assert self._parquet is not None
        return io.BytesIO(self._parquet) if isinstance(self._parquet, bytes) else self._parquet


def open_file(
    body: bytes | FileReference,
    name: str,
    read: Callable[[str], bytes],
    *,
    is_bill: bool = True,
    may_be_empty: bool = False,
) -> OpenFile:
    """A pulled file, its header read; `read` gives the content of an address in an object store, `is_bill` says that
    its columns must be a cost and usage report's, `may_be_empty` that CSV of nothing at all is a chunk without rows.
    Raises `AnswerError` for one that is not what was pulled, or is damaged."""
    if isinstance(body, FileReference):
        if body.url.startswith("file://"):
            opened = _open_local(body, name, is_bill=is_bill)
            if opened is not None:
                return opened
            body = local_path(body.url).read_bytes()
        else:
            content = read(body.url)
            if len(content) != body.size or sha256_of(content) != body.sha256:
                raise _changed(body.url)
            body = content
    if may_be_empty and _is_nothing(body, name):
        return OpenFile(name, (), 0)
    return _open_bytes(body, name, is_bill=is_bill)


def _is_nothing(body: bytes, name: str) -> bool:
    """CSV of no byte, compressed or not."""
    if not name.casefold().endswith((".csv", ".csv.gz")) or len(body) > _SHORT:
        return False
    try:
        return not (gzip.decompress(body) if body else body)
    except (OSError, EOFError, zlib.error):
        return False


def _changed(url: str) -> AnswerError:
    return AnswerError(
        f"{url} is no longer the file that was pulled",
        remedy="pull the period again; to keep copies of larger files raise keep_copies_up_to_mib",
    )


def _open_local(reference: FileReference, name: str, *, is_bill: bool) -> OpenFile | None:
    """Parquet on this machine, read where it lies; None for CSV, which is read whole."""
    path = local_path(reference.url)
    try:
        same = path.stat().st_size == reference.size and sha256_of_local(path) == reference.sha256
    except OSError:
        same = False
    if not same:
        raise _changed(reference.url)
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    return _open_parquet(path, name, is_bill=is_bill) if is_parquet else None


def _open_bytes(body: bytes, name: str, *, is_bill: bool) -> OpenFile:
    sniffed = sniff(body, name)
    if sniffed.format == "parquet":
        return _open_parquet(sniffed.body, name, is_bill=is_bill)
    header = _header(sniffed.body)
    findings = check_columns(header, name) if is_bill else ()
    frame = read_file(sniffed.body, name.removesuffix(".gz"), only=list(wanted(header)) if is_bill else ())
    return OpenFile(name, tuple(header), frame.height, findings, None, frame)


def _open_parquet(source: Path | bytes, name: str, *, is_bill: bool) -> OpenFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            columns, rows = tuple(file.schema_arrow.names), int(file.metadata.num_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(name, error) from error
    return OpenFile(name, columns, rows, check_columns(columns, name) if rows and is_bill else (), source)


def _damaged(name: str, error: Exception) -> AnswerError:
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return AnswerError(
        f"{name} is Parquet that cannot be read, it may be cut off: {first[:200]}",
        remedy="download or export it again",
    )


def _header(body: bytes) -> list[str]:
    import csv

    first = body[: body.find(b"\n")] if b"\n" in body else body
    return [column.strip() for column in next(csv.reader([first.decode("utf-8-sig").rstrip("\r")]), [])]


def _runs(metadata: Any, rows: int) -> Iterator[tuple[list[int], int, int]]:
    """Runs of row groups of at most `rows` rows (a larger group is a run of its own): which, where, how many."""
    groups: list[int] = []
    start = length = 0
    for group in range(metadata.num_row_groups):
        size = int(metadata.row_group(group).num_rows)
        if groups and length + size > rows:
            yield groups, start, length
            groups, start, length = [], start + length, 0
        groups.append(group)
        length += size
    if length:
        yield groups, start, length
