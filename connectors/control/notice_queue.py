"""Notices that are made and wait to be sent: each key once, each attempt recorded before it begins and when it ends.

Who dies between sending and `sent` leaves an attempt without an end; whoever comes next sees `begun_at` and can look
for the message before it sends again. How a notice is sent, and what it looks like, does not belong here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from connectors.control.errors import ControlError
from connectors.control.tables import ALERT_DELIVERIES, ALERT_NOTICE_KEYS, ALERT_NOTICES, ALERT_POSTS
from models.control.notices import Made, Notice

MAX_ATTEMPTS = 12
_FIRST_DELAY = timedelta(minutes=1)
_LONGEST_DELAY = timedelta(hours=6)
_LISTS = ("alert_ids", "covers")

Ended = Literal["sent", "recovered", "dropped"]
"""recovered: found where it was sent to, by an attempt of which no end was recorded."""


@dataclass(frozen=True)
class Posted:
    """A message as it lies in Slack, to be answered or edited. A webhook's has channel "" and ts ""."""

    destination: str
    channel: str
    ts: str
    notice_key: str


@dataclass(frozen=True)
class PendingNotice:
    """A notice that is not sent yet. `begun_at`: an attempt began and its end is unknown, so Slack may have it."""

    id: int
    notice: Notice
    attempts: int
    created_at: datetime
    next_at: datetime
    begun_at: datetime | None


@dataclass(frozen=True)
class Delivered:
    """An attempt to send a notice. `outcome` (`models.control.alert_tables.DELIVERY_OUTCOMES`) and `ended_at` are None
    while its end is not known."""

    notice: Notice
    begun_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error: str | None


def make(connection: sa.Connection, notices: Iterable[Notice], now: datetime) -> None:
    """Raises `ControlError` where a key, its own or a covered one, was made before."""
    for sequence, notice in enumerate(notices, last_sequence(connection, ALERT_NOTICES) + 1):
        lists = {name: json.dumps(getattr(notice, name), ensure_ascii=False) for name in _LISTS}
        insert(connection, {**vars(notice), **lists, "sequence": sequence, "made_at": now})


def insert(connection: sa.Connection, row: Mapping[str, Any], *, begun_at: datetime | None = None) -> None:
    """A notice as a row of `ALERT_NOTICES`, waiting, with its keys; `begun_at` where somebody may have sent it."""
    waiting = {"state": "pending", "attempts": 0, "next_at": row["made_at"], "begun_at": begun_at}
    keys = dict.fromkeys([row["key"], *json.loads(row["covers"])])
    try:
        connection.execute(ALERT_NOTICES.insert().values(**row, **waiting))
        connection.execute(ALERT_NOTICE_KEYS.insert(), [{"key": key, "notice": row["sequence"]} for key in keys])
    except IntegrityError as error:
        raise ControlError(
            f"the notice {row['key']} was made before",
            remedy="nothing was recorded; another pass may have made it: run `outlay alerts send`",
        ) from error


def made(connection: sa.Connection) -> dict[str, Made]:
    """By every key that was ever made, the notice that made it and when."""
    notices = {
        row["sequence"]: Made(_notice(row), row["made_at"])
        for row in connection.execute(sa.select(ALERT_NOTICES)).mappings()
    }
    keys = connection.execute(sa.select(ALERT_NOTICE_KEYS.c.key, ALERT_NOTICE_KEYS.c.notice)).all()
    return {key: notices[notice] for key, notice in keys}


def due(connection: sa.Connection, now: datetime) -> list[PendingNotice]:
    """Waiting notices, in the order in which they were made, but those that are put off or are about one that is."""
    message = ALERT_NOTICES.alias("message")
    waits_for_it = sa.exists().where(message.c.key == ALERT_NOTICES.c.about, _is_put_off(message, now))
    return _pending(connection, (ALERT_NOTICES.c.state == "pending") & ~_is_put_off(ALERT_NOTICES, now) & ~waits_for_it)


def _is_put_off(notices: sa.FromClause, now: datetime) -> sa.ColumnElement[bool]:
    """Nothing is put off for longer than `_LONGEST_DELAY`: what is was written while a clock was ahead."""
    return (notices.c.state == "pending") & (notices.c.next_at > now) & (notices.c.next_at <= now + _LONGEST_DELAY)


def put_off(connection: sa.Connection, destination: str, until: datetime, now: datetime) -> None:
    """Nothing that waits for that destination is due before `until`, or `_LONGEST_DELAY`."""
    soonest = min(until, now + _LONGEST_DELAY)
    is_sooner = (ALERT_NOTICES.c.next_at < soonest) | ~_is_put_off(ALERT_NOTICES, now)
    waiting = (ALERT_NOTICES.c.destination == destination) & (ALERT_NOTICES.c.state == "pending")
    connection.execute(ALERT_NOTICES.update().where(waiting & is_sooner).values(next_at=soonest))


def given_up(connection: sa.Connection) -> list[PendingNotice]:
    return _pending(connection, ALERT_NOTICES.c.state == "given up")


def try_again(connection: sa.Connection, now: datetime) -> int:
    """What was given up waits again, with all its attempts; returns how many."""
    waiting = {"state": "pending", "attempts": 0, "next_at": now}
    return connection.execute(
        ALERT_NOTICES.update().where(ALERT_NOTICES.c.state == "given up").values(**waiting)
    ).rowcount


def is_pending(connection: sa.Connection, key: str) -> bool:
    query = sa.select(ALERT_NOTICES.c.sequence).where(ALERT_NOTICES.c.key == key, ALERT_NOTICES.c.state == "pending")
    return connection.execute(query).first() is not None


def post_of(connection: sa.Connection, key: str) -> Posted | None:
    """The message of a notice that was sent as one of its own; None for any other."""
    row = connection.execute(
        sa.select(ALERT_NOTICES.c.destination, ALERT_POSTS.c.channel, ALERT_POSTS.c.ts, ALERT_NOTICES.c.key)
        .join(ALERT_NOTICES, ALERT_NOTICES.c.sequence == ALERT_POSTS.c.notice)
        .where(ALERT_NOTICES.c.key == key, ALERT_POSTS.c.channel.is_not(None))
    ).one_or_none()
    return None if row is None else Posted(*row)


def deliveries(connection: sa.Connection) -> list[Delivered]:
    """Every attempt, in the order in which they began."""
    notices = {row["sequence"]: _notice(row) for row in connection.execute(sa.select(ALERT_NOTICES)).mappings()}
    attempts = connection.execute(sa.select(ALERT_DELIVERIES).order_by(ALERT_DELIVERIES.c.id)).mappings()
    return [
        Delivered(notices[row["notice"]], row["begun_at"], row["ended_at"], row["outcome"], row["error"])
        for row in attempts
    ]


def begin(connection: sa.Connection, pending: PendingNotice, now: datetime) -> bool:
    """Claim it for an attempt that begins now; False where it is not any more as `pending` has it."""
    claimed = connection.execute(
        ALERT_NOTICES.update()
        .where(
            ALERT_NOTICES.c.sequence == pending.id,
            ALERT_NOTICES.c.state == "pending",
            ALERT_NOTICES.c.attempts == pending.attempts,
            ALERT_NOTICES.c.begun_at == pending.begun_at
            if pending.begun_at is not None
            else ALERT_NOTICES.c.begun_at.is_(None),
        )
        .values(begun_at=now)
    )
    if claimed.rowcount == 0:
        return False
    _end_attempt(connection, pending.id, "uncertain", now, "no end of it was recorded")
    connection.execute(ALERT_DELIVERIES.insert().values(notice=pending.id, begun_at=now))
    return True


def end(
    connection: sa.Connection,
    pending: PendingNotice,
    outcome: Ended,
    posted: Posted | None,
    now: datetime,
    reason: str | None = None,
) -> bool:
    """It was sent, as `posted` where that is a message of its own, or dropped; False where it had ended before."""
    if not _close(connection, pending.id, outcome, reason):
        return False
    if not _end_attempt(connection, pending.id, outcome, now, reason) and outcome == "recovered":
        connection.execute(
            ALERT_DELIVERIES.insert().values(notice=pending.id, begun_at=now, ended_at=now, outcome=outcome)
        )
    connection.execute(
        ALERT_POSTS.insert().values(
            sequence=last_sequence(connection, ALERT_POSTS) + 1,
            notice=pending.id,
            outcome=outcome,
            channel=posted and posted.channel,
            ts=posted and posted.ts,
            at=now,
        )
    )
    return True


def restore_post(connection: sa.Connection, post: Mapping[str, Any]) -> None:
    """The end of a notice as another store knew it; `post` has its `key` and the columns of `ALERT_POSTS`."""
    query = sa.select(ALERT_NOTICES.c.sequence).where(ALERT_NOTICES.c.key == post["key"])
    notice = connection.execute(query).scalar_one()
    _close(connection, notice, post["outcome"], None)
    kept = {name: value for name, value in post.items() if name != "key"}
    connection.execute(ALERT_POSTS.insert().values(notice=notice, **kept))


def _close(connection: sa.Connection, notice: int, outcome: str, reason: str | None) -> bool:
    """Nothing is to be sent any more; False where that was so before."""
    return bool(
        connection.execute(
            ALERT_NOTICES.update()
            .where(ALERT_NOTICES.c.sequence == notice, ALERT_NOTICES.c.state.in_(("pending", "given up")))
            .values(state="dropped" if outcome == "dropped" else "sent", begun_at=None, last_error=reason)
        ).rowcount
    )


def is_recovered(connection: sa.Connection, pending: PendingNotice) -> bool:
    """Whether no attempt began since `pending` was read with one that had no end."""
    query = sa.select(ALERT_NOTICES.c.begun_at).where(ALERT_NOTICES.c.sequence == pending.id)
    return pending.begun_at is not None and connection.execute(query).scalar_one() == pending.begun_at


def fail(
    connection: sa.Connection, pending: PendingNotice, error: str, now: datetime, *, uncertain: bool, counts: bool
) -> None:
    """The attempt failed. What counts is tried ever later, and given up and shown so after `MAX_ATTEMPTS`.

    `uncertain`: Slack may have it, so `begun_at` stays, and the first such end puts nothing off: it can be looked for.
    """
    row = connection.execute(
        sa.select(ALERT_NOTICES.c.attempts, ALERT_NOTICES.c.next_at).where(
            ALERT_NOTICES.c.sequence == pending.id, ALERT_NOTICES.c.state == "pending"
        )
    ).one_or_none()
    if row is None:
        return
    attempts = row.attempts + counts
    waits = attempts - 1 if uncertain else attempts
    delay = min(_FIRST_DELAY * 2 ** (waits - 1), _LONGEST_DELAY) if counts and waits > 0 else None
    gives_up = attempts >= MAX_ATTEMPTS
    connection.execute(
        ALERT_NOTICES.update()
        .where(ALERT_NOTICES.c.sequence == pending.id)
        .values(
            state="given up" if gives_up else "pending",
            attempts=attempts,
            next_at=row.next_at if delay is None else now + delay,
            last_error=error[:500],
            **({} if uncertain else {"begun_at": None}),
        )
    )
    outcome = "given up" if gives_up else "uncertain" if uncertain else "failed"
    if not _end_attempt(connection, pending.id, outcome, now, error):
        # it failed before anything was sent: looking for it, or finding who sends to that place
        connection.execute(
            ALERT_DELIVERIES.insert().values(
                notice=pending.id, begun_at=now, ended_at=now, outcome=outcome, error=error[:500]
            )
        )


def last_sequence(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.max(table.c.sequence))).scalar_one() or 0


def _end_attempt(connection: sa.Connection, notice: int, outcome: str, now: datetime, error: str | None = None) -> bool:
    """End the attempt that has no end; False where there is none."""
    return bool(
        connection.execute(
            ALERT_DELIVERIES.update()
            .where(ALERT_DELIVERIES.c.notice == notice, ALERT_DELIVERIES.c.ended_at.is_(None))
            .values(ended_at=now, outcome=outcome, error=error and error[:500])
        ).rowcount
    )


def _pending(connection: sa.Connection, chosen: sa.ColumnElement[bool]) -> list[PendingNotice]:
    rows = connection.execute(sa.select(ALERT_NOTICES).where(chosen).order_by(ALERT_NOTICES.c.sequence)).mappings()
    return [
        PendingNotice(row["sequence"], _notice(row), row["attempts"], row["made_at"], row["next_at"], row["begun_at"])
        for row in rows
    ]


def _notice(row: sa.RowMapping) -> Notice:
    told: dict[str, Any] = {name: row[name] for name in Notice.__dataclass_fields__}
    told.update({name: tuple(json.loads(row[name])) for name in _LISTS})
    return Notice(**told)
