"""Amounts as exact decimals, whatever they were stored as, and what rounding to 12 places took.

Text is read as the vendor wrote it. A float is read by its shortest text, which is the number that its writer meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal

import numpy as np
import polars as pl

from connectors.errors import AnswerError
from connectors.protocol import Finding
from models.errors import MoneyError
from models.ledger.focus.tables import DECIMAL_COLUMNS
from models.ledger.money import parse_money_column
from models.table import MONEY

_EXACT = Context(prec=400)


def with_exact_amounts(
    frame: pl.DataFrame, file: str, names: Sequence[str] = DECIMAL_COLUMNS
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Every amount, price and quantity of `names` that is there as Decimal(38, 12).

    Raises `AnswerError` for a value that is no number, naming file, column and value.
    """
    findings: list[Finding] = []
    columns: list[pl.Series] = []
    for name in names:
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
        return _exact_floats(series) if dtype == pl.Float64 else parse_money_column(series.cast(pl.String))
    except MoneyError as error:
        raise AnswerError(f"{file}: {series.name}: {error.what}", remedy=error.remedy) from error


def _exact_floats(series: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Floats by their shortest text, without writing the texts of those that have few digits.

    A float x is n × 10⁻ᵏ to the last digit of its text where n = round(x × 10ᵏ) is below 2⁵¹ and n ÷ 10ᵏ is x again: in
    that range no two numbers of k places lie so close that they are one float. Everything else is read from its text.
    """
    known = series.fill_null(0.0)
    values = known.to_numpy()
    whole, read = pl.Series(series.name, known, dtype=pl.Float64), pl.repeat(False, len(series), eager=True)
    exact = pl.repeat(None, len(series), dtype=MONEY, eager=True)
    for places in (12, 6):
        units = np.rint(values * 10.0**places)
        fits = pl.Series((np.abs(units) < _EXACT_UNITS) & (units / 10.0**places == values)) & ~read
        if fits.any():
            cast = whole.set(~fits, None).cast(pl.Decimal(38, places)).cast(MONEY)
            exact = exact.zip_with(~fits, cast)
            read |= fits
        if read.all():
            break
    exact = exact.set(series.is_null(), None).alias(series.name)
    if read.all():
        return exact, None
    texts = series.set(read, None).cast(pl.String)
    parsed, taken = parse_money_column(texts)
    return exact.zip_with(read, parsed).alias(series.name), taken


_EXACT_UNITS = 2.0**51
"""Below it, a float's product with a power of ten is within half a unit of the decimal that its text writes."""


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
