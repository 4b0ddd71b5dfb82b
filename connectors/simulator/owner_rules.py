"""`owners`, `teams` and `shared` of the organisation's `outlay.yaml`: what `ownership` knows, said as rules.

Every kind of rule occurs: by key, model, user, tag, component, service, region, project, account and source; dated; and
pools shared by fixed shares, direct cost, tokens and accelerator-hours, one of which hands part of itself to another.
"""

from __future__ import annotations

from typing import Any

from connectors.simulator.clouds import accounts as who
from connectors.simulator.clouds.accounts import ACCOUNTS
from connectors.simulator.clouds.lines import AWS, AZURE, CLOUDS, GCP
from connectors.simulator.events import UNKNOWN_MODEL, Calendar
from connectors.simulator.focus_bills.gpu_credits import COREWEAVE, VENDOR
from connectors.simulator.focus_bills.saas import DAGSTER, PROJECTS_OF_SAAS, SAAS, WANDB
from connectors.simulator.organisation import (
    COST_CENTRES,
    DATA_PLATFORM,
    EXPERIMENTS,
    GATEWAY,
    KEYS,
    LABS,
    OPENAI,
    OVERHEADS,
    PROJECTS,
    RESERVED,
    TELEPHONY,
    VOICE,
)
from connectors.simulator.ownership import PRODUCTS, TRAINING_COST_CENTRE

Rules = list[dict[str, Any]]


def teams() -> Rules:
    """Every team, with the cost centre that pays for it."""
    return [{"name": team, "cost_centre": centre} for team, centre in COST_CENTRES.items()]


def owners(calendar: Calendar, *, clouds: bool) -> Rules:
    """The rules in their order: particular ones first, then pools, homes, and what costs are for."""
    if not clouds:
        return [*_of_keys(), *_moved(calendar), *_of_projects()]
    return [
        *_of_keys(),
        {"name": "Models that are only a preview", "team": "engineering", "model": UNKNOWN_MODEL},
        {"name": "Agents run in support's account", "team": "engineering", "source": AWS, "user": "*:role/agents"},
        *_moved(calendar),
        {"name": "Whoever tags it owns it", "team": "{tag:user_team}", "source": AWS, "tags": {"user_team": "*"}},
        *_into_pools(),
        {"name": "Campaign pages render in Europe", "team": "marketing", "source": AZURE, "region": "westeurope"},
        *_of_projects(),
        *_of_accounts(),
        {"name": "Credits are research's", "team": "data", "source": COREWEAVE, "account": VENDOR.account.id},
        {"name": "What was reserved for all", "shared": RESERVED, "component": "accelerator_compute"},
        {"name": "The labs account", "team": "engineering", "source": LABS},
        *_for_what(),
    ]


def _of_keys() -> Rules:
    return [{"team": key.team, "source": key.source, "api_key": key.id} for key in KEYS if key.team]


def _moved(calendar: Calendar) -> Rules:
    """A project that another team takes over in the middle of the window; before, it is where its project stands."""
    rule = {"team": VOICE, "source": OPENAI, "project": "Voice Line", "valid_from": calendar.voice_day}
    return [{"name": "Voice becomes a team of its own", **rule}]


def _into_pools() -> Rules:
    return [
        {"name": "Tax, support and discounts", "shared": OVERHEADS, "component": "people_and_overheads"},
        {"name": "The way to models", "shared": GATEWAY, "component": "integration"},
        {"shared": TELEPHONY, "service": "AWS Step Functions"},
        {"shared": DATA_PLATFORM, "service": "Amazon Managed Workflows*"},
        {"shared": DATA_PLATFORM, "service": DAGSTER.service},
        {"shared": EXPERIMENTS, "service": WANDB.service},
    ]


def _of_projects() -> Rules:
    return [
        {"team": project.team, "source": project.source, "project": project.name}
        for project in PROJECTS
        if project.team
    ]


def _of_accounts() -> Rules:
    """Accounts, projects and subscriptions of clouds, and projects of other services, by their id."""
    homes = {**{cloud: ACCOUNTS[cloud] for cloud in CLOUDS}, SAAS: PROJECTS_OF_SAAS}
    return [
        {"team": account.team, "source": source, "project": account.id}
        for source, accounts in homes.items()
        for account in accounts
        if account.team
    ]


def _for_what() -> Rules:
    """Cost centre, product, use case and environment: each by the first rule that says something of it."""
    return [
        {"name": "Training is research", "cost_centre": TRAINING_COST_CENTRE, "project": who.AWS_TRAINING.id},
        *({"product": product, "project": project} for project, product in PRODUCTS.items()),
        {"use_case": "embeddings", "model": "text-embedding-*"},
        *({"use_case": "{tag:app}", "source": cloud, "tags": {"app": "*"}} for cloud in (GCP, AZURE)),
        {"use_case": "coding", "project": "Claude Code"},
        {"environment": "staging", "api_key": "*-staging"},
        {"environment": "sandbox", "project": "*Sandbox"},
        {"environment": "production", "source": "*"},
    ]


def shared(calendar: Calendar) -> Rules:
    """How pools are split. `data-platform` is split in another way from the day on that voice is a team."""
    until, since = {"valid_to": calendar.voice_day}, {"valid_from": calendar.voice_day}
    return [
        {"name": OVERHEADS, "by": "direct_cost"},
        {"name": GATEWAY, "by": "tokens"},
        {"name": DATA_PLATFORM, "by": "fixed", **until, "shares": _shares(data=70, overheads=30)},
        {"name": DATA_PLATFORM, "by": "fixed", **since, "shares": _shares(data=50, search=30, overheads=20)},
        {"name": EXPERIMENTS, "by": "accelerator_hours", "among": ["catalogue", "data"]},
        {"name": TELEPHONY, "by": "tokens", "among": [VOICE]},
        {"name": RESERVED, "by": "accelerator_hours"},
    ]


def _shares(**percent: int) -> Rules:
    return [{"shared" if name == OVERHEADS else "team": name, "pct": share} for name, share in percent.items()]
