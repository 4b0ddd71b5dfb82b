"""Inference where a policy does not allow it is one thing as long as it goes on; what nobody tells is a note."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from models.control.conditions import Condition
from models.control.kinds.residency_breaches import residency_breaches
from models.control.kinds.rules import DEFAULTS
from models.economics.residency import RESIDENCY
from tests.models.control.kinds.rows import table

TODAY = date(2026, 7, 20)


def test_a_breach_is_one_whatever_models_and_months_it_is_of() -> None:
    (one,) = _found(
        _row(month="2026-05", effective_cost=Decimal(9000)),
        _row(month="2026-06", effective_cost=Decimal(4000), compliance_cost=Decimal(400)),
        _row(month="2026-07", effective_cost=Decimal(1000), compliance_cost=Decimal(100)),
        _row(month="2026-07", effective_cost=Decimal(500), compliance_cost=Decimal(50), model="claude-sonnet-5"),
    )

    assert one.headline == "Anthropic runs inference of team support in region global, against “Words stay in the US”"
    assert one.answer == (
        "1,500 USD in July 2026 so far, after 4,000 USD in June 2026 for inference where the policy does not allow it."
    )
    assert one.amount == Decimal(5500)  # of this month and the last
    assert one.since == date(2026, 5, 1)
    assert (one.team, one.vendor, one.model, one.severity) == ("support", "Anthropic", None, "warning")
    assert ("Complying costs", "550.00 USD more") in one.facts
    assert ("Models", "claude-haiku-4-5, claude-sonnet-5") in one.facts


def test_what_complying_costs_is_said_as_far_as_it_is_known() -> None:
    (one,) = _found(_row(compliance_cost=Decimal(100), unpriced_cost=Decimal(300)))
    assert ("Complying costs", "100.00 USD more, beside 300.00 USD of which no price of an allowed place is known") in (
        one.facts
    )
    (one,) = _found(_row(unpriced_cost=Decimal(1000)))
    assert ("Complying costs", "not known: no price of an allowed place") in one.facts


def test_vendors_that_tell_no_region_are_one_note_for_a_policy() -> None:
    untold = {"standing": "unknown region", "region": None}
    (one,) = _found(_row(**untold), _row(**untold, vendor="OpenAI", team="risk"))

    assert (one.severity, one.team) == ("info", None)
    assert one.answer.endswith("for inference of which Anthropic, OpenAI told no region.")


def test_it_is_over_when_neither_month_has_any() -> None:
    assert _found(_row(month="2026-05"), _row(month="2026-07", standing="allowed")) == ()


def test_between_a_cent_and_the_minimum_it_neither_opens_nor_resolves() -> None:
    assert [one.standing for one in _found(_row(effective_cost=Decimal(99)))] == ["lingering"]
    assert _found(_row(effective_cost=Decimal("0.5"))) == ()


def _row(**terms: Any) -> dict[str, Any]:
    return {
        "policy": "Words stay in the US",
        "month": "2026-07",
        "region": "global",
        "standing": "violation",
        "vendor": "Anthropic",
        "model": "claude-haiku-4-5",
        "team": "support",
        "currency": "USD",
        "effective_cost": Decimal(1000),
        **terms,
    }


def _found(*rows: dict[str, Any]) -> tuple[Condition, ...]:
    rule = DEFAULTS["residency"]
    return residency_breaches(table(RESIDENCY, *rows), [rule], TODAY)[rule.name].conditions
