"""The control store: the one small transactional memory of what was loaded, told, locked and done.

This is its whole surface, with the logs of alerts (`alerts`) and of uploads (`uploads`); each method is one
transaction. It knows no lake, no warehouse and no vendor. SQLite by default, Postgres by URL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import polars as pl

from connectors.control import acts, history, loads, locks, names, statements, uploads
from connectors.control.alerts import AlertLog
from connectors.control.database import Database
from connectors.control.history import ControlSnapshot
from connectors.control.locks import Lock
from connectors.control.records import (
    Action,
    Attempt,
    CurrentLoad,
    IssuedStatement,
    LoadRecord,
    ObservedName,
)
from connectors.control.uploads import UploadLog


def _now() -> datetime:
    return datetime.now(UTC)


class ControlStore:
    """Open one with `ControlStore.open(url)`; it may be used from several threads and closed with `close`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._clock = clock
        self._locks = locks.Locks(database, clock)
        self.alerts = AlertLog(database, self._locks, clock)
        self.uploads = UploadLog(database, self._locks, clock)

    @classmethod
    def open(cls, url: str, clock: Callable[[], datetime] = _now) -> ControlStore:
        """`sqlite:///path` or `postgresql+driver://…`; made where it is absent. Raises `ControlError`."""
        return cls(Database(url), clock)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> ControlStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Locks

    def lock(self, name: str, *, wait: float = 0) -> AbstractContextManager[Lock]:
        """Hold a lock by name, waiting up to `wait` seconds. Raises `LockHeldError`; a dead holder is no holder."""
        return self._locks.hold(name, wait=wait)

    def lock_load(self, source: str, billing_period: str, *, wait: float = 0) -> AbstractContextManager[Lock]:
        """The lock under which (source, billing period) is written to the lake and committed."""
        return self.lock(locks.loading(source, billing_period), wait=wait)

    def lock_publishing(self, *, wait: float = 0) -> AbstractContextManager[Lock]:
        return self.lock(locks.PUBLISHING, wait=wait)

    def confirm(self, lock: Lock) -> None:
        """Raises `LockLostError` where the lock is no longer ours."""
        with self._database.reading() as connection:
            lock.confirm(connection)

    # Loads

    def commit_load(self, record: LoadRecord) -> int:
        """Make the load count: all of it in one transaction, or nothing. Returns its id.

        Only under `lock_load`. Raises `AuthorityError` where another source speaks for the same account, period and
        role, and `LockLostError` where the lock is not held (any more).
        """
        lock = self._locks.held(locks.loading(record.source, record.billing_period))
        with self._database.writing() as connection:
            lock.confirm(connection)
            load_id = loads.commit(connection, record, self._clock())
            names.observe(connection, record.source, record.names)
        return load_id

    def current_loads(self, source: str | None = None) -> list[CurrentLoad]:
        """The last committed load of every (source, billing period), with its files by table."""
        with self._database.reading() as connection:
            return loads.current(connection, source)

    def current_load(self, source: str, billing_period: str) -> CurrentLoad | None:
        found = [load for load in self.current_loads(source) if load.billing_period == billing_period]
        return found[0] if found else None

    def lock_period(self, source: str, billing_period: str, *, who: str) -> int | None:
        """Book (source, billing period) as it is loaded now; None where it was booked before.

        Only under `lock_load`; `models.ledger.correction` says what follows from it. Raises `ControlError` where
        nothing is loaded.
        """
        lock = self._locks.held(locks.loading(source, billing_period))
        now = self._clock()
        with self._database.writing() as connection:
            lock.confirm(connection)
            load_id = loads.lock_period(connection, source, billing_period, who, now)
            if load_id is not None:
                acts.append(
                    connection, Action(who, now, "lock period", f"{source} {billing_period}", f'{{"load": {load_id}}}')
                )
        return load_id

    def booked_load(self, source: str, billing_period: str) -> CurrentLoad | None:
        """The load that a locked period was booked with; None while it is open."""
        with self._database.reading() as connection:
            found = [load for load in loads.booked(connection, source) if load.billing_period == billing_period]
        return found[0] if found else None

    def withdraw(self, source: str, billing_period: str | None, *, who: str, why: str) -> int:
        """Let the source's loads (of one period, or all) no longer count; frees its claims; kept as an action."""
        now = self._clock()
        with self._database.writing() as connection:
            count = loads.withdraw(connection, source, billing_period, now)
            subject = source if billing_period is None else f"{source} {billing_period}"
            acts.append(connection, Action(who, now, "withdraw", subject, why))
        return count

    def record_attempt(self, attempt: Attempt) -> None:
        with self._database.writing() as connection:
            loads.record_attempt(connection, attempt)

    def named_files(self) -> frozenset[str]:
        """Lake paths that current loads and kept publications name: what vacuum must leave alone."""
        with self._database.reading() as connection:
            return loads.named_files(connection)

    # Names

    def observe_names(self, source: str, observed: Iterable[ObservedName] | pl.DataFrame) -> None:
        """Remember names; a frame has `connectors.protocol.NAMES_SCHEMA`. In any order, as often as you like."""
        if isinstance(observed, pl.DataFrame):
            rows = observed.select("kind", "id", "name", "observed_at").drop_nulls().iter_rows()
            observed = [ObservedName(kind, id_, name, at) for kind, id_, name, at in rows]
        with self._database.writing() as connection:
            names.observe(connection, source, observed)

    def names_as_of(self, source: str) -> pl.DataFrame:
        """All names that the source's ids have borne, dated (`NAMES_AS_OF_SCHEMA`), for `naming.with_names`."""
        with self._database.reading() as connection:
            return names.as_of(connection, source)

    # Alerts

    def lock_alerting(self, *, wait: float = 0) -> AbstractContextManager[Lock]:
        """The lock under which `alerts` is told what happened: what follows depends on all that happened before."""
        return self.lock(locks.ALERTING, wait=wait)

    # Statements

    def lock_statements(self, *, wait: float = 0) -> AbstractContextManager[Lock]:
        """The lock under which statements are made: what was stated before is part of the next."""
        return self.lock(locks.STATING, wait=wait)

    def record_statements(self, issued: Sequence[IssuedStatement]) -> None:
        """All of it in one transaction, or nothing; kept as actions, too.

        Only under `lock_statements`. Raises `ControlError` where a team's month was issued before.
        """
        lock = self._locks.held(locks.STATING)
        with self._database.writing() as connection:
            lock.confirm(connection)
            statements.record(connection, issued)
            for each in issued:
                subject, detail = f"{each.team or 'unallocated'} {each.month}", f'{{"number": {each.number}}}'
                acts.append(connection, Action(each.issued_by, each.issued_at, "issue statement", subject, detail))

    def issued_statements(self) -> list[IssuedStatement]:
        """Every statement that was ever issued, by number."""
        with self._database.reading() as connection:
            return statements.issued(connection)

    # Publications and actions

    def begin_publication(
        self, stem: str, lock: Lock, uploads_shown: Sequence[int] = ()
    ) -> tuple[str, ControlSnapshot]:
        """A new file's name (`<stem>-<UTC stamp>-<n>.duckdb`) and what it is to show: current loads and `ops`, read at
        one instant. The loads' lake files are kept from now on, and which uploads it is made by.

        Raises `LockLostError` where another run publishes.
        """
        with self._database.writing() as connection:
            lock.confirm(connection)
            now = self._clock()
            snapshot = history.snapshot(connection, now)
            file = loads.begin_publication(connection, stem, [load.id for load in snapshot.loads], now)
            uploads.record_shown(connection, file, uploads_shown)
        return file, snapshot

    def record_publication(self, file: str) -> None:
        """Readers are shown this file now."""
        with self._database.writing() as connection:
            loads.record_publication(connection, file, self._clock())

    def kept_publications(self) -> list[str]:
        with self._database.reading() as connection:
            return loads.kept_publications(connection)

    def mark_removed(self, files: Collection[str]) -> None:
        """These published files are gone, and what only they named may go too."""
        with self._database.writing() as connection:
            loads.mark_removed(connection, list(files), self._clock())

    def record_action(self, who: str, what: str, subject: str, detail: str = "{}") -> None:
        with self._database.writing() as connection:
            acts.append(connection, Action(who, self._clock(), what, subject, detail))

    def newest_actions(self, limit: int) -> list[Action]:
        """What people did and asked for, newest first."""
        with self._database.reading() as connection:
            return acts.newest(connection, limit)

    def snapshot(self) -> ControlSnapshot:
        """Current loads and all `ops` tables, read at one instant."""
        with self._database.reading() as connection:
            return history.snapshot(connection, self._clock())
