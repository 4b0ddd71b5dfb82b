"""FOCUS 1.0 to 1.4, as a vendor wrote it, up-converted to `focus.cost_and_usage`. One row in, one row out.

Lenient: nothing is dropped and no amount is repaired. Names that 1.3 introduced come from the older ones, columns that
a version lacks are null, what 1.4 has no place for is kept in x_VendorColumns. Whatever had to be filled is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from connectors.errors import AnswerError
from connectors.exports.amounts import with_exact_amounts
from connectors.focus_rows.columns import with_focus_names
from connectors.focus_rows.texts import foreign_columns, vendor_columns, with_texts
from connectors.focus_rows.times import with_instants
from connectors.native_charges import as_charges
from connectors.protocol import Finding

_KNOWN = ("BilledCost", "BillingAccountId", "BillingCurrency", "ChargeCategory")
"""What no row may leave out: nothing can stand for it."""


@dataclass(frozen=True)
class Upconverted:
    """Charges in the contract of `focus.cost_and_usage`, row for row, and what a person should know."""

    charges: pl.DataFrame
    findings: tuple[Finding, ...]


def upconvert(frame: pl.DataFrame, *, source: str, file: str) -> Upconverted:
    """A file's rows as charges of ours.

    Raises `AnswerError` for missing columns, values that cannot be read, and rows without billed cost, account,
    currency or category.
    """
    named, names_found = with_focus_names(frame, file, {})
    aside = foreign_columns(named.columns)
    kept_aside = named.with_columns(vendor_columns(named))["x_VendorColumns"]
    amounts, amounts_found = with_exact_amounts(named.drop(aside), file)
    texts, texts_found = with_texts(with_instants(amounts, file), file)
    for name in _KNOWN:
        if lost := texts[name].null_count():
            raise AnswerError(
                f"{file}: {name} is null in {lost} of {texts.height} rows",
                remedy=f"a charge without {name} cannot be added up: ask the vendor for a whole export",
            )
    filled, fill_found = _with_all_costs(texts, file)
    charges = as_charges(_with_providers(filled).with_columns(x_VendorColumns=kept_aside), source=source)
    if aside:
        names_found = (*names_found, Finding("vendor_columns", f"{file}: {', '.join(aside)}", len(aside)))
    return Upconverted(charges, (*names_found, *amounts_found, *texts_found, *fill_found))


def _with_all_costs(frame: pl.DataFrame, file: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """None of the four costs is null (ACCOUNTING rule 5): contracted falls back to list, list to contracted, both to
    billed; effective is billed. A credit's costs are all its billed one."""
    is_credit = pl.col("ChargeCategory") == "Credit"
    contracted, listed, billed = pl.col("ContractedCost"), pl.col("ListCost"), pl.col("BilledCost")
    filled = frame.with_columns(
        ContractedCost=pl.coalesce(contracted, pl.when(~is_credit).then(listed), billed),
        ListCost=pl.coalesce(listed, pl.when(~is_credit).then(contracted), billed),
        EffectiveCost=pl.coalesce("EffectiveCost", "BilledCost"),
    )
    sources = {
        "ContractedCost": "ListCost, else BilledCost",
        "ListCost": "ContractedCost, else BilledCost",
        "EffectiveCost": "BilledCost",
    }
    return filled, tuple(
        Finding("filled_cost", f"{file}: {name} was null, filled by {by}", lost)
        for name, by in sources.items()
        if (lost := frame[name].null_count())
    )


def _with_providers(frame: pl.DataFrame) -> pl.DataFrame:
    """FOCUS 1.3 split ProviderName: who sells, who hosts, who invoices. Before, one name stood for them all."""
    absent = [name for name in _PROVIDERS if name not in frame.columns]
    known = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    seller = pl.coalesce("ServiceProviderName", "ProviderName", "InvoiceIssuerName")
    host_is_told = "HostProviderName" not in absent
    return known.with_columns(
        ServiceProviderName=seller,
        ProviderName=pl.coalesce("ProviderName", seller),
        HostProviderName=pl.col("HostProviderName") if host_is_told else seller,
        InvoiceIssuerName=pl.coalesce("InvoiceIssuerName", seller),
    )


_PROVIDERS = ("ServiceProviderName", "ProviderName", "PublisherName", "HostProviderName")
