"""Who is told of what, where and when: routes, quiet hours, maintenance, escalation, as `outlay.yaml` declares it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from models.control.conditions import Condition, Severity


@dataclass(frozen=True)
class Match:
    """What something is for; nothing given fits everything. Globs, letter case aside; of each at least one must fit."""

    kinds: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    rules: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def fits(self, condition: Condition) -> bool:
        raise NotImplementedError


@dataclass(frozen=True)
class Route:
    """Where conditions go that match. `destination`: `#channel` or a channel's id for a bot; `webhook` for the one of
    `alerts.slack`; `webhook:<name of the route>` for the route's own.

    Routes are gone through in order, and the first that fits is taken; one that `goes_on` is taken beside it.
    `digest_at`: told once a day at this time, all together, rather than at once. `mention`: as Slack writes it.
    """

    name: str
    destination: str
    match: Match = Match()
    mention: str | None = None
    goes_on: bool = False
    digest_at: time | None = None


@dataclass(frozen=True)
class QuietHours:
    """From `start` to `end` (over midnight where start > end), and all of the `days` (Monday is 0), nobody is told of
    anything less than `wakes`. What came up then is told afterwards. `zone`: IANA time zone."""

    start: time
    end: time
    days: tuple[int, ...] = ()
    zone: str = "UTC"
    wakes: Severity = "critical"


@dataclass(frozen=True)
class Maintenance:
    """Between two instants, what matches is not told; what still holds afterwards is."""

    name: str
    first: datetime
    last: datetime
    match: Match = Match()


@dataclass(frozen=True)
class Escalation:
    """What matches and was taken up by nobody for so long is told again: in its thread, with `mention`, and at
    `destination` where one is given."""

    after: timedelta
    match: Match = Match()
    mention: str | None = None
    destination: str | None = None


@dataclass(frozen=True)
class Policy:
    """All of it. Without any route, and for what no route is for, the `destination` (None: there is no Slack).

    `storm_above`: more new alerts than this, at once and to one place, become one message. `zone` is that of digests.
    """

    destination: str | None = None
    routes: tuple[Route, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    storm_above: int = 5
    zone: str = "UTC"
    mentions: dict[str, str] = field(default_factory=dict[str, str])
    """By team: whom to mention in what it owns, where the route says nothing."""
