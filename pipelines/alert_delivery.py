"""Sending the notices of a home: with its secrets, its look and its alerts as they stand when each is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from pydantic import SecretStr

from connectors.control.alerts import AlertLog
from connectors.errors import ConfigurationError, DeliveryError
from connectors.slack.delivery import Deliveries, Sender, deliver
from connectors.slack.message import Look, Message
from connectors.slack.messages import render
from connectors.slack.senders import senders
from models.control.alerts import Alert, replay
from models.control.notices import Notice
from models.control.policy import WEBHOOK, is_webhook
from pipelines.attempts import as_outlay_error
from pipelines.configuration import Secrets
from pipelines.workplace import Workplace

_BOT = "bot"


def deliver_due(work: Workplace, patience: timedelta) -> Deliveries:
    """Send what is due. Needs no lock: whoever begins an attempt has it for himself."""
    standing = _Standing(work.control.alerts)

    def rendered(notice: Notice) -> Message:
        try:
            return _message(work, notice, standing.now())
        except DeliveryError:
            raise
        except Exception as error:
            # a message that cannot be made must not keep the others from being sent
            known = as_outlay_error(work, error)
            raise DeliveryError(known.what, remedy=known.remedy, source="slack") from error

    clock, sleep = work.surroundings.clock, work.surroundings.sleep
    return deliver(work.control.alerts, senders_of(work), rendered, clock, patience=patience, sleep=sleep)


def senders_of(work: Workplace) -> Callable[[str], Sender]:
    """Who sends to a destination. It raises `DeliveryError` where nobody can, such as for a secret that is not set;
    that keeps nobody else from being told."""
    slack = work.settings.alerts.slack
    wanted = {_BOT: slack.bot_token, WEBHOOK: slack.webhook}
    wanted |= {f"{WEBHOOK}:{route.name}": route.webhook for route in work.settings.alerts.routes}
    secrets, filled, missing = Secrets(work.home), dict[str, SecretStr](), dict[str, DeliveryError]()
    for name, secret in wanted.items():
        if secret is None:
            continue
        try:
            filled[name] = SecretStr(secrets.fill(secret.get_secret_value(), source="slack"))
        except ConfigurationError as error:
            missing[name] = DeliveryError(error.what, remedy=error.remedy, source="slack")
    sender_of = senders(filled.pop(_BOT, None), filled, api_url=slack.api_url)

    def known_sender_of(destination: str) -> Sender:
        name = destination if is_webhook(destination) else _BOT
        if name in missing:
            raise missing[name]
        return sender_of(destination)

    return known_sender_of


def look_of(work: Workplace, destination: str) -> Look:
    """How a message looks there: links where there is a dashboard, buttons where somebody answers them."""
    alerts, is_bot = work.settings.alerts, not is_webhook(destination)
    return Look(
        organization=work.settings.organization,
        dashboard_url=work.settings.dashboard.url,
        has_buttons=is_bot and alerts.slack.app_token is not None,
        is_bot=is_bot,
    )


def _message(work: Workplace, notice: Notice, alerts: Mapping[str, Alert]) -> Message:
    digest = None
    if notice.what == "digest":
        from pipelines.alert_digest import digest_of

        digest = digest_of(work, date.fromisoformat(notice.says))
    return render(notice, alerts, look_of(work, notice.destination), digest)


class _Standing:
    """Alerts as they stand, read on from where they were read last: somebody may act while messages wait for Slack."""

    def __init__(self, log: AlertLog) -> None:
        self._log = log
        self._book, self._last = log.standing()

    def now(self) -> dict[str, Alert]:
        logged = self._log.events(self._last)
        if logged:
            self._book = replay((each.event for each in logged), self._book)
            self._last = logged[-1].sequence
        return self._book
