"""List cost from the public catalog, for rows whose export does not tell it. Pure."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from models.ledger.money import product
from models.table import MONEY

LIST_PRICES = pl.Schema({"sku_id": pl.String, "tier_start": MONEY, "currency": pl.String, "unit_price": MONEY})
"""Public price of one pricing unit of a SKU, by the usage from which it holds."""


def with_list_costs(rows: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Rows with `list_cost` where it was null and the catalog knows the SKU's price in the row's tier and currency."""
    if prices.is_empty():
        return rows
    keyed = rows.with_columns(from_usage=pl.col("tier_start").fill_null(Decimal(0)))
    known = keyed.join(
        prices.rename({"tier_start": "from_usage"}),
        on=["sku_id", "from_usage", "currency"],
        how="left",
        maintain_order="left",
    )
    listed = product(pl.col("unit_price"), pl.col("priced_amount"))
    return known.with_columns(list_cost=pl.coalesce("list_cost", listed)).drop("from_usage", "unit_price")
