"""OpenAI's costs as bill lines. Pure.

Amounts are US dollars, as a JSON number or as text. A line says what it bills in a text only (see `line_items`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import polars as pl

from connectors.bill_line_rows import BillLine, read_amount, read_currency, to_bill_lines
from connectors.buckets import Buckets, read_buckets
from connectors.json_answers import Row, Tally, note_unknown_fields, unreadable, words
from connectors.openai.line_items import LineItem, read_line_item
from connectors.openai.meters import FIELDS
from connectors.openai.reports import COST_FIELDS, COSTS
from connectors.protocol import Answer, Window

_DIMENSIONS = ("project_id", "api_key_id", "line_item", "quantity_unit", "user_id", "api_source")
_SCHEMA = pl.Schema(dict.fromkeys((*_DIMENSIONS, "amount", "currency", "quantity"), pl.String))
_UNREAD = LineItem()


def read_costs(answers: Sequence[Answer], window: Window, tally: Tally) -> Buckets:
    """The results of the cost report, a row a result; amounts and quantities as exact text. Raises AnswerError."""

    def read(answer: Answer, rows: Sequence[Row]) -> pl.DataFrame:
        note_unknown_fields(tally, COSTS, rows, COST_FIELDS)
        amounts = [_amount(answer, row) for row in rows]
        return pl.DataFrame(
            {
                **{name: words(answer, rows, name) for name in _DIMENSIONS},
                "amount": pl.Series([amount for amount, _ in amounts], dtype=pl.String),
                "currency": pl.Series([currency for _, currency in amounts], dtype=pl.String),
                "quantity": pl.Series([_quantity(answer, row) for row in rows], dtype=pl.String),
            },
            schema=_SCHEMA,
        )

    return read_buckets(COSTS, answers, window, timedelta(days=1), FIELDS, _SCHEMA, read, tally)


def to_charges(rows: pl.DataFrame, *, source: str, account_id: str, tally: Tally) -> pl.DataFrame:
    """`usage.bill_lines`, one row a result of the cost report.

    A line that names no tier bills the standard one where the report names tiers for the same model, else it
    does not say.
    """
    texts = rows["line_item"].drop_nulls().value_counts(sort=True)
    read = {text: read_line_item(text) for text in texts["line_item"]}
    for text, count in texts.rows():
        if read[text] is None:
            tally.note("unread line item", text, count)
    tiered = {item.model for item in read.values() if item and item.model and item.tier}
    lines = [_line(row, read, tiered) for row in rows.iter_rows(named=True)]
    for line in lines:
        if line.amount.rounding:
            tally.note("rounded amount", f"{COSTS}: more than 12 decimal places")
    return to_bill_lines(lines, source=source, provider="openai", stream=COSTS, account_id=account_id)


def _line(row: Row, read: dict[str, LineItem | None], tiered: set[str]) -> BillLine:
    item = (read[row["line_item"]] if row["line_item"] is not None else None) or _UNREAD
    amount = read_amount(row["amount"])
    tier = item.tier or ("standard" if item.model in tiered else None)
    credit = "Credit" if amount.value < 0 and item.model is None and item.meter is None else "Usage"
    return BillLine(
        key=[row[name] for name in _DIMENSIONS],
        window_start=row["window_start"],
        window_end=row["window_end"],
        amount=amount,
        currency=row["currency"],
        description=row["line_item"],
        project_id=row["project_id"],
        api_key_id=row["api_key_id"],
        model=item.model,
        meter=item.meter,
        processing_tier=tier,
        charge_category=item.category or credit,
        quantity=None if row["quantity"] is None else read_amount(row["quantity"]).value,
        quantity_unit=row["quantity_unit"],
    )


def _amount(answer: Answer, row: Row) -> tuple[str, str]:
    amount = row.get("amount")
    if not isinstance(amount, dict):
        raise unreadable(answer, "a line of the cost report has no `amount`: unknown money is not zero")
    try:
        read_amount(amount.get("value"))
        return str(amount["value"]).strip(), read_currency(amount.get("currency"))
    except ValueError as error:
        raise unreadable(answer, f"a line of the cost report: {error}") from None


def _quantity(answer: Answer, row: Row) -> str | None:
    quantity = row.get("quantity")
    if quantity is None:
        return None
    try:
        read_amount(quantity)
    except ValueError as error:
        raise unreadable(answer, f"the quantity of a line: {error}") from None
    return str(quantity if not isinstance(quantity, Decimal) else format(quantity, "f")).strip()
