"""Times of alerts: one after the other without a gap, and none of what is resolved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.control.alert_spans import Span, spans
from models.control.alerts import AlertEvent, EventKind

START = datetime(2026, 7, 1, 6, tzinfo=UTC)


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def event(kind: EventKind, hours: int, alert_id: str = "one") -> AlertEvent:
    return AlertEvent(alert_id, kind, at(hours))


def test_states_follow_each_other_and_what_changes_none_ends_none() -> None:
    events = [
        event("opened", 0),
        event("notified", 1),
        event("updated", 2),
        event("acknowledged", 5),
        event("opened", 6, "two"),
        event("resolved", 9),
        event("reopened", 30),
    ]
    assert spans(events, at(40)) == [
        Span("one", "open", at(0), at(1)),
        Span("one", "notified", at(1), at(5)),
        Span("one", "acknowledged", at(5), at(9)),
        Span("one", "open", at(30), at(40)),
        Span("two", "open", at(6), at(40)),
    ]


def test_what_happens_at_once_has_no_length() -> None:
    assert spans([event("opened", 0), event("resolved", 0)], at(1)) == []
    assert spans([], at(1)) == []
