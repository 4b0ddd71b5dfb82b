"""What a file says before anything is made of it: rows and billed cost, for the proof that none was lost or made."""

from __future__ import annotations

import polars as pl

from connectors.exports.amounts import with_exact_amounts
from connectors.native_charges import counted
from connectors.protocol import AS_READ_SCHEMA


def as_read(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """`AS_READ_SCHEMA` of a file's rows under FOCUS's names, not yet up-converted: one row per currency."""
    money = frame.select(pl.col("BillingCurrency").cast(pl.String), "BilledCost")
    exact, _ = with_exact_amounts(money, file)
    return counted(exact["BillingCurrency"], exact["BilledCost"])


def added_up(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """`AS_READ_SCHEMA` of several files together."""
    whole = pl.concat([pl.DataFrame(schema=AS_READ_SCHEMA), *parts])
    return whole.group_by("currency").agg(pl.col("rows", "billed_cost").sum()).cast(AS_READ_SCHEMA).sort("currency")
