"""What the company runs in the clouds and how much: groups of machines by the hour, and traffic of models in tokens.

Every figure is a draw of the seed. What it costs belongs to the bills, what happens when to `world`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.simulator.anomalies import left_on
from connectors.simulator.clouds import accounts as who
from connectors.simulator.clouds.lines import AWS, AZURE, GCP, ZERO, Account
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.draws import between

_TRAINING_DAYS = (1, 2, 3)
"""Tuesday to Thursday."""
_RARE_DAYS = (5, 12, 13, 26)
_RESTATED_PERCENT = 5


@dataclass(frozen=True)
class Machines:
    """`count` machines of one size in one place. `plan` is how they are paid for; `low` to `high` are hours a day.

    `rhythm`: always, weekdays, bursts (training runs, every week), rare. On weekends only `weekend` of them run.
    """

    cloud: str
    name: str
    account: Account
    size: str
    count: int
    region: str
    plan: str
    rhythm: str = "always"
    low: int = 24
    high: int = 24
    weekend: int | None = None

    def hours(self, world: CloudWorld, number: int, day: date) -> Decimal:
        """How long machine `number` (from 0) ran on `day`, in quarters of an hour."""
        if left_on(world.calendar, self.name, day):
            return Decimal(24)
        is_weekend = day.weekday() >= 5
        rests = {
            "weekdays": is_weekend,
            "bursts": day.weekday() not in _TRAINING_DAYS,
            "rare": day.day not in _RARE_DAYS,
        }
        if rests.get(self.rhythm) or (is_weekend and self.weekend is not None and number >= self.weekend):
            return ZERO
        quarters = between(self.low * 4, self.high * 4, world.seed, self.cloud, self.name, number, day)
        return Decimal(quarters) / 4


@dataclass(frozen=True)
class Traffic:
    """Use of one model by one caller. `thousands` are tokens a day by meter, in thousands.

    `scope` is where the vendor says it ran; `grammar` which of a vendor's ways of naming meters the bill uses.
    """

    cloud: str
    name: str
    account: Account
    model: str
    tier: str
    region: str
    thousands: Mapping[str, int]
    scope: str = ""
    grammar: str = ""
    tag: str | None = None

    def tokens(self, world: CloudWorld, meter: str, day: date) -> int:
        """Tokens of a meter on `day`; three fifths fewer on weekends."""
        base = self.thousands[meter] * 1000
        share = between(800, 1200, world.seed, self.cloud, self.name, self.model, self.tier, meter, day)
        count = base * share // 1000 * (2 if day.weekday() >= 5 else 5) // 5
        if self.is_restated and world.is_second and day == world.restated_aws_day:
            count = count * (100 + _RESTATED_PERCENT) // 100
        return count

    @property
    def is_restated(self) -> bool:
        return self.name == "support-bot" and self.cloud == AWS


MACHINES = (
    Machines(AWS, "train-llm", who.AWS_TRAINING, "p5.48xlarge", 4, "us-east-1", "on_demand", "bursts", 16, 24),
    Machines(AWS, "train-block", who.AWS_TRAINING, "p5.48xlarge", 4, "us-west-2", "block"),
    Machines(AWS, "train-trn", who.AWS_TRAINING, "trn1.32xlarge", 2, "us-east-1", "on_demand", "weekdays", 6, 12),
    Machines(AWS, "lab-next", who.AWS_TRAINING, "p7.48xlarge", 1, "us-east-1", "on_demand", "rare", 3, 6),
    Machines(AWS, "serve-rank", who.AWS_INFERENCE, "g5.xlarge", 6, "us-east-1", "savings", weekend=3),
    Machines(AWS, "serve-embed", who.AWS_INFERENCE, "g6.xlarge", 4, "us-east-1", "reserved"),
    Machines(AWS, "serve-query", who.AWS_INFERENCE, "g6.12xlarge", 2, "eu-west-1", "savings_upfront", low=20),
    Machines(AWS, "batch-index", who.AWS_INFERENCE, "g5.2xlarge", 4, "us-west-2", "spot", "always", 4, 22),
    Machines(AWS, "web", who.AWS_APPS, "m7i.2xlarge", 2, "us-east-1", "on_demand"),
    Machines(AWS, "tune", who.AWS_APPS, "ml.g5.2xlarge", 2, "us-east-1", "on_demand", "weekdays", 3, 9),
    Machines(AWS, "serve-intent", who.AWS_APPS, "ml.g5.xlarge", 1, "us-east-1", "on_demand"),
    Machines(GCP, "train-vision", who.GCP_VISION, "a3-highgpu-8g", 2, "us-central1", "on_demand", "bursts", 12, 24),
    Machines(GCP, "sweep", who.GCP_VISION, "a2-highgpu-1g", 4, "us-central1", "spot", "weekdays", 4, 20),
    Machines(GCP, "pretrain", who.GCP_VISION, "ct5lp-hightpu-4t", 2, "us-west4", "on_demand", "bursts", 8, 24),
    Machines(GCP, "serve-l4", who.GCP_ASSIST, "g2-standard-4", 8, "us-central1", "committed", weekend=4),
    Machines(GCP, "batch", who.GCP_SANDBOX, "n2-standard-8", 2, "us-central1", "on_demand"),
    Machines(AZURE, "nd-train", who.AZURE_ML, "Standard_ND96isr_H100_v5", 2, "eastus", "on_demand", "bursts", 10, 24),
    Machines(AZURE, "nc-serve", who.AZURE_ML, "Standard_NC24ads_A100_v4", 4, "eastus", "reserved"),
    Machines(AZURE, "nc-tune", who.AZURE_ML, "Standard_NC40ads_H100_v5", 2, "eastus", "savings", low=18, weekend=1),
    Machines(AZURE, "nc-spot", who.AZURE_PLATFORM, "Standard_NC4as_T4_v3", 3, "westeurope", "spot", "always", 4, 20),
    Machines(AZURE, "aks-system", who.AZURE_PLATFORM, "Standard_D8s_v5", 2, "eastus", "on_demand"),
)

_CHAT = {"input": 42_000, "output": 7_500, "cache_read": 60_000, "cache_write": 5_200}

TRAFFIC = (
    Traffic(AWS, "support-bot", who.AWS_APPS, "Claude3Sonnet", "standard", "us-east-1", _CHAT, grammar="classic",
            tag="support"),
    Traffic(AWS, "nightly-labels", who.AWS_APPS, "Claude3Sonnet", "batch", "us-east-1",
            {"input": 90_000, "output": 11_000}, grammar="classic"),
    Traffic(AWS, "summaries", who.AWS_APPS, "Claude3Sonnet", "standard", "us-east-1",
            {"input": 18_000, "output": 2_400}, scope="global", grammar="classic", tag="support"),
    Traffic(AWS, "query-rewriter", who.AWS_INFERENCE, "Nova2.0Pro", "priority", "us-east-1",
            {"input": 30_000, "output": 4_000}, scope="global", grammar="classic", tag="search"),
    Traffic(AWS, "agents", who.AWS_APPS, "claude-opus-4-8", "standard", "us-west-2", _CHAT, scope="global",
            grammar="mantle"),
    Traffic(AWS, "evaluations", who.AWS_TRAINING, "claude-opus-4-8", "standard", "us-east-1",
            {"input": 6_000, "output": 1_500}, grammar="mantle", tag="data"),
    Traffic(AWS, "research", who.AWS_INFERENCE, "Claude Opus 5.5", "standard", "us-west-2",
            {"input": 21_000, "output": 3_800, "cache_read": 33_000, "cache_write": 2_500}, scope="global",
            grammar="marketplace", tag="search"),
    Traffic(AWS, "dossiers", who.AWS_INFERENCE, "Claude Opus 5.5", "batch", "us-west-2",
            {"input": 26_000, "output": 2_700}, scope="global", grammar="marketplace", tag="catalogue"),
    Traffic(GCP, "captions", who.GCP_VISION, "gemini25pro", "standard", "us-central1",
            {"input": 55_000, "output": 9_000, "cache_read": 20_000}),
    Traffic(GCP, "assistant", who.GCP_ASSIST, "gemini38flash", "standard", "global",
            {"input": 160_000, "output": 24_000, "cache_read": 88_000}, scope="global"),
    Traffic(GCP, "assistant-live", who.GCP_ASSIST, "gemini38flash", "priority", "global",
            {"input": 21_000, "output": 5_000}, scope="global"),
    Traffic(GCP, "tagging", who.GCP_SANDBOX, "gemini25flashlite", "batch", "us-central1",
            {"input": 310_000, "output": 12_000}),
    Traffic(AZURE, "care-bot", who.AZURE_CARE, "gpt-4o", "standard", "eastus",
            {"input": 48_000, "output": 8_000, "cache_read": 26_000}, scope="global"),
    Traffic(AZURE, "care-triage", who.AZURE_CARE, "gpt-4.1-nano", "standard", "eastus",
            {"input": 210_000, "output": 16_000, "cache_read": 70_000}, scope="global"),
    Traffic(AZURE, "planner", who.AZURE_ML, "o4-mini", "standard", "eastus", {"input": 35_000, "output": 9_000},
            scope="global"),
    Traffic(AZURE, "care-writer", who.AZURE_CARE, "gpt-5", "standard", "eastus",
            {"input": 52_000, "output": 7_000, "cache_read": 19_000}, scope="global"),
)  # fmt: skip


def machines_of(cloud: str) -> tuple[Machines, ...]:
    return tuple(group for group in MACHINES if group.cloud == cloud)


def group_named(name: str) -> Machines:
    return next(group for group in MACHINES if group.name == name)


def traffic_of(cloud: str) -> tuple[Traffic, ...]:
    return tuple(traffic for traffic in TRAFFIC if traffic.cloud == cloud)
