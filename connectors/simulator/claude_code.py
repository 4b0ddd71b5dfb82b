"""Claude Code analytics: who used the coding agent, for how much at a guess. The same tokens stand in the usage report.

A record is a person (or a key) and a day. Cost here is an estimate in cents, never part of a bill. People on a seat
have records too (`subscription`), and their tokens stand nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from connectors.simulator.bills import readings_of
from connectors.simulator.draws import between
from connectors.simulator.organisation import ACCOUNT_IDS, ANTHROPIC, KEYS, Key, Person, project_named
from connectors.simulator.traffic import Usage

if TYPE_CHECKING:
    from connectors.simulator.simulation import Simulation, State

_SEATS = (("Ines Carvalho", "claude-sonnet-5"), ("Liam Brennan", "claude-opus-5-5"))
"""People whose coding agent is paid by a seat."""

_SEAT_CENTS_PER_THOUSAND_TOKENS = Decimal("0.2")
_TERMINALS = ("vscode", "iTerm.app", "tmux")


def records_of(simulation: Simulation, source: str, day: date, state: State | None = None) -> list[dict[str, Any]]:
    """Every record of the day, API users first, then seats."""
    if source != ANTHROPIC or not simulation.calendar.first_day <= day <= simulation.calendar.last_day:
        return []
    workspace = project_named(ANTHROPIC, "Claude Code")
    by_key: dict[str, list[Usage]] = {}
    for usage in simulation.usage(source, day, state):
        if usage.project_id == workspace.id and usage.api_key_id:
            by_key.setdefault(usage.api_key_id, []).append(usage)
    records = [
        _record(simulation, day, _actor(key), "api", [_model(simulation, usage) for usage in by_key[key.id]])
        for key in KEYS
        if key.id in by_key
    ]
    return [*records, *(_seat(simulation, day, name, model) for name, model in _SEATS if day.weekday() < 5)]


def _actor(key: Key) -> dict[str, str]:
    if key.owner:
        return {"type": "user_actor", "email_address": Person(key.owner).email}
    return {"type": "api_actor", "api_key_name": key.name}


def _model(simulation: Simulation, usage: Usage) -> dict[str, Any]:
    readings = readings_of(simulation.calendar, usage)
    listed = sum((paid.list_cost for paid in readings if paid.list_cost is not None), Decimal(0))
    quantities = usage.quantities
    tokens = {
        "input": quantities.get("input", 0),
        "output": quantities.get("output", 0),
        "cache_read": quantities.get("cache_read", 0),
        "cache_creation": quantities.get("cache_write_5m", 0) + quantities.get("cache_write_1h", 0),
    }
    cents = int((listed * 100).quantize(Decimal(1), ROUND_HALF_UP))
    return {"model": usage.model, "tokens": tokens, "estimated_cost": {"amount": cents, "currency": "USD"}}


def _seat(simulation: Simulation, day: date, name: str, model: str) -> dict[str, Any]:
    thousands = between(4000, 26_000, simulation.seed, day, "seat", name)
    tokens = {
        "input": thousands * 90,
        "output": thousands * 30,
        "cache_read": thousands * 800,
        "cache_creation": thousands * 80,
    }
    cents = int((_SEAT_CENTS_PER_THOUSAND_TOKENS * thousands).quantize(Decimal(1), ROUND_HALF_UP))
    breakdown = {"model": model, "tokens": tokens, "estimated_cost": {"amount": cents, "currency": "USD"}}
    actor = {"type": "user_actor", "email_address": Person(name).email}
    return _record(simulation, day, actor, "subscription", [breakdown])


def _record(
    simulation: Simulation,
    day: date,
    actor: Mapping[str, str],
    customer_type: str,
    models: list[dict[str, Any]],
) -> dict[str, Any]:
    def count(low: int, high: int, what: str) -> int:
        return between(low, high, simulation.seed, day, *actor.values(), what)

    tools = {
        f"{tool}_tool": {"accepted": count(0, 40, f"{tool} accepted"), "rejected": count(0, 5, f"{tool} rejected")}
        for tool in ("edit", "multi_edit", "write", "notebook_edit")
    }
    return {
        "actor": dict(actor),
        "date": f"{day}T00:00:00Z",
        "organization_id": ACCOUNT_IDS[ANTHROPIC],
        "customer_type": customer_type,
        "subscription_type": "team" if customer_type == "subscription" else None,
        "terminal_type": _TERMINALS[count(0, len(_TERMINALS) - 1, "terminal")],
        "is_remote": False,
        "core_metrics": {
            "num_sessions": count(1, 18, "sessions"),
            "lines_of_code": {"added": count(20, 900, "added"), "removed": count(5, 400, "removed")},
            "commits_by_claude_code": count(0, 9, "commits"),
            "pull_requests_by_claude_code": count(0, 3, "pull requests"),
        },
        "tool_actions": tools,
        "model_breakdown": models,
    }


def estimated_costs(simulation: Simulation, source: str, state: State) -> list[dict[str, Any]]:
    """What the report guesses in all, by billing period and customer type: for the truth."""
    cents: dict[tuple[str, str], int] = {}
    for day in simulation.calendar.days:
        for record in records_of(simulation, source, day, state):
            group = (f"{day:%Y-%m}", record["customer_type"])
            spent = sum(model["estimated_cost"]["amount"] for model in record["model_breakdown"])
            cents[group] = cents.get(group, 0) + spent
    return [
        {
            "source": source,
            "billing_period": period,
            "customer_type": customer,
            "estimated_cost": f"{Decimal(amount) / 100:.2f}",
        }
        for (period, customer), amount in sorted(cents.items())
    ]
