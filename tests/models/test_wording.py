"""Wording: the awkward amounts first."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from models import wording


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("0.000000000001", "<0.01 USD"),
        ("-0.004", ">-0.01 USD"),
        ("-0.000", "0.00 USD"),
        ("0.005", "0.00 USD"),
        ("0.015", "0.02 USD"),
        ("99999999999999999999999.999999999999", "100,000,000,000,000,000,000,000.00 USD"),
        ("-1234.5", "-1,234.50 USD"),
    ],
)
def test_money_is_half_even_to_the_cent_and_a_trace_is_not_nothing(amount: str, written: str) -> None:
    assert wording.money_text(Decimal(amount), "USD") == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0", "0.00 USD"), ("1.75", "1.75 USD"), ("0.285714285714", "0.286 USD"), ("0.00038444", "0.000384 USD"),
     ("-0.0421", "-0.0421 USD"), ("1234.567", "1,234.57 USD"), ("0.000000000001", "0.000000000001 USD")],
)  # fmt: skip
def test_a_price_has_three_figures_at_least(amount: str, written: str) -> None:
    assert wording.price_text(Decimal(amount), "USD") == written


def test_what_is_unknown_is_a_dash_everywhere() -> None:
    assert {
        wording.price_text(None, "USD"),
        wording.money_text(None, "USD"),
        wording.share_text(None, Decimal(1)),
        wording.share_text(Decimal(1), Decimal(0)),
        wording.change_text(Decimal(1), None),
        wording.count_text(None),
        wording.tokens_text(None),
        wording.day_text(None),
        wording.instant_text(None),
    } == {wording.UNKNOWN}


@pytest.mark.parametrize(
    ("quantity", "unit", "written"),
    [("12345678", "Tokens", "12.3 M tokens"), ("812", "Requests", "812 requests"), ("0", "Tokens", "0 tokens"),
     ("113760", "PTU-Hours", "114 k PTU-hours"), ("0.25", "vCPU-Hours", "0.25 vCPU-hours"),
     ("0.000000000001", "Images", "<0.01 images"), ("17", None, "17 units")],
)  # fmt: skip
def test_quantities_are_in_the_words_of_their_unit(quantity: str, unit: str | None, written: str) -> None:
    assert wording.quantity_text(Decimal(quantity), unit) == written


def test_a_share_that_misses_a_cent_is_not_called_whole() -> None:
    assert wording.share_text(Decimal("99999.99"), Decimal(100000)) == "99.9 %"
    assert wording.share_text(Decimal(5), Decimal(5)) == "100.0 %"


def test_changes_signs_counts_and_dates() -> None:
    assert wording.change_text(Decimal(112), Decimal(100)) == "+12.0 %"
    assert wording.change_text(Decimal(1), Decimal(0)) == "new"
    assert wording.money_text(Decimal(3), "EUR", signed=True) == "+3.00 EUR"
    assert [wording.count_text(n) for n in (999, 1_234, 45_600_000, 789 * 10**9, Decimal("3.2e12"))] == [
        "999", "1.23 k", "45.6 M", "789 B", "3.20 T",
    ]  # fmt: skip
    assert wording.counted(1, "row") == "1 row"
    assert wording.counted(2, "query", "queries") == "2 queries"
    assert wording.day_text(date(2026, 7, 8)) == "8 July 2026"
    assert wording.month_text("2026-07") == "July 2026"
    assert wording.instant_text(datetime(2026, 7, 8, 6, 2, tzinfo=UTC)) == "8 July 2026, 06:02 UTC"


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (None, wording.UNKNOWN),
        ("999.994", "999.99 USD"),
        ("1000.5", "1,000 USD"),
        ("-612399.51", "-612,400 USD"),
        ("0.001", "<0.01 USD"),
    ],
)
def test_what_nobody_knows_to_the_cent_is_whole_from_a_thousand_on(amount: str | None, written: str) -> None:
    assert wording.about_text(None if amount is None else Decimal(amount), "USD") == written
