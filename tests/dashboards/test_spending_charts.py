"""Charts of spending: what is not known is drawn nowhere, least of all at 0."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from dashboards.charts.spending import ranked_bars
from models.table import MONEY
from models.wording import UNKNOWN


def drawn(before: list[Decimal | None]) -> list[dict[str, object]]:
    rows = pl.DataFrame(
        {"name": ["AWS", "OpenAI"], "cost": [Decimal(5), Decimal(3)], "cost_before": before},
        schema={"name": pl.String, "cost": MONEY, "cost_before": MONEY},
    )
    return ranked_bars(rows, currency="USD")["data"]["values"]


def test_no_mark_stands_at_nothing_where_no_month_before_is_known() -> None:
    assert [(row["before"], row["before_text"]) for row in drawn([None, None])] == [(None, UNKNOWN)] * 2


def test_a_month_before_that_cost_nothing_is_told_as_nothing() -> None:
    assert [(row["before"], row["before_text"]) for row in drawn([Decimal(0), Decimal(4)])] == [
        (0.0, "0.00 USD"),
        (4.0, "4.00 USD"),
    ]
