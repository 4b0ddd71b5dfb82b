"""Invoices and prices of the sample that were not as agreed; a vendor's words are a formula."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from models.economics.disputes import PRICE_DISPUTES
from models.ledger.invoice_reconciliation import INVOICE_RECONCILIATION
from models.table import Table
from tests.dashboards.sample_basics import HOSTILE, at

Row = dict[str, Any]


def tables() -> dict[Table, list[Row]]:
    """Rows of each of the two tables, of July."""
    return {INVOICE_RECONCILIATION: invoices(), PRICE_DISPUTES: disputes()}


def invoices() -> list[Row]:
    def one(number: str, status: str, invoiced: str | None, charged: str | None) -> Row:
        return {
            "invoice_id": number,
            "issuer_name": HOSTILE,
            "account_id": "openai-org",
            "billing_month": "2026-07",
            "source": "openai",
            "currency": "USD",
            "invoiced": invoiced and Decimal(invoiced),
            "no_cost": invoiced and Decimal(0),
            "charged": charged and Decimal(charged),
            "charges": 12,
            "difference": Decimal(charged) - Decimal(invoiced) if charged and invoiced else None,
            "matched_by": "invoice",
            "status": status,
        }

    return [
        one("INV-1", "equal", "1000.5", "1000.5"),
        one("INV-2", "differs", "100", "104.25"),
        one("INV-3", "not invoiced", None, "12"),
    ]


def disputes() -> list[Row]:
    def one(line: str, expected: str, billed: str) -> Row:
        return {
            "source": "openai",
            "account_id": "openai-org",
            "billing_month": "2026-07",
            "day": at(date(2026, 7, 9)),
            "line_id": line,
            "description": f"=HYPERLINK({HOSTILE})",
            "expected_cost": Decimal(expected),
            "billed_cost": Decimal(billed),
            "difference": Decimal(billed) - Decimal(expected),
            "currency": "USD",
        }

    return [one("line-9", "20", "24"), one("line-10", "5.5", "7.75"), one("line-11", "3", "2")]
