"""Who the make-believe organisation is: its teams, people, projects, keys, and what it agreed with vendors.

Meridian Goods sells household goods. Ids are fixed by name and the same for every seed, so that documents and tests
may quote them. How much anyone uses is in `workloads`; what happens on which day in `events`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from connectors.simulator.draws import identifier

ORGANIZATION = "Meridian Goods"
OPENAI, ANTHROPIC, LABS = "openai", "anthropic", "anthropic-labs"
SOURCES = (OPENAI, ANTHROPIC, LABS)

ACCOUNT_IDS = {
    OPENAI: identifier("org-", 24, OPENAI),
    ANTHROPIC: "7f3c1d52-90ab-4c6e-8f21-5b0d6a9e4c13",
    LABS: "c2a84e70-1b7d-4f09-a6d3-2e95f8b01d47",
}
ACCOUNT_NAMES = {OPENAI: ORGANIZATION, ANTHROPIC: ORGANIZATION, LABS: f"{ORGANIZATION} Labs"}


@dataclass(frozen=True)
class Person:
    """Somebody with a login; the same address at every vendor, another id at each."""

    name: str

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@meridian-goods.example"

    def user_id(self, source: str) -> str:
        if source == OPENAI:
            return identifier("user-", 24, "person", self.name)
        return identifier("user_01", 22, "person", source, self.name)


@dataclass(frozen=True)
class Project:
    """A project at OpenAI or a workspace at Anthropic. `team` owns it; None: nobody was told to."""

    source: str
    name: str
    team: str | None
    archived: bool = False

    @property
    def id(self) -> str:
        if self.source == OPENAI:
            return identifier("proj_", 24, "project", self.name)
        return identifier("wrkspc_01", 22, "workspace", self.source, self.name)


@dataclass(frozen=True)
class Key:
    """An API key of a project. `owner` names its person; None: a service account of the same name.

    `renamed` is its name on the second pull, `deleted` says that it is gone by then.
    """

    source: str
    project: str
    name: str
    owner: str | None = None
    team: str | None = None
    renamed: str | None = None
    deleted: bool = False

    @property
    def id(self) -> str:
        if self.source == OPENAI:
            return identifier("key_", 16, "key", self.project, self.name)
        return identifier("apikey_01", 22, "key", self.source, self.project, self.name)

    @property
    def user_id(self) -> str:
        """Whose usage it is: the owner's, or the service account's."""
        if self.owner is not None:
            return Person(self.owner).user_id(self.source)
        if self.source == OPENAI:
            return identifier("user-", 24, "service account", self.name)
        return identifier("svac_01", 22, "service account", self.source, self.name)

    def name_in(self, state: str) -> str | None:
        """What the vendor calls it on that pull; None where it is gone."""
        if state == "second":
            return None if self.deleted else self.renamed or self.name
        return self.name


VOICE = "voice"
"""The team that Voice Line becomes in the middle of the window."""

COST_CENTRES = {
    "support": "CC-210",
    VOICE: "CC-215",
    "search": "CC-220",
    "catalogue": "CC-230",
    "data": "CC-310",
    "engineering": "CC-320",
    "marketing": "CC-410",
}
"""The teams, and which cost centre pays for each."""

OVERHEADS, GATEWAY, DATA_PLATFORM = "overheads", "model-gateway", "data-platform"
EXPERIMENTS, TELEPHONY, RESERVED = "experiments", "telephony", "reserved-capacity"
"""Pools of what teams share."""

PEOPLE = tuple(
    Person(name)
    for name in (
        "Ada Okafor", "Bruno Lindqvist", "Chiara Moretti", "Dmitri Halvorsen", "Esther Nakamura", "Farid Haddad",
        "Greta Sommer", "Hugo Tanaka", "Ines Carvalho", "Jonas Weber", "Katya Petrova", "Liam Brennan",
    )
)  # fmt: skip

PROJECTS = (
    Project(OPENAI, "Support Bot", "support"),
    Project(OPENAI, "Product Search", "search"),
    Project(OPENAI, "Catalogue Enrichment", "catalogue"),
    Project(OPENAI, "Voice Line", "support"),
    Project(OPENAI, "Marketing Studio", "marketing"),
    Project(OPENAI, "Data Lab", "data"),
    Project(OPENAI, "Platform Sandbox", None),
    Project(OPENAI, "Spring Chatbot", "marketing", archived=True),
    Project(ANTHROPIC, "Agent Assist", "support"),
    Project(ANTHROPIC, "Claude Code", "engineering"),
    Project(ANTHROPIC, "Contracts Desk", "catalogue"),
    Project(ANTHROPIC, "Document Intake", "catalogue"),
    Project(ANTHROPIC, "Safety Evaluations", "data"),
    Project(ANTHROPIC, "Analyst Notebooks", "data"),
    Project(LABS, "Prototypes", "data"),
    Project(LABS, "Agent Trials", "engineering"),
)
"""Fourteen in use, one archived; Anthropic's default workspace comes on top and has no id in reports."""

KEYS = (
    Key(OPENAI, "Support Bot", "support-bot-prod"),
    Key(OPENAI, "Support Bot", "support-bot-staging"),
    Key(OPENAI, "Support Bot", "support-evals", owner="Ada Okafor"),
    Key(OPENAI, "Product Search", "search-api"),
    Key(OPENAI, "Product Search", "search-reranker", renamed="search-reranker-blue"),
    Key(OPENAI, "Product Search", "search-embeddings"),
    Key(OPENAI, "Catalogue Enrichment", "catalogue-nightly"),
    Key(OPENAI, "Catalogue Enrichment", "catalogue-backfill"),
    Key(OPENAI, "Catalogue Enrichment", "catalogue-moderation"),
    Key(OPENAI, "Voice Line", "voice-realtime"),
    Key(OPENAI, "Voice Line", "voice-transcripts"),
    Key(OPENAI, "Voice Line", "voice-announcements"),
    Key(OPENAI, "Marketing Studio", "studio-images"),
    Key(OPENAI, "Marketing Studio", "studio-copy", owner="Chiara Moretti"),
    Key(OPENAI, "Marketing Studio", "newsletter-old", deleted=True),
    Key(OPENAI, "Data Lab", "lab-notebooks", owner="Esther Nakamura"),
    Key(OPENAI, "Data Lab", "lab-agents"),
    Key(OPENAI, "Data Lab", "lab-preview", owner="Hugo Tanaka"),
    Key(OPENAI, "Platform Sandbox", "sandbox-shared", owner="Jonas Weber"),
    Key(OPENAI, "Platform Sandbox", "sandbox-search-spike", owner="Bruno Lindqvist", team="search"),
    Key(ANTHROPIC, "Agent Assist", "assist-prod"),
    Key(ANTHROPIC, "Agent Assist", "assist-priority"),
    Key(ANTHROPIC, "Agent Assist", "assist-research"),
    Key(ANTHROPIC, "Claude Code", "claude_code_key_dmitri", owner="Dmitri Halvorsen"),
    Key(ANTHROPIC, "Claude Code", "claude_code_key_greta", owner="Greta Sommer"),
    Key(ANTHROPIC, "Claude Code", "claude_code_key_jonas", owner="Jonas Weber"),
    Key(ANTHROPIC, "Claude Code", "code-review-bot"),
    Key(ANTHROPIC, "Contracts Desk", "contracts-reader"),
    Key(ANTHROPIC, "Contracts Desk", "contracts-clauses"),
    Key(ANTHROPIC, "Document Intake", "intake-batch", renamed="intake-batch-v2"),
    Key(ANTHROPIC, "Document Intake", "intake-live"),
    Key(ANTHROPIC, "Document Intake", "intake-archives"),
    Key(ANTHROPIC, "Safety Evaluations", "safety-harness"),
    Key(ANTHROPIC, "Analyst Notebooks", "notebook-server"),
    Key(LABS, "Prototypes", "prototype-web"),
    Key(LABS, "Prototypes", "prototype-mobile"),
    Key(LABS, "Prototypes", "prototype-batch"),
    Key(LABS, "Agent Trials", "trial-planner"),
    Key(LABS, "Agent Trials", "trial-browser"),
    Key(LABS, "Agent Trials", "trial-nightly"),
)

VECTOR_STORES = tuple(identifier("vs_", 24, "vector store", name) for name in ("help-centre", "product-manuals"))

LABS_DISCOUNT = Decimal(10)
"""Percent that Anthropic takes off every list price of the labs account; its report gives both amounts."""

CONTRACT_MODEL = "claude-sonnet-4-6"
CONTRACT_DISCOUNT = Decimal(12)
"""Percent off list for this model at the main Anthropic account, from a day in the middle of the window."""


def projects_of(source: str) -> tuple[Project, ...]:
    return tuple(project for project in PROJECTS if project.source == source)


def keys_of(source: str) -> tuple[Key, ...]:
    return tuple(key for key in KEYS if key.source == source)


@lru_cache(maxsize=256)
def key_named(source: str, name: str) -> Key:
    return next(key for key in KEYS if key.source == source and key.name == name)


@lru_cache(maxsize=256)
def project_named(source: str, name: str) -> Project:
    return next(project for project in PROJECTS if project.source == source and project.name == name)
