"""Rules of outlay.yaml as alerts are judged by them; what is not said is as the kind has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from models.control.kinds.rules import DEFAULTS
from models.control.policy import Match
from pipelines.alert_rules import rules_of
from pipelines.settings import Settings


def test_a_kind_without_a_rule_has_its_own() -> None:
    assert rules_of(_settings()) == {kind: (rule,) for kind, rule in DEFAULTS.items()}


def test_rules_take_the_place_of_that_of_their_kind_in_their_order() -> None:
    rules = rules_of(
        _settings(
            {"kind": "anomaly", "name": "search", "match": {"team": "search"}, "minimum": 500, "severities": ["high"]},
            {"kind": "anomaly"},
            {"kind": "renewal", "enabled": False},
        )
    )

    search, others = rules["anomaly"]
    assert (search.name, search.match, search.severities) == ("search", Match(teams=("search",)), ("high",))
    # a half as by default: 50 of 100
    assert (search.minimum, search.resolves_below) == (Decimal(500), Decimal(250))
    assert others == DEFAULTS["anomaly"]
    assert rules["renewal"] == ()


def test_what_is_said_is_taken_as_it_is() -> None:
    (rule,) = rules_of(_settings({"kind": "commitment_unused", "minimum": 40, "resolves_below": 10}))[
        "commitment_unused"
    ]

    assert (rule.minimum, rule.resolves_below) == (Decimal(40), Decimal(10))


def _settings(*rules: dict[str, Any]) -> Settings:
    return Settings.model_validate({"organization": "Acme", "alerts": {"rules": list(rules)}})
