"""What stands true is published with the rest, and a kind that fails stands in nobody's way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.protocol import Surroundings
from models.control.condition_tables import conditions_of
from models.control.conditions import Condition
from models.control.kinds.judged import Judged
from models.control.kinds.rules import DEFAULTS, Rule
from pipelines.home import Home
from pipelines.marts import alert_conditions
from pipelines.publishing import publish
from pipelines.warehouse import Publication
from pipelines.workplace import Workplace

NOW = datetime(2026, 7, 20, 6, tzinfo=UTC)
HOME = """\
organization: Acme
sources:
- {name: openai, connector: focus-files, start: 2026-07, options: {path: "file:///nowhere"}}
contracts:
- name: OpenAI agreement
  issuer: OpenAI
  renewal: {day: 2026-08-30, notice_days: 30, automatic: true}
"""
"""Notice by 31 July, 11 days from now: the step of 30 days is reached, that of 7 is not."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home.at(tmp_path)
    home.configuration.write_text(HOME, encoding="utf-8")
    return home


def test_conditions_and_rules_are_tables_of_the_publication(home: Home) -> None:
    _publish(home)

    told = {one.key.threshold: (one.standing, one.holds_from) for one in _conditions(home) if one.kind == "renewal"}
    assert told == {
        "60 days": ("lingering", None),
        "30 days": ("firing", None),
        "7 days": ("firing", datetime(2026, 7, 24, tzinfo=UTC)),
    }
    assert [one.headline for one in _conditions(home) if one.kind == "stale_source"] == [
        "Source openai was never loaded"
    ]
    assert {(kind, judged) for _, kind, judged, _ in _rules(home)} == {
        ("anomaly", False),  # no cost is known
        *((kind, True) for kind in DEFAULTS if kind != "anomaly"),
    }


def test_rules_of_outlay_yaml_are_judged_and_one_that_fails_is_in_nobodys_way(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = (
        "alerts:\n  rules:\n"
        "  - {kind: renewal, name: two weeks before, days_ahead: [14], severity: critical}\n"
        "  - {kind: stale_source, enabled: false}\n"
        "  - {kind: residency, name: places}\n"
    )
    home.configuration.write_text(HOME + rules, encoding="utf-8")
    monkeypatch.setitem(alert_conditions._JUDGES, "residency", _fail)  # pyright: ignore[reportArgumentType]

    publication = _publish(home)

    (one,) = _conditions(home)
    assert (one.key.rule, one.key.threshold, one.severity) == ("two weeks before", "14 days", "critical")
    assert "stale_source" not in {kind for _, kind, _, _ in _rules(home)}
    why = "alerts of the kind residency could not be judged: ZeroDivisionError: oh"
    assert [row for row in _rules(home) if row[1] == "residency"] == [("places", "residency", False, why)]
    assert [problem.what for problem in publication.problems] == [why]


def _fail(_of: alert_conditions.Judging, _rules: Sequence[Rule]) -> dict[str, Judged]:
    raise ZeroDivisionError("oh")


def _publish(home: Home) -> Publication:
    with Workplace.open(home, surroundings=Surroundings(home=home.root, clock=lambda: NOW)) as work:
        return publish(work)


def _conditions(home: Home) -> list[Condition]:
    with duckdb.connect(str(home.published), read_only=True) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        return conditions_of(warehouse.sql("SELECT * FROM marts.alert_conditions").pl())


def _rules(home: Home) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published), read_only=True) as warehouse:
        return warehouse.sql("SELECT rule, kind, judged, reason FROM marts.alert_rules").fetchall()
