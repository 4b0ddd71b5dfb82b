"""What a replay should have told, by the truth of the make-believe organisation, and what it told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from models.control.conditions import Condition

Row = Mapping[str, Any]
Opening = tuple[date, Condition]
Name = tuple[str, ...]
"""Of what somebody must hear: kind, of what, period, threshold."""


@dataclass
class Compared:
    """Events of the truth beside openings of alerts, each by its name: what is the same, and what is not."""

    same: list[tuple[date, Name]] = field(default_factory=list[tuple[date, Name]])
    missing: list[tuple[date, Name]] = field(default_factory=list[tuple[date, Name]])
    beside: list[tuple[date, Name]] = field(default_factory=list[tuple[date, Name]])
    """Told on another day, told again, or told of nothing."""


def compared(expected: Iterable[tuple[date, Name]], openings: Iterable[tuple[date, Name]]) -> Compared:
    """Each event against one opening of its name on its day; days count, and so does how often."""
    told: dict[tuple[date, Name], int] = defaultdict(int)
    for opening in openings:
        told[opening] += 1
    result = Compared()
    for event in expected:
        if told[event]:
            told[event] -= 1
            result.same.append(event)
        else:
            result.missing.append(event)
    result.beside = sorted(event for event, times in told.items() for _ in range(times))
    return result


def budget_events(truth: Row, first: date, last: date) -> list[tuple[date, Name]]:
    """Thresholds that were reached within these days. Of several on one day the highest is told, and of those that
    were reached before the first day the highest is told on it, while their period still counts."""
    highest: dict[tuple[date, str, str], int] = {}
    for row in truth["budgets"]:
        if row["told_on"] is not None:
            day = date.fromisoformat(row["told_on"])
            key = (day, row["budget"], row["period"])
            highest[key] = max(highest.get(key, 0), row["threshold_pct"])
    return sorted(
        (day, ("budget", budget, period, f"{threshold} %"))
        for (day, budget, period), threshold in highest.items()
        if first <= day <= last
    )


def budget_openings(openings: Iterable[Opening]) -> list[tuple[date, Name]]:
    return [
        (day, ("budget", told.key.rule, told.key.period, told.key.threshold))
        for day, told in openings
        if told.kind == "budget"
    ]


def agreement_events(truth: Row, first: date, last: date) -> list[tuple[date, Name]]:
    return sorted(
        (date.fromisoformat(row["told_on"]), (row["kind"], row["name"], f"{row['days_ahead']} days"))
        for row in truth["agreements"]
        if str(first) <= row["told_on"] <= str(last)
    )


def agreement_openings(openings: Iterable[Opening]) -> list[tuple[date, Name]]:
    """The scope of a commitment is its id and currency, that of a renewal the contract."""
    return [
        (day, (told.kind, told.key.scope.split(" · ")[0], told.key.threshold))
        for day, told in openings
        if told.kind in ("renewal", "commitment_running_out")
    ]
