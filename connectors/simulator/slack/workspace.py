"""A workspace: its channels, messages, threads and files, and what its rules are. Nothing of HTTP is known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

BOT_TOKEN = "xoxb-loopback-0000-bot"
APP_TOKEN = "xapp-loopback-0000-app"
TEAM, BOT_USER, BOT = "T0LOOPBACK", "U0OUTLAYBOT", "B0OUTLAYBOT"
ALL_SCOPES = frozenset(
    {
        "chat:write",
        "chat:write.public",
        "channels:history",
        "channels:read",
        "groups:history",
        "groups:read",
        "files:write",
    }
)


class RefusalError(Exception):
    """What Slack answers with ok:false, and its code."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra


@dataclass
class Saved:
    """A message as the workspace keeps it. `by`: the bot's id, or the webhook that posted it. Histories show it from
    `shown_from` on."""

    ts: str
    shown_from: datetime
    by: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None = None
    thread_ts: str | None = None
    is_broadcast: bool = False
    edits: int = 0

    @property
    def reference(self) -> str | None:
        """What our messages carry in their metadata."""
        return ((self.metadata or {}).get("event_payload") or {}).get("reference")


@dataclass
class Channel:
    """A channel, with all its messages in the order in which they came."""

    id: str
    name: str
    is_private: bool = False
    is_archived: bool = False
    is_member: bool = True
    messages: list[Saved] = field(default_factory=list[Saved])
    allowance: float = 0
    counted_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    """How many posts are allowed now, as of when."""

    def at(self, ts: str) -> Saved | None:
        return next((message for message in self.messages if message.ts == ts), None)

    def roots(self) -> list[Saved]:
        """Messages that are no replies."""
        return [message for message in self.messages if message.thread_ts is None]

    def thread(self, ts: str) -> list[Saved]:
        """The replies to a message."""
        return [message for message in self.messages if message.thread_ts == ts]


@dataclass
class File:
    name: str
    length: int
    content: bytes | None = None
    ready_from: datetime | None = None


class Workspace:
    """It outlives the server that speaks for it, so that a restart forgets nothing.

    `shows_after`: how long a message takes until histories show it; `processes_for`: how long until an uploaded image
    can be shown in a message; `edit_window`: how long messages may be edited; `burst`: so many posts to a channel are
    taken at once, and then one a second (None: no limit).
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.scopes = ALL_SCOPES
        self.shows_after = timedelta(0)
        self.processes_for = timedelta(0)
        self.edit_window: timedelta | None = None
        self.burst: int | None = None
        self.socket_url = ""
        """What apps.connections.open answers, for whoever serves Socket Mode beside this."""
        self.channels: dict[str, Channel] = {}
        self.webhooks: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.responses: list[dict[str, Any]] = []
        """What came to a response_url."""
        self._last = 0

    def add_channel(self, name: str, *, is_private: bool = False, is_member: bool = True) -> Channel:
        channel = Channel(f"C{len(self.channels) + 1:08d}", name, is_private=is_private, is_member=is_member)
        self.channels[channel.id] = channel
        return channel

    def add_webhook(self, channel: Channel) -> str:
        """The path of its address."""
        path = f"/services/{TEAM}/B{len(self.webhooks) + 1:08d}/loopback-secret"
        self.webhooks[path] = channel
        return path

    def channel(self, name: str) -> Channel:
        """By `#name`, name or id."""
        if name in self.channels:
            return self.channels[name]
        for channel in self.channels.values():
            if channel.name == name.removeprefix("#"):
                return channel
        raise RefusalError("channel_not_found")

    def may_post_now(self, channel: Channel) -> None:
        if self.burst is None:
            return
        now = self.clock()
        channel.allowance = min(self.burst, channel.allowance + (now - channel.counted_at).total_seconds())
        channel.counted_at = now
        if channel.allowance < 1:
            raise RefusalError("ratelimited")
        channel.allowance -= 1

    def needs(self, *scopes: str) -> None:
        """Any one of them will do."""
        if not self.scopes.intersection(scopes):
            raise RefusalError("missing_scope", needed=scopes[0], provided=",".join(sorted(self.scopes)))

    def new_ts(self) -> str:
        """The instant, unique and rising: Slack's name of a message."""
        self._last = max(int(self.clock().timestamp() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def save(self, channel: Channel, by: str, text: str, blocks: list[dict[str, Any]], **more: Any) -> Saved:
        saved = Saved(self.new_ts(), self.clock() + self.shows_after, by, text, blocks, **more)
        channel.messages.append(saved)
        return saved

    def has_file(self, file_id: str) -> bool:
        """Whether it is there, and processed."""
        file = self.files.get(file_id)
        return file is not None and file.ready_from is not None and file.ready_from <= self.clock()

    def all_messages(self) -> list[Saved]:
        return [message for channel in self.channels.values() for message in channel.messages]
