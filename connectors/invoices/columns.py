"""The columns of an invoice file: a row each, with how its text is read. What must hold between them: `reading`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from connectors.invoices.invoice import STATUSES
from models.economics.declared_costs import PARTS
from models.errors import MoneyError
from models.ledger.focus.cost_and_usage import CHARGE_CATEGORIES
from models.ledger.focus.currencies import CURRENCIES
from models.ledger.focus.invoicing import LINE_CHARGES
from models.ledger.focus.services import SERVICE_CATEGORIES
from models.ledger.money import parse_money


class UnreadableError(ValueError):
    """A text that its column cannot take; the message says how to write it."""


@dataclass(frozen=True)
class InvoiceColumn:
    """A column: whether its value is the invoice's or the line's, what it means, and what an empty field stands for."""

    name: str
    of: Literal["invoice", "line"]
    meaning: str
    read: Callable[[str], Any] = str
    required: bool = False
    default: Any = None


def _one_of(values: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in values:
            raise UnreadableError(f"write one of {', '.join(values)}")
        return text

    return read


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else date.min
    except ValueError:
        return date.min


def _date(text: str) -> date:
    day = _day(text)
    if day in (date.min, date.max):  # after the last day of the calendar a period has no end
        raise UnreadableError("write a day as YYYY-MM-DD")
    return day


def _month(text: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise UnreadableError("write a month as YYYY-MM")
    return text


def _currency(text: str) -> str:
    if text not in CURRENCIES:
        raise UnreadableError("write the ISO 4217 code, such as USD")
    return text


def _amount(text: str) -> Decimal:
    try:
        amount, taken = parse_money(text)
    except MoneyError:
        raise UnreadableError("write a plain number with a point and no separators, such as 1070.00") from None
    if taken:
        raise UnreadableError("write at most 12 places after the point: nothing of an invoice is rounded")
    return amount


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    tags = tuple(sorted((key.strip(), value.strip()) for key, _, value in pairs))
    if any(not key or not value for key, value in tags) or len({key for key, _ in tags}) < len(tags):
        raise UnreadableError("write tags as key=value; key=value, each key once")
    return tags


COLUMNS = (
    InvoiceColumn("invoice_id", "invoice", "The issuer's number of the invoice", required=True),
    InvoiceColumn("issuer", "invoice", "Who sends it, as the ledger names the issuer", required=True),
    InvoiceColumn("account", "invoice", "Billing account that is invoiced", required=True),
    InvoiceColumn("currency", "invoice", "ISO 4217 code of all amounts", _currency, required=True),
    InvoiceColumn("billing_period", "invoice", "Month that it bills, `YYYY-MM`", _month, required=True),
    InvoiceColumn("status", "invoice", "`Issued`, `Open` (a draft) or `Voided`", _one_of(STATUSES), default="Issued"),
    InvoiceColumn("issue_date", "invoice", "Day on which it was issued; only an `Open` one has none", _date),
    InvoiceColumn("due_date", "invoice", "Day by which it must be paid", _date),
    InvoiceColumn("terms", "invoice", "Terms of payment; empty: `Net` and the days from issue_date to due_date"),
    InvoiceColumn("purchase_order", "invoice", "Our purchase order"),
    InvoiceColumn("reference_invoice", "invoice", "Number of the invoice that it adjusts, for a credit note"),
    InvoiceColumn("invoice_total", "invoice", "What its lines sum to, tax included; checked where given", _amount),
    InvoiceColumn("amount", "line", "Amount of the line, without tax; negative for money given back", _amount, True),
    InvoiceColumn(
        "charges",
        "line",
        "`own`: no other source brings charges of this account, so they are made from the line; `feed`: another source "
        "brings them, and the line is only set against them; `none`: no cost of ours, such as recoverable VAT",
        _one_of(LINE_CHARGES),
        required=True,
    ),
    InvoiceColumn("line", "line", "Number of the line; empty: its place within the invoice"),
    InvoiceColumn("description", "line", "What is billed, in words"),
    InvoiceColumn(
        "category",
        "line",
        "FOCUS ChargeCategory: `Purchase` is paid for a period, `Usage` after it; `Tax`, `Credit`, `Adjustment`",
        _one_of(CHARGE_CATEGORIES),
        default="Purchase",
    ),
    InvoiceColumn("provider", "line", "Who sells it; empty: the issuer"),
    InvoiceColumn("service", "line", "Name of the service; empty: the provider"),
    InvoiceColumn(
        "service_category", "line", "FOCUS ServiceCategory of the service", _one_of(SERVICE_CATEGORIES), default="Other"
    ),
    InvoiceColumn("service_start", "line", "First day that the line pays for; empty: of billing_period", _date),
    InvoiceColumn(
        "service_end", "line", "Last day that the line pays for, at most ten years; empty: of billing_period", _date
    ),
    InvoiceColumn("declared_cost", "line", "Name of the declared cost (`costs` in outlay.yaml) whose place it takes"),
    InvoiceColumn(
        "declared_part", "line", f"Only this part of it: {', '.join(f'`{part}`' for part in PARTS)}", _one_of(PARTS)
    ),
    InvoiceColumn("tags", "line", "Tags for owner rules: `key=value; key=value`", _tags, default=()),
)
"""Every column, those of the invoice first. Which order a file has them in is its own matter."""
