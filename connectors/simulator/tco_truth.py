"""The truth of who answers for what: costs with component and owner, and shared pools split over teams by the month.

Splitting follows the organisation's own rules (decision record 7): by fixed shares, or by what teams had directly in
the calendar month, in dollars. All is worked out from `ownership` and exact whole numbers, nothing by the ledger.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from operator import itemgetter
from typing import Any

from connectors.simulator.amounts import text
from connectors.simulator.clouds.lines import Charge
from connectors.simulator.declared import DeclaredDay
from connectors.simulator.draws import largest_remainder
from connectors.simulator.events import Calendar
from connectors.simulator.organisation import (
    DATA_PLATFORM,
    EXPERIMENTS,
    GATEWAY,
    OVERHEADS,
    RESERVED,
    TELEPHONY,
    VOICE,
)
from connectors.simulator.ownership import Owner, Spend, owner_of, spend_of_charge
from connectors.simulator.spending import Costs, Had, Spending

_UNIT = Decimal(1).scaleb(-12)
Weights = Mapping[str, int]
Rates = Sequence[tuple[date, Decimal]]


@dataclass(frozen=True)
class Slice:
    """What costs are added up by before pools are split."""

    origin: str
    day: date
    component: str | None
    owner: Owner
    currency: str


@dataclass
class Drivers:
    """What teams had directly, by month, in whole numbers: 1e-12 of money or hours, tokens as they are.

    Direct cost by day and currency, until all of it is known: then it is told `in_dollars`.
    """

    direct_cost: dict[tuple[str, str], dict[tuple[date, str], int]] = field(default_factory=lambda: defaultdict(_days))
    tokens: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(_sums))
    accelerator_hours: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(_sums))

    def in_dollars(self, rates: Rates) -> Mapping[str, Weights]:
        """Direct cost of each month and team, each day's by the rate of that day, to the last place."""
        dollars: dict[str, dict[str, int]] = defaultdict(_sums)
        for (month, team), days in self.direct_cost.items():
            dollars[month][team] = sum(
                amount if currency == "USD" else int((amount * rate_on(day, rates)).to_integral_value(ROUND_HALF_EVEN))
                for (day, currency), amount in days.items()
            )
        return dollars


def rate_on(day: date, rates: Rates) -> Decimal:
    """Dollars of a euro by the last rate on or before the day."""
    return rates[bisect_right(rates, day, key=itemgetter(0)) - 1][1]


def _sums() -> dict[str, int]:
    return defaultdict(int)


def _days() -> dict[tuple[date, str], int]:
    return defaultdict(int)


class Attribution:
    """Costs with their owners while they are added up."""

    def __init__(self, calendar: Calendar, rates: Rates = ()) -> None:
        """`rates`: by day, what a euro is in dollars."""
        self._calendar = calendar
        self._rates = rates
        self._costs: dict[Slice, int] = defaultdict(int)
        self._drivers = Drivers()
        self.spending = Spending(calendar)

    def add(
        self, spend: Spend, costs: Costs, currency: str = "USD", *, month: str | None = None, tokens: int = 0,
        hours: Decimal = Decimal(0),
    ) -> Owner:  # fmt: skip
        """A charge, or the part of it that one key owns; `month`: that it is billed in, where that is not its day's;
        `hours` are accelerator-hours that were used."""
        owner = self.owner(spend)
        amount = _whole(costs.effective)
        dollars = costs.effective if currency == "USD" else costs.effective * rate_on(spend.day, self._rates)
        self.spending.add(spend, owner, costs, Had(dollars, Decimal(tokens), hours),
                          month=month or f"{spend.day:%Y-%m}", currency=currency)  # fmt: skip
        self._costs[Slice("charge", spend.day, spend.component, owner, currency)] += amount
        if owner.team is not None:
            month = f"{spend.day:%Y-%m}"
            self._drivers.direct_cost[month, owner.team][spend.day, currency] += amount
            self._drivers.tokens[month][owner.team] += tokens
            self._drivers.accelerator_hours[month][owner.team] += _whole(hours)
        return owner

    def owner(self, spend: Spend) -> Owner:
        """Whose it is."""
        return owner_of(spend, self._calendar)

    def add_charge(self, charge: Charge) -> Owner:
        used = charge.accelerators if charge.accelerators and charge.accelerators.used else None
        return self.add(
            spend_of_charge(charge), Costs(charge.billed, charge.effective, charge.listed), charge.currency,
            month=charge.billing_period, tokens=charge.tokens.count if charge.tokens else 0,
            hours=used.hours if used else Decimal(0),
        )  # fmt: skip

    def add_declared(self, told: DeclaredDay) -> None:
        if not told.counts:
            return
        self.spending.add_declared(told)
        owner = Owner(told.team, told.pool, None, None, None, None)
        self._costs[Slice("declared", told.day, told.component, owner, told.currency)] += _whole(told.amount)

    def attributed(self) -> list[dict[str, Any]]:
        """Charges by month, component and owner before pools are split."""
        names = ("month", "component", "currency", *_OWNER)
        sums: dict[tuple[str | None, ...], int] = defaultdict(int)
        for cost, amount in self._costs.items():
            if cost.origin == "charge":
                owner = (getattr(cost.owner, name) for name in _OWNER)
                sums[f"{cost.day:%Y-%m}", cost.component, cost.currency, *owner] += amount
        return _rows(names, sums)

    def tco(self) -> list[dict[str, Any]]:
        """All costs by month, team, component, currency, origin and how they came to the team."""
        names = ("month", "team", "component", "currency", "origin", "allocation")
        sums: dict[tuple[str | None, ...], int] = defaultdict(int)
        dollars = self._drivers.in_dollars(self._rates)
        for cost, amount in self._costs.items():
            for team, share, is_shared in self._shared_out(cost, cost.owner.pool, amount, dollars):
                allocation = "unallocated" if team is None else "shared" if is_shared else "direct"
                sums[f"{cost.day:%Y-%m}", team, cost.component, cost.currency, cost.origin, allocation] += share
        return _rows(names, sums)

    def _shared_out(
        self, cost: Slice, pool: str | None, amount: int, dollars: Mapping[str, Weights]
    ) -> Iterable[tuple[str | None, int, bool]]:
        """Team, amount, and whether it came out of a pool; a pool among those who share is shared out in turn."""
        if pool is None:
            yield cost.owner.team, amount, False
            return
        weights = self._weights(cost, pool, dollars)
        if not weights:
            yield None, amount, True
            return
        for name, share in zip(weights, largest_remainder(amount, list(weights.values())), strict=True):
            if name == OVERHEADS:
                yield from self._shared_out(cost, OVERHEADS, share, dollars)
            else:
                yield name, share, True

    def _weights(self, cost: Slice, pool: str, dollars: Mapping[str, Weights]) -> Weights:
        """By what the pool is shared on that day; empty where nobody had any of it that month."""
        month = f"{cost.day:%Y-%m}"
        hours, tokens = self._drivers.accelerator_hours[month], self._drivers.tokens[month]
        if pool == DATA_PLATFORM:
            is_voice = cost.day >= self._calendar.voice_day
            return {"data": 50, "search": 30, OVERHEADS: 20} if is_voice else {"data": 70, OVERHEADS: 30}
        shared_by = {
            OVERHEADS: dollars.get(month, {}),
            GATEWAY: tokens,
            TELEPHONY: {VOICE: tokens.get(VOICE, 0)},
            EXPERIMENTS: {team: hours.get(team, 0) for team in ("catalogue", "data")},
            RESERVED: hours,
        }[pool]
        return {team: weight for team, weight in sorted(shared_by.items()) if weight > 0}


_OWNER = ("team", "pool", "cost_centre", "product", "use_case", "environment")


def _whole(amount: Decimal) -> int:
    return int(amount / _UNIT)


def _rows(
    names: tuple[str, ...], sums: Mapping[tuple[str | None, ...], int], cost: str = "effective_cost"
) -> list[dict[str, Any]]:
    ordered = sorted(sums.items(), key=lambda item: tuple(part or "" for part in item[0]))
    return [{**dict(zip(names, group, strict=True)), cost: text(amount * _UNIT)} for group, amount in ordered]


def declared_document(days: Iterable[DeclaredDay]) -> list[dict[str, Any]]:
    """Declared costs by name, part and month; standing is declared, or invoiced where it does not count."""
    sums: dict[tuple[str | None, ...], int] = defaultdict(int)
    for told in days:
        standing = "declared" if told.counts else "invoiced"
        sums[told.name, told.part, f"{told.day:%Y-%m}", told.currency, standing] += _whole(told.amount)
    return _rows(("name", "part", "month", "currency", "standing"), sums, "declared_cost")
