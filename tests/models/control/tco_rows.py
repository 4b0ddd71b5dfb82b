"""Rows of `marts.tco_daily` for tests of budgets: a charge of OpenAI to team search, but for what a test says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.tco import TCO_DAILY


def cost(day: date, billed: str, *, invoiced: str | None = None, currency: str = "USD", **columns: str | None) -> Any:
    """List prices are twice what is billed; `invoiced` in the day's month where nothing is said."""
    said = {"origin": "charge", "source": "openai", "provider_name": "OpenAI", "team": "search", "model": "gpt-5"}
    amount = Decimal(billed)
    return (
        dict.fromkeys(TCO_DAILY.polars_schema)
        | said
        | columns
        | {
            "billing_month": invoiced or f"{day:%Y-%m}",
            "day": datetime(day.year, day.month, day.day, tzinfo=UTC),
            "currency": currency,
            "billed_cost": amount,
            "effective_cost": amount,
            "list_cost": amount * 2,
        }
    )


def costs(*rows: Any) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TCO_DAILY.polars_schema)
