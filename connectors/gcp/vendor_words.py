"""What Google's row says and FOCUS 1.4 has no place for, as one JSON object (x_VendorColumns)."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

_COLUMNS = {
    "adjustment_id": "adjustment_info.id",
    "adjustment_mode": "adjustment_info.mode",
    "adjustment_type": "adjustment_info.type",
    "consumption_model": "consumption_model.description",
    "cost_type": "cost_type",
    "credit_id": "credits.id",
    "credit_type": "credits.type",
    "conversion_rate": "currency_conversion_rate",
    "export_time": "export_time",
    "effective_price": "price.effective_price",
    "tier_start": "price.tier_start_amount",
    "transaction_type": "transaction_type",
}

_USUAL = {"cost_type": "regular", "conversion_rate": Decimal(1), "tier_start": Decimal(0), "transaction_type": "GOOGLE"}
"""What goes without saying, as nearly every row says it."""


def vendor_words(rows: pl.DataFrame) -> pl.Expr:
    """`{"cost_type":"regular",…}` of what is known of each row; columns that say nothing at all are passed over."""
    known = [name for name in _COLUMNS if rows[name].null_count() < rows.height]
    if not known:
        return pl.lit(None, dtype=pl.String)
    together = pl.concat_str([_member(name, _COLUMNS[name]) for name in known], separator=",", ignore_nulls=True)
    return pl.when(together != "").then(pl.concat_str(pl.lit("{"), together, pl.lit("}")))


def _member(name: str, called: str) -> pl.Expr:
    """`"called":"value"`, null where the value is. Decimals are texts, so that no reader makes floats of them."""
    text = pl.col(name).cast(pl.String)
    if name == "export_time":
        value = pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        value = pl.concat_str(pl.lit('"'), value, pl.lit('"'))
    else:
        encoded = pl.struct(text.alias("t")).struct.json_encode()
        value = encoded.str.slice(5, encoded.str.len_chars() - 6)
    is_told = pl.col(name).is_not_null()
    if name in _USUAL:
        is_told &= pl.col(name) != pl.lit(_USUAL[name])
    return pl.when(is_told).then(pl.concat_str(pl.lit(f'"{called}":'), value))
