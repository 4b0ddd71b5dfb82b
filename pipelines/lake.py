"""The lake: fact tables as Delta Lake, replaced a (source, billing period) at a time. The only writer of facts.

Here belongs how rows become files: the partition columns, the one predicate, the check before writing, the commit,
and which files may be removed. Which files count is not decided here: that is the control store's commit of a load.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse

import obstore
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from connectors.control.records import LakeFiles
from models.errors import OutlayError
from models.table import Table
from pipelines.errors import LakeError
from pipelines.partition import PERIOD_COLUMN, SOURCE_COLUMN, Partition, arrow_schema

__all__ = ["Lake", "LakeFiles", "Partition"]

_COMMIT_ATTEMPTS = 8
_COMMIT_RETRIES_INSIDE = 100  # delta-rs rebases a commit on another partition's by itself; each try is cheap
_GROWING = "outlay"
"""Under this name Delta remembers how far a table has grown."""
_FILE_ROWS = 1_000_000
"""Rows after which the next file begins."""


@dataclass(frozen=True)
class _Written:
    """A file that was written: its path below the table, its rows and bytes."""

    path: str
    rows: int
    size: int


class Lake:
    """Delta tables under `root`, a local folder or an object store URL, at `<schema>/<table>`.

    `storage_options` go to the object store as they are; without them its usual environment variables count. Raises
    `LakeError` for a folder that cannot hold it.
    """

    def __init__(self, root: str | Path, storage_options: dict[str, str] | None = None) -> None:
        text = str(root)
        remote = "://" in text and not text.startswith("file://")
        folder = Path(unquote(urlparse(text).path) if "://" in text else text).expanduser().resolve()
        if not remote and {"[", "]"} & set(str(folder)):
            raise LakeError(
                f"{folder} cannot hold the lake: delta-rs takes no path with [ or ] in it",
                remedy="put the home into a folder without brackets in its path",
            )
        self.local_root: Path | None = None if remote else folder
        self.root = text.rstrip("/") if remote else str(folder)
        self.storage_options = storage_options

    def replace(self, table: Table, source: str, billing_period: str, frames: Iterable[pl.DataFrame]) -> LakeFiles:
        """Put the rows of `frames` in the place of all that this source had in this billing period; one commit.

        Frames are streamed: each is checked against the whole contract and written before the next is asked for.
        No frames, or none with rows, empty the partition. Returns the partition's exact files afterwards.
        Raises `ContractError` (nothing is committed), `LakeError`, or whatever `frames` raises.
        The caller holds the lock of (source, billing period).
        """
        partition = Partition(source, billing_period)
        try:
            order = self._prepare(table, partition)
            written = self._write(table, partition, frames, order)
            self._commit(table, partition, written)
        except (DeltaError, OSError, pa.ArrowException, BaseError) as error:
            raise _failed(table, partition, error) from error
        return LakeFiles(
            table=table.qualified_name,
            source=source,
            billing_period=billing_period,
            paths=tuple(sorted(f"{table.schema}/{table.name}/{file.path}" for file in written)),
            rows=sum(file.rows for file in written),
            size_bytes=sum(file.size for file in written),
        )

    def append(self, table: Table, partition: Partition, frame: pl.DataFrame, *, until: int) -> None:
        """Add rows to a table that only grows. The commit remembers `until`, the number of its last row, so that
        `reached` knows it: both or neither.

        The caller holds the lock under which the table grows. Raises `ContractError`, `LakeError`.
        """
        try:
            order = self._prepare(table, partition)
            self._commit(table, partition, self._write(table, partition, [frame], order), until=until)
        except (DeltaError, OSError, pa.ArrowException, BaseError) as error:
            raise _failed(table, partition, error) from error

    def reached(self, table: Table) -> int:
        """The number of the last row that was appended; 0 where there is none."""
        try:
            delta = self._open(table)
            return 0 if delta is None else delta.transaction_version(_GROWING) or 0
        except (DeltaError, OSError) as error:
            raise _unread(table, error) from error

    def grown(self, table: Table) -> pl.DataFrame:
        """All rows of a table that only grows, in its contract's columns. Raises `LakeError`."""
        try:
            return self.read(table, self.files(table)).collect()
        except (DeltaError, OSError, pl.exceptions.PolarsError) as error:
            raise _unread(table, error) from error

    def _write(
        self, table: Table, partition: Partition, frames: Iterable[pl.DataFrame], order: list[str]
    ) -> list[_Written]:
        """The rows as Parquet files that no table names yet, each of `_FILE_ROWS` rows and the frame that filled it.

        Written here and not by delta-rs, whose writer asks a query engine about every row: eight times the work.
        """
        columns = pl.Schema({name: table.polars_schema[name] for name in order if name in table.polars_schema})
        schema = arrow_schema(columns)
        written: list[_Written] = []
        checked = (partition.checked(table, frame) for frame in frames)
        filled = (frame.select(list(columns)) for frame in checked if frame.height)
        for first in filled:
            path, rows = f"{partition.folder}part-{uuid.uuid4()}.zstd.parquet", 0
            with self._opened(table, path) as file:
                with pq.ParquetWriter(file, schema, compression="zstd", compression_level=3) as writer:
                    for frame in chain([first], filled):
                        writer.write_table(frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))
                        rows += frame.height
                        if rows >= _FILE_ROWS:
                            break
                size = file.tell()
            written.append(_Written(path, rows, size))
        return written

    @contextmanager
    def _opened(self, table: Table, path: str) -> Generator[Any]:
        """A new file of the table, to be written; what is half-written is swept like any file that nobody names."""
        if self.local_root is None:
            writer = obstore.open_writer(self._store(), f"{table.schema}/{table.name}/{path}")
            with pa.PythonFile(writer, mode="w") as file:
                yield file
            return
        target = self.local_root / table.schema / table.name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            yield file

    def _commit(self, table: Table, partition: Partition, written: list[_Written], *, until: int | None = None) -> None:
        """These files in the place of the partition's; of two at once, the later is put on top of the earlier.

        With `until`, beside the partition's; of two at once that reach as far, the later fails.
        """
        now = int(time.time() * 1000)
        values = {SOURCE_COLUMN: partition.source, PERIOD_COLUMN: partition.billing_period}
        actions: list[AddAction | RemoveAction] = [
            AddAction(file.path, file.size, values, now, data_change=True, stats=json.dumps({"numRecords": file.rows}))
            for file in written
        ]
        for attempt in range(1, _COMMIT_ATTEMPTS + 1):
            delta = DeltaTable(self._uri(table), storage_options=self.storage_options)
            try:
                delta.create_write_transaction(
                    actions,
                    mode="overwrite" if until is None else "append",
                    schema=delta.schema(),
                    partition_by=list(values),
                    partition_filters=[(name, "=", value) for name, value in values.items()] if until is None else None,
                    commit_properties=CommitProperties(
                        max_commit_retries=_COMMIT_RETRIES_INSIDE,
                        app_transactions=None if until is None else [Transaction(_GROWING, until)],
                    ),
                )
                return
            except CommitFailedError:
                if attempt == _COMMIT_ATTEMPTS:
                    raise
                _pause(attempt)

    def read(self, table: Table, files: Iterable[LakeFiles | str]) -> pl.LazyFrame:
        """The rows of exactly these files, in the contract's columns; no files are no rows."""
        paths = [path for item in files for path in ((item,) if isinstance(item, str) else item.paths)]
        if not paths:
            return table.empty().lazy()
        return pl.scan_parquet(
            [f"{self.root}/{path}" for path in paths],
            schema=table.polars_schema,
            missing_columns="insert",
            extra_columns="ignore",
            hive_partitioning=False,
            storage_options=self.storage_options,
        )

    def holds(self, paths: Iterable[str]) -> bool:
        """Whether all these files are there. An object store is believed: it loses nothing by itself."""
        return self.local_root is None or all((self.local_root / path).is_file() for path in paths)

    def files(self, table: Table, source: str | None = None, billing_period: str | None = None) -> list[str]:
        """What Delta's newest version holds, as paths below the root. Readers use committed loads instead."""
        return sorted(
            path
            for path, in_source, in_period, _, _ in self._added(table)
            if source in (None, in_source) and billing_period in (None, in_period)
        )

    def local_path(self, path: str, mirror: Path) -> Path:
        """Where a file of the lake lies on this machine; from an object store it is copied into `mirror` once."""
        if self.local_root is not None:
            return self.local_root / path
        target = mirror / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f"{target.name}.{random.getrandbits(32):08x}.tmp")
            partial.write_bytes(bytes(self._store().get(path).bytes()))
            partial.replace(target)
        return target

    def vacuum(self, table: Table, keep: Collection[str], *, older_than_hours: float = 168) -> list[str]:
        """Remove files that neither Delta's newest version nor `keep` names; returns what was removed.

        `keep` are the paths that committed loads and publications still name (`ControlStore.named_files`). Younger
        files stay, because another run may just be writing them.
        """
        delta = self._open(table)
        if delta is None:
            return []
        candidates = delta.vacuum(
            retention_hours=int(older_than_hours), dry_run=True, enforce_retention_duration=False, full=True
        )
        named = frozenset(keep)
        prefix = f"{table.schema}/{table.name}/"
        removable = sorted({prefix + unquote(path) for path in candidates} - named)
        self._delete(removable)
        return removable

    def _uri(self, table: Table) -> str:
        return f"{self.root}/{table.schema}/{table.name}"

    def _open(self, table: Table) -> DeltaTable | None:
        try:
            return DeltaTable(self._uri(table), storage_options=self.storage_options)
        except TableNotFoundError:
            return None

    def _prepare(self, table: Table, partition: Partition) -> list[str]:
        """Make the table, or add the columns that the contract gained; returns Delta's order of columns.

        Apart from the write, because a change of metadata is the one thing that delta-rs will not rebase a
        concurrent commit on, and a stream of rows cannot be written twice.
        """
        wanted = {**table.polars_schema, SOURCE_COLUMN: pl.String(), PERIOD_COLUMN: pl.String()}
        schema = DeltaSchema.from_arrow(arrow_schema(pl.Schema(wanted)))
        for attempt in range(1, _COMMIT_ATTEMPTS + 1):
            try:
                delta = self._open(table)
                if delta is None:
                    delta = DeltaTable.create(
                        self._uri(table),
                        schema,
                        mode="ignore",
                        partition_by=[SOURCE_COLUMN, PERIOD_COLUMN],
                        storage_options=self.storage_options,
                    )
                present = [column.name for column in delta.schema().fields]
                gained = [column for column in schema.fields if column.name not in present]
                if not gained:
                    return present
                delta.alter.add_columns(gained)
            except (DeltaError, OSError) as error:
                if attempt == _COMMIT_ATTEMPTS or not isinstance(error, CommitFailedError):
                    raise _failed(table, partition, error) from error
                _pause(attempt)
        return self._prepare(table, partition)

    def _added(self, table: Table) -> Iterator[tuple[str, str, str, int, int]]:
        """Path below the root, source, billing period, rows and bytes of each file of the newest version."""
        delta = self._open(table)
        if delta is None:
            return
        actions = pl.DataFrame(delta.get_add_actions(flatten=True))  # by pyarrow it would import pandas
        columns = ["path", f"partition.{SOURCE_COLUMN}", f"partition.{PERIOD_COLUMN}", "num_records", "size_bytes"]
        for path, source, period, rows, size in actions.select(columns).iter_rows():
            yield f"{table.schema}/{table.name}/{unquote(path)}", source, period, rows, size

    def _delete(self, paths: list[str]) -> None:
        if self.local_root is not None:
            for path in paths:
                (self.local_root / path).unlink(missing_ok=True)
        elif paths:
            self._store().delete(paths)

    def _store(self) -> ObjectStore:
        return from_url(self.root, config=cast("Any", self.storage_options))


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0.05, 0.1) * 2**attempt)


def _unread(table: Table, error: Exception) -> LakeError:
    reason = (str(error).splitlines() or [repr(error)])[0]  # what follows is a trace of the library's
    return LakeError(
        f"{table.qualified_name} could not be read from the lake: {reason[:300]}",
        remedy="check that the lake's folder or object store can be reached, and run again",
    )


def _failed(table: Table, partition: Partition, error: Exception) -> OutlayError:
    reason = str(error)
    if "No space left" in reason or "os error 28" in reason:
        remedy = "free some space and run again; nothing of this load was published"
    elif isinstance(error, CommitFailedError):
        remedy = "another run changed the same table at the same time; run again"
    else:
        remedy = "check that the lake's folder or object store can be reached and written, and run again"
    return LakeError(
        f"{table.qualified_name} could not be written: {reason[:300]}",
        remedy=remedy,
        source=partition.source,
        window=partition.billing_period,
    )
