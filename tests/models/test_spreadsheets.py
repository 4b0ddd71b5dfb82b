"""Text that a spreadsheet would calculate stays text; numbers stay numbers."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from models.spreadsheets import as_csv


def test_formulas_in_text_and_headings_are_text_and_numbers_stay() -> None:
    rows = pl.DataFrame(
        {
            "=cmd": ["=1+1", "@SUM(1)", "+1+cmd", " -2+3", "\tx", "-1.5", None, "", "a=b"],
            "cost": [Decimal("-1.50")] * 9,
        }
    )

    lines = as_csv(rows).decode().split("\n")

    assert lines[0] == "'=cmd,cost"
    assert [line.rpartition(",")[0] for line in lines[1:-1]] == [
        "'=1+1", "'@SUM(1)", "'+1+cmd", "' -2+3", "'\tx", "-1.5", "", '""', "a=b",
    ]  # fmt: skip
    assert {line.rpartition(",")[2] for line in lines[1:-1]} == {"-1.50"}
