"""The alert pass: what a publication says becomes states, states become notices, and what is due is sent.

A pass may run at any time and as often as one likes. It holds its lock while it reads and records, and not while it
waits for Slack: who may send a notice is settled when its attempt begins. What an alert is, who is told and how it
looks is not decided here; see `models.control` and `connectors.slack`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import duckdb
import polars as pl

from connectors.control.errors import LockHeldError
from models.control.alert_tables import ALERT_EVENTS
from models.control.alerts import Alert, AlertEvent, Request, ask, observe, replay, tick
from models.control.condition_tables import ALERT_CONDITIONS, ALERT_RULES, conditions_of
from models.control.conditions import Condition
from models.control.notices import Made, Notice, digest_at_once, due_digest, held, what_to_say
from models.control.policy import Policy
from models.errors import AlertError, OutlayError
from models.wording import counted
from pipelines.alert_delivery import deliver_due
from pipelines.alert_history import copy_to_lake, restore
from pipelines.alert_policy import policy_of
from pipelines.workplace import Workplace

PATIENCE = timedelta(seconds=90)
"""How long a pass waits for Slack altogether; what is not sent by then is sent by the next."""
_PATIENCE_OF_ACTS = timedelta(seconds=5)
_WAIT_SECONDS = 15
"""For another pass to end; under its lock one reads and records, which takes a second or two."""
_NO_PLACE = "alerts.slack in outlay.yaml names no place; alerts are on the page and in `outlay alerts list`"


@dataclass
class AlertReport:
    """What a pass did: alerts that opened and resolved, messages that Slack took (`told`) or that wait for it.

    `held`: alerts that quiet hours, maintenance or a digest hold back, the first of them until `held_until`. Without a
    place to tell, `waiting` are alerts that nobody was told of. `notes`: what else is worth a line, and no failure.
    """

    opened: int = 0
    resolved: int = 0
    told: int = 0
    waiting: int = 0
    held: int = 0
    held_until: datetime | None = None
    notes: list[str] = field(default_factory=list[str])
    failures: list[OutlayError] = field(default_factory=list[OutlayError])


@dataclass(frozen=True)
class _Step:
    """What follows now from all that happened: nothing of it is recorded yet. `book` is how alerts stand then."""

    book: Mapping[str, Alert]
    made: Mapping[str, Made]
    events: Sequence[AlertEvent] = ()
    notices: Sequence[Notice] = ()
    applied: Sequence[Request] = ()
    refused: Sequence[tuple[Request, AlertError]] = ()
    notes: Sequence[str] = ()


def alert(
    work: Workplace, *, digest_now: bool = False, try_again: bool = False, patience: timedelta = PATIENCE
) -> AlertReport:
    """One pass over what is published; without a publication there is nothing to do.

    `digest_now`: also the weekly digest, whatever the day. `try_again`: also messages that were given up. Two passes at
    once: the later one waits a little, then leaves.
    """
    report = AlertReport()
    if not work.home.published.exists():
        return report
    work.on_step("alerts: what stands now")
    try:
        with work.control.lock_alerting(wait=_WAIT_SECONDS):
            _advance(work, report, digest_now=digest_now)
    except LockHeldError as error:
        report.notes.append(f"{error.what}; it tells what is due")
        return report
    if try_again:
        work.control.alerts.try_again()
    _deliver(work, report, patience)
    return report


def act(work: Workplace, request: Request) -> AlertReport:
    """Keep what a person asks for, apply it at once, and tell those who heard of the alert.

    The same request twice counts once. Raises `AlertError` where it cannot be done, and `OutlayError` where another
    pass is at it for long: then the request is kept, and the next pass applies it.
    """
    report = AlertReport()
    work.control.alerts.request(request)
    try:
        with work.control.lock_alerting(wait=_WAIT_SECONDS):
            refused = _advance(work, report, observes=False)
    except LockHeldError as error:
        raise OutlayError(
            f"this is kept, and not done yet: {error.what}", remedy="nothing to do: the next pass applies it"
        ) from error
    _deliver(work, report, _PATIENCE_OF_ACTS)
    for asked, error in refused:
        if asked.request_id == request.request_id:
            raise error
    return report


def published_conditions(work: Workplace) -> tuple[list[Condition], pl.DataFrame]:
    """The conditions of the published file, firing and lingering, and the rows of `marts.alert_rules`.

    Raises `OutlayError` where nothing is published, or by an Outlay that published no alerts yet.
    """
    file = work.home.published.resolve()
    if not file.is_file():
        raise OutlayError("nothing is published yet", remedy="run `outlay run` or `outlay demo` first")
    try:
        with duckdb.connect(str(file), read_only=True) as warehouse:
            warehouse.execute("SET TimeZone = 'UTC'")
            conditions, rules = (
                warehouse.sql(f"SELECT * FROM {table.qualified_name}").pl() for table in (ALERT_CONDITIONS, ALERT_RULES)
            )
    except duckdb.CatalogException as error:
        raise OutlayError(
            f"the published warehouse ({file.name}) does not tell what stands",
            remedy="it is of an older Outlay; `outlay run` publishes anew",
        ) from error
    return conditions_of(conditions), rules


def what_is_due(work: Workplace) -> list[str]:
    """Why a pass should be made now, each reason in a few words; nothing is recorded."""
    if not work.home.published.exists():
        return []
    log, now = work.control.alerts, work.surroundings.clock()
    policy = policy_of(work.settings)
    step = _next(work, policy)
    unsent = len(log.due(now)) if policy.places else 0
    due = (
        (len(step.applied) + len(step.refused), "request", "requests"),
        (len(step.events) - len(step.applied), "change of alerts", "changes of alerts"),
        (len(step.notices), "message to make", "messages to make"),
        (unsent, "message to send", "messages to send"),
    )
    return [counted(*each) for each in due if each[0]]


def _advance(
    work: Workplace, report: AlertReport, *, observes: bool = True, digest_now: bool = False
) -> Sequence[tuple[Request, AlertError]]:
    """Work out and record what follows now, under the lock. Returns requests that were refused."""
    log, policy = work.control.alerts, policy_of(work.settings)
    _restore(work, report)
    step = _next(work, policy, observes=observes, digest_now=digest_now)
    log.record(step.events, step.notices, step.applied)
    for request, error in step.refused:
        log.refuse(request, str(error))
    _copy(work, report)
    report.notes += step.notes
    report.opened = sum(event.kind in ("opened", "reopened") for event in step.events)
    report.resolved = sum(event.kind == "resolved" for event in step.events)
    waiting = held(step.book, step.made, policy, work.surroundings.clock())
    report.held = len({each.alert_id for each in waiting})
    report.held_until = waiting[0].until if waiting else None
    return step.refused


def _next(work: Workplace, policy: Policy, *, observes: bool = True, digest_now: bool = False) -> _Step:
    """Requests first, for they were made of what stood before; then what is published, then time; then what to say."""
    log, now = work.control.alerts, work.surroundings.clock()
    book, events, applied, refused = _asked(log.book(), log.pending_requests())
    seen, conditions, notes = observed(work, book, now) if observes else ([], [], [])
    book, events = replay(seen, book), [*events, *seen]
    timed = tick(book, policy, now)
    book, events = replay(timed, book), [*events, *timed]
    made = log.made()
    fresh, notices = what_to_say(book, conditions, made, policy, now)
    book, events = replay(fresh, book), [*events, *fresh]
    digest = (digest_at_once if digest_now else due_digest)(policy, made, now)
    notices += [] if digest is None else [digest]
    return _Step(book, made, events, notices, applied, refused, notes)


def _asked(
    book: Mapping[str, Alert], requests: Sequence[Request]
) -> tuple[Mapping[str, Alert], list[AlertEvent], list[Request], list[tuple[Request, AlertError]]]:
    """Each request in its turn, on what the ones before it left."""
    events: list[AlertEvent] = []
    applied: list[Request] = []
    refused: list[tuple[Request, AlertError]] = []
    for request in requests:
        try:
            event = ask(book, request)
        except AlertError as error:
            refused.append((request, error))
            continue
        book = replay([event], book)
        events.append(event)
        applied.append(request)
    return book, events, applied, refused


def observed(
    work: Workplace, book: Mapping[str, Alert], now: datetime
) -> tuple[list[AlertEvent], list[Condition], list[str]]:
    """What follows from the published conditions, and these, or why nothing does. A rule that the publication knows
    nothing of is gone."""
    try:
        conditions, rules = published_conditions(work)
    except OutlayError as error:
        return [], [], [str(error)]
    told = rules.select("rule", "kind", "judged").iter_rows()
    judged = {(rule, kind): bool(is_judged) for rule, kind, is_judged in cast("list[tuple[str, str, bool]]", told)}
    gone = {(each.key.rule, each.kind) for each in book.values()} - set(judged)
    known = {rule for rule, is_judged in judged.items() if is_judged}
    return observe(book, conditions, known, now, gone), conditions, []


def _deliver(work: Workplace, report: AlertReport, patience: timedelta) -> None:
    """Send what is due, and say what was given up; without a place, count what nobody was told of."""
    log = work.control.alerts
    if not policy_of(work.settings).places:
        report.waiting = sum(each.state == "open" for each in log.book().values())
        if report.waiting:
            report.notes.append(_NO_PLACE)
        return
    if log.due(work.surroundings.clock()):
        _send(work, report, patience)
    given_up = len(log.given_up())
    if given_up:
        report.notes.append(f"{counted(given_up, 'message')} given up, told nowhere: `outlay alerts send` tries again")


def _send(work: Workplace, report: AlertReport, patience: timedelta) -> None:
    work.on_step("alerts: telling")
    deliveries = deliver_due(work, patience)
    report.told = len(deliveries.sent) + len(deliveries.recovered)
    report.waiting = deliveries.waiting
    report.notes += [f"{key} was not sent: {why}" for key, why in deliveries.dropped]
    for _, error in deliveries.failed:
        _fails(report, error)
    try:
        with work.control.lock_alerting(wait=_WAIT_SECONDS):
            _copy(work, report)
    except LockHeldError:
        return  # whoever holds it copies this, too


def _restore(work: Workplace, report: AlertReport) -> None:
    """From the lake; where that cannot be read, a store that has events goes on with them. One that has none would
    tell everything anew: it does nothing until the lake is back."""
    try:
        restore(work)
    except OutlayError as error:
        if not work.control.alerts.reached()[ALERT_EVENTS.name]:
            raise
        _fails(report, error)


def _copy(work: Workplace, report: AlertReport) -> None:
    """Into the lake; where that fails everybody is told all the same, and the next pass copies all of it."""
    try:
        copy_to_lake(work)
    except OutlayError as error:
        _fails(report, error)


def _fails(report: AlertReport, error: OutlayError) -> None:
    """What stands in the way of one stands in the way of all: once is enough."""
    if str(error) not in map(str, report.failures):
        report.failures.append(error)
