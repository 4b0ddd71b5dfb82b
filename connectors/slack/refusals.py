"""What Slack's answers mean: which of them say that a message is not there, which leave it open, and what to do.

Codes are those of docs.slack.dev/reference/methods (chat.postMessage, chat.update, conversations.*, files.*) and of
incoming webhooks. Nothing is sent here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib.error import HTTPError, URLError

from slack_sdk.errors import SlackRequestError

from connectors.errors import DeliveryError

LATER = "nothing to do: the delivery log keeps it, and the next run tries again"
_DEFECT = "this is a defect of the message, please report it"
_NEW_TOKEN = "install the app in the workspace again and set its bot token where alerts.slack.bot_token points"
_OTHER_CHANNEL = "name a channel in which apps may post, in outlay.yaml"
_ADMINISTRATOR = "an administrator of the Slack workspace must allow it"

REMEDIES: Mapping[str, str] = {
    "access_denied": _ADMINISTRATOR,
    "accesslimited": _ADMINISTRATOR,
    "account_inactive": _NEW_TOKEN,
    "cannot_reply_to_message": "the first message of the thread was replaced in Slack; nothing to do",
    "channel_not_found": "check the name or id in outlay.yaml; the bot must be invited to a private channel: /invite",
    "ekm_access_denied": _ADMINISTRATOR,
    "enterprise_is_restricted": _ADMINISTRATOR,
    "invalid_arguments": _DEFECT,
    "invalid_auth": _NEW_TOKEN,
    "invalid_blocks": _DEFECT,
    "invalid_blocks_format": _DEFECT,
    "invalid_metadata_format": _DEFECT,
    "is_archived": "unarchive the channel in Slack, or name another one in outlay.yaml",
    "is_inactive": "unarchive the channel in Slack, or name another one in outlay.yaml",
    "message_limit_exceeded": "the free plan of the Slack workspace is used up; see its limits in Slack",
    "metadata_too_large": _DEFECT,
    "missing_scope": "add the scope in Slack (OAuth & Permissions), and install the app in the workspace again",
    "msg_blocks_too_long": _DEFECT,
    "msg_too_long": _DEFECT,
    "no_permission": "invite the bot to the channel: /invite",
    "no_text": _DEFECT,
    "not_allowed_token_type": "alerts.slack.bot_token must be a bot's token, which begins with xoxb-",
    "not_authed": _NEW_TOKEN,
    "not_in_channel": "invite the bot to the channel: /invite, or give it the scope chat:write.public",
    "restricted_action": _OTHER_CHANNEL,
    "restricted_action_non_threadable_channel": _OTHER_CHANNEL,
    "restricted_action_read_only_channel": _OTHER_CHANNEL,
    "restricted_action_thread_locked": "the thread is locked in Slack; unlock it, or leave it",
    "restricted_action_thread_only_channel": _OTHER_CHANNEL,
    "team_access_not_granted": "install the app in the workspace again",
    "team_not_found": "name the channel by its id, as Slack shows it in the channel's details",
    "token_expired": _NEW_TOKEN,
    "token_revoked": _NEW_TOKEN,
}
"""What to do about a code with which the Web API refuses a message for good."""

WEBHOOK_REMEDIES: Mapping[str, str] = {
    "channel_not_found": "the webhook's channel is gone; make a new webhook for one that exists",
    "channel_is_archived": "unarchive the webhook's channel in Slack, or make a new webhook for another one",
    "action_prohibited": "an administrator of the Slack workspace must allow incoming webhooks",
    "posting_to_general_channel_denied": "make a webhook for a channel in which the app may post",
    "team_disabled": "the Slack workspace is disabled; set a webhook of another one",
    "user_not_found": "the webhook posts to a user that is gone; make a new webhook",
    "invalid_payload": _DEFECT,
    "invalid_blocks": _DEFECT,
    "no_text": _DEFECT,
}

NO_WORD = "an answer that is not its usual one"
_WORD = re.compile(r"[a-z_]{1,60}")
_SCOPES = re.compile(r"[a-z.:,_]{1,120}")


class SlackUnavailableError(DeliveryError):
    """Slack cannot be reached, limits us or has a fault: nothing is wrong with the message.

    `may_have_it`: it may have taken the message all the same. `retry_after`: seconds that it asked us to wait.
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str = LATER,
        source: str | None = "slack",
        stream: str | None = None,
        window: str | None = None,
        may_have_it: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(what, remedy=remedy, source=source, stream=stream, window=window)
        self.may_have_it = may_have_it
        self.retry_after = retry_after


class MessageGoneError(DeliveryError):
    """The message that should be edited or replied to was deleted."""


class NotEditableError(DeliveryError):
    """The message is there, but can no longer be edited by us."""


class CannotAskError(DeliveryError):
    """Whether a message is there cannot be found out."""


def unavailable(what: str, *, may_have_it: bool = False, retry_after: float | None = None) -> SlackUnavailableError:
    return SlackUnavailableError(what, may_have_it=may_have_it, retry_after=retry_after)


def undelivered(what: str, remedy: str) -> DeliveryError:
    return DeliveryError(what, source="slack", remedy=remedy)


def _gone(code: str) -> DeliveryError:
    return MessageGoneError(
        f"the message is no longer in Slack ({code})", source="slack", remedy="nothing to do: somebody deleted it"
    )


def _not_editable(code: str) -> DeliveryError:
    return NotEditableError(
        f"Slack no longer lets the message be edited ({code})",
        source="slack",
        remedy="nothing to do: what changed is told in its thread",
    )


def _not_taken(code: str) -> DeliveryError:
    return unavailable(f"Slack could not take it ({code})")


def _perhaps_taken(code: str) -> DeliveryError:
    """Slack says of these that part of what was asked may have happened."""
    return unavailable(f"Slack has a fault of its own ({code})", may_have_it=True)


_MEANINGS: Mapping[str, Callable[[str], DeliveryError]] = {
    "message_not_found": _gone,
    "thread_not_found": _gone,
    "edit_window_closed": _not_editable,
    "cant_update_message": _not_editable,
    "block_mismatch": _not_editable,
    "request_timeout": _not_taken,
    "team_added_to_org": _not_taken,
    "org_login_required": _not_taken,
    "external_channel_migrating": _not_taken,
    "internal_error": _perhaps_taken,
    "fatal_error": _perhaps_taken,
    "service_unavailable": _perhaps_taken,
    "update_failed": _perhaps_taken,
    NO_WORD: _perhaps_taken,
}
"""What codes mean that are not a refusal for good."""


def refused(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> DeliveryError:
    """What an answer of the Web API that is not ok means. `body` is its JSON."""
    code = word(str(body.get("error", "")))
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return limited(headers)
    if status >= 500:
        return _perhaps_taken(f"{status}: {code}")
    if status != 200 and code == NO_WORD:
        return undelivered(f"what answers is not Slack ({status})", "correct alerts.slack.api_url")
    if code in _MEANINGS:
        return _MEANINGS[code](code)
    needed = str(body.get("needed", ""))
    scope = f", needed: {needed}" if code == "missing_scope" and _SCOPES.fullmatch(needed) else ""
    return undelivered(f"Slack refused it ({code}{scope})", REMEDIES.get(code, "look the word up in Slack's reference"))


def limited(headers: Mapping[str, str]) -> SlackUnavailableError:
    """429. Without a number that can be read, a minute."""
    wait = next((value for key, value in headers.items() if key.lower() == "retry-after"), "")
    seconds = int(wait) if wait.isdecimal() else 60
    return unavailable(f"Slack limits how fast we may post (429, for {seconds} s)", retry_after=seconds)


def word(text: str) -> str:
    """A code of Slack's, or that it is none: what else a body says may hold anything."""
    return text if _WORD.fullmatch(text) else NO_WORD


def broken(error: Exception, *, timeout_seconds: float, address: str) -> DeliveryError:
    """What an exception on the way to Slack means. Its text is not repeated: it may hold an address or a token.

    Before the request was written nothing can have been taken; that is sure only where nobody listened, the name was
    not found or the certificate was not trusted.
    """
    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        reason = error.reason
        surely_not = isinstance(reason, ConnectionRefusedError) or type(reason).__name__ in _NEVER_CONNECTED
        return unavailable(f"Slack could not be reached ({_cause(reason)})", may_have_it=not surely_not)
    if isinstance(error, TimeoutError):
        return unavailable(f"Slack did not answer within {timeout_seconds:g} s", may_have_it=True)
    if isinstance(error, (SlackRequestError, InvalidURL, ValueError)):
        return undelivered(f"the {address} is not a web address that can be asked", f"correct the {address}")
    if isinstance(error, (OSError, HTTPException)):
        return unavailable(f"the connection to Slack broke ({_cause(error)})", may_have_it=True)
    raise error


_NEVER_CONNECTED = frozenset({"gaierror", "SSLCertVerificationError"})


def _cause(reason: object) -> str:
    """The kind of failure alone: its text may hold the address."""
    strerror = getattr(reason, "strerror", None)
    return str(strerror) if isinstance(strerror, str) else type(reason).__name__


def silent_logger() -> logging.Logger:
    """slack_sdk logs addresses and what is sent at DEBUG: it gets a logger outside of the tree that says nothing."""
    return logging.Logger("outlay.slack", level=logging.CRITICAL + 1)
