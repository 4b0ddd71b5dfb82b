"""The simulator's hand-written prices against the published ones, and a few costs worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import data_snapshot
from genai_prices.types import TieredPrices

from connectors.simulator.events import UNKNOWN_MODEL
from connectors.simulator.list_prices import (
    ANTHROPIC_PRICES,
    FILE_SEARCHES,
    LONG_CONTEXT,
    OPENAI_PRICES,
    exact_cost,
    unit_price,
)
from connectors.simulator.workloads import WORKLOADS

ON_THIS_DAY = datetime(2026, 11, 20, tzinfo=UTC)
FIELDS = {
    "input": "input_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
    "input_audio": "input_audio_mtok",
    "cache_read_audio": "cache_audio_read_mtok",
    "output_audio": "output_audio_mtok",
    "input_image": "input_image_mtok",
    "cache_read_image": "cache_image_read_mtok",
    "characters": "input_mchars",
    "audio_seconds": "audio_hours",
    "web_searches": "web_searches_kcount",
}
CONTEXTS = {
    "standard": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}


def published(provider: str, model: str, tier: str, meter: str, *, long: bool = False) -> Decimal:
    _, found = data_snapshot.get_snapshot().find_provider_model(model, None, provider, None)
    price = getattr(found.get_prices(ON_THIS_DAY, CONTEXTS[tier]), FIELDS[meter])
    if isinstance(price, TieredPrices):
        return price.tiers[0].price if long else price.base
    return price


@pytest.mark.parametrize("model", LONG_CONTEXT)
def test_long_context_costs_what_the_published_tier_says(model: str) -> None:
    for meter, price in LONG_CONTEXT[model].items():
        assert price == published("anthropic", model, "standard", meter, long=True), meter


@pytest.mark.parametrize(
    ("provider", "model"),
    [*(("openai", model) for model in OPENAI_PRICES), *(("anthropic", model) for model in ANTHROPIC_PRICES)],
)
def test_every_price_is_the_published_one(provider: str, model: str) -> None:
    prices = (OPENAI_PRICES if provider == "openai" else ANTHROPIC_PRICES)[model]
    for tier, meters in prices.items():
        for meter, price in meters.items():
            assert price == published(provider, model, tier, meter), (tier, meter)


def test_the_unknown_model_is_unknown_to_everybody() -> None:
    with pytest.raises(LookupError):
        data_snapshot.get_snapshot().find_provider_model(UNKNOWN_MODEL, None, "openai", None)


def test_file_searches_cost_the_same_with_every_model() -> None:
    provider = next(provider for provider in data_snapshot.get_snapshot().providers if provider.id == "openai")
    prices = {model.get_prices(ON_THIS_DAY).storage_searches_kcount for model in provider.models}
    assert prices - {None} == {FILE_SEARCHES}


def test_anthropics_priority_tier_has_no_public_price() -> None:
    assert unit_price("anthropic", "claude-opus-5-5", "input", "priority") is None


def test_everything_used_of_a_published_model_has_a_price() -> None:
    for workload in WORKLOADS:
        provider = "openai" if workload.source == "openai" else "anthropic"
        known = workload.model in {**OPENAI_PRICES, **ANTHROPIC_PRICES}
        for meter, _ in workload.mix if known else ():
            price = unit_price(provider, workload.model, meter, workload.tier, context=workload.context)
            paid_by_commitment = (provider, workload.tier) == ("anthropic", "priority")
            assert (price is None) == paid_by_commitment, (workload.name, meter)


@pytest.mark.parametrize(
    ("model", "meter", "tier", "context", "geo", "quantity", "cost"),
    [
        # 1,234,567 tokens kept in the United States: 5 × 1.1 = 5.50 a million
        ("claude-opus-4-8", "input", "standard", "0-200k", "us", 1_234_567, "6.7901185"),
        ("claude-sonnet-4-5-20250929", "output", "standard", "200k-1M", None, 40_000, "0.9"),
        ("claude-sonnet-4-5-20250929", "output", "standard", "0-200k", None, 40_000, "0.6"),
        ("claude-haiku-4-5-20251001", "cache_read", "batch", "0-200k", None, 1, "0.00000005"),
        ("claude-sonnet-5", "web_searches", "standard", "0-200k", "global", 250, "2.5"),
    ],
)
def test_costs_by_hand(
    model: str, meter: str, tier: str, context: str, geo: str | None, quantity: int, cost: str
) -> None:
    price = unit_price("anthropic", model, meter, tier, context=context, geo=geo)
    assert price is not None
    assert exact_cost(price, meter, quantity) == Decimal(cost)


def test_an_hour_of_audio_is_priced_by_the_second() -> None:
    price = unit_price("openai", "whisper-1", "audio_seconds", "standard")
    assert price is not None
    assert exact_cost(price, "audio_seconds", 5_400) == Decimal("0.54")
