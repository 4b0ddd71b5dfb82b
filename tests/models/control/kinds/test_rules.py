"""A rule opens at its minimum, keeps what is between, and judges only what no rule before it is for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest

from models.control.alert_tables import ALERTS
from models.control.conditions import AlertKey, Condition
from models.control.kinds.rules import DEFAULTS, Candidate, Rule, judge, steps, with_told
from models.control.policy import Match
from tests.models.control.kinds.rows import table

HALF = Rule("residency", "half", minimum=Decimal(100), resolves_below=Decimal(50))


@pytest.mark.parametrize(
    ("size", "standing"), [("100", "firing"), ("99.99", "lingering"), ("50", "lingering"), ("49.99", None)]
)
def test_what_lies_between_opens_nothing_and_resolves_nothing(size: str, standing: str | None) -> None:
    assert HALF.standing(Decimal(size)) == standing


def test_each_thing_is_judged_by_the_first_rule_that_fits_it_alone() -> None:
    rules = [
        Rule("residency", "search is special", Match(teams=("search",)), Decimal(1000), Decimal(900)),
        Rule("residency", "all others", minimum=Decimal(10), resolves_below=Decimal(10)),
    ]

    judged = judge(rules, [("search", 500), ("risk", 500), ("risk", 5)], _tell)

    # 500 of search are too little for its own rule, and the second one is never asked
    assert {name: [one.team for one in of.conditions] for name, of in judged.items()} == {
        "search is special": [],
        "all others": ["risk"],
    }


@pytest.mark.parametrize(
    ("state", "is_firing", "judging"),
    [
        ("notified", True, "all others"),
        ("resolved", True, "all others"),  # by a person: it goes on
        ("resolved", False, "search"),
    ],
)
def test_an_alert_that_goes_on_stays_with_its_rule(state: str, is_firing: bool, judging: str) -> None:
    rules = [
        Rule("residency", "search", Match(teams=("search",))),
        Rule("residency", "all others", minimum=Decimal(100), resolves_below=Decimal(50)),
    ]
    key = {"rule": "all others", "scope": "search", "period": "", "threshold": "", "kind": "residency"}
    alerts = table(ALERTS, {**key, "state": state, "is_firing": is_firing})

    judged = judge(with_told(rules, alerts), [("search", 500)], _tell)

    assert [name for name, of in judged.items() if of.conditions] == [judging]
    # its rule alone judges it: what fell below what resolves it there is over, and opens nothing elsewhere
    if judging == "all others":
        assert not any(of.conditions for of in judge(with_told(rules, alerts), [("search", 5)], _tell).values())


def test_a_rule_without_anything_is_judged_all_the_same() -> None:
    assert judge([HALF], [], _tell)["half"].judged


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [
        (61, [None, None, None]),
        (60, ["firing", None, None]),
        (30, ["lingering", "firing", None]),
        (3, ["lingering", "lingering", "firing"]),
    ],
)
def test_the_nearest_step_fires_and_those_before_it_stay_as_they_are(
    days_left: int, expected: list[str | None]
) -> None:
    told = steps(DEFAULTS["renewal"], days_left)

    assert [step for step, _ in told] == [60, 30, 7]
    assert [standing for _, standing in told] == expected


def test_what_is_only_foreseen_lingers_for_a_quarter_more() -> None:
    rule = DEFAULTS["commitment_running_out"]

    # 30 + 30 ÷ 4 = 37 days; of 7 at least 3 more: 10
    assert [dict(steps(rule, left, is_certain=False))[30] for left in (30, 37, 38)] == ["firing", "lingering", None]
    assert [dict(steps(rule, left, is_certain=False))[7] for left in (7, 10, 11)] == ["firing", "lingering", None]


def test_while_a_step_that_was_told_lingers_those_before_it_are_no_news() -> None:
    rule = DEFAULTS["commitment_running_out"]

    # of 9 days left the first time, 30 is told; with 7 told when there were 5, nothing is
    assert dict(steps(rule, 9, is_certain=False)) == {30: "firing", 7: "lingering"}
    assert dict(steps(rule, 9, is_certain=False, told=[7])) == {30: "lingering", 7: "lingering"}
    assert dict(steps(rule, 11, is_certain=False, told=[7])) == {30: "firing", 7: None}


def _tell(thing: tuple[str, int], rule: Rule) -> Iterable[Candidate]:
    team, size = thing
    condition = Condition(
        key=AlertKey(rule.name, team, "", ""),
        kind="residency",
        standing="firing",
        severity="info",
        headline="",
        subject=team,
        answer="",
        to_do="",
        since=date(2026, 7, 1),
        team=team,
    )
    return [Candidate(condition, rule.standing(Decimal(size)))]
