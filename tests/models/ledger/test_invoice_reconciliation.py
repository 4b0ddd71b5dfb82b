"""Imported invoices against charges: by number, by account and month where no charge has one, and what is left over."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from models.ledger.focus import INVOICE_DETAIL
from models.ledger.invoice_reconciliation import CHARGED_SCHEMA, invoice_checks, invoice_reconciliation
from models.ledger.trust import CHECKS

OCTOBER, NOVEMBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


def line(invoice_id: str, amount: Any, **said: Any) -> dict[str, Any]:
    """A line of an invoice of OpenAI for October that a feed brings the charges of, but for what is said."""
    text = {
        "BillingAccountId": "org-1",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "InvoiceDetailId": f"{invoice_id}/{amount}",
        "InvoiceId": invoice_id,
        "InvoiceIssueStatus": "Issued",
        "InvoiceIssuerName": "OpenAI",
        "PaymentTerms": "Net 30",
        "ReferenceInvoiceId": invoice_id,
        "x_BillingMonth": "2026-10",
        "x_Charges": "feed",
        "x_Source": "invoices",
    }
    periods = ("BillingPeriod{}", "x_ServicePeriod{}")
    instants = {each.format(edge): at for each in periods for edge, at in (("Start", OCTOBER), ("End", NOVEMBER))}
    made = dict.fromkeys(("InvoiceDetailCreated", "InvoiceDetailLastUpdated"), NOVEMBER)
    return {**text, **instants, **made, "BilledCost": Decimal(amount), **said}


def charged(*rows: tuple[str, str | None, Any]) -> pl.DataFrame:
    """Charges of October in dollars: account, invoice number and sum."""
    return pl.DataFrame(
        [("OpenAI", account, "2026-10", invoice, "USD", Decimal(amount), 7) for account, invoice, amount in rows],
        schema=CHARGED_SCHEMA,
        orient="row",
    )


def reconciled(lines: list[dict[str, Any]], charges: pl.DataFrame) -> list[tuple[Any, ...]]:
    details = pl.DataFrame(lines, schema=INVOICE_DETAIL.polars_schema)
    columns = ("invoice_id", "invoiced", "charged", "difference", "matched_by", "status")
    return invoice_reconciliation(details, charges).select(columns).rows()


def test_an_invoice_equals_the_charges_of_its_number_or_differs_to_the_last_place():
    lines = [line("A", "70.5"), line("A", "29.5"), line("B", "12")]
    charges = charged(("org-1", "A", "100"), ("org-1", "B", "11.99"))
    assert reconciled(lines, charges) == [
        ("A", 100, 100, 0, "invoice", "equal"),
        ("B", 12, Decimal("11.99"), Decimal("-0.01"), "invoice", "differs"),
    ]


def test_half_a_cent_a_line_is_rounding_for_charges_have_more_places_than_invoices():
    """Two lines of dollars may be 0.01 off, one of yen half a yen."""
    lines = [line("A", "70"), line("A", "30"), line("B", "5", BillingCurrency="JPY")]
    charges = pl.concat(
        [charged(("org-1", "A", "100.01")), charged(("org-1", "B", "5.5")).with_columns(currency=pl.lit("JPY"))]
    )
    assert [row[-1] for row in reconciled(lines, charges)] == ["rounding", "rounding"]
    charges = pl.concat(
        [charged(("org-1", "A", "100.011")), charged(("org-1", "B", "5.6")).with_columns(currency=pl.lit("JPY"))]
    )
    assert [row[-1] for row in reconciled(lines, charges)] == ["differs", "differs"]


def test_each_imported_invoice_is_a_proof():
    details = pl.DataFrame([line("A", "100"), line("B", "7")], schema=INVOICE_DETAIL.polars_schema)
    proofs = invoice_checks(invoice_reconciliation(details, charged(("org-1", "A", "100"), ("org-1", "Z", "1"))))
    assert CHECKS.check(proofs).select("subject", "expected", "actual", "passed").rows() == [
        ("OpenAI A", 100, 100, True),
        ("OpenAI B", 7, 0, False),
    ]


def test_charges_of_a_number_in_several_accounts_and_months_are_all_of_it():
    charges = pl.concat([charged(("org-1", "A", "60")), charged(("org-2", "A", "40"))])
    assert reconciled([line("A", "100")], charges) == [("A", 100, 100, 0, "invoice", "equal")]


def test_cost_reports_that_name_no_invoice_are_matched_by_account_and_month():
    assert reconciled([line("A", "100")], charged(("org-1", None, "98"))) == [
        ("A", 100, 98, -2, "account and month", "differs")
    ]


def test_two_invoices_of_one_month_cannot_be_told_apart_by_it():
    assert reconciled([line("A", "60"), line("B", "40")], charged(("org-1", None, "100"))) == [
        ("A", 60, None, None, None, "no charges"),
        ("B", 40, None, None, None, "no charges"),
    ]


def test_an_issuer_is_the_same_however_it_is_spelt():
    charges = charged(("1234", "A", "5")).with_columns(issuer_name=pl.lit("AWS"))
    lines = [line("A", "5", InvoiceIssuerName="Amazon Web Services EMEA SARL", BillingAccountId="1234")]
    assert reconciled(lines, charges)[0][-1] == "equal"


def test_charges_of_a_number_that_was_not_imported_are_listed():
    assert reconciled([], charged(("org-1", "Z", "3"))) == [("Z", None, 3, None, None, "not invoiced")]


def test_recoverable_tax_is_not_due_from_charges():
    lines = [line("A", "100"), line("A", "19", x_Charges="none", ChargeCategory="Tax")]
    assert reconciled(lines, charged(("org-1", "A", "100"))) == [("A", 119, 100, 0, "invoice", "equal")]


def test_a_voided_invoice_is_due_nothing():
    voided = line("A", "100", InvoiceIssueStatus="Voided")
    assert reconciled([voided], charged()) == [("A", 100, None, None, None, "voided")]
    assert reconciled([voided], charged(("org-1", "A", "100"))) == [("A", 100, 100, 100, "invoice", "differs")]


def test_charges_without_a_number_are_not_listed():
    assert reconciled([], charged(("org-1", None, "3"))) == []
