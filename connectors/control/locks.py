"""Locks by name: one run at a time for a (source, billing period), one for publishing.

A lock is a row. On the same machine a holder that died is recognised at once (by process number *and* start time);
on another machine by its lease, which a living holder renews. Whoever was taken for dead by mistake is stopped by
`confirm`, which every commit under a lock asks inside its own transaction.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from connectors.control.database import Database
from connectors.control.errors import ControlError, LockHeldError, LockLostError
from connectors.control.processes import Holder, is_gone, this_process
from connectors.control.tables import LOCKS

LEASE = timedelta(seconds=60)
_RENEW_SECONDS = 10.0
_ASK_AGAIN_SECONDS = 0.2

PUBLISHING = "publish"
STATING = "issue statements"
ALERTING = "alert"

_LIVE: set[str] = set()
"""Tokens of all holdings of this process. A row of ours without one was left where its release could not be written."""


def loading(source: str, billing_period: str) -> str:
    """The name of the lock under which a (source, billing period) is loaded."""
    return f"load {source} {billing_period}"


@dataclass(frozen=True)
class Lock:
    """A lock that is held. `token` tells this holding from every other, also of the same process."""

    name: str
    token: str

    def confirm(self, connection: sa.Connection) -> None:
        """Raises `LockLostError` where the lock is no longer ours, inside the caller's transaction."""
        token = connection.execute(sa.select(LOCKS.c.token).where(LOCKS.c.name == self.name)).scalar_one_or_none()
        if token != self.token:
            raise LockLostError(
                f"the lock '{self.name}' was taken over by another run while this one was not heard of",
                remedy="nothing of this run was committed; run again",
            )


class Locks:
    """The locks of one database, and which of them this object holds."""

    def __init__(self, database: Database, clock: Callable[[], datetime], lease: timedelta = LEASE) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self._held: dict[str, Lock] = {}

    @contextmanager
    def hold(self, name: str, *, wait: float = 0) -> Generator[Lock]:
        """Hold `name`, waiting up to `wait` seconds. Raises `LockHeldError` naming the holder. Not re-entrant."""
        lock = self._acquire(name, wait)
        stop = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(lock, stop), daemon=True, name=f"lock {name}")
        renewal.start()
        self._held[name] = lock
        try:
            yield lock
        finally:
            del self._held[name]
            stop.set()
            renewal.join()
            _LIVE.discard(lock.token)
            with self._database.writing() as connection:
                connection.execute(LOCKS.delete().where(LOCKS.c.name == name, LOCKS.c.token == lock.token))

    def held(self, name: str) -> Lock:
        """The lock as this object holds it. Raises `LockLostError` where it never took it."""
        if name not in self._held:
            raise LockLostError(
                f"'{name}' was to be committed without its lock",
                remedy="this is a defect of Outlay; nothing was committed, please report it",
            )
        return self._held[name]

    def _acquire(self, name: str, wait: float) -> Lock:
        deadline = time.monotonic() + wait
        while True:
            lock = self._try(name)
            if isinstance(lock, Lock):
                return lock
            if time.monotonic() >= deadline:
                raise lock
            time.sleep(_ASK_AGAIN_SECONDS)

    def _try(self, name: str) -> Lock | LockHeldError:
        now = self._clock()
        ours = this_process()
        lock = Lock(name, uuid.uuid4().hex)
        with self._database.writing() as connection:
            found = connection.execute(sa.select(LOCKS).where(LOCKS.c.name == name)).mappings().one_or_none()
            if found is not None:
                holder = Holder(found["host"], found["pid"], found["process_started"])
                gone = found["token"] not in _LIVE if holder == ours else is_gone(holder)
                if gone is False or (gone is None and found["leased_until"] > now):
                    return _refusal(name, holder, ours, found["acquired_at"], found["leased_until"])
                connection.execute(LOCKS.delete().where(LOCKS.c.name == name))
            _LIVE.add(lock.token)
            connection.execute(
                LOCKS.insert().values(
                    name=name,
                    token=lock.token,
                    host=ours.host,
                    pid=ours.pid,
                    process_started=ours.started,
                    acquired_at=now,
                    leased_until=now + self._lease,
                )
            )
        return lock

    def _renew(self, lock: Lock, stop: threading.Event) -> None:
        every = min(_RENEW_SECONDS, self._lease.total_seconds() / 4)
        while not stop.wait(every):
            try:
                with self._database.writing() as connection:
                    connection.execute(
                        LOCKS.update()
                        .where(LOCKS.c.name == lock.name, LOCKS.c.token == lock.token)
                        .values(leased_until=self._clock() + self._lease)
                    )
            except ControlError:
                continue  # a busy or absent database for one beat is no loss; `confirm` decides in the end


def _refusal(name: str, holder: Holder, ours: Holder, acquired_at: datetime, leased_until: datetime) -> LockHeldError:
    since = f"since {acquired_at:%Y-%m-%d %H:%M:%S} UTC"
    if holder == ours:
        return LockHeldError(
            f"this same process (pid {holder.pid}) already holds '{name}', {since}",
            remedy="wait for its other part to end",
        )
    host = holder.host.split("/")[0]
    if holder.host == ours.host:
        return LockHeldError(
            f"another run (pid {holder.pid}, {since}) holds '{name}'",
            remedy=f"wait for it, or end it with `kill {holder.pid}` and run again",
        )
    return LockHeldError(
        f"another run (pid {holder.pid} on {host}, {since}) holds '{name}'",
        remedy=f"wait for it; should it be dead, the lock is free at {leased_until:%H:%M:%S} UTC",
    )
