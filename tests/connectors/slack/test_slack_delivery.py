"""Delivery from the real outbox: once, in order, nothing lost, and the one case in which a message comes twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.control.records import OutboxMessage
from connectors.control.store import ControlStore
from connectors.errors import DeliveryError
from connectors.slack.delivery import deliver_due, payload_of
from connectors.slack.messages import Message
from connectors.slack.webhook import SlackUnavailableError

NOW = datetime(2026, 7, 18, 6, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


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
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[ControlStore]:
    with ControlStore.open(f"sqlite:///{tmp_path / 'outlay.db'}", clock) as store:
        for text in ("first", "second", "third"):
            assert store.enqueue(f"budget|{text}|2026-07|100", payload_of(Message(text, ())))
        yield store


def later(clock: Clock, **span: int) -> datetime:
    clock.now = NOW + timedelta(**span)
    return clock.now


def test_a_crossing_enqueued_again_is_not_sent_again(store: ControlStore, clock: Clock) -> None:
    slack = Slack()
    assert deliver_due(store, slack, NOW).sent == tuple(
        f"budget|{text}|2026-07|100" for text in ("first", "second", "third")
    )
    assert not store.enqueue("budget|first|2026-07|100", payload_of(Message("first", ())))
    assert deliver_due(store, slack, later(clock, days=3)).sent == ()
    assert slack.posted == ["first", "second", "third"]


def test_a_refused_message_does_not_hold_up_the_others_and_is_tried_later(store: ControlStore, clock: Clock) -> None:
    slack = Slack(refuses={"first": DeliveryError("refused", remedy="mend it")})
    assert [key for key, _ in deliver_due(store, slack, NOW).failed] == ["budget|first|2026-07|100"]
    assert slack.posted == ["second", "third"]
    slack.refuses.clear()
    assert deliver_due(store, slack, NOW).sent == (), "not at once"
    deliver_due(store, slack, later(clock, minutes=1))
    assert slack.posted == ["second", "third", "first"]


def test_while_slack_is_down_the_round_ends_and_only_one_attempt_is_used(store: ControlStore, clock: Clock) -> None:
    slack = Slack(refuses={"first": SlackUnavailableError("down", remedy="wait")})
    deliver_due(store, slack, NOW)
    assert slack.posted == []
    assert [(waiting.key.split("|")[1], waiting.attempts) for waiting in store.due(NOW)] == [
        ("second", 0),
        ("third", 0),
    ]


def test_slack_down_for_a_day_loses_nothing(store: ControlStore, clock: Clock) -> None:
    down = SlackUnavailableError("down", remedy="wait")
    slack = Slack(refuses=dict.fromkeys(("first", "second", "third"), down))
    for hour in range(24):
        deliver_due(store, slack, later(clock, hours=hour))
    slack.refuses.clear()
    deliver_due(store, slack, later(clock, hours=36))
    assert sorted(slack.posted) == ["first", "second", "third"]


def test_killed_between_send_and_record_it_is_sent_twice_and_no_more(store: ControlStore, clock: Clock) -> None:
    slack = Slack()

    class Killed:
        """The same store, but the process dies before the record."""

        due, mark_failed = store.due, store.mark_failed

        def mark_sent(self, message: OutboxMessage) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(Killed(), slack, NOW)
    deliver_due(store, slack, NOW)
    deliver_due(store, slack, NOW)
    assert slack.posted == ["first", "first", "second", "third"]


def test_a_payload_that_cannot_be_read_is_told_and_the_others_go_on(store: ControlStore, clock: Clock) -> None:
    store.enqueue("odd", "[]")
    store.enqueue("last", payload_of(Message("last", ())))
    slack = Slack()
    ((key, error),) = deliver_due(store, slack, NOW).failed
    assert (key, "another version" in error.remedy) == ("odd", True)
    assert slack.posted[-1] == "last"
