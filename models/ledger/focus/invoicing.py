"""The columns of FOCUS 1.4 Invoice Detail and Billing Period: what was invoiced, and which periods are closed."""

from __future__ import annotations

from models.ledger.focus.column import Column
from models.ledger.focus.cost_and_usage import CHARGE_CATEGORIES

INVOICE_DETAIL_COLUMNS: tuple[Column, ...] = (
    Column("BilledCost", "decimal", "mandatory", False, "Amount of the invoice line, in BillingCurrency",
           since="1.4"),
    Column("BillingAccountId", "text", "mandatory", False, "Account that is invoiced", since="1.4"),
    Column("BillingCurrency", "text", "mandatory", False, "ISO 4217 code of BilledCost", "currency", "1.4"),
    Column("BillingPeriodEnd", "instant", "mandatory", False, "End of the invoiced period, exclusive", since="1.4"),
    Column("BillingPeriodStart", "instant", "mandatory", False, "Start of the invoiced period, inclusive",
           since="1.4"),
    Column("ChargeCategory", "text", "mandatory", False, "What kind of charge the line holds", since="1.4",
           values=CHARGE_CATEGORIES),
    Column("InvoiceDetailCreated", "instant", "mandatory", False, "When the record was made", since="1.4"),
    Column("InvoiceDetailDescription", "text", "mandatory", True, "The line in a few words", since="1.4"),
    Column("InvoiceDetailGrain", "json", "mandatory", True, "What sets this line apart from the others",
           "key_value", "1.4"),
    Column("InvoiceDetailId", "text", "mandatory", False, "Identifier of the line within its invoice", since="1.4"),
    Column("InvoiceDetailLastUpdated", "instant", "mandatory", False, "When the record last changed", since="1.4"),
    Column("InvoiceId", "text", "mandatory", False, "The issuer's number of the invoice", since="1.4"),
    Column("InvoiceIssueDate", "instant", "mandatory", True, "When the invoice was issued", since="1.4"),
    Column("InvoiceIssueStatus", "text", "mandatory", False, "Whether the invoice is out", since="1.4",
           values=("Open", "Issued", "Voided")),
    Column("InvoiceIssuerName", "text", "mandatory", False, "Who sends the invoice", since="1.4"),
    Column("PaymentCurrency", "text", "conditional", False, "Currency that is paid in", "currency", "1.4"),
    Column("PaymentCurrencyBilledCost", "decimal", "conditional", False, "BilledCost in PaymentCurrency",
           since="1.4"),
    Column("PaymentCurrencyInvoiceDetailId", "text", "conditional", False,
           "Line that holds the amount in PaymentCurrency", since="1.4"),
    Column("PaymentDueDate", "instant", "mandatory", True, "By when it must be paid", since="1.4"),
    Column("PaymentTerms", "text", "mandatory", False, "Terms of payment on the invoice, such as Net 30",
           since="1.4"),
    Column("PurchaseOrderNumber", "text", "conditional", True, "The customer's purchase order", since="1.4"),
    Column("ReferenceInvoiceId", "text", "mandatory", False, "Invoice that this one adjusts, else itself",
           since="1.4"),
)  # fmt: skip
"""The 22 columns of FOCUS 1.4."""

LINE_CHARGES = ("own", "feed", "none")

INVOICE_EXTENSION_COLUMNS: tuple[Column, ...] = (
    Column("x_BillingMonth", "text", "extension", False, "Billing period as YYYY-MM", since=""),
    Column("x_Charges", "text", "extension", False,
           "own: charges are made from the line; feed: another source brings them; none: no cost of ours, such as "
           "recoverable tax", since="", values=LINE_CHARGES),
    Column("x_DeclaredCost", "text", "extension", True, "Declared cost whose place it takes", since=""),
    Column("x_DeclaredPart", "text", "extension", True, "Part of that cost; null is all of it", since=""),
    Column("x_ServicePeriodEnd", "instant", "extension", False, "End of what the line pays for, exclusive", since=""),
    Column("x_ServicePeriodStart", "instant", "extension", False, "Start of what the line pays for, inclusive",
           since=""),
    Column("x_Source", "text", "extension", False, "Name of the source that the invoice was imported under", since=""),
)  # fmt: skip
"""Our own columns of Invoice Detail, alphabetical."""

BILLING_PERIOD_COLUMNS: tuple[Column, ...] = (
    Column("BillingPeriodCreated", "instant", "mandatory", False, "When the period was first seen", since="1.3"),
    Column("BillingPeriodEnd", "instant", "mandatory", False, "End of the period, exclusive", since="1.3"),
    Column("BillingPeriodLastUpdated", "instant", "mandatory", False, "When the record last changed", since="1.3"),
    Column("BillingPeriodStart", "instant", "mandatory", False, "Start of the period, inclusive", since="1.3"),
    Column("BillingPeriodStatus", "text", "mandatory", False, "Whether its charges may still change", since="1.3",
           values=("Open", "Closed")),
    Column("InvoiceIssuerName", "text", "mandatory", False, "Whose period it is", since="1.3"),
)  # fmt: skip
"""The 6 columns of FOCUS 1.4."""
