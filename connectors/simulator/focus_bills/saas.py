"""Services that the company subscribes to or pays by use: vectors, experiments, a gateway, pipelines, and models of a
European vendor who bills in euros. Procurement lays their FOCUS files into one folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.simulator.clouds.lines import (
    DATA_INFRASTRUCTURE,
    INTEGRATION,
    MODEL_APIS,
    ORCHESTRATION,
    TRAINING_PLATFORMS,
    Account,
    Charge,
    after,
    first_of,
    midnight,
    next_day,
)
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.draws import between
from connectors.simulator.focus_bills.rows import FocusRow, Vendor

SAAS = "saas"
_COMPANY = "Meridian Goods"

PINECONE = Vendor(
    "Pinecone", "Pinecone Systems, Inc.", "Pinecone", "Databases", "Other (Databases)",
    Account("pc-8841207", _COMPANY), region=("us-east-1", "US East (N. Virginia)"),
)  # fmt: skip
WANDB = Vendor(
    "Weights & Biases", "Weights and Biases, Inc.", "Weights & Biases", "AI and Machine Learning", "Machine Learning",
    Account("wandb-meridian", _COMPANY),
)  # fmt: skip
PORTKEY = Vendor(
    "Portkey", "Portkey AI, Inc.", "Portkey AI Gateway", "Integration", "API Management",
    Account("pk-meridian", _COMPANY),
)  # fmt: skip
DAGSTER = Vendor(
    "Dagster Labs", "Dagster Labs, Inc.", "Dagster+", "Integration", "Workflow Orchestration",
    Account("dagster-meridian", _COMPANY),
)  # fmt: skip
MISTRAL = Vendor(
    "Mistral AI", "Mistral AI SAS", "La Plateforme", "AI and Machine Learning", "Generative AI",
    Account("mistral-3d0a91", _COMPANY), currency="EUR", region=("eu-west-3", "Europe (Paris)"),
)  # fmt: skip
VENDORS = (PINECONE, WANDB, PORTKEY, DAGSTER, MISTRAL)

PINECONE_SEARCH = Account("pc-proj-search", "product-search", "search")
PINECONE_CATALOGUE = Account("pc-proj-catalogue", "catalogue-duplicates", "catalogue")
MISTRAL_CONTRACTS = Account("ws-contracts", "Contrats", "catalogue")
MISTRAL_RESEARCH = Account("ws-research", "Recherche", "data")
PROJECTS_OF_SAAS = (PINECONE_SEARCH, PINECONE_CATALOGUE, MISTRAL_CONTRACTS, MISTRAL_RESEARCH)


@dataclass(frozen=True)
class Service:
    """What is used of a vendor every day, and what it costs: `low` to `high` units, in blocks of `block`."""

    vendor: Vendor
    project: Account | None
    component: str
    meter: str
    unit: str
    price: Decimal
    low: int
    high: int
    block: int = 1

    def row(self, world: CloudWorld, month: str, day: date) -> FocusRow:
        count = Decimal(between(self.low, self.high, world.seed, self.vendor.name, self.meter, self._place, day))
        quantity = count / self.block
        cost = quantity * self.price
        means = Charge(
            SAAS, month, self.vendor.account.id, self.project, midnight(day), "Usage", cost, cost, cost, cost,
            currency=self.vendor.currency, component=self.component, service=self.vendor.service,
        )  # fmt: skip
        is_blocks = self.block > 1
        return FocusRow(
            self.vendor, month, self.project, midnight(day), next_day(day), "Usage", f"{self.vendor.name} {self.meter}",
            self.meter.lower().replace(" ", "-"), self.meter, quantity,
            f"{self.block} {self.unit}" if is_blocks else self.unit, self.price, means,
            consumed=(count, self.unit) if is_blocks else None,
        )  # fmt: skip

    @property
    def _place(self) -> str:
        return self.project.id if self.project else ""


_MILLION = 1_000_000
SERVICES = (
    Service(PINECONE, PINECONE_SEARCH, DATA_INFRASTRUCTURE, "Read Units", "Units", Decimal(16), 2_100_000, 3_400_000,
            _MILLION),
    Service(PINECONE, PINECONE_CATALOGUE, DATA_INFRASTRUCTURE, "Read Units", "Units", Decimal(16), 700_000, 1_300_000,
            _MILLION),
    Service(PORTKEY, None, INTEGRATION, "Recorded Logs", "Requests", Decimal(9), 210_000, 430_000, 100_000),
    Service(DAGSTER, None, ORCHESTRATION, "Dagster Credits", "Units", Decimal("0.035"), 500, 900),
    Service(MISTRAL, MISTRAL_CONTRACTS, MODEL_APIS, "mistral-large-latest Input Tokens", "Tokens", Decimal("1.8"),
            9_000_000, 14_000_000, _MILLION),
    Service(MISTRAL, MISTRAL_CONTRACTS, MODEL_APIS, "mistral-large-latest Output Tokens", "Tokens", Decimal("5.4"),
            1_100_000, 1_900_000, _MILLION),
    Service(MISTRAL, MISTRAL_RESEARCH, MODEL_APIS, "codestral-latest Input Tokens", "Tokens", Decimal("0.3"),
            30_000_000, 52_000_000, _MILLION),
)  # fmt: skip

SEATS, SEAT_PRICE = Decimal(24), Decimal(50)
"""Of Weights & Biases, by the month."""


def saas_rows(world: CloudWorld, month: str) -> Iterator[FocusRow]:
    """The month's rows of all vendors: seats on its first day, use day by day."""
    yield _seats(month)
    for day in world.days_of(month):
        for service in SERVICES:
            yield service.row(world, month, day)


def _seats(month: str) -> FocusRow:
    start, paid = first_of(month), SEATS * SEAT_PRICE
    means = Charge(
        SAAS, month, WANDB.account.id, None, midnight(start), "Purchase", paid, paid, paid, paid,
        component=TRAINING_PLATFORMS, service=WANDB.service,
    )  # fmt: skip
    return FocusRow(
        WANDB, month, None, midnight(start), midnight(after(month)), "Purchase", "Pro plan, by seat and month",
        "pro-seat", "Seats", SEATS, "Seats", SEAT_PRICE, means, frequency="Recurring",
    )  # fmt: skip
