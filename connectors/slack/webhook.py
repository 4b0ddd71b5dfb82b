"""Posting through a Slack incoming webhook: each call asks once; errors name the remedy.

A webhook has one channel. It can neither edit nor reply nor be asked what is there: see `delivery` for what follows.
Its address is a secret: it is in no log, exception or `repr`.
"""

# ruff: noqa: ARG002 - the arguments are those of every sender; a webhook has no use for some
from __future__ import annotations

from datetime import datetime

from pydantic import SecretStr
from slack_sdk.webhook import WebhookClient, WebhookResponse

from connectors.control.alerts import Posted
from connectors.errors import DeliveryError
from connectors.slack.message import Message
from connectors.slack.refusals import (
    WEBHOOK_REMEDIES,
    CannotAskError,
    broken,
    limited,
    silent_logger,
    unavailable,
    undelivered,
    word,
)

TIMEOUT_SECONDS = 10
_NEW_WEBHOOK = "make a new webhook in Slack (Apps, Incoming Webhooks) and set it where outlay.yaml has this one"


class WebhookSender:
    """Posts messages to one webhook. A reply is a message of its own."""

    can_edit = False

    def __init__(self, url: SecretStr, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds

    def __repr__(self) -> str:
        return "WebhookSender(url=SecretStr('**********'))"

    def post(
        self,
        destination: str,
        message: Message,
        *,
        reference: str,
        thread: Posted | None = None,
        broadcast: bool = False,
    ) -> Posted:
        """Returns when Slack said ok; where the message is, it does not say."""
        try:
            response = self._client().send(
                text=message.text, blocks=list(message.blocks), unfurl_links=False, unfurl_media=False
            )
        except Exception as error:
            problem = broken(error, timeout_seconds=self._timeout_seconds, address="webhook")
        else:
            problem = _problem_of(response)
        if problem is not None:
            raise problem
        return Posted(destination, "", "", reference)

    def edit(self, posted: Posted, message: Message) -> None:
        raise undelivered("a webhook cannot edit what it posted", "set a bot's token for edits and threads")

    def find(self, destination: str, reference: str, since: datetime, thread: Posted | None = None) -> Posted | None:
        raise CannotAskError("a webhook cannot be asked what it posted", source="slack", remedy="set a bot's token")

    def check(self, destination: str) -> list[DeliveryError]:
        """A webhook can be asked nothing: only a post tells whether it works."""
        return []

    def _client(self) -> WebhookClient:
        return WebhookClient(
            self._url.get_secret_value(),
            timeout=self._timeout_seconds,  # type: ignore[arg-type]  # urllib takes fractions of a second, too
            logger=silent_logger(),
            retry_handlers=[],
        )


def _problem_of(response: WebhookResponse) -> DeliveryError | None:
    body = (response.body or "").strip()
    if response.status_code == 200 and body == "ok":
        return None
    if response.status_code == 429:
        return limited({str(key): str(value) for key, value in response.headers.items()})
    code = word(body)
    if response.status_code >= 500:
        return unavailable(f"Slack has a fault of its own ({response.status_code}: {code})", may_have_it=True)
    return undelivered(
        f"Slack refused the message ({response.status_code}: {code})", WEBHOOK_REMEDIES.get(code, _NEW_WEBHOOK)
    )
