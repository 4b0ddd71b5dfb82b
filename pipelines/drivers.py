"""Series of business units as `outlay.yaml` names them: CSV, Parquet, or SQL over what is published now.

A series that cannot be read is told, and stops nothing: that driver has no unit cost. Days that it leaves out are no
mistake: what they cost stands apart, unmeasured. SQL goes through the same door as everybody's and sees the warehouse
of the publishing before, for the one under way is not there yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from models.economics.business_units import VALUES, Driver
from models.errors import MoneyError, OutlayError
from models.ledger.money import parse_money, parse_money_column
from models.table import MONEY
from pipelines.door import query
from pipelines.home import Home
from pipelines.settings.measures import DriverSettings

_REMEDY = "the series needs `day` (YYYY-MM-DD) and `value` (an exact number) in each row, each day once"
_SHOWN = 5


def drivers(told: Sequence[DriverSettings], home: Home) -> tuple[list[Driver], list[OutlayError]]:
    """The drivers whose series can be read, and what is wrong with the others."""
    read: list[Driver] = []
    problems: list[OutlayError] = []
    for settings in told:
        try:
            values = _values(settings, home)
        except OutlayError as error:
            error.source = error.source or f"driver {settings.name!r}"
            problems.append(error)
            continue
        if not values.is_empty():
            read.append(Driver(settings.name, settings.unit, values, settings.scope, settings.month))
    return read, problems


def _values(settings: DriverSettings, home: Home) -> pl.DataFrame:
    if settings.sql is not None:
        # before the first publishing there is nothing to ask; the next one will have it
        rows = query(home.published, settings.sql).rows if home.published.exists() else pl.DataFrame(schema=VALUES)
        return _checked(rows, "the query's answer", first=1)
    path = home.root / Path(settings.file or "").expanduser()
    return _checked(_file(path), path.name, first=1 if path.suffix == ".parquet" else 2)


def _file(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise OutlayError(f"{path} is not there", remedy="correct `file` under drivers")
    try:
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise OutlayError(f"{path} cannot be read: {str(error).splitlines()[0][:200]}", remedy=_REMEDY) from None


def _checked(rows: pl.DataFrame, where: str, *, first: int) -> pl.DataFrame:
    """VALUES in order of days; `first` is the number of the first row, as people count in that kind of file."""
    missing = [name for name in VALUES if name not in rows.columns]
    if missing:
        raise OutlayError(f"{where}: column {missing[0]!r} is missing", remedy=_REMEDY)
    rows = rows.select("day", "value").with_row_index("row", offset=first)
    days = _days(rows, where)
    values = _amounts(rows, where)
    series = rows.select("row", day=days, value=values)
    for wrong, what in (
        (pl.col("day").is_null(), "has no day such as 2026-09-30"),
        (pl.col("value").is_null(), "has no value"),
        (pl.col("value") < 0, "has a value below 0"),
        (pl.col("day").is_duplicated(), "tells of a day that stands there twice"),
    ):
        found = series.filter(wrong)["row"].to_list()
        if found:
            lines = ", ".join(str(row) for row in found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
            raise OutlayError(f"{where} row {lines}: {what}", remedy=_REMEDY)
    return series.select(list(VALUES)).sort("day")


def _days(rows: pl.DataFrame, where: str) -> pl.Series:
    day = rows["day"]
    if day.dtype == pl.String:
        return day.str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
    if isinstance(day.dtype, pl.Date | pl.Datetime):
        return day.cast(pl.Date)
    raise OutlayError(f"{where}: day is {day.dtype}, no date", remedy=_REMEDY)


def _amounts(rows: pl.DataFrame, where: str) -> pl.Series:
    value = rows["value"]
    if value.dtype.is_float():
        raise OutlayError(
            f"{where}: value is a binary fraction ({value.dtype}), which is not exact",
            remedy="write it as text or an integer, or CAST(value AS DECIMAL(38, 12))",
        )
    if value.dtype == pl.String:
        # a blank is no value; what is neither a blank nor a number is a mistake
        return _numbers(rows["row"], value.str.strip_chars().replace("", None), where)
    try:
        return value.cast(MONEY)
    except pl.exceptions.PolarsError as error:
        raise OutlayError(f"{where}: value {str(error).splitlines()[0][:200]}", remedy=_REMEDY) from None


def _numbers(rows: pl.Series, texts: pl.Series, where: str) -> pl.Series:
    try:
        return parse_money_column(texts)[0]
    except MoneyError:
        for row, text in zip(rows, texts, strict=True):
            try:
                parse_money(text or "0")
            except MoneyError as error:
                raise OutlayError(f"{where} row {row}: value {error.what}", remedy=_REMEDY) from None
        raise
