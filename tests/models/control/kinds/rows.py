"""Rows of published tables for tests: what a test says, and otherwise null or nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl

from models.table import Table


def table(of: Table, *rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of a table; what is not given is zero where it is money that may not be null, else null."""
    columns = of.contract.columns()
    nothing = {
        name: Decimal(0) if isinstance(column.dtype, pl.Decimal) and not column.nullable else None
        for name, column in columns.items()
    }
    for row in rows:
        assert set(row) <= set(columns), f"{set(row) - set(columns)} are no columns of {of.name}"
    return pl.DataFrame([{**nothing, **row} for row in rows], schema=of.polars_schema, orient="row")
