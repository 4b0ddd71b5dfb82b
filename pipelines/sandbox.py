"""The sandbox: a process of its own that takes what the caller may see, shuts itself in, and runs one query.

Who may see everything reads the published file where it is; for others, what they may see is copied first, and the
file let go of. Started by `running` as `python -I -m pipelines.sandbox`, which makes ready and waits. Takes a request
(JSON) on standard input; answers on standard output with a line of JSON and, where all went well, an Arrow stream. It
trusts the request, nothing in the query: the statement is checked here, where a parser that breaks down harms nobody.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import signal
import sys
from typing import Any

import duckdb
import pyarrow as pa

from models.errors import OutlayError
from pipelines.fetching import SCHEMAS, Limits, connect, enter, explained, fetch, search, shut, took_too_much
from pipelines.sql_text import identifier, literal, qualified
from pipelines.statements import Statement, checked, make_ready

_THREADS = 2
_SPARE_SECONDS = 5  # of processor time: starting, copying, answering
_ROOM_MIB = 3072  # what interpreter, libraries and thread stacks reserve without using it


def main() -> int:
    """Answer one request. Exit code 0 also where the query was refused: the answer says so."""
    make_ready()
    asked = sys.stdin.read()
    if not asked:  # whoever started this is gone
        return 0
    request: dict[str, Any] = json.loads(asked)
    limits = Limits(**request["limits"])
    _confine(limits)
    try:
        header, table = _answer(request, limits)
    except OutlayError as error:
        header, table = {"error": type(error).__name__, "what": error.what, "remedy": error.remedy}, None
    except (MemoryError, RecursionError):
        error = took_too_much(limits)
        header, table = {"error": type(error).__name__, "what": error.what, "remedy": error.remedy}, None
    out = sys.stdout.buffer
    out.write(json.dumps(header).encode() + b"\n")
    if table is not None:
        with pa.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table)
    out.flush()
    return 0


def _confine(limits: Limits) -> None:
    """The operating system's own bounds: no byte goes into any file, memory, time and processor time end somewhere.

    They hold also where whoever started this is gone, and where Python itself has no turn any more. Processor time
    counts every thread, so it is the time allowed times the threads: a query within its time never meets it.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.seconds is not None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process
        signal.setitimer(signal.ITIMER_REAL, limits.seconds)
        seconds = math.ceil(limits.seconds * _THREADS) + _SPARE_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + _SPARE_SECONDS))
    if limits.memory_mib is not None:
        room = (limits.memory_mib + _ROOM_MIB) * 2**20
        with contextlib.suppress(ValueError, OSError):  # macOS knows no such limit
            resource.setrlimit(resource.RLIMIT_AS, (room, room))


def _answer(request: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], Any]:
    with connect(limits, temporary="") as connection:
        connection.execute(f"SET threads = {_THREADS}")
        take = _take_everything if request["grants"] is None else _take_granted
        statement = take(connection, request, limits)
        fetched = fetch(connection, statement.sql, limits)
    return {"truncated": fetched.truncated}, fetched.table


def _take_everything(connection: duckdb.DuckDBPyConnection, request: dict[str, Any], limits: Limits) -> Statement:
    try:
        names = enter(connection, request["database"])
    except duckdb.Error as error:
        raise explained(error, limits) from None
    return checked(request["sql"], names)


def _take_granted(connection: duckdb.DuckDBPyConnection, request: dict[str, Any], limits: Limits) -> Statement:
    statement = checked(request["sql"], [grant["table"] for grant in request["grants"]])
    try:
        _copy(connection, statement, request)
    except duckdb.Error as error:
        raise explained(error, limits) from None
    shut(connection, [])
    return statement


def _copy(connection: duckdb.DuckDBPyConnection, statement: Statement, request: dict[str, Any]) -> None:
    """What the caller may see and the statement may need, as tables of our own; then let go of the file."""
    connection.execute(f"ATTACH {literal(request['database'])} AS published (READ_ONLY)")
    named = {name.lower() for _, name in statement.tables}
    there = connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
    for grant in request["grants"]:
        schema, name = grant["table"].split(".")
        read = name.lower() in named
        if (read or statement.asks_what_there_is) and (schema, name) in there:  # an older file may lack it
            _copy_table(connection, statement, grant, schema, name, rows=read)
    connection.execute("DETACH published")
    present = {row[0] for row in connection.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()}
    search(connection, [schema for schema in SCHEMAS if schema in present])


def _copy_table(
    connection: duckdb.DuckDBPyConnection,
    statement: Statement,
    grant: dict[str, Any],
    schema: str,
    name: str,
    *,
    rows: bool,
) -> None:
    found = connection.execute(f"DESCRIBE {qualified('published', schema, name)}").fetchall()
    present = {row[0] for row in found}
    if not present >= grant["only"].keys():  # an older file lacks what says whose rows they are
        return
    allowed = [row[0] for row in found if grant["columns"] is None or row[0] in grant["columns"]]
    needed = [column for column in allowed if statement.names_all_columns or column.lower() in statement.words]
    columns = ", ".join(identifier(column) for column in needed or allowed[:1])
    only = [f"list_contains(?, {identifier(column)})" for column in grant["only"]]
    where = " AND ".join(only if rows else ["false", *only]) or "true"
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
    connection.execute(
        f"CREATE TABLE {qualified(schema, name)} AS SELECT {columns} FROM {qualified('published', schema, name)} "
        f"WHERE {where}",
        list(grant["only"].values()),
    )


if __name__ == "__main__":
    sys.exit(main())
