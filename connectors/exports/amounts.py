"""Amounts as exact decimals, whatever they were stored as, and what rounding to 12 places took.

Text is read as the vendor wrote it. A float is read by its shortest text, which is the number that its writer meant.
"""

from __future__ import annotations

from decimal import Context, Decimal

import polars as pl

from connectors.errors import AnswerError
from connectors.protocol import Finding
from models.errors import MoneyError
from models.ledger.focus.tables import DECIMAL_COLUMNS
from models.ledger.money import parse_money_column
from models.table import MONEY

_EXACT = Context(prec=400)


def with_exact_amounts(frame: pl.DataFrame, file: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Every amount, price and quantity that is there as Decimal(38, 12).

    Raises `AnswerError` for a value that is no number, naming file, column and value.
    """
    findings: list[Finding] = []
    columns: list[pl.Series] = []
    for name in DECIMAL_COLUMNS:
        if name in frame.columns:
            series = frame[name].fill_nan(None) if frame.schema[name].is_float() else frame[name]
            if lost := series.null_count() - frame[name].null_count():
                findings.append(Finding("nan_amounts", f"{file}: {name} is NaN, taken as null", lost))
            exact, taken = _exact(series, file)
            columns.append(exact)
            findings += _rounding(name, taken, file)
    return frame.with_columns(columns), tuple(findings)


def _exact(series: pl.Series, file: str) -> tuple[pl.Series, pl.Series | None]:
    dtype = series.dtype
    if isinstance(dtype, pl.Null) or (isinstance(dtype, pl.Decimal) and dtype.scale <= 12):
        return series.cast(MONEY), None
    if dtype.is_integer():
        return series.cast(pl.Decimal(38, 0)).cast(MONEY), None
    if not (dtype.is_float() or isinstance(dtype, (pl.String, pl.Decimal, pl.Categorical, pl.Enum))):
        raise AnswerError(
            f"{file}: {series.name} is {dtype}, not a number", remedy="export amounts as decimals or plain text"
        )
    try:
        return parse_money_column(series.cast(pl.String))
    except MoneyError as error:
        raise AnswerError(f"{file}: {series.name}: {error.what}", remedy=error.remedy) from error


def _rounding(name: str, taken: pl.Series | None, file: str) -> list[Finding]:
    """What was lost on the way to 12 places, added up exactly."""
    if taken is None:
        return []
    lost = taken.filter((taken != "0").fill_null(value=False))
    if lost.is_empty():
        return []
    total = Decimal(0)
    for amount, rows in lost.value_counts().iter_rows():
        total = _EXACT.add(total, _EXACT.multiply(Decimal(amount), Decimal(rows)))
    detail = f"{file}: {name} has more than 12 places; rounding took {total.normalize(_EXACT)} in all"
    return [Finding("rounded_amounts", detail, len(lost))]
