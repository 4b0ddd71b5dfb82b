"""Commitments by hand: a reservation half used, a savings plan, credits that expire, a spend commit with true-up."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.economics.commitment_days import billed_by_day, commitments_held
from models.economics.commitments import COMMITMENT_BURN_DOWN, COMMITMENTS, burn_down, commitments
from models.economics.contracts import Commit, Parties
from models.ledger.focus import COST_AND_USAGE

SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)
AMOUNTS = [name for name, dtype in COST_AND_USAGE.polars_schema.items() if isinstance(dtype, pl.Decimal)]
Row = dict[str, Any]


def charge(day: int = 0, billed: Any = 0, effective: Any = None, **said: Any) -> Row:
    start = said.pop("start", SEPTEMBER) + timedelta(days=day)
    row = {
        "x_Source": "aws", "x_BillingMonth": f"{start:%Y-%m}", "InvoiceIssuerName": "AWS", "ServiceProviderName": "AWS",
        "ServiceName": "EC2", "x_AcceleratorType": "H100", "PricingUnit": "Hours", "PricingCategory": "Standard",
        "BillingCurrency": "USD", "ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": start, "ChargePeriodEnd": start + timedelta(days=1),
        "BilledCost": billed, "EffectiveCost": billed if effective is None else effective, "ListCost": billed, **said,
    }  # fmt: skip
    return {name: Decimal(str(value)) if name in AMOUNTS else value for name, value in row.items()}


def committed(status: str | None, day: int, billed: Any, effective: Any, **said: Any) -> Row:
    purchase = {"ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"} if status is None else {}
    return charge(
        day, billed, effective,
        **{"CommitmentDiscountId": "ri-1", "CommitmentDiscountType": "Reserved Instance",
           "CommitmentDiscountCategory": "Usage", "CommitmentDiscountStatus": status, "PricingCategory": "Committed",
           **purchase, **said},
    )  # fmt: skip


def told(rows: list[Row], *commits: Commit, today: date = date(2027, 6, 1)) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`marts.commitments` and `marts.commitment_burn_down`."""
    charges = pl.DataFrame(rows, schema=COST_AND_USAGE.polars_schema).lazy()
    held = commitments_held(charges, billed_by_day(charges), commits, today)
    return COMMITMENTS.check(commitments(held)), COMMITMENT_BURN_DOWN.check(burn_down(held))


def reservation(days: int) -> list[Row]:
    """Ten days of one machine, bought for 240 at once: 1 an hour. 12 hours a day run under it, 12 stand idle, and
    another machine runs 12 hours on demand. An hour lists for 2.50."""
    fee = committed(None, 0, 240, 0, ChargeFrequency="One-Time", ChargePeriodEnd=SEPTEMBER + timedelta(days=10))
    return [
        fee,
        *(committed("Used", day, 0, 12, ListCost=30) for day in range(days)),
        *(committed("Unused", day, 0, 12, ListCost=12, ServiceName="EC2") for day in range(days)),
        *(charge(day, 30) for day in range(days)),
        *(charge(day, 9, PricingCategory="Dynamic") for day in range(days)),
        *(charge(day, 99, x_AcceleratorType="T4") for day in range(days)),
    ]


def test_a_reservation_half_used_in_its_term() -> None:
    """After 5 of 10 days: used 5 × 12 = 60, unused 60, so 50 %; of 240 paid 120 are not yet of effect.

    Covered 5 × 30 = 150 of 300 at list: 50 %, for spot and the T4 are not asked. At 12 a day it will have used
    60 + 5 × 12 = 120 by its end, and 240 − 120 = 120 will be lost.
    """
    row = told(reservation(5))[0].row(0, named=True)
    assert (row["kind"], row["term_start"], row["term_end"]) == ("reservation", date(2026, 9, 1), date(2026, 9, 11))
    assert (row["paid"], row["used"], row["unused"], row["amortised_cost"]) == (240, 60, 60, 120)
    assert (row["utilisation_pct"], row["coverage_pct"]) == (50, 50)
    assert (row["prepaid_balance"], row["committed_amount"], row["remaining"]) == (120, 240, 120)
    assert (row["as_of"], row["daily_rate"], row["projected_used"]) == (date(2026, 9, 5), 12, 120)
    assert (row["expiring_amount"], row["true_up_projected"], row["is_balanced"]) == (120, None, None)


def test_over_its_term_used_and_unused_are_what_was_paid() -> None:
    row = told([*reservation(10), charge(15, 1)])[0].row(0, named=True)
    assert (row["cumulative_used"] + row["cumulative_unused"], row["prepaid_balance"]) == (240, 0)
    assert (row["is_balanced"], row["expiring_amount"]) == (True, 120)
    lacking = told([*reservation(9), charge(15, 1)])[0].row(0, named=True)
    assert (lacking["prepaid_balance"], lacking["is_balanced"]) == (24, False)


def test_a_reservation_burns_down_beside_an_even_pace() -> None:
    """24 a day of 240: after the first day 216 are left, and so they would be evenly."""
    days = told(reservation(5))[1]
    assert days["drawn"].to_list() == [24] * 5
    assert days["remaining"].to_list() == [216, 192, 168, 144, 120] == days["straight_line"].to_list()


def plan(day: int, used: int, unused: int) -> list[Row]:
    words = {
        "CommitmentDiscountId": "sp-1", "CommitmentDiscountType": "Savings Plan", "CommitmentDiscountCategory": "Spend"
    }  # fmt: skip
    return [
        committed(None, day, used + unused, 0, **words),
        committed("Used", day, 0, used, ListCost=used * 2, **words),
        committed("Unused", day, 0, unused, **words),
    ]


def test_a_savings_plan_is_paid_and_used_up_by_the_hour() -> None:
    """2 an hour for 30 days are 48 a day, of which 36 are used: 75 %. 1,440 are paid, 1,080 used, 360 unused.

    October goes on with 48 of 48. No term is told, and so neither is what it will cost in all.
    """
    rows = [row for day in range(30) for row in plan(day, 36, 12)] + plan(30, 48, 0)
    september, october = told(rows)[0].rows(named=True)
    assert (september["kind"], september["paid"], september["used"], september["unused"]) == (
        "savings_plan", 1440, 1080, 360
    )  # fmt: skip
    assert (september["utilisation_pct"], october["utilisation_pct"]) == (75, 100)
    assert (october["cumulative_paid"], october["cumulative_used"], october["prepaid_balance"]) == (1488, 1128, 0)
    assert (october["term_end"], october["committed_amount"], october["projected_used"]) == (None, None, None)


CREDITS = Commit(
    "Mistral 2026", "credits", "prepaid_credits", Decimal(1000), "USD", date(2026, 9, 1), date(2026, 10, 1),
    Parties(issuer="Mistral AI"),
)  # fmt: skip


def tokens(days: int, cost: Any = 20, **said: Any) -> list[Row]:
    theirs = {"InvoiceIssuerName": "Mistral AI", "x_Source": "mistral", **said}
    return [charge(day, cost, **theirs) for day in range(days)]


def test_credits_burn_down_and_what_is_left_expires() -> None:
    """1,000 in credits for September, 20 a day: after 15 days 300 are drawn and 700 left; at 20 a day 600 will be drawn
    and 400 expire. Tax and other vendors draw nothing."""
    rows = [*tokens(15), *tokens(1, 7, ChargeCategory="Tax"), *tokens(15, 50, InvoiceIssuerName="OpenAI")]
    row = told(rows, CREDITS)[0].row(0, named=True)
    assert (row["commitment_id"], row["contract"], row["issuer_name"]) == (
        "Mistral 2026/credits", "Mistral 2026", "Mistral AI"
    )  # fmt: skip
    assert (row["paid"], row["used"], row["unused"], row["prepaid_balance"]) == (1000, 300, 0, 700)
    assert (row["remaining"], row["daily_rate"], row["projected_used"], row["expiring_amount"]) == (700, 20, 600, 400)


def test_once_credits_are_expired_used_and_unused_are_what_was_paid() -> None:
    """30 days of 20 are 600; 400 are unused on 30 September, and what comes in October is paid as usual."""
    months, days = told(tokens(35), CREDITS)
    row = months.row(0, named=True)
    assert (row["used"], row["unused"], row["prepaid_balance"], row["is_balanced"]) == (600, 400, 0, True)
    assert (months.height, row["expiring_amount"], row["utilisation_pct"]) == (1, 400, 60)
    last = days.row(-1, named=True)
    assert (last["day"], last["drawn"], last["remaining"]) == (datetime(2026, 9, 30, tzinfo=UTC), 420, 0)
    assert days["straight_line"][0] == Decimal("966.666666666667")


def test_credits_are_never_drawn_beyond_their_amount_and_the_first_to_expire_go_first() -> None:
    """600 a day: the first 1,000 (until October) are gone within day 2, the next 500 within day 3; then nothing."""
    later = Commit(
        "Mistral 2026", "more", "prepaid_credits", Decimal(500), "USD", date(2026, 9, 1), date(2026, 12, 1),
        Parties(issuer="Mistral AI"),
    )  # fmt: skip
    days = told(tokens(5, 600), later, CREDITS, today=date(2026, 9, 5))[1]
    assert days.filter(pl.col("name") == "credits")["drawn"].to_list() == [600, 400, 0, 0, 0]
    assert days.filter(pl.col("name") == "more")["drawn"].to_list() == [0, 200, 300, 0, 0]


def test_credits_that_charges_carry_are_told_by_them() -> None:
    """The top-up bills 1,000 and costs 0 in effect, use bills 0 and costs 20, expiry 400 unused (rules of money, 7)."""
    words = {
        "CommitmentDiscountId": "grant-7", "CommitmentDiscountType": "Prepaid Credits", "x_Source": "mistral",
        "CommitmentDiscountCategory": "Spend", "InvoiceIssuerName": "Mistral AI",
    }  # fmt: skip
    rows = [
        committed(None, 0, 1000, 0, ChargeFrequency="One-Time", **words),
        *(committed("Used", day, 0, 20, **words) for day in range(30)),
        committed("Unused", 29, 0, 400, **words),
    ]
    for commit in (CREDITS, Commit(**{**CREDITS.__dict__, "commitment_id": "grant-7"})):
        row = told(rows, commit)[0].row(0, named=True)
        assert (row["commitment_id"], row["name"], row["kind"]) == ("grant-7", "credits", "prepaid_credits")
        assert (row["paid"], row["used"], row["unused"], row["term_end"]) == (1000, 600, 400, date(2026, 10, 1))
        assert row["is_balanced"]
    assert told(rows)[0].row(0, named=True)["term_end"] is None


SPEND = Commit(
    "AWS EDP", "2026", "spend", Decimal(12000), "USD", date(2026, 1, 1), date(2027, 1, 1), Parties(issuer="aws")
)  # fmt: skip
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_spend_commit_says_what_will_be_owed() -> None:
    """12,000 for the year; 20 a day for the 181 days to 30 June are 3,620. 184 days are left: 3,620 + 3,680 = 7,300,
    and 12,000 − 7,300 = 4,700 would be owed. Nothing is certain yet. Tax and credits count nothing."""
    rows = [charge(day, 20, start=NEW_YEAR) for day in range(181)]
    rows += [
        charge(9, -50, ChargeCategory="Credit", start=NEW_YEAR),
        charge(9, 5, ChargeCategory="Tax", start=NEW_YEAR),
    ]
    row = told(rows, SPEND)[0].row(-1, named=True)
    assert (row["billing_month"], row["used"], row["cumulative_used"], row["remaining"]) == ("2026-06", 600, 3620, 8380)
    assert (row["daily_rate"], row["projected_used"]) == (20, 7300)
    assert (row["true_up_projected"], row["true_up_certain"], row["expiring_amount"]) == (4700, 0, None)
    kind = Commit(**{**SPEND.__dict__, "true_up": False})
    assert told(rows, kind)[0].row(-1, named=True)["true_up_projected"] == 0


def test_after_its_term_the_true_up_is_certain() -> None:
    """365 days of 20 are 7,300: 4,700 are owed."""
    rows = [charge(day, 20, start=NEW_YEAR) for day in range(400)]
    months = told(rows, SPEND)[0]
    assert months.height == 12
    assert (months["true_up_certain"][-1], months["true_up_projected"][-1], months["true_up_certain"][-2]) == (
        4700,
        4700,
        0,
    )
    spent = told([charge(0, 13000, start=NEW_YEAR)], SPEND)[0].row(0, named=True)
    assert (spent["remaining"], spent["true_up_projected"]) == (0, 0)


def test_a_rate_looks_back_thirty_days() -> None:
    """10 a day in July and 40 in August: at the end of August the last 30 days are all of August: 40."""
    july = datetime(2026, 7, 1, tzinfo=UTC)
    rows = [charge(day, 10 if day < 31 else 40, start=july) for day in range(62)]
    assert told(rows, SPEND)[0]["daily_rate"].to_list()[-2:] == [10, 40]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Savings Plan", "savings_plan"), ("Reservation", "reservation"), ("Committed Use Discount", "committed_use"),
        ("Provisioned Throughput", "provisioned_throughput"), ("Capacity Block", "capacity_block"),
        ("PTU", "provisioned_throughput"), ("Prepaid Service Period", "subscription"),
        ("Prepaid Credits", "prepaid_credits"), ("Flex", "other"),
    ],
)  # fmt: skip
def test_the_vendors_word_says_the_kind(word: str, kind: str) -> None:
    assert told([committed("Used", 0, 0, 1, CommitmentDiscountType=word)])[0]["kind"].to_list() == [kind]


def test_without_commitments_nothing_is_told() -> None:
    months, days = told([charge(0, 1)])
    assert (months.height, days.height) == (0, 0)


amount = st.integers(0, 10**15).map(lambda units: Decimal(units).scaleb(-9))


@given(st.lists(st.tuples(st.integers(0, 60), amount, amount, amount), min_size=1, max_size=12))
def test_nothing_is_lost_between_charges_months_and_days(days: list[tuple[int, Decimal, Decimal, Decimal]]) -> None:
    """Σ paid is Σ billed and Σ used + unused Σ effective of the commitment's charges; burn-down draws the same."""
    rows = [
        row
        for day, paid, used, unused in days
        for row in (
            committed(None, day, paid, 0),
            committed("Used", day, 0, used),
            committed("Unused", day, 0, unused),
        )
    ]
    months, burned = told(rows)
    assert months["paid"].sum() == sum(row["BilledCost"] for row in rows)
    assert months["amortised_cost"].sum() == sum(row["EffectiveCost"] for row in rows) == burned["drawn"].sum()
    assert months["prepaid_balance"][-1] == burned["remaining"][-1]


@given(st.lists(st.integers(-40, 200), min_size=1, max_size=40))
def test_credits_are_never_overdrawn_whatever_comes_back(costs: list[int]) -> None:
    rows = [charge(day, cost, InvoiceIssuerName="Mistral AI", x_Source="mistral") for day, cost in enumerate(costs)]
    days = told(rows, CREDITS, today=date(2026, 9, 1) + timedelta(len(costs)))[1]
    assert days["remaining"].is_between(0, 1000).all()
