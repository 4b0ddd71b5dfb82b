"""What the organisation pays that no bill tells: hardware of its own, people, seats, support; by the day, and as its
`outlay.yaml` declares it.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.simulator.clouds.lines import ACCELERATOR_COMPUTE, OWNED_HARDWARE, PEOPLE_AND_OVERHEADS
from connectors.simulator.draws import largest_remainder
from connectors.simulator.events import Calendar
from connectors.simulator.organisation import OVERHEADS, RESERVED

_UNIT = Decimal(1).scaleb(-12)
RACK = "H100 rack in Leipzig"
SEATS = "Claude Team"
_PRICE, _RESIDUAL, _YEARS = Decimal(276_000), Decimal(24_000), 4
_KILOWATTS, _PUE, _KILOWATT_HOUR = Decimal("10.2"), Decimal("1.25"), Decimal("0.14")
_COLOCATION = Decimal(1900)


@dataclass(frozen=True)
class DeclaredDay:
    """What one part of a declared cost is on a day."""

    name: str
    part: str
    day: date
    amount: Decimal
    component: str
    team: str | None = None
    pool: str | None = None
    currency: str = "USD"
    counts: bool = True
    """False where an invoice took its place."""


@dataclass(frozen=True)
class Declared:
    """A fixed amount a day, month or year from a day on. `said` is what else `outlay.yaml` says of it."""

    name: str
    part: str
    amount: Decimal
    per: str
    begins: date
    said: Mapping[str, object]
    component: str = PEOPLE_AND_OVERHEADS
    team: str | None = None
    pool: str | None = None
    currency: str = "USD"

    def on(self, day: date) -> DeclaredDay:
        return DeclaredDay(
            self.name, self.part, day, self._share(day), self.component, self.team, self.pool, self.currency
        )

    def _share(self, day: date) -> Decimal:
        if self.per == "day":
            return self.amount
        if self.per == "month":
            return part_of(self.amount, day.day - 1, monthrange(day.year, day.month)[1])
        return part_of(self.amount, (day - date(day.year, 1, 1)).days, 366 if isleap(day.year) else 365)


def part_of(amount: Decimal, position: int, days: int) -> Decimal:
    """The share of one of so many days, exactly: twelve places, what is left over on the earliest days."""
    return largest_remainder(int(amount / _UNIT), [1] * days)[position] * _UNIT


def _running_costs(rack_day: date) -> tuple[Declared, ...]:
    """What the rack costs beside its price, which `outlay.yaml` declares together with it."""
    power = _KILOWATTS * _PUE * 24 * _KILOWATT_HOUR
    return (
        Declared(RACK, "electricity", power, "day", rack_day, {}, OWNED_HARDWARE, "data"),
        Declared(RACK, "colocation", _COLOCATION, "month", rack_day, {}, OWNED_HARDWARE, "data"),
    )


def _fees(first: date) -> tuple[Declared, ...]:
    """People, seats and support."""
    group = {"kind": "people", "annual_cost": 540_000, "share_pct": 60}
    labelling = {"kind": "people", "annual_cost": 96_000, "currency": "EUR"}
    seats = {"kind": "subscription", "amount": 1500, "per": "month", "seats": 50, "vendor": "Anthropic"}
    support = {
        "kind": "support", "amount": 36_000, "per": "year", "vendor": "NVIDIA", "component": ACCELERATOR_COMPUTE,
    }  # fmt: skip
    return (
        Declared("AI platform group", "people", Decimal(324_000), "year", first, group, pool=OVERHEADS),
        Declared("Labelling in Kraków", "people", Decimal(96_000), "year", first, labelling, team="catalogue",
                 currency="EUR"),
        Declared(SEATS, "fee", Decimal(1500), "month", first, seats, team="engineering"),
        Declared("NVIDIA AI Enterprise", "fee", Decimal(36_000), "year", first, support, ACCELERATOR_COMPUTE,
                 pool=RESERVED),
    )  # fmt: skip


def declared_days(calendar: Calendar, through: date, invoiced: str | None) -> Iterator[DeclaredDay]:
    """Every part of every declared cost, day by day; seats do not count in the month `invoiced`."""
    bought = calendar.rack_day
    life = (bought.replace(year=bought.year + _YEARS) - bought).days
    costs = (*_running_costs(bought), *_fees(calendar.first_day))
    for number in range((through - calendar.first_day).days + 1):
        day = calendar.first_day + timedelta(days=number)
        if day >= bought:
            share = part_of(_PRICE - _RESIDUAL, (day - bought).days, life)
            yield DeclaredDay(RACK, "depreciation", day, share, OWNED_HARDWARE, "data")
        for cost in costs:
            if day >= cost.begins:
                counts = cost.name != SEATS or f"{day:%Y-%m}" != invoiced
                yield replace(cost.on(day), counts=counts)


def declared_costs(calendar: Calendar) -> list[dict[str, Any]]:
    """`costs` of `outlay.yaml`."""
    rack = {
        "name": RACK, "kind": "owned_accelerators", "team": "data", "accelerator": "H100", "count": 8,
        "purchase_price": int(_PRICE), "in_service": calendar.rack_day, "life_months": _YEARS * 12,
        "residual_value": int(_RESIDUAL), "power_kw": float(_KILOWATTS), "pue": float(_PUE),
        "electricity_price_per_kwh": float(_KILOWATT_HOUR), "colocation_per_month": int(_COLOCATION),
    }  # fmt: skip
    return [
        rack,
        *(
            {
                "name": cost.name,
                **cost.said,
                **({"team": cost.team} if cost.team else {"shared": cost.pool}),
                "valid_from": cost.begins,
            }
            for cost in _fees(calendar.first_day)
        ),
    ]
