"""The state machine of alerts: what may happen in which state, who is told again, and that every state is reached."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from models.control.alerts import (
    EVENT_KINDS,
    IS_OVER,
    RULE_GONE,
    STATES,
    TRANSITIONS,
    AlertEvent,
    Request,
    as_they_stand,
    ask,
    observe,
    replay,
    tick,
)
from models.control.conditions import AlertKey, Condition
from models.control.policy import Escalation, Match, Policy
from models.errors import AlertError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULE = {("Search", "budget")}
FIRING = Condition(
    AlertKey("Search", "team Search", "2026-03", "100 %"), "budget", "firing", "warning", "Budget crossed", "Search",
    "120 of 100", "Ask Search", date(2026, 3, 1), amount=Decimal(100), limit=Decimal(100), currency="EUR",
)  # fmt: skip
LINGERING = replace(FIRING, standing="lingering")
ID = FIRING.alert_id
POLICY = Policy("#ai", escalations=(Escalation(8 * HOUR), Escalation(2 * HOUR), Escalation(HOUR, Match(teams=("x",)))))
OPENED = AlertEvent(ID, "opened", NOW, condition=FIRING)
NOTIFIED = AlertEvent(ID, "notified", NOW)


def after(*events: AlertEvent):
    return replay([OPENED, *events])


def happened(*kinds: str):
    """The alert after these, each with all that it needs."""
    return after(*(AlertEvent(ID, kind, NOW, None, FIRING, NOW + HOUR, 1) for kind in kinds))


def seen(alerts, *conditions, judged=RULE, now=NOW, gone=()):
    return [(event.kind, event.note) for event in observe(alerts, conditions, judged, now, gone)]


def request(act, **said):
    return Request("r1", ID, act, "ana", NOW, **said)


# What stands


def test_what_fires_opens_and_what_lingers_opens_nothing():
    assert seen({}, FIRING) == [("opened", None)]
    assert seen({}, LINGERING) == []
    assert seen(after(), LINGERING) == []  # and keeps what is open


def test_what_holds_no_more_resolves_where_it_could_be_judged():
    assert seen(after()) == [("resolved", IS_OVER)]
    assert seen(after(), judged=()) == []
    assert seen(after(), judged={("Search", "budget_forecast")}) == []  # the same budget, another question
    assert seen(happened("resolved")) == []


def test_what_outlay_yaml_asks_for_no_more_resolves_and_says_so():
    assert seen(after(), judged=(), gone=RULE) == [("resolved", RULE_GONE)]


def test_a_condition_of_the_future_does_not_hold_yet():
    stale = replace(FIRING, holds_from=NOW + HOUR)
    assert seen({}, stale) == []
    assert seen({}, stale, now=NOW + HOUR) == [("opened", None)]
    assert seen(after(), stale) == [("resolved", IS_OVER)]  # a source that was pulled again


def test_told_twice_in_one_publication_the_worse_counts():
    worse = replace(FIRING, severity="critical")
    [event] = observe({}, [LINGERING, FIRING, worse, FIRING], RULE, NOW)
    assert event.condition == worse


def test_what_was_resolved_opens_again_as_a_new_episode_that_nobody_took_up():
    away = after(NOTIFIED, AlertEvent(ID, "acknowledged", NOW, "ana"), AlertEvent(ID, "resolved", NOW + HOUR))
    assert seen(away, LINGERING) == []
    later = NOW + 2 * HOUR
    [event] = observe(away, [FIRING], RULE, later)
    assert event.kind == "reopened"
    alert = replay([event], away)[ID]
    assert (alert.episode, alert.state, alert.opened_at, alert.is_firing) == (2, "open", later, True)
    assert (alert.handled_by, alert.notified_at, alert.resolved_at, alert.note) == (None, None, None, None)


def test_what_a_person_resolved_while_it_went_on_opens_again_only_after_it_was_away():
    by_ana = after(AlertEvent(ID, "resolved", NOW, "ana", note="we know"))
    assert (by_ana[ID].state, by_ana[ID].is_firing, by_ana[ID].note) == ("resolved", True, "we know")
    assert seen(by_ana, FIRING) == []
    assert seen(by_ana, LINGERING) == []
    assert seen(by_ana) == [("cleared", IS_OVER)]
    away = replay(observe(by_ana, [], RULE, NOW), by_ana)
    assert away[ID].note == "we know"
    assert seen(away, FIRING) == [("reopened", None)]


def test_nothing_but_its_end_is_told_of_what_is_snoozed_unless_it_gets_more_severe():
    snoozed = happened("snoozed")
    assert seen(snoozed, replace(FIRING, amount=Decimal(1000))) == []
    assert seen(snoozed) == [("resolved", IS_OVER)]
    assert seen(snoozed, replace(FIRING, severity="critical")) == [("worsened", None)]
    woken = replay([AlertEvent(ID, "worsened", NOW, condition=replace(FIRING, severity="critical"))], snoozed)[ID]
    assert (woken.state, woken.snoozed_until, woken.condition.severity) == ("open", None, "critical")


# What gets worse

OFF = ("anomaly", "reconciliation")
STEPS = ("commitment_running_out", "renewal")


@pytest.mark.parametrize(
    ("told", "now", "is_worse"),
    [
        ({"amount": Decimal("149.99")}, {}, False),
        ({"amount": Decimal(150)}, {}, True),  # 1.5 × 100
        ({"amount": Decimal(-150)}, {}, True),  # a credit that is missing grows, too
        ({"amount": Decimal(50)}, {}, False),
        ({"amount": Decimal(150), "currency": "USD"}, {}, False),  # not to be compared
        ({"amount": None}, {}, False),
        ({"severity": "info"}, {}, False),
        ({"amount": Decimal(5)}, {"amount": Decimal(0)}, True),
        ({"amount": Decimal(0)}, {"amount": Decimal(0)}, False),
        ({"amount": Decimal(5)}, {"amount": None}, False),
        # 100 more than the 100 expected is told: 1,150 of 1,000 is 150 more, and 40 of 190 is 150 less
        *(
            ({"amount": Decimal(1149), "limit": Decimal(1000)}, {"amount": Decimal(200), "kind": kind}, False)
            for kind in OFF
        ),
        *(
            ({"amount": Decimal(1150), "limit": Decimal(1000)}, {"amount": Decimal(200), "kind": kind}, True)
            for kind in OFF
        ),
        *(
            ({"amount": Decimal(40), "limit": Decimal(190)}, {"amount": Decimal(200), "kind": kind}, True)
            for kind in OFF
        ),
        # credits that are topped up, or nearly used up; what a contract was billed to date
        *(({"amount": amount}, {"kind": kind}, False) for kind in STEPS for amount in (Decimal(900), Decimal(1))),
    ],
)
def test_half_as_much_again_is_told_again(told, now, is_worse):
    before = replay([replace(OPENED, condition=replace(FIRING, **now))])
    told = {"kind": now.get("kind", "budget"), **told}
    assert seen(before, replace(FIRING, **told)) == ([("updated", None)] if is_worse else [])


def test_amounts_are_told_again_once_a_utc_day_and_severity_at_once():
    """100 is told; 160 at 09:00 is told; 240 at 23:00 waits; at midnight it is told; critical is told at any time."""
    alerts = after(NOTIFIED)
    more = replace(FIRING, amount=Decimal(160))
    alerts = replay(observe(alerts, [more], RULE, NOW), alerts)
    assert (alerts[ID].updates, alerts[ID].condition, alerts[ID].state) == (1, more, "notified")
    most = replace(FIRING, amount=Decimal(240))
    assert seen(alerts, most, now=NOW + 14 * HOUR) == []
    assert seen(alerts, most, now=NOW + 15 * HOUR) == [("updated", None)]
    assert seen(alerts, replace(most, severity="critical"), now=NOW) == [("worsened", None)]


def test_what_gets_more_severe_is_a_new_matter_whoever_took_up_the_lesser_one():
    """Told, escalated and taken up as a warning; as a critical it is called for anew, from when that was told."""
    critical = replace(FIRING, severity="critical")
    policy = Policy("#ai", escalations=(Escalation(4 * HOUR, Match(severities=("warning",))), Escalation(8 * HOUR)))
    taken = happened("notified", "escalated", "acknowledged")
    alerts = replay(observe(taken, [critical], RULE, NOW + 5 * HOUR), taken)
    assert (alerts[ID].state, alerts[ID].level, alerts[ID].notified_at) == ("open", 0, None)
    alerts = replay([AlertEvent(ID, "notified", NOW + 5 * HOUR)], alerts)
    assert tick(alerts, policy, NOW + 12 * HOUR) == []
    assert [event.level for event in tick(alerts, policy, NOW + 13 * HOUR)] == [1]


def test_what_is_about_to_be_told_is_told_as_it_stands_by_now():
    less = replace(FIRING, severity="info", amount=Decimal(90))
    assert as_they_stand(after(), [less], [ID], NOW) == [AlertEvent(ID, "updated", NOW, condition=less)]
    assert as_they_stand(after(), [less], [], NOW) == []
    assert as_they_stand(after(), [FIRING], [ID], NOW) == as_they_stand(after(), [], [ID], NOW) == []
    assert as_they_stand(after(NOTIFIED), [less], [ID], NOW) == [], "that was told: only what is worse is told again"
    taken_at_night = happened("acknowledged")
    assert [event.condition for event in as_they_stand(taken_at_night, [less], [ID], NOW)] == [less]
    assert as_they_stand(happened("snoozed"), [less], [ID], NOW) == []
    assert as_they_stand(happened("resolved"), [less], [ID], NOW) == []


# Time


def test_a_snooze_that_is_over_wakes_it_and_nobody_was_told_since():
    snoozed = after(NOTIFIED, AlertEvent(ID, "snoozed", NOW, "ana", until=NOW + HOUR))
    assert tick(snoozed, POLICY, NOW + HOUR - timedelta(microseconds=1)) == []
    [event] = tick(snoozed, POLICY, NOW + HOUR)
    alert = replay([event], snoozed)[ID]
    assert (alert.state, alert.wakings, alert.notified_at, alert.snoozed_until) == ("open", 1, None, None)
    assert alert.handled_by == "ana"


def test_what_nobody_takes_up_is_escalated_level_by_level_from_when_it_was_told():
    def levels(alerts, now):
        return [(event.kind, event.level) for event in tick(alerts, POLICY, now)]

    assert levels(after(), NOW + 99 * HOUR) == []  # nobody was told
    told = after(NOTIFIED)
    assert levels(told, NOW + HOUR) == []
    assert levels(told, NOW + 2 * HOUR) == [("escalated", 1)]
    assert levels(told, NOW + 9 * HOUR) == [("escalated", 1), ("escalated", 2)]  # no pass was made meanwhile
    once = replay(tick(told, POLICY, NOW + 2 * HOUR), told)
    assert levels(once, NOW + 3 * HOUR) == []
    assert levels(once, NOW + 8 * HOUR) == [("escalated", 2)]
    taken = replay([AlertEvent(ID, "acknowledged", NOW + 3 * HOUR, "ana")], once)
    assert levels(taken, NOW + 99 * HOUR) == []


def test_after_a_snooze_it_is_escalated_anew():
    woken = happened("notified", "escalated", "snoozed", "woken")
    assert woken[ID].level == 0
    told = replay([AlertEvent(ID, "notified", NOW + 5 * HOUR)], woken)
    assert [event.level for event in tick(told, POLICY, NOW + 7 * HOUR)] == [1]


# People


def test_people_acknowledge_snooze_and_resolve():
    until = NOW + HOUR
    taken = ask(after(), request("acknowledge", note="mine", until=until))
    assert taken == AlertEvent(ID, "acknowledged", NOW, "ana", note="mine")
    assert ask(after(), request("snooze", until=until)) == AlertEvent(ID, "snoozed", NOW, "ana", until=until)
    assert ask(after(), request("resolve")) == AlertEvent(ID, "resolved", NOW, "ana")
    alert = after(taken)[ID]
    assert (alert.state, alert.handled_by, alert.handled_at, alert.note) == ("acknowledged", "ana", NOW, "mine")


@pytest.mark.parametrize(
    ("kinds", "asked", "says"),
    [
        (["resolved"], request("acknowledge"), "it is resolved already"),
        (["acknowledged"], request("acknowledge"), "acknowledged it already"),
        ([], request("snooze"), "a snooze needs an end"),
        ([], request("snooze", until=NOW), "2026-03-02 09:00 UTC is over"),
        ([], request("snooze", until=NOW + timedelta(days=90, seconds=1)), "more than 90 days ahead"),
        ([], replace(request("resolve"), alert_id="unknown"), "cannot resolve alert unknown: there is no such alert"),
    ],
)
def test_what_cannot_be_done_says_why(kinds, asked, says):
    with pytest.raises(AlertError, match=says) as refused:
        ask(happened(*kinds), asked)
    assert refused.value.remedy


# All of it


def test_what_cannot_happen_is_refused_by_name():
    with pytest.raises(AlertError, match=f"alert {ID} cannot be opened: it is open, and still holds"):
        after(OPENED)
    with pytest.raises(AlertError, match="cannot be notified: it was never opened"):
        replay([NOTIFIED])
    with pytest.raises(AlertError, match="cannot be reopened: it is resolved, and still holds"):
        after(AlertEvent(ID, "resolved", NOW, "ana"), AlertEvent(ID, "reopened", NOW, condition=FIRING))
    with pytest.raises(AlertError, match="cannot be cleared"):
        after(AlertEvent(ID, "resolved", NOW), AlertEvent(ID, "cleared", NOW))
    with pytest.raises(AlertError, match="cannot be opened"):
        replay([AlertEvent(ID, "opened", NOW)])  # without its condition


def test_every_state_and_every_transition_is_reached_by_what_can_happen():
    """From nothing, by conditions, time, people and messages alone; in at most six steps."""
    worse, more = replace(FIRING, severity="critical"), replace(FIRING, amount=Decimal(200))
    by_people = [request("acknowledge"), request("snooze", until=NOW + HOUR), request("resolve")]
    reached, found, seen_states = {None: {}}, set(), set()
    for _ in range(6):
        ahead = {}
        for alerts in reached.values():
            follows = [
                *([event] for look in ([], [FIRING], [more], [worse]) for event in observe(alerts, look, RULE, NOW)),
                *([event] for event in tick(alerts, POLICY, NOW + 9 * HOUR)[:1]),
                *([NOTIFIED] for alert in alerts.values() if alert.state == "open"),
                *([ask(alerts, each)] for each in by_people if may(alerts, each)),
            ]
            for [event] in follows:
                alert = replay([event], alerts)[ID]
                state = alerts[ID].state if alerts else None
                assert TRANSITIONS[event.kind][state] == alert.state
                found.add((event.kind, state))
                ahead[alert.state, alert.is_firing, alert.level, alert.condition.severity, alert.updates > 0] = {
                    ID: replace(alert, updates=min(alert.updates, 1))
                }
        reached |= ahead
        seen_states |= {alert.state for alerts in ahead.values() for alert in alerts.values()}
    assert seen_states == set(STATES)
    assert found == {(kind, state) for kind in EVENT_KINDS for state in TRANSITIONS[kind]}


def may(alerts, asked):
    try:
        ask(alerts, asked)
    except AlertError:
        return False
    return True


def test_events_of_several_alerts_come_in_the_order_of_their_ids_and_replay_in_parts_as_in_one():
    many = [replace(FIRING, key=replace(FIRING.key, scope=str(number))) for number in range(20)]
    events = observe({}, many, RULE, NOW)
    assert [event.alert_id for event in events] == sorted(each.alert_id for each in many)
    assert events == observe({}, many[::-1], RULE, NOW)
    assert replay(events[7:], replay(events[:7])) == replay(events)
