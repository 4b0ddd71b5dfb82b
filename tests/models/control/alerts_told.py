"""Alerts for tests of who is told what: conditions in few words, and a log that makes what is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from models.control.alerts import Alert, AlertEvent, Request, ask, observe, replay, tick
from models.control.conditions import AlertKey, Condition, Kind, Severity
from models.control.notices import Made, Notice, what_to_say
from models.control.policy import Policy


def condition(
    scope: str = "search",
    *,
    rule: str = "ai",
    kind: Kind = "budget",
    severity: Severity = "warning",
    amount: str = "120",
    team: str | None = "search",
    vendor: str | None = None,
    model: str | None = None,
) -> Condition:
    return Condition(
        key=AlertKey(rule, scope, "2026-11", "100 %"),
        kind=kind,
        standing="firing",
        severity=severity,
        headline="Budget exceeded",
        subject=scope,
        answer="120.00 USD of 100.00 USD are spent",
        to_do="spend less",
        since=date(2026, 11, 2),
        amount=Decimal(amount),
        limit=Decimal(100),
        currency="USD",
        team=team,
        vendor=vendor,
        model=model,
    )


@dataclass
class Telling:
    """Alerts under a policy, as passes go on: what holds now is given to `at`, which returns what is said then."""

    policy: Policy
    book: dict[str, Alert] = field(default_factory=dict[str, Alert])
    made: dict[str, Made] = field(default_factory=dict[str, Made])

    def at(self, now: datetime, *conditions: Condition, asks: Iterable[Request] = ()) -> list[Notice]:
        """One pass in which everything that is made is sent at once."""
        for request in asks:
            self._take(ask(self.book, request))
        rules = {(each.key.rule, each.kind) for each in self.book.values()}
        self._take(*observe(self.book, conditions, rules, now))
        self._take(*tick(self.book, self.policy, now))
        fresh, notices = what_to_say(self.book, conditions, self.made, self.policy, now)
        self._take(*fresh)
        for notice in notices:
            for key in (notice.key, *notice.covers):
                assert key not in self.made, f"{key} is made twice"
                self.made[key] = Made(notice, now)
            told = [alert_id for alert_id in notice.notifies if self.book[alert_id].state == "open"]
            self._take(*(AlertEvent(alert_id, "notified", now) for alert_id in dict.fromkeys(told)))
        return notices

    def _take(self, *events: AlertEvent) -> None:
        self.book = replay(events, self.book)


def acknowledge(told: Condition, at: datetime) -> Request:
    return Request(f"ack {at}", told.alert_id, "acknowledge", "anna", at)


def resolve(told: Condition, at: datetime) -> Request:
    return Request(f"resolve {at}", told.alert_id, "resolve", "anna", at)


def snooze(told: Condition, at: datetime, span: timedelta) -> Request:
    return Request(f"snooze {at}", told.alert_id, "snooze", "anna", at, until=at + span)


def words(notices: Iterable[Notice]) -> list[str]:
    """Each notice in a line: what, what it says, and where."""
    return [f"{notice.what} {notice.says} {notice.destination}" for notice in notices]
