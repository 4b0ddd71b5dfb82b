"""Running a statement that was let through: settings of the connection, limits, and results without surprises.

Both ways of the door use it, in whichever process they run. It imports little, because a sandbox starts with it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.errors import DoorError, QueryError, QueryLimitError
from pipelines.sql_text import identifier, literal

SCHEMAS = ("focus", "usage", "estimates", "prices", "marts", "ops")
"""Where a table without a schema is looked for, in this order."""

_BATCH_ROWS = 10_000
_MOST_COLUMNS = 1_000
_FILE_OF_VIEW = re.compile(r"'((?:[^']|'')+\.parquet)'")


@dataclass(frozen=True)
class Limits:
    """What one query may take; None: as much as it likes. `result_mib` bounds what comes back."""

    seconds: float | None = None
    memory_mib: int | None = None
    rows: int | None = None
    result_mib: int | None = None


@dataclass(frozen=True)
class Fetched:
    """An Arrow table, and whether more rows were there than allowed."""

    table: Any
    truncated: bool


def connect(limits: Limits, temporary: str) -> duckdb.DuckDBPyConnection:
    """An empty database in memory that loads no extension and reads no variables of Python; spills to `temporary`."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET temp_directory = {literal(temporary)}")
    if limits.memory_mib is not None:
        connection.execute(f"SET memory_limit = '{limits.memory_mib}MiB'")
    return connection


def shut(connection: duckdb.DuckDBPyConnection, readable: list[str]) -> None:
    """From here on only `readable` files can be opened, and nothing of this can be undone on this connection."""
    listed = ", ".join(literal(path) for path in readable)
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def enter(connection: duckdb.DuckDBPyConnection, published: Path | str) -> list[str]:
    """Open the published file as `outlay`, to be read, and shut everything else; the names of what there is to ask,
    with their schemas. Raises `duckdb.Error`."""
    connection.execute(f"ATTACH {literal(published)} AS outlay (READ_ONLY)")
    connection.execute("USE outlay")
    views = connection.execute("SELECT schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal").fetchall()
    tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
    present = {schema for schema, *_ in [*views, *tables]}
    search(connection, [f"outlay.{schema}" for schema in SCHEMAS if schema in present])
    shut(connection, [name.replace("''", "'") for *_, sql in views for name in _FILE_OF_VIEW.findall(sql)])
    return [f"{schema}.{name}" for schema, name, *_ in [*views, *tables]]


def search(connection: duckdb.DuckDBPyConnection, schemas: list[str]) -> None:
    """Where a table without a schema is looked for."""
    connection.execute(f"SET search_path = {literal(','.join(schemas) or 'main')}")


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, limits: Limits) -> Fetched:
    """Run the statement and read its rows. Raises `QueryError` or `QueryLimitError`."""
    with _alarm(connection, limits) as rang:
        try:
            return _rows(_plain_types(connection.sql(sql)), limits)
        except (duckdb.Error, pa.ArrowException, OSError, MemoryError) as error:
            raise explained(error, limits, interrupted=rang.is_set()) from None


def explained(error: BaseException, limits: Limits, *, interrupted: bool = False) -> DoorError:
    """The database's error in words for people."""
    if interrupted or isinstance(error, duckdb.InterruptException):
        return took_too_long(limits)
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError)):
        return took_too_much(limits)
    reason = "\n".join(line for line in str(error).splitlines() if line.strip())[:600]
    return QueryError(reason, remedy="correct the query; `SHOW ALL TABLES` lists tables and columns")


def took_too_long(limits: Limits) -> QueryLimitError:
    return QueryLimitError(
        f"the query was stopped after {limits.seconds:g} seconds",
        remedy="ask for fewer days or columns, or look for a join without a condition",
    )


def took_too_much(limits: Limits) -> QueryLimitError:
    allowed = "there is" if limits.memory_mib is None else f"the {limits.memory_mib} MiB that are allowed"
    return QueryLimitError(
        f"the query needs more memory than {allowed}",
        remedy="ask for fewer days or columns, or add up before joining",
    )


def _plain_types(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Intervals as text: Arrow's have no counterpart in what reads the result."""
    if len(relation.columns) > _MOST_COLUMNS:
        raise QueryLimitError(
            f"the result has {len(relation.columns):,} columns, more than the {_MOST_COLUMNS:,} that are allowed",
            remedy="name the columns that you need",
        )
    types = [str(kind) for kind in relation.types]
    if not any("INTERVAL" in kind for kind in types):
        return relation
    columns = ", ".join(
        f"CAST(#{n} AS VARCHAR) AS {identifier(name)}" if "INTERVAL" in kind else f"#{n} AS {identifier(name)}"
        for n, (name, kind) in enumerate(zip(relation.columns, types, strict=True), 1)
    )
    return relation.project(columns)


def _rows(relation: duckdb.DuckDBPyRelation, limits: Limits) -> Fetched:
    reader = relation.to_arrow_reader(_BATCH_ROWS)
    schema = _distinct_names(reader.schema)
    batches: list[Any] = []
    rows = size = 0
    truncated = False
    for batch in reader:
        if limits.rows is not None and rows + batch.num_rows > limits.rows:
            batch = batch.slice(0, limits.rows - rows)  # noqa: PLW2901
            truncated = True
        batches.append(batch.rename_columns(schema.names))
        rows += batch.num_rows
        size += batch.nbytes
        if limits.result_mib is not None and size > limits.result_mib * 2**20:
            raise QueryLimitError(
                f"the result is larger than the {limits.result_mib} MiB that are allowed",
                remedy="add up, or ask for fewer rows or columns",
            )
        if truncated:
            break
    return Fetched(pa.Table.from_batches(batches, schema=schema), truncated)


def _distinct_names(schema: Any) -> Any:
    """SQL lets two columns share a name; frames do not: the second `a` becomes `a_2`."""
    taken: set[str] = set()
    fields: list[Any] = []
    for field in schema:
        name, count = field.name, 1
        while name in taken:
            count += 1
            name = f"{field.name}_{count}"
        taken.add(name)
        fields.append(field.with_name(name))
    return pa.schema(fields)


@contextmanager
def _alarm(connection: duckdb.DuckDBPyConnection, limits: Limits) -> Generator[threading.Event]:
    """Interrupts the query when its time is up; the event tells that this happened."""
    rang = threading.Event()

    def ring() -> None:
        rang.set()
        connection.interrupt()

    if limits.seconds is None:
        yield rang
        return
    alarm = threading.Timer(limits.seconds, ring)
    alarm.daemon = True
    alarm.start()
    try:
        yield rang
    finally:
        alarm.cancel()
