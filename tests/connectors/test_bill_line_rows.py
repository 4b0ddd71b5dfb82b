"""Amounts as vendors write them, and identities that survive a restatement."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.bill_line_rows import BillLine, read_amount, read_currency, to_bill_lines
from models.ledger.billing import BILL_LINES

START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "value", "rounding"),
    [
        (Decimal("0.06"), "0.06", "0"),
        ("12.50", "12.50", "0"),
        ("1e-7", "0.0000001", "0"),
        (Decimal("3.5E+2"), "350", "0"),
        (7, "7", "0"),
        ("-2500", "-2500", "0"),
        ("-0", "0", "0"),
        ("0E-6176", "0", "0"),
        (Decimal("0E-6176"), "0", "0"),
        ("1e-99999", "0", "1e-99999"),
        ("1." + "0" * 200, "1", "0"),
        # 23 places, half-even at the twelfth: …0005 with more behind it goes up.
        ("0.00000000000050000000001", "0.000000000001", "-0.00000000000049999999999"),
        ("0.0000000000005", "0", "0.0000000000005"),
        ("0.0000000000015", "0.000000000002", "-0.0000000000005"),
        ("12345678901234567890123456.123456789012", "12345678901234567890123456.123456789012", "0"),
    ],
)
def test_amounts_are_exact_and_rounding_is_recorded(said: object, value: str, rounding: str) -> None:
    amount = read_amount(said)
    assert (amount.value, amount.rounding) == (Decimal(value), Decimal(rounding))
    assert not (amount.value.is_zero() and amount.value.is_signed())


def test_cents_are_cents() -> None:
    # The vendor's own example: "123.45" in USD is $1.23 (and 45 hundredths of a cent).
    assert read_amount("123.45", minor_units=2).value == Decimal("1.2345")
    assert read_amount(186, minor_units=2).value == Decimal("1.86")


@pytest.mark.parametrize(
    "said", [None, True, 1.5, "", "NaN", "Infinity", "1_000", "0x1", "$3", "1e999", "9" * 40, [], "٣", Decimal("NaN")]
)
def test_what_is_no_amount_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match=r"amount|bill"):
        read_amount(said)


def test_currencies_are_upper_case() -> None:
    assert read_currency("usd") == "USD"
    with pytest.raises(ValueError, match="currency"):
        read_currency("dollars")


def line(amount: str, *key: str | None) -> BillLine:
    return BillLine(
        key=key, window_start=START, window_end=END, amount=read_amount(amount), currency="USD", description=key[0]
    )


def ids(*lines: BillLine) -> dict[Decimal, str]:
    frame = BILL_LINES.check(to_bill_lines(lines, source="acme", provider="openai", stream="costs", account_id="org-1"))
    return dict(zip(frame["amount"], frame["line_id"], strict=True))


def test_none_is_not_the_empty_text() -> None:
    found = ids(line("1", "a", None), line("2", "a", ""))
    assert len(set(found.values())) == 2


def test_a_restated_amount_keeps_its_identity() -> None:
    assert ids(line("1", "a"))[Decimal(1)] == ids(line("9", "a"))[Decimal(9)]


def test_lines_with_the_same_dimensions_stay_apart_in_whatever_order_they_come() -> None:
    one, other = line("1", "a"), line("2", "a")
    assert ids(one, other) == ids(other, one)
    assert len(ids(one, other)) == 2
    same_twice = to_bill_lines(
        [line("1", "a"), line("1", "a")], source="acme", provider="openai", stream="costs", account_id="org-1"
    )
    assert same_twice["line_id"].n_unique() == 2
    assert same_twice["amount"].sum() == Decimal(2)


def test_what_rounding_took_stays_exact_and_short() -> None:
    lines = [line("1e-13", "a"), line("1e-99999", "b")]
    frame = to_bill_lines(lines, source="acme", provider="openai", stream="costs", account_id="org-1")
    assert set(frame["rounding"]) == {"0.0000000000001", "1E-99999"}


def test_no_lines_are_an_empty_table() -> None:
    empty = to_bill_lines([], source="acme", provider="openai", stream="costs", account_id="org-1")
    assert BILL_LINES.check(empty).height == 0
