"""The outbox: messages that wait for delivery, each told once, however often it is enqueued or a run is killed.

A message is delivered at least once: who dies between sending and `mark_sent` sends again. Who sends, and what a
message looks like, does not belong here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from connectors.control.records import OutboxMessage
from connectors.control.tables import OUTBOX

MAX_ATTEMPTS = 12
_FIRST_DELAY = timedelta(minutes=1)
_LONGEST_DELAY = timedelta(hours=6)


def enqueue(connection: sa.Connection, key: str, payload: str, now: datetime) -> bool:
    """False where a message of this key was ever enqueued, delivered or not."""
    if connection.execute(sa.select(OUTBOX.c.id).where(OUTBOX.c.dedup_key == key)).first() is not None:
        return False
    connection.execute(
        OUTBOX.insert().values(dedup_key=key, payload=payload, state="pending", attempts=0, created_at=now, next_at=now)
    )
    return True


def due(connection: sa.Connection, now: datetime) -> list[OutboxMessage]:
    """Pending messages whose next try is not in the future, oldest first."""
    rows = connection.execute(
        sa.select(OUTBOX).where(OUTBOX.c.state == "pending", OUTBOX.c.next_at <= now).order_by(OUTBOX.c.id)
    ).mappings()
    return [
        OutboxMessage(
            id=row["id"],
            key=row["dedup_key"],
            payload=row["payload"],
            attempts=row["attempts"],
            next_at=row["next_at"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


def mark_sent(connection: sa.Connection, message_id: int, now: datetime) -> None:
    connection.execute(
        OUTBOX.update()
        .where(OUTBOX.c.id == message_id)
        .values(state="sent", attempts=OUTBOX.c.attempts + 1, delivered_at=now, last_error=None)
    )


def mark_failed(connection: sa.Connection, message_id: int, error: str, now: datetime) -> None:
    """Try again later, each time twice as late; given up, and shown so, after `MAX_ATTEMPTS`."""
    attempts = 1 + connection.execute(sa.select(OUTBOX.c.attempts).where(OUTBOX.c.id == message_id)).scalar_one()
    delay = min(_FIRST_DELAY * 2 ** (attempts - 1), _LONGEST_DELAY)
    connection.execute(
        OUTBOX.update()
        .where(OUTBOX.c.id == message_id)
        .values(
            state="failed" if attempts >= MAX_ATTEMPTS else "pending",
            attempts=attempts,
            next_at=now + delay,
            last_error=error[:500],
        )
    )
