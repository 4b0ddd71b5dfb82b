"""Whose a cost is, by what the organisation knows of itself: never by reading the rules that it wrote into
`outlay.yaml` (`owner_rules`), which must come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.simulator.clouds import accounts as who
from connectors.simulator.clouds.lines import (
    ACCELERATOR_COMPUTE,
    INTEGRATION,
    MODEL_APIS,
    PEOPLE_AND_OVERHEADS,
    Charge,
)
from connectors.simulator.declared import SEATS
from connectors.simulator.events import UNKNOWN_MODEL, Calendar
from connectors.simulator.focus_bills.gpu_credits import COREWEAVE
from connectors.simulator.focus_bills.saas import DAGSTER, WANDB
from connectors.simulator.organisation import (
    COST_CENTRES,
    DATA_PLATFORM,
    EXPERIMENTS,
    GATEWAY,
    KEYS,
    LABS,
    OVERHEADS,
    PROJECTS,
    RESERVED,
    TELEPHONY,
    VOICE,
)

TRAINING_COST_CENTRE = "CC-900"
"""What is spent in the training account is research, whoever does it."""
PRODUCTS = {
    "Product Search": "shop-search",
    who.AWS_INFERENCE.id: "shop-search",
    "pc-proj-search": "shop-search",
    "Support Bot": "customer-care",
    "Agent Assist": "customer-care",
    "Voice Line": "customer-care",
    who.GCP_ASSIST.id: "customer-care",
    who.AZURE_CARE.id: "customer-care",
}
"""By project, subscription or account: which product of the shop it serves."""
POOL_OF_SERVICE = {
    "AmazonStates": TELEPHONY,
    "AmazonMWAA": DATA_PLATFORM,
    DAGSTER.service: DATA_PLATFORM,
    WANDB.service: EXPERIMENTS,
}
_POOL_OF_COMPONENT = {PEOPLE_AND_OVERHEADS: OVERHEADS, INTEGRATION: GATEWAY}
_AGENTS = "agents"
"""A program of the engineering team in an account of support's."""
_MARKETING_REGION = "westeurope"

_PROJECTS = {project.id: project for project in PROJECTS}
_KEYS = {key.id: key for key in KEYS}


@dataclass(frozen=True)
class Spend:
    """What is known of a stretch of cost. `project` is a name at the vendors, an id in the clouds; `home` its team."""

    source: str
    day: date
    project: str | None = None
    home: str | None = None
    key: str | None = None
    key_team: str | None = None
    model: str | None = None
    component: str | None = None
    service: str | None = None
    region: str | None = None
    caller: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Owner:
    """Who answers for a cost: a team, or the pool that shares it; None: nobody was told to."""

    team: str | None
    pool: str | None
    cost_centre: str | None
    product: str | None
    use_case: str | None
    environment: str | None


def spend_of_usage(
    source: str, day: date, project_id: str | None, key_id: str | None = None, model: str | None = None
) -> Spend:
    """What a vendor of models bills, by the ids of its project and key."""
    project, key = _PROJECTS.get(project_id or ""), _KEYS.get(key_id or "")
    return Spend(
        source, day, project=project.name if project else None, home=project.team if project else None,
        key=key.name if key else None, key_team=key.team if key else None, model=model, component=MODEL_APIS,
    )  # fmt: skip


def spend_of_charge(charge: Charge) -> Spend:
    """What stands on the bill of a cloud, or in a FOCUS file."""
    account = charge.account
    return Spend(
        charge.source, charge.start.date(), project=account.id if account else None,
        home=account.team if account else None,
        model=charge.tokens.model if charge.tokens else charge.capacity_of, component=charge.component,
        service=charge.service, region=charge.accelerators.region if charge.accelerators else None,
        caller=charge.caller, tags=charge.tags,
    )  # fmt: skip


def owner_of(spend: Spend, calendar: Calendar) -> Owner:
    """The five dimensions, each by itself."""
    team, pool = _team_or_pool(spend, calendar)
    is_research = spend.project == who.AWS_TRAINING.id
    return Owner(
        team,
        pool,
        cost_centre=TRAINING_COST_CENTRE if is_research else COST_CENTRES.get(team or ""),
        product=PRODUCTS.get(spend.project or ""),
        use_case=_use_case(spend),
        environment=_environment(spend),
    )


def _team_or_pool(spend: Spend, calendar: Calendar) -> tuple[str | None, str | None]:
    """The most particular knowledge first: a key, a model, a program, then where it ran and what it was for."""
    particular = _particular_team(spend, calendar)
    if particular is not None:
        return particular, None
    pool = _POOL_OF_COMPONENT.get(spend.component or "") or POOL_OF_SERVICE.get(spend.service or "")
    if pool is not None:
        return None, pool
    if spend.region == _MARKETING_REGION:
        return "marketing", None
    home = spend.home or {COREWEAVE: "data"}.get(spend.source)
    if home is not None:
        return home, None
    if spend.component == ACCELERATOR_COMPUTE:
        return None, RESERVED
    return {LABS: "engineering"}.get(spend.source), None


def _particular_team(spend: Spend, calendar: Calendar) -> str | None:
    if spend.key_team is not None:
        return spend.key_team
    if spend.model == UNKNOWN_MODEL or spend.caller == _AGENTS:
        return "engineering"
    if spend.service == SEATS:
        return "engineering"
    if spend.project == "Voice Line" and spend.day >= calendar.voice_day:
        return VOICE
    return spend.tags.get("user_team")


def _use_case(spend: Spend) -> str | None:
    if (spend.model or "").startswith("text-embedding"):
        return "embeddings"
    if "app" in spend.tags:
        return spend.tags["app"]
    return "coding" if spend.project == "Claude Code" else None


def _environment(spend: Spend) -> str:
    if spend.key == "support-bot-staging":
        return "staging"
    return "sandbox" if spend.project in {"Platform Sandbox", who.GCP_SANDBOX.id} else "production"
