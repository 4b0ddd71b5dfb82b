"""Alerts over time: from when until when each was in which state, for timelines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.control.alerts import TRANSITIONS, AlertEvent, State


@dataclass(frozen=True)
class Span:
    """A time in which an alert was in one state; `until` is exclusive."""

    alert_id: str
    state: State
    since: datetime
    until: datetime


def spans(events: Iterable[AlertEvent], now: datetime) -> list[Span]:
    """Of events in their order the times in which alerts were open, in whatever way; what is not over lasts until
    `now`. No span is without length, and none is of a resolved alert."""
    standing: dict[str, tuple[State, datetime]] = {}
    found: list[Span] = []
    for event in events:
        before = standing.get(event.alert_id)
        state = TRANSITIONS[event.kind][before[0] if before else None]
        if before and before[0] == state:
            continue
        if before:
            found.append(Span(event.alert_id, before[0], before[1], event.at))
        standing[event.alert_id] = state, event.at
    found += [Span(alert_id, state, since, now) for alert_id, (state, since) in standing.items()]
    return [span for span in found if span.state != "resolved" and span.since < span.until]
