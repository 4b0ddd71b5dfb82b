"""What each alert asks to be said in each place, from its state alone; one thing at a time.

An alert is news where its episode was not told yet: by a message of its own, or in the thread of its last one. Where it
was told, a reply says the most urgent of what came since, and an edit keeps the message as the alert is. Nothing is
said that was said, and nothing that is over: who wakes in the morning hears how it stands, not how it came to that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.control.alerts import Alert
from models.control.policy import Policy, Target, destinations, escalations_for, held_until, is_webhook, opens_at
from models.control.said import Notice, Said, What, key, opened_key

SAME_THREAD = timedelta(days=30)
"""What opens again is told in its old thread as long as the last word there is not older."""
HISTORY = timedelta(days=7)
"""What could have been told for so long that it is over is history: nothing is said of it any more. However long it was
held by then does not count."""


@dataclass(frozen=True)
class Saying:
    """Something to be said about one alert in one place, not before `ready_at`.

    `keys`: its own, then those of what it says as well. `shows`: the alerts of the message. `about`: key of the notice
    whose message it belongs to. `is_news`: it tells of the episode for the first time there. `collects`: it is told
    together with others.
    """

    alert: Alert
    what: What
    destination: str
    says: str
    keys: tuple[str, ...]
    ready_at: datetime
    shows: tuple[str, ...]
    mention: str | None = None
    about: str | None = None
    is_news: bool = False
    collects: bool = False


def sayings(alerts: Mapping[str, Alert], said: Said, policy: Policy, now: datetime) -> list[Saying]:
    """Everything that was not said yet, ready or not; in the order of alert ids and destinations."""
    return [
        saying
        for _, alert in sorted(alerts.items())
        for target in _targets(alert, said, policy)
        if not _is_history(alert, target, policy, now)
        for saying in _at(alert, target, said, policy, now)
    ]


def _targets(alert: Alert, said: Said, policy: Policy) -> list[Target]:
    """Where the alert is told by now, and where it was told in this episode, which hears of its end, too."""
    targets = {target.destination: target for target in destinations(alert.condition, policy)}
    if alert.state == "escalated":
        for level in escalations_for(alert.condition, policy)[: alert.level]:
            if level.destination is not None:
                targets.setdefault(level.destination, Target(level.destination, level.mention))
    for place in said.places(alert):
        if policy.reaches(place):
            targets.setdefault(place, Target(place))
    return [target for _, target in sorted(targets.items())]


def _is_history(alert: Alert, target: Target, policy: Policy, now: datetime) -> bool:
    """Whether it is over and could have been told for long: after all that held it, one thing after the other."""
    over = alert.resolved_at
    if over is None or now - over <= HISTORY:
        return False
    for maintenance in sorted(policy.maintenances, key=lambda each: each.first):
        # resolved by a person shortly before it, and heard of by the pass that is within it
        if maintenance.first - over <= HISTORY and maintenance.match.fits(alert.condition):
            over = max(over, maintenance.last)
    return now - _ready_at(alert, target, over, policy, over) > HISTORY


def _at(alert: Alert, target: Target, said: Said, policy: Policy, now: datetime) -> Iterable[Saying]:
    place = target.destination
    root = said.root(alert, place, alert.episode)
    if root is None:
        if alert.state == "snoozed" or _needs_no_telling(alert, target, said, policy):
            return
        root = _thread(alert, place, said, now)
        yield _news(alert, target, root, policy, now)
    elif unsaid := [words for words in _since(alert, place) if words[1] not in said]:
        yield _reply(alert, target, root, unsaid, policy, now)
    edit = _edit_key(alert, place)
    if root is not None and edit not in said and not is_webhook(place):
        yield Saying(alert, "edit", place, alert.state, (edit,), now, root.alert_ids, about=root.key)


def _needs_no_telling(alert: Alert, target: Target, said: Said, policy: Policy) -> bool:
    """Whether it came and went, all of it within a maintenance, or after everybody who is told at once was told and
    before this place came to be one of them."""
    if alert.state != "resolved" or alert.resolved_at is None:
        return False
    if target.digest_at is None and said.places(alert):
        return True
    return any(
        maintenance.first <= alert.opened_at
        and alert.resolved_at < maintenance.last
        and maintenance.match.fits(alert.condition)
        for maintenance in policy.maintenances
    )


def _news(alert: Alert, target: Target, root: Notice | None, policy: Policy, now: datetime) -> Saying:
    """The episode, as it stands by now: a message of its own, or a reply to the `root` of the one before."""
    place = target.destination
    shown = (opened_key(alert, place, alert.episode), *(own for _, own in _since(alert, place)))
    return Saying(
        alert,
        "first" if root is None else "reply",
        place,
        "opened" if root is None else "reopened",
        # the message above a reply is still as it was: an edit is due as well
        (*shown, _edit_key(alert, place)) if root is None else (key(alert, "reopened", place), *shown),
        _ready_at(alert, target, alert.opened_at, policy, now),
        (alert.condition.alert_id,),
        mention=target.mention if alert.is_nobodys else None,
        about=None if root is None else root.key,
        is_news=True,
        collects=target.digest_at is not None,
    )


def _thread(alert: Alert, destination: str, said: Said, now: datetime) -> Notice | None:
    last = said.last_at(alert, destination)
    if last is None or now - last > SAME_THREAD:
        return None
    roots = (said.root(alert, destination, episode) for episode in range(alert.episode - 1, 0, -1))
    return next((root for root in roots if root is not None), None)


def _reply(
    alert: Alert, target: Target, root: Notice, unsaid: list[tuple[str, str]], policy: Policy, now: datetime
) -> Saying:
    """The most urgent of what came since, which says the rest as well."""
    says, place = unsaid[0][0], target.destination
    return Saying(
        alert,
        "reply",
        place,
        says,
        tuple(own for _, own in unsaid),
        _ready_at(alert, target, alert.changed_at, policy, now, at_once=says == "escalated"),
        (alert.condition.alert_id,),
        mention=_mention(alert, target, [word for word, _ in unsaid], policy),
        about=root.key,
    )


def _since(alert: Alert, destination: str) -> list[tuple[str, str]]:
    """What came after the opening of this episode and still counts, most urgent first: word and key."""
    if alert.state == "resolved":
        return [("resolved", key(alert, "resolved", destination))]
    if alert.state == "snoozed":
        return []
    says: list[tuple[str, str]] = []
    if alert.state == "escalated":
        says += [
            ("escalated", key(alert, "escalated", destination, f"{alert.wakings + alert.worsenings}-{level}"))
            for level in range(alert.level, 0, -1)
        ]
    if alert.worsenings and alert.is_nobodys:
        says.append(("worsened", key(alert, "worsened", destination, alert.worsenings)))
    if alert.wakings and alert.is_nobodys:
        says.append(("woken", key(alert, "woken", destination, alert.wakings)))
    if alert.updates:
        says.append(("updated", key(alert, "updated", destination, alert.updates)))
    return says


def _mention(alert: Alert, target: Target, says: list[str], policy: Policy) -> str | None:
    """Whom a reply calls: those of every level that was reached since, or who was called at first; for less, nobody."""
    if says[0] == "escalated":
        reached = escalations_for(alert.condition, policy)[: alert.level][-says.count("escalated") :]
        return " ".join(dict.fromkeys(level.mention for level in reached if level.mention)) or None
    return target.mention if says[0] in ("worsened", "woken") else None


def _ready_at(
    alert: Alert, target: Target, since: datetime, policy: Policy, now: datetime, *, at_once: bool = False
) -> datetime:
    """When it may be said: collected from `since` on, and after all that holds it by then."""
    collected = since if at_once else opens_at(target.digest_at, policy.zone, since)
    ready = max(collected, now)
    return held_until(policy, alert.condition, ready) or ready


def _edit_key(alert: Alert, destination: str) -> str:
    """Named for all that the look of a message depends on: the same look is never made twice."""
    state = "open" if alert.state == "notified" else alert.state
    look = (state, alert.updates, alert.wakings, alert.level, alert.handled_by, alert.handled_at, alert.snoozed_until)
    shown = hashlib.sha256(repr((*look, alert.resolved_at)).encode()).hexdigest()[:8]
    return key(alert, "edit", destination, shown)
