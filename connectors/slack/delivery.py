"""Delivering what waits in the outbox: each message once.

Once, with one exception that no webhook can rule out: who is killed after Slack took a message and before that is
recorded sends it again with the next run, as does who got no answer in time. Both carry the same reference in their
last line. Nothing is ever lost: a message stays pending until Slack said ok or the outbox gives it up, and shows so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors.control.records import OutboxMessage
from connectors.errors import DeliveryError
from connectors.slack.messages import Message
from connectors.slack.webhook import SlackUnavailableError


class Outbox(Protocol):
    """What of `connectors.control.store.ControlStore` is needed here."""

    def due(self, now: datetime) -> Sequence[OutboxMessage]:
        """Pending messages whose next try is not in the future, oldest first."""
        ...

    def mark_sent(self, message: OutboxMessage) -> None: ...

    def mark_failed(self, message: OutboxMessage, error: str) -> None:
        """Counts the attempt and puts off the next one."""
        ...


class Sender(Protocol):
    """Who posts one message, or raises `DeliveryError`."""

    def send(self, message: Message) -> None: ...


@dataclass(frozen=True)
class Deliveries:
    """How one round went: keys that were sent, and those that were not with the reason."""

    sent: tuple[str, ...] = ()
    failed: tuple[tuple[str, DeliveryError], ...] = ()


def payload_of(message: Message) -> str:
    """What `enqueue` is given: JSON text."""
    return json.dumps(message.to_payload(), ensure_ascii=False, separators=(",", ":"))


def deliver_due(outbox: Outbox, sender: Sender, now: datetime) -> Deliveries:
    """Send what is due, oldest first, and record each end of it at once.

    A refused message does not hold up the others. Where Slack cannot be reached or limits us, the round ends: the rest
    stays due, and none of it uses up an attempt.
    """
    sent: list[str] = []
    failed: list[tuple[str, DeliveryError]] = []
    for waiting in outbox.due(now):
        try:
            sender.send(_message_of(waiting))
        except DeliveryError as error:
            outbox.mark_failed(waiting, str(error))
            failed.append((waiting.key, error))
            if isinstance(error, SlackUnavailableError):
                break
        else:
            outbox.mark_sent(waiting)
            sent.append(waiting.key)
    return Deliveries(tuple(sent), tuple(failed))


def _message_of(waiting: OutboxMessage) -> Message:
    try:
        return Message.from_payload(json.loads(waiting.payload))
    except (KeyError, TypeError, ValueError):
        raise DeliveryError(
            f"the message {waiting.key!r} in the outbox cannot be read",
            source="slack",
            remedy="it was written by another version of Outlay; upgrade, or leave it: it is given up in a day",
        ) from None
