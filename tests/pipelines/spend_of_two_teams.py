"""Items and series of a small organisation with two teams, two vendors and two currencies, for tests of foresight."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from models.foresight.origin import Origin
from models.foresight.series import DIMENSIONS, ITEMS, series
from pipelines.marts.series import DailySeries

MADE_ON = date(2026, 11, 25)
DAYS = 120
WEEKDAY, WEEKEND = 10, 4


def items(days: int = DAYS) -> pl.DataFrame:
    """Voice has begun a fortnight ago; all have a quiet weekend."""
    spend = (
        ("voice", "OpenAI", "gpt", "USD", "1.003", 14),
        ("search", "OpenAI", "gpt", "USD", "20.0007", days),
        ("search", "AWS", None, "USD", "3.33", days),
        ("search", "AWS", None, "EUR", "5", days),
    )
    rows = [
        {"team": team, "provider_name": vendor, "model": model, "sku": f"{vendor}-1", "currency": currency, "day": day,
         "effective_cost": Decimal(size) * (WEEKDAY if day.weekday() < 5 else WEEKEND), "billed_cost": Decimal(size)}
        for team, vendor, model, currency, size, since in spend
        for day in (MADE_ON - timedelta(days=back) for back in reversed(range(since)))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=ITEMS)


def daily_series(days: int = DAYS) -> DailySeries:
    """As a publication makes them, standing on MADE_ON."""
    made = items(days)
    rows = series(dict.fromkeys(DIMENSIONS, made), dict.fromkeys(DIMENSIONS, made), MADE_ON)
    return DailySeries(rows, made, Origin(MADE_ON, ("openai",), MADE_ON))
