"""Policy: which routes are taken, when it is quiet (also where clocks are changed), and when a digest is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.control.policy import (
    Escalation,
    Maintenance,
    Match,
    Policy,
    QuietHours,
    Route,
    Target,
    WeeklyDigest,
    destinations,
    digest_of_week,
    escalations_for,
    held_until,
    opens_at,
)
from models.control.wall_clock import at
from tests.models.control.alerts_told import condition

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(teams=("SEARCH",)), True),
        (Match(teams=("ads", "sea*")), True),
        (Match(teams=("ads",)), False),
        (Match(vendors=("*",)), False),
        (Match(kinds=("budget*",), severities=("warning", "critical")), True),
        (Match(kinds=("budget*",), severities=("critical",)), False),
        (Match(rules=("a?",)), True),
    ],
    ids=str,
)
def test_whatever_is_given_must_fit_and_of_each_list_one(match: Match, fits: bool) -> None:
    """A condition without a vendor fits no vendor, not even `*`."""
    assert match.fits(condition()) is fits


def test_the_first_route_that_fits_is_taken_and_all_before_it_that_go_on() -> None:
    policy = Policy(
        destination="#ai-costs",
        routes=(
            Route("audit", "#audit", goes_on=True, digest_at=time(9)),
            Route("ads", "#ads", Match(teams=("ads",))),
            Route("search", "#search", Match(teams=("search",)), mention="<@U1>"),
            Route("all", "#all"),
        ),
        mentions={"search": "<!subteam^S1>", "audit": "<@U2>"},
    )
    assert destinations(condition(), policy) == [
        Target("#audit", "<!subteam^S1>", time(9)),
        Target("#search", "<@U1>"),
    ]
    assert [target.destination for target in destinations(condition(team=None), policy)] == ["#audit", "#all"]


def test_what_no_route_is_for_goes_to_the_default_and_each_place_is_told_once() -> None:
    routes = (Route("copy", "#ai-costs", goes_on=True, mention="<!here>"),)
    assert destinations(condition(), Policy("#ai-costs", routes)) == [Target("#ai-costs", "<!here>")]
    assert destinations(condition(), Policy(routes=(Route("ads", "#ads", Match(teams=("ads",))),))) == []


def test_a_bot_reaches_its_channels_for_ever_and_a_webhook_while_it_is_named() -> None:
    policy = Policy("webhook", (Route("ops", "webhook:ops"),))
    assert [policy.reaches(place) for place in ("webhook", "webhook:ops", "webhook:gone", "#old")] == [
        True,
        True,
        False,
        False,
    ]
    assert Policy("#new").reaches("#old")


def test_quiet_over_midnight_in_its_own_zone() -> None:
    """22:00 to 07:00 in Berlin is 21:00 to 06:00 UTC in winter."""
    policy = Policy(quiet_hours=(QuietHours(time(22), time(7), zone=BERLIN),))
    untils = {
        text: held_until(policy, condition(), utc(f"2026-11-27T{text}"))
        for text in ("20:59", "21:00", "05:59", "06:00")
    }
    morning, next_morning = utc("2026-11-27T06:00"), utc("2026-11-28T06:00")
    assert untils == {"20:59": None, "21:00": next_morning, "05:59": morning, "06:00": None}
    assert held_until(policy, condition(severity="critical"), utc("2026-11-27T23:00")) is None


def test_whole_quiet_days_join_the_hours_around_them() -> None:
    """Friday 22:00 until Monday 07:00, where Saturday and Sunday are quiet: 27 November 2026 is a Friday."""
    policy = Policy(quiet_hours=(QuietHours(time(22), time(7), days=(5, 6)),))
    assert held_until(policy, condition(), utc("2026-11-27T22:30")) == utc("2026-11-30T07:00")
    assert held_until(policy, condition(severity="info"), utc("2026-11-29T12:00")) == utc("2026-11-30T07:00")
    only_days = Policy(quiet_hours=(QuietHours(time(0), time(0), days=(5, 6)),))
    assert held_until(only_days, condition(), utc("2026-11-28T00:00")) == utc("2026-11-30T00:00")
    assert held_until(only_days, condition(severity="info"), utc("2026-11-27T23:59")) is None


@pytest.mark.parametrize(
    ("day", "moment", "instant"),
    [
        # clocks leap from 02:00 to 03:00: 02:30 is two and a half hours after midnight, which is 03:30 of the new time
        (date(2026, 3, 29), time(2, 30), "2026-03-29T01:30"),
        (date(2026, 3, 29), time(3), "2026-03-29T01:00"),
        # 02:30 comes twice: the first
        (date(2026, 10, 25), time(2, 30), "2026-10-25T00:30"),
        (date(2026, 10, 25), time(3), "2026-10-25T02:00"),
    ],
)
def test_times_that_clocks_leap_over_or_tell_twice(day: date, moment: time, instant: str) -> None:
    assert at(day, moment, BERLIN) == utc(instant)


def test_quiet_nights_are_an_hour_shorter_or_longer_where_clocks_are_changed() -> None:
    policy = Policy(quiet_hours=(QuietHours(time(22), time(7), zone=BERLIN),))
    for evening, morning, hours in (
        ("2026-03-28T21:00", "2026-03-29T05:00", 8),
        ("2026-10-24T20:00", "2026-10-25T06:00", 10),
    ):
        assert held_until(policy, condition(), utc(evening)) == utc(morning)
        assert utc(morning) - utc(evening) == timedelta(hours=hours)


def test_maintenance_holds_what_it_is_for_until_its_end() -> None:
    night = Maintenance("move", utc("2026-11-27T20:00"), utc("2026-11-28T02:00"), Match(vendors=("openai",)))
    policy = Policy(maintenances=(night,))
    assert held_until(policy, condition(vendor="OpenAI"), night.first) == night.last
    assert held_until(policy, condition(vendor="OpenAI"), night.last) is None
    assert held_until(policy, condition(vendor="Anthropic"), night.first) is None


def test_what_holds_one_after_the_other_ends_with_the_last() -> None:
    """Maintenance from 20:00 to 23:00, quiet from 22:00 to 07:00, maintenance again from 06:00 to 09:30."""
    policy = Policy(
        quiet_hours=(QuietHours(time(22), time(7)),),
        maintenances=tuple(
            Maintenance(first, utc(first), utc(last))
            for first, last in (("2026-11-27T20:00", "2026-11-27T23:00"), ("2026-11-28T06:00", "2026-11-28T09:30"))
        ),
    )
    assert held_until(policy, condition(), utc("2026-11-27T20:00")) == utc("2026-11-28T09:30")
    assert held_until(policy, condition(severity="critical"), utc("2026-11-27T20:00")) == utc("2026-11-27T23:00")


def test_levels_of_escalation_are_in_the_order_of_their_time() -> None:
    late, soon = Escalation(timedelta(hours=8)), Escalation(timedelta(hours=2), Match(severities=("warning",)))
    policy = Policy(escalations=(late, soon))
    assert escalations_for(condition(), policy) == (soon, late)
    assert escalations_for(condition(severity="critical"), policy) == (late,)


def test_what_is_collected_is_told_at_the_next_time_of_day() -> None:
    assert opens_at(time(9), BERLIN, utc("2026-11-27T08:00")) == utc("2026-11-27T08:00")
    assert opens_at(time(9), BERLIN, utc("2026-11-27T08:01")) == utc("2026-11-28T08:00")
    assert opens_at(None, BERLIN, utc("2026-11-27T08:01")) == utc("2026-11-27T08:01")


def test_the_digest_of_a_week_is_named_for_the_day_on_which_it_was_due() -> None:
    """Monday 30 November 2026 is in ISO week 49; 1 January 2027, a Friday, still in week 53 of 2026."""
    monday = WeeklyDigest("#ai", 0, time(9))
    assert digest_of_week(monday, "UTC", utc("2026-11-30T08:59")) == ("2026-W48", utc("2026-11-23T09:00"))
    assert digest_of_week(monday, "UTC", utc("2026-11-30T09:00")) == ("2026-W49", utc("2026-11-30T09:00"))
    friday = WeeklyDigest("#ai", 4, time(9))
    assert digest_of_week(friday, "UTC", utc("2027-01-02T00:00")) == ("2026-W53", utc("2027-01-01T09:00"))


times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
quiets = st.builds(
    QuietHours,
    times,
    times,
    st.lists(st.integers(0, 6), max_size=3, unique=True).map(tuple),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "America/Santiago"]),
)
instants = st.integers(0, 366 * 24 * 60).map(lambda minutes: utc("2026-01-01") + timedelta(minutes=minutes))


def is_quiet(quiet: QuietHours, now: datetime) -> bool | None:
    """By what clocks on the wall show, without spans; None about a day on which they are changed."""
    here = now.astimezone(ZoneInfo(quiet.zone))
    if (here - timedelta(days=1)).utcoffset() != (here + timedelta(days=1)).utcoffset():
        return None
    after, before = here.time() >= quiet.start, here.time() < quiet.end
    is_hour = (after and before) if quiet.start < quiet.end else quiet.start != quiet.end and (after or before)
    return is_hour or here.weekday() in quiet.days


@settings(max_examples=200, deadline=None)
@given(st.lists(quiets, min_size=1, max_size=2), instants)
def test_quiet_goes_on_until_the_instant_that_is_told_and_is_over_then(quiet: list[QuietHours], now: datetime) -> None:
    """Whatever the zone: all instants before `held_until` are quiet, and that one is not, unless it always is."""

    def are_quiet(instant: datetime, *, is_quiet_then: bool) -> bool:
        by_clock = [is_quiet(each, instant) for each in quiet]
        return None in by_clock or any(by_clock) is is_quiet_then

    until = held_until(Policy(quiet_hours=tuple(quiet)), condition(), now)
    if until is None:
        assert are_quiet(now, is_quiet_then=False)
        return
    span = until - now
    for instant in (*(now + span * share for share in (0.0, 0.1, 0.5, 0.9)), until - timedelta(microseconds=1)):
        assert are_quiet(instant, is_quiet_then=True)
    assert are_quiet(until, is_quiet_then=False) or span > timedelta(days=100)
