"""Capacity that a cloud bills by the hour, and the tokens that its metrics count: they meet in one model."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import polars as pl

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.pools import COSTS
from models.economics.token_costs import blended_costs
from models.economics.unit_costs import UNIT_COSTS, unit_costs
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.metering import METER_READINGS
from models.table import Table
from pipelines.marts.unit_costs import covered_tokens, requests

DAY = datetime(2026, 9, 10, tzinfo=UTC)
METRICS_NAME = "us.anthropic.claude-3-sonnet-20240229-v1:0"


def frame(table: Table, *rows: dict[str, Any], **usual: Any) -> pl.DataFrame:
    blank = dict.fromkeys(table.polars_schema)
    return pl.DataFrame([{**blank, **usual, **row} for row in rows], schema=table.polars_schema)


def charges(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"day": DAY, "charge_category": "Usage", "component": "model_apis", "currency": "USD", "charges": 1}
    priced = [{**dict.fromkeys(COSTS, Decimal(row.pop("cost"))), **row} for row in rows]
    return frame(ATTRIBUTED_DAILY, *priced, **usual)


def readings(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {
        "window_start": DAY,
        "processing_tier": "unknown",
        "unit": "Tokens",
        "meter": "input",
        "token_kind": "input",
    }
    return frame(METER_READINGS, *rows, **usual)


def economics(attributed: pl.DataFrame, read: pl.DataFrame, estimates: pl.DataFrame | None = None) -> Any:
    """As much of a publication's economics as these marts ask for."""
    facts = {
        METER_READINGS.name: read,
        USAGE_ESTIMATES.name: USAGE_ESTIMATES.empty() if estimates is None else estimates,
    }
    return SimpleNamespace(attributed=attributed, facts=SimpleNamespace(read=lambda table: facts[table.name].lazy()))


BEDROCK = charges(
    {"source": "aws", "model": "Claude3Sonnet", "unit": "Hours", "price_status": "native", "cost": "60"},
    {"source": "openai", "model": "gpt-x", "meter": "output", "token_kind": "output", "unit": "Tokens",
     "consumed_quantity": Decimal(1_000_000), "price_status": "priced", "cost": "8"},
)  # fmt: skip


def test_tokens_beside_the_bill_are_the_capacitys_whatever_metrics_call_the_model():
    """60 of throughput over 20 million tokens: 3.00. Readings of the bill, and of others, are not counted again."""
    told = economics(
        BEDROCK,
        readings(
            {"source": "aws", "stream": "cloudwatch", "model": METRICS_NAME, "quantity": Decimal(20_000_000)},
            {"source": "aws", "stream": "cur/bill", "model": METRICS_NAME, "quantity": Decimal(5_000_000)},
            {"source": "openai", "stream": "usage/completions", "model": "gpt-x", "quantity": Decimal(1_000_000)},
        ),
    )
    covered = covered_tokens(told)
    assert covered.select("source", "model", "quantity").rows() == [("aws", "Claude3Sonnet", Decimal(20_000_000))]
    rows = UNIT_COSTS.check(unit_costs([blended_costs(BEDROCK, covered)]))
    assert rows.select("subject", "quantity", "effective_unit_cost").rows() == [
        ("Claude3Sonnet", Decimal(20), Decimal(3)),
        ("all models", Decimal(21), Decimal("3.238095238095")),
        ("gpt-x", Decimal(1), Decimal(8)),
    ]


def test_where_a_bill_is_matched_to_usage_what_a_tier_pays_was_found_before():
    """Only notional usage that a committed tier pays; what is free or still to be billed is not covered by it."""
    bought = charges(
        {"source": "openai", "unit": "Hours", "price_status": "unpriced", "commitment_id": "scale", "cost": "9"}
    )
    usual = {"source": "openai", "window_start": DAY, "model": "gpt-x", "meter": "input", "token_kind": "input"}
    estimates = frame(
        USAGE_ESTIMATES,
        {"kind": "notional", "reason": "tier", "quantity": Decimal(3)},
        {"kind": "notional", "reason": "missing bill", "quantity": Decimal(100)},
        {"kind": "accrued", "reason": "late", "quantity": Decimal(100)},
        **usual,
    )
    covered = covered_tokens(economics(bought, readings(), estimates))
    assert covered["quantity"].to_list() == [Decimal(3)]


def test_requests_are_metered_and_not_billed():
    usual = {"source": "openai", "model": "gpt-x", "meter": "requests", "token_kind": None, "unit": "Requests"}
    read = readings(
        *({**usual, "quantity": Decimal(count)} for count in (3, 4)), {"source": "openai", "quantity": Decimal(9)}
    )
    assert requests(economics(BEDROCK, read)).rows() == [("openai", "2026-09", "gpt-x", Decimal(7))]
