"""Notices: what should have been said by now, from the states of alerts and the policy, less what was said.

Worked out from states, not from events: a pass that was never made is made good by the next. What each alert asks to be
said is in `sayings`; here, several that belong together become one notice. What a notice looks like, and how it is
sent once, is in `connectors.slack`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from models.control.alerts import Alert, AlertEvent, as_they_stand, replay
from models.control.conditions import SEVERITIES, Condition
from models.control.policy import Policy, digest_of_week
from models.control.said import WHATS, Made, Notice, Said, What
from models.control.sayings import Saying, sayings

__all__ = [
    "WHATS",
    "Held",
    "Made",
    "Notice",
    "What",
    "digest_at_once",
    "due_digest",
    "due_notices",
    "held",
    "what_to_say",
]

_T = TypeVar("_T")
_DIGEST_IS_NEWS = timedelta(days=3)
"""A weekly digest that could not be told in time is told within so many days, and after that with the next one."""
_ORDER: tuple[What, ...] = ("first", "group", "reply", "edit")


@dataclass(frozen=True)
class Held:
    """An alert that nobody was told of yet at a destination, and when quiet hours, maintenance or the wait for a digest
    are over there."""

    alert_id: str
    destination: str
    until: datetime


def what_to_say(
    alerts: Mapping[str, Alert],
    conditions: Sequence[Condition],
    made: Mapping[str, Made],
    policy: Policy,
    now: datetime,
) -> tuple[list[AlertEvent], list[Notice]]:
    """The notices that are due, and the events by which what they tell of stands as the `conditions` are by now."""
    notices = due_notices(alerts, made, policy, now)
    told = {alert_id for notice in notices if notice.what != "edit" for alert_id in notice.alert_ids}
    fresh = as_they_stand(alerts, conditions, told, now)
    return fresh, due_notices(replay(fresh, alerts), made, policy, now) if fresh else notices


def due_notices(alerts: Mapping[str, Alert], made: Mapping[str, Made], policy: Policy, now: datetime) -> list[Notice]:
    """The notices that are due and whose keys were not `made` yet, in the order in which they should be sent.

    News first, worst first, then replies, then edits. Never two with one key, and none before the one it is about.
    """
    due = [saying for saying in sayings(alerts, Said(made), policy, now) if saying.ready_at <= now]
    storms, others = _storms(due, policy)
    notices = [
        *(_one_of("group", "collected" if storm[0].collects else "opened", storm) for storm in storms),
        *(_alone(saying) for saying in others if saying.what == "first"),
        *_replies(saying for saying in others if saying.what == "reply"),
        *_edits(saying for saying in others if saying.what == "edit"),
    ]
    return sorted(notices, key=lambda notice: _order(notice, alerts))


def held(alerts: Mapping[str, Alert], made: Mapping[str, Made], policy: Policy, now: datetime) -> list[Held]:
    """What is new and is not told yet, and until when; soonest first."""
    waiting = (
        Held(saying.alert.condition.alert_id, saying.destination, saying.ready_at)
        for saying in sayings(alerts, Said(made), policy, now)
        if saying.is_news and saying.ready_at > now
    )
    return sorted(waiting, key=lambda each: (each.until, each.destination, each.alert_id))


def due_digest(policy: Policy, made: Mapping[str, Made], now: datetime) -> Notice | None:
    """The weekly digest, once an ISO week and destination, from its time on.

    Who was not there at the time tells it later, for up to three days; what is older is not told any more. Quiet hours
    do not hold it: it has a time of its own.
    """
    digest = policy.weekly_digest
    if digest is None:
        return None
    week, due = digest_of_week(digest, policy.zone, now)
    notice = _digest(week, digest.destination)
    return None if notice.key in made or now - due > _DIGEST_IS_NEWS else notice


def digest_at_once(policy: Policy, made: Mapping[str, Made], now: datetime) -> Notice | None:
    """A digest that somebody asks for: the one that was due last, or, where that was told, one more."""
    digest = policy.weekly_digest
    if digest is None:
        return None
    week, _ = digest_of_week(digest, policy.zone, now)
    notice = _digest(week, digest.destination)
    return _digest(week, digest.destination, f"{now:%Y%m%dT%H%M%S}") if notice.key in made else notice


def _digest(week: str, destination: str, *besides: str) -> Notice:
    return Notice(".".join(("digest", week, *besides, destination)), "digest", destination, (), week)


def _storms(due: Sequence[Saying], policy: Policy) -> tuple[list[list[Saying]], list[Saying]]:
    """What is new in one place, where it is more than may come one by one, or was collected; and all the rest."""
    news = _by((saying for saying in due if saying.is_news), lambda saying: (saying.destination, saying.collects))
    storms = [
        together for (_, collects), together in news.items() if len(together) > (1 if collects else policy.storm_above)
    ]
    stormy = {saying.keys[0] for storm in storms for saying in storm}
    return storms, [saying for saying in due if saying.keys[0] not in stormy]


def _replies(due: Iterable[Saying]) -> Iterable[Notice]:
    """What several alerts of one message have to say in the same words is one reply."""
    for together in _by(due, lambda saying: (saying.about, saying.says, saying.destination)).values():
        yield _alone(together[0]) if len(together) == 1 else _one_of("reply", together[0].says, together)


def _edits(due: Iterable[Saying]) -> Iterable[Notice]:
    """A message is made anew once, with all that it is about, whatever changed in it."""
    for together in _by(due, lambda saying: (saying.about, saying.destination)).values():
        yield _alone(together[0]) if len(together) == 1 else _one_of("edit", "edited", together)


def _alone(saying: Saying) -> Notice:
    key, *covers = saying.keys
    return Notice(
        key, saying.what, saying.destination, saying.shows, saying.says, saying.mention, saying.about, tuple(covers)
    )


def _one_of(what: What, says: str, together: Sequence[Saying]) -> Notice:
    """One notice for all of them, worst first, which covers all that they would have been made for."""
    ranked = sorted(together, key=lambda saying: _rank(saying.alert))
    first = ranked[0]
    covers = tuple(key for saying in ranked for key in saying.keys)
    digest = hashlib.sha256("\n".join(sorted(covers)).encode()).hexdigest()[:12]
    mentions = dict.fromkeys(saying.mention for saying in ranked if saying.mention)
    return Notice(
        f"{what}.{digest}.{first.destination}",
        what,
        first.destination,
        # all edits of a message show the whole of it: once, for that may be ten thousand alerts
        first.shows if what == "edit" else tuple(alert_id for saying in ranked for alert_id in saying.shows),
        says,
        " ".join(mentions) or None,
        first.about if what != "group" else None,
        covers,
    )


def _by(due: Iterable[Saying], of: Callable[[Saying], _T]) -> dict[_T, list[Saying]]:
    together: dict[_T, list[Saying]] = defaultdict(list)
    for saying in due:
        together[of(saying)].append(saying)
    return together


def _order(notice: Notice, alerts: Mapping[str, Alert]) -> tuple[Hashable, ...]:
    worst = min(_rank(alerts[alert_id]) for alert_id in notice.alert_ids if alert_id in alerts)
    kind = 0 if notice.what in ("first", "group") else _ORDER.index(notice.what)
    return (kind, *worst, notice.destination, notice.key)


def _rank(alert: Alert) -> tuple[int, Decimal, str]:
    """Worst first: by severity, then amount."""
    condition = alert.condition
    return -SEVERITIES.index(condition.severity), -abs(condition.amount or Decimal(0)), condition.alert_id
