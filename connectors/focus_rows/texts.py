"""Text and JSON columns as ours: one spelling of nothing, maps and structs as JSON objects, the rest kept aside.

What FOCUS 1.4 has no place for goes into x_VendorColumns, by its own name, so that nothing a vendor sent is lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from connectors.protocol import Finding
from models.ledger.focus.tables import CHARGE_COLUMNS, TEXT_COLUMNS


def with_texts(frame: pl.DataFrame, file: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """FOCUS's text and JSON columns as text; empty text becomes null, and is counted."""
    present = [name for name in TEXT_COLUMNS if name in frame.columns and not name.startswith("x_")]
    texts = [_text(frame[name], is_json=CHARGE_COLUMNS[name].is_json) for name in present]
    empty = {series.name: count for series in texts if (count := int((series == "").sum()))}
    findings = (
        (Finding("empty_text", f"{file}: empty text taken as null in {', '.join(empty)}", sum(empty.values())),)
        if empty
        else ()
    )
    cleaned = [series.set((series == "").fill_null(value=False), None) for series in texts]
    return frame.with_columns(cleaned), findings


def vendor_columns(frame: pl.DataFrame) -> pl.Expr:
    """x_VendorColumns: the known values of every column that is not FOCUS's, as one JSON object; null where none is.

    Our own x_ names come from elsewhere here, so they are kept aside as the vendor's too.
    """
    foreign = foreign_columns(frame.columns)
    if not foreign:
        return pl.lit(None, dtype=pl.String).alias("x_VendorColumns")
    members = [_member(name, frame.schema[name]) for name in foreign]
    together = pl.concat_str(members, separator=",", ignore_nulls=True)
    return pl.when(together != "").then(pl.lit("{") + together + pl.lit("}")).alias("x_VendorColumns")


def foreign_columns(columns: Sequence[str]) -> list[str]:
    """The names that go into x_VendorColumns."""
    return sorted(name for name in columns if name not in CHARGE_COLUMNS or name.startswith("x_"))


def _member(name: str, dtype: pl.DataType) -> pl.Expr:
    """`"name":value`, null where the value is."""
    value = pl.col(name)
    if dtype.is_float():
        value = pl.when(value.is_finite()).then(value)
    elif isinstance(dtype, pl.Binary):
        value = value.bin.encode("base64")
    elif dtype == pl.String:
        value = pl.when(value != "").then(value)
    encoded = pl.struct(value.alias(name)).struct.json_encode()
    return pl.when(value.is_not_null()).then(encoded.str.slice(1, encoded.str.len_chars() - 2))


def _text(series: pl.Series, *, is_json: bool) -> pl.Series:
    dtype = series.dtype
    if dtype == pl.String:
        return series
    if is_json and dtype.is_nested():
        return pl.Series(series.name, [_object(value) for value in series.to_list()], dtype=pl.String)
    if dtype.is_nested():
        return pl.select(pl.struct(series).struct.json_encode()).to_series().alias(series.name)
    return series.cast(pl.String)


def _object(value: object) -> str | None:
    """A map (a list of key and value) or a struct as the JSON object that it stands for, nulls left out."""
    if value is None:
        return None
    pairs: dict[str, object] = {}
    if isinstance(value, dict):
        pairs = {str(key): item for key, item in value.items() if item is not None}
    elif isinstance(value, list):
        if not all(isinstance(entry, dict) and set(entry) == {"key", "value"} for entry in value):
            return json.dumps(value, default=str, ensure_ascii=False)
        pairs = {str(entry["key"]): entry["value"] for entry in value}
    return json.dumps(pairs, default=str, ensure_ascii=False)
