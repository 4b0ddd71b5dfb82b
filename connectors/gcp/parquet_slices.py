"""Parquet of the billing table, a slice of rows at a time: memory follows the slice, not the file."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from connectors.errors import AnswerError
from connectors.exports.places import local_path, recall, sha256_of_local
from connectors.exports.sniffing import sniff
from connectors.protocol import FileReference

if TYPE_CHECKING:
    import pyarrow.parquet as pq

SLICE_ROWS = 100_000


def row_count(content: bytes | Path, name: str) -> int:
    """How many rows a file has, by its footer. Raises `AnswerError` for what is no whole Parquet."""
    import pyarrow.parquet as pq

    with _errors_named(name):
        if isinstance(content, bytes):
            _check_parquet(content, name)
        with pq.ParquetFile(content if isinstance(content, Path) else io.BytesIO(content)) as file:
            return file.metadata.num_rows


@contextmanager
def opened(body: bytes | FileReference, name: str, storage: Mapping[str, str]) -> Generator[pq.ParquetFile]:
    """The file, open. One that was archived by reference must still be what it was: `AnswerError` where it is not."""
    import pyarrow.parquet as pq

    with _errors_named(name):
        if isinstance(body, FileReference) and body.url.startswith("file://"):
            path = local_path(body.url)
            if not path.is_file() or path.stat().st_size != body.size or sha256_of_local(path) != body.sha256:
                raise AnswerError(
                    f"{body.url} is no longer the file that was pulled: it is gone, or its size or hash changed",
                    remedy="pull the period again; to keep copies of larger files raise keep_copies_up_to_mib",
                )
            with pq.ParquetFile(path) as file:
                yield file
        else:
            content = recall(body, storage) if isinstance(body, FileReference) else body
            _check_parquet(content, name)
            with pq.ParquetFile(io.BytesIO(content)) as file:
                yield file


def _check_parquet(content: bytes, name: str) -> None:
    if sniff(content, name).format != "parquet":
        raise AnswerError(f"{name} is no Parquet", remedy="export the table as Parquet")


@contextmanager
def _errors_named(name: str) -> Generator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise AnswerError(
            f"{name} is Parquet that cannot be read: {line[:200]}", remedy="export or download it again"
        ) from error


def slices(file: pq.ParquetFile, columns: Sequence[str], rows: int = SLICE_ROWS) -> Iterator[pl.DataFrame]:
    """The file's rows in order, those of `columns` that it has; at least one slice, so that its schema is seen."""
    import pyarrow as pa

    present = [name for name in file.schema_arrow.names if name in columns]
    schema = pa.schema([file.schema_arrow.field(name) for name in present])
    seen = False
    for batch in file.iter_batches(batch_size=rows, columns=present):
        seen = True
        yield _frame(pa.Table.from_batches([batch]))
    if not seen:
        yield _frame(schema.empty_table())


def _frame(table: object) -> pl.DataFrame:
    frame = pl.from_arrow(table)  # type: ignore[arg-type]
    assert isinstance(frame, pl.DataFrame)
    return frame
