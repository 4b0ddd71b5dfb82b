"""The SQL door: the one way in which a query reaches the published warehouse.

*owner* is for people who own the files (CLI): in this process, read-only, guarded against accidents. *sandbox* is for
everyone else: in a process of its own that can be killed, over what the caller may see. Which statements may pass is
in `statements`, how one is run in `fetching`, what the other process does in `sandbox`, how it is ended in `running`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal, cast

import duckdb
import polars as pl

from pipelines.errors import QueryError
from pipelines.fetching import Fetched, Limits, connect, enter, explained, fetch
from pipelines.running import Line, QueryResult, Running, line_of_this_machine, warm
from pipelines.statements import checked

__all__ = [
    "EVERYTHING",
    "OWNER_LIMITS",
    "SANDBOX_LIMITS",
    "Grant",
    "Limits",
    "QueryResult",
    "Running",
    "query",
    "start",
    "warm",
]

OWNER_LIMITS = Limits(seconds=600)
SANDBOX_LIMITS = Limits(seconds=30, memory_mib=1024, rows=10_000, result_mib=16)

EVERYTHING: Final = "everything"
"""The grants of people who may see all that is published."""

_LINE = line_of_this_machine()


@dataclass(frozen=True)
class Grant:
    """A table that the caller may see, by qualified name; its `columns`, None: all; `only` rows with these values."""

    table: str
    columns: tuple[str, ...] | None = None
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


Grants = Collection[Grant] | Literal["everything"]


def query(
    database: Path | str,
    sql: str,
    *,
    mode: Literal["owner", "sandbox"] = "owner",
    grants: Grants = (),
    limits: Limits | None = None,
) -> QueryResult:
    """Run one reading statement on the published file (or the link to it). Instants are in UTC.

    A table may be named without its schema. In the sandbox only what `grants` name is there. Raises
    `StatementRefusedError`, `QueryError` or `QueryLimitError`; nothing outside the file is read, nothing written.
    """
    if mode == "sandbox":
        return start(database, sql, grants=grants, limits=limits).result()
    fetched = _as_owner(_published(database), sql, limits or OWNER_LIMITS)
    return QueryResult(cast("pl.DataFrame", pl.from_arrow(fetched.table)), fetched.truncated)


def start(
    database: Path | str,
    sql: str,
    *,
    grants: Grants,
    limits: Limits | None = None,
    line: Line = _LINE,
    whose: str | None = None,
) -> Running:
    """Begin one reading statement in a sandbox, and go on; what it says, or raises, is the `Running`'s `result`.

    Raises `QueryError` where nothing is published, `QueryLimitError` where too many wait in line already, or too many
    of `whose`: people take turns.
    """
    allowed = limits or SANDBOX_LIMITS
    request = {
        "database": str(_published(database)),
        "sql": sql,
        "grants": None if grants == EVERYTHING else [asdict(grant) for grant in grants],
        "limits": asdict(allowed),
    }
    return Running(request, allowed, line, whose)


def _published(database: Path | str) -> Path:
    path = Path(database).resolve()
    if not path.is_file():
        raise QueryError("nothing is published yet", remedy="run `outlay run` or `outlay demo` first")
    return path


def _as_owner(path: Path, sql: str, limits: Limits) -> Fetched:
    statement = checked(sql)
    with tempfile.TemporaryDirectory(prefix="outlay-sql-") as temporary, connect(limits, temporary) as connection:
        try:
            enter(connection, path)
        except duckdb.Error as error:
            raise explained(error, limits) from None
        return fetch(connection, statement.sql, limits)
