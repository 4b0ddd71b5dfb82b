"""A GPU provider that is paid ahead: a pack of credits a month, drawn down by machines; what is left of it expires.

Topping up is money and no cost, drawing down is cost and no money (rules of money, prepaid).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.simulator.amounts import text
from connectors.simulator.clouds.lines import (
    ACCELERATOR_COMPUTE,
    ZERO,
    Accelerators,
    Account,
    Charge,
    after,
    first_of,
    midnight,
    next_day,
)
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.draws import between
from connectors.simulator.focus_bills.rows import Credits, FocusRow, Vendor

COREWEAVE = "coreweave"
VENDOR = Vendor(
    "CoreWeave", "CoreWeave, Inc.", "CoreWeave GPU Compute", "Compute", "Virtual Machines",
    Account("cw-meridian", "Meridian Goods"), region=("US-EAST-04A", "US East 04"),
)  # fmt: skip
RESEARCH = Account("cw-research", "research")

PACK = Decimal(7000)
"""USD of credits, bought on the first of each month and good until its end; a month can use 6 696 at most."""
_TYPE, _ACCELERATOR, _COUNT = "gd-8xl40s-i128", "L40S", Decimal(8)
_RATE = Decimal(18)
"""USD an hour of one machine."""
_LOW, _HIGH = 6 * 4, 12 * 4
"""Quarters of an hour that it runs a day."""


@dataclass(frozen=True)
class Pack:
    """The credits of a month: what was bought, drawn down by day, and what of it was left when it expired."""

    month: str
    drawn: dict[date, Decimal]
    is_over: bool

    @classmethod
    def of(cls, world: CloudWorld, month: str) -> Pack:
        days = world.days_of(month)
        drawn = {day: _hours(world, day) * _RATE for day in days}
        return cls(month, drawn, is_over=days[-1] == after(month) - timedelta(days=1))

    @property
    def id(self) -> str:
        return f"cw-credits-{self.month}"

    @property
    def left(self) -> Decimal:
        return PACK - sum(self.drawn.values(), ZERO)

    def credits(self, amount: Decimal, status: str | None) -> Credits:
        return Credits(self.id, f"Credits of {self.month}", amount, status)


def _hours(world: CloudWorld, day: date) -> Decimal:
    return Decimal(between(_LOW, _HIGH, world.seed, COREWEAVE, day)) / 4


def gpu_rows(world: CloudWorld, month: str) -> Iterator[FocusRow]:
    """The month's pack, each day that draws on it, and on the month's last day what expires."""
    pack = Pack.of(world, month)
    start = midnight(first_of(month))
    bought = _charge(month, "Purchase", first_of(month), PACK, pack.id, billed=PACK, effective=ZERO)
    yield FocusRow(
        VENDOR, month, None, start, midnight(after(month)), "Purchase", "Prepaid credits, good for the month",
        "credits", "Credits", PACK, "Units", Decimal(1), bought, frequency="One-Time", credits=pack.credits(PACK, None),
    )  # fmt: skip
    for day, cost in pack.drawn.items():
        hours = cost / _RATE
        means = _charge(
            month, "Usage", day, cost, pack.id, project=RESEARCH, status="Used",
            accelerators=Accelerators(_ACCELERATOR, "US-EAST-04A", "committed", hours * _COUNT),
        )  # fmt: skip
        yield FocusRow(
            VENDOR, month, RESEARCH, midnight(day), next_day(day), "Usage", f"{_TYPE} paid by credits", _TYPE,
            "Instance Hours", hours, "Hours", _RATE, means, credits=pack.credits(cost, "Used"),
            details={"InstanceType": _TYPE},
        )  # fmt: skip
    if pack.is_over and pack.left:
        last = after(month) - timedelta(days=1)
        expired = _charge(month, "Usage", last, pack.left, pack.id, status="Unused")
        yield FocusRow(
            VENDOR, month, None, midnight(last), next_day(last), "Usage", "Prepaid credits that expired", "credits",
            "Credits", pack.left, "Units", Decimal(1), expired, credits=pack.credits(pack.left, "Unused"),
        )  # fmt: skip


def _charge(
    month: str, category: str, day: date, amount: Decimal, commitment: str, *, billed: Decimal = ZERO,
    effective: Decimal | None = None, project: Account | None = None, status: str | None = None,
    accelerators: Accelerators | None = None,
) -> Charge:  # fmt: skip
    return Charge(
        COREWEAVE, month, VENDOR.account.id, project, midnight(day), category, billed,
        amount if effective is None else effective, amount, amount, accelerators=accelerators, commitment=commitment,
        status=status, component=ACCELERATOR_COMPUTE, service=VENDOR.service,
    )  # fmt: skip


def prepaid_document(world: CloudWorld) -> list[dict[str, Any]]:
    """The part `prepaid` of the truth: each pack with what was drawn from it, what expired, and what is left."""
    rows: list[dict[str, Any]] = []
    for month in world.months:
        pack = Pack.of(world, month)
        expired = pack.left if pack.is_over else ZERO
        rows.append(
            {
                "source": COREWEAVE,
                "commitment_id": pack.id,
                "bought_on": f"{first_of(month)}",
                "expires_on": f"{after(month)}",
                "currency": VENDOR.currency,
                "paid": text(PACK),
                "drawn": text(PACK - pack.left),
                "expired": text(expired),
                "left": text(pack.left - expired),
            }
        )
    return rows
