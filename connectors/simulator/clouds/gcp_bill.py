"""Google's bill of an invoice month: machines as SKUs of accelerators, cores and memory, a commitment, and the rest.

Use of the last day of a month is told late in part, and so stands on the next month's invoice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from connectors.simulator.clouds.accounts import GCP_ASSIST, GCP_BILLING, GCP_SANDBOX, GCP_VISION
from connectors.simulator.clouds.fleet import Machines, group_named, machines_of
from connectors.simulator.clouds.gcp_models import late_tokens, token_rows
from connectors.simulator.clouds.gcp_rows import Credit, GcpRow
from connectors.simulator.clouds.lines import (
    ACCELERATOR_COMPUTE,
    GCP,
    NETWORKING_AND_STORAGE,
    PEOPLE_AND_OVERHEADS,
    ZERO,
    Accelerators,
    Account,
    Charge,
    Line,
    midnight,
    next_day,
    rounded,
)
from connectors.simulator.clouds.prices import GCP_UNITS
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.draws import between

COMMITTED = 6
"""L4 that are committed for a year; eight run on weekdays, four on weekends."""
COMMITTED_RATE = Decimal("0.35")
_COMMITMENT_SKU = "Commitment v1: Nvidia L4 GPU running in Americas for 1 Year"
COMMITMENT = f"{GCP_BILLING.id}/us-central1/L4 GPU (GPU-Hours)"
"""The bill has no id of a commitment: account, region and what is committed name it."""
_AGREED_H100 = Decimal("0.95")
"""What was agreed for H100: 5 % below list."""
_TAX = Decimal("0.08")
_SUSTAINED = Decimal("0.1")

_PARTS: dict[str, tuple[tuple[str, str, str, int, str | None], ...]] = {
    # size → (price, SKU, unit, how many in a machine, accelerator)
    "a3-highgpu-8g": (
        ("h100", "Nvidia H100 80GB GPU running in Americas", "hour", 8, "H100"),
        ("a3-core", "A3 Instance Core running in Americas", "hour", 208, None),
        ("a3-ram", "A3 Instance Ram running in Americas", "gibibyte hour", 1872, None),
    ),
    "a2-highgpu-1g": (
        ("a100-spot", "Nvidia Tesla A100 GPU attached to Spot Preemptible VMs running in Americas", "hour", 1,
         "A100-40GB"),
        ("a2-core-spot", "Spot Preemptible A2 Instance Core running in Americas", "hour", 12, None),
        ("a2-ram-spot", "Spot Preemptible A2 Instance Ram running in Americas", "gibibyte hour", 85, None),
    ),
    "g2-standard-4": (
        ("l4", "Nvidia L4 GPU running in Americas", "hour", 1, "L4"),
        ("g2-core", "G2 Instance Core running in Americas", "hour", 4, None),
        ("g2-ram", "G2 Instance Ram running in Americas", "gibibyte hour", 16, None),
    ),
    "ct5lp-hightpu-4t": (("tpu-v5e", "TPU v5e running in Americas", "hour", 4, "TPU v5e"),),
    "n2-standard-8": (("n2-core", "N2 Instance Core running in Americas", "hour", 8, None),),
}  # fmt: skip


def gcp_lines(world: CloudWorld, month: str) -> list[Line]:
    """Every row of the month's invoice, in the order of the export."""
    rows = [row for day in world.days_of(month) for row in _day_rows(world, month, day)]
    rows += late_tokens(world, month)
    rows += _monthly_rows(world, month, [charge for row in rows for charge in row.means])
    return [row.line() for row in rows]


def _day_rows(world: CloudWorld, month: str, day: date) -> Iterator[GcpRow]:
    for group in machines_of(GCP):
        running = [(number, group.hours(world, number, day)) for number in range(group.count)]
        running = [(number, hours) for number, hours in running if hours]
        for number, hours in running:
            yield from _machine_rows(month, day, group, number, hours, len(running))
    yield _fee_row(world, month, day)
    yield from token_rows(world, month, day)
    yield from _store_rows(world, month, day)


def _machine_rows(
    month: str, day: date, group: Machines, number: int, hours: Decimal, running: int
) -> Iterator[GcpRow]:
    """The SKUs of one machine's day. Of a commitment for `COMMITTED` machines each of `running` gets its share."""
    for key, sku, unit, count, accelerator in _PARTS[group.size]:
        listed, quantity = GCP_UNITS[key], hours * count
        price = listed * _AGREED_H100 if key == "h100" else listed
        share = Decimal(min(COMMITTED, running)) / running if key == "l4" else ZERO
        covered = quantity * share
        credits = []
        means: list[Charge] = []
        if covered:
            credits.append(Credit("COMMITTED_USAGE_DISCOUNT", "Committed Usage Discount: Nvidia L4 GPU in Americas",
                                  -rounded(covered * price, 6)))  # fmt: skip
            means.append(_covered(month, day, group, covered, listed))
        if quantity > covered:
            cost = rounded(quantity * price, 6) - rounded(covered * price, 6)
            kind = "spot" if group.plan == "spot" else "on_demand"
            component = None if group.size.startswith("n2-") else ACCELERATOR_COMPUTE
            means.append(
                _usage(
                    month, day, group.account, cost, rounded((quantity - covered) * listed, 6), component,
                    Accelerators(accelerator, group.region, kind, quantity - covered) if accelerator else None,
                )
            )  # fmt: skip
        if key == "n2-core":
            credits.append(Credit("SUSTAINED_USAGE_DISCOUNT", "Sustained Usage Discount",
                                  -rounded(quantity * price * _SUSTAINED, 6)))  # fmt: skip
            means.append(_money(month, day, group.account, "Credit", credits[-1].amount))
        yield GcpRow(
            month, "Compute Engine", sku, group.account, midnight(day), next_day(day),
            rounded(quantity * price, 6), quantity, unit, price, listed,
            resource=f"zones/{group.region}-a/instances/{group.name}-{number}", region=group.region,
            labels={"team": group.account.team} if group.account.team else {},
            system_labels={"compute.googleapis.com/machine_spec": group.size}, credits=tuple(credits),
            means=tuple(means),
        )  # fmt: skip


def _covered(month: str, day: date, group: Machines, hours: Decimal, listed: Decimal) -> Charge:
    public = rounded(hours * listed, 6)
    return Charge(
        GCP, month, GCP_BILLING.id, group.account, midnight(day), "Usage", ZERO, hours * COMMITTED_RATE, public, public,
        accelerators=Accelerators("L4", group.region, "committed", hours), commitment=COMMITMENT, status="Used",
        component=ACCELERATOR_COMPUTE,
    )  # fmt: skip


def _usage(
    month: str, day: date, account: Account, cost: Decimal, listed: Decimal, component: str | None,
    accelerators: Accelerators | None = None,
) -> Charge:  # fmt: skip
    return Charge(
        GCP, month, GCP_BILLING.id, account, midnight(day), "Usage", cost, cost, listed, cost,
        accelerators=accelerators, component=component,
    )  # fmt: skip


def _money(
    month: str, day: date, account: Account | None, category: str, amount: Decimal,
    component: str = PEOPLE_AND_OVERHEADS,
) -> Charge:  # fmt: skip
    return Charge(
        GCP, month, GCP_BILLING.id, account, midnight(day), category, amount, amount, amount, amount,
        component=component,
    )  # fmt: skip


def _fee_row(world: CloudWorld, month: str, day: date) -> GcpRow:
    """The day's fee of the commitment, and what of it no machine used."""
    group = group_named("serve-l4")
    ran = sum((group.hours(world, number, day) for number in range(group.count)), ZERO)
    hours = Decimal(COMMITTED * 24)
    unused = max(hours - ran, ZERO)
    fee = hours * COMMITTED_RATE
    means = [
        Charge(
            GCP, month, GCP_BILLING.id, GCP_ASSIST, midnight(day), "Purchase", fee, ZERO, fee, fee,
            commitment=COMMITMENT, component=ACCELERATOR_COMPUTE,
        )
    ]  # fmt: skip
    if unused:
        # a commitment is shared by all projects of the account: what is left of it belongs to none
        cost = unused * COMMITTED_RATE
        means.append(
            Charge(
                GCP, month, GCP_BILLING.id, None, midnight(day), "Usage", ZERO, cost, cost, cost,
                accelerators=Accelerators("L4", group.region, "committed", unused, used=False), commitment=COMMITMENT,
                status="Unused", component=ACCELERATOR_COMPUTE,
            )
        )  # fmt: skip
    return GcpRow(
        month, "Compute Engine", _COMMITMENT_SKU, GCP_ASSIST, midnight(day), next_day(day), fee, hours, "hour",
        COMMITTED_RATE, COMMITTED_RATE, means=tuple(means),
    )  # fmt: skip


def _store_rows(world: CloudWorld, month: str, day: date) -> Iterator[GcpRow]:
    for account, base in ((GCP_VISION, 5_200_000), (GCP_ASSIST, 310_000), (GCP_SANDBOX, 40_000)):
        amount = Decimal(between(base * 9 // 10, base * 11 // 10, world.seed, account.id, "storage", day)) / 30_000
        quantity, price = rounded(amount, 6), GCP_UNITS["storage"]
        cost = rounded(quantity * price, 6)
        means = [_usage(month, day, account, cost, cost, NETWORKING_AND_STORAGE)]
        credits: tuple[Credit, ...] = ()
        if account == GCP_SANDBOX:
            credits = (Credit("FREE_TIER", "Free tier of Cloud Storage", -min(cost, Decimal("0.02"))),)
            means.append(_money(month, day, account, "Credit", credits[0].amount, NETWORKING_AND_STORAGE))
        yield GcpRow(
            month, "Cloud Storage", "Standard Storage US Multi-region", account, midnight(day), next_day(day), cost,
            quantity, "gibibyte month", price, price, resource=f"buckets/{account.id}-data", credits=credits,
            means=tuple(means),
        )  # fmt: skip
    quantity = Decimal(between(300, 900, world.seed, "egress", day)) / 4
    cost = rounded(quantity * GCP_UNITS["egress"], 6)
    yield GcpRow(
        month, "Networking", "Network Internet Data Transfer Out from Americas to Americas", GCP_ASSIST, midnight(day),
        next_day(day), cost, quantity, "gibibyte", GCP_UNITS["egress"], GCP_UNITS["egress"],
        means=(_usage(month, day, GCP_ASSIST, cost, cost, NETWORKING_AND_STORAGE),),
    )  # fmt: skip


def _monthly_rows(world: CloudWorld, month: str, charges: Sequence[Charge]) -> list[GcpRow]:
    """An adjustment in the middle month, then tax and what the invoice was rounded by."""
    last = world.days_of(month)[-1]
    rows: list[GcpRow] = []
    if world.months.index(month) == (len(world.months) - 1) // 2:
        goodwill = Decimal("-86.2")
        info = {"id": "adj-7781", "description": "Goodwill for an outage", "mode": "MANUAL_ADJUSTMENT",
                "type": "GOODWILL"}  # fmt: skip
        rows.append(
            GcpRow(
                month, "Compute Engine", "Adjustment", GCP_VISION, midnight(last), next_day(last), goodwill,
                cost_type="adjustment", adjustment=info,
                means=(_money(month, last, GCP_VISION, "Adjustment", goodwill),),
            )
        )  # fmt: skip
    total = sum((charge.billed for charge in charges), ZERO)
    tax = rounded(total * _TAX, 2)
    off = rounded(total, 2) - rounded(total, 6)
    for sku, kind, amount, category in (
        ("Tax", "tax", tax, "Tax"),
        ("Rounding error", "rounding_error", off, "Adjustment"),
    ):
        if amount:
            rows.append(
                GcpRow(
                    month, "Invoice", sku, None, midnight(last), midnight(last + timedelta(days=1)), amount,
                    cost_type=kind, region="global", means=(_money(month, last, None, category, amount),),
                )
            )  # fmt: skip
    return rows
