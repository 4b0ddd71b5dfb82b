"""The SQL door: the one way in which a query reaches the published warehouse.

*owner* is for people who own the files (CLI): in this process, read-only, guarded against accidents. *sandbox* is for
everyone else: in a process of its own that can be killed, over copies of what the caller may see. Which statements
may pass is in `statements`, how one is run in `fetching`, what the other process does in `sandbox`.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import duckdb
import polars as pl
import pyarrow as pa

from pipelines import errors
from pipelines.errors import DoorError, QueryError
from pipelines.fetching import SCHEMAS, Fetched, Limits, connect, explained, fetch, shut, took_too_long, took_too_much
from pipelines.sql_text import literal
from pipelines.statements import checked

__all__ = ["OWNER_LIMITS", "SANDBOX_LIMITS", "Grant", "Limits", "QueryResult", "query"]

OWNER_LIMITS = Limits(seconds=600)
SANDBOX_LIMITS = Limits(seconds=30, memory_mib=1024, rows=10_000, result_mib=64)

_FILE_OF_VIEW = re.compile(r"'((?:[^']|'')+\.parquet)'")
_DIED_OF_MEMORY = {-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, 134, 137, 139}


@dataclass(frozen=True)
class Grant:
    """A table that the caller may see, by qualified name; its `columns`, None: all; `only` rows with these values."""

    table: str
    columns: tuple[str, ...] | None = None
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True)
class QueryResult:
    """The rows, exact (decimals stay decimals), and whether there were more than the limits allow."""

    rows: pl.DataFrame
    truncated: bool


def query(
    database: Path | str,
    sql: str,
    *,
    mode: Literal["owner", "sandbox"] = "owner",
    grants: Collection[Grant] = (),
    limits: Limits | None = None,
) -> QueryResult:
    """Run one reading statement on the published file (or the link to it). Instants are in UTC.

    A table may be named without its schema. In the sandbox only what `grants` name is there. Raises
    `StatementRefusedError`, `QueryError` or `QueryLimitError`; nothing outside the file is read, nothing written.
    """
    path = Path(database).resolve()
    if not path.is_file():
        raise QueryError("nothing is published yet", remedy="run `outlay run` or `outlay demo` first")
    if mode == "owner":
        fetched = _as_owner(path, sql, limits or OWNER_LIMITS)
    else:
        fetched = _in_sandbox(path, sql, grants, limits or SANDBOX_LIMITS)
    return QueryResult(cast("pl.DataFrame", pl.from_arrow(fetched.table)), fetched.truncated)


def _as_owner(path: Path, sql: str, limits: Limits) -> Fetched:
    statement = checked(sql)
    with tempfile.TemporaryDirectory(prefix="outlay-sql-") as temporary, connect(limits, temporary) as connection:
        try:
            connection.execute(f"ATTACH {literal(path)} AS outlay (READ_ONLY)")
            connection.execute("USE outlay")
            views = connection.execute("SELECT sql FROM duckdb_views() WHERE NOT internal").fetchall()
            schemas = {row[0] for row in connection.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()}
            path_of_search = ",".join(f"outlay.{schema}" for schema in SCHEMAS if schema in schemas)
            if path_of_search:
                connection.execute(f"SET search_path = {literal(path_of_search)}")
            shut(connection, [name.replace("''", "'") for (view,) in views for name in _FILE_OF_VIEW.findall(view)])
        except duckdb.Error as error:
            raise explained(error, limits) from None
        return fetch(connection, statement.sql, limits)


def _in_sandbox(path: Path, sql: str, grants: Collection[Grant], limits: Limits) -> Fetched:
    request = {
        "database": str(path),
        "sql": sql,
        "grants": [asdict(grant) for grant in grants],
        "limits": asdict(limits),
    }
    with (
        tempfile.TemporaryDirectory(prefix="outlay-sql-") as empty,
        subprocess.Popen(
            [sys.executable, "-I", "-m", "pipelines.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=empty,
            env={name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
            start_new_session=True,
        ) as process,
    ):
        try:
            answer, _ = process.communicate(json.dumps(request).encode(), timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            raise took_too_long(limits) from None
        finally:
            process.kill()
    return _understood(answer, process.returncode, limits)


def _understood(answer: bytes, code: int, limits: Limits) -> Fetched:
    line, _, stream = answer.partition(b"\n")
    if not line:
        if code == -signal.SIGXCPU:
            raise took_too_long(limits)
        if code in _DIED_OF_MEMORY:
            raise took_too_much(limits)
        raise QueryError(f"the query's process ended without an answer (code {code})", remedy="try again")
    header: dict[str, Any] = json.loads(line)
    if "error" in header:
        kind: type[DoorError] = getattr(errors, header["error"])
        raise kind(header["what"], remedy=header["remedy"])
    return Fetched(pa.ipc.open_stream(io.BytesIO(stream)).read_all(), header["truncated"])
