"""`outlay alerts preview`: the messages of alerts as people would read them. Nothing is recorded and nothing sent."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.slack.message import Message
from connectors.slack.messages import render
from connectors.slack.preview import preview
from connectors.slack.preview_html import page_html
from models.control.alert_words import order
from models.control.alerts import Alert, as_they_stand, replay
from models.control.notices import Notice
from models.control.policy import destinations
from models.control.wall_clock import local_day
from pipelines.alert_delivery import look_of
from pipelines.alert_digest import digest_of
from pipelines.alert_policy import policy_of
from pipelines.alerting import observed
from pipelines.alerts_told import find
from pipelines.workplace import Workplace

NOWHERE = "nowhere"
"""The place of a message that no route is for."""


def previews(work: Workplace, alert_id: str | None = None) -> list[Message]:
    """The first message of every alert that is not resolved, gravest first, or of the one that is asked for: those
    that are known, and those that the next pass would open."""
    alerts = _as_of_the_next_pass(work)
    if alert_id is not None:
        return [_message(work, find(alerts, alert_id))]
    return [_message(work, alert) for alert in sorted(alerts.values(), key=order) if alert.state != "resolved"]


def digest_preview(work: Workplace) -> Message:
    """The weekly digest as it would be now."""
    notice = Notice("digest.preview", "digest", NOWHERE, (), "digest")
    today = local_day(work.surroundings.clock(), work.settings.alerts.time_zone)
    return render(notice, {}, look_of(work, NOWHERE), digest_of(work, today))


def texts(messages: Sequence[Message]) -> list[str]:
    """As readable text."""
    return [preview(message.blocks) for message in messages]


def page(messages: Sequence[Message]) -> str:
    """As a page that shows them as Slack would."""
    return page_html(messages)


def _as_of_the_next_pass(work: Workplace) -> dict[str, Alert]:
    now, book = work.surroundings.clock(), work.control.alerts.book()
    events, conditions, _ = observed(work, book, now)
    book = replay(events, book)
    return replay(as_they_stand(book, conditions, book, now), book)


def _message(work: Workplace, alert: Alert) -> Message:
    targets = destinations(alert.condition, policy_of(work.settings))
    destination = targets[0].destination if targets else NOWHERE
    mention = targets[0].mention if targets else None
    alert_id = alert.key.alert_id
    notice = Notice(f"{alert_id}.preview", "first", destination, (alert_id,), "opened", mention=mention)
    return render(notice, {alert_id: alert}, look_of(work, destination))
