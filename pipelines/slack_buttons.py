"""`outlay slack`: what people press in Slack's messages becomes requests, applied at once."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from pydantic import SecretStr

from connectors.errors import ConfigurationError
from connectors.slack.buttons import Buttons
from models.control.alerts import Request
from pipelines.alerting import act
from pipelines.configuration import Secrets, read_settings
from pipelines.home import Home
from pipelines.workplace import Workplace


@contextmanager
def listening(home: Home) -> Generator[Buttons]:
    """Connected to Slack until it is left. Raises `ConfigurationError` where no bot with Socket Mode is set up."""
    slack = read_settings(home.configuration).alerts.slack
    if slack.bot_token is None or slack.app_token is None:
        raise ConfigurationError(
            "buttons need a bot and an app token",
            remedy="set alerts.slack.bot_token and alerts.slack.app_token in outlay.yaml, and their secrets in .env",
            source="slack",
        )
    secrets = Secrets(home)
    bot, app = (
        SecretStr(secrets.fill(token.get_secret_value(), source="slack"))
        for token in (slack.bot_token, slack.app_token)
    )

    def pressed(request: Request) -> None:
        with Workplace.open(home) as work:
            act(work, request)

    buttons = Buttons(bot, app, pressed, slack.api_url)
    try:
        buttons.connect()
        yield buttons
    finally:
        buttons.close()
