"""Makes any table of charges comparable: the ledger's dtypes, absent columns as nulls. Only for judging: what cannot
be read is counted, and the caller's table stays as it is."""

from __future__ import annotations

import json

import polars as pl

from models.ledger.focus.column import Column
from models.ledger.focus.tables import CHARGE_COLUMNS
from models.table import MONEY


def alike(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The frame with every column of `focus.cost_and_usage` in its dtype, and others as they are; and how many values
    of which column could not be read."""
    columns = [
        _read(frame[name], column)
        if name in frame.columns
        else pl.Series(name, [None], dtype=column.dtype).new_from_index(0, frame.height)
        for name, column in CHARGE_COLUMNS.items()
    ]
    unreadable = {
        series.name: lost
        for series in columns
        if series.name in frame.columns and (lost := series.null_count() - frame[series.name].null_count()) > 0
    }
    return frame.with_columns(columns), unreadable


def _read(series: pl.Series, column: Column) -> pl.Series:
    dtype = series.dtype
    if column.kind == "decimal":
        # a float's shortest text is the number that its writer meant
        exact = series.cast(pl.String) if dtype.is_float() else series
        return exact.cast(MONEY, strict=False)
    if column.kind == "instant":
        if dtype == pl.String:
            return series.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            return series.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
        return series.cast(pl.Datetime("us"), strict=False).dt.replace_time_zone("UTC")
    if dtype.is_nested():
        return pl.Series(series.name, [_object_text(value) for value in series.to_list()], dtype=pl.String)
    return series.cast(pl.String, strict=False)


def _object_text(value: object) -> str | None:
    """A map or struct as the JSON object that it stands for."""
    if value is None:
        return None
    if isinstance(value, list):
        pairs = [entry for entry in value if isinstance(entry, dict)]
        if len(pairs) == len(value) and all(set(pair) == {"key", "value"} for pair in pairs):
            value = {pair["key"]: pair["value"] for pair in pairs}
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if item is not None}
    return json.dumps(value, default=str, sort_keys=True)
