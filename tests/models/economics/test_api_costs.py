"""What text costs through an API: tokens and the capacity that served them; all else stands beside it by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.api_costs import API_COSTS, TEXT, UNCOUNTED_CAPACITY, api_costs, uncharged_tokens
from models.economics.attribution import ATTRIBUTED_DAILY
from models.ledger.metering import METER_READINGS

DAY = datetime(2026, 9, 10, tzinfo=UTC)


def charge(cost: str, meter: str | None = None, **said: Any) -> dict[str, Any]:
    is_tokens = meter is not None and meter.startswith(("input", "output"))
    return {
        "source": "aws", "day": DAY, "model": "large", "currency": "USD", "charge_category": "Usage", "meter": meter,
        "component": "model_apis", "token_kind": meter if is_tokens else None, "effective_cost": Decimal(cost), **said,
    }  # fmt: skip


def charges(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ATTRIBUTED_DAILY.polars_schema)


def readings(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {
        "source": "aws", "model": "large", "stream": "metrics", "window_start": DAY,
        "window_end": DAY + timedelta(hours=1), "meter": "output", "token_kind": "output",
    }  # fmt: skip
    return pl.DataFrame([{**usual, **row} for row in rows], schema=METER_READINGS.polars_schema)


HOURS = charge("60", unit="Hours")


def told(attributed: pl.DataFrame, read: pl.DataFrame) -> dict[str, Decimal]:
    found = api_costs(attributed, uncharged_tokens(attributed, read))
    assert found.schema == API_COSTS
    assert found["effective_cost"].sum() == attributed["effective_cost"].sum()
    return dict(found.select("what", "effective_cost").iter_rows())


def test_searches_images_and_capacity_that_nobody_counted_are_no_cost_of_text() -> None:
    """5 + 20 of text; the reading of the bill itself is no token of the capacity."""
    attributed = charges(
        charge("5", "input", price_status="native"), charge("20", "output", price_status="native"),
        charge("3", "web_searches"), charge("7", "output_image"), charge("1"), HOURS,
    )  # fmt: skip
    found = told(attributed, readings({"stream": "aws/bill", "quantity": Decimal(9)}))
    assert found == {
        TEXT: 25, "web_searches": 3, "output_image": 7, "not metered": 1, UNCOUNTED_CAPACITY: 60,
    }  # fmt: skip


def test_capacity_whose_tokens_are_counted_beside_the_bill_is_a_cost_of_them() -> None:
    assert told(charges(HOURS), readings({"quantity": Decimal(9)})) == {TEXT: 60}


def test_tokens_that_were_priced_are_not_the_capacitys_too() -> None:
    priced = charge("20", "output", price_status="priced", consumed_quantity=Decimal(9))
    assert told(charges(priced, HOURS), readings({"quantity": Decimal(9)})) == {TEXT: 20, UNCOUNTED_CAPACITY: 60}
    assert told(charges(priced, HOURS), readings({"quantity": Decimal(10)})) == {TEXT: 80}
