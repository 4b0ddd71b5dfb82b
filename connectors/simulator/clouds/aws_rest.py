"""What else stands on AWS's bill: storage, traffic, data and pipelines by the day; support, discounts, credit
and tax by the month.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from connectors.simulator.clouds import accounts as who
from connectors.simulator.clouds.accounts import ACCOUNTS, AWS_PAYER
from connectors.simulator.clouds.aws_rows import CurRow
from connectors.simulator.clouds.lines import (
    AWS,
    DATA_INFRASTRUCTURE,
    INTEGRATION,
    MODEL_APIS,
    NETWORKING_AND_STORAGE,
    ORCHESTRATION,
    PEOPLE_AND_OVERHEADS,
    ZERO,
    Account,
    Charge,
    after,
    first_of,
    midnight,
    next_day,
    rounded,
)
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.draws import between

_SUPPORT = Decimal(1450)
_TAX = Decimal("0.0725")
_AGREED = Decimal("0.02")
"""The enterprise discount, taken off usage in rows of its own."""
_CREDIT = Decimal(-1500)
_REFUND = Decimal("-318.42")

_SERVICES: tuple[tuple[Account, str, str, str, str, str, str, int], ...] = (
    # account, product, usage type, operation, unit, rate, resource, thousandths of a unit a day
    (who.AWS_TRAINING, "AmazonEC2", "EBS:VolumeUsage.gp3", "CreateVolume-Gp3", "GB-Mo", "0.08",
     "vol-0a1b2c3d4e5f60001", 640_000),
    (who.AWS_TRAINING, "AmazonS3", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", "0.023", "meridian-corpus",
     2_900_000),
    (who.AWS_TRAINING, "AWSDataTransfer", "USE1-USW2-AWS-Out-Bytes", "PublicIP-Out", "GB", "0.02",
     "meridian-corpus", 410_000),
    (who.AWS_INFERENCE, "AmazonEC2", "EBS:VolumeUsage.gp3", "CreateVolume-Gp3", "GB-Mo", "0.08",
     "vol-0a1b2c3d4e5f60002", 95_000),
    (who.AWS_INFERENCE, "AWSDataTransfer", "DataTransfer-Out-Bytes", "RunInstances", "GB", "0.09", "", 180_000),
    (who.AWS_APPS, "AmazonS3", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", "0.023", "meridian-transcripts",
     75_000),
    (who.AWS_APPS, "AmazonS3", "Requests-Tier1", "PutObject", "Requests", "0.000005", "meridian-transcripts",
     300_000_000),
    (who.AWS_TRAINING, "AmazonMWAA", "USE1-Airflow-SmallEnvironment", "", "Hrs", "0.49",
     "meridian-airflow", 43_200),
    (who.AWS_APPS, "AmazonStates", "USE1-StateTransition", "", "StateTransitions", "0.000025",
     "voice-callback", 900_000_000),
    (who.AWS_INFERENCE, "AmazonES", "USE1-SearchOCU", "SearchOCU", "OCU-hours", "0.24",
     "catalogue-vectors", 96_000),
    (who.AWS_INFERENCE, "AmazonES", "USE1-IndexingOCU", "IndexingOCU", "OCU-hours", "0.24",
     "catalogue-vectors", 48_000),
    (who.AWS_APPS, "AmazonKinesis", "Storage-ShardHour", "shardHourStorage", "ShardHour",
     "0.015", "conversations", 192_000),
    (who.AWS_TRAINING, "AWSGlue", "USE1-ETL-DPU-Hour", "Jobrun", "DPU-Hour", "0.44",
     "feature-store-refresh", 55_000),
    (who.AWS_APPS, "AmazonApiGateway", "USE1-ApiGatewayRequest", "ApiGatewayRequest", "Requests",
     "0.0000035", "model-gateway", 6_400_000_000),
)  # fmt: skip
"""What is billed by the day beside machines and models."""
_COMPONENTS = {
    "AmazonEC2": NETWORKING_AND_STORAGE,
    "AmazonS3": NETWORKING_AND_STORAGE,
    "AWSDataTransfer": NETWORKING_AND_STORAGE,
    "AmazonMWAA": ORCHESTRATION,
    "AmazonStates": ORCHESTRATION,
    "AmazonES": DATA_INFRASTRUCTURE,
    "AmazonKinesis": DATA_INFRASTRUCTURE,
    "AWSGlue": DATA_INFRASTRUCTURE,
    "AmazonApiGateway": INTEGRATION,
}
"""By product; of EC2 only volumes stand here."""
SHRINKING = "USE1-USW2-AWS-Out-Bytes"
"""Transfer between regions that AWS charged by mistake: the second export of the first month does without it."""


def rest_rows(world: CloudWorld, month: str, day: date) -> Iterator[CurRow]:
    for account, product, usage_type, operation, unit, rate, resource, base in _SERVICES:
        if usage_type == SHRINKING and world.is_second and month == world.shrunk_month:
            continue
        thousandths = between(base * 9 // 10, base * 11 // 10, world.seed, account.id, usage_type, day)
        amount = Decimal(thousandths) / 1000
        cost = rounded(amount * Decimal(rate), 10)
        means = Charge(
            AWS, month, AWS_PAYER.id, account, midnight(day), "Usage", cost, cost, cost, cost,
            component=_COMPONENTS[product], service=product,
        )  # fmt: skip
        yield CurRow(
            month, "Usage", product, usage_type, account, midnight(day), next_day(day), amount, unit, cost, cost,
            Decimal(rate), operation=operation, resource=resource, text=f"${rate} per {unit} of {usage_type}",
            term="OnDemand", means=(means,),
        )  # fmt: skip


def monthly_rows(world: CloudWorld, month: str, charges: Sequence[Charge]) -> list[CurRow]:
    """Support, discount, credit, refund and tax. `charges` are what the month's other rows mean."""
    last = world.days_of(month)[-1]
    discounts = [
        _row(month, "EdpDiscount", "AmazonEC2", "EDP discount", account, last, amount, "Adjustment")
        for account in ACCOUNTS[AWS]
        if (amount := -rounded(_AGREED * _sum(charges, account, "Usage"), 2))
    ]
    rows = [_support(month), *discounts]
    if world.months.index(month) == (len(world.months) - 1) // 2:
        text = "Promotional credit for Amazon Bedrock"
        rows.append(_row(month, "Credit", "AmazonBedrock", text, who.AWS_APPS, last, _CREDIT, "Credit"))
    if world.months.index(month) == len(world.months) - 1:
        text = "Refund for instances that did not start"
        rows.append(_row(month, "Refund", "AmazonEC2", text, who.AWS_TRAINING, last, _REFUND, "Credit"))
    everything = [*charges, *(charge for row in rows for charge in row.means)]
    taxes = [
        _row(month, "Tax", "AmazonEC2", "US sales tax", account, last, amount, "Tax")
        for account in (AWS_PAYER, *ACCOUNTS[AWS])
        if (amount := rounded(_TAX * _sum(everything, account), 2)) > 0
    ]
    return [*rows, *taxes]


def _sum(charges: Sequence[Charge], account: Account, category: str | None = None) -> Decimal:
    return sum(
        (
            charge.billed
            for charge in charges
            if charge.account == account and (category is None or charge.category == category)
        ),
        ZERO,
    )


def _support(month: str) -> CurRow:
    start, end = midnight(first_of(month)), midnight(after(month))
    means = Charge(
        AWS, month, AWS_PAYER.id, AWS_PAYER, start, "Purchase", _SUPPORT, _SUPPORT, _SUPPORT, _SUPPORT,
        component=PEOPLE_AND_OVERHEADS,
    )  # fmt: skip
    return CurRow(
        month, "Fee", "AWSSupportBusiness", "Dollar", AWS_PAYER, start, end, Decimal(1), "Dollar", _SUPPORT,
        text="AWS Support (Business), monthly", means=(means,),
    )  # fmt: skip


def _row(
    month: str, kind: str, product: str, text: str, account: Account, day: date, amount: Decimal, category: str
) -> CurRow:
    """A row of money alone: discount, credit, refund or tax."""
    # a discount is what lies between list and contracted
    listed = ZERO if kind == "EdpDiscount" else amount
    # money alone is an overhead, unless it names the service that it is for
    component = MODEL_APIS if product == "AmazonBedrock" else PEOPLE_AND_OVERHEADS
    means = Charge(
        AWS, month, AWS_PAYER.id, account, midnight(day), category, amount, amount, listed, amount,
        component=component,
    )  # fmt: skip
    return CurRow(
        month, kind, product, "", account, midnight(day), next_day(day), Decimal(1), "", amount, text=text,
        more={"line_item_tax_type": "USSalesTax"} if kind == "Tax" else {}, means=(means,),
    )  # fmt: skip
