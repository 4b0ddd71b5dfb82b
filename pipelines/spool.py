"""The spool: rows of a load under way, on disk by table and chunk, so that memory follows one chunk.

Nothing here outlives its load. What a killed run left is removed by the next load of the same name.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

import polars as pl

from models.catalogue import facts
from models.table import Table
from pipelines.errors import LakeError


class Spool:
    """A context: `write` frames by qualified table name, read them back a chunk at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name
        self._chunks = 0

    def __enter__(self) -> Spool:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every fact table, with rows or without: a load replaces them all."""
        return tuple(facts())

    def write(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """One chunk; frames without rows take no file. Raises `LakeError` when the disk is full."""
        self._chunks += 1
        for name, frame in frames.items():
            if frame.is_empty():
                continue
            try:
                frame.write_parquet(self._folder / f"{name}-{self._chunks:06d}.parquet", compression="lz4")
            except (OSError, pl.exceptions.PolarsError) as error:  # polars hides a full disk in errors of its own
                raise LakeError(
                    f"the spool in {self._folder} could not be written: {error}",
                    remedy="make room on the disk, then run again; nothing was replaced",
                ) from error

    def read(self, table: Table) -> Iterator[pl.DataFrame]:
        """The table's chunks in the order in which they were written."""
        for path in sorted(self._folder.glob(f"{table.qualified_name}-*.parquet")):
            yield pl.read_parquet(path)
