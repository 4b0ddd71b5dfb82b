"""Bill lines out of vendors' answers: exact amounts, stable identities, the contract's columns.

Here belongs what every cost report needs: an amount as text or number, in major or minor units, becomes Decimal
with what rounding took (`models.ledger.money` parses it); a line gets an identity that a restatement keeps. What a
line bills belongs to its vendor.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

import polars as pl

from models.errors import MoneyError
from models.ledger.billing import BILL_LINES
from models.ledger.money import parse_money

_CURRENCY = re.compile(r"[A-Za-z]{3}")
_EXACT = Context(prec=1000, Emax=MAX_EMAX, Emin=MIN_EMIN)
_LONGEST_PLAIN = 400


@dataclass(frozen=True)
class Amount:
    """An amount at 12 places, and what rounding took (exact − rounded)."""

    value: Decimal
    rounding: Decimal


def read_amount(said: object, *, minor_units: int = 0) -> Amount:
    """An amount as the vendor writes it: a JSON number or its text, scientific notation too; never a float.

    `minor_units` is 2 where the vendor counts cents. `ValueError` for what is no finite number of at most 26 digits.
    """
    if isinstance(said, bool) or not isinstance(said, (int, str, Decimal)):
        raise ValueError(f"{str(said)[:40]!r} is no amount")
    try:
        return Amount(*parse_money(said, places_shift=-minor_units))
    except MoneyError as error:
        raise ValueError(f"{str(said)[:40]!r} is no amount: {error.what}") from error


def _exact_text(taken: Decimal) -> str:
    """Plain digits; in scientific notation where a vendor's exponent would make them too many (1e-999999)."""
    short = taken.normalize(_EXACT)
    return str(short) if short.adjusted() < -_LONGEST_PLAIN else f"{short:f}"


def read_currency(said: object) -> str:
    """ISO 4217 in upper case; `ValueError` for anything else."""
    if not isinstance(said, str) or not _CURRENCY.fullmatch(said):
        raise ValueError(f"{str(said)[:40]!r} is no currency")
    return said.upper()


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """One line before it has an identity. `key` holds every dimension as the vendor gave it, None apart from ''."""

    key: Sequence[str | None]
    window_start: datetime
    window_end: datetime
    amount: Amount
    currency: str
    description: str | None
    project_id: str | None = None
    api_key_id: str | None = None
    model: str | None = None
    meter: str | None = None
    processing_tier: str | None = None
    inference_geo: str | None = None
    context_window: str | None = None
    charge_category: str = "Usage"
    list_amount: Decimal | None = None
    quantity: Decimal | None = None
    quantity_unit: str | None = None


def line_id(source: str, line: BillLine, ordinal: int) -> str:
    """24 hex digits of the hash of source, window, every dimension and the ordinal among lines with the same."""
    identity = [source, line.window_start.isoformat(), line.window_end.isoformat(), *line.key, ordinal]
    return hashlib.sha256(json.dumps(identity, ensure_ascii=False).encode()).hexdigest()[:24]


def to_bill_lines(
    lines: Iterable[BillLine], *, source: str, provider: str, stream: str, account_id: str
) -> pl.DataFrame:
    """The lines in the contract `usage.bill_lines`, in order of window and identity.

    Lines with the same dimensions in one window stay apart: they are numbered by amount, so that the order in which
    a vendor sends them does not matter.
    """
    seen: Counter[tuple[datetime, tuple[str | None, ...]]] = Counter()
    plain = [field.name for field in fields(BillLine) if field.name not in ("key", "amount")]
    columns: dict[str, list[object]] = {name: [] for name in (*plain, "line_id", "amount", "rounding")}
    for line in sorted(lines, key=lambda line: (line.window_start, line.amount.value)):
        key = (line.window_start, tuple(line.key))
        for name in plain:
            columns[name].append(getattr(line, name))
        columns["line_id"].append(line_id(source, line, seen[key]))
        columns["amount"].append(line.amount.value)
        columns["rounding"].append(_exact_text(line.amount.rounding))
        seen[key] += 1
    schema = BILL_LINES.polars_schema
    frame = pl.DataFrame(columns, schema={name: schema[name] for name in columns})
    return (
        frame.with_columns(
            pl.lit(source).alias("source"),
            pl.col("window_start").dt.strftime("%Y-%m").alias("billing_period"),
            pl.lit(provider).alias("provider"),
            pl.lit(stream).alias("stream"),
            pl.lit(account_id).alias("account_id"),
            pl.lit(None, dtype=pl.String).alias("project_name"),
            pl.lit("provisional").alias("cost_status"),
        )
        .select(list(schema))
        .sort("window_start", "line_id")
    )
