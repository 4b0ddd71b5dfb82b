"""Alerts: a state machine without a clock. An alert is what its events replay to; the events are the truth.

opened → notified → acknowledged | snoozed | escalated → resolved → reopened. Which notices follow is in `notices`;
where events are kept is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from models.control.conditions import AlertKey, Condition, Kind
from models.control.policy import Policy

State = Literal["open", "notified", "acknowledged", "snoozed", "escalated", "resolved"]
STATES: tuple[State, ...] = get_args(State)
EventKind = Literal[
    "opened", "updated", "notified", "acknowledged", "snoozed", "woken", "escalated", "resolved", "cleared", "reopened"
]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)
Act = Literal["acknowledge", "snooze", "resolve"]


@dataclass(frozen=True)
class AlertEvent:
    """Something that happened to an alert; never changed. `who` is None for Outlay itself.

    opened, reopened and updated carry the condition; snoozed carries `until`; escalated its `level` (from 1); acts of
    people may carry a `note`, and resolved says why in it.
    """

    alert_id: str
    kind: EventKind
    at: datetime
    who: str | None = None
    condition: Condition | None = None
    until: datetime | None = None
    level: int | None = None
    note: str | None = None


@dataclass(frozen=True)
class Alert:
    """An alert as it stands. `condition` is the last one that was told; `episode` counts openings from 1.

    `is_firing`: whether the condition still holds, which is not the same as not resolved: people may resolve what goes
    on, and it opens again only after it was away. `updates` counts how often it got worse in this episode.
    """

    key: AlertKey
    kind: Kind
    condition: Condition
    state: State
    episode: int
    opened_at: datetime
    changed_at: datetime
    is_firing: bool = True
    updates: int = 0
    notified_at: datetime | None = None
    handled_by: str | None = None
    handled_at: datetime | None = None
    snoozed_until: datetime | None = None
    level: int = 0
    resolved_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True)
class Request:
    """What a person asks for. `request_id` is the asker's own: the same one twice counts once."""

    request_id: str
    alert_id: str
    act: Act
    who: str
    at: datetime
    until: datetime | None = None
    note: str | None = None


def replay(events: Iterable[AlertEvent], alerts: Mapping[str, Alert] | None = None) -> dict[str, Alert]:
    """Every alert by its id after these events, in their order. Raises `AlertError` for one that cannot happen."""
    raise NotImplementedError


def observe(
    alerts: Mapping[str, Alert], conditions: Sequence[Condition], judged: Collection[str], now: datetime
) -> list[AlertEvent]:
    """What follows from the conditions of a publication. `judged`: names of rules that could be judged; alerts of
    others stay as they are."""
    raise NotImplementedError


def tick(alerts: Mapping[str, Alert], policy: Policy, now: datetime) -> list[AlertEvent]:
    """What follows from time alone: snoozes that are over, and what nobody took up for too long."""
    raise NotImplementedError


def ask(alerts: Mapping[str, Alert], request: Request) -> AlertEvent:
    """The event of a person's act. Raises `AlertError` where it cannot be done, with the reason."""
    raise NotImplementedError
