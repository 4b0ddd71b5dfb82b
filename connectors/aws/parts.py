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

READ = ("line_item_currency_code", "line_item_unblended_cost", "line_item_net_unblended_cost")
"""What a part must know of the rows that it was made of, beside `become`."""


def as_made(read: pl.DataFrame | None, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """`READ` and `become` of rows of which only the whole month tells what they become: the money as it was read, and
    as many charges as were made."""
    schema = {READ[0]: pl.String, READ[1]: MONEY, READ[2]: MONEY}
    none, one = pl.lit(0, pl.Int64), pl.lit(1, pl.Int64)
    rows = pl.DataFrame(schema=schema) if read is None else read.select(READ)
    made = [frame.select(pl.col("BillingCurrency").alias(READ[0]), become=one) for frame in frames if frame.height]
    return pl.concat([rows.with_columns(become=none), *made], how="diagonal").with_columns(
        pl.col(name).fill_null(0) for name in READ[1:2]
    )


def charges_part(frames: Sequence[pl.DataFrame], read: pl.DataFrame, basis: BilledBasis, source: str) -> ChargesPart:
    """Frames under FOCUS's names as one part. `read` (`READ`) are the bill's rows that they were made of: their money
    is what the charges must sum to, also that of rows that became none; `become`: how many charges each must be."""
    held = [frame for frame in frames if frame.height]
    made = pl.concat(held, how="diagonal") if len(held) > 1 else held[0] if held else None
    charges = COST_AND_USAGE.empty() if made is None else as_charges(_in_its_own_currency(made), source=source)
    readings = readings_of(charges, provider="aws")
    return ChargesPart(
        charges,
        _as_read(read, basis),
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


def _as_read(read: pl.DataFrame, basis: BilledBasis) -> pl.DataFrame:
    told = read.select(currency=READ[0], rows="become", billed_cost=billed(basis)).cast(AS_READ_SCHEMA)
    return told.group_by("currency").agg(pl.col("rows", "billed_cost").sum()).cast(AS_READ_SCHEMA).sort("currency")


def month_end(window: Window) -> datetime:
    """The end of the month that the window begins in; the window may end before."""
    return (window.start + timedelta(days=32)).replace(day=1)
