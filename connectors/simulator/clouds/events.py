"""What happens at the clouds, for readers of the demo. Where it happens is in the bills; when, in `world`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from connectors.simulator.clouds.aws_bedrock import UNKNOWN_USAGE_TYPE
from connectors.simulator.clouds.aws_commitments import BLOCK_DAYS, PLANS, block_start, reserved_from
from connectors.simulator.clouds.lines import AWS, AZURE, GCP, after, first_of
from connectors.simulator.clouds.world import CloudWorld


def described(world: CloudWorld) -> list[dict[str, Any]]:
    """Every event of the clouds: source, days and what happened. None of them is a residual: clouds bill charges."""
    first, last = world.days[0], world.days[-1]
    block = block_start(world)
    shrunk = first_of(world.shrunk_month)
    rows: list[tuple[str, date, date, str]] = [
        (AWS, PLANS[1].start(world), last, "a Savings Plan is bought, half of it paid up front; some is not used"),
        (AWS, reserved_from(world), last, "eight g6.xlarge are reserved for a year, part paid up front; four run"),
        (AWS, first, last, "p7.48xlarge runs on a few days, a size that no catalogue knows"),
        (AWS, first, last, f"Bedrock bills {UNKNOWN_USAGE_TYPE}, which nobody understands"),
        (AWS, world.restated_aws_day, world.restated_aws_day,
         "the second export tells 5 % more Claude tokens of support-bot, and the discount and tax that follow"),
        (AWS, shrunk, after(world.shrunk_month) - timedelta(days=1),
         "the second export has fewer rows (transfer between regions is not charged): one chunk, and an empty one"),
        (GCP, first, last, "six L4 are committed for a year: a share of every machine's hours; on weekends two idle"),
        (GCP, first, last, "part of a month's last day is told late and stands on the next invoice"),
        (GCP, world.late_day, world.late_day, "the second export has rows of this day that the first did not have"),
        (AZURE, first, last, "eight A100 machines are reserved and four run; a savings plan and a PTU reservation"),
        (AZURE, first, last, "every export runs twice a month into a new folder: the older run must not count"),
        (AZURE, world.restated_azure_day, world.restated_azure_day,
         "one more run before the second pull corrects gpt-5 output of care-writer by -8 %"),
    ]  # fmt: skip
    if block is not None:
        end = (block + timedelta(days=BLOCK_DAYS)).date()
        rows.insert(
            2, (AWS, block.date(), end, "a Capacity Block of four p5.48xlarge, paid before; 90 % of it is used")
        )
    return [
        {"source": source, "first_day": str(start), "last_day": str(end), "what": what, "reason": None}
        for source, start, end, what in rows
    ]
