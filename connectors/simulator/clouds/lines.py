"""A line of a cloud's bill: the vendor's columns beside what the line means, each worked out from what was run.

What it means never passes through the vendor's columns, so that it can be held against whoever reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

AWS, GCP, AZURE = "aws", "gcp", "azure"
CLOUDS = (AWS, GCP, AZURE)
"""The clouds, which is also what their sources are called."""

ZERO = Decimal(0)

MODEL_APIS = "model_apis"
ACCELERATOR_COMPUTE = "accelerator_compute"
TRAINING_PLATFORMS = "training_platforms"
ORCHESTRATION = "orchestration"
DATA_INFRASTRUCTURE = "data_infrastructure"
INFERENCE_SERVING = "inference_serving"
INTEGRATION = "integration"
NETWORKING_AND_STORAGE = "networking_and_storage"
PEOPLE_AND_OVERHEADS = "people_and_overheads"
OWNED_HARDWARE = "owned_hardware"


@dataclass(frozen=True)
class Account:
    """A member account, project or subscription; `team` None: nobody was told to own it."""

    id: str
    name: str
    team: str | None = None


@dataclass(frozen=True)
class Accelerators:
    """Hours of accelerators, not of machines. `kind`: on_demand, spot, reserved, committed or capacity_block."""

    type: str
    region: str
    kind: str
    hours: Decimal
    used: bool = True


@dataclass(frozen=True)
class Tokens:
    """Tokens of one kind that a line pays for."""

    model: str
    meter: str
    tier: str
    count: int


@dataclass(frozen=True)
class Charge:
    """What a line of a bill means: the four costs of one category, and what it was for."""

    source: str
    billing_period: str
    billing_account: str
    account: Account | None
    start: datetime
    category: str
    billed: Decimal
    effective: Decimal
    listed: Decimal
    contracted: Decimal
    currency: str = "USD"
    tokens: Tokens | None = None
    accelerators: Accelerators | None = None
    commitment: str | None = None
    status: str | None = None
    capacity_of: str | None = None
    """The model whose throughput is paid by the hour, where a line says so without counting tokens."""
    unknown: tuple[str, str] | None = None
    """What nobody can know of it, (`usage_type` | `instance_type`, the vendor's word)."""
    component: str | None = None
    """Part of the AI stack that it pays for; None: none of them, as a machine without accelerators."""
    service: str | None = None
    """What the company calls what it pays for, where an owner goes by it."""
    caller: str | None = None
    """Which program of ours used it, where the bill tells it."""
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("billed", "effective", "listed", "contracted"):
            object.__setattr__(self, name, rounded(getattr(self, name), 12))


@dataclass(frozen=True)
class Line:
    """One row of a cloud's bill as the vendor writes it, and the charges that it means (none, one or two)."""

    columns: Mapping[str, object]
    means: tuple[Charge, ...] = field(default=())


def rounded(amount: Decimal, places: int) -> Decimal:
    """Half-even to so many places, without an exponent of its own."""
    return amount.quantize(_step(places), rounding=ROUND_HALF_EVEN)


@lru_cache(maxsize=32)
def _step(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


@lru_cache(maxsize=2048)
def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def next_day(day: date) -> datetime:
    return midnight(day + timedelta(days=1))


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


def first_of(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def after(month: str) -> date:
    """The first day of the next month."""
    return (first_of(month) + timedelta(days=32)).replace(day=1)


def hours_between(start: date, end: date) -> int:
    return (end - start).days * 24
