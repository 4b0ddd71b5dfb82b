"""Anthropic's admin reports into rows: two pulls joined, cents, and answers that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.anthropic.client import AnthropicConnector
from connectors.anthropic.options import AnthropicOptions
from connectors.errors import AnswerError
from connectors.protocol import Answer, Surroundings, Translation, Window
from models.ledger.billing import BILL_LINES
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.metering import METER_READINGS

MakeAnswer = Callable[..., Answer]
DAY = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))
USAGE, KEYS, SPEED = "usage_report/messages", "usage_report/messages#keys", "usage_report/messages#speed"


def translate(answers: list[Answer], window: Window = DAY, **options: Any) -> Translation:
    checked = AnthropicOptions.model_validate({"admin_key": "sk-ant-admin01-x", **options})
    translation = AnthropicConnector("acme", checked, Surroundings()).translate(window, answers)
    METER_READINGS.check(translation.meter_readings)
    BILL_LINES.check(translation.bill_lines)
    USAGE_ESTIMATES.check(translation.estimates)
    return translation


def page(*results: dict[str, Any], day: int = 1, **more: Any) -> dict[str, Any]:
    bucket = {
        "starting_at": f"2026-10-{day:02}T00:00:00Z",
        "ending_at": f"2026-10-{day + 1:02}T00:00:00Z",
        "results": list(results),
    }
    return {"data": [bucket], "has_more": False, "next_page": None, **more}


def used(count: int = 100, **more: Any) -> dict[str, Any]:
    """A result of `count` uncached input tokens and a tenth of it as output."""
    return {
        "uncached_input_tokens": count, "output_tokens": count // 10, "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
        "server_tool_use": {"web_search_requests": 0}, "workspace_id": "wrkspc_1", "model": "claude-opus-4-6",
        "service_tier": "standard", "context_window": None, "inference_geo": None, "api_key_id": None,
        "account_id": None, "service_account_id": None, **more,
    }  # fmt: skip


def cost(amount: Any = "123.45", **more: Any) -> dict[str, Any]:
    return {
        "amount": amount, "currency": "USD", "workspace_id": "wrkspc_1", "description": "Claude Opus 4.6 Usage",
        "cost_type": "tokens", "token_type": "uncached_input_tokens", "model": "claude-opus-4-6",
        "service_tier": "standard", "context_window": "0-200k", "inference_geo": "global", **more,
    }  # fmt: skip


def pulls(answer_of: MakeAnswer, money: Any = None, keys: Any = None, costs: Any = None) -> list[Answer]:
    return [
        answer_of(KEYS, keys if keys is not None else page()),
        answer_of(USAGE, money if money is not None else page()),
        answer_of("cost_report", costs if costs is not None else page()),
    ]


@pytest.mark.reference
def test_the_vendors_examples(shared_reference: Path, answer_of: MakeAnswer) -> None:
    examples = shared_reference / "specs" / "examples"
    usage = (examples / "anthropic_v1_organizations_usage_report_messages.json").read_bytes()
    costs = (examples / "anthropic_v1_organizations_cost_report.json").read_bytes()
    window = Window(datetime(2025, 8, 1, tzinfo=UTC), datetime(2025, 8, 2, tzinfo=UTC))
    translation = translate(
        [
            answer_of(stream, body, window=window)
            for stream, body in ((KEYS, usage), (USAGE, usage), ("cost_report", costs))
        ],
        window,
    )
    readings = translation.meter_readings
    assert dict(readings.select("meter", pl.col("quantity").cast(pl.Int64)).rows()) == {
        "input": 1500, "cache_read": 200, "cache_write_5m": 500, "cache_write_1h": 1000, "output": 500,
        "web_searches": 10,
    }  # fmt: skip
    row = readings.row(0, named=True)
    assert (row["api_key_id"], row["user_id"]) == ("apikey_01Rj2N8SVvo6BePZj99NhmiT", "user_01WCz1FkmYMm4gnmykNKUu3Q")
    assert (row["context_window"], row["inference_geo"], row["attribution"]) == ("0-200k", "global", "exact")
    line = translation.bill_lines.row(0, named=True)
    # 123.78912 cents are $1.2378912, not $123.78912.
    assert (line["amount"], line["meter"], line["processing_tier"]) == (Decimal("1.2378912"), "input", "standard")
    assert translation.totals.sort("direction")["tokens"].to_list() == [3200, 500]


def test_who_used_it_is_joined_to_what_its_price_depends_on(answer_of: MakeAnswer) -> None:
    money = page(used(70, inference_geo="global"), used(30, inference_geo="us"))
    keys = page(used(60, api_key_id="key_1"), used(30, api_key_id="key_2", account_id="user_2"))
    translation = translate(pulls(answer_of, money, keys))
    readings = translation.meter_readings.filter(pl.col("meter") == "input")
    assert readings.group_by("inference_geo").agg(pl.col("quantity").sum()).sort("inference_geo").rows() == [
        ("global", Decimal(70)),
        ("us", Decimal(30)),
    ]
    by_key = dict(readings.group_by("api_key_id").agg(pl.col("quantity").sum()).rows())
    assert by_key == {"key_1": Decimal(60), "key_2": Decimal(30), None: Decimal(10)}
    assert set(readings["attribution"]) == {"apportioned", "none"}
    assert [found.kind for found in translation.findings] == ["usage without attribution"]
    assert translation.totals["tokens"].sum() == 110


def test_the_default_workspace_has_a_name(answer_of: MakeAnswer) -> None:
    row = used(10, workspace_id=None, api_key_id="key_1")
    answers = [
        *pulls(answer_of, page(row), page(row), page(cost(workspace_id=None))),
        answer_of("names/workspaces", {"data": [{"id": "wrkspc_1", "name": "Search"}], "has_more": False}),
    ]
    translation = translate(answers)
    assert set(translation.meter_readings["project_id"]) == set(translation.bill_lines["project_id"]) == {"default"}
    assert ("project", "default", "Default workspace") in translation.names.select("kind", "id", "name").rows()


@pytest.mark.parametrize(
    ("word", "tier"),
    [("standard", "standard"), ("batch", "batch"), ("flex", "flex"), ("flex_discount", "flex"),
     ("priority", "priority"), ("priority_on_demand", "priority"), (None, "standard"), ("turbo", "unknown")],
)  # fmt: skip
def test_tiers(word: str | None, tier: str, answer_of: MakeAnswer) -> None:
    row = used(10, service_tier=word)
    translation = translate(pulls(answer_of, page(row), page(row)))
    assert set(translation.meter_readings["processing_tier"]) == {tier}
    assert set(translation.meter_readings["service_tier"]) == {word}
    assert [found.kind for found in translation.findings] == (["unknown service_tier"] if tier == "unknown" else [])


def test_fast_mode_comes_by_a_third_pull(answer_of: MakeAnswer) -> None:
    row = used(100, api_key_id="key_1")
    answers = [
        *pulls(answer_of, page(row), page(row)),
        answer_of(SPEED, page(used(40, speed="fast"), used(60, speed="standard"))),
    ]
    readings = translate(answers, speed=True).meter_readings.filter(pl.col("meter") == "input")
    assert dict(readings.select("processing_tier", "quantity").rows()) == {"fast": Decimal(40), "standard": Decimal(60)}
    assert set(readings["attribution"]) == {"exact"}


def test_what_cost_rows_bill(answer_of: MakeAnswer) -> None:
    nothing = {"cost_type": None, "token_type": None, "model": None, "service_tier": None, "context_window": None,
               "inference_geo": None}  # fmt: skip
    rows = [
        cost("1", token_type="cache_creation.ephemeral_1h_input_tokens", service_tier="batch"),
        cost("2", **{**nothing, "cost_type": "web_search", "description": "Web Search Usage"}),
        cost("3", **{**nothing, "cost_type": "code_execution", "description": "Code Execution Usage"}),
        cost("4", **{**nothing, "cost_type": "session_usage", "description": "Session Usage"}),
        cost("5", **{**nothing, "description": "Claude Sonnet 4 Usage (Batch) - Input Tokens, Cache Hit"}),
        cost("-6", **{**nothing, "description": "Goodwill"}),
        cost("7", **{**nothing, "description": "Sales tax"}),
        cost("8", token_type="thinking_tokens"),
    ]
    translation = translate(pulls(answer_of, costs=page(*rows)))
    lines = translation.bill_lines.sort(pl.col("amount").abs())
    assert lines.select("meter", "processing_tier", "charge_category").rows() == [
        ("cache_write_1h", "batch", "Usage"),
        ("web_searches", None, "Usage"),
        (None, None, "Usage"),
        (None, None, "Usage"),
        ("cache_read", "batch", "Usage"),
        (None, None, "Credit"),
        (None, None, "Tax"),
        (None, "standard", "Usage"),
    ]
    assert sorted(found.kind for found in translation.findings) == [
        "unknown token_type", "unread cost line", "unread cost line",
    ]  # fmt: skip


def test_the_same_line_twice_in_a_day_is_two_lines(answer_of: MakeAnswer) -> None:
    lines = translate(pulls(answer_of, costs=page(cost("5"), cost("5")))).bill_lines
    assert lines["amount"].sum() == Decimal("0.10")
    assert lines["line_id"].n_unique() == 2


def test_an_absent_pull_is_missing_and_an_empty_bucket_is_not(answer_of: MakeAnswer) -> None:
    answers = pulls(answer_of)
    assert translate(answers).missing == ()
    assert translate(answers[1:]).missing == (f"{KEYS}: no answer",)


@pytest.mark.parametrize(
    "row",
    [
        used(output_tokens=-1), used(uncached_input_tokens="7"), used(cache_creation=None), used(cache_creation=5),
        used(cache_creation={"ephemeral_1h_input_tokens": 1}), used(model=["x"]), {"cache_creation_input_tokens": 4},
    ],
)  # fmt: skip
def test_hostile_usage_is_refused(row: dict[str, Any], answer_of: MakeAnswer) -> None:
    with pytest.raises(AnswerError) as caught:
        translate(pulls(answer_of, money=page(row)))
    assert caught.value.stream == USAGE


@pytest.mark.parametrize("row", [cost(None), cost("1,5"), cost("NaN"), cost(currency=None), cost(model=3)])
def test_hostile_costs_are_refused(row: dict[str, Any], answer_of: MakeAnswer) -> None:
    with pytest.raises(AnswerError) as caught:
        translate(pulls(answer_of, costs=page(row)))
    assert caught.value.stream == "cost_report"


CODE = "usage_report/claude_code"


def coded(customer: str, cents: Any, email: str = "ann@acme.test") -> dict[str, Any]:
    return {
        "actor": {"type": "user_actor", "email_address": email}, "date": "2026-10-01T00:00:00Z",
        "customer_type": customer, "terminal_type": "vscode",
        "model_breakdown": [{"model": "claude-opus-4-8", "estimated_cost": {"amount": cents, "currency": "USD"}}],
    }  # fmt: skip


def test_claude_code_is_an_estimate_and_never_added_twice(answer_of: MakeAnswer) -> None:
    body = {"data": [coded("subscription", 186), coded("subscription", 42), coded("api", 1000)], "has_more": False}
    answers = [*pulls(answer_of), answer_of(CODE, body, query="starting_at=2026-10-01&limit=1000")]
    translation = translate(answers, claude_code=True)
    row = translation.estimates.row(0, named=True)
    assert translation.estimates.height == 1
    assert (row["list_cost"], row["kind"], row["user_id"]) == (Decimal("2.28"), "notional", "ann@acme.test")
    assert translation.bill_lines.height == translation.meter_readings.height == 0
    assert ["10.00 USD" in found.detail for found in translation.findings] == [True]
    assert translation.missing == ()


def test_a_day_of_claude_code_that_does_not_end_is_missing(answer_of: MakeAnswer) -> None:
    half = answer_of(CODE, {"data": [], "has_more": True, "next_page": "x"}, query="starting_at=2026-10-01")
    assert translate([*pulls(answer_of), half], claude_code=True).missing == (f"{CODE}: 2026-10-01",)
    assert translate(pulls(answer_of), claude_code=True).missing == (f"{CODE}: 2026-10-01",)
