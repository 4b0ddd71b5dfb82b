"""Alerts: a state machine without a clock. An alert is what its events replay to; the events are the truth.

opened → notified → acknowledged | snoozed | escalated → resolved → reopened; which event may come in which state, and
what follows, is the table `TRANSITIONS`. `observe`, `tick` and `ask` say which events come next; they change nothing.
Which notices follow is in `notices`; where events are kept is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

from models.control.conditions import SEVERITIES, AlertKey, Condition, Kind, gravest
from models.control.policy import Policy, escalations_for
from models.errors import AlertError

State = Literal["open", "notified", "acknowledged", "snoozed", "escalated", "resolved"]
STATES: tuple[State, ...] = get_args(State)
EventKind = Literal[
    "opened",
    "updated",
    "worsened",
    "notified",
    "acknowledged",
    "snoozed",
    "woken",
    "escalated",
    "resolved",
    "cleared",
    "reopened",
]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)
Act = Literal["acknowledge", "snooze", "resolve"]
ACTS: tuple[Act, ...] = get_args(Act)

WORSE_BY = Decimal("1.5")
"""What is so many times as bad as it was last told is told again."""
LONGEST_SNOOZE = timedelta(days=90)
IS_OVER = "it is over"
"""However it ended: its period with it, what it was about agreed, or fell below what counts."""
RULE_GONE = "the rule is not in outlay.yaml any more"


def _stays(*states: State) -> dict[State | None, State]:
    return {state: state for state in states}


def _to(target: State, *states: State | None) -> dict[State | None, State]:
    return dict.fromkeys(states, target)


TRANSITIONS: Mapping[EventKind, Mapping[State | None, State]] = {
    "opened": _to("open", None),
    "updated": _stays("open", "notified", "acknowledged", "escalated"),
    "worsened": _to("open", "open", "notified", "acknowledged", "snoozed", "escalated"),
    "notified": _to("notified", "open"),
    "acknowledged": _to("acknowledged", "open", "notified", "snoozed", "escalated"),
    "snoozed": _to("snoozed", "open", "notified", "acknowledged", "snoozed", "escalated"),
    "woken": _to("open", "snoozed"),
    "escalated": _to("escalated", "notified", "escalated"),
    "resolved": _to("resolved", "open", "notified", "acknowledged", "snoozed", "escalated"),
    "cleared": _stays("resolved"),
    "reopened": _to("open", "resolved"),
}
"""By event and state (None: there is no such alert yet) the state that follows. What is not here cannot happen.

`worsened`, `woken` and `reopened` lead to `open`: nobody was told that it stands so. What is graver than what was told
is a new matter: it ends a snooze, and waits for somebody whoever took up the lesser one.
"""
_NEEDS_FIRING: Mapping[EventKind, bool] = {"cleared": True, "reopened": False}
"""Of a resolved alert: whether its condition must still hold, or must have been away."""


@dataclass(frozen=True)
class AlertEvent:
    """Something that happened to an alert; never changed. `who` is None for Outlay itself.

    opened, reopened, updated and worsened carry the condition; snoozed carries `until`; escalated its `level` (from 1);
    acts of people may carry a `note`, and resolved says why in it.
    """

    alert_id: str
    kind: EventKind
    at: datetime
    who: str | None = None
    condition: Condition | None = None
    until: datetime | None = None
    level: int | None = None
    note: str | None = None


@dataclass(frozen=True)
class Alert:
    """An alert as it stands. `condition` is the last one that was told; `episode` counts openings from 1.

    `is_firing`: whether the condition still holds, which is not the same as not resolved: people may resolve what goes
    on, and it opens again only after it was away. Of this episode: `opened_at`; `updates` and `updated_at`, how often
    and when last it came to be told with other figures; `worsenings`, how often its severity rose; `wakings`, how often
    a snooze ended; `notified_at`, when it was told, None while nobody was told since it opened, woke or got more
    severe; `level`, how far it is escalated since; `handled_by`, who acted last.
    """

    key: AlertKey
    kind: Kind
    condition: Condition
    state: State
    episode: int
    opened_at: datetime
    changed_at: datetime
    is_firing: bool = True
    updates: int = 0
    updated_at: datetime | None = None
    worsenings: int = 0
    wakings: int = 0
    notified_at: datetime | None = None
    handled_by: str | None = None
    handled_at: datetime | None = None
    snoozed_until: datetime | None = None
    level: int = 0
    resolved_at: datetime | None = None
    note: str | None = None

    @property
    def is_nobodys(self) -> bool:
        """Whether it waits for somebody to take it up."""
        return self.state in ("open", "notified", "escalated")


@dataclass(frozen=True)
class Request:
    """What a person asks for. `request_id` is the asker's own: the same one twice counts once."""

    request_id: str
    alert_id: str
    act: Act
    who: str
    at: datetime
    until: datetime | None = None
    note: str | None = None


def replay(events: Iterable[AlertEvent], alerts: Mapping[str, Alert] | None = None) -> dict[str, Alert]:
    """Every alert by its id after these events, in their order. Raises `AlertError` for one that cannot happen."""
    after = dict(alerts or {})
    for event in events:
        after[event.alert_id] = _apply(after.get(event.alert_id), event)
    return after


def observe(
    alerts: Mapping[str, Alert],
    conditions: Sequence[Condition],
    judged: Collection[tuple[str, str]],
    now: datetime,
    gone: Collection[tuple[str, str]] = (),
) -> list[AlertEvent]:
    """What follows from the conditions of a publication, by alert id.

    `judged`: rule and kind of what could be judged, as `marts.alert_rules` has them; alerts of others stay as they
    are. `gone`: rule and kind of what `outlay.yaml` asks for no more; the caller names them, for what is not `judged`
    may only be unknown today, and their alerts resolve with that reason. A condition that holds from a later instant
    does not hold yet.
    """
    holding, known = _holding(conditions, now), {*judged, *gone}
    events: list[AlertEvent] = []
    for alert_id in sorted({*alerts, *holding}):
        alert, condition = alerts.get(alert_id), holding.get(alert_id)
        if condition is not None:
            kind = _told_by(alert, condition, now)
            events += [AlertEvent(alert_id, kind, now, condition=condition)] if kind else []
        elif alert is not None and alert.is_firing and (rule := (alert.key.rule, alert.kind)) in known:
            why = RULE_GONE if rule in gone else IS_OVER
            kind = "cleared" if alert.state == "resolved" else "resolved"
            events.append(AlertEvent(alert_id, kind, now, note=why))
    return events


def as_they_stand(
    alerts: Mapping[str, Alert], conditions: Sequence[Condition], told: Collection[str], now: datetime
) -> list[AlertEvent]:
    """Of alerts that are about to be `told` (their ids): `updated` where nobody was told since they opened or woke, and
    by now they stand otherwise. Who hears after a night, a maintenance or a snooze hears how it stands, not how it was.
    """
    holding = _holding(conditions, now)
    about_to_hear = ((alerts[alert_id], holding[alert_id]) for alert_id in sorted({*told} & {*holding}))
    return [
        AlertEvent(condition.alert_id, "updated", now, condition=condition)
        for alert, condition in about_to_hear
        if alert.notified_at is None and alert.state in TRANSITIONS["updated"] and alert.condition != condition
    ]


def tick(alerts: Mapping[str, Alert], policy: Policy, now: datetime) -> list[AlertEvent]:
    """What follows from time alone, by alert id: snoozes that are over, and each level of escalation that is due.

    An escalation counts from `notified_at`: nobody is late with what they were not told of.
    """
    events: list[AlertEvent] = []
    for alert_id, alert in sorted(alerts.items()):
        if alert.state == "snoozed" and alert.snoozed_until is not None and alert.snoozed_until <= now:
            events.append(AlertEvent(alert_id, "woken", now))
        if alert.state in ("notified", "escalated") and alert.notified_at is not None:
            waited = now - alert.notified_at
            due = sum(level.after <= waited for level in escalations_for(alert.condition, policy))
            events += [AlertEvent(alert_id, "escalated", now, level=level) for level in range(alert.level + 1, due + 1)]
    return events


def ask(alerts: Mapping[str, Alert], request: Request) -> AlertEvent:
    """The event of a person's act. Raises `AlertError` where it cannot be done, with the reason."""
    alert = alerts.get(request.alert_id)
    if alert is None:
        raise _refused(request, "there is no such alert", "`outlay alerts list` shows those that there are")
    if alert.state == "resolved":
        why = f" ({alert.note})" if alert.note else ""
        raise _refused(request, f"it is resolved already{why}", "there is nothing to do: it opens again by itself")
    if request.act == "acknowledge" and alert.state == "acknowledged":
        raise _refused(
            request, f"{alert.handled_by} acknowledged it already", "snooze or resolve it, or leave it to them"
        )
    if request.act == "snooze":
        _check_snooze(request)
    kind: Mapping[Act, EventKind] = {"acknowledge": "acknowledged", "snooze": "snoozed", "resolve": "resolved"}
    until = request.until if request.act == "snooze" else None
    return AlertEvent(request.alert_id, kind[request.act], request.at, request.who, until=until, note=request.note)


def _check_snooze(request: Request) -> None:
    if request.until is None:
        raise _refused(request, "a snooze needs an end", "say until when")
    if request.until <= request.at:
        raise _refused(request, f"{request.until:%Y-%m-%d %H:%M} UTC is over", "name an instant that is still to come")
    if request.until > request.at + LONGEST_SNOOZE:
        raise _refused(
            request,
            f"{request.until:%Y-%m-%d} is more than {LONGEST_SNOOZE.days} days ahead",
            "snooze it for less; what is never to be told is better taken out of outlay.yaml",
        )


def _refused(request: Request, why: str, remedy: str) -> AlertError:
    return AlertError(f"cannot {request.act} alert {request.alert_id}: {why}", remedy=remedy)


def _holding(conditions: Sequence[Condition], now: datetime) -> dict[str, Condition]:
    """What holds now, by alert id."""
    return gravest(one for one in conditions if one.holds_at(now))


def _told_by(alert: Alert | None, condition: Condition, now: datetime) -> EventKind | None:
    """The event that a condition which holds makes of the alert; what only lingers makes none."""
    if condition.standing != "firing":
        return None
    if alert is None:
        return "opened"
    if alert.state == "resolved":
        return None if alert.is_firing else "reopened"
    if SEVERITIES.index(condition.severity) > SEVERITIES.index(alert.condition.severity):
        return "worsened"
    return "updated" if alert.state != "snoozed" and _has_grown(alert, condition, now) else None


_FROM_EXPECTED: frozenset[Kind] = frozenset({"anomaly", "reconciliation"})
"""Kinds that are as bad as their amount is far from what was expected, whichever way."""
_BY_STEPS: frozenset[Kind] = frozenset({"commitment_running_out", "renewal"})
"""Kinds of which the amount does not say how bad it is: a nearer day is another alert, and tells more."""


def _extent(condition: Condition) -> Decimal | None:
    """How bad it is, in its currency or unit; None where only its severity tells."""
    if condition.amount is None or condition.kind in _BY_STEPS:
        return None
    expected = condition.limit if condition.kind in _FROM_EXPECTED else None
    return abs(condition.amount - (expected or 0))


def _has_grown(alert: Alert, condition: Condition, now: datetime) -> bool:
    """To a larger extent, of the same money or unit; once a UTC day."""
    told = alert.condition
    if alert.updated_at is not None and alert.updated_at.date() == now.date():
        return False
    extent, told_extent = _extent(condition), _extent(told)
    if extent is None or told_extent is None:
        return False
    if (condition.currency, condition.unit) != (told.currency, told.unit):
        return False
    return extent > told_extent and extent >= WORSE_BY * told_extent


def _apply(alert: Alert | None, event: AlertEvent) -> Alert:
    """The alert after the event, by `TRANSITIONS`."""
    state = TRANSITIONS[event.kind].get(alert.state if alert else None)
    if state is None:
        raise _impossible(alert, event)
    if alert is None:
        told = _condition(alert, event)
        return Alert(told.key, told.kind, told, state, 1, opened_at=event.at, changed_at=event.at)
    if _NEEDS_FIRING.get(event.kind, alert.is_firing) != alert.is_firing:
        raise _impossible(alert, event)
    # half the time of dataclasses.replace, and replaying is what every reader of the log waits for
    after: dict[str, Any] = {**vars(alert), "state": state, "changed_at": event.at}
    return Alert(**after | _CHANGES[event.kind](alert, event))


def _impossible(alert: Alert | None, event: AlertEvent) -> AlertError:
    stands = f"is {alert.state}{', and still holds' if alert.is_firing else ''}" if alert else "was never opened"
    return AlertError(
        f"alert {event.alert_id} cannot be {event.kind}: it {stands}",
        remedy="nothing was changed; this is a defect of Outlay, please report it with the alert's events",
    )


def _condition(alert: Alert | None, event: AlertEvent) -> Condition:
    if event.condition is None:
        raise _impossible(alert, event)
    return event.condition


def _handled(event: AlertEvent) -> dict[str, Any]:
    return {"handled_by": event.who, "handled_at": event.at, "note": event.note}


def _updated(alert: Alert, event: AlertEvent) -> dict[str, Any]:
    return {"condition": _condition(alert, event), "updates": alert.updates + 1, "updated_at": event.at}


def _resolved(_alert: Alert, event: AlertEvent) -> dict[str, Any]:
    """Whoever resolves it does not make the condition go away: it still holds where a person did."""
    by = _handled(event) if event.who else {"is_firing": False}
    return {"snoozed_until": None, "resolved_at": event.at, **by, "note": event.note}


def _reopened(alert: Alert, event: AlertEvent) -> dict[str, Any]:
    """A new episode: nothing of the last one but its number stays."""
    told = _condition(alert, event)
    fresh = Alert(told.key, told.kind, told, "open", alert.episode + 1, opened_at=event.at, changed_at=event.at)
    return {name: value for name, value in vars(fresh).items() if name not in ("state", "changed_at")}


_CALLS_ANEW: Mapping[str, Any] = {"snoozed_until": None, "notified_at": None, "level": 0}
_CHANGES: Mapping[EventKind, Callable[[Alert, AlertEvent], dict[str, Any]]] = {
    "updated": _updated,
    "worsened": lambda alert, event: {**_updated(alert, event), **_CALLS_ANEW, "worsenings": alert.worsenings + 1},
    "notified": lambda _alert, event: {"notified_at": event.at},
    "acknowledged": lambda _alert, event: {**_handled(event), "snoozed_until": None},
    "snoozed": lambda _alert, event: {**_handled(event), "snoozed_until": event.until},
    "woken": lambda alert, _event: {**_CALLS_ANEW, "wakings": alert.wakings + 1},
    "escalated": lambda _alert, event: {"level": event.level or 0},
    "resolved": _resolved,
    "cleared": lambda _alert, _event: {"is_firing": False},
    "reopened": _reopened,
}
"""What else an event changes, beside the state."""
