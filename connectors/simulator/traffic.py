"""What was used on a day: workloads with chance, weekdays, growth and events, all in whole numbers.

Usage knows no money and no wire format. The same seed, day and state give the same usage whatever window is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from connectors.simulator.anomalies import volume as planted_volume
from connectors.simulator.draws import apportion, between
from connectors.simulator.events import (
    REFUSED_MODEL,
    RESTATED_ANTHROPIC_MODEL,
    RESTATED_ANTHROPIC_PERMILLE,
    RESTATED_OPENAI_MODEL,
    RESTATED_OPENAI_PERMILLE,
    UNKNOWN_MODEL,
    Calendar,
)
from connectors.simulator.organisation import OPENAI, Person, key_named, project_named
from connectors.simulator.workloads import (
    HOURS,
    WEB_SEARCHES_PER_MILLION_TOKENS,
    WEEKDAYS,
    WORKLOADS,
    Workload,
)

_EPOCH = date(2026, 1, 1)
_LOOP_TIMES = 14


@dataclass(frozen=True)
class Usage:
    """What one workload used in one day (or a part of it). `quantities` are units by meter, requests among them."""

    source: str
    endpoint: str
    day: date
    project_id: str | None
    api_key_id: str | None
    user_id: str | None
    model: str | None
    tier: str
    geo: str | None
    context: str | None
    detail: tuple[tuple[str, str], ...]
    shape: str
    quantities: Mapping[str, int]

    def per_hour(self) -> list[Usage]:
        """The same usage in 24 hours, which sum to it exactly."""
        return self._cut(HOURS[self.shape])

    def per_minute(self) -> list[Usage]:
        """The usage of one hour in 60 minutes, which sum to it exactly."""
        return self._cut((1,) * 60)

    def _cut(self, weights: tuple[int, ...]) -> list[Usage]:
        parts = {meter: apportion(quantity, weights) for meter, quantity in self.quantities.items()}
        return [
            replace(self, quantities={meter: cut[position] for meter, cut in parts.items() if cut[position]})
            for position in range(len(weights))
        ]

    @property
    def is_anything(self) -> bool:
        return any(self.quantities.values())


def usage_of(seed: int, calendar: Calendar, source: str, day: date, state: str) -> tuple[Usage, ...]:
    """Everything that `source` metered on `day`, as the vendor says in `state` (first or second pull)."""
    if not calendar.first_day <= day <= calendar.last_day:
        return ()
    usages = [
        _usage(workload, day, _quantities(seed, workload, day, _permille(calendar, workload, day, state)))
        for workload in WORKLOADS
        if workload.source == source and _runs(calendar, workload, day)
    ]
    if source == OPENAI and day == calendar.loop_day:
        usages.append(_runaway_loop(seed, day))
    return tuple(usage for usage in usages if usage.is_anything)


def _runs(calendar: Calendar, workload: Workload, day: date) -> bool:
    if workload.model == UNKNOWN_MODEL:
        return day >= calendar.unknown_model_day
    if workload.model == REFUSED_MODEL:
        return day == calendar.refused_day
    if workload.key == "newsletter-old":
        return day <= calendar.newsletter_end
    if workload.source != OPENAI and workload.tier == "priority":
        return calendar.has_priority(day)
    return True


def _permille(calendar: Calendar, workload: Workload, day: date, state: str) -> int:
    """Thousandths of what would be used, had nothing been planted and nothing been restated."""
    return planted_volume(calendar, workload, day) * _restated(calendar, workload, day, state) // 1000


def _restated(calendar: Calendar, workload: Workload, day: date, state: str) -> int:
    """Thousandths of the first pull's figure."""
    if state != "second":
        return 1000
    if workload.model == RESTATED_OPENAI_MODEL and day == calendar.restated_openai_day:
        return RESTATED_OPENAI_PERMILLE if workload.endpoint == "completions" else 1000
    if workload.source == "anthropic" and workload.model == RESTATED_ANTHROPIC_MODEL:
        return RESTATED_ANTHROPIC_PERMILLE if day == calendar.restated_anthropic_day else 1000
    return 1000


def _quantities(seed: int, workload: Workload, day: date, permille: int) -> dict[str, int]:
    growth = max(400, 1000 + 2 * (day - _EPOCH).days)
    noise = between(880, 1120, seed, day, workload.name)
    volume = workload.volume * WEEKDAYS[workload.shape][day.weekday()] * growth * noise * permille // 10**12
    quantities = {
        meter: volume * share * between(950, 1050, seed, day, workload.name, meter) // 10**6
        for meter, share in workload.mix
    }
    if "web_searches" in dict(workload.mix) and workload.source != OPENAI:
        quantities["web_searches"] = volume * WEB_SEARCHES_PER_MILLION_TOKENS // 10**6
    if workload.endpoint not in ("vector_stores", "code_interpreter_sessions"):
        quantities["requests"] = volume // workload.request_size + 1
    return quantities


def _usage(workload: Workload, day: date, quantities: dict[str, int], shape: str | None = None) -> Usage:
    key = key_named(workload.source, workload.key) if workload.key else None
    person = Person(workload.person).user_id(workload.source) if workload.person else None
    return Usage(
        source=workload.source,
        endpoint=workload.endpoint,
        day=day,
        project_id=project_named(workload.source, workload.project).id if workload.project else None,
        api_key_id=key.id if key else None,
        user_id=key.user_id if key else person,
        model=workload.model,
        tier=workload.tier,
        geo=workload.geo,
        context=workload.context,
        detail=workload.detail,
        shape=shape or workload.shape,
        quantities=quantities,
    )


def _runaway_loop(seed: int, day: date) -> Usage:
    """An agent that calls itself: many times a day's worth on one key, within six hours."""
    workload = next(item for item in WORKLOADS if item.key == "lab-agents" and item.tier == "standard")
    once = _quantities(seed, workload, day, 1000)
    return _usage(workload, day, {meter: units * _LOOP_TIMES for meter, units in once.items()}, shape="loop")
