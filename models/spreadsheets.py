"""CSV that people open in a spreadsheet: text of others that would be a formula there stays text."""

from __future__ import annotations

import csv
import io
import re

import polars as pl

_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r]")
_NUMBER = re.compile(r"-?\d[\d.,]*")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a cell's text for a formula; a number with its minus is none."""
    return _FORMULA.match(text) is not None and not _NUMBER.fullmatch(text)


def as_csv(rows: pl.DataFrame) -> bytes:
    """UTF-8 with a heading. Formulas in text and in headings get an apostrophe before them; all else is exact."""
    out = io.BytesIO()
    heading = io.StringIO()
    csv.writer(heading, lineterminator="\n").writerow(_guarded(name) for name in rows.columns)
    out.write(heading.getvalue().encode())
    texts = [name for name, kind in rows.schema.items() if kind.base_type() in (pl.String, pl.Categorical, pl.Enum)]
    guarded = rows.with_columns(
        pl.Series(name, [text and _guarded(text) for text in rows[name].cast(pl.String)], pl.String) for name in texts
    )
    guarded.write_csv(out, include_header=False)
    return out.getvalue()


def _guarded(text: str) -> str:
    return f"'{text}" if is_formula(text) else text
