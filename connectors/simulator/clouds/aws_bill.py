"""AWS's bill of a month: machines by the hour, what commitments pay of them, and everything else by its own module."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from connectors.simulator.clouds.aws_bedrock import bedrock_rows
from connectors.simulator.clouds.aws_commitments import (
    BLOCK,
    block_rows,
    covered_row,
    is_covered,
    reservation_rows,
    savings_plan_rows,
)
from connectors.simulator.clouds.aws_machines import machine_row
from connectors.simulator.clouds.aws_rest import monthly_rows, rest_rows
from connectors.simulator.clouds.aws_rows import CurRow
from connectors.simulator.clouds.fleet import machines_of
from connectors.simulator.clouds.lines import AWS, Line
from connectors.simulator.clouds.world import CloudWorld


def aws_lines(world: CloudWorld, month: str) -> list[Line]:
    """Every line item of the month's bill, in the order of the export."""
    invoice = f"EUINUS26-{month.replace('-', '')}01" if world.is_closed(month) else None
    rows = [row for day in world.days_of(month) for row in _day_rows(world, month, day)]
    rows += [*reservation_rows(world, month), *block_rows(world, month)]
    rows += monthly_rows(world, month, [charge for row in rows for charge in row.means])
    return [row.line(invoice=invoice) for row in rows]


def _day_rows(world: CloudWorld, month: str, day: date) -> Iterator[CurRow]:
    for group in machines_of(AWS):
        if group.plan == BLOCK:
            continue
        for number in range(group.count):
            hours = group.hours(world, number, day)
            if not hours:
                continue
            if is_covered(world, group, number, day):
                yield covered_row(world, month, day, group, number, hours)
            else:
                yield machine_row(month, day, group, number, hours)
    yield from savings_plan_rows(world, month, day)
    yield from bedrock_rows(world, month, day)
    yield from rest_rows(world, month, day)
