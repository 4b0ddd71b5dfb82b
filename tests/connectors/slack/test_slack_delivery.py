"""Delivery from the real outbox: once, in order, nothing lost, and the one case in which a message comes twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connectors.control import outbox as outbox_table
from connectors.control.records import OutboxMessage
from connectors.control.tables import METADATA
from connectors.errors import DeliveryError
from connectors.slack.delivery import deliver_due, payload_of
from connectors.slack.messages import Message
from connectors.slack.webhook import SlackUnavailableError

NOW = datetime(2026, 7, 18, 6, tzinfo=UTC)


class Store:
    """The control store's outbox on SQLite in memory."""

    def __init__(self) -> None:
        self._engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        METADATA.create_all(self._engine)

    def enqueue(self, key: str, payload: str, now: datetime) -> bool:
        with self._engine.begin() as connection:
            return outbox_table.enqueue(connection, key, payload, now)

    def due(self, now: datetime) -> Sequence[OutboxMessage]:
        with self._engine.begin() as connection:
            return outbox_table.due(connection, now)

    def mark_sent(self, message_id: int, now: datetime) -> None:
        with self._engine.begin() as connection:
            outbox_table.mark_sent(connection, message_id, now)

    def mark_failed(self, message_id: int, error: str, now: datetime) -> None:
        with self._engine.begin() as connection:
            outbox_table.mark_failed(connection, message_id, error, now)

    def close(self) -> None:
        self._engine.dispose()


@dataclasses.dataclass
class Slack:
    """Takes messages, but for those whose text it is told to refuse."""

    refuses: dict[str, Exception] = dataclasses.field(default_factory=dict)
    posted: list[str] = dataclasses.field(default_factory=list)

    def send(self, message: Message) -> None:
        if message.text in self.refuses:
            raise self.refuses[message.text]
        self.posted.append(message.text)


@pytest.fixture
def store():
    store = Store()
    for text in ("first", "second", "third"):
        assert store.enqueue(f"budget|{text}|2026-07|100", payload_of(Message(text, ())), NOW)
    yield store
    store.close()


def test_a_crossing_enqueued_again_is_not_sent_again(store: Store) -> None:
    slack = Slack()
    assert deliver_due(store, slack, NOW).sent == tuple(
        f"budget|{text}|2026-07|100" for text in ("first", "second", "third")
    )
    assert not store.enqueue("budget|first|2026-07|100", payload_of(Message("first", ())), NOW)
    assert deliver_due(store, slack, NOW + timedelta(days=3)).sent == ()
    assert slack.posted == ["first", "second", "third"]


def test_a_refused_message_does_not_hold_up_the_others_and_is_tried_later(store: Store) -> None:
    slack = Slack(refuses={"first": DeliveryError("refused", remedy="mend it")})
    assert [key for key, _ in deliver_due(store, slack, NOW).failed] == ["budget|first|2026-07|100"]
    assert slack.posted == ["second", "third"]
    slack.refuses.clear()
    assert deliver_due(store, slack, NOW).sent == (), "not at once"
    deliver_due(store, slack, NOW + timedelta(minutes=1))
    assert slack.posted == ["second", "third", "first"]


def test_while_slack_is_down_the_round_ends_and_only_one_attempt_is_used(store: Store) -> None:
    slack = Slack(refuses={"first": SlackUnavailableError("down", remedy="wait")})
    deliver_due(store, slack, NOW)
    assert slack.posted == []
    assert [(waiting.key.split("|")[1], waiting.attempts) for waiting in store.due(NOW)] == [
        ("second", 0),
        ("third", 0),
    ]


def test_slack_down_for_a_day_loses_nothing(store: Store) -> None:
    down = SlackUnavailableError("down", remedy="wait")
    slack = Slack(refuses=dict.fromkeys(("first", "second", "third"), down))
    for hour in range(24):
        deliver_due(store, slack, NOW + timedelta(hours=hour))
    slack.refuses.clear()
    deliver_due(store, slack, NOW + timedelta(hours=36))
    assert sorted(slack.posted) == ["first", "second", "third"]


def test_killed_between_send_and_record_it_is_sent_twice_and_no_more(store: Store) -> None:
    slack = Slack()

    class Killed(Store):
        """The same store, but the process dies before the record."""

        def mark_sent(self, message_id: int, now: datetime) -> None:
            raise KeyboardInterrupt

    dying = Killed.__new__(Killed)
    dying.__dict__ = store.__dict__
    with pytest.raises(KeyboardInterrupt):
        deliver_due(dying, slack, NOW)
    deliver_due(store, slack, NOW)
    deliver_due(store, slack, NOW)
    assert slack.posted == ["first", "first", "second", "third"]


def test_a_payload_that_cannot_be_read_is_told_and_the_others_go_on(store: Store) -> None:
    store.enqueue("odd", "[]", NOW)
    store.enqueue("last", payload_of(Message("last", ())), NOW)
    slack = Slack()
    ((key, error),) = deliver_due(store, slack, NOW).failed
    assert (key, "another version" in error.remedy) == ("odd", True)
    assert slack.posted[-1] == "last"
