"""A vendor's rows as they came, in types that the invariants can judge, and their verdict as findings."""

from __future__ import annotations

import polars as pl

from connectors.focus_rows.times import zoned_or_naive
from connectors.protocol import Finding
from models.ledger.focus.invariants import check, detect_version
from models.ledger.focus.tables import DECIMAL_COLUMNS
from models.table import MONEY


def as_judged(frame: pl.DataFrame) -> pl.DataFrame:
    """A file's rows for `invariants.check`: text of a CSV as the numbers and times that it writes, all else as it is.

    A column with a single value that cannot be read stays text, so that the check names it.
    """
    amounts: list[pl.Series] = []
    for name in DECIMAL_COLUMNS:
        if name in frame.columns and frame.schema[name] == pl.String:
            read = frame[name].str.strip_chars().cast(MONEY, strict=False)
            if read.null_count() == frame[name].null_count():
                amounts.append(read)
    return zoned_or_naive(frame.with_columns(amounts))


def vendor_findings(frame: pl.DataFrame) -> tuple[Finding, ...]:
    """What a vendor's rows break, rule by rule, warned of and counted; nothing follows from it."""
    version = detect_version(frame.columns)
    report = check(frame, lenient=True, version=version)
    return tuple(
        Finding(
            f"focus:{violation.rule}",
            f"{violation.text}; FOCUS {version}" + (f"; {', '.join(violation.columns)}" if violation.columns else ""),
            violation.count,
        )
        for violation in report.violations
    )
