"""Azure's bill of a month: machines by the hour, what reservations and a savings plan pay, the rest by the month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from connectors.simulator.clouds.accounts import AZURE_CARE, AZURE_ENROLMENT, AZURE_ML, AZURE_PLATFORM
from connectors.simulator.clouds.azure_models import PTU, ptu_rows, token_rows
from connectors.simulator.clouds.azure_rows import OWNER, AzureLine, AzureRow, Benefit
from connectors.simulator.clouds.fleet import Machines, group_named, machines_of
from connectors.simulator.clouds.lines import (
    ACCELERATOR_COMPUTE,
    AZURE,
    MODEL_APIS,
    NETWORKING_AND_STORAGE,
    PEOPLE_AND_OVERHEADS,
    ZERO,
    Accelerators,
    Account,
    Charge,
    after,
    first_of,
    hours_between,
    midnight,
    rounded,
)
from connectors.simulator.clouds.prices import AZURE_SIZES
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.draws import between

_AGREED = Decimal("0.95")
"""What was agreed for machines: 5 % below list."""

RESERVED = 8
"""Machines that are reserved; four run, so half of it is not used."""
MACHINES_RESERVATION = Benefit(
    "Reservation", "nc-serve-a100", "7a1de2b0-58c4-4f0a-9d07-1c6b3e5f8001",
    "Reserved VM Instance, Standard_NC24ads_A100_v4, US East, 1 Year", Decimal("2.2"),
)  # fmt: skip
SAVINGS_PLAN = Benefit(
    "SavingsPlan", "compute-plan-2026", "7a1de2b0-58c4-4f0a-9d07-1c6b3e5f8002", "Compute savings plan, 1 Year",
    Decimal("10.5"),
)  # fmt: skip
PLAN_RATE = Decimal("4.9")
_SERIES = {
    "Standard_ND96isr_H100_v5": ("ND96isr H100 v5", "NDsrH100v5 Series"),
    "Standard_NC24ads_A100_v4": ("NC24ads A100 v4", "NCads A100 v4 Series"),
    "Standard_NC40ads_H100_v5": ("NC40ads H100 v5", "NCads H100 v5 Series"),
    "Standard_NC4as_T4_v3": ("NC4as T4 v3", "NCasT4 v3 Series"),
    "Standard_D8s_v5": ("D8s v5", "Dsv5 Series"),
}
_BOUGHT = {
    # a purchase is told under the meter of what it covers
    MACHINES_RESERVATION.name: ("Virtual Machines", "NCads A100 v4 Series", "NC24ads A100 v4"),
    SAVINGS_PLAN.name: ("Savings plan", "", "Compute Savings Plan"),
    PTU[0].name: ("Foundry Models", "Azure OpenAI", "Provisioned Managed Global Unit"),
}


def azure_lines(world: CloudWorld, month: str) -> list[AzureLine]:
    """Everything that the month's reports tell, in their order."""
    rows = list(_monthly_rows(world, month))
    for day in world.days_of(month):
        rows += _day_rows(world, month, day)
    return [row.line() for row in rows]


def _day_rows(world: CloudWorld, month: str, day: date) -> Iterator[AzureRow]:
    for group in machines_of(AZURE):
        for number in range(group.count):
            hours = group.hours(world, number, day)
            if hours:
                yield _machine_row(month, day, group, number, hours)
    yield from _unused_rows(world, month, day)
    yield from token_rows(world, month, day)
    yield from ptu_rows(month, day)
    yield from _store_rows(world, month, day)


def _machine_row(month: str, day: date, group: Machines, number: int, hours: Decimal) -> AzureRow:
    size = AZURE_SIZES[group.size]
    meter, series = _SERIES[group.size]
    is_spot = group.plan == "spot" and size.spot is not None
    price = size.spot if is_spot and size.spot is not None else size.price * _AGREED
    benefit, rate = {
        "reserved": (MACHINES_RESERVATION, MACHINES_RESERVATION.rate),
        "savings": (SAVINGS_PLAN, PLAN_RATE),
    }.get(group.plan, (None, None))
    kind = {"reserved": "reserved", "savings": "committed", "spot": "spot"}.get(group.plan, "on_demand")
    cost = hours * (rate or price)
    means = Charge(
        AZURE, month, AZURE_ENROLMENT.id, group.account, midnight(day), "Usage", ZERO if benefit else cost, cost,
        hours * size.price, hours * price,
        accelerators=Accelerators(size.accelerator, group.region, kind, hours * size.count)
        if size.accelerator else None,
        commitment=benefit.id.lower() if benefit else None, status="Used" if benefit else None,
        component=ACCELERATOR_COMPUTE if size.accelerator else None,
    )  # fmt: skip
    model = {"Reservation": "Reservation", "SavingsPlan": "SavingsPlan"}.get(benefit.kind) if benefit else None
    return AzureRow(
        month, day, group.account, "Virtual Machines", f"{meter} Spot" if is_spot else meter, hours, "1 Hour", price,
        size.price, series, f"Virtual Machines {series} - {meter} - US East", group.region,
        resource=f"{group.name}-{number}", model=model or ("Spot" if is_spot else "OnDemand"), covered=rate,
        benefit=benefit, tags={"team": group.account.team} if group.account.team and number == 0 else {},
        info={"UsageType": "ComputeHR", "ServiceType": group.size, "VMName": f"{group.name}-{number}"},
        means=(means,),
    )  # fmt: skip


def _unused_rows(world: CloudWorld, month: str, day: date) -> Iterator[AzureRow]:
    """What of a day's reservation and savings plan no machine used."""
    reserved, plan = group_named("nc-serve"), group_named("nc-tune")
    size = AZURE_SIZES[reserved.size]
    ran = sum((reserved.hours(world, number, day) for number in range(reserved.count)), ZERO)
    idle = RESERVED * Decimal(24) - ran
    cost = idle * MACHINES_RESERVATION.rate
    yield AzureRow(
        month, day, reserved.account, "Virtual Machines", _SERIES[reserved.size][0], idle, "1 Hour", ZERO, ZERO,
        _SERIES[reserved.size][1], f"Virtual Machines {_SERIES[reserved.size][1]} - US East",
        charge="UnusedReservation", model="Reservation", covered=MACHINES_RESERVATION.rate,
        benefit=MACHINES_RESERVATION, info={"ServiceType": reserved.size},
        means=(
            _unused(
                month, day, reserved.account, cost, MACHINES_RESERVATION,
                Accelerators(size.accelerator or "", reserved.region, "reserved", idle * size.count, used=False),
            ),
        ),
    )  # fmt: skip
    used = sum((plan.hours(world, number, day) for number in range(plan.count)), ZERO) * PLAN_RATE
    left = SAVINGS_PLAN.rate * 24 - used
    yield AzureRow(
        month, day, OWNER, "Savings plan", "Compute Savings Plan", Decimal(1), "1 Hour", ZERO, ZERO,
        service="Microsoft.BillingBenefits", charge="UnusedSavingsPlan", model="SavingsPlan", covered=left,
        benefit=SAVINGS_PLAN, means=(_unused(month, day, OWNER, left, SAVINGS_PLAN, None),),
    )  # fmt: skip


def _unused(
    month: str, day: date, account: Account, cost: Decimal, benefit: Benefit, accelerators: Accelerators | None
) -> Charge:
    return Charge(
        AZURE, month, AZURE_ENROLMENT.id, account, midnight(day), "Usage", ZERO, cost, cost, cost,
        accelerators=accelerators, commitment=benefit.id.lower(), status="Unused", component=ACCELERATOR_COMPUTE,
    )  # fmt: skip


def _store_rows(world: CloudWorld, month: str, day: date) -> Iterator[AzureRow]:
    """Storage, whose quantities are thirty-firsts of a month to 12 places, and whose costs have more."""
    listed = Decimal("0.0208")
    for account, base in ((AZURE_ML, 41_000), (AZURE_CARE, 3_900), (AZURE_PLATFORM, 1_200)):
        stored = between(base * 9 // 10, base * 11 // 10, world.seed, account.id, "blob", day)
        quantity = rounded(Decimal(stored) / 31, 12)
        cost = quantity * listed
        means = Charge(
            AZURE, month, AZURE_ENROLMENT.id, account, midnight(day), "Usage", cost, cost, cost, cost,
            component=NETWORKING_AND_STORAGE,
        )  # fmt: skip
        yield AzureRow(
            month, day, account, "Storage", "Hot LRS Data Stored", quantity, "1 GB/Month", listed, listed,
            "Tiered Block Blob", "Tiered Block Blob - Hot LRS - US East", service="Microsoft.Storage", family="Storage",
            resource=f"meridian{account.id[-3:]}", means=(means,),
        )  # fmt: skip


def _monthly_rows(world: CloudWorld, month: str) -> Iterator[AzureRow]:
    """What is bought and paid by the month, then a refund in one month and the rounding of each."""
    start = first_of(month)
    hours = Decimal(hours_between(start, after(month)))
    for benefit, count in ((MACHINES_RESERVATION, RESERVED), (SAVINGS_PLAN, 1), PTU):
        fee = benefit.rate * count * hours
        category, subcategory, meter = _BOUGHT[benefit.name]
        means = _money(
            month, start, OWNER, "Purchase", fee, effective=ZERO, commitment=benefit.id.lower(),
            component=MODEL_APIS if benefit == PTU[0] else ACCELERATOR_COMPUTE,
        )  # fmt: skip
        yield AzureRow(
            month, start, OWNER, category, meter, Decimal(count), "1 Hour", fee / count, ZERO, subcategory,
            benefit.product, service="Microsoft.Capacity", charge="Purchase", frequency="Recurring",
            model=benefit.kind, benefit=benefit, means=(means,),
        )  # fmt: skip
    support = Decimal(1000)
    yield AzureRow(
        month, start, OWNER, "Support", "Professional Direct", Decimal(1), "1/Month", support, ZERO,
        product="Azure Support - Professional Direct", service="Microsoft.Support", charge="Purchase",
        frequency="Recurring", means=(_money(month, start, OWNER, "Purchase", support),),
    )  # fmt: skip
    last = world.days_of(month)[-1]
    if world.months.index(month) == (len(world.months) - 1) // 2:
        yield _given(month, last, "Refund", "Refund for a failed region", Decimal("-212.5"), "Credit")
    yield _given(month, last, "RoundingAdjustment", "Rounding", Decimal("0.004"), "Adjustment")


def _given(month: str, day: date, charge: str, text: str, amount: Decimal, category: str) -> AzureRow:
    return AzureRow(
        month, day, OWNER, "Unassigned", text, Decimal(1), "1", ZERO, ZERO, product=text, service="Microsoft.Billing",
        charge=charge, frequency="OneTime", cost=amount, means=(_money(month, day, OWNER, category, amount),),
    )  # fmt: skip


def _money(
    month: str, day: date, account: Account, category: str, amount: Decimal, *, effective: Decimal | None = None,
    commitment: str | None = None, component: str = PEOPLE_AND_OVERHEADS,
) -> Charge:  # fmt: skip
    return Charge(
        AZURE, month, AZURE_ENROLMENT.id, account, midnight(day), category, amount,
        amount if effective is None else effective, amount, amount, commitment=commitment, component=component,
    )  # fmt: skip
