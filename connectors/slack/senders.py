"""Who sends to which destination: `#channel` or its id is the bot's, `webhook` and `webhook:<route>` are webhooks'."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import SecretStr

from connectors.slack.bot import BotSender
from connectors.slack.delivery import Sender
from connectors.slack.refusals import undelivered
from connectors.slack.webhook import WebhookSender
from models.control.policy import is_webhook


def senders(
    bot_token: SecretStr | None, webhooks: Mapping[str, SecretStr], *, api_url: str = "https://slack.com/api/"
) -> Callable[[str], Sender]:
    """The sender of a destination, the same one each time. `webhooks` by destination.

    What it returns raises `DeliveryError` for a destination that nobody can send to.
    """
    bot = BotSender(bot_token, api_url=api_url) if bot_token else None
    by_webhook = {destination: WebhookSender(url) for destination, url in webhooks.items()}

    def sender_of(destination: str) -> Sender:
        to_webhook = is_webhook(destination)
        sender = by_webhook.get(destination) if to_webhook else bot
        if sender is None:
            raise undelivered(
                f"nobody can send to {destination}",
                "set its webhook in outlay.yaml" if to_webhook else "set alerts.slack.bot_token in outlay.yaml",
            )
        return sender

    return sender_of
