"""What was spent day by day, as finely as a budget may narrow it, and how much of it was a team's, as of a day.

For the truth of budgets: pools are shared by what teams had directly in the month up to a day, since a publication of
that day knew no more. All is told by `ownership`, nothing by the ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from connectors.simulator.clouds.lines import AWS, AZURE, GCP
from connectors.simulator.declared import DeclaredDay
from connectors.simulator.events import Calendar
from connectors.simulator.focus_bills.gpu_credits import COREWEAVE
from connectors.simulator.organisation import (
    ANTHROPIC,
    DATA_PLATFORM,
    EXPERIMENTS,
    GATEWAY,
    LABS,
    OPENAI,
    OVERHEADS,
    RESERVED,
    TELEPHONY,
    VOICE,
)
from connectors.simulator.ownership import Owner, Spend

BILLED_AFTER = timedelta(days=2)
"""A day's charges are on the bill that is pulled on the day after the next."""
VENDORS = {OPENAI: "OpenAI", ANTHROPIC: "Anthropic", LABS: "Anthropic", AWS: "AWS", GCP: "Google Cloud",
           AZURE: "Microsoft", COREWEAVE: "CoreWeave"}  # fmt: skip
"""Who sells what a source tells of; a source of several vendors has none here."""
DECLARED = "declared"
_ZERO = Decimal(0)
Weights = Mapping[str, Decimal]


@dataclass(frozen=True)
class Spent:
    """Where a cost belongs before pools are split. `told_on`: the first day whose publication knows it."""

    origin: str
    source: str
    day: date
    told_on: date
    billing_month: str
    model: str | None
    component: str | None
    owner: Owner
    tags: tuple[tuple[str, str], ...]
    currency: str

    @property
    def vendor(self) -> str | None:
        return VENDORS.get(self.source)


@dataclass
class Costs:
    """The three costs that a budget may watch."""

    billed: Decimal = _ZERO
    effective: Decimal = _ZERO
    listed: Decimal = _ZERO

    def of(self, basis: str) -> Decimal:
        return {"billed": self.billed, "effective": self.effective, "list": self.listed}[basis]


@dataclass
class Had:
    """What a team had directly on a day: dollars of effective cost, tokens, accelerator-hours."""

    dollars: Decimal = _ZERO
    tokens: Decimal = _ZERO
    hours: Decimal = _ZERO

    def add(self, other: Had) -> None:
        self.dollars += other.dollars
        self.tokens += other.tokens
        self.hours += other.hours


class Spending:
    """All that was spent, and what teams had of it directly."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._had: dict[str, dict[tuple[str, date], Had]] = defaultdict(lambda: defaultdict(Had))
        self.costs: dict[Spent, Costs] = defaultdict(Costs)
        self._shares = lru_cache(maxsize=None)(self._shares_of)

    def add(self, spend: Spend, owner: Owner, costs: Costs, had: Had, *, month: str, currency: str) -> None:
        """A charge, or the part of it that one key owns."""
        place = Spent("charge", spend.source, spend.day, spend.day + BILLED_AFTER, month, spend.model, spend.component,
                      owner, tuple(sorted(spend.tags.items())), currency)  # fmt: skip
        self._add(place, costs)
        if owner.team is not None:
            self._had[f"{spend.day:%Y-%m}"][owner.team, spend.day].add(had)

    def add_declared(self, told: DeclaredDay) -> None:
        owner = Owner(told.team, told.pool, None, None, None, None)
        place = Spent(DECLARED, DECLARED, told.day, told.day, f"{told.day:%Y-%m}", None, told.component, owner, (),
                      told.currency)  # fmt: skip
        self._add(place, Costs(_ZERO, told.amount, told.amount))

    def _add(self, place: Spent, costs: Costs) -> None:
        sums = self.costs[place]
        sums.billed += costs.billed
        sums.effective += costs.effective
        sums.listed += costs.listed

    def share(self, pool: str, day: date, team: str, through: date) -> Decimal:
        """The part of a day's cost in a pool that is a team's, by what was told of its month through another day."""
        return self._shares(f"{day:%Y-%m}", pool, through, day >= self._calendar.voice_day).get(team, _ZERO)

    def _shares_of(self, month: str, pool: str, through: date, is_voice: bool) -> Weights:
        weights = self._weights(month, pool, through, is_voice)
        whole = sum(weights.values(), _ZERO)
        shares: dict[str, Decimal] = defaultdict(Decimal)
        for name, weight in weights.items():
            if name == OVERHEADS:
                for team, share in self._shares(month, OVERHEADS, through, is_voice).items():
                    shares[team] += share * weight / whole
            else:
                shares[name] += weight / whole
        return shares

    def _weights(self, month: str, pool: str, through: date, is_voice: bool) -> Weights:
        """By what the pool is shared; empty where nobody had any of it."""
        if pool == DATA_PLATFORM:
            fixed = {"data": 50, "search": 30, OVERHEADS: 20} if is_voice else {"data": 70, OVERHEADS: 30}
            return {name: Decimal(weight) for name, weight in fixed.items()}
        told = [(team, had) for (team, day), had in self._had[month].items() if day + BILLED_AFTER <= through]
        hours = _sums((team, had.hours) for team, had in told)
        tokens = _sums((team, had.tokens) for team, had in told)
        return {
            OVERHEADS: lambda: _sums((team, had.dollars) for team, had in told),
            GATEWAY: lambda: tokens,
            TELEPHONY: lambda: {VOICE: tokens[VOICE]} if VOICE in tokens else {},
            EXPERIMENTS: lambda: {team: hours[team] for team in ("catalogue", "data") if team in hours},
            RESERVED: lambda: hours,
        }[pool]()


def _sums(parts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for team, amount in parts:
        sums[team] += amount
    return {team: amount for team, amount in sums.items() if amount > 0}
