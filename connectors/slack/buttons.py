"""Buttons in Slack's messages: Socket Mode tells who pressed what, and it is handed on as a request.

Needs no address that Slack can reach: the connection is ours. What a request does is not known here. Slack delivers
again what it believes lost; a request is named by who pressed, what and when, so that it counts once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from connectors.errors import ConfigurationError, CredentialsError, VendorUnavailableError
from connectors.slack.actions import ACKNOWLEDGE, SNOOZE
from connectors.slack.refusals import silent_logger
from models.control.alerts import Act, Request
from models.errors import OutlayError

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_bolt.adapter.socket_mode import SocketModeHandler

_ACTS: Mapping[str, Act] = {ACKNOWLEDGE: "acknowledge", SNOOZE: "snooze"}
_LOG = logging.getLogger(__name__)


@dataclass
class Buttons:
    """Listens until it is closed. `act` does what is asked for, or raises `OutlayError`, which the person is told.

    Raises `ConfigurationError` where slack-bolt is not installed.
    """

    bot_token: SecretStr
    app_token: SecretStr
    act: Callable[[Request], object]
    api_url: str = "https://slack.com/api/"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _handler: SocketModeHandler = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            from slack_bolt import App
            from slack_bolt.adapter.socket_mode import SocketModeHandler
        except ImportError:
            raise ConfigurationError(
                "buttons in Slack need slack-bolt, which is not installed",
                remedy="install Outlay with its extra `slack`: pip install 'outlay[slack]'",
                source="slack",
            ) from None
        from slack_sdk import WebClient

        # its own logger says tokens at DEBUG
        silent = silent_logger()
        client = WebClient(token=self.bot_token.get_secret_value(), base_url=self.api_url, logger=silent)
        app = App(client=client, token_verification_enabled=False, logger=silent)
        self._listen(app)
        self._handler = SocketModeHandler(app, self.app_token.get_secret_value(), logger=silent)

    def connect(self) -> None:
        """Raises `CredentialsError` where Slack refuses the tokens, `VendorUnavailableError` where it is not there."""
        from slack_sdk.errors import SlackApiError

        try:
            self._handler.connect()
        except SlackApiError as error:
            raise CredentialsError(
                f"Slack refuses Socket Mode ({error.response.get('error', 'no reason given')})",
                remedy="switch Socket Mode on in the app's settings, and set alerts.slack.app_token to a token of it "
                "with connections:write",
                source="slack",
            ) from None
        except OSError as error:
            raise VendorUnavailableError(
                f"Slack could not be reached ({type(error).__name__})",
                remedy="try again later; alerts can be acknowledged by `outlay alerts ack` meanwhile",
                source="slack",
            ) from None

    def close(self) -> None:
        self._handler.close()

    def _listen(self, app: App) -> None:
        for action_id in _ACTS:
            app.action(action_id)(partial(_pressed, self))

    def take(self, body: Mapping[str, Any]) -> str | None:
        """Do what a press asks for; what the person is to be told, None where the message will show it."""
        request = request_of(body, self.clock())
        if request is None:
            return "This button is of another version of Outlay: use the page, or `outlay alerts`."
        try:
            self.act(request)
        except OutlayError as error:
            return f"{error.what}. {error.remedy}"
        except Exception:
            _LOG.exception("a press of a button could not be handled")
            return "That failed, and is in the log of `outlay slack`. Use the page, or `outlay alerts ack`."
        return None


def _pressed(buttons: Buttons, ack: Callable[[], object], body: dict[str, Any], respond: Callable[..., object]) -> None:
    # Slack waits for three seconds
    ack()
    told = buttons.take(body)
    if told is not None:
        respond(text=told, response_type="ephemeral", replace_original=False)


def request_of(body: Mapping[str, Any], now: datetime) -> Request | None:
    """The request of a `block_actions` payload; None where it cannot be read."""
    try:
        action, user = body["actions"][0], body["user"]
        act, pressed = _ACTS[action["action_id"]], str(action["action_ts"])
        value = str(action["selected_option"]["value"] if act == "snooze" else action["value"])
        alert_id, _, hours = value.partition(".")
        until = now + timedelta(hours=int(hours)) if act == "snooze" else None
        who = f"{user.get('name') or user.get('username') or 'somebody'} ({user['id']})"
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None
    return Request(f"slack {user['id']} {pressed} {value}", alert_id, act, who, now, until=until)
