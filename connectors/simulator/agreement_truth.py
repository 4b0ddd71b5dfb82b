"""On which days somebody must hear of an agreement, as `truth.json` tells it: notice to be given, a commit that will be
used up before its term is over, cover that ends. Worked out from what was agreed and billed; days ahead by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.simulator.agreements import contracts
from connectors.simulator.clouds.aws_commitments import EMBED_RESERVATION, PLANS, reserved_from
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.organisation import SOURCES
from connectors.simulator.spending import BILLED_AFTER

if TYPE_CHECKING:
    from connectors.simulator.simulation import Simulation, State

NOTICE_AHEAD = (60, 30, 7)
"""Days before the last day to give notice."""
END_AHEAD = (30, 7)
"""Days before a commit is used up, or cover ends."""
_TERM = timedelta(days=365)
_RATE_DAYS = 30
_KNOWN_AFTER = 14
"""Days of a term after which its rate says anything."""
_DAY = timedelta(days=1)
Row = dict[str, Any]
Daily = Mapping[date, Decimal]


def agreement_document(world: Simulation, state: State) -> list[Row]:
    """Every event through `as_of`, by day."""
    if not world.has_clouds:
        return []
    agreed = contracts(world.calendar, clouds=True)
    billed = _billed(world, state)
    found = [*_notices(agreed), *_used_up(world, agreed, billed), *_covers(world)]
    first, last = world.calendar.first_day, world.as_of.date()
    return sorted(
        ({**row, "told_on": str(row["told_on"])} for row in found if first <= row["told_on"] <= last),
        key=lambda row: (row["told_on"], row["name"]),
    )


def _notices(agreed: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    for contract in agreed:
        renewal = contract.get("renewal")
        if renewal is not None:
            by = renewal["day"] - timedelta(days=renewal.get("notice_days", 0))
            for days in NOTICE_AHEAD:
                yield _row("renewal", contract["name"], days, by - timedelta(days=days))


def _covers(world: Simulation) -> Iterator[Row]:
    """Plans and reservations of AWS, whose bill tells when they began."""
    held = CloudWorld(world.seed, world.calendar, "second")
    begun = {plan.arn: plan.start(held) for plan in PLANS if plan.bought is not None}
    for name, first in {**begun, EMBED_RESERVATION: reserved_from(held)}.items():
        for days in END_AHEAD:
            yield _row("commitment_running_out", name, days, first + _TERM - timedelta(days=days))


def _used_up(
    world: Simulation, agreed: Iterable[Mapping[str, Any]], billed: Mapping[tuple[str, str], Daily]
) -> Iterator[Row]:
    """A commit of spending: when the rate of its last 30 days says that it is used up so soon."""
    for contract in agreed:
        for commit in contract.get("commits", ()):
            if commit["kind"] == "spend":
                daily = billed[contract["source"], commit.get("currency", "USD")]
                for days, told_on in _reached(commit, daily, world.as_of.date()):
                    yield _row("commitment_running_out", f"{contract['name']}/{commit['name']}", days, told_on)


def _reached(commit: Mapping[str, Any], daily: Daily, as_of: date) -> Iterator[tuple[int, date]]:
    """The first day of each step; of two on one day the nearer one."""
    begins, ends = commit["valid_from"], commit["valid_to"]
    waiting = set(END_AHEAD)
    last = begins + timedelta(days=_KNOWN_AFTER)
    while waiting and last + BILLED_AFTER <= min(as_of, ends - _DAY):
        used = sum((daily.get(day, Decimal(0)) for day in _days(begins, last)), Decimal(0))
        window = _days(max(begins, last - (_RATE_DAYS - 1) * _DAY), last)
        rate = sum((daily.get(day, Decimal(0)) for day in window), Decimal(0)) / len(window)
        end = last + int(max(commit["amount"] - used, Decimal(0)) / rate) * _DAY
        today = last + BILLED_AFTER
        reached = {days for days in waiting if end < ends and (end - today).days <= days}
        if reached:
            yield min(reached), today
            waiting = {days for days in waiting if days < min(reached)}
        last += _DAY


def _billed(world: Simulation, state: State) -> Mapping[tuple[str, str], Daily]:
    """What counts against commits by source and currency, day by day: all but tax, credits and discounts."""
    sums: dict[tuple[str, str], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for source in SOURCES:
        for day in world.calendar.days:
            for line in world.lines(source, day, state):
                if line.kind != "credit":
                    sums[source, "USD"][day] += line.amount
    for charge in world.charges(state):
        if charge.category in ("Usage", "Purchase", "Adjustment"):
            sums[charge.source, charge.currency][charge.start.date()] += charge.billed
    return sums


def _days(first: date, last: date) -> list[date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _row(kind: str, name: str, days: int, told_on: date) -> Row:
    return {"kind": kind, "name": name, "days_ahead": days, "told_on": told_on}
