"""Reasons add up to the lines; the largest differences are listed in their order, late bills last."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from models.ledger.reconciliation import RECONCILIATION
from models.ledger.reconciliation_reasons import (
    LISTED,
    RECONCILIATION_DIFFERENCES,
    RECONCILIATION_REASONS,
    largest_differences,
    reconciliation_reasons,
)


def line(reported: str | None, computed: str | None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    known = [Decimal(amount or 0) for amount in (reported, computed)]
    return {
        "source": "openai",
        "billing_period": "2026-05",
        "window_start": datetime(2026, 5, 10, tzinfo=UTC),
        "window_end": datetime(2026, 5, 11, tzinfo=UTC),
        "account_id": "org",
        "line_id": f"line {reported}",
        "match": "matched",
        "reported": reported and known[0],
        "computed": computed and known[1],
        "difference": known[0] - known[1] if reason else Decimal(0),
        "reason": reason,
        "currency": "USD",
    } | more


def lines(*told: dict[str, Any]) -> pl.LazyFrame:
    names = RECONCILIATION.polars_schema
    return RECONCILIATION.check(
        pl.DataFrame([{name: row.get(name) for name in names} for row in told], schema=names)
    ).lazy()


def test_without_a_reason_a_line_agrees_or_has_no_price():
    first: dict[str, Any] = {"window_start": datetime(2026, 5, 2, tzinfo=UTC)}
    rows = RECONCILIATION_REASONS.check(
        reconciliation_reasons(
            lines(line("5", "5"), line("2", "2", **first), line("7", None), line("9", "4", "price"), line("3", None))
        )
    )
    told = rows.select("reason", "lines", "reported", "computed", "difference", "first_day", "last_day").rows()
    tenth = date(2026, 5, 10)
    assert told == [
        ("agrees", 2, 7, 7, 0, date(2026, 5, 2), tenth),
        ("no price", 2, 10, None, 0, tenth, tenth),
        ("price", 1, 9, 4, 5, tenth, tenth),
    ]


def test_a_side_that_is_nowhere_known_is_null_and_known_ones_are_summed():
    unpaid: dict[str, Any] = {"match": "unmatched_usage", "line_id": None}
    rows = reconciliation_reasons(lines(line(None, "4", "late", **unpaid), line(None, None, "late", **unpaid)))
    assert rows.select("reported", "computed", "difference").rows() == [(None, 4, -4)]


def test_the_largest_come_first_late_bills_last_and_trifles_not_at_all():
    rows = RECONCILIATION_DIFFERENCES.check(
        largest_differences(
            lines(
                line("1", "2", "price"),
                line(None, "900", "late"),
                line("9", "1", "tier"),
                line("0.004", "0", "rounding"),
                line("50", "20", "price", source="anthropic"),
                line("5", "5"),
            )
        )
    )
    assert rows.select("source", "rank", "difference", "reason").rows() == [
        ("anthropic", 1, 30, "price"),
        ("openai", 1, 8, "tier"),
        ("openai", 2, -1, "price"),
        ("openai", 3, -900, "late"),
    ]


def test_so_many_are_listed_of_each_source_month_and_currency():
    many = [line(str(cost), "0", "price", currency=currency) for cost in range(1, 302) for currency in ("USD", "EUR")]
    rows = largest_differences(lines(*many))
    assert rows.group_by("currency").len().sort("currency").rows() == [("EUR", LISTED), ("USD", LISTED)]
    assert rows["difference"].min() == 301 - LISTED + 1


def test_nothing_is_no_rows():
    assert RECONCILIATION_REASONS.check(reconciliation_reasons(lines())).is_empty()
    assert RECONCILIATION_DIFFERENCES.check(largest_differences(lines())).is_empty()
