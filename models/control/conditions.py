"""Conditions: what stands true, as of a publication, that somebody may have to hear of. One shape for every kind.

Which conditions there are is worked out by kind in the modules of `models.control.kinds`; what becomes of them, and
who is told, is in `alerts` and `notices`. Texts are plain words: whoever shows them escapes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

Kind = Literal[
    "budget",
    "budget_forecast",
    "burn_rate",
    "commitment_running_out",
    "commitment_unused",
    "renewal",
    "anomaly",
    "reconciliation",
    "stale_source",
    "unpriced_usage",
    "residency",
]
Severity = Literal["info", "warning", "critical"]
Standing = Literal["firing", "lingering"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""In rising order."""
STANDINGS: tuple[Standing, ...] = get_args(Standing)


@dataclass(frozen=True)
class AlertKey:
    """What one alert is about. The same key is the same alert, whatever the figures are by now."""

    rule: str
    scope: str
    period: str
    threshold: str

    @property
    def alert_id(self) -> str:
        """Twelve hexadecimal characters, the same on every machine."""
        words = "\x1f".join((self.rule, self.scope, self.period, self.threshold))
        return hashlib.sha256(words.encode()).hexdigest()[:12]

    def __str__(self) -> str:
        return " · ".join(part for part in (self.rule, self.scope, self.period, self.threshold) if part)


@dataclass(frozen=True)
class Point:
    """A day of a condition's trend, in its currency or unit."""

    day: date
    actual: Decimal | None
    expected: Decimal | None = None


@dataclass(frozen=True)
class Condition:
    """Something that holds, with all that a message about it says.

    `amount` over `limit` is how much over which expectation: money in `currency`, else a count of `unit`; None where
    there is no such figure. `since`: first day on which it held. `holds_from`: not before this instant (UTC); None is
    now. `page`: path and query below the dashboard's address. `team` owns it; vendor and model are for routing.
    """

    key: AlertKey
    kind: Kind
    standing: Standing
    severity: Severity
    headline: str
    subject: str
    answer: str
    to_do: str
    since: date
    cause: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    details: tuple[str, ...] = ()
    amount: Decimal | None = None
    limit: Decimal | None = None
    currency: str | None = None
    unit: str | None = None
    team: str | None = None
    vendor: str | None = None
    model: str | None = None
    page: str | None = None
    holds_from: datetime | None = None
    trend: tuple[Point, ...] = ()

    @property
    def alert_id(self) -> str:
        return self.key.alert_id

    def holds_at(self, now: datetime) -> bool:
        """Whether it holds by then: not one that only will."""
        return self.holds_from is None or self.holds_from <= now

    @property
    def gravity(self) -> tuple[bool, int, Decimal]:
        """By which the worse of two with one key is known: firing, then the severity, then the amount."""
        return self.standing == "firing", SEVERITIES.index(self.severity), abs(self.amount or Decimal(0))


def gravest(conditions: Iterable[Condition]) -> dict[str, Condition]:
    """One of each alert id, in their order: told twice, the worse of the two counts."""
    kept: dict[str, Condition] = {}
    for condition in conditions:
        before = kept.setdefault(condition.alert_id, condition)
        if condition.gravity > before.gravity:
            kept[condition.alert_id] = condition
    return kept
