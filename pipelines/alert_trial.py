"""`outlay alerts test`: which rules could be judged, who would be told of what stands now, and is every place there?

What the file alone says wrong is `alert_checks`; here the published warehouse and Slack are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid4

import polars as pl

from connectors.slack.delivery import Sender
from connectors.slack.refusals import LATER
from connectors.slack.trial_message import trial_message
from models.control.alert_words import KIND_WORDS, figure_text
from models.control.conditions import Condition
from models.control.policy import Policy, destinations, held_until
from models.errors import OutlayError
from models.wording import counted, instant_text
from pipelines.alert_delivery import senders_of
from pipelines.alert_policy import policy_of
from pipelines.alerting import published_conditions
from pipelines.console import say, show_table
from pipelines.workplace import Workplace

_REACHED, _IN_ORDER = "reached", "nothing wrong was found; nothing was posted"
_TRY_AGAIN = "try again when Slack is in reach"
"""Of a test message, which no log keeps."""
_MOST = 40
"""Conditions that are listed."""


def show_trial(work: Workplace, *, send: bool) -> bool:
    """Three tables: rules, what stands now with its places, and the places; true where all of it is in order.

    `send`: post a test message to every place; else Slack is only asked for what would not work there.
    """
    policy, sender_of = policy_of(work.settings), senders_of(work)
    is_well = _show_published(work, policy)
    places = sorted(policy.places)
    if not places:
        say("nobody is told on Slack (alerts.slack in outlay.yaml); alerts are on the page and in `outlay alerts list`")
        return is_well
    reached = [_trial(work, policy, place, sender_of, send=send) for place in places]
    show_table("Places", ("place", "for", "test"), reached)
    return is_well and all(row[2] in (_REACHED, _IN_ORDER) for row in reached)


def _show_published(work: Workplace, policy: Policy) -> bool:
    """What the last publication could judge, and who is told of what stands; true where it could judge all of it."""
    try:
        conditions, rules = published_conditions(work)
    except OutlayError as error:
        say(f"{error.what}: {error.remedy}")
        conditions, is_well = [], False
    else:
        _show_rules(rules)
        is_well = bool(rules["judged"].all())
    now = work.surroundings.clock()
    _show_conditions(policy, [each for each in conditions if each.standing == "firing" and each.holds_at(now)], now)
    return is_well


def _show_rules(rules: pl.DataFrame) -> None:
    show_table(
        "Rules, as of the last publication",
        ("rule", "kind", "judged", "conditions", "why not"),
        [
            (row["rule"], KIND_WORDS[row["kind"]], "yes" if row["judged"] else "no", row["conditions"], row["reason"])
            for row in rules.iter_rows(named=True)
        ],
        right=("conditions",),
    )


def _show_conditions(policy: Policy, conditions: Sequence[Condition], now: datetime) -> None:
    rows: list[tuple[object, ...]] = []
    for condition in conditions[:_MOST]:
        targets = destinations(condition, policy)
        held = held_until(policy, condition, now)
        told = ", ".join(
            " ".join(
                filter(None, (target.destination, target.mention, target.digest_at and f"at {target.digest_at:%H:%M}"))
            )
            for target in targets
        )
        rows.append(
            (
                condition.severity,
                condition.headline,
                condition.subject,
                figure_text(condition),
                told or "nowhere",
                instant_text(held) if held else "at once",
            )
        )
    if rows:
        show_table(
            "What stands now", ("severity", "what", "about", "figure", "told at", "when"), rows, right=("figure",)
        )
    if len(conditions) > _MOST:
        say(f"and {counted(len(conditions) - _MOST, 'more condition', 'more conditions')}")
    if not conditions:
        say("nothing stands that anybody would have to hear of")


def _trial(
    work: Workplace, policy: Policy, place: str, sender_of: Callable[[str], Sender], *, send: bool
) -> tuple[str, str, str]:
    uses = _uses(policy, place)
    try:
        sender = sender_of(place)
        problems: list[OutlayError] = [*sender.check(place)]
        if send:
            told = trial_message(work.settings.organization, uses)
            sender.post(place, told, reference=f"trial.{uuid4()}.{place}")
    except OutlayError as error:
        problems = [error]
    found = "; ".join(
        f"{problem.what}: {_TRY_AGAIN if problem.remedy == LATER else problem.remedy}" for problem in problems
    )
    return place, ", ".join(uses), found or (_REACHED if send else _IN_ORDER)


def _uses(policy: Policy, place: str) -> list[str]:
    routes = [f"route {route.name}" for route in policy.routes if route.destination == place]
    rest = ["what no other route is for"] if policy.destination == place else []
    escalation = ["escalations"] if any(each.destination == place for each in policy.escalations) else []
    digest = ["weekly digest"] if policy.weekly_digest and policy.weekly_digest.destination == place else []
    return [*routes, *rest, *escalation, *digest]
