"""Alerts of the sample: one of each state, in a real control store; names are hostile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.control import ControlStore
from models.control.alerts import AlertEvent
from models.control.conditions import AlertKey, Condition, Point, Severity
from tests.dashboards.sample_basics import HOSTILE

NOW = datetime.now(UTC).replace(microsecond=0)
SEARCH = Condition(
    key=AlertKey("Search team", "team search", "2026-07", "100 %"),
    kind="budget",
    standing="firing",
    severity="critical",
    headline="Budget of the search team is spent",
    subject="Search team",
    answer="11,250.00 USD of 10,000.00 USD is billed for July 2026: 1,250.00 USD over.",
    to_do="Ask search about gpt-5 first.",
    since=date(2026, 7, 18),
    cause="gpt-5 rose most.",
    facts=(("Covers", "team search"), ("Data through", "20 July 2026")),
    details=(f"{HOSTILE} · gpt-5: +900.00 USD",),
    amount=Decimal(11250),
    limit=Decimal(10000),
    currency="USD",
    team="search",
    page="overview?period=2026-07",
    trend=tuple(Point(date(2026, 7, day), Decimal(10 * day), Decimal(100)) for day in range(1, 21)),
)


def condition(rule: str, severity: Severity = "warning", subject: str = "openai") -> Condition:
    """A plain one, of a source that is late."""
    return Condition(
        key=AlertKey(rule, subject, "", "48 hours"),
        kind="stale_source",
        standing="firing",
        severity=severity,
        headline=f"{subject} is late",
        subject=subject,
        answer="Nothing came for 96 hours; 48 hours are usual.",
        to_do="Look at its last try in `outlay status`.",
        since=date(2026, 7, 18),
        amount=Decimal(96),
        limit=Decimal(48),
        unit="hours",
    )


LATE, OLD = condition("late", subject=HOSTILE), condition("old", "info")


def fill(home: Path, events: list[AlertEvent] | None = None) -> None:
    """A control store in `home` with these events; by default three alerts: told, acknowledged, resolved."""
    (home / "control").mkdir(parents=True, exist_ok=True)
    with ControlStore.open(f"sqlite:///{home / 'control' / 'outlay.db'}") as store, store.lock_alerting():
        store.alerts.record(default_events() if events is None else events)


def default_events() -> list[AlertEvent]:
    day = timedelta(days=1)
    return [
        AlertEvent(SEARCH.alert_id, "opened", NOW - 3 * day, condition=SEARCH),
        AlertEvent(LATE.alert_id, "opened", NOW - 2 * day, condition=LATE),
        AlertEvent(OLD.alert_id, "opened", NOW - 60 * day, condition=OLD),
        AlertEvent(SEARCH.alert_id, "notified", NOW - 3 * day),
        AlertEvent(LATE.alert_id, "acknowledged", NOW - day, who=HOSTILE, note="on it"),
        AlertEvent(OLD.alert_id, "resolved", NOW - 50 * day, note="it is over"),
    ]
