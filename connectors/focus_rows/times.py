"""Times as UTC instants. A time that names no zone is UTC, as FOCUS wants, and is warned of by the invariants."""

from __future__ import annotations

import polars as pl

from connectors.errors import AnswerError
from models.ledger.focus.tables import INSTANT_COLUMNS

_UTC = pl.Datetime("us", "UTC")
_ZONED = r"(?i)(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$"


def with_instants(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """The four periods as Datetime("us", "UTC").

    Raises `AnswerError` for a value that is no ISO 8601 time, or that is null.
    """
    return frame.with_columns(_instants(frame[name], file) for name in INSTANT_COLUMNS)


def zoned_or_naive(frame: pl.DataFrame) -> pl.DataFrame:
    """For judging a file of text: its times as instants where every one names its zone, else without one; columns that
    hold anything else stay text."""
    columns: list[pl.Series] = []
    for name in INSTANT_COLUMNS:
        if name not in frame.columns or frame.schema[name] != pl.String:
            continue
        times = _parsed(frame[name])
        if times.null_count() == frame[name].null_count():
            zoned = frame[name].str.contains(_ZONED).all()
            columns.append(times if zoned else times.dt.replace_time_zone(None))
    return frame.with_columns(columns)


def _instants(series: pl.Series, file: str) -> pl.Series:
    dtype = series.dtype
    if isinstance(dtype, pl.Datetime):
        times = series if dtype.time_zone else series.dt.replace_time_zone("UTC")
        instants = times.dt.convert_time_zone("UTC").cast(_UTC)
    elif dtype == pl.Date:
        instants = series.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    elif dtype == pl.String:
        instants = _parsed(series)
    else:
        raise AnswerError(f"{file}: {series.name} is {dtype}, not a time", remedy="export times as ISO 8601 in UTC")
    lost = series.filter(instants.is_null())
    if len(lost):
        shown = "null" if lost[0] is None else repr(lost[0])
        raise AnswerError(
            f"{file}: {series.name} is no time in {len(lost)} rows, first {shown}",
            remedy="export times as ISO 8601 in UTC, such as 2026-09-01T00:00:00Z",
        )
    return instants


def _parsed(series: pl.Series) -> pl.Series:
    """ISO 8601 with T or a space, with or without seconds, fraction and zone; a date alone is its midnight."""
    text = (
        series.str.strip_chars()
        .str.replace(r"(?i)\s*(?:UTC|GMT)$", "Z")
        .str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00:00")
        .str.replace(r"^(\d{4}-\d{2}-\d{2})[ t]", "${1}T")
        .str.replace(r"(?i)z$", "+00:00")
        .str.replace(r"^(.*T\d{2}:\d{2})($|[+-])", "${1}:00${2}")
        .str.replace(r"([+-]\d{2})(\d{2})$", "${1}:${2}")
    )
    zoned = text.str.strptime(_UTC, "%Y-%m-%dT%H:%M:%S%.f%:z", strict=False)
    naive = text.str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S%.f", strict=False).dt.replace_time_zone("UTC")
    return pl.select(pl.coalesce(zoned, naive)).to_series().alias(series.name)
