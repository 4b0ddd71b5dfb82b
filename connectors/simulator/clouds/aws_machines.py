"""Machines on AWS's bill: a day of one, paid as it runs; what every row of a machine says of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.simulator.clouds.accounts import AWS_PAYER
from connectors.simulator.clouds.aws_rows import PREFIXES, CurRow
from connectors.simulator.clouds.fleet import Machines
from connectors.simulator.clouds.lines import (
    ACCELERATOR_COMPUTE,
    AWS,
    INFERENCE_SERVING,
    TRAINING_PLATFORMS,
    Accelerators,
    Charge,
    midnight,
    next_day,
    rounded,
)
from connectors.simulator.clouds.prices import AWS_SIZES
from connectors.simulator.draws import identifier

_TEAMS = {"serve-rank": "search", "serve-embed": "search", "train-llm": "data", "web": "support", "tune": "support"}

_TRAINING = ("tune",)
"""Groups of SageMaker's that train; the others answer."""


def tags_of(group: Machines) -> dict[str, str]:
    """`user_team` and `user_workload`, where someone tagged the machines; about half are untagged."""
    team = _TEAMS.get(group.name)
    return {"user_team": team, "user_workload": group.name} if team else {}


def machine_row(month: str, day: date, group: Machines, number: int, hours: Decimal) -> CurRow:
    """A day of one machine that nothing was bought for ahead: on demand, spot, or a SageMaker instance."""
    size = AWS_SIZES[group.size]
    is_spot = group.plan == "spot"
    price = size.spot if is_spot and size.spot is not None else size.price
    cost, public = hours * price, hours * size.price
    managed, region = group.size.startswith("ml."), PREFIXES[group.region]
    box = f"{'SpotUsage' if is_spot else 'BoxUsage'}:{group.size}"
    usage_type = f"USE1-{'Train' if _is_training(group) else 'Host'}:{group.size}" if managed else region + box
    means = Charge(
        AWS, month, AWS_PAYER.id, group.account, midnight(day), "Usage",
        rounded(cost, 10), rounded(cost, 10), rounded(public, 10), rounded(cost, 10),
        accelerators=accelerators_of(group, hours, "spot" if is_spot else "on_demand"),
        unknown=None if size.accelerator or group.name != "lab-next" else ("instance_type", group.size),
        component=_component_of(group), tags=tags_of(group),
    )  # fmt: skip
    return CurRow(
        month, "Usage", "AmazonSageMaker" if managed else "AmazonEC2", usage_type, group.account,
        midnight(day), next_day(day), hours, "Hrs", cost, public, size.price,
        operation="RunInstance" if managed else ("RunInstances:SV001" if is_spot else "RunInstances"),
        resource=resource_of(group, number), region=group.region, size=group.size,
        text=f"${price} per {'Spot' if is_spot else 'On Demand'} Linux {group.size} Instance Hour",
        term="Spot" if is_spot else "OnDemand", option="Spot" if is_spot else "",
        tags=tags_of(group), means=(means,),
    )  # fmt: skip


def accelerators_of(group: Machines, hours: Decimal, kind: str, *, used: bool = True) -> Accelerators | None:
    """The accelerator-hours in hours of a machine; None where it has none that is known."""
    size = AWS_SIZES[group.size]
    if size.accelerator is None:
        return None
    return Accelerators(size.accelerator, group.region, kind, hours * size.count, used)


def _is_training(group: Machines) -> bool:
    return group.name in _TRAINING


def _component_of(group: Machines) -> str | None:
    if group.size.startswith("ml."):
        return TRAINING_PLATFORMS if _is_training(group) else INFERENCE_SERVING
    # p7.48xlarge has accelerators, though nobody knows which
    is_accelerated = AWS_SIZES[group.size].accelerator is not None or group.name == "lab-next"
    return ACCELERATOR_COMPUTE if is_accelerated else None


def resource_of(group: Machines, number: int) -> str:
    if group.size.startswith("ml."):
        kind = "training-job" if _is_training(group) else "endpoint"
        return f"arn:aws:sagemaker:{group.region}:{group.account.id}:{kind}/{group.name}-{number}"
    return identifier("i-0", 16, "instance", group.name, number).lower()
