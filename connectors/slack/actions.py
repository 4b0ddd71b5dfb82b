"""The buttons below a message: what can be done with an alert as it stands. What was pressed is read in `buttons`."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, InteractiveElement, Option, StaticSelectElement

from connectors.slack.mrkdwn import plain
from models.control.alerts import Act, Alert, State

ACKNOWLEDGE, SNOOZE = "outlay_acknowledge", "outlay_snooze"
"""Action ids of the button, whose value is the alert's id, and of the select, whose values are `<alert id>.<hours>`."""
SNOOZES: Mapping[int, str] = {1: "1 hour", 4: "4 hours", 24: "Until tomorrow", 72: "3 days", 168: "1 week"}
"""By hours."""
_OFFERED: Mapping[State, tuple[Act, ...]] = {
    "open": ("acknowledge", "snooze"),
    "notified": ("acknowledge", "snooze"),
    "escalated": ("acknowledge", "snooze"),
    "acknowledged": ("snooze",),
    "snoozed": ("acknowledge",),
    "resolved": (),
}


def actions(alert: Alert) -> ActionsBlock | None:
    """Those that make sense as the alert is; None where none does."""
    made: Mapping[Act, InteractiveElement] = {"acknowledge": _acknowledge(alert), "snooze": _snooze(alert)}
    offered = _OFFERED[alert.state]
    return ActionsBlock(elements=[made[act] for act in offered]) if offered else None


def _acknowledge(alert: Alert) -> ButtonElement:
    return ButtonElement(
        text=plain("Acknowledge", 75), action_id=ACKNOWLEDGE, value=alert.key.alert_id, style="primary"
    )


def _snooze(alert: Alert) -> StaticSelectElement:
    options = [Option(text=plain(text, 75), value=f"{alert.key.alert_id}.{hours}") for hours, text in SNOOZES.items()]
    return StaticSelectElement(placeholder=plain("Snooze", 150), action_id=SNOOZE, options=options)
