"""The answer to somebody's own question: how its columns are shown, whatever they are, and the same rows as files.

Files are exact and whole. What is shown is exact too, yet no more of it than a browser likes to hold.
"""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import formats
from models.spreadsheets import as_csv

_MOST_COLUMNS = 200
_MOST_CELLS = 200_000
_LONGEST_TEXT = 2_000
_EXACT_IN_A_BROWSER = 2**53  # the largest whole number up to which none is left out


def show(rows: pl.DataFrame, *, alt: str) -> str | None:
    """The rows as a table; in words what of them is not shown, None where all is."""
    head = rows[:, :_MOST_COLUMNS].head(max(100, _MOST_CELLS // max(1, rows.width)))
    columns = {name: _column(head[name]) for name in head.columns}
    formats.table(_bounded(head), columns, rows=15, alt=alt)
    unseen: list[str] = []
    if head.width < rows.width:
        unseen.append(f"the first {head.width} of {rows.width} columns")
    if head.height < rows.height:
        unseen.append(f"the first {head.height:,} of {rows.height:,} rows")
    return f"Shown are {' and '.join(unseen)}; the files have all." if unseen else None


def csv(rows: pl.DataFrame) -> bytes:
    """For a spreadsheet; decimals and instants exact, nested values as JSON, bytes as hexadecimal digits."""
    nested = [name for name, dtype in rows.schema.items() if dtype.is_nested()]
    binary = [name for name, dtype in rows.schema.items() if dtype == pl.Binary]
    return as_csv(
        rows.with_columns(pl.col(nested).map_elements(_json, return_dtype=pl.String), pl.col(binary).bin.encode("hex"))
    )


def parquet(rows: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    rows.write_parquet(out)
    return out.getvalue()


def _bounded(head: pl.DataFrame) -> pl.DataFrame:
    """Everything that a browser would round, draw or choke on, as text."""
    return head.with_columns(
        *(
            pl.col(name).map_elements(_json, return_dtype=pl.String).str.slice(0, _LONGEST_TEXT)
            for name, dtype in head.schema.items()
            if dtype.is_nested()
        ),
        *(pl.col(name).bin.encode("hex") for name, dtype in head.schema.items() if dtype == pl.Binary),
        *(pl.col(name).str.slice(0, _LONGEST_TEXT) for name, dtype in head.schema.items() if dtype == pl.String),
        *(
            pl.col(name).map_elements(lambda amount: _written(amount, ","), return_dtype=pl.String)
            for name, dtype in head.schema.items()
            if dtype.is_decimal() and _places(head[name]) is None
        ),
    )


def _column(values: pl.Series) -> Any:
    name, dtype = values.name, values.dtype
    if dtype.is_decimal():
        places = _places(values)
        return (
            formats.written_column(name)
            if places is None
            else st.column_config.NumberColumn(name, format=f"%,.{places}f")
        )
    if isinstance(dtype, pl.Datetime):
        zone = dtype.time_zone and "UTC"
        label = f"{name} (UTC)" if zone else name
        return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm:ss", timezone=zone)
    if dtype == pl.Date:
        return st.column_config.DateColumn(name, format="YYYY-MM-DD")
    if dtype.is_numeric() or dtype == pl.Boolean or dtype.is_temporal():
        return name
    return formats.text_column(name)


def _places(amounts: pl.Series) -> int | None:
    """As many decimals as its amounts need; None where a browser would round one."""
    written = [_written(amount) for amount in amounts.drop_nulls()]
    places = max((len(text.partition(".")[2]) for text in written), default=0)
    largest = max((abs(amount) for amount in amounts.drop_nulls()), default=Decimal(0))
    return places if largest * 10**places < _EXACT_IN_A_BROWSER else None


def _written(amount: Decimal, thousands: str = "") -> str:
    """Without the zeros that only the type put there."""
    text = f"{amount:{thousands}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _json(value: Any) -> str:
    plain = value.to_list() if isinstance(value, pl.Series) else value
    return json.dumps(
        plain, ensure_ascii=False, default=lambda one: _written(one) if isinstance(one, Decimal) else str(one)
    )
