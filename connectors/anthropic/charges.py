"""The admin cost report (`cost_report`) as bill lines. Pure.

By day, workspace and description. Priority Tier is not in it; code execution is in no other report.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from connectors.anthropic.cost_lines import CENTS, to_line
from connectors.anthropic.messages import FIELDS
from connectors.anthropic.reports import COSTS
from connectors.anthropic.usage_rows import note_unknown_words
from connectors.bill_line_rows import read_amount, read_currency, to_bill_lines
from connectors.buckets import Buckets, read_buckets
from connectors.json_answers import Row, Tally, note_unknown_fields, unreadable, words
from connectors.protocol import Answer, Window

DIMENSIONS = (
    "workspace_id", "description", "cost_type", "token_type", "model", "service_tier", "context_window",
    "inference_geo",
)  # fmt: skip
_KNOWN = frozenset((*DIMENSIONS, "amount", "currency"))
_SCHEMA = pl.Schema(dict.fromkeys((*DIMENSIONS, "amount", "currency"), pl.String))


def read_money(answer: Answer, row: Row, name: str) -> str:
    """An amount of cents as exact text. Raises AnswerError."""
    try:
        read_amount(row.get(name), minor_units=CENTS)
    except ValueError as error:
        raise unreadable(answer, f"`{name}` of a cost row: {error}") from None
    return str(row[name]).strip()


def read_money_currency(answer: Answer, row: Row) -> str:
    """The currency of a cost row. Raises AnswerError."""
    try:
        return read_currency(row.get("currency"))
    except ValueError as error:
        raise unreadable(answer, f"a cost row: {error}") from None


def read_costs(answers: Sequence[Answer], window: Window, tally: Tally) -> Buckets:
    """The results of the cost report, a row a result; amounts in cents as exact text. Raises AnswerError."""

    def read(answer: Answer, rows: Sequence[Row]) -> pl.DataFrame:
        note_unknown_fields(tally, COSTS, rows, _KNOWN)
        return pl.DataFrame(
            {
                **{name: words(answer, rows, name) for name in DIMENSIONS},
                "amount": pl.Series([read_money(answer, row, "amount") for row in rows], dtype=pl.String),
                "currency": pl.Series([read_money_currency(answer, row) for row in rows], dtype=pl.String),
            },
            schema=_SCHEMA,
        )

    return read_buckets(COSTS, answers, window, timedelta(days=1), FIELDS, _SCHEMA, read, tally)


def to_charges(rows: pl.DataFrame, *, source: str, account_id: str, tally: Tally) -> pl.DataFrame:
    """`usage.bill_lines`, one row a result of the cost report, in major units."""
    note_unknown_words(rows, COSTS, tally)
    lines = [to_line(row, DIMENSIONS, COSTS, tally) for row in rows.iter_rows(named=True)]
    return to_bill_lines(lines, source=source, provider="anthropic", stream=COSTS, account_id=account_id)
