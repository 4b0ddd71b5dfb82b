"""Readings and bill lines to settle, one line of code each: whatever a test does not say has a plain value."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.ledger.billing import BILL_LINES
from models.ledger.metering import METER_READINGS
from models.ledger.units import METERS
from models.table import MONEY

DAY = datetime(2026, 9, 10, tzinfo=UTC)
RATED = {
    "price_model": pl.String(),
    "pricing_unit": pl.String(),
    "pricing_quantity": MONEY,
    "list_unit_price": MONEY,
    "contracted_unit_price": MONEY,
    "list_cost": MONEY,
    "contracted_cost": MONEY,
    "price_status": pl.String(),
    "price_source": pl.String(),
    "contract": pl.String(),
}


def _reading(tokens: int | str = 1_000_000, price: str | None = "2.5", **said: Any) -> dict[str, Any]:
    """A rated reading: `price` is the list price of a pricing unit, `contracted` its contracted price."""
    said = {"meter": "input", "provider": "openai", "model": "gpt-4o", **said}
    meter, quantity, day = METERS[said["meter"]], Decimal(tokens), said.pop("day", 0)
    contracted = said.pop("contracted", price)
    blocks = quantity / meter.block
    priced = price is not None
    start = DAY + timedelta(days=day)
    return {
        "source": "openai",
        "billing_period": f"{start:%Y-%m}",
        "stream": "usage/completions",
        "window_start": start,
        "window_end": start + timedelta(days=1),
        "account_id": "org-1",
        "project_id": "proj_a",
        "api_key_id": "key_1",
        "processing_tier": "standard",
        "attribution": "exact",
        "token_kind": said["meter"] if meter.is_token_kind else None,
        "unit": meter.unit,
        "quantity": quantity,
        "price_model": said["model"],
        "pricing_unit": meter.pricing_unit if priced else None,
        "pricing_quantity": blocks if priced else None,
        "list_unit_price": Decimal(price) if price else None,
        "contracted_unit_price": Decimal(contracted) if price and contracted else None,
        "list_cost": blocks * Decimal(price) if price else None,
        "contracted_cost": blocks * Decimal(contracted) if price and contracted else None,
        "price_status": "priced" if priced else "unpriced",
        "price_source": "test" if priced else None,
        **said,
    }


def _line(amount: str, **said: Any) -> dict[str, Any]:
    start = DAY + timedelta(days=said.pop("day", 0))
    return {
        "source": "openai",
        "billing_period": f"{start:%Y-%m}",
        "provider": "openai",
        "stream": "costs",
        "line_id": f"{amount} {sorted(said.items(), key=str)}",
        "window_start": start,
        "window_end": start + timedelta(days=1),
        "account_id": "org-1",
        "project_id": "proj_a",
        "model": "gpt-4o",
        "meter": "input",
        "charge_category": "Usage",
        "cost_status": "provisional",
        "amount": Decimal(amount),
        "currency": "USD",
        "rounding": "0",
        **said,
    }


@pytest.fixture(scope="session")
def reading() -> Callable[..., dict[str, Any]]:
    """`reading(tokens, price, **columns)`: a rated reading of proj_a, key_1, gpt-4o input, 10 September 2026."""
    return _reading


@pytest.fixture(scope="session")
def line() -> Callable[..., dict[str, Any]]:
    """`line(amount, **columns)`: a Usage line for gpt-4o input of proj_a on that day; it names no key and no tier."""
    return _line


@pytest.fixture(scope="session")
def rated_frame() -> Callable[..., pl.DataFrame]:
    """Readings as a rated frame."""
    schema = pl.Schema({**METER_READINGS.polars_schema, **RATED})
    return lambda *rows: pl.DataFrame(list(rows), schema=schema)


@pytest.fixture(scope="session")
def bill_frame() -> Callable[..., pl.DataFrame]:
    """Lines in the contract of usage.bill_lines."""
    return lambda *rows: BILL_LINES.check(pl.DataFrame(list(rows), schema=BILL_LINES.polars_schema))
