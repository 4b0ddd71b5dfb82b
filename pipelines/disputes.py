"""`outlay export disputes`: packets of disputed lines, two CSV files for each invoice issuer and month, to send away.

Amounts are exact. Text comes from vendors' reports and may be opened in a spreadsheet, where a cell that begins like a
formula would be run; such cells get an apostrophe before them, as OWASP advises on CSV injection.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

from models.errors import OutlayError
from models.ledger.sku_rates import is_called
from pipelines.door import query
from pipelines.home import Home
from pipelines.settings.strict import MONTH

_DISPUTED = "SELECT * FROM marts.price_disputes WHERE difference > 0 AND reason IS DISTINCT FROM 'rounding'"
_CREDITS = """
SELECT InvoiceIssuerName AS issuer_name, x_BillingMonth AS billing_month, BillingCurrency AS currency,
       sum(BilledCost) AS credits FROM focus.cost_and_usage
WHERE ChargeCategory = 'Credit' OR (ChargeCategory = 'Adjustment' AND BilledCost < 0) GROUP BY ALL"""
"""A vendor may give a discount on lines of its own: it stands in the totals, for whoever settles the dispute."""

LINE_COLUMNS = (
    *("issuer_name", "account_id", "project_id", "billing_month", "invoice_id", "day", "line_id", "description", "sku"),
    *("contract", "clause", "unit", "quantity", "expected_unit_price", "billed_unit_price", "expected_cost"),
    *("billed_cost", "difference", "reason", "currency"),
)
TOTAL_COLUMNS = (
    *("issuer_name", "billing_month", "currency", "contract", "clause", "lines", "expected_cost", "billed_cost"),
    *("difference", "credits_on_lines_of_their_own"),
)
_ALL = "all disputed lines"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_UNKNOWN = "unknown issuer"


@dataclass(frozen=True)
class Packet:
    """The files of one issuer and month, and what is disputed there by currency."""

    issuer: str
    billing_month: str
    files: tuple[Path, Path]
    lines: int
    disputed: tuple[tuple[str, Decimal], ...]


def export_disputes(home: Home, folder: Path, issuer: str | None = None, month: str | None = None) -> list[Packet]:
    """Write a packet for each issuer and month with lines that were billed above our price; the same again is the same.

    `issuer`: a name, a pattern or a family (`aws`). Nothing is disputed for rounding. `QueryError` where nothing is
    published, `OutlayError` for a month that is none.
    """
    if month is not None and not re.fullmatch(MONTH, month):
        raise OutlayError(f"{month!r} is no month", remedy="write it as YYYY-MM, for example 2026-11")
    named = pl.col("issuer_name").fill_null(_UNKNOWN)
    disputed = query(home.published, _DISPUTED).rows.with_columns(named)
    credits = query(home.published, _CREDITS).rows
    if month is not None:
        disputed = disputed.filter(pl.col("billing_month") == month)
    issuers = [name for name in disputed["issuer_name"].unique().sort() if issuer is None or is_called(name, issuer)]
    packets: list[Packet] = []
    for name, stem in zip(issuers, _stems(issuers), strict=True):
        lines = disputed.filter(pl.col("issuer_name") == name)
        for billing_month in lines["billing_month"].unique().sort():
            of_month = lines.filter(pl.col("billing_month") == billing_month)
            packets.append(_write(folder, f"{stem}-{billing_month}", of_month, credits))
    return packets


def _stems(issuers: Sequence[str]) -> Iterator[str]:
    """A file name for each issuer, in small letters; issuers that would share one are numbered."""
    taken: dict[str, int] = {}
    for issuer in issuers:
        stem = re.sub(r"[^a-z0-9]+", "-", issuer.casefold()).strip("-") or "issuer"
        taken[stem] = taken.get(stem, 0) + 1
        yield stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"


def _write(folder: Path, stem: str, lines: pl.DataFrame, credits: pl.DataFrame) -> Packet:
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / f"{stem}-lines.csv", folder / f"{stem}-totals.csv"
    ordered = lines.select(LINE_COLUMNS).sort("difference", "day", "line_id", descending=[True, False, False])
    write_csv(files[0], LINE_COLUMNS, ordered.iter_rows())
    totals = _totals(lines, credits)
    write_csv(files[1], TOTAL_COLUMNS, totals.iter_rows())
    by_currency = totals.filter(pl.col("clause") == _ALL).select("currency", "difference").rows()
    issuer, billing_month = lines.row(0, named=True)["issuer_name"], lines.row(0, named=True)["billing_month"]
    return Packet(issuer, billing_month, files, lines.height, tuple(by_currency))


def _totals(lines: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """By currency and clause, and all of a currency with the credits that the month has beside."""
    key = ["issuer_name", "billing_month", "currency"]
    sums = [pl.len().alias("lines"), pl.col("expected_cost", "billed_cost", "difference").sum()]
    by_clause = lines.group_by(*key, "contract", "clause").agg(sums).sort("currency", "contract", "clause")
    whole = lines.group_by(key).agg(sums).sort("currency").with_columns(clause=pl.lit(_ALL))
    whole = whole.join(credits, on=key, how="left", maintain_order="left")
    whole = whole.with_columns(pl.col("credits").fill_null(0)).rename({"credits": "credits_on_lines_of_their_own"})
    public = pl.lit("public price list")
    by_clause = by_clause.with_columns(clause=pl.coalesce("clause", public))
    return pl.concat([by_clause, whole], how="diagonal_relaxed").select(TOTAL_COLUMNS)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV in one step: exact decimals, days as YYYY-MM-DD, nothing that a spreadsheet would run."""
    aside = path.with_name(f".{path.name}.tmp")
    with aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([cell_text(value) for value in row] for row in rows)
    aside.replace(path)


def cell_text(value: object) -> str:
    """How a value stands in a cell; text that begins like a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
