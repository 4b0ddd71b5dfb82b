"""Months are the sums of their days, by the month of use; what has no rate stands apart."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.pools import COSTS
from models.economics.tco import TCO_DAILY
from models.economics.tco_monthly import TCO_MONTHLY, tco_monthly


def day(month: int, number: int, cost: str, **more: Any) -> dict[str, Any]:
    usual = {
        "origin": "charge", "source": "aws", "billing_month": "2026-05", "provider_name": "AWS",
        "charge_category": "Usage", "allocation": "unallocated", "currency": "EUR", "reporting_currency": "USD",
    }  # fmt: skip
    return usual | {"day": datetime(2026, month, number, tzinfo=UTC), **dict.fromkeys(COSTS, Decimal(cost))} | more


def months(*days: dict[str, Any]) -> list[dict[str, Any]]:
    tco = TCO_DAILY.check(
        pl.DataFrame(
            [{name: row.get(name) for name in TCO_DAILY.polars_schema} for row in days], schema=TCO_DAILY.polars_schema
        )
    )
    return TCO_MONTHLY.check(tco_monthly(tco)).rows(named=True)


def test_a_day_belongs_to_the_month_of_use_and_keeps_its_invoice_month():
    found = months(day(4, 30, "1.000000000001"), day(5, 1, "2"), day(5, 31, "-0.5"), day(5, 9, "4", region="eu-1"))
    assert [
        (row["month"], row["billing_month"], row["billed_cost"], row["first_day"], row["last_day"]) for row in found
    ] == [
        ("2026-04", "2026-05", Decimal("1.000000000001"), date(2026, 4, 30), date(2026, 4, 30)),
        ("2026-05", "2026-05", Decimal("5.5"), date(2026, 5, 1), date(2026, 5, 31)),
    ]


def test_what_has_no_rate_is_in_no_reporting_amount_and_told_beside_it():
    rated = {"exchange_rate": Decimal("1.1"), "reporting_billed_cost": Decimal("2.2"),
             "reporting_effective_cost": Decimal("2.2")}  # fmt: skip
    (month,) = months(day(5, 1, "2", **rated), day(5, 2, "3"))
    assert (month["reporting_effective_cost"], month["effective_cost_without_rate"]) == (Decimal("2.2"), 3)
    (unknown,) = months(day(5, 2, "3"))
    assert (unknown["reporting_billed_cost"], unknown["billed_cost_without_rate"]) == (None, 3)


def test_no_days_are_no_months():
    assert tco_monthly(TCO_DAILY.empty()).is_empty()
    assert TCO_MONTHLY.check(tco_monthly(TCO_DAILY.empty())).schema == TCO_MONTHLY.polars_schema
