"""What an imported invoice is: its head, which all of its lines share, and its lines. Reading files is in `reading`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

STATUSES = ("Open", "Issued", "Voided")
"""FOCUS InvoiceIssueStatus, in the order in which an invoice goes through them: the later takes the earlier's place."""


@dataclass(frozen=True)
class Place:
    """Where something stands in a file, for people."""

    file: str
    row: int

    def __str__(self) -> str:
        return f"{self.file} line {self.row}"


@dataclass(frozen=True)
class InvoiceHead:
    """What all lines of an invoice share. `billing_period` is YYYY-MM; `reference_invoice` is what it adjusts."""

    invoice_id: str
    issuer: str
    account: str
    currency: str
    billing_period: str
    status: str
    issue_date: date | None
    due_date: date | None
    terms: str | None
    purchase_order: str | None
    reference_invoice: str | None


@dataclass(frozen=True)
class InvoiceLine:
    """One line: `amount` in the invoice's currency, for the days in [`service_start`, `service_end`).

    `charges` says what becomes of it (own, feed or none), `declared_cost` whose place it takes, if any.
    """

    line: str
    description: str | None
    category: str
    amount: Decimal
    charges: str
    provider: str
    service: str
    service_category: str
    service_start: date
    service_end: date
    declared_cost: str | None
    declared_part: str | None
    tags: tuple[tuple[str, str], ...]
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Invoice:
    """A whole invoice; the same invoice in two files is equal, wherever its lines stand."""

    head: InvoiceHead
    lines: tuple[InvoiceLine, ...]
    place: Place = field(compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """Issuer and number: what makes an invoice the same one."""
        return self.head.issuer, self.head.invoice_id

    @property
    def is_voided(self) -> bool:
        return self.head.status == "Voided"

    def detail_id(self, line: InvoiceLine) -> str:
        """FOCUS InvoiceDetailId: the line within its invoice, unlike any other invoice's."""
        return f"{self.head.invoice_id}/{line.line}"
