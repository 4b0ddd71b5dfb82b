"""What was planted, as `truth.json` tells it: where it is narrowest, its days, its causes, and what it cost.

What an anomaly cost is the difference between this world and one in which only it did not happen: effective cost of its
source on its days. A discount or tax that follows at a month's end counts only where that is one of the days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.simulator import events
from connectors.simulator.amounts import text
from connectors.simulator.anomalies import Planted, planted
from connectors.simulator.events import CACHE_MODEL, PRICE_RISE_MODEL, UNKNOWN_MODEL, Calendar
from connectors.simulator.organisation import ANTHROPIC, CONTRACT_MODEL, OPENAI, key_named
from connectors.simulator.truth import shares

if TYPE_CHECKING:
    from connectors.simulator.simulation import Simulation, State

Where = tuple[tuple[str, str], ...]
"""Dimensions and their values, by which a cause is told."""

_VENDORS = {OPENAI: "OpenAI", ANTHROPIC: "Anthropic", "anthropic-labs": "Anthropic"}
_NAMES = {"key": "api_key_id", "model": "model"}


@dataclass(frozen=True)
class _Told:
    """An anomaly as readers are told of it. `dimension` and `value` are the narrowest series that shows all of it."""

    name: str
    kind: str
    source: str
    first_day: date
    last_day: date
    dimension: str
    value: str
    value_name: str
    causes: tuple[Where, ...] = field(default=())
    expected: bool = False


def anomaly_document(world: Simulation, state: State) -> list[dict[str, Any]]:
    """Every anomaly of the window, in the order of first days; README.md says what the columns mean."""
    told = sorted(_all(world, state), key=lambda each: (each.first_day, each.name))
    return [_row(world, each, state) for each in told if each.first_day <= each.last_day]


def _row(world: Simulation, each: _Told, state: State) -> dict[str, Any]:
    other = world.without(each.name)
    impacts = [_impact(world, other, each, cause, state) for cause in each.causes]
    whole = _cost(world, each, state) - _cost(other, each, state)
    return {
        "name": each.name,
        "kind": each.kind,
        "source": each.source,
        "dimension": each.dimension,
        "value": each.value,
        "value_name": each.value_name,
        "first_day": str(each.first_day),
        "last_day": str(each.last_day),
        "impact": text(whole),
        "currency": "USD",
        "expected": each.expected,
        "causes": [
            {"dimensions": dict(cause), "impact": text(impact if len(impacts) > 1 else whole)}
            for cause, impact in zip(each.causes, impacts, strict=True)
        ],
    }


def _days(each: _Told) -> Iterator[date]:
    day = each.first_day
    while day <= each.last_day:
        yield day
        day += timedelta(days=1)


def _cost(world: Simulation, each: _Told, state: State) -> Decimal:
    if each.source in _VENDORS:
        return sum((line.amount for day in _days(each) for line in world.lines(each.source, day, state)), Decimal(0))
    return world.clouds.effective_cost(each.source, each.first_day, each.last_day, state)


def _impact(world: Simulation, other: Simulation, each: _Told, cause: Where, state: State) -> Decimal:
    """The part of one of several causes; nothing where there is only one, or where no usage stands behind it."""
    if len(each.causes) < 2:
        return Decimal(0)
    sums: defaultdict[bool, Decimal] = defaultdict(Decimal)
    for is_real, told in ((True, world), (False, other)):
        for day in _days(each):
            for line in told.lines(each.source, day, state):
                for paid, part in zip(line.pays, shares(line), strict=True):
                    if all(getattr(paid.usage, _NAMES[name]) == value for name, value in cause):
                        sums[is_real] += part
    return sums[True] - sums[False]


def _all(world: Simulation, state: State) -> Iterator[_Told]:
    calendar = world.calendar
    for each in planted(calendar):
        yield _machines(world, each, state) if each.machines else _keys(each)
    yield from _events(calendar)


def _machines(world: Simulation, each: Planted, state: State) -> _Told:
    sku, called = world.clouds.sku_of(each.source, each.machines or "", each.first_day, state)
    return _Told(each.name, each.kind, each.source, each.first_day, each.last_day, "sku", sku, called,
                 ((("sku", sku),),))  # fmt: skip


def _keys(each: Planted) -> _Told:
    keys = [key_named(each.source, target.key) for target in each.targets]
    causes = tuple((("key", key.id), ("model", target.model)) for key, target in zip(keys, each.targets, strict=True))
    vendor = _VENDORS[each.source]
    dimension, value, called = ("key", keys[0].id, keys[0].name) if len(keys) == 1 else ("vendor", vendor, vendor)
    return _Told(each.name, each.kind, each.source, each.first_day, each.last_day, dimension, value, called, causes,
                 each.expected)  # fmt: skip


def _events(calendar: Calendar) -> Iterator[_Told]:
    """What happens in every window anyhow, and shows in what is spent."""
    end = calendar.settled[-1]
    agents, preview, newsletter = (key_named(OPENAI, name) for name in ("lab-agents", "lab-preview", "newsletter-old"))
    after = calendar.newsletter_end + timedelta(days=1)

    def key(id: str, model: str) -> tuple[Where, ...]:
        return ((("key", id), ("model", model)),)

    def model(name: str) -> tuple[str, str, str, tuple[Where, ...]]:
        return "model", name, name, ((("model", name),),)

    yield _Told(events.LOOP, "runaway", OPENAI, calendar.loop_day, calendar.loop_day, "key", agents.id, agents.name,
                key(agents.id, "gpt-6.1-sol"))  # fmt: skip
    yield _Told(events.NEW_MODEL, "new_model", OPENAI, calendar.unknown_model_day, end, "key", preview.id,
                preview.name, key(preview.id, UNKNOWN_MODEL))  # fmt: skip
    yield _Told(events.NEWSLETTER, "end", OPENAI, after, end, "key", newsletter.id, newsletter.name,
                key(newsletter.id, "gpt-4.1"))  # fmt: skip
    yield _Told(events.CONTRACT, "price_change", ANTHROPIC, calendar.contract_day, end, *model(CONTRACT_MODEL))
    yield _Told(events.CREDIT, "credit", OPENAI, calendar.credit_day, calendar.credit_day, "vendor", "OpenAI",
                "OpenAI", ((("vendor", "OpenAI"),),))  # fmt: skip
    if calendar.cache_days:
        yield _Told(events.CACHE, "price_change", OPENAI, calendar.cache_days[0], calendar.cache_days[-1], "sku",
                    f"openai/{CACHE_MODEL}/cache_read", f"{CACHE_MODEL} cache_read",
                    ((("model", CACHE_MODEL),),))  # fmt: skip
    if calendar.price_days:
        yield _Told(events.PRICE_RISE, "price_change", OPENAI, calendar.price_days[0], calendar.price_days[-1],
                    *model(PRICE_RISE_MODEL))  # fmt: skip
