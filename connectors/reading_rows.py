"""Meter readings out of vendors' answers: from one column a meter to one row a meter, in the contract's columns.

Here belong the shape and the sum of rows that share every dimension. Which field feeds which meter belongs to the
vendor's connector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from connectors.protocol import TOKEN_TOTALS_SCHEMA
from models.ledger.metering import METER_READINGS
from models.ledger.units import METERS
from models.table import MONEY

_GIVEN = (
    "window_start", "window_end", "project_id", "api_key_id", "user_id", "model", "processing_tier", "service_tier",
    "inference_geo", "context_window", "detail", "attribution",
)  # fmt: skip
"""The columns that a vendor's connector may fill; what it leaves out is null."""


def by_meter(wide: pl.DataFrame, columns: Mapping[str, str], dimensions: Sequence[str] = _GIVEN) -> pl.DataFrame:
    """A row a meter that counted something: the `dimensions` that `wide` has, `meter` and `count`.

    `columns` maps Int64 columns to meters. Meter by meter, not by one unpivot: most meters of most rows count
    nothing, and a month of them need not fit into memory.
    """
    kept = [name for name in dimensions if name in wide.columns]
    return pl.concat(
        wide.lazy()
        .filter(pl.col(column) > 0)
        .select(*kept, pl.lit(meter).alias("meter"), pl.col(column).alias("count"))
        .collect()
        for column, meter in columns.items()
    )


def to_readings(counted: pl.DataFrame, *, source: str, provider: str, stream: str, account_id: str) -> pl.DataFrame:
    """The contract `usage.meter_readings` from rows with a `meter` and an Int64 `count` each.

    Meters that counted nothing are no reading. Rows that share every dimension are added up.
    """
    present = [name for name in _GIVEN if name in counted.columns]
    long = (
        counted.filter(pl.col("count") > 0).group_by(*present, "meter", maintain_order=True).agg(pl.col("count").sum())
    )
    kinds = {name: name if meter.is_token_kind else None for name, meter in METERS.items()}
    schema = METER_READINGS.polars_schema
    missing = [name for name in schema if name in (*_GIVEN, "project_name", "api_key_name", "user_name")]
    return long.with_columns(
        *(pl.lit(None, dtype=pl.String).alias(name) for name in missing if name not in present),
        pl.lit(source).alias("source"),
        pl.lit(provider).alias("provider"),
        pl.lit(stream).alias("stream"),
        pl.lit(account_id).alias("account_id"),
        pl.col("window_start").dt.strftime("%Y-%m").alias("billing_period"),
        pl.col("meter").replace_strict(kinds, return_dtype=pl.String).alias("token_kind"),
        pl.col("meter")
        .replace_strict({name: meter.unit for name, meter in METERS.items()}, return_dtype=pl.String)
        .alias("unit"),
        pl.col("count").cast(MONEY).alias("quantity"),
    ).select(list(schema))


def to_totals(rows: pl.DataFrame, stream: str, directions: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """The vendor's own token totals per window, by direction, in TOKEN_TOTALS_SCHEMA."""
    if not directions:
        return pl.DataFrame(schema=TOKEN_TOTALS_SCHEMA)
    return (
        rows.group_by("window_start", maintain_order=True)
        .agg(*(total.sum().cast(pl.Int64).alias(name) for name, total in directions.items()))
        .unpivot(on=list(directions), index="window_start", variable_name="direction", value_name="tokens")
        .with_columns(pl.lit(stream).alias("stream"))
        .select(list(TOKEN_TOTALS_SCHEMA))
    )
