"""Charges as a part of a translation: with what was read for them, their readings and claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from connectors.aws.charges import BilledBasis, billed
from connectors.native_charges import as_charges, claims_of, readings_of
from connectors.protocol import AS_READ_SCHEMA, ChargesPart, Claim, Window
from models.ledger.focus import COST_AND_USAGE
from models.table import MONEY

_READ = {
    "line_item_currency_code": pl.String,
    "line_item_unblended_cost": MONEY,
    "line_item_net_unblended_cost": MONEY,
}


def charges_part(
    frames: Sequence[pl.DataFrame],
    read: pl.DataFrame | None,
    become: pl.Series | None,
    basis: BilledBasis,
    source: str,
) -> ChargesPart:
    """Frames under FOCUS's names as one part. `read` are the bill's rows that they were made of: their money is what
    the charges must sum to, also that of rows that became none. `become`: how many charges each row must have become;
    None counts the charges themselves, where the rows alone do not tell."""
    held = [frame for frame in frames if frame.height]
    made = pl.concat(held, how="diagonal") if len(held) > 1 else held[0] if held else None
    charges = COST_AND_USAGE.empty() if made is None else as_charges(_in_its_own_currency(made), source=source)
    readings = readings_of(charges, provider="aws")
    rows = read if read is not None else pl.DataFrame(schema=_READ)
    return ChargesPart(
        charges,
        _as_read(charges, rows, become, basis),
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


def _as_read(charges: pl.DataFrame, read: pl.DataFrame, become: pl.Series | None, basis: BilledBasis) -> pl.DataFrame:
    rows = pl.DataFrame(
        {
            "currency": read["line_item_currency_code"],
            "rows": pl.Series([0], dtype=pl.Int64).new_from_index(0, read.height) if become is None else become,
            "billed_cost": read.select(billed(basis)).to_series(),
        }
    ).cast(AS_READ_SCHEMA)
    if become is None:
        made = charges.select(currency="BillingCurrency", rows=pl.lit(1, pl.Int64), billed_cost=pl.lit(0).cast(MONEY))
        rows = pl.concat([rows, made])
    return rows.group_by("currency").agg(pl.col("rows", "billed_cost").sum()).cast(AS_READ_SCHEMA).sort("currency")


def month_end(window: Window) -> datetime:
    """The end of the month that the window begins in; the window may end before."""
    return (window.start + timedelta(days=32)).replace(day=1)
