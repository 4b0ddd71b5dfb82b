"""Incidents are told once: while they go on, when their head changes, when their beginning is restated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.control.alert_tables import ALERTS
from models.control.conditions import Condition
from models.control.kinds.anomalies import AnomalyFrames, anomalies, told_of
from models.control.kinds.judged import Judged
from models.control.kinds.rules import DEFAULTS, Rule, with_told
from models.control.policy import Match
from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, ANOMALY_DETECTION
from tests.models.control.kinds.rows import table

MADE_ON = date(2026, 7, 19)
RULE = DEFAULTS["anomaly"]


def test_an_incident_says_what_how_much_why_and_whose() -> None:
    (one,) = _found(_episode("k1"))

    assert one.headline == "Key lab-agents cost 6,000 USD more than expected: runaway"
    assert one.answer == "9,000 USD on 3 days from 15 July 2026 on, where 3,000 USD was expected: +200.0 %."
    assert one.cause == "Cost of key lab-agents rose."
    assert one.details == ("model gpt-5: 5,400 USD more, 90 % of it", "everything else: 600.00 USD more, 10 % of it")
    assert one.to_do.startswith("Something may run in a loop: find what used key lab-agents on these days")
    assert (one.amount, one.limit, one.currency) == (Decimal(9000), Decimal(3000), "USD")
    assert (one.team, one.vendor, one.model, one.severity) == ("data", "OpenAI", "gpt-5", "warning")
    assert one.page == "anomalies?incident=k1"
    assert [(point.day, point.actual) for point in one.trend] == [(date(2026, 7, 15), Decimal(3000))]


def test_usage_that_nobody_paid_is_counted_in_its_unit() -> None:
    usage = {"measure": "usage", "unit": "Tokens", "usual": Decimal(2_000_000), "used": Decimal(9_000_000)}
    nothing = dict.fromkeys(("expected", "actual", "low", "high", "impact"))
    (one,) = _found(_episode("k1", **usage, **nothing))

    assert one.headline == "Key lab-agents used 7.00 M tokens more than usual: runaway"
    assert (one.amount, one.unit, one.currency) == (Decimal(9_000_000), "Tokens", None)


def test_what_does_not_count_is_foreseen_or_no_head_is_no_news() -> None:
    assert _found(
        _episode("a", counted=False),
        _episode("b", counted=False, explained_by="Load test"),
        _episode("c", incident_id="a", is_head=False, counted=False),
    ) == ()  # fmt: skip


def test_history_is_no_news_but_what_failed_runs_missed_is() -> None:
    old = _episode("old", first_day=MADE_ON - timedelta(9), last_day=MADE_ON - timedelta(7), standing="ended")
    late = _episode("late", first_day=MADE_ON - timedelta(6), last_day=MADE_ON - timedelta(6), standing="ended")

    assert [one.key.threshold for one in _found(old, late)] == ["late"]
    # told once, it is over, and stays for the rest of the week
    assert [one.standing for one in _found(old, late, told=_found(old, late))] == ["lingering"]


def test_it_resolves_a_week_after_its_last_day_for_it_may_go_on() -> None:
    told = _found(_episode("k1"))
    ended = {"first_day": MADE_ON - timedelta(8), "standing": "ended"}

    assert [one.standing for one in _found(_episode("k1", last_day=MADE_ON - timedelta(6), **ended), told=told)] == [
        "lingering"
    ]
    assert _found(_episode("k1", last_day=MADE_ON - timedelta(7), **ended), told=told) == ()
    # the weekend after, it runs again
    assert [one.alert_id for one in _found(_episode("k1"), told=told)] == [told[0].alert_id]


def test_another_head_is_the_same_alert() -> None:
    team = _episode("t1", dimension="team", value="data", value_name="data")
    told = _found(team)

    # a day later the key explains it, and the team is only part of the event
    key = _episode("k1", impact=Decimal(9000))
    now = _found(key, {**team, "incident_id": "k1", "is_head": False, "counted": False}, told=told)

    assert [one.alert_id for one in now] == [told[0].alert_id]
    assert now[0].subject == "key lab-agents"
    assert now[0].page == "anomalies?incident=k1"


def test_a_restated_beginning_is_the_same_alert() -> None:
    told = _found(_episode("k1"))

    # another first day is another name
    now = _found(_episode("k0", first_day=date(2026, 7, 13)), told=told)

    assert [one.alert_id for one in now] == [told[0].alert_id]
    assert now[0].since == date(2026, 7, 13)


def test_a_later_incident_of_the_same_series_is_another_alert() -> None:
    first = _episode("k1", first_day=date(2026, 7, 1), last_day=date(2026, 7, 2), standing="ended")
    told = _found(_episode("k1", first_day=date(2026, 7, 1), last_day=date(2026, 7, 2)))
    again = _found(first, _episode("k2"), told=told)

    assert len(again) == 1
    assert again[0].alert_id != told[0].alert_id


def test_two_that_become_one_event_keep_the_older_alert() -> None:
    key, team = _episode("k1"), _episode("t1", dimension="team", value="risk", value_name="risk")
    told = _found(key, team)
    assert len({one.alert_id for one in told}) == 2

    now = _found(key, {**team, "incident_id": "k1", "is_head": False, "counted": False}, told=told)

    assert [one.alert_id for one in now] == [told[0].alert_id]


def test_an_event_that_is_taken_apart_is_not_told_again() -> None:
    model = _episode("m1", dimension="model", value="gpt-5", value_name="gpt-5")
    told = _found(model)

    # a key of that model is an incident of its own for a day, and another one began later
    key, later = _episode("k1", value="a"), _episode("k2", value="b", first_day=date(2026, 7, 17))

    assert [one.key.threshold for one in _found(model, key, later, told=told)] == ["m1", "k2"]


def test_what_is_larger_than_what_was_told_of_everything_is_no_part_of_it() -> None:
    everything = _episode("all", dimension="total", value=None, value_name=None, impact=Decimal(200))
    told = _found(everything)

    large = _episode("k1", first_day=date(2026, 7, 16), of_team="voice", impact=Decimal(50_000), severity="critical")
    small = _episode("k2", value="b", first_day=date(2026, 7, 16), impact=Decimal(150))

    assert [one.key.threshold for one in _found(everything, large, small, told=told)] == ["all", "k1"]
    # everything has grown since it was told, and what it consists of is no news
    grown = {**everything, "impact": Decimal(50_200), "severity": "critical"}
    assert [one.key.threshold for one in _found(grown, large, small, told=told)] == ["all"]


@pytest.mark.parametrize(
    "other",
    [
        {"severity": "critical"},
        {"kind": "drop", "actual": Decimal(1000), "impact": Decimal(-2000)},
    ],
)
def test_what_is_graver_than_something_wider_or_falls_where_that_rose_is_no_part_of_it(other: dict[str, Any]) -> None:
    everything = _episode("all", dimension="total", value=None, value_name=None)
    told = _found(everything)

    assert [one.key.threshold for one in _found(everything, _episode("k1", **other), told=told)] == ["all", "k1"]
    assert [one.key.threshold for one in _found(everything, _episode("k1"), told=told)] == ["all"]


def test_what_is_over_for_long_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.control.kinds.anomalies._condition", lambda *_: pytest.fail("nobody is to hear of it"))

    assert _found(_episode("k1", first_day=date(2026, 5, 1), last_day=date(2026, 5, 2), standing="ended")) == ()


def test_one_that_falls_below_what_counts_lingers_where_it_was_told() -> None:
    told = _found(_episode("k1"))

    assert [one.standing for one in _found(_episode("k1", counted=False), told=told)] == ["lingering"]
    assert _found(_episode("k1", counted=False, explained_by="It was meant"), told=told) == ()


def test_rules_by_team_severity_and_money() -> None:
    rules = [
        Rule("anomaly", "data", Match(teams=("data",)), Decimal(10_000), Decimal(8_000)),
        Rule("anomaly", "others", severities=("high",)),
    ]
    judged = _judged(
        _episode("k1"), _episode("k2", of_team="risk"), _episode("k3", of_team="risk", severity="low"), rules=rules
    )

    # of data 6,000 are too little; of others only what is high
    assert {name: [one.key.threshold for one in of.conditions] for name, of in judged.items()} == {
        "data": [],
        "others": ["k2"],
    }


@pytest.mark.parametrize(
    ("match", "grown"),
    [
        (Match(severities=("critical",)), {"severity": "critical", "impact": Decimal(60_000)}),
        (Match(teams=("search",)), {"of_team": "search"}),
    ],
)
def test_the_rule_that_told_it_keeps_it_whatever_it_becomes(match: Match, grown: dict[str, Any]) -> None:
    rules = [replace(RULE, name="special", match=match), RULE]
    (told,) = _judged(_episode("k1"), rules=rules)["anomaly"].conditions

    later = _judged(_episode("k1", **grown), _episode("k2", value="b", **grown), rules=rules, told=(told,))

    assert [one.alert_id for one in later["anomaly"].conditions] == [told.alert_id]
    # what is new is judged as it is
    assert [one.key.threshold for one in later["special"].conditions] == ["k2"]


def test_a_part_of_what_another_rule_told_is_not_told_again() -> None:
    rules = [replace(RULE, name="search", match=Match(teams=("search",))), RULE]
    model = _episode("m1", dimension="model", value="gpt-5", value_name="gpt-5")
    told = _judged(model, rules=rules)["anomaly"].conditions

    later = _judged(model, _episode("k1", value="a", of_team="search"), rules=rules, told=told)

    assert later["search"].conditions == ()
    assert [one.alert_id for one in later["anomaly"].conditions] == [told[0].alert_id]


def test_less_than_expected_is_a_note() -> None:
    (one,) = _found(_episode("k1", kind="drop", impact=Decimal(-2000), actual=Decimal(1000)))

    assert one.headline == "Key lab-agents cost 2,000 USD less than expected: drop"
    assert one.severity == "info"


@pytest.mark.parametrize("failure", ["anomalies could not be found: ValueError", None])
def test_a_detection_that_failed_judges_nothing(failure: str | None) -> None:
    detection = table(ANOMALY_DETECTION, *([{"failure": failure}] if failure else []))

    judged = anomalies(_frames(_episode("k1"), detection=detection), [], [RULE])["anomaly"]

    assert (judged.judged, judged.conditions) == (False, ())
    assert judged.reason is not None and (failure or "No cost is known") in judged.reason


def _episode(anomaly_id: str, **terms: Any) -> dict[str, Any]:
    return {
        "anomaly_id": anomaly_id, "incident_id": anomaly_id, "is_head": True, "counted": True, "measure": "cost",
        "dimension": "key", "value": "key_1", "value_name": "lab-agents", "currency": "USD", "kind": "runaway",
        "first_day": date(2026, 7, 15), "last_day": date(2026, 7, 17), "days": 3, "expected": Decimal(3000),
        "actual": Decimal(9000), "impact": Decimal(6000), "severity": "high", "score": 2.0, "standing": "open",
        "of_team": "data", "of_vendor": "OpenAI", "of_model": "gpt-5", "made_on": MADE_ON, **terms,
    }  # fmt: skip


def _frames(*episodes: dict[str, Any], detection: pl.DataFrame) -> AnomalyFrames:
    causes = [
        {
            "incident_id": episode["incident_id"], "rank": rank, "standing": standing, "dimensions": dimensions,
            "values": values, "currency": "USD", "impact": Decimal(impact), "share": share,
            "sentence": "Cost of key lab-agents rose.",
        }
        for episode in episodes
        if episode["is_head"]
        for rank, standing, dimensions, values, impact, share in (
            (1, "cause", '["model"]', '["gpt-5"]', 5400, 0.9), (2, "rest", None, None, 600, 0.1),
        )
    ]  # fmt: skip
    days = [
        {
            "incident_id": episode["incident_id"], "day": episode["first_day"], "currency": "USD",
            "actual": Decimal(3000), "is_flagged": True, "in_incident": True,
        }
        for episode in episodes
        if episode["is_head"]
    ]  # fmt: skip
    return AnomalyFrames(
        table(ANOMALIES, *episodes), table(ANOMALY_CAUSES, *causes), table(ANOMALY_DAYS, *days), detection
    )


def _judged(
    *episodes: dict[str, Any], rules: list[Rule] | None = None, told: tuple[Condition, ...] = ()
) -> dict[str, Judged]:
    detection = table(ANOMALY_DETECTION, {"currency": "USD", "made_on": MADE_ON, "series": 9, "judged": 9})
    alerts = table(
        ALERTS,
        *(
            {**vars(one.key), "kind": "anomaly", "state": "notified", "severity": one.severity}
            | {"amount": one.amount, "limit": one.limit}
            for one in told
        ),
    )
    judging = with_told(rules or [RULE], alerts)
    return anomalies(_frames(*episodes, detection=detection), told_of(alerts), judging)


def _found(*episodes: dict[str, Any], told: tuple[Condition, ...] = ()) -> tuple[Condition, ...]:
    return _judged(*episodes, told=told)["anomaly"].conditions
