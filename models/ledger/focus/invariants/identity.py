"""Who and what a charge belongs to: no row twice, one currency an invoice, one category a service."""

from __future__ import annotations

import polars as pl

from models.ledger.focus.invariants.rule import Charges, Rule, several
from models.ledger.focus.services import PARENT_CATEGORY


def _is_repeated(charges: Charges) -> pl.Expr | None:
    """The second and every later copy of a row, all columns alike: what a reader would count twice."""
    frame = charges.frame
    told = [name for name in frame.columns if frame[name].null_count() < frame.height]
    # rows are compared in full only where their hashes meet: comparing a million rows of 88 columns takes minutes
    suspects = frame.select(told).with_row_index("row").filter(frame.select(told).hash_rows().is_duplicated())
    if suspects.is_empty():
        return None
    repeated = suspects.filter(~pl.struct(told).is_first_distinct())["row"]
    return pl.int_range(pl.len(), dtype=pl.UInt32).is_in(repeated.implode()) if len(repeated) else None


_PARENT = pl.col("ServiceSubcategory").replace_strict(PARENT_CATEGORY, default=None, return_dtype=pl.String)
_BILL = ("InvoiceIssuerName", "BillingAccountId", "BillingPeriodStart")

IDENTITY_RULES: tuple[Rule, ...] = (
    Rule("no-row-twice", "no row stands twice", ("ChargePeriodStart", "SkuId", "BilledCost"), _is_repeated),
    Rule(
        "subcategory-below-its-category",
        "ServiceSubcategory belongs to its ServiceCategory",
        ("ServiceSubcategory", "ServiceCategory"),
        _PARENT.is_not_null() & (pl.col("ServiceCategory") != _PARENT),
        "CAU-ServiceSubcategory-C-004-M",
    ),
    Rule(
        "one-category-per-service",
        "a ServiceName has one ServiceCategory",
        ("ServiceName", "ServiceCategory"),
        several("ServiceCategory", "ServiceName"),
        "CAU-ServiceName-C-005-C",
    ),
    Rule(
        "one-subcategory-per-service",
        "a ServiceName has one ServiceSubcategory",
        ("ServiceName", "ServiceSubcategory"),
        several("ServiceSubcategory", "ServiceName"),
        "CAU-ServiceName-C-008-C",
    ),
    Rule(
        "one-currency-per-bill",
        "an account's billing period is billed in one currency",
        (*_BILL, "BillingCurrency"),
        several("BillingCurrency", *_BILL),
        "CAU-BillingCurrency-C-005-M",
    ),
    Rule(
        "one-currency-per-invoice",
        "an invoice is in one currency",
        ("InvoiceIssuerName", "InvoiceId", "BillingCurrency"),
        several("BillingCurrency", "InvoiceIssuerName", "InvoiceId"),
        "CAU-BillingCurrency-C-005-M",
    ),
    Rule(
        "one-account-per-invoice",
        "an invoice is for one billing account",
        ("InvoiceIssuerName", "InvoiceId", "BillingAccountId"),
        several("BillingAccountId", "InvoiceIssuerName", "InvoiceId"),
        "CAU-InvoiceId-C-007-C",
    ),
    Rule(
        "one-invoice-per-line",
        "an InvoiceDetailId belongs to one invoice",
        ("InvoiceIssuerName", "InvoiceDetailId", "InvoiceId"),
        several("InvoiceId", "InvoiceIssuerName", "InvoiceDetailId"),
        "CAU-InvoiceDetailId-C-007-M",
    ),
    Rule(
        "one-name-per-region",
        "a RegionId has one name",
        ("RegionId", "RegionName", "HostProviderName"),
        several("RegionName", "RegionId", "HostProviderName"),
        severity="warning",
    ),
)
"""Rules of identity."""
