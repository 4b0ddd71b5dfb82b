"""The database under the control store: how it is opened, what a transaction is, and which schema it may have.

SQLite runs in WAL with a busy time-out: readers never wait for the writer. Writing transactions begin IMMEDIATE, so
that two of them never deadlock half-way. No table's meaning belongs here.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from connectors.control.errors import ControlError
from connectors.control.tables import METADATA, SCHEMA, SCHEMA_VERSION

BUSY_SECONDS = 30
_WRITES = "outlay_writes"
_WRITERS = 0x0071A7


class Database:
    """An engine with a schema that we understand. `reading` and `writing` are its only doors."""

    def __init__(self, url: str, *, schema_version: int = SCHEMA_VERSION) -> None:
        self.url = _parsed(url)
        self._engine = _engine(self.url)
        try:
            self._prepare(schema_version)
        except SQLAlchemyError as error:
            self.close()
            raise _cannot_open(self.url, error) from error
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """One snapshot: all that is read inside belongs together, whatever is written meanwhile."""
        try:
            with self._engine.connect() as connection:
                isolation = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
                connection.execution_options(**isolation)
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            raise _failed(self.url, error) from error

    @contextmanager
    def writing(self) -> Generator[sa.Connection]:
        """One transaction: committed at the end, or nothing of it."""
        try:
            with self._engine.connect() as connection, connection.execution_options(**{_WRITES: True}).begin():
                if not self.is_sqlite:
                    # one writer at a time, as in SQLite: writes are few and small, and nothing has to be retried
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
                yield connection
        except SQLAlchemyError as error:
            raise _failed(self.url, error) from error

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        self._engine.dispose()

    def _prepare(self, schema_version: int) -> None:
        with self.writing() as connection:
            if not sa.inspect(connection).has_table(SCHEMA.name):
                METADATA.create_all(connection)
                connection.execute(SCHEMA.insert().values(version=schema_version))
            found = connection.execute(sa.select(SCHEMA.c.version)).scalar_one()
            if found < schema_version:
                # every version so far only added tables
                METADATA.create_all(connection)
                connection.execute(SCHEMA.update().values(version=schema_version))
        if found > schema_version:
            raise ControlError(
                f"the control store is of version {found}, made by a newer Outlay; this one knows {schema_version}",
                remedy="upgrade Outlay on this machine, or point --home at another folder; nothing was changed",
            )


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ControlError(
            "the control store's address cannot be read as a database URL",
            remedy="write sqlite:///path/to/outlay.db or postgresql+<driver>://user@host/database",
        ) from error
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ControlError(
                "a control store in memory forgets everything",
                remedy="name a file: sqlite:///path/to/outlay.db",
            )
        try:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_open(parsed, error) from error
    return parsed


def _engine(url: URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(url, pool_pre_ping=True)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise ControlError(
                f"no driver for {url.drivername} is installed ({error})",
                remedy="install one beside Outlay, for example `pip install psycopg[binary]` for postgresql+psycopg",
            ) from error
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, poolclass=sa.NullPool)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # the driver opens no transactions of its own; `begun` does
        _write_ahead(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(connection: Any) -> None:
    """Switch to WAL. SQLite's busy time-out does not cover this switch, so two first openings may collide."""
    import sqlite3

    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _cannot_open(url: URL, error: Exception) -> ControlError:
    return ControlError(
        f"the control store {_shown(url)} cannot be opened: {_reason(error)}",
        remedy="check that the folder or server exists, can be written and is not full",
    )


def _failed(url: URL, error: Exception) -> ControlError:
    return ControlError(
        f"the control store {_shown(url)} failed: {_reason(error)}",
        remedy="check that its disk is not full and no other program holds it, and run again; nothing was half written",
    )


def _reason(error: Exception) -> str:
    """The driver's own words, without the statement and its parameters."""
    return str(getattr(error, "orig", None) or error).splitlines()[0][:200]
