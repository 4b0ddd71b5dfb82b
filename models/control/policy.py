"""Who is told of what, where and when: routes, quiet hours, maintenance, escalation, as `outlay.yaml` declares it.

Which instants these are is in `wall_clock`; what is said at them in `notices`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase

from models.control.conditions import SEVERITIES, Condition, Severity
from models.control.wall_clock import Span, at, day_span, local_day, span

WEBHOOK = "webhook"
"""The destination of the webhook of `alerts.slack`; a route's own is `webhook:<name of the route>`."""
_LONGEST_HOLD = 400
"""Ends of quiet hours and maintenance that are looked through for one at which nothing else holds."""


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
        """Whether each that is given fits; what a condition does not name (its team, its vendor) fits no glob."""
        return (
            _any_fits(self.kinds, condition.kind)
            and _any_fits(self.severities, condition.severity)
            and _any_fits(self.rules, condition.key.rule)
            and _any_fits(self.teams, condition.team)
            and _any_fits(self.vendors, condition.vendor)
            and _any_fits(self.models, condition.model)
        )


def _any_fits(globs: Sequence[str], name: str | None) -> bool:
    if not globs:
        return True
    return name is not None and any(fnmatchcase(name.casefold(), glob.casefold()) for glob in globs)


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
    """From `start` to `end` (over midnight where start > end; never where they are the same), and all of the `days`
    (Monday is 0), nobody is told of anything less than `wakes`. What came up then is told afterwards.

    `zone`: IANA time zone.
    """

    start: time
    end: time
    days: tuple[int, ...] = ()
    zone: str = "UTC"
    wakes: Severity = "critical"

    def spans(self, now: datetime) -> Iterable[Span]:
        """The quiet times that may hold `now`."""
        today = local_day(now, self.zone)
        for day in (today - timedelta(days=1), today):
            if self.start != self.end:
                yield span(day, self.start, self.end, self.zone)
            if day.weekday() in self.days:
                yield day_span(day, self.zone)


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
class WeeklyDigest:
    """Once a week at `destination`, on `weekday` (Monday is 0) at a time of day in the policy's zone."""

    destination: str
    weekday: int = 0
    at: time = time(9)


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
    weekly_digest: WeeklyDigest | None = None

    @property
    def places(self) -> frozenset[str]:
        """Every destination that is named anywhere."""
        named = (self.destination, *(route.destination for route in self.routes))
        named += (*(escalation.destination for escalation in self.escalations),)
        named += (None if self.weekly_digest is None else self.weekly_digest.destination,)
        return frozenset(place for place in named if place is not None)

    def reaches(self, destination: str) -> bool:
        """Whether one who was told there can be told there still: a bot's channels as long as there is a bot, a
        webhook as long as it is named."""
        if is_webhook(destination):
            return destination in self.places
        return any(not is_webhook(place) for place in self.places)


@dataclass(frozen=True)
class Target:
    """A destination of a condition: whom to mention there, and at which time of day it is told; None: at once."""

    destination: str
    mention: str | None = None
    digest_at: time | None = None


def is_webhook(destination: str) -> bool:
    """Whether it can only be posted to: no threads, no edits, no questions."""
    return destination == WEBHOOK or destination.startswith(f"{WEBHOOK}:")


def destinations(condition: Condition, policy: Policy) -> list[Target]:
    """Where a condition is told, each destination once: the first route that fits and all before it that go on; where
    the last of them goes on or none fits, the policy's own destination, too."""
    targets: dict[str, Target] = {}
    owner = policy.mentions.get(condition.team or "")
    for route in policy.routes:
        if not route.match.fits(condition):
            continue
        target = Target(route.destination, route.mention or owner, route.digest_at)
        targets.setdefault(route.destination, target)
        if not route.goes_on:
            return list(targets.values())
    if policy.destination is not None:
        targets.setdefault(policy.destination, Target(policy.destination, owner))
    return list(targets.values())


def escalations_for(condition: Condition, policy: Policy) -> tuple[Escalation, ...]:
    """Those that match, soonest first: an alert's level `n` is the n-th of them."""
    matching = (escalation for escalation in policy.escalations if escalation.match.fits(condition))
    return tuple(sorted(matching, key=lambda escalation: escalation.after))


def held_until(policy: Policy, condition: Condition, now: datetime) -> datetime | None:
    """When quiet hours and maintenance that hold a condition now are over, all of them; None where none does.

    Where one begins before the other ends, the end of the last. A policy that is never at rest tells the last instant
    that was looked at, months ahead.
    """
    until = now
    for _ in range(_LONGEST_HOLD):
        further = _quiet_until(policy, condition.severity, until) or _maintained_until(policy, condition, until)
        if further is None:
            break
        until = further
    return until if until > now else None


def opens_at(digest_at: time | None, zone: str, instant: datetime) -> datetime:
    """When something of this instant is told at a place that collects until `digest_at`: the next such time."""
    if digest_at is None:
        return instant
    today = local_day(instant, zone)
    return next(
        moment
        for moment in (at(today + timedelta(days=ahead), digest_at, zone) for ahead in range(3))
        if moment >= instant
    )


def digest_of_week(digest: WeeklyDigest, zone: str, now: datetime) -> tuple[str, datetime]:
    """The weekly digest that was due last: its ISO week, such as 2026-W48, and its instant."""
    today = local_day(now, zone)
    days = (today - timedelta(days=back) for back in range(8))
    due = [(day, at(day, digest.at, zone)) for day in days if day.weekday() == digest.weekday]
    return next((iso_week(day), moment) for day, moment in due if moment <= now)


def iso_week(day: date) -> str:
    """Such as 2026-W48."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _quiet_until(policy: Policy, severity: Severity, now: datetime) -> datetime | None:
    ends = [
        end
        for quiet in policy.quiet_hours
        if SEVERITIES.index(severity) < SEVERITIES.index(quiet.wakes)
        for start, end in quiet.spans(now)
        if start <= now < end
    ]
    return max(ends, default=None)


def _maintained_until(policy: Policy, condition: Condition, now: datetime) -> datetime | None:
    ends = [
        maintenance.last
        for maintenance in policy.maintenances
        if maintenance.first <= now < maintenance.last and maintenance.match.fits(condition)
    ]
    return max(ends, default=None)
