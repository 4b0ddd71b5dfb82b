"""Sending one message through a Slack incoming webhook: bounded retries, time-outs, errors that name the remedy.

The webhook's address is a secret: it is in no log, exception or `repr`. Whether a message was sent before is not known
here; see `delivery`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from http.client import HTTPException, InvalidURL
from urllib.error import URLError

from pydantic import SecretStr
from slack_sdk.errors import SlackRequestError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.webhook import WebhookClient, WebhookResponse

from connectors.errors import DeliveryError
from connectors.slack.messages import Message

TIMEOUT_SECONDS = 10
PATIENCE_SECONDS = 30
"""A longer Retry-After than this is left to the outbox: a run does not stand still for Slack."""

_NEW_WEBHOOK = "make a new webhook in Slack (Apps, Incoming Webhooks) and set it where alerts.slack.webhook points"
_LATER = "nothing to do: the outbox tries again with the next run"
_REMEDIES = {
    "no_service": _NEW_WEBHOOK,
    "no_service_id": _NEW_WEBHOOK,
    "no_active_hooks": _NEW_WEBHOOK,
    "invalid_token": _NEW_WEBHOOK,
    "no_team": _NEW_WEBHOOK,
    "team_disabled": "the Slack workspace is disabled; set a webhook of another one",
    "channel_not_found": "the webhook's channel is gone; make a new webhook for one that exists",
    "channel_is_archived": "unarchive the webhook's channel in Slack, or make a new webhook for another one",
    "action_prohibited": "an administrator of the Slack workspace must allow incoming webhooks",
    "posting_to_general_channel_denied": "make a webhook for a channel in which the app may post",
    "user_not_found": "the webhook posts to a user that is gone; make a new webhook",
    "invalid_payload": "this is a defect of the message, please report it",
    "rollup_error": _LATER,
}
_WORD = re.compile(r"[a-z_]{1,40}")


class SlackUnavailableError(DeliveryError):
    """Slack cannot be reached, limits us or has a fault: nothing is wrong with the message."""


class PatientRateLimitHandler(RateLimitErrorRetryHandler):
    """slack_sdk's own handler, for waits of up to `patience_seconds`; longer or odd ones are not waited for."""

    def __init__(self, max_retry_count: int, patience_seconds: int) -> None:
        super().__init__(max_retry_count)
        self._patience_seconds = patience_seconds

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if not super()._can_retry(state=state, request=request, response=response, error=error):
            return False
        headers = {key.lower(): values for key, values in response.headers.items()} if response else {}
        wait = str((headers.get("retry-after") or ["1"])[0])
        return wait.isdecimal() and int(wait) <= self._patience_seconds


class WebhookSender:
    """Posts messages to one webhook.

    Retried here: 429 with a bearable Retry-After, 500 and 503, a connection that was refused or dropped. A time-out
    is not: Slack may have posted the message. Every other end of it is a `DeliveryError`.
    """

    def __init__(
        self,
        url: SecretStr,
        *,
        timeout_seconds: int = TIMEOUT_SECONDS,
        patience_seconds: int = PATIENCE_SECONDS,
        retries: int = 2,
    ) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._handlers: Sequence[RetryHandler] = (
            PatientRateLimitHandler(retries, patience_seconds),
            ConnectionErrorRetryHandler(retries),
            ServerErrorRetryHandler(retries),
        )

    def __repr__(self) -> str:
        return "WebhookSender(url=SecretStr('**********'))"

    def send(self, message: Message) -> None:
        """Returns when Slack said ok. Raises `DeliveryError`, never with the webhook's address in it."""
        try:
            response = self._client().send(
                text=message.text, blocks=list(message.blocks), unfurl_links=False, unfurl_media=False
            )
        except TimeoutError:
            raise _unavailable(
                f"Slack did not answer within {self._timeout_seconds} s",
                f"{_LATER}; should the message be there already, it carries the same reference",
            ) from None
        except URLError as error:
            raise _unavailable(f"Slack could not be reached ({_cause(error.reason)})", _LATER) from None
        except (SlackRequestError, InvalidURL, ValueError):
            raise _undelivered("the webhook is not a web address", _NEW_WEBHOOK) from None
        except (OSError, HTTPException) as error:
            raise _unavailable(f"the connection to Slack broke ({_cause(error)})", _LATER) from None
        _raise_unless_ok(response)

    def _client(self) -> WebhookClient:
        # slack_sdk logs the address at DEBUG: it gets a logger that stands outside the tree and says nothing
        silent = logging.Logger("outlay.slack", level=logging.CRITICAL + 1)
        return WebhookClient(
            self._url.get_secret_value(),
            timeout=self._timeout_seconds,
            logger=silent,
            retry_handlers=list(self._handlers),
        )


def _raise_unless_ok(response: WebhookResponse) -> None:
    body = (response.body or "").strip()
    if response.status_code == 200 and body == "ok":
        return
    word = body if _WORD.fullmatch(body) else "an answer that is not its usual one"
    if response.status_code == 429:
        raise _unavailable("Slack limits how fast we may post (429)", _LATER)
    if response.status_code >= 500:
        raise _unavailable(f"Slack has a fault of its own ({response.status_code}: {word})", _LATER)
    raise _undelivered(f"Slack refused the message ({response.status_code}: {word})", _REMEDIES.get(word, _NEW_WEBHOOK))


def _unavailable(what: str, remedy: str) -> SlackUnavailableError:
    return SlackUnavailableError(what, source="slack", remedy=remedy)


def _undelivered(what: str, remedy: str) -> DeliveryError:
    return DeliveryError(what, source="slack", remedy=remedy)


def _cause(reason: object) -> str:
    """The kind of failure alone: its text may hold the address."""
    strerror = getattr(reason, "strerror", None)
    return str(strerror) if isinstance(strerror, str) else type(reason).__name__
