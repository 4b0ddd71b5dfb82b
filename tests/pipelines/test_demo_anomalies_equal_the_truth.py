"""What was planted in the make-believe organisation is found, soon, with its cause first and its money; little else is.

The simulator knows what was planted and what the world would have cost without it; the warehouse knows nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.simulator.organisation import KEYS

pytestmark = pytest.mark.slow

Row = dict[str, Any]
Ask = Callable[[str], list[Row]]

HISTORY = timedelta(days=28)
"""Nobody can tell what is unusual before."""
WITHIN = {
    "drop": 2, "burst": 2, "spike": 0, "runaway": 0, "weekend": 15, "ramp": 21, "level_shift": 6, "new_model": 0,
    "price_change": 3, "end": 4,
}  # fmt: skip
"""Days after the first within which it must be found, by kind; credits are nothing that is used, and not judged."""
EARLY = timedelta(days=1)
"""Before the first day: the day before may have been odd by itself."""
ONCE = ("drop", "burst", "spike", "runaway")
"""Kinds that pass: what they cost can be told afterwards. Of what lasts, the new ways become the usual ones."""

_NAMES = {key.id: key.name for key in KEYS}


@pytest.fixture
def incidents(ask: Ask) -> list[Row]:
    """Every incident: its head and, as `cause`, the values of its first cause."""
    return ask(
        """SELECT heads.*, causes.dimensions AS cause_dimensions, causes."values" AS cause_values
           FROM marts.anomalies AS heads LEFT JOIN marts.anomaly_causes AS causes
             ON causes.incident_id = heads.incident_id AND causes.rank = 1 AND causes.standing = 'cause'
           WHERE heads.is_head"""
    )


def places(row: Row) -> set[tuple[str, str]]:
    """Dimensions and values that name a planted anomaly: the narrowest series, and each of its causes."""
    named = {(row["dimension"], row["value"])}
    for cause in row["causes"]:
        named |= set(cause["dimensions"].items())
    return named | {("key", _NAMES[value]) for dimension, value in named if dimension == "key"}


def names(incident: Row, row: Row) -> bool:
    """Whether an incident says where it was: by its head, or by the first cause of it."""
    told = {(incident["dimension"], incident["value"])}
    if incident["cause_dimensions"]:
        told |= set(zip(*map(json.loads, (incident["cause_dimensions"], incident["cause_values"])), strict=True))
    return bool(told & places(row))


def shows(incident: Row, row: Row, within: int) -> bool:
    """Whether an incident is the planted one, found in time and in its direction."""
    first = date.fromisoformat(row["first_day"])
    in_time = first - EARLY <= incident["first_day"] <= first + timedelta(days=within)
    return in_time and names(incident, row) and (incident["impact"] > 0) == (Decimal(row["impact"]) > 0)


def begun(truth: Row) -> date:
    """The first day of the window."""
    return date.fromisoformat(min(row["billing_period"] for row in truth["billed"]) + "-01")


def planted(truth: Row) -> list[Row]:
    """What can be found: there was a history, and it is of use."""
    earliest = begun(truth) + HISTORY
    return [
        row for row in truth["anomalies"]
        if row["kind"] in WITHIN and date.fromisoformat(row["first_day"]) >= earliest
    ]  # fmt: skip


def test_everything_planted_is_found_in_time_with_its_cause_first(incidents: list[Row], truth: Row) -> None:
    asked = planted(truth)
    assert len(asked) > 10
    missed = [row["name"] for row in asked if not any(shows(each, row, WITHIN[row["kind"]]) for each in incidents)]
    assert missed == []


def test_machines_that_were_left_on_over_a_weekend_are_found(incidents: list[Row], truth: Row) -> None:
    row = next(row for row in truth["anomalies"] if row["kind"] == "machines_left_on")
    assert any(shows(each, row, 1) for each in incidents)


def test_both_of_two_causes_are_told(incidents: list[Row], truth: Row) -> None:
    row = next(row for row in truth["anomalies"] if len(row["causes"]) == 2)
    for cause in row["causes"]:
        alone = {**row, "dimension": "key", "value": cause["dimensions"]["key"], "causes": [cause]}
        assert any(shows(each, alone, WITHIN[row["kind"]]) for each in incidents), cause


def test_a_price_that_changed_is_told_as_one_whatever_its_shape(incidents: list[Row], truth: Row) -> None:
    for row in planted(truth):
        if row["kind"] == "price_change":
            told = [each for each in incidents if shows(each, row, WITHIN[row["kind"]])]
            assert {each["kind"] for each in told} == {"price"}, row["name"]


def test_weekends_are_one_incident_and_their_end_is_none(incidents: list[Row], truth: Row) -> None:
    row = next(row for row in planted(truth) if row["kind"] == "weekend")
    (told,) = [each for each in incidents if names(each, row)]
    assert told["first_day"] == date.fromisoformat(row["first_day"])
    assert told["last_day"] == date.fromisoformat(row["last_day"])
    assert abs(told["impact"] / Decimal(row["impact"]) - 1) < Decimal("0.15")


def test_impact_is_near_what_it_really_cost(incidents: list[Row], truth: Row) -> None:
    """Found money against true money, of every kind. What is usual is a guess, so it is not exact; and of what goes
    on the new ways become the usual ones: no more is told than it cost, and not next to nothing."""
    last = datetime.fromisoformat(truth["as_of"]).date() - timedelta(days=2)
    for row in planted(truth):
        found = [each for each in incidents if shows(each, row, WITHIN[row["kind"]])]
        part = sum(each["impact"] for each in found) / Decimal(row["impact"])
        passes = row["kind"] in ONCE or date.fromisoformat(row["last_day"]) < last
        assert (Decimal("0.6") if passes else Decimal("0.1")) < part < Decimal("1.4"), row["name"]


def test_what_was_expected_is_explained_and_does_not_count(incidents: list[Row], truth: Row) -> None:
    known = [row for row in truth["anomalies"] if row["expected"]]
    assert len(known) == 1
    found = [each for each in incidents if shows(each, known[0], 2)]
    assert {each["explained_by"] for each in found} == {known[0]["name"].capitalize()}
    assert not any(each["counted"] for each in found)


def test_little_else_is_found(incidents: list[Row], truth: Row) -> None:
    """At most two incidents that nobody planted: each is named by its head, or by the first cause of it."""
    counted = [each for each in incidents if each["counted"]]
    unplanned = [
        each for each in counted if not any(shows(each, row, WITHIN.get(row["kind"], 1)) for row in truth["anomalies"])
    ]
    assert len(unplanned) <= 2, [(each["first_day"], each["value_name"]) for each in unplanned]
