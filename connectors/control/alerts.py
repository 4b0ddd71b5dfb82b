"""The log of alerts: events, the notices made of them, and what people asked for. Each method is one transaction.

An alert is what its events replay to (`models.control.alerts`), so nothing here is ever changed but how far a notice
or a request has come. `record` is only for who holds `ControlStore.lock_alerting`; delivering and asking need no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import polars as pl
import sqlalchemy as sa

from connectors.control import alert_history, notice_queue
from connectors.control.database import Database
from connectors.control.errors import ControlError
from connectors.control.locks import ALERTING, Locks
from connectors.control.notice_queue import Delivered, PendingNotice, Posted
from connectors.control.tables import ALERT_EVENTS, ALERT_REQUESTS
from models.control.alerts import Alert, AlertEvent, Request, replay
from models.control.condition_json import from_json, to_json
from models.control.conditions import Condition
from models.control.notices import Made, Notice
from models.control.sayings import HISTORY
from models.errors import AlertError
from models.wording import inert

__all__ = ["AlertLog", "Delivered", "LoggedEvent", "PendingNotice", "Posted", "Refused"]

_EVENT = ("alert_id", "kind", "at", "who", "until", "level", "note")
_REQUEST = tuple(ALERT_REQUESTS.c[name] for name in Request.__dataclass_fields__)


@dataclass(frozen=True)
class LoggedEvent:
    """An event with its place in the log, from 1."""

    sequence: int
    event: AlertEvent


@dataclass(frozen=True)
class Refused:
    """A request that could not be done, when that turned out, and why."""

    request: Request
    at: datetime
    reason: str


class AlertLog:
    """`ControlStore.alerts`."""

    def __init__(self, database: Database, locks: Locks, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._locks = locks
        self._clock = clock

    # Events

    def events(self, after: int = 0, alert_id: str | None = None) -> list[LoggedEvent]:
        """Those with a higher number than `after`, of one alert or of all, in their order."""
        with self._database.reading() as connection:
            return _events(connection, after, None if alert_id is None else [alert_id])

    def book(self) -> dict[str, Alert]:
        """Every alert by its id, as all its events replay to it."""
        with self._database.reading() as connection:
            return book(connection)

    def standing(self) -> tuple[dict[str, Alert], int]:
        """The book, and the number of the last event that it knows: from there on `events` tells the rest."""
        with self._database.reading() as connection:
            return book(connection), notice_queue.last_sequence(connection, ALERT_EVENTS)

    def record(
        self, events: Sequence[AlertEvent], notices: Sequence[Notice] = (), applied: Sequence[Request] = ()
    ) -> None:
        """Add events, the notices that follow, and that these requests were applied: all of it, or nothing.

        Only under `lock_alerting`. Raises `LockLostError` where it is not held (any more), `AlertError` for an event
        that cannot happen after those that are there, and `ControlError` for a notice that was made before or a
        request that was answered before.
        """
        lock = self._locks.held(ALERTING)
        now = self._clock()
        with self._database.writing() as connection:
            lock.confirm(connection)
            _append(connection, events)
            notice_queue.make(connection, notices, now)
            for request in applied:
                _answer(connection, request, now, None)

    # What people ask for

    def request(self, request: Request) -> bool:
        """Keep it until a pass applies it; False where its `request_id` was kept before. `who` and `note` are kept on
        one line, without what steers terminals. Raises `AlertError` where nobody is named."""
        request = _written_plainly(request)
        with self._database.writing() as connection:
            known = sa.select(ALERT_REQUESTS.c.id).where(ALERT_REQUESTS.c.request_id == request.request_id)
            if connection.execute(known).first() is not None:
                return False
            connection.execute(ALERT_REQUESTS.insert().values(**vars(request)))
        return True

    def pending_requests(self) -> list[Request]:
        """Those that nobody answered yet, in the order in which they came."""
        query = sa.select(*_REQUEST).where(ALERT_REQUESTS.c.answered_at.is_(None)).order_by(ALERT_REQUESTS.c.id)
        with self._database.reading() as connection:
            return [Request(*row) for row in connection.execute(query)]

    def refuse(self, request: Request, reason: str) -> None:
        """It could not be done; kept with the reason. Only under `lock_alerting`."""
        lock = self._locks.held(ALERTING)
        with self._database.writing() as connection:
            lock.confirm(connection)
            _answer(connection, request, self._clock(), reason)

    def refused(self, alert_id: str) -> list[Refused]:
        """What was asked for of one alert and could not be done, in the order in which it came."""
        query = (
            sa.select(*_REQUEST, ALERT_REQUESTS.c.answered_at, ALERT_REQUESTS.c.refusal)
            .where(ALERT_REQUESTS.c.alert_id == alert_id, ALERT_REQUESTS.c.refusal.is_not(None))
            .order_by(ALERT_REQUESTS.c.id)
        )
        with self._database.reading() as connection:
            return [Refused(Request(*asked), at, why) for *asked, at, why in map(tuple, connection.execute(query))]

    # Notices

    def made(self) -> dict[str, Made]:
        """By every key that was ever made, covered ones too, the notice that made it and when."""
        with self._database.reading() as connection:
            return notice_queue.made(connection)

    def due(self, now: datetime) -> list[PendingNotice]:
        """Notices to be sent now, in the order in which they were made: neither they nor the message that they are
        about, where that is not sent yet, are put off to a later try."""
        with self._database.reading() as connection:
            return notice_queue.due(connection, now)

    def is_pending(self, key: str) -> bool:
        """Whether this notice was made and is neither sent nor dropped nor given up."""
        with self._database.reading() as connection:
            return notice_queue.is_pending(connection, key)

    def post_of(self, key: str) -> Posted | None:
        """The message of a notice that was sent as one of its own."""
        with self._database.reading() as connection:
            return notice_queue.post_of(connection, key)

    def begin(self, pending: PendingNotice) -> bool:
        """An attempt begins: recorded before anything is sent. False: somebody else is at it, or it ended."""
        with self._database.writing() as connection:
            return notice_queue.begin(connection, pending, self._clock())

    def sent(self, pending: PendingNotice, posted: Posted | None) -> None:
        """Slack has it; `posted` where it is a message of its own. Its alerts that are open are notified by it."""
        now = self._clock()
        with self._database.writing() as connection:
            outcome = "recovered" if notice_queue.is_recovered(connection, pending) else "sent"
            if notice_queue.end(connection, pending, outcome, posted, now):
                told = _alerts(connection, pending.notice.notifies)
                opened = sorted(alert_id for alert_id, alert in told.items() if alert.state == "open")
                _append(connection, [AlertEvent(alert_id, "notified", now) for alert_id in opened])

    def drop(self, pending: PendingNotice, reason: str) -> None:
        """There is nothing to send any more, such as an edit of a message that was deleted; kept with the reason."""
        with self._database.writing() as connection:
            notice_queue.end(connection, pending, "dropped", None, self._clock(), reason)

    def failed(self, pending: PendingNotice, error: str, *, uncertain: bool, counts: bool) -> None:
        """The attempt failed; `error` without secrets.

        `uncertain`: Slack may have it. `counts`: it uses up one of its attempts; after the last it is given up, and
        shown so. What does not count (Slack was not there) is due again at once.
        """
        with self._database.writing() as connection:
            notice_queue.fail(connection, pending, error, self._clock(), uncertain=uncertain, counts=counts)

    def put_off(self, destination: str, until: datetime) -> None:
        """Nothing that waits for that destination is due before `until`: Slack said so."""
        with self._database.writing() as connection:
            notice_queue.put_off(connection, destination, until, self._clock())

    def deliveries(self) -> list[Delivered]:
        """Every attempt to send a notice, in the order in which they began."""
        with self._database.reading() as connection:
            return notice_queue.deliveries(connection)

    def given_up(self) -> list[PendingNotice]:
        with self._database.reading() as connection:
            return notice_queue.given_up(connection)

    def try_again(self) -> int:
        """What was given up is due again, with all its attempts, unless it is history; returns how many."""
        with self._database.writing() as connection:
            now = self._clock()
            _leave_history(connection, notice_queue.given_up(connection), now)
            return notice_queue.try_again(connection, now)

    # History

    def history(self, after: Mapping[str, int]) -> dict[str, pl.DataFrame]:
        """What never changes, for the lake: rows of `alert_history.GROWING` by table name, newer than `after` says."""
        with self._database.reading() as connection:
            return alert_history.grown(connection, after)

    def reached(self) -> dict[str, int]:
        """The highest number of each table of `history`; 0 where it has no rows."""
        with self._database.reading() as connection:
            return alert_history.reached(connection)

    def restore(self, history: Mapping[str, pl.DataFrame]) -> int:
        """Take back what `history` once gave and this store does not have; returns the number of events.

        Only under `lock_alerting`. Of a notice nobody knows to be sent, an attempt may have begun; it may have been
        given up long ago, so what is history by now is dropped.
        """
        lock = self._locks.held(ALERTING)
        with self._database.writing() as connection:
            lock.confirm(connection)
            count = alert_history.fill(connection, history)
            if count:
                book(connection)
            now = self._clock()
            _leave_history(connection, notice_queue.due(connection, now), now)
        return count


def _written_plainly(request: Request) -> Request:
    who, note = (" ".join(inert(words or "").split()) for words in (request.who, request.note))
    if not who:
        raise AlertError("an alert is acted on in somebody's name, and none was given", remedy="say who you are")
    return replace(request, who=who[:80], note=note[:500] or None)


def book(connection: sa.Connection) -> dict[str, Alert]:
    """The replay of all events.

    Of the conditions that an alert bore only the last is read: replaying keeps no other, and they are most of the log.
    """
    last = (
        sa.select(sa.func.max(ALERT_EVENTS.c.sequence))
        .where(ALERT_EVENTS.c.condition.is_not(None))
        .group_by(ALERT_EVENTS.c.alert_id)
    )
    told = sa.select(ALERT_EVENTS.c.alert_id, ALERT_EVENTS.c.condition).where(ALERT_EVENTS.c.sequence.in_(last))
    conditions = {alert_id: from_json(text) for alert_id, text in connection.execute(told)}
    query = sa.select(*(ALERT_EVENTS.c[name] for name in _EVENT), ALERT_EVENTS.c.condition.is_not(None)).order_by(
        ALERT_EVENTS.c.sequence
    )
    return replay(
        AlertEvent(alert_id, kind, at, who, conditions[alert_id] if bears else None, until, level, note)
        for alert_id, kind, at, who, until, level, note, bears in map(tuple, connection.execute(query))
    )


def _events(connection: sa.Connection, after: int, alert_ids: Sequence[str] | None) -> list[LoggedEvent]:
    query = (
        sa.select(ALERT_EVENTS.c.sequence, ALERT_EVENTS.c.condition, *(ALERT_EVENTS.c[name] for name in _EVENT))
        .where(ALERT_EVENTS.c.sequence > after)
        .order_by(ALERT_EVENTS.c.sequence)
    )
    if alert_ids is not None:
        query = query.where(ALERT_EVENTS.c.alert_id.in_(alert_ids))
    return [
        LoggedEvent(sequence, AlertEvent(**dict(zip(_EVENT, told, strict=True)), condition=_condition(condition)))
        for sequence, condition, *told in map(tuple, connection.execute(query))
    ]


@lru_cache(4096)
def _condition(text: str | None) -> Condition | None:
    return None if text is None else from_json(text)


def _alerts(connection: sa.Connection, alert_ids: Iterable[str]) -> dict[str, Alert]:
    return replay(logged.event for logged in _events(connection, 0, sorted(set(alert_ids))))


def _leave_history(connection: sa.Connection, notices: Sequence[PendingNotice], now: datetime) -> None:
    """Drop those that tell of nothing but what has been over for `HISTORY`, and a weekly digest as old."""
    for pending in notices:
        told = _alerts(connection, pending.notice.alert_ids).values()
        ends = [alert.resolved_at for alert in told] or [pending.created_at]
        if all(end is not None and now - end > HISTORY for end in ends):
            why = f"what it tells of has been over for more than {HISTORY.days} days"
            notice_queue.end(connection, pending, "dropped", None, now, why)


def _append(connection: sa.Connection, events: Sequence[AlertEvent]) -> None:
    """Add events that can happen after those that are there. Raises `AlertError`."""
    if not events:
        return
    replay(events, _alerts(connection, (event.alert_id for event in events)))
    rows = [
        {**vars(event), "sequence": sequence, "condition": event.condition and to_json(event.condition)}
        for sequence, event in enumerate(events, notice_queue.last_sequence(connection, ALERT_EVENTS) + 1)
    ]
    connection.execute(ALERT_EVENTS.insert(), rows)


def _answer(connection: sa.Connection, request: Request, now: datetime, refusal: str | None) -> None:
    answered = connection.execute(
        ALERT_REQUESTS.update()
        .where(ALERT_REQUESTS.c.request_id == request.request_id, ALERT_REQUESTS.c.answered_at.is_(None))
        .values(answered_at=now, refusal=refusal and refusal[:500])
    )
    if answered.rowcount != 1:
        raise ControlError(
            f"the request {request.request_id} was answered before, or never made",
            remedy="nothing was recorded; another pass may have answered it",
        )
