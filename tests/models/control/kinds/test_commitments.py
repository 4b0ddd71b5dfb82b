"""Commitments that run out at their rate or with their term, and those of which too much is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from models.control.conditions import Condition
from models.control.kinds.commitments import left_unused, running_out
from models.control.kinds.rules import DEFAULTS, Rule
from models.economics.commitments import COMMITMENT_BURN_DOWN, COMMITMENTS
from tests.models.control.kinds.rows import table

TODAY = date(2026, 7, 20)


def test_credits_that_are_used_up_before_their_term_is_over() -> None:
    # 2,500 left at 100 a day from 18 July on: 25 days, to 12 August, which is 23 days from today
    found = _running(_credits(remaining=Decimal(2500)))

    assert [(one.key.threshold, one.standing) for one in found] == [("30 days", "firing")]
    assert found[0].headline == "Credits “Year of credits” are used up about 12 August 2026"
    assert found[0].answer == (
        "2,500 USD of 40,000 USD is left, at 100.00 USD a day of the last 30 days; they were to last until "
        "31 December 2026."
    )
    assert found[0].to_do == "Buy more before 12 August 2026, or plan for invoices of about 3,000 USD a month."
    assert (found[0].amount, found[0].limit, found[0].currency) == (Decimal(2500), Decimal(40000), "USD")


def test_the_day_that_is_foreseen_may_move_a_little() -> None:
    # 36 days from 18 July are 34 from today: within 30 and a quarter of it; 40 are 38, and out of it
    assert [one.standing for one in _running(_credits(remaining=Decimal(3600)))] == ["lingering"]
    assert _running(_credits(remaining=Decimal(4000))) == ()


def test_credits_that_last_beyond_their_term_do_not_run_out() -> None:
    assert _running(_credits(remaining=Decimal(500), term_end=date(2026, 7, 22))) == ()


def test_a_commit_to_spend_is_no_concern_once_it_is_fulfilled() -> None:
    (soon,) = _running(_credits(kind="spend", remaining=Decimal(2500)))

    assert (soon.headline, soon.severity) == ("Commit “Year of credits” is fulfilled about 12 August 2026", "info")
    assert _running(_credits(kind="spend", remaining=Decimal(0))) == ()
    # credits that are used up are: everything costs from now on
    (gone,) = [one for one in _running(_credits(remaining=Decimal(0))) if one.standing == "firing"]
    assert (gone.headline, gone.severity) == ("Credits “Year of credits” are used up", "critical")


def test_the_vendor_is_the_one_that_charges_name() -> None:
    rule, rows = DEFAULTS["commitment_unused"], [_reservation(source="aws", issuer_name="Amazon Web Services, Inc.")]
    told = table(COMMITMENTS, *({**row, "used": Decimal(1), "unused": Decimal(999)} for row in rows))

    (one,) = left_unused(told, COMMITMENT_BURN_DOWN.empty(), [rule], TODAY, {"aws": "AWS"})[rule.name].conditions

    assert one.vendor == "AWS"


def test_a_term_that_is_young_has_no_rate_yet() -> None:
    assert _running(_credits(remaining=Decimal(500), term_start=date(2026, 7, 10))) == ()


def test_cover_ends_with_its_term_on_a_day_that_is_certain() -> None:
    found = _running(_reservation(term_end=date(2026, 8, 9)))

    assert [(one.key.threshold, one.standing, one.holds_from) for one in found] == [
        ("30 days", "firing", None),
        ("7 days", "firing", datetime(2026, 8, 2, tzinfo=UTC)),
    ]
    assert found[0].headline == "Reservation “b7d2-0f61” ends on 8 August 2026"
    assert ("Commitment", "arn:aws:ec2:us-east-1:1047:reserved-instances/b7d2-0f61") in found[0].facts


def test_a_subscription_that_is_bought_by_the_month_is_no_news() -> None:
    assert _running(_reservation(kind="subscription", term_end=date(2026, 8, 1))) == ()
    assert _running(_reservation(term_start=date(2026, 7, 1), term_end=date(2026, 8, 1))) == ()


def test_what_was_paid_for_and_not_used() -> None:
    # 300 of 1,000 is 30 %, over 20
    (one,) = _unused(_reservation(used=Decimal(700), unused=Decimal(300)))

    assert one.standing == "firing"
    assert one.headline == "Reservation “b7d2-0f61”: 30 % of it is left unused"
    assert one.answer == "300.00 USD of the 1,000 USD paid for since 1 July 2026 went unused."
    assert one.severity == "info"


def test_between_fifteen_and_twenty_percent_nothing_changes() -> None:
    assert [one.standing for one in _unused(_reservation(used=Decimal(820), unused=Decimal(180)))] == ["lingering"]
    assert _unused(_reservation(used=Decimal(860), unused=Decimal(140))) == ()


def test_a_large_share_of_little_money_is_no_news() -> None:
    assert _unused(_reservation(used=Decimal(10), unused=Decimal(90))) == ()


def test_a_young_month_is_judged_with_the_one_before() -> None:
    june = _reservation(billing_month="2026-06", as_of=date(2026, 6, 30), used=Decimal(1000), unused=Decimal(100))
    july = _reservation(as_of=date(2026, 7, 3), used=Decimal(50), unused=Decimal(150))

    # July alone would be 75 %; both are 250 of 1,300, 19 %
    (one,) = _unused(june, july)

    assert (one.standing, one.since) == ("lingering", date(2026, 6, 1))


def test_what_has_just_begun_has_a_week_to_be_used_or_half_of_its_term() -> None:
    unused = {"used": Decimal(10), "unused": Decimal(500)}
    assert _unused(_reservation(term_start=date(2026, 7, 13), **unused)) == ()  # the sixth day
    assert len(_unused(_reservation(term_start=date(2026, 7, 12), **unused))) == 1
    block = {"kind": "capacity_block", "term_start": date(2026, 7, 17), "term_end": date(2026, 7, 21)}
    assert len(_unused(_reservation(**block, **unused))) == 1  # the second of four


def test_credits_that_will_expire_and_a_commit_that_will_not_be_fulfilled() -> None:
    credits, commit = _unused(
        _credits(expiring_amount=Decimal(12000)),
        _credits(kind="spend", commitment_id="c", name="A year", true_up_projected=Decimal(10000)),
    )[::-1]

    assert (credits.key.threshold, credits.severity) == ("expiring", "warning")
    assert credits.headline == "Credits “Year of credits”: 12,000 USD will expire on 31 December 2026"
    assert commit.headline == "Commit “A year” will not be fulfilled: 10,000 USD may be owed on 31 December 2026"


def test_credits_that_last_a_little_longer_than_was_told_are_no_news() -> None:
    # 1,100 at 100 a day: 11 days from 18 July on, 9 from today
    longer = _credits(remaining=Decimal(1100))
    thirty, seven = _running(longer)
    assert (thirty.standing, seven.standing) == ("firing", "lingering")
    told = replace(DEFAULTS["commitment_running_out"], told=frozenset([seven.key]))
    assert [one.standing for one in _running(longer, rule=told)] == ["lingering", "lingering"]


def test_what_is_over_is_of_no_concern() -> None:
    over = _credits(term_end=date(2026, 7, 19), expiring_amount=Decimal(12000))

    assert _unused(over) == ()


def _credits(**terms: Any) -> dict[str, Any]:
    return {
        "commitment_id": "credits",
        "name": "Year of credits",
        "kind": "prepaid_credits",
        "billing_month": "2026-07",
        "as_of": date(2026, 7, 18),
        "currency": "USD",
        "term_start": date(2026, 1, 1),
        "term_end": date(2027, 1, 1),
        "committed_amount": Decimal(40000),
        "remaining": Decimal(20000),
        "daily_rate": Decimal(100),
        **terms,
    }


def _reservation(**terms: Any) -> dict[str, Any]:
    arn = "arn:aws:ec2:us-east-1:1047:reserved-instances/b7d2-0f61"
    named = {"commitment_id": arn, "name": None, "kind": "reservation", "committed_amount": None, "remaining": None}
    return {**_credits(), **named, "term_end": date(2027, 1, 1), **terms}


def _running(*rows: dict[str, Any], rule: Rule = DEFAULTS["commitment_running_out"]) -> tuple[Condition, ...]:
    return running_out(table(COMMITMENTS, *rows), COMMITMENT_BURN_DOWN.empty(), [rule], TODAY)[rule.name].conditions


def _unused(*rows: dict[str, Any]) -> tuple[Condition, ...]:
    rule = DEFAULTS["commitment_unused"]
    return left_unused(table(COMMITMENTS, *rows), COMMITMENT_BURN_DOWN.empty(), [rule], TODAY)[rule.name].conditions
