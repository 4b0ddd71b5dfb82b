"""The organisation's `outlay.yaml`: its sources, who owns what, what it pays and agreed beside, and its budgets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.simulator.agreements import contracts
from connectors.simulator.anomalies import planted
from connectors.simulator.budgets import budgets
from connectors.simulator.clouds.clouds import cloud_sources
from connectors.simulator.declared import declared_costs
from connectors.simulator.events import CACHE_MODEL, Calendar
from connectors.simulator.focus_bills.bills import focus_sources
from connectors.simulator.invoices import invoice_sources
from connectors.simulator.measures import measures
from connectors.simulator.organisation import ANTHROPIC, LABS, OPENAI, ORGANIZATION, SOURCES, VOICE, key_named
from connectors.simulator.owner_rules import owners, shared, teams

if TYPE_CHECKING:
    from connectors.simulator.simulation import Simulation

_ALERTS: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "rules": [
        {"kind": "anomaly", "minimum": 100},
        {"kind": "renewal", "days_ahead": [60, 30, 7]},
    ],
    "quiet_hours": [{"start": "20:00", "end": "07:00", "days": ["saturday", "sunday"], "wakes": "critical"}],
    "escalation": [{"after_hours": 4, "match": {"severity": "critical"}, "mention": "@here"}],
    "storm_above": 5,
}
"""Who hears of what; the place to tell is missing, since the organisation has no Slack."""
KEY_NAMES = {OPENAI: "OPENAI_ADMIN_KEY", ANTHROPIC: "ANTHROPIC_ADMIN_KEY", LABS: "ANTHROPIC_LABS_ADMIN_KEY"}
"""The environment variable that holds each source's make-believe admin key."""


def configuration(
    simulation: Simulation, base_url: str, bills: Path | None, measured: str = "demo/measures"
) -> dict[str, Any]:
    """The content of `outlay.yaml` that pulls the organisation from a server at `base_url`, and from the folder `bills`
    what comes as files; then with all that is declared, shared and measured, by files in `measured`."""
    calendar, start = simulation.calendar, simulation.billing_periods[0]
    has_files = bills is not None
    return {
        "organization": ORGANIZATION,
        "sources": [*_served(base_url, start), *(_files(bills, start, calendar) if bills else ())],
        "teams": teams(),
        "owners": owners(calendar, clouds=has_files),
        **({"shared": shared(calendar), "costs": declared_costs(calendar)} if has_files else {}),
        "contracts": contracts(calendar, clouds=has_files),
        **(measures(calendar, measured) if has_files else {}),
        "budgets": budgets(simulation),
        "forecast": {"events": _coming(calendar)},
        "anomalies": {"expected": _expected(calendar)},
        "alerts": _ALERTS,
    }


def _served(base_url: str, start: str) -> list[dict[str, Any]]:
    options = {
        OPENAI: {"base_url": f"{base_url}/v1"},
        ANTHROPIC: {"base_url": base_url, "report": "admin", "claude_code": True},
        LABS: {"base_url": base_url, "report": "analytics"},
    }
    return [
        {
            "name": source,
            "connector": "openai" if source == OPENAI else "anthropic",
            "start": start,
            "options": {"admin_key": f"${{{KEY_NAMES[source]}}}", **options[source]},
        }
        for source in SOURCES
    ]


def _files(folder: Path, start: str, calendar: Calendar) -> list[dict[str, Any]]:
    return [*cloud_sources(folder, start), *focus_sources(folder, start), *invoice_sources(folder, start, calendar)]


def _coming(calendar: Calendar) -> list[dict[str, Any]]:
    """What is known of days to come: a launch, and a price that was announced."""
    return [
        {"name": "Voice in a second country", "kind": "launch", "day": calendar.last_day + timedelta(days=14),
         "scope": {"team": VOICE}, "change_pct": 30, "ramp_days": 14},
        {"name": "gpt-5.1 becomes cheaper", "kind": "price_change", "day": calendar.last_day + timedelta(days=28),
         "scope": {"model": CACHE_MODEL}, "price_pct": -10},
    ]  # fmt: skip


def _expected(calendar: Calendar) -> list[dict[str, Any]]:
    """Days on which something was meant to be unusual."""
    voice = {"name": "Voice is a team of its own", "scope": {"team": VOICE}, "first_day": calendar.voice_day,
             "last_day": calendar.voice_day + timedelta(days=14)}  # fmt: skip
    return [
        voice,
        *(
            {"name": each.name.capitalize(), "scope": {"key": key_named(each.source, each.targets[0].key).id},
             "first_day": each.first_day, "last_day": each.last_day}
            for each in planted(calendar)
            if each.expected
        ),
    ]  # fmt: skip
