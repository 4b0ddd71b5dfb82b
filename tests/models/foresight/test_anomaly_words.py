"""What is said of all anomalies together: the filter is named, and what nobody pays is in no sum."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl

from models.foresight.anomaly_words import answer, impact_text, kind_text, state_text
from models.table import MONEY

SCHEMA = {"currency": pl.String, "standing": pl.String, "first_day": pl.Date, "impact": MONEY}


def told(*rows: tuple[str, str | None]) -> pl.DataFrame:
    """Standing and impact."""
    named = [("USD", standing, date(2026, 11, 2), impact and Decimal(impact)) for standing, impact in rows]
    return pl.DataFrame(named, schema=SCHEMA, orient="row")


def test_the_filter_is_named_and_usage_that_nobody_pays_is_in_no_sum() -> None:
    counting = told(("open", "12.50"), ("ended", "-2"), ("ended", None))
    assert answer(counting, of="team search") == [
        "1 open anomaly of team search cost 12.50 USD more than expected since 2 November 2026. "
        "3 anomalies of team search in the last 90 days cost 12.50 USD more and 2.00 USD less than expected."
    ]
    assert answer(counting.head(1), is_open=True) == [
        "1 open anomaly cost 12.50 USD more than expected since 2 November 2026."
    ]


def test_none_is_said_of_what_was_asked_for() -> None:
    nothing = told()
    assert answer(nothing, "since 1 May 2026", of="key loop", is_open=True) == [
        "No open anomaly of key loop since 1 May 2026."
    ]


def test_an_incident_is_written_alike_everywhere() -> None:
    row = {"measure": "usage", "used": Decimal(3), "usual": Decimal(9), "unit": "Requests", "explained_by": None,
           "counted": False, "standing": "open"}  # fmt: skip
    assert (impact_text(row), state_text(row)) == ("-6 Requests", "open, a trifle")
    assert [kind_text(kind) for kind in ("weekend", "level_shift", "drop")] == ["weekends", "level shift", "drop"]
