"""Imported invoices as rows of FOCUS 1.4 Invoice Detail. What they cost by day is in `charges`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from connectors.invoices.invoice import Invoice, InvoiceLine
from connectors.protocol import Window
from models.ledger.focus import INVOICE_DETAIL


def invoice_details(invoices: Iterable[Invoice], *, source: str, read_at: datetime) -> pl.DataFrame:
    """`focus.invoice_detail` of these invoices, voided ones too: a row a line.

    An issuer tells no time at which it made the record: it is the day of issue, and `read_at` for a draft. Raises
    `ContractError` where a row would break the contract.
    """
    rows = [_row(invoice, line, source, read_at) for invoice in invoices for line in invoice.lines]
    return INVOICE_DETAIL.check(pl.DataFrame(rows, schema=INVOICE_DETAIL.polars_schema), source=source)


def _row(invoice: Invoice, line: InvoiceLine, source: str, read_at: datetime) -> dict[str, Any]:
    head = invoice.head
    billed = Window.of_period(head.billing_period)
    recorded = read_at if head.issue_date is None else midnight(head.issue_date)
    return {
        "BilledCost": line.amount,
        "BillingAccountId": head.account,
        "BillingCurrency": head.currency,
        "BillingPeriodEnd": billed.end,
        "BillingPeriodStart": billed.start,
        "ChargeCategory": line.category,
        "InvoiceDetailCreated": recorded,
        "InvoiceDetailDescription": line.description,
        # FOCUS: what sets the line apart from the others of its invoice
        "InvoiceDetailGrain": json.dumps({"x_InvoiceLine": line.line, "x_ServiceName": line.service}),
        "InvoiceDetailId": invoice.detail_id(line),
        "InvoiceDetailLastUpdated": recorded,
        "InvoiceId": head.invoice_id,
        "InvoiceIssueDate": head.issue_date and midnight(head.issue_date),
        "InvoiceIssueStatus": head.status,
        "InvoiceIssuerName": head.issuer,
        "PaymentCurrency": head.currency,
        "PaymentCurrencyBilledCost": line.amount,
        "PaymentCurrencyInvoiceDetailId": invoice.detail_id(line),
        "PaymentDueDate": head.due_date and midnight(head.due_date),
        "PaymentTerms": _terms(invoice),
        "PurchaseOrderNumber": head.purchase_order,
        "ReferenceInvoiceId": head.reference_invoice or head.invoice_id,
        "x_BillingMonth": head.billing_period,
        "x_Charges": line.charges,
        "x_DeclaredCost": line.declared_cost,
        "x_DeclaredPart": line.declared_part,
        "x_ServicePeriodEnd": midnight(line.service_end),
        "x_ServicePeriodStart": midnight(line.service_start),
        "x_Source": source,
    }


def _terms(invoice: Invoice) -> str:
    """FOCUS wants terms in every row: as written, else by the two dates, else that none are stated."""
    head = invoice.head
    if head.terms is not None:
        return head.terms
    if head.issue_date is None or head.due_date is None:
        return "Not stated"
    return f"Net {(head.due_date - head.issue_date).days}"


def midnight(day: date) -> datetime:
    """The instant in UTC at which a day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
