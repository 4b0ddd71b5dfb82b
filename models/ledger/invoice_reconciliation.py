"""Invoices against charges: what an imported invoice says, and what the charges that bear its number sum to.

Rules of money, 14: an invoice number made from our own sum proves nothing, so only imported invoices are held against
anything. Reading invoices belongs to a connector; bill lines against usage to `reconciliation`.
"""

from __future__ import annotations

from decimal import Decimal

import dataframely as dy
import polars as pl

from models.ledger.focus.currencies import minor_unit_places
from models.ledger.money import product
from models.ledger.trust import CHECKS
from models.ledger.vendors import account_key, issuer_family
from models.table import MONEY, Table, money, text

STATUSES = ("equal", "rounding", "differs", "no charges", "not invoiced", "voided")
MATCHED_BY = ("invoice", "account and month")


class InvoiceReconciliation(dy.Schema):
    """One row per invoice and the source it was imported under, or per number that only charges name."""

    invoice_id = text("The issuer's number of the invoice")
    issuer_name = text("FOCUS InvoiceIssuerName, as the invoice writes it; the charges' where there is no invoice")
    account_id = text("Account that is invoiced")
    billing_month = text("Month that it bills, YYYY-MM; of several the first")
    source = text("Source that the invoice was imported under; null where none was", nullable=True)
    currency = text("ISO 4217 code of the amounts")
    invoiced = money("Sum of the invoice's lines, tax included; null where no invoice was imported", nullable=True)
    no_cost = money("Of that what is no cost of ours, such as recoverable tax", nullable=True)
    charged = money("BilledCost of the charges that it is held against; null where there are none", nullable=True)
    charges = dy.Int64(nullable=False, description="How many charges that is")
    difference = money("charged − (invoiced − no_cost); a voided invoice is due nothing", nullable=True)
    matched_by = text(
        "invoice: charges bear its number; account and month: charges of its account in that month bear none",
        nullable=True,
        values=MATCHED_BY,
    )
    status = text(
        "equal: to the last place; rounding: but for half a cent a line; differs; no charges: none are known; not "
        "invoiced: charges bear a number that was not imported; voided",
        values=STATUSES,
    )


INVOICE_RECONCILIATION = Table(
    name="invoice_reconciliation",
    schema="marts",
    kind="mart",
    grain="invoice × source that it was imported under",
    meaning="Imported invoices against the charges of their number: equal, or by how much they differ.",
    contract=InvoiceReconciliation,
)

CHECK = "charges of an invoice = the invoice"
"""The proof of a publication that every imported invoice is what its charges sum to."""

CHARGED_SCHEMA = pl.Schema(
    {
        "issuer_name": pl.String,
        "account_id": pl.String,
        "billing_month": pl.String,
        "invoice_id": pl.String,
        "currency": pl.String,
        "charged": MONEY,
        "charges": pl.Int64,
    }
)
"""Charges added up; without an invoice_id those that bear no number."""

_NUMBER = ["issuer", "invoice_id", "currency"]
_MONTH = ["issuer", "account", "billing_month", "currency"]


def charged_by_invoice(charges: pl.LazyFrame) -> pl.LazyFrame:
    """`CHARGED_SCHEMA` of rows of `focus.cost_and_usage`."""
    return charges.group_by(
        issuer_name="InvoiceIssuerName",
        account_id="BillingAccountId",
        billing_month="x_BillingMonth",
        invoice_id="InvoiceId",
        currency="BillingCurrency",
    ).agg(charged=pl.col("BilledCost").sum().cast(MONEY), charges=pl.len().cast(pl.Int64))


def invoice_reconciliation(details: pl.DataFrame, charged: pl.DataFrame) -> pl.DataFrame:
    """`marts.invoice_reconciliation` of `focus.invoice_detail` and charges (`CHARGED_SCHEMA`).

    Issuers are held to be one as their accounts are (`issuer_family`). An invoice of which no charge bears the number
    is held against the charges of its account and month that bear none, where it is that month's only one: vendors'
    cost reports name no invoice. Charges have more places than invoices are written with: up to half a minor unit of
    the currency for each line is rounding.
    """
    invoices = _keyed(_invoices(details))
    sums = _keyed(charged)
    numbered = (
        sums.drop_nulls("invoice_id")
        .group_by(_NUMBER)
        .agg(
            pl.col("issuer_name", "account_id").sort().first(),
            pl.col("billing_month").min(),
            pl.col("charged", "charges").sum(),
        )
    )
    by_number = invoices.join(numbered.select(*_NUMBER, "charged", "charges"), on=_NUMBER, how="left").with_columns(
        matched_by=pl.when(pl.col("charged").is_not_null()).then(pl.lit("invoice"))
    )
    not_invoiced = numbered.join(invoices, on=_NUMBER, how="anti")
    whole = pl.concat([_by_month(by_number, sums), not_invoiced], how="diagonal")
    return INVOICE_RECONCILIATION.check(
        _judged(whole).sort("issuer_name", "billing_month", "invoice_id", "source").select(_COLUMNS)
    )


_COLUMNS = list(INVOICE_RECONCILIATION.polars_schema)


def _invoices(details: pl.DataFrame) -> pl.DataFrame:
    """One row an invoice and source; `due` is what its charges must come to."""
    cost = pl.col("BilledCost")
    voided = pl.col("InvoiceIssueStatus").first() == "Voided"
    return (
        details.group_by(
            invoice_id="InvoiceId",
            issuer_name="InvoiceIssuerName",
            account_id="BillingAccountId",
            billing_month="x_BillingMonth",
            source="x_Source",
            currency="BillingCurrency",
        )
        .agg(
            invoiced=cost.sum(),
            no_cost=cost.filter(pl.col("x_Charges") == "none").sum(),
            lines=pl.len(),
            of_feed=(pl.col("x_Charges") == "feed").any(),
            voided=voided,
        )
        .with_columns(due=pl.when(~pl.col("voided")).then(pl.col("invoiced") - pl.col("no_cost")).otherwise(0))
        .with_columns(pl.col("invoiced", "no_cost", "due").cast(MONEY))
    )


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """With `issuer` and `account` as they are one whoever spells them."""
    families = {name: issuer_family(name) for name in rows["issuer_name"].unique()}
    accounts = {account: account_key(account) for account in rows["account_id"].unique()}
    return rows.with_columns(
        issuer=pl.col("issuer_name").replace_strict(families, return_dtype=pl.String),
        account=pl.col("account_id").replace_strict(accounts, return_dtype=pl.String),
    )


def _by_month(invoices: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Those without charges of their number, against charges without one."""
    nameless = (
        sums.filter(pl.col("invoice_id").is_null())
        .group_by(_MONTH)
        .agg(of_month=pl.col("charged").sum(), charges_of_month=pl.col("charges").sum())
    )
    counts = invoices.group_by("source", *_MONTH).agg(in_month=pl.len())
    is_theirs = (
        pl.col("charged").is_null()
        & pl.col("of_feed")
        & ~pl.col("voided")
        & (pl.col("in_month") == 1)
        & pl.col("of_month").is_not_null()
    )
    return (
        invoices.join(nameless, on=_MONTH, how="left")
        .join(counts, on=["source", *_MONTH])
        .with_columns(
            charged=pl.when(is_theirs).then("of_month").otherwise("charged"),
            charges=pl.when(is_theirs).then("charges_of_month").otherwise("charges"),
            matched_by=pl.when(is_theirs).then(pl.lit("account and month")).otherwise("matched_by"),
        )
        .drop("of_month", "charges_of_month", "in_month", "of_feed")
    )


def invoice_checks(reconciliation: pl.DataFrame) -> pl.DataFrame:
    """CHECKS of `marts.invoice_reconciliation`: a proof for each imported invoice, its number as the subject."""
    return (
        reconciliation.filter(pl.col("source").is_not_null())
        .select(
            "source",
            "currency",
            check=pl.lit(CHECK),
            kind=pl.lit("proof"),
            billing_period="billing_month",
            cost_basis=pl.lit("billed"),
            subject=pl.format("{} {}", "issuer_name", "invoice_id"),
            expected=pl.when(pl.col("status") == "voided")
            .then(0)
            .otherwise(pl.coalesce(pl.col("charged") - pl.col("difference"), pl.col("invoiced") - pl.col("no_cost"))),
            actual=pl.col("charged").fill_null(0),
            passed=pl.col("status").is_in(["equal", "rounding", "voided"]),
            detail=pl.format("Billed cost of its charges is what the invoice says: {}.", "status"),
        )
        .with_columns(difference=pl.col("actual") - pl.col("expected"))
        .select(pl.col(name).cast(dtype) for name, dtype in CHECKS.polars_schema.items())
    )


def _half_unit(currency: str) -> Decimal:
    """Half of the last place that invoices in the currency are written with."""
    return Decimal(5).scaleb(-minor_unit_places(currency) - 1)


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    difference = pl.col("charged") - pl.col("due")
    half_units = {currency: _half_unit(currency) for currency in rows["currency"].unique()}
    # no rows make no mapping, and polars then keeps the text of the column
    half_unit = pl.col("currency").replace_strict(half_units, return_dtype=MONEY) if half_units else pl.lit(0, MONEY)
    rounding = product(half_unit, pl.col("lines").cast(MONEY))
    return rows.with_columns(pl.col("charges").fill_null(0), difference=difference.cast(MONEY)).with_columns(
        status=pl.when(pl.col("invoiced").is_null())
        .then(pl.lit("not invoiced"))
        .when(pl.col("difference").abs() > rounding)
        .then(pl.lit("differs"))
        .when(pl.col("difference") != 0)
        .then(pl.lit("rounding"))
        .when(pl.col("voided"))
        .then(pl.lit("voided"))
        .when((pl.col("charges") == 0) & (pl.col("due") != 0))
        .then(pl.lit("no charges"))
        .otherwise(pl.lit("equal"))
    )
