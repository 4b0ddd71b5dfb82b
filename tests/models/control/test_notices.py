"""Notices: everybody hears once, in the right place, at a time when they may be told; and it is said where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from models.control.conditions import Condition
from models.control.notices import Made, due_digest, due_notices, held
from models.control.policy import (
    Escalation,
    Maintenance,
    Match,
    Policy,
    QuietHours,
    Route,
    WeeklyDigest,
)
from models.control.sayings import HISTORY
from tests.models.control.alerts_told import Telling, acknowledge, condition, resolve, snooze, words

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
"""A Friday."""
NIGHT = datetime(2026, 11, 27, 23, tzinfo=UTC)
MORNING = datetime(2026, 11, 28, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
AI = condition()
MORE = replace(AI, amount=Decimal(180))
WORSE = replace(AI, severity="critical")
NIGHTS = (QuietHours(time(22), time(7)),)


def storm(count: int) -> list[Condition]:
    """As many conditions, the last of them critical, amounts rising."""
    warnings = [condition(f"team {number:02}", amount=str(100 + number)) for number in range(count - 1)]
    return [*warnings, condition("the worst", severity="critical", amount="1")]


def test_an_alert_is_told_once_however_often_one_looks() -> None:
    telling = Telling(Policy("#ai", mentions={"search": "<@U1>"}))
    (first,) = telling.at(NOON, AI)
    assert (first.key, first.what, first.mention) == (f"{AI.alert_id}.1.opened.#ai", "first", "<@U1>")
    assert telling.at(NOON, AI) == telling.at(NOON + HOUR, AI) == []


def test_what_came_since_is_said_in_the_thread_and_the_message_is_kept_as_the_alert_is() -> None:
    telling = Telling(Policy("#ai"))
    (first,) = telling.at(NOON, AI)
    reply, edit = telling.at(NOON + HOUR, MORE)
    assert (reply.key, reply.says, reply.about) == (f"{AI.alert_id}.1.updated.1.#ai", "updated", first.key)
    assert (edit.what, edit.about, edit.alert_ids) == ("edit", first.key, (AI.alert_id,))
    assert words(telling.at(NOON + 2 * HOUR, MORE, asks=[acknowledge(AI, NOON)])) == ["edit acknowledged #ai"]
    assert words(telling.at(NOON + 3 * HOUR)) == ["reply resolved #ai", "edit resolved #ai"]
    assert telling.at(NOON + 4 * HOUR) == []


def test_a_snooze_says_nothing_until_it_is_over() -> None:
    telling = Telling(Policy("#ai", (Route("all", "#ai", mention="<!here>"),)))
    telling.at(NOON, AI)
    assert words(telling.at(NOON + HOUR, AI, asks=[snooze(AI, NOON, 3 * HOUR)])) == ["edit snoozed #ai"]
    assert telling.at(NOON + 2 * HOUR, MORE) == []
    woken, edit = telling.at(NOON + 3 * HOUR, MORE)
    assert words([woken, edit]) == ["reply woken #ai", "edit open #ai"]
    assert (woken.mention, woken.notifies) == ("<!here>", (AI.alert_id,))
    assert telling.book[AI.alert_id].condition == MORE, "it is told as it stands by now"
    assert telling.at(NOON + 30 * HOUR, MORE) == []


def test_what_turns_critical_is_told_at_once_to_all_whom_it_calls_snoozed_or_not() -> None:
    telling = Telling(Policy("#ai", (Route("all", "#ai", mention="<!here>"),), quiet_hours=NIGHTS))
    telling.at(NOON, AI, asks=[])
    telling.at(NOON + HOUR, AI, asks=[snooze(AI, NOON, timedelta(days=80))])
    reply, edit = telling.at(NIGHT, WORSE)
    assert words([reply, edit]) == ["reply worsened #ai", "edit open #ai"]
    assert (reply.mention, reply.broadcasts, reply.notifies) == ("<!here>", True, (AI.alert_id,))
    assert telling.at(MORNING, WORSE) == []


def test_who_hears_in_the_morning_hears_how_it_stands() -> None:
    telling = Telling(Policy("#ai", quiet_hours=NIGHTS))
    telling.at(NIGHT, AI)
    a_little_more = replace(AI, amount=Decimal(121))
    assert telling.at(NIGHT + HOUR, a_little_more) == []
    assert telling.book[AI.alert_id].condition == AI, "nobody hears of it: nothing is kept of each publication"
    assert words(telling.at(MORNING, a_little_more)) == ["first opened #ai"]
    assert telling.book[AI.alert_id].condition == a_little_more
    assert telling.at(MORNING + HOUR, a_little_more) == []


def test_what_was_held_for_long_is_told_however_long_it_is_over() -> None:
    """A night, and before it ends a maintenance of two weeks; what opened before that is no matter of its."""
    weeks = Maintenance("move", NIGHT + HOUR, NIGHT + timedelta(days=14))
    telling = Telling(Policy("#ai", (Route("daily", "#daily", Match(teams=("ads",)), digest_at=time(9)),)))
    new, daily = condition("new"), condition("ads", team="ads")
    telling.at(NOON, AI)
    telling.policy = replace(telling.policy, quiet_hours=NIGHTS, maintenances=(weeks,))
    assert telling.at(NIGHT, AI, new, daily) == []
    assert words(telling.at(NIGHT + timedelta(days=1))) == ["edit resolved #ai"]
    assert telling.at(NIGHT + timedelta(days=12)) == []
    (first, again, reply) = telling.at(NIGHT + timedelta(days=14, hours=12))
    assert words([first, again, reply]) == ["first opened #ai", "first opened #daily", "reply resolved #ai"]
    assert telling.at(NIGHT + timedelta(days=40)) == []


def test_what_a_person_resolved_just_before_a_long_maintenance_is_told_after_it() -> None:
    telling = Telling(Policy("webhook", maintenances=(Maintenance("m", NOON + 2 * HOUR, NOON + timedelta(days=14)),)))
    telling.at(NOON, AI)
    assert telling.at(NOON + 3 * HOUR, AI, asks=[resolve(AI, NOON + HOUR)]) == []
    assert telling.at(NOON + timedelta(days=9), AI) == []
    assert words(telling.at(NOON + timedelta(days=14), AI)) == ["reply resolved webhook"]


class _Walked(tuple[str, ...]):
    """Ids of a message's alerts, which know how often somebody went through them."""

    walks = 0

    def __iter__(self) -> Iterator[str]:
        _Walked.walks += 1
        return super().__iter__()

    def __hash__(self) -> int:
        _Walked.walks += 1
        return super().__hash__()


def test_a_message_of_many_alerts_is_gone_through_a_few_times_and_not_for_each_of_them() -> None:
    telling = Telling(Policy("#ai", storm_above=1))
    (group,) = telling.at(NOON, *storm(200))
    walked = replace(group, alert_ids=_Walked(group.alert_ids))
    telling.made = dict.fromkeys(telling.made, Made(walked, NOON))
    reply, edit = telling.at(NOON + HOUR)
    assert (len(reply.alert_ids), set(edit.alert_ids)) == (200, set(group.alert_ids))
    assert _Walked.walks < 10


def test_what_opens_again_is_told_in_its_thread_while_that_is_fresh() -> None:
    telling = Telling(Policy("#ai"))
    (first,) = telling.at(NOON, AI)
    telling.at(NOON + HOUR)
    again, edit = telling.at(NOON + timedelta(days=30), AI)
    assert (again.says, again.about, again.broadcasts) == ("reopened", first.key, True)
    assert again.notifies == (AI.alert_id,)
    assert (edit.what, edit.about) == ("edit", first.key)
    assert words(telling.at(NOON + timedelta(days=31))) == ["reply resolved #ai", "edit resolved #ai"]
    (anew,) = telling.at(NOON + timedelta(days=62), AI)
    assert (anew.what, anew.key) == ("first", f"{AI.alert_id}.3.opened.#ai"), "the last word is 31 days old"


def test_more_than_a_few_at_once_are_one_message_worst_first() -> None:
    telling = Telling(Policy("#ai", storm_above=5))
    assert words(telling.at(NOON, *storm(5))) == ["first opened #ai"] * 5
    telling = Telling(Policy("#ai", storm_above=5))
    (group,) = telling.at(NOON, *storm(6))
    subjects = [telling.book[alert_id].condition.subject for alert_id in group.alert_ids]
    assert (group.what, subjects) == ("group", ["the worst", "team 04", "team 03", "team 02", "team 01", "team 00"])
    assert telling.at(NOON + HOUR, *storm(6)) == []


def test_what_is_said_of_several_alerts_of_one_message_is_said_together() -> None:
    telling = Telling(Policy("#ai", storm_above=5))
    (group,) = telling.at(NOON, *storm(6))
    reply, edit = telling.at(NOON + HOUR, *storm(6)[2:])
    assert (reply.says, reply.about, len(reply.alert_ids)) == ("resolved", group.key, 2)
    assert (edit.what, edit.about, set(edit.alert_ids)) == ("edit", group.key, set(group.alert_ids))


def test_a_storm_that_comes_back_is_one_message_again() -> None:
    telling = Telling(Policy("#ai", storm_above=2))
    for number, each in enumerate(storm(3)):
        telling.at(NOON + number * HOUR, *storm(3)[: number + 1])
        assert telling.book[each.alert_id].state == "notified"
    telling.at(NOON + 5 * HOUR)
    group, *edits = telling.at(NOON + 6 * HOUR, *storm(3))
    assert (group.what, len(group.alert_ids)) == ("group", 3)
    assert [edit.what for edit in edits] == ["edit"] * 3, "the old messages do not go on to say that all is well"


def test_quiet_hours_hold_news_and_replies_but_not_edits() -> None:
    telling = Telling(Policy("#ai", quiet_hours=NIGHTS))
    telling.at(NOON, AI)
    new = condition("ads")
    assert words(telling.at(NIGHT, AI, new, asks=[acknowledge(AI, NIGHT)])) == ["edit acknowledged #ai"]
    (waiting,) = held(telling.book, telling.made, telling.policy, NIGHT)
    assert (waiting.alert_id, waiting.until) == (new.alert_id, MORNING)
    assert words(telling.at(NIGHT + HOUR, new)) == ["edit resolved #ai"]
    assert words(telling.at(MORNING, new)) == ["first opened #ai", "reply resolved #ai"]


def test_what_is_critical_wakes_also_where_it_becomes_so() -> None:
    telling = Telling(Policy("#ai", quiet_hours=NIGHTS))
    assert telling.at(NIGHT, AI) == []
    (first,) = telling.at(NIGHT + HOUR, WORSE)
    assert first.what == "first"
    assert telling.at(MORNING, WORSE) == [], "that it got worse is in the first message"


def test_what_came_and_went_while_it_was_quiet_is_told_once() -> None:
    telling = Telling(Policy("#ai", (Route("all", "#ai", mention="<!here>"),), quiet_hours=NIGHTS))
    telling.at(NIGHT, AI)
    assert telling.at(NIGHT + HOUR) == []
    (first,) = telling.at(MORNING)
    assert (first.what, first.mention) == ("first", None), "it is over: nobody is called"
    assert telling.at(MORNING + HOUR) == []


def test_who_took_it_up_before_anybody_was_told_is_in_the_message_and_nobody_is_called() -> None:
    telling = Telling(Policy("#ai", (Route("all", "#ai", mention="<!here>"),), quiet_hours=NIGHTS))
    telling.at(NIGHT, AI)
    telling.at(NIGHT, AI, asks=[acknowledge(AI, NIGHT)])
    (first,) = telling.at(MORNING, AI)
    assert (first.what, first.mention) == ("first", None)
    assert telling.at(MORNING, AI) == []


def test_what_was_snoozed_before_anybody_was_told_is_told_when_that_is_over() -> None:
    telling = Telling(Policy("#ai", quiet_hours=NIGHTS))
    telling.at(NIGHT, AI)
    telling.at(NIGHT, AI, asks=[snooze(AI, NIGHT, 12 * HOUR)])
    assert telling.at(MORNING, AI) == []
    assert words(telling.at(NIGHT + 12 * HOUR, AI)) == ["first opened #ai"]


def test_maintenance_says_afterwards_what_still_holds_and_nothing_of_what_it_made_itself() -> None:
    moving = Maintenance("move", NOON, NOON + 4 * HOUR, Match(teams=("search",)))
    telling = Telling(Policy("#ai", maintenances=(moving,)))
    stays, other = condition("stays"), condition("ads", team="ads")
    assert words(telling.at(NOON, AI, stays, other)) == ["first opened #ai"]
    assert telling.at(NOON + HOUR, stays, other) == []
    (first,) = telling.at(moving.last, stays, other)
    assert first.alert_ids == (stays.alert_id,)


def test_a_place_that_collects_is_told_once_a_day_all_together() -> None:
    telling = Telling(Policy("#ai", (Route("audit", "#audit", digest_at=time(9), goes_on=True),)))
    assert words(telling.at(NOON, AI)) == ["first opened #ai"]
    telling.at(NOON + HOUR, AI, condition("ads"))
    nine = datetime(2026, 11, 28, 9, tzinfo=UTC)
    assert words(telling.at(nine - HOUR, condition("ads"))) == ["reply resolved #ai", "edit resolved #ai"]
    (group,) = telling.at(nine, condition("ads"))
    assert (group.what, group.says, group.destination) == ("group", "collected", "#audit")
    assert set(group.alert_ids) == {AI.alert_id, condition("ads").alert_id}, "also what is over by then"
    assert sorted(words(telling.at(nine + HOUR, condition("other")))) == [
        "edit resolved #ai",
        "edit resolved #audit",
        "first opened #ai",
        "reply resolved #ai",
    ]
    assert words(telling.at(nine + 24 * HOUR, condition("other")))[0] == "first opened #audit", "one alone is a message"


def test_nobody_takes_it_up_and_it_is_told_again_also_where_escalations_go() -> None:
    levels = (Escalation(2 * HOUR, mention="<!here>", destination="#oncall"), Escalation(4 * HOUR, mention="<@U9>"))
    telling = Telling(Policy("#ai", escalations=levels))
    telling.at(NOON, AI)
    notices = telling.at(NOON + 2 * HOUR, AI)
    assert words(notices) == ["first opened #oncall", "reply escalated #ai", "edit escalated #ai"]
    assert [notice.mention for notice in notices] == ["<!here>", "<!here>", None]
    notices = telling.at(NOON + 4 * HOUR, AI)
    assert [(notice.what, notice.destination, notice.mention) for notice in notices] == [
        ("reply", "#ai", "<@U9>"),
        ("reply", "#oncall", "<@U9>"),
        ("edit", "#ai", None),
        ("edit", "#oncall", None),
    ]
    assert words(telling.at(NOON + 5 * HOUR)) == [
        "reply resolved #ai",
        "reply resolved #oncall",
        "edit resolved #ai",
        "edit resolved #oncall",
    ]


def test_two_levels_at_once_call_everybody_once() -> None:
    levels = (Escalation(2 * HOUR, mention="<!here>"), Escalation(4 * HOUR, mention="<@U9>"))
    telling = Telling(Policy("#ai", escalations=levels))
    telling.at(NOON, AI)
    reply, _ = telling.at(NOON + 9 * HOUR, AI)
    assert (reply.says, reply.mention) == ("escalated", "<!here> <@U9>")
    assert telling.at(NOON + 10 * HOUR, AI) == []


def test_a_webhook_cannot_edit_and_hears_of_the_end_by_a_message() -> None:
    telling = Telling(Policy("webhook"))
    telling.at(NOON, AI)
    assert telling.at(NOON + HOUR, AI, asks=[acknowledge(AI, NOON)]) == []
    assert words(telling.at(NOON + 2 * HOUR)) == ["reply resolved webhook"]


def test_where_nobody_heard_of_it_nobody_hears_of_its_end() -> None:
    """A new place is told what stands, and nothing of what was over before it was there."""
    telling = Telling(Policy("#ai"))
    telling.at(NOON, AI, condition("ads"))
    telling.at(NOON + HOUR, AI)
    telling.policy = Policy("#ai", (Route("new", "#new", goes_on=True),))
    assert words(telling.at(NOON + 2 * HOUR, AI)) == ["first opened #new"]


def test_without_a_place_nothing_is_made_and_a_first_place_hears_no_old_stories() -> None:
    telling = Telling(Policy())
    assert telling.at(NOON, AI, condition("ads")) == []
    telling.at(NOON + HOUR, AI)
    telling.policy = Policy("#ai")
    (first,) = telling.at(NOON + timedelta(days=8, hours=2), AI)
    assert first.alert_ids == (AI.alert_id,)


def test_a_person_resolves_what_goes_on_and_it_is_not_told_again() -> None:
    telling = Telling(Policy("#ai"))
    telling.at(NOON, AI)
    assert words(telling.at(NOON + HOUR, AI, asks=[resolve(AI, NOON)])) == ["reply resolved #ai", "edit resolved #ai"]
    assert telling.at(NOON + 2 * HOUR, AI) == []


def test_a_pass_that_died_before_it_recorded_is_made_good() -> None:
    telling = Telling(Policy("#ai"))
    telling.at(NOON, AI)
    lost = due_notices(telling.book, {}, telling.policy, NOON)
    assert [notice.key for notice in lost] == [f"{AI.alert_id}.1.opened.#ai"]


def test_the_weekly_digest_is_told_once_a_week_and_late_for_three_days() -> None:
    """Monday 09:00 in Berlin is 08:00 UTC; 30 November 2026 begins week 49."""
    policy = Policy("#ai", zone="Europe/Berlin", weekly_digest=WeeklyDigest("#costs"))
    monday = datetime(2026, 11, 30, 8, tzinfo=UTC)
    made: dict[str, Made] = {}
    notice = due_digest(policy, made, monday)
    assert notice is not None
    assert (notice.key, notice.what, notice.destination) == ("digest.2026-W49.#costs", "digest", "#costs")
    assert due_digest(policy, made, monday - timedelta(seconds=1)) is None, "that of the week before is too old"
    assert due_digest(policy, made, monday + timedelta(days=3)) == notice
    assert due_digest(policy, made, monday + timedelta(days=3, seconds=1)) is None
    made[notice.key] = Made(notice, monday)
    assert due_digest(policy, made, monday + HOUR) is None
    assert due_digest(Policy("#ai"), {}, monday) is None


SOME = [condition(scope, severity=severity) for scope in ("a", "b", "c") for severity in ("warning", "critical")]
POLICIES = [
    Policy("#ai", storm_above=1),
    Policy("webhook", (Route("b", "#b", Match(rules=("ai",)), goes_on=True, digest_at=time(9)),)),
    Policy(
        "#ai",
        quiet_hours=NIGHTS,
        escalations=(Escalation(5 * HOUR, mention="<!here>", destination="#oncall"),),
        maintenances=(Maintenance("m", NOON, NOON + 9 * HOUR, Match(severities=("critical",))),),
    ),
]
steps = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sets(st.sampled_from(range(len(SOME))), max_size=4),
        st.sampled_from([None, acknowledge, resolve, lambda told, at: snooze(told, at, 7 * HOUR)]),
        st.sampled_from(SOME),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(POLICIES), steps)
def test_whatever_happens_nobody_is_lost_and_nothing_is_said_twice(
    policy: Policy, happenings: list[tuple[int, set[int], Callable[[Condition, datetime], object] | None, Condition]]
) -> None:
    """After each pass nothing more is due at once; what a reply is about was made; in the end all who stand open, and
    are not held, were told at every place of theirs."""
    telling, now = Telling(policy), NOON
    for hours, holding, act, told in happenings:
        now += timedelta(hours=hours)
        conditions = {SOME[index].alert_id: SOME[index] for index in sorted(holding)}
        is_there = told.alert_id in telling.book and telling.book[told.alert_id].state in ("open", "notified")
        before = set(telling.made)
        notices = telling.at(now, *conditions.values(), asks=[act(told, now)] if act and is_there else [])
        assert all(notice.about is None or notice.about in before for notice in notices)
        assert due_notices(telling.book, telling.made, policy, now) == []
    # two days later neither the night, nor the maintenance, nor a digest holds anything
    later = (now + timedelta(days=2)).replace(hour=12)
    telling.at(later, *(alert.condition for alert in telling.book.values() if alert.is_firing))
    for alert in telling.book.values():
        episode = f"{alert.condition.alert_id}.{alert.episode}.opened."
        is_told = any(key.startswith(episode) for key in telling.made)
        is_history = alert.resolved_at is not None and alert.resolved_at < later - HISTORY
        was_maintained = alert.state == "resolved" and alert.opened_at < NOON + 9 * HOUR
        assert is_told or alert.state == "snoozed" or is_history or was_maintained, alert
