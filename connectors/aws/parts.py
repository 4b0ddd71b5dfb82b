"""Charges as a part of a translation: with what was read for them, their readings and claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from connectors.aws.charges import BilledBasis, billed
from connectors.native_charges import as_charges, claims_of, counted, readings_of
from connectors.protocol import AS_READ_SCHEMA, ChargesPart, Claim, Window
from models.ledger.focus import COST_AND_USAGE
from models.table import MONEY

_READ = {
    "line_item_currency_code": pl.String,
    "line_item_unblended_cost": MONEY,
    "line_item_net_unblended_cost": MONEY,
}


def charges_part(
    frames: Sequence[pl.DataFrame], read: pl.DataFrame | None, basis: BilledBasis, source: str
) -> ChargesPart:
    """Frames under FOCUS's names as one part. `read` are the bill's rows that they were made of: their money is what
    the charges must sum to, also that of rows that became none; rows are counted as the charges that they became."""
    held = [frame for frame in frames if frame.height]
    made = pl.concat(held, how="diagonal") if len(held) > 1 else held[0] if held else None
    charges = COST_AND_USAGE.empty() if made is None else as_charges(_in_its_own_currency(made), source=source)
    readings = readings_of(charges, provider="aws")
    rows = read if read is not None else pl.DataFrame(schema=_READ)
    return ChargesPart(
        charges,
        _as_read(charges, rows, basis),
        readings,
        (*claims_of(charges), *(usage_claims(charges) if readings.height else ())),
    )


_PRICED_IN = {
    "PricingCurrency": "BillingCurrency",
    "PricingCurrencyContractedUnitPrice": "ContractedUnitPrice",
    "PricingCurrencyEffectiveCost": "EffectiveCost",
    "PricingCurrencyListUnitPrice": "ListUnitPrice",
}


def _in_its_own_currency(made: pl.DataFrame) -> pl.DataFrame:
    """AWS prices in the currency that it bills."""
    return made.with_columns(
        made[billing].alias(pricing) for pricing, billing in _PRICED_IN.items() if billing in made.columns
    )


def usage_claims(charges: pl.DataFrame) -> tuple[Claim, ...]:
    """The usage of every issuer's account whose tokens the charges tell."""
    metered = charges.filter(pl.col("x_Meter").is_not_null()).select("InvoiceIssuerName", "BillingAccountId")
    return tuple(Claim(issuer, account, "usage") for issuer, account in metered.unique().sort(pl.all()).iter_rows())


def _as_read(charges: pl.DataFrame, read: pl.DataFrame, basis: BilledBasis) -> pl.DataFrame:
    money, rows = read.select(billed(basis)).to_series(), charges["BillingCurrency"]
    currencies = read["line_item_currency_code"]
    if len(currencies) and len(rows) and (currencies == rows[0]).all() and (rows == rows[0]).all():
        return pl.DataFrame([(rows[0], len(rows), money.sum())], schema=AS_READ_SCHEMA, orient="row")
    made = charges.group_by(currency="BillingCurrency").agg(made=pl.len().cast(pl.Int64))
    return (
        counted(currencies, money)
        .join(made, on="currency", how="full", coalesce=True)
        .select(
            "currency",
            rows=pl.col("made").fill_null(0),
            billed_cost=pl.col("billed_cost").fill_null(0).cast(MONEY),
        )
        .sort("currency")
    )


def month_end(window: Window) -> datetime:
    """The end of the month that the window begins in; the window may end before."""
    return (window.start + timedelta(days=32)).replace(day=1)
