"""A bot in a Slack workspace: it posts, replies in threads, edits, shows images, and finds again what it posted.

Every call asks once. Whether and when to ask again is for `delivery` to say, which knows what was recorded. The token
is in no log, exception or `repr`. Scopes: chat:write; files:write for images; to find messages again channels:history
(groups:history for private channels), and channels:read (groups:read) where channels are named by `#name`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from connectors.control.alerts import Posted
from connectors.errors import DeliveryError
from connectors.slack.message import Message
from connectors.slack.refusals import (
    CannotAskError,
    MessageGoneError,
    SlackUnavailableError,
    broken,
    refused,
    silent_logger,
    unavailable,
)

TIMEOUT_SECONDS = 10
UPLOAD_TIMEOUT_SECONDS = 5
_PROCESSING_WAITS = (0.5, 1.5)
"""An image cannot be shown until Slack has looked at it, which takes about a second; then the message goes without."""
_CHART = "trend.png"
_ALT_LIMIT = 1000
_EVENT_TYPE = "outlay_notice"
_PAGE = 200
_PAGES = 20


class BotSender:
    """Speaks for one bot token at one workspace. Raises `DeliveryError`s, of which `refusals` has the kinds.

    post: `destination` is `#name` or a channel's id; the answer holds its id. A `thread` is the message to reply to.
    """

    can_edit = True

    def __init__(
        self,
        token: SecretStr,
        *,
        api_url: str = WebClient.BASE_URL,
        timeout_seconds: float = TIMEOUT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._token = token
        self._api_url = api_url
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._channel_ids: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"BotSender(token=SecretStr('**********'), api_url={self._api_url!r})"

    def post(
        self,
        destination: str,
        message: Message,
        *,
        reference: str,
        thread: Posted | None = None,
        broadcast: bool = False,
    ) -> Posted:
        """Posted, with the channel's id. The `reference` is in the message's metadata, for `find`."""
        content: dict[str, Any] = {
            "channel": thread.channel if thread else destination,
            "metadata": {"event_type": _EVENT_TYPE, "event_payload": {"reference": reference}},
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if thread:
            content |= {"thread_ts": thread.ts, "reply_broadcast": broadcast}
        answer = self._say("chat.postMessage", message, content)
        channel, ts = answer.get("channel"), answer.get("ts")
        if not (isinstance(channel, str) and isinstance(ts, str)):
            raise unavailable("Slack's answer does not say where the message is", may_have_it=True)
        self._channel_ids[destination] = channel
        return Posted(destination, channel, ts, reference)

    def edit(self, posted: Posted, message: Message) -> None:
        """Anew, wholly; its metadata stays. Raises `MessageGoneError` and `NotEditableError`, too."""
        self._say("chat.update", message, {"channel": posted.channel, "ts": posted.ts})

    def find(self, destination: str, reference: str, since: datetime, thread: Posted | None = None) -> Posted | None:
        """The message with this reference, if it is in the channel (in the `thread`) since then.

        Raises `CannotAskError` where Slack does not let us look, and where there are more messages than are read.
        """
        try:
            channel = thread.channel if thread else self._channel_id(destination)
            asked: dict[str, Any] = {"channel": channel, "oldest": f"{since.timestamp():.6f}"}
            method = "conversations.history"
            if thread:
                method, asked["ts"] = "conversations.replies", thread.ts
            for found in self._pages(method, "messages", asked | {"include_all_metadata": True}):
                metadata: Mapping[str, Any] = found.get("metadata") or {}
                payload: Mapping[str, Any] = metadata.get("event_payload") or {}
                if metadata.get("event_type") == _EVENT_TYPE and payload.get("reference") == reference:
                    return Posted(destination, channel, str(found["ts"]), reference)
        except SlackUnavailableError:
            raise
        except MessageGoneError:
            # without its thread it may have been posted by itself
            return self.find(destination, reference, since)
        except DeliveryError as error:
            raise CannotAskError(
                f"whether it is in {destination} cannot be asked: {error.what}",
                source="slack",
                remedy="let the bot read its channels: channels:history and channels:read, for private ones groups:…",
            ) from None
        return None

    def check(self, destination: str) -> list[DeliveryError]:
        """What would not work there; nothing is posted. Without the last two a message goes all the same: looking for
        it after an answer that was lost, and its chart."""
        problems: list[DeliveryError] = []
        for ask in (self._ask_who, self._ask_for_channel, self._ask_for_history, self._ask_for_upload):
            try:
                ask(destination)
            except DeliveryError as error:
                problems.append(error)
                if ask == self._ask_who:
                    break
        return problems

    def _ask_who(self, _: str) -> None:
        self._call("auth.test")

    def _ask_for_channel(self, destination: str) -> None:
        channel = self._call("conversations.info", params={"channel": self._channel_id(destination)}).get("channel")
        facts: Mapping[str, Any] = channel or {}
        if facts.get("is_archived"):
            raise refused(200, {}, {"error": "is_archived"})
        if not facts.get("is_member", True):
            raise refused(200, {}, {"error": "not_in_channel"})

    def _ask_for_history(self, destination: str) -> None:
        self.find(destination, "", datetime.now(UTC))

    def _ask_for_upload(self, _: str) -> None:
        # a ticket that nobody uses is forgotten by Slack
        self._call("files.getUploadURLExternal", params={"filename": _CHART, "length": 1})

    def _say(self, method: str, message: Message, content: dict[str, Any]) -> Mapping[str, Any]:
        content = content | {"text": message.text, "blocks": list(message.blocks)}
        file_id = self._uploaded(message)
        for wait in _PROCESSING_WAITS if file_id else ():
            try:
                return self._call(method, json=content | {"blocks": list(message.with_image(file_id))})
            except DeliveryError as error:
                if "invalid_blocks" not in error.what:
                    raise
                self._sleep(wait)
        return self._call(method, json=content)

    def _uploaded(self, message: Message) -> str:
        """The id of the image in Slack; empty where there is none, or it was not taken: the message goes without."""
        if message.image is None:
            return ""
        client = self._client(min(UPLOAD_TIMEOUT_SECONDS, self._timeout_seconds))
        try:
            answer = client.files_upload_v2(
                content=message.image, filename=_CHART, alt_txt=message.image_alt[:_ALT_LIMIT]
            )
            return str((answer.get("files") or [{}])[0].get("id", ""))
        except Exception:
            return ""

    def _channel_id(self, destination: str) -> str:
        if not destination.startswith("#"):
            return destination
        if destination not in self._channel_ids:
            asked = {"types": "public_channel,private_channel"}
            for found in self._pages("conversations.list", "channels", asked):
                self._channel_ids[f"#{found['name']}"] = str(found["id"])
        if destination not in self._channel_ids:
            raise refused(200, {}, {"error": "channel_not_found"})
        return self._channel_ids[destination]

    def _pages(self, method: str, what: str, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(_PAGES):
            answer = self._call(method, params={**asked, "limit": _PAGE} | ({"cursor": cursor} if cursor else {}))
            found: Sequence[Mapping[str, Any]] = answer.get(what) or ()
            yield from found
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return
        raise CannotAskError(
            f"Slack has more than {_PAGES * _PAGE} {what} to look through",
            source="slack",
            remedy="nothing to do" if what == "messages" else "name the channel by its id in outlay.yaml",
        )

    def _call(
        self, method: str, *, json: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """The answer, if it is ok. Errors leave without the exception that they come from: that holds the token."""
        try:
            data = self._client(self._timeout_seconds).api_call(method, json=json, params=params).data
            return data if isinstance(data, dict) else {}
        except SlackApiError as error:
            response = error.response
            body = response.data if isinstance(response.data, dict) else {}
            problem = refused(response.status_code, response.headers, body)
        except Exception as error:
            problem = broken(error, timeout_seconds=self._timeout_seconds, address="address of alerts.slack.api_url")
        raise problem

    def _client(self, timeout_seconds: float) -> WebClient:
        return WebClient(
            self._token.get_secret_value(),
            base_url=self._api_url,
            timeout=timeout_seconds,  # type: ignore[arg-type]  # urllib takes fractions of a second, too
            logger=silent_logger(),
            retry_handlers=[],
        )
