"""Rows of `marts.tco_daily` as far as budgets look at them, and what they come to: for tests of budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from models.table import MONEY

_NAMES = (
    "source", "provider_name", "team", "model", "use_case", "product", "component", "environment", "cost_centre",
    "currency", "origin", "billing_month",
)  # fmt: skip
_SCHEMA = {
    **dict.fromkeys(_NAMES, pl.String()),
    "day": pl.Date(),
    **dict.fromkeys(("billed_cost", "effective_cost", "list_cost"), MONEY),
}


def days(first: date, last: date) -> list[date]:
    """Both within."""
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def costs(of: Iterable[date], amount: Decimal | Callable[[date], Decimal], **named: str) -> pl.DataFrame:
    """A charge a day of so much: OpenAI's, of team search, but for what is named otherwise."""
    row = {"source": "api", "provider_name": "OpenAI", "team": "search", "model": "gpt-5", "component": "tokens",
           "currency": "USD", "origin": "charge"} | named  # fmt: skip
    rows = [
        {**row, "billing_month": row.get("billing_month", f"{day:%Y-%m}"), "day": day}
        | dict.fromkeys(
            ("billed_cost", "effective_cost", "list_cost"), amount if isinstance(amount, Decimal) else amount(day)
        )
        for day in of
    ]
    return pl.DataFrame(rows, schema=_SCHEMA)
