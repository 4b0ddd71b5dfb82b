"""A slice's amounts as exact decimals: columns that hold nothing but zeros or nulls are told apart first, and sparse
ones are read where they say something. Reading one amount exactly belongs to `connectors.exports.amounts`."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from connectors.exports.amounts import with_exact_amounts
from connectors.protocol import Finding
from models.ledger.money import from_units
from models.table import MONEY

_SPARSE = 0.25


def exact_amounts(
    frame: pl.DataFrame, names: Sequence[str], file: str
) -> tuple[dict[str, pl.Series], tuple[Finding, ...]]:
    """Each of `names` as Decimal(38, 12); null throughout where the frame lacks it. Equal columns are read once."""
    read: dict[str, pl.Series] = {}
    findings: list[Finding] = []
    seen: list[tuple[pl.Series, str]] = []
    for name in names:
        if name not in frame.columns or frame[name].null_count() == frame.height:
            read[name] = pl.Series(name, [None], dtype=MONEY).new_from_index(0, frame.height)
            continue
        series = _without_empty_text(frame[name])
        twin = next((known for other, known in seen if other.dtype == series.dtype and _equal(other, series)), None)
        if twin is not None:
            read[name] = read[twin].alias(name)
            continue
        read[name], found = _read(series, file)
        findings += found
        if series.dtype.is_float():
            seen.append((series, name))
    return read, tuple(findings)


def _without_empty_text(series: pl.Series) -> pl.Series:
    """Some amounts are text on the bill; empty text says nothing."""
    return series.set((series == "").fill_null(value=False), None) if series.dtype == pl.String else series


def _equal(left: pl.Series, right: pl.Series) -> bool:
    return left[0] == right[0] and left[-1] == right[-1] and left.equals(right, check_names=False, null_equal=True)


def _read(series: pl.Series, file: str) -> tuple[pl.Series, tuple[Finding, ...]]:
    """Where most rows say nothing (null, or a float's zero) only the others are read."""
    if not series.dtype.is_float():
        return _exact(series, file)
    says = (series != 0).fill_null(value=False) & series.is_not_nan().fill_null(value=False)
    if says.sum() > _SPARSE * len(series) or series.is_nan().any():
        return _exact(series, file)
    plain = pl.select(pl.when(series.is_not_null()).then(pl.lit(0).cast(MONEY))).to_series().alias(series.name)
    places = says.arg_true()
    if places.is_empty():
        return plain, ()
    exact, findings = _exact(series.gather(places), file)
    units = plain.to_physical().scatter(places, exact.to_physical())
    return _from_units(units, series.name), findings


def _from_units(units: pl.Series, name: str) -> pl.Series:
    return pl.select(from_units(pl.lit(units))).to_series().alias(name)


def _exact(series: pl.Series, file: str) -> tuple[pl.Series, tuple[Finding, ...]]:
    frame, findings = with_exact_amounts(series.to_frame(), file, [series.name])
    return frame[series.name], findings
