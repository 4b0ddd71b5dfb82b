"""A condition comes back from an event's text and from the published table as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models.control.condition_json import from_json, to_json
from models.control.condition_tables import (
    ALERT_CONDITIONS,
    ALERT_RULES,
    conditions_frame,
    conditions_of,
    rules_frame,
)
from models.control.conditions import KINDS, SEVERITIES, STANDINGS, AlertKey, Condition, Point
from models.control.kinds.judged import found, unknown

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
amounts = st.decimals(Decimal(-(10**26) + 1), Decimal(10**26 - 1), places=12, allow_nan=False)
conditions = st.builds(
    Condition,
    key=st.builds(AlertKey, rule=texts, scope=texts, period=texts, threshold=texts),
    kind=st.sampled_from(KINDS),
    standing=st.sampled_from(STANDINGS),
    severity=st.sampled_from(SEVERITIES),
    headline=texts,
    subject=texts,
    answer=texts,
    to_do=texts,
    since=days,
    cause=st.none() | texts,
    facts=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    details=st.lists(texts, max_size=3).map(tuple),
    amount=st.none() | amounts,
    limit=st.none() | amounts,
    currency=st.none() | texts,
    unit=st.none() | texts,
    team=st.none() | texts,
    vendor=st.none() | texts,
    model=st.none() | texts,
    page=st.none() | texts,
    holds_from=st.none() | st.datetimes(timezones=st.just(UTC)),
    trend=st.lists(
        st.builds(Point, day=days, actual=st.none() | amounts, expected=st.none() | amounts), max_size=3
    ).map(tuple),
)


@given(condition=conditions)
@settings(max_examples=60, deadline=None)
def test_a_condition_comes_back_as_it_was(condition: Condition) -> None:
    assert from_json(to_json(condition)) == condition
    frame = ALERT_CONDITIONS.check(conditions_frame([condition]))
    assert conditions_of(frame) == [condition]
    assert frame["alert_id"].to_list() == [condition.alert_id]


def test_of_two_conditions_with_one_key_the_one_that_fires_stays_then_the_gravest() -> None:
    search, risk = _condition("search"), _condition("risk")
    lingering = replace(search, standing="lingering", severity="critical")
    graver = replace(search, severity="critical")

    assert conditions_of(conditions_frame([lingering, risk, search])) == [search, risk]
    assert conditions_of(conditions_frame([search, risk, graver])) == [graver, risk]
    assert conditions_of(conditions_frame([search, replace(search, answer="Later.")])) == [search]


def test_a_text_that_is_no_condition_is_refused() -> None:
    with pytest.raises(ValidationError, match="kind"):
        from_json(to_json(_condition("search")).replace('"anomaly"', '"weather"'))


def test_rules_say_what_could_not_be_judged() -> None:
    frame = rules_frame(
        {("anomaly", "anomaly"): found([_condition("search")]), ("renewal", "renewal"): unknown("no contracts")}
    )

    assert ALERT_RULES.check(frame).rows() == [
        ("anomaly", "anomaly", True, None, 1),
        ("renewal", "renewal", False, "no contracts", 0),
    ]


def test_no_conditions_are_an_empty_table() -> None:
    assert ALERT_CONDITIONS.check(conditions_frame([])).is_empty()
    assert ALERT_RULES.check(rules_frame({})).is_empty()


def _condition(scope: str, *, answer: str = "120 USD over 80 USD.") -> Condition:
    return Condition(
        key=AlertKey("anomaly", scope, "2026-07-01", ""),
        kind="anomaly",
        standing="firing",
        severity="warning",
        headline="More than expected",
        subject=scope,
        answer=answer,
        to_do="Look at it.",
        since=date(2026, 7, 1),
    )
