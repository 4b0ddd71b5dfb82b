"""Sources that are not pulled: time alone makes them stale, and what stands in the way is said."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from models.control.conditions import Condition
from models.control.kinds.rules import DEFAULTS
from models.control.kinds.sources import stale_sources
from models.ledger.operations import FRESHNESS_TABLE
from tests.models.control.kinds.rows import table

TODAY = date(2026, 7, 20)


def test_a_fresh_source_will_be_stale_unless_it_is_pulled_again() -> None:
    (one,) = _found(_pulled())

    # stale after 36 hours, 21 July 18:00, and 12 hours more by the rule
    assert one.holds_from == datetime(2026, 7, 22, 6, tzinfo=UTC)
    assert one.since == date(2026, 7, 22)
    assert one.headline == "Source openai is stale: no good pull since 20 July 2026"
    assert one.answer == (
        "The last good pull was on 20 July 2026, 06:00 UTC, and data reach 18 July 2026: what it cost since then is in "
        "no figure."
    )


def test_a_pull_that_fails_says_why_and_what_to_do() -> None:
    (one,) = _found(_pulled(status="failing", message="the key was revoked", remedy="make a new admin key"))

    assert one.cause == "The key was revoked."
    assert one.to_do == "Make a new admin key."


def test_a_source_that_never_came_holds_at_once() -> None:
    (one,) = _found(declared=["gcp"])

    assert (one.holds_from, one.since) == (None, TODAY)
    assert one.headline == "Source gcp was never loaded"


def test_after_a_week_it_is_critical() -> None:
    (one,) = _found(_pulled(stale_after=datetime(2026, 7, 12, tzinfo=UTC)))

    assert one.severity == "critical"


def test_a_source_that_outlay_yaml_forgot_is_no_news() -> None:
    assert _found(_pulled(), declared=[]) == ()


def _pulled(**terms: Any) -> dict[str, Any]:
    return {
        "source": "openai",
        "status": "fresh",
        "last_success_at": datetime(2026, 7, 20, 6, tzinfo=UTC),
        "last_attempt_at": datetime(2026, 7, 20, 6, tzinfo=UTC),
        "data_through": datetime(2026, 7, 19, tzinfo=UTC),
        "stale_after": datetime(2026, 7, 21, 18, tzinfo=UTC),
        **terms,
    }


def _found(*rows: dict[str, Any], declared: list[str] | None = None) -> tuple[Condition, ...]:
    names = ["openai"] if declared is None else declared
    rule = DEFAULTS["stale_source"]
    return stale_sources(table(FRESHNESS_TABLE, *rows), names, [rule], TODAY)["stale_source"].conditions
