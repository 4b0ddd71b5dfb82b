"""What these tests share: a make-believe Slack over HTTP, a real control store, and one clock for both."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import event

from connectors.control.alerts import AlertLog
from connectors.control.store import ControlStore
from connectors.simulator.slack.server import SlackServer
from connectors.simulator.slack.workspace import BOT_TOKEN, Channel, Workspace
from connectors.slack.bot import BotSender
from connectors.slack.delivery import Deliveries, Sender, deliver
from connectors.slack.message import Message
from connectors.slack.webhook import WebhookSender
from models.control.notices import Notice

NOW = datetime(2026, 7, 18, 6, tzinfo=UTC)


class Clock:
    """Stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def render(notice: Notice) -> Message:
    """The key is what a test can read back."""
    return Message(f"{notice.key}: {notice.says}", (section(notice.key),))


def first(key: str, destination: str = "#alerts") -> Notice:
    return Notice(key, "first", destination, ("a1",), "opened")


@dataclasses.dataclass
class Desk:
    """The log of notices and who sends them, as a pass has them, on one clock."""

    store: ControlStore
    slack: SlackServer
    clock: Clock
    channel: Channel
    timeout_seconds: float = 1.0
    webhooks: dict[str, Sender] = dataclasses.field(default_factory=dict)
    bot: BotSender = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        # processes die here, machines do not: nothing has to be forced onto the disk
        event.listen(
            self.store._database._engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF").close()
        )
        self.bot = BotSender(
            SecretStr(BOT_TOKEN),
            api_url=self.slack.api_url,
            timeout_seconds=self.timeout_seconds,
            sleep=self.clock.sleep,
        )

    @property
    def log(self) -> AlertLog:
        return self.store.alerts

    def make(self, *notices: Notice) -> None:
        with self.store.lock_alerting():
            self.log.record([], list(notices))

    def first(self, key: str, destination: str = "#alerts") -> None:
        self.make(first(key, destination))

    def reply(self, key: str, about: str, says: str = "updated", destination: str = "#alerts") -> None:
        self.make(Notice(key, "reply", destination, ("a1",), says, about=about))

    def edit(self, key: str, about: str, destination: str = "#alerts") -> None:
        self.make(Notice(key, "edit", destination, ("a1",), "resolved", about=about))

    def sender_of(self, destination: str) -> Sender:
        return self.webhooks.get(destination, self.bot)

    def webhook(self, destination: str = "webhook") -> None:
        path = self.slack.workspace.add_webhook(self.channel)
        url = SecretStr(self.slack.base_url + path)
        self.webhooks[destination] = WebhookSender(url, timeout_seconds=self.timeout_seconds)

    def deliver(self, patience: float = 0) -> Deliveries:
        return deliver(
            self.log,
            self.sender_of,
            render,
            self.clock,
            patience=timedelta(seconds=patience),
            sleep=self.clock.sleep,
        )

    def references(self) -> list[str | None]:
        """Of all messages in the channel, in the order in which they came."""
        return [message.reference for message in self.channel.messages]


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """slack_sdk sends to a proxy of the environment what is meant for this machine, too."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(clock: Clock) -> Workspace:
    return Workspace(clock)


@pytest.fixture
def slack(workspace: Workspace) -> Iterator[SlackServer]:
    with SlackServer(workspace) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, slack: SlackServer, clock: Clock) -> Iterator[Desk]:
    with ControlStore.open(f"sqlite:///{tmp_path / 'outlay.db'}", clock) as store:
        yield Desk(store, slack, clock, slack.workspace.add_channel("alerts"))
