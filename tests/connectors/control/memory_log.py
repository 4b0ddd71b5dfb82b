"""The log of alerts in memory: it keeps the promises of `connectors.control.alerts.AlertLog` without a database.

So thousands of lives fit into a minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.control.alerts import PendingNotice, Posted
from connectors.control.notice_queue import MAX_ATTEMPTS
from models.control.alerts import Alert, AlertEvent, Request, replay
from models.control.notices import Made, Notice


@dataclass
class _Kept:
    """A notice in memory: a row of `alert_notices` and its post."""

    pending: PendingNotice
    state: str = "pending"
    posted: Posted | None = None


class MemoryLog:
    """The log in memory, with the promises of `AlertLog`."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._events: list[AlertEvent] = []
        self._book: dict[str, Alert] = {}
        self._kept: dict[str, _Kept] = {}
        self._made: dict[str, Made] = {}
        self._requests: dict[str, Request] = {}
        self._answered: set[str] = set()

    def told(self) -> list[AlertEvent]:
        return list(self._events)

    def book(self) -> dict[str, Alert]:
        return dict(self._book)

    def made(self) -> dict[str, Made]:
        return dict(self._made)

    def record(
        self, events: Sequence[AlertEvent], notices: Sequence[Notice] = (), applied: Sequence[Request] = ()
    ) -> None:
        book = replay(events, self._book)
        now = self._clock()
        for notice in notices:
            for key in dict.fromkeys((notice.key, *notice.covers)):
                assert key not in self._made, f"{key} was made before"
                self._made[key] = Made(notice, now)
            pending = PendingNotice(len(self._kept) + 1, notice, 0, now, now, None)
            self._kept[notice.key] = _Kept(pending)
        self._answered |= {request.request_id for request in applied}
        self._events += events
        self._book = book

    def request(self, request: Request) -> bool:
        return self._requests.setdefault(request.request_id, request) is request

    def pending_requests(self) -> list[Request]:
        return [request for key, request in self._requests.items() if key not in self._answered]

    def refuse(self, request: Request, reason: str) -> None:
        assert reason
        self._answered.add(request.request_id)

    def due(self, now: datetime) -> list[PendingNotice]:
        return [each.pending for each in self._kept.values() if each.state == "pending" and each.pending.next_at <= now]

    def is_pending(self, key: str) -> bool:
        return key in self._kept and self._kept[key].state == "pending"

    def post_of(self, key: str) -> Posted | None:
        return self._kept[key].posted if key in self._kept else None

    def begin(self, pending: PendingNotice) -> bool:
        kept = self._kept[pending.notice.key]
        if kept.state != "pending" or kept.pending != pending:
            return False
        kept.pending = replace(pending, begun_at=self._clock())
        return True

    def sent(self, pending: PendingNotice, posted: Posted | None) -> None:
        kept = self._kept[pending.notice.key]
        if kept.state in ("pending", "given up"):
            kept.state, kept.posted = "sent", posted
            opened = sorted(key for key in set(pending.notice.notifies) if self._book[key].state == "open")
            self.record([AlertEvent(alert_id, "notified", self._clock()) for alert_id in opened])

    def put_off(self, destination: str, until: datetime) -> None:
        for kept in self._kept.values():
            if kept.pending.notice.destination == destination and kept.pending.next_at < until:
                kept.pending = replace(kept.pending, next_at=until)

    def drop(self, pending: PendingNotice, reason: str) -> None:
        assert reason
        self._kept[pending.notice.key].state = "dropped"

    def failed(self, pending: PendingNotice, error: str, *, uncertain: bool, counts: bool) -> None:
        assert error
        kept = self._kept[pending.notice.key]
        before = kept.pending
        attempts = before.attempts + counts
        waits = attempts - 1 if uncertain else attempts
        delay = timedelta(minutes=2 ** (waits - 1)) if counts and waits > 0 else None
        kept.pending = replace(
            before,
            attempts=attempts,
            next_at=before.next_at if delay is None else self._clock() + delay,
            begun_at=before.begun_at if uncertain else None,
        )
        kept.state = "given up" if attempts >= MAX_ATTEMPTS else "pending"

    def try_again(self) -> int:
        given_up = [kept for kept in self._kept.values() if kept.state == "given up"]
        for kept in given_up:
            kept.state, kept.pending = "pending", replace(kept.pending, attempts=0, next_at=self._clock())
        return len(given_up)

    def history(self) -> tuple[list[AlertEvent], list[tuple[Notice, datetime]], list[tuple[str, str, Posted | None]]]:
        over = ("sent", "dropped")
        ended = [(key, kept.state, kept.posted) for key, kept in self._kept.items() if kept.state in over]
        made = [(kept.pending.notice, kept.pending.created_at) for kept in self._kept.values()]
        return list(self._events), made, ended

    def restore(self, history: Any) -> None:
        events, made, ended = history
        self._events, self._book = list(events), replay(events)
        for number, (notice, at) in enumerate(made, 1):
            self._kept[notice.key] = _Kept(PendingNotice(number, notice, 0, at, at, at))
            self._made.update({key: Made(notice, at) for key in (notice.key, *notice.covers)})
        for key, state, posted in ended:
            self._kept[key].state, self._kept[key].posted = state, posted
