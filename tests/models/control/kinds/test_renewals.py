"""Contracts of which notice is due: told before the day, in steps, and not after it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from models.control.conditions import Condition
from models.control.kinds.renewals import renewals
from models.control.kinds.rules import DEFAULTS
from models.economics.contracts import CONTRACTS
from tests.models.control.kinds.rows import table

NOTICE_BY = date(2026, 9, 30)
"""60 days before is 1 August, 30 days before is 31 August, 7 days before is 23 September."""


def test_the_step_that_is_reached_fires_and_the_next_one_waits_for_its_day() -> None:
    found = _found(date(2026, 8, 5))

    assert [(one.key.threshold, one.standing, one.holds_from) for one in found] == [
        ("60 days", "firing", None),
        ("30 days", "firing", datetime(2026, 8, 31, tzinfo=UTC)),  # within the month: time alone opens it
    ]
    assert [one.since for one in found] == [date(2026, 8, 1), date(2026, 8, 31)]


def test_who_begins_late_hears_of_the_nearest_step_alone() -> None:
    found = _found(date(2026, 9, 24))

    assert [(one.key.threshold, one.standing) for one in found] == [
        ("60 days", "lingering"), ("30 days", "lingering"), ("7 days", "firing"),
    ]  # fmt: skip


def test_long_before_and_after_the_day_nothing_holds() -> None:
    assert _found(date(2026, 6, 1)) == ()
    assert _found(date(2026, 10, 1)) == ()


def test_it_says_what_happens_by_itself_until_when_and_what_is_at_stake() -> None:
    (*_, last) = _found(NOTICE_BY)

    assert last.headline == "OpenAI agreement renews itself on 31 October 2026: notice by 30 September 2026"
    assert last.answer == (
        "It renews itself on 31 October 2026 unless notice is given; the last day for notice, 31 days ahead, is "
        "30 September 2026."
    )
    assert last.to_do.endswith("give notice by 30 September 2026 if not.")
    assert ("Committed, USD", "1,600,000 USD") in last.facts
    assert last.severity == "critical"
    assert last.page == "vendors"


def test_what_ends_by_itself_is_less_grave_and_asks_for_another_step() -> None:
    (*_, last) = _found(NOTICE_BY, renews_automatically=False)

    assert last.headline.startswith("OpenAI agreement ends on 31 October 2026")
    assert last.answer.startswith("It ends on 31 October 2026 unless it is renewed")
    assert last.severity == "warning"


def test_a_contract_in_two_currencies_is_one_contract() -> None:
    rows = table(
        CONTRACTS,
        {
            "name": "Mistral",
            "currency": "EUR",
            "notice_by": NOTICE_BY,
            "renews_on": NOTICE_BY,
            "billed_cost": Decimal(9),
        },
        {
            "name": "Mistral",
            "currency": "USD",
            "notice_by": NOTICE_BY,
            "renews_on": NOTICE_BY,
            "billed_cost": Decimal(5),
        },
    )

    found = renewals(rows, [DEFAULTS["renewal"]], date(2026, 8, 1))["renewal"].conditions

    assert len({one.alert_id for one in found}) == len(found)
    assert [text for name, text in found[0].facts if name.startswith("Billed")] == ["9.00 EUR", "5.00 USD"]
    assert found[0].amount is None  # no sum over currencies


def _found(today: date, **terms: Any) -> tuple[Condition, ...]:
    contract = {
        "name": "OpenAI agreement",
        "issuer_name": "OpenAI",
        "currency": "USD",
        "committed_amount": Decimal(1_600_000),
        "billed_cost": Decimal(365_000),
        "renews_on": date(2026, 10, 31),
        "notice_by": NOTICE_BY,
        "renews_automatically": True,
        **terms,
    }
    return renewals(table(CONTRACTS, contract), [DEFAULTS["renewal"]], today)["renewal"].conditions
