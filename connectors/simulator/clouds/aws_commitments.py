"""What the company bought ahead at AWS: two Savings Plans, a Reserved Instance and a Capacity Block.

Each says what it covers on a day, what was paid for it, and what of it was not used. Rates divide evenly, so that
amortisation leaves no remainder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from connectors.simulator.clouds.accounts import AWS_PAYER
from connectors.simulator.clouds.aws_machines import accelerators_of, resource_of, tags_of
from connectors.simulator.clouds.aws_rows import PREFIXES, CurRow, arn
from connectors.simulator.clouds.fleet import Machines, group_named
from connectors.simulator.clouds.lines import (
    ACCELERATOR_COMPUTE,
    AWS,
    ZERO,
    Account,
    Charge,
    after,
    first_of,
    hours_between,
    midnight,
    month_of,
    next_day,
)
from connectors.simulator.clouds.prices import AWS_SIZES
from connectors.simulator.clouds.world import CloudWorld

BLOCK = "block"
_YEAR = timedelta(days=365)
_DAY_HOURS = Decimal(24)


@dataclass(frozen=True)
class SavingsPlan:
    """Money an hour for a year, part of it paid up front; `covers` so many machines of `group` at `rate`."""

    id: str
    group: str
    covers: int
    rate: Decimal
    commitment: Decimal
    upfront: Decimal
    bought: int | None
    option: str

    @property
    def arn(self) -> str:
        return f"arn:aws:savingsplans::{AWS_PAYER.id}:savingsplan/{self.id}"

    def start(self, world: CloudWorld) -> date:
        """The day it began: within the window, or a while before it."""
        if self.bought is None:
            return world.days[0] - timedelta(days=61)
        return world.days[min(self.bought, len(world.days) - 1)]


PLANS = (
    SavingsPlan("3f6c0a41-72d5-4a0e-9b8e-5c1d7e20a001", "serve-rank", 5, Decimal("0.664"), Decimal("3.5"), ZERO, None,
                "No Upfront"),
    SavingsPlan("3f6c0a41-72d5-4a0e-9b8e-5c1d7e20a002", "serve-query", 2, Decimal("3.3"), Decimal(7), Decimal("3.5"),
                2, "Partial Upfront"),
)  # fmt: skip

RESERVED = 8
"""Reserved instances of g6.xlarge; four run, so half of it is not used."""
RESERVED_UPFRONT = Decimal("0.16")
RESERVED_RECURRING = Decimal("0.17")
RESERVED_DAY = 5
EMBED_RESERVATION = f"arn:aws:ec2:us-east-1:{group_named('serve-embed').account.id}:reserved-instances/b7d2e9c4-0f61"

BLOCK_RATE = Decimal(30)
BLOCK_DAYS = 4
BLOCK_DAY_OF_MONTH = 10
_LAZY_SHARE = Decimal("0.6")
"""How much the last of the block's four instances runs; the others always do: 90 % in all."""


def is_covered(world: CloudWorld, group: Machines, number: int, day: date) -> bool:
    """Whether something bought ahead pays for that machine on that day."""
    if group.plan == "reserved":
        return day >= reserved_from(world)
    return any(plan.group == group.name and number < plan.covers and day >= plan.start(world) for plan in PLANS)


def reserved_from(world: CloudWorld) -> date:
    return world.days[min(RESERVED_DAY, len(world.days) - 1)]


def covered_row(world: CloudWorld, month: str, day: date, group: Machines, number: int, hours: Decimal) -> CurRow:
    """A day of one machine that a Savings Plan or a reservation pays for."""
    is_reserved = group.plan == "reserved"
    plan = None if is_reserved else next(plan for plan in PLANS if plan.group == group.name)
    rate = RESERVED_UPFRONT + RESERVED_RECURRING if plan is None else plan.rate
    price = AWS_SIZES[group.size].price
    effective, public = hours * rate, hours * price
    means = Charge(
        AWS, month, AWS_PAYER.id, group.account, midnight(day), "Usage", ZERO, effective, public, public,
        accelerators=accelerators_of(group, hours, "reserved" if is_reserved else "committed"),
        commitment=EMBED_RESERVATION if plan is None else plan.arn, status="Used", component=ACCELERATOR_COMPUTE,
        tags=tags_of(group),
    )  # fmt: skip
    more = _reservation_columns(world, hours) if plan is None else _plan_columns(world, plan, effective)
    return CurRow(
        month, "DiscountedUsage" if is_reserved else "SavingsPlanCoveredUsage", "AmazonEC2",
        f"{PREFIXES[group.region]}BoxUsage:{group.size}", group.account, midnight(day), next_day(day), hours, "Hrs",
        ZERO if is_reserved else public, public, price, operation="RunInstances", resource=resource_of(group, number),
        region=group.region, size=group.size, text=f"Linux/UNIX (Amazon VPC), {group.size} instance-hours used",
        term="Reserved" if is_reserved else "OnDemand", option="Partial Upfront" if is_reserved else "",
        tags=tags_of(group), more=more, means=(means,),
    )  # fmt: skip


def _plan_columns(world: CloudWorld, plan: SavingsPlan, effective: Decimal | None) -> dict[str, object]:
    start = midnight(plan.start(world))
    return {
        "savings_plan_savings_plan_a_r_n": plan.arn,
        "savings_plan_savings_plan_effective_cost": effective,
        "savings_plan_savings_plan_rate": plan.rate,
        "savings_plan_offering_type": "ComputeSavingsPlans",
        "savings_plan_payment_option": plan.option,
        "savings_plan_purchase_term": "1yr",
        "savings_plan_region": "Any",
        "savings_plan_start_time": f"{start:%Y-%m-%dT%H:%M:%S.000Z}",
        "savings_plan_end_time": f"{start + _YEAR:%Y-%m-%dT%H:%M:%S.000Z}",
    }


def _used_of(world: CloudWorld, plan: SavingsPlan, day: date) -> tuple[Decimal, Decimal]:
    """Hours that the plan covers on a day, and how many of its dollars they use up."""
    group = group_named(plan.group)
    hours = sum((group.hours(world, number, day) for number in range(plan.covers)), ZERO)
    return hours, hours * plan.rate


def savings_plan_rows(world: CloudWorld, month: str, day: date) -> Iterator[CurRow]:
    """Beside covered usage: its negation, the day's fee with what was not used, and what is paid up front."""
    for plan in PLANS:
        start = plan.start(world)
        if day < start:
            continue
        if day == start:
            yield _upfront_row(world, month, day, plan)
        hours, used = _used_of(world, plan, day)
        yield _negation_row(world, month, day, plan, hours)
        yield _recurring_row(world, month, day, plan, used)


def _upfront_row(world: CloudWorld, month: str, day: date, plan: SavingsPlan) -> CurRow:
    paid = plan.upfront * _DAY_HOURS * _YEAR.days
    return CurRow(
        month, "SavingsPlanUpfrontFee", "ComputeSavingsPlans", "ComputeSP:1yrPartialUpfront", AWS_PAYER,
        midnight(day), next_day(day), Decimal(1), "Quantity", paid, resource=plan.arn,
        text=f"1 year {plan.option} Compute Savings Plan, upfront fee", more=_plan_columns(world, plan, None),
        means=(_purchase(month, AWS_PAYER, midnight(day), paid, plan.arn),),
    )  # fmt: skip


def _negation_row(world: CloudWorld, month: str, day: date, plan: SavingsPlan, hours: Decimal) -> CurRow:
    group = group_named(plan.group)
    box = f"{PREFIXES[group.region]}BoxUsage:{group.size}"
    return CurRow(
        month, "SavingsPlanNegation", "AmazonEC2", box, group.account, midnight(day), next_day(day), hours, "Hrs",
        -hours * AWS_SIZES[group.size].price, operation="RunInstances", region=group.region, size=group.size,
        text=f"SavingsPlanNegation used by AccountId : {group.account.id} and UsageSku : {box}",
        more=_plan_columns(world, plan, ZERO),
    )  # fmt: skip


def _recurring_row(world: CloudWorld, month: str, day: date, plan: SavingsPlan, used: Decimal) -> CurRow:
    commitment, upfront = plan.commitment * _DAY_HOURS, plan.upfront * _DAY_HOURS
    unused, start = commitment - used, midnight(day)
    means = (
        _purchase(month, AWS_PAYER, start, commitment - upfront, plan.arn),
        *_unused(month, AWS_PAYER, start, unused, plan.arn),
    )
    more = {
        **_plan_columns(world, plan, None),
        "savings_plan_total_commitment_to_date": commitment,
        "savings_plan_used_commitment": used,
        "savings_plan_amortized_upfront_commitment_for_billing_period": upfront,
        "savings_plan_recurring_commitment_for_billing_period": commitment - upfront,
    }
    return CurRow(
        month, "SavingsPlanRecurringFee", "ComputeSavingsPlans", f"ComputeSP:1yr{plan.option.replace(' ', '')}",
        AWS_PAYER, start, next_day(day), _DAY_HOURS, "Hrs", commitment - upfront, resource=plan.arn,
        text=f"1 year {plan.option} Compute Savings Plan", more=more, means=means,
    )  # fmt: skip


def _purchase(month: str, account: Account, start: datetime, paid: Decimal, commitment: str) -> Charge:
    return Charge(
        AWS, month, AWS_PAYER.id, account, start, "Purchase", paid, ZERO, paid, paid, commitment=commitment,
        component=ACCELERATOR_COMPUTE,
    )  # fmt: skip


def _unused(
    month: str, account: Account, start: datetime, amount: Decimal, commitment: str, **more: object
) -> tuple[Charge, ...]:
    """What of a commitment was not used, as usage that costs and is not billed; nothing where all was used."""
    if not amount:
        return ()
    charge = Charge(
        AWS, month, AWS_PAYER.id, account, start, "Usage", ZERO, amount, amount, amount, commitment=commitment,
        status="Unused", component=ACCELERATOR_COMPUTE, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return (charge,)


def _reservation_columns(world: CloudWorld, hours: Decimal | None) -> dict[str, object]:
    start = midnight(reserved_from(world))
    columns: dict[str, object] = {
        "reservation_reservation_a_r_n": EMBED_RESERVATION,
        "reservation_subscription_id": "10471000555",
        "reservation_start_time": f"{start:%Y-%m-%dT%H:%M:%S.000Z}",
        "reservation_end_time": f"{start + _YEAR:%Y-%m-%dT%H:%M:%S.000Z}",
        "reservation_number_of_reservations": str(RESERVED),
        "reservation_units_per_reservation": "1.0",
        "pricing_lease_contract_length": "1yr",
        "pricing_offering_class": "standard",
    }
    if hours is not None:
        columns["reservation_effective_cost"] = hours * (RESERVED_UPFRONT + RESERVED_RECURRING)
        columns["reservation_amortized_upfront_cost_for_usage"] = hours * RESERVED_UPFRONT
        columns["reservation_recurring_fee_for_usage"] = hours * RESERVED_RECURRING
    return columns


def reservation_rows(world: CloudWorld, month: str) -> Iterator[CurRow]:
    """The upfront fee in the month that it was bought in, and each month's fee, with what was not used so far."""
    bought = reserved_from(world)
    days = [day for day in world.days_of(month) if day >= bought]
    if not days:
        return
    group = group_named("serve-embed")
    if month == month_of(bought):
        paid = RESERVED * RESERVED_UPFRONT * _DAY_HOURS * _YEAR.days
        yield CurRow(
            month, "Fee", "AmazonEC2", f"HeavyUsage:{group.size}", group.account, midnight(bought), next_day(bought),
            Decimal(RESERVED), "Quantity", paid, operation="RunInstances", resource=EMBED_RESERVATION, size=group.size,
            text=f"Sign up charge for subscription: 10471000555, {group.size}", term="Reserved",
            option="Partial Upfront", more=_reservation_columns(world, None),
            means=(_purchase(month, group.account, midnight(bought), paid, EMBED_RESERVATION),),
        )  # fmt: skip
    yield _monthly_fee(world, month, max(bought, first_of(month)), days, group)


def _monthly_fee(world: CloudWorld, month: str, start: date, days: list[date], group: Machines) -> CurRow:
    """The whole month's fee from its first day on; what was used and not is as of the last day that is told."""
    reserved = Decimal(RESERVED * hours_between(start, after(month)))
    so_far = RESERVED * len(days) * _DAY_HOURS
    ran = sum((group.hours(world, number, day) for day in days for number in range(group.count)), ZERO)
    unused = so_far - ran
    fee = reserved * RESERVED_RECURRING
    more = {
        **_reservation_columns(world, None),
        "reservation_total_reserved_units": str(reserved),
        "reservation_amortized_upfront_fee_for_billing_period": so_far * RESERVED_UPFRONT,
        "reservation_unused_quantity": unused,
        "reservation_unused_amortized_upfront_fee_for_billing_period": unused * RESERVED_UPFRONT,
        "reservation_unused_recurring_fee": unused * RESERVED_RECURRING,
    }
    means = (
        _purchase(month, group.account, midnight(start), fee, EMBED_RESERVATION),
        *_unused(
            month, group.account, midnight(start), unused * (RESERVED_UPFRONT + RESERVED_RECURRING), EMBED_RESERVATION,
            accelerators=accelerators_of(group, unused, "reserved", used=False),
        ),
    )  # fmt: skip
    return CurRow(
        month, "RIFee", "AmazonEC2", f"HeavyUsage:{group.size}", group.account, midnight(start),
        midnight(after(month)), reserved, "Hrs", fee, rate=RESERVED_RECURRING, operation="RunInstances",
        resource=EMBED_RESERVATION, size=group.size, term="Reserved", option="Partial Upfront",
        text=f"USD {RESERVED_RECURRING} hourly fee per Linux/UNIX (Amazon VPC), {group.size} instance", more=more,
        means=means,
    )  # fmt: skip


def block_start(world: CloudWorld) -> datetime | None:
    """When the Capacity Block begins, 11:30 UTC on a day of the first month that holds the whole of it; None: never."""
    for month in world.months:
        first = first_of(month) + timedelta(days=BLOCK_DAY_OF_MONTH - 1)
        if first in world.days and first + timedelta(days=BLOCK_DAYS) in world.days:
            return midnight(first) + timedelta(hours=11, minutes=30)
    return None


def block_arn(start: datetime) -> str:
    group = group_named("train-block")
    return arn("ec2", group.region, group.account, f"capacity-reservation/cr-0b1c{start:%Y%m%d}")


def block_rows(world: CloudWorld, month: str) -> Iterator[CurRow]:
    """The block's fee, paid before it begins, and its days: at no further cost, a tenth of it idle."""
    start = block_start(world)
    if start is None or month_of(start.date()) != month:
        return
    group, end = group_named("train-block"), start + timedelta(days=BLOCK_DAYS)
    hours = group.count * BLOCK_DAYS * _DAY_HOURS
    paid = hours * BLOCK_RATE
    yield CurRow(
        month, "Fee", "AmazonEC2", f"{PREFIXES[group.region]}CapacityBlock:{group.size}", group.account, start, end,
        hours, "Hrs", paid, operation="RunInstances", resource=block_arn(start), region=group.region, size=group.size,
        text=f"Capacity Block for ML: {group.count} x {group.size} for {BLOCK_DAYS} days",
        more=_block_columns(start, "Reserved"),
        means=(_purchase(month, group.account, start, paid, block_arn(start)),),
    )  # fmt: skip
    moment = start
    while moment < end:
        until = min(next_day(moment.date()), end)
        yield from _block_day(month, group, start, moment.date(), Decimal(int((until - moment).total_seconds())) / 3600)
        moment = until


def _block_day(month: str, group: Machines, block: datetime, day: date, length: Decimal) -> Iterator[CurRow]:
    """`length`: how many hours of the day lie in the block; the report's rows are whole days."""
    start = midnight(day)
    price, idle = AWS_SIZES[group.size].price, length * (1 - _LAZY_SHARE)
    for number in range(group.count):
        hours = length - idle if number == group.count - 1 else length
        means = Charge(
            AWS, month, AWS_PAYER.id, group.account, start, "Usage", ZERO, hours * BLOCK_RATE, hours * price,
            hours * price, accelerators=accelerators_of(group, hours, "capacity_block"),
            commitment=block_arn(block), status="Used", component=ACCELERATOR_COMPUTE,
        )  # fmt: skip
        yield _block_row(month, group, block, day, hours, "BoxUsage", "Used", (means,), number)
    unused = _unused(
        month, group.account, start, idle * BLOCK_RATE, block_arn(block),
        accelerators=accelerators_of(group, idle, "capacity_block", used=False),
    )  # fmt: skip
    yield _block_row(month, group, block, day, idle, "UnusedBox", "Unused", unused, None)


def _block_row(
    month: str, group: Machines, block: datetime, day: date, hours: Decimal, box: str, status: str,
    means: tuple[Charge, ...], number: int | None,
) -> CurRow:  # fmt: skip
    price = AWS_SIZES[group.size].price
    return CurRow(
        month, "Usage", "AmazonEC2", f"{PREFIXES[group.region]}{box}:{group.size}", group.account, midnight(day),
        next_day(day), hours, "Hrs", ZERO, ZERO if number is None else hours * price, price, operation="RunInstances",
        resource=block_arn(block) if number is None else resource_of(group, number), region=group.region,
        size=group.size, text=f"$0.00 per {box} Linux {group.size} in a Capacity Block", term="OnDemand",
        tags=tags_of(group), more=_block_columns(block, status), means=means,
    )  # fmt: skip


def _block_columns(block: datetime, status: str) -> dict[str, object]:
    return {
        "capacity_reservation_capacity_reservation_arn": block_arn(block),
        "capacity_reservation_capacity_reservation_status": status,
        "capacity_reservation_capacity_reservation_type": "CapacityBlock",
    }
