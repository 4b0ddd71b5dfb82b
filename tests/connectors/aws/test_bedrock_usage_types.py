"""Bedrock's usage types: three grammars, every text that is known verbatim, and texts that must not be guessed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.aws.bedrock_usage import Capacity, TokenUsage, parse_capacity, parse_usage_type
from models.ledger.units import METERS

OPUS = "Claude Opus 5.5 (Amazon Bedrock Edition)"

Told = tuple[str | None, str, str, str | None, str | None]
"""model, meter, tier, geography, context window"""

CLASSIC: dict[str, Told] = {
    "USE1-Claude3Sonnet-input-tokens": ("Claude3Sonnet", "input", "standard", None, None),
    "USE1-Claude3Sonnet-output-tokens": ("Claude3Sonnet", "output", "standard", None, None),
    "USE1-Claude3Sonnet-input-tokens-batch": ("Claude3Sonnet", "input", "batch", None, None),
    "USE1-Claude3Sonnet-input-tokens-flex": ("Claude3Sonnet", "input", "flex", None, None),
    "USE1-Claude3Sonnet-input-tokens-priority": ("Claude3Sonnet", "input", "priority", None, None),
    "USE1-Claude3Sonnet-input-tokens-custom-model": ("Claude3Sonnet (custom model)", "input", "standard", None, None),
    "USE1-Claude3Sonnet-cache-read-input-token-count": ("Claude3Sonnet", "cache_read", "standard", None, None),
    "USE1-Claude3Sonnet-cache-write-input-token-count": ("Claude3Sonnet", "cache_write", "standard", None, None),
    "USE1-Claude3Sonnet-cache-write-1h-input-token-count": ("Claude3Sonnet", "cache_write_1h", "standard", None, None),
    "USE1-Claude3Sonnet-input-tokens-cross-region-global": ("Claude3Sonnet", "input", "standard", "global", None),
    "USE1-Claude3Sonnet-input-tokens-cross-region-global-batch": ("Claude3Sonnet", "input", "batch", "global", None),
    "USE1-Nova2.0Pro-text-input-tokens-priority-cross-region-global": ("Nova2.0Pro", "input", "priority", "global",
        None),
    "USW2-Claude4.6Opus-output-tokens": ("Claude4.6Opus", "output", "standard", None, None),
    "EU-Claude4.6Opus-cache-read-input-token-count-cross-region-global": ("Claude4.6Opus", "cache_read", "standard",
        "global", None),
    "EUW1-Claude4.6Sonnet-input-tokens": ("Claude4.6Sonnet", "input", "standard", None, None),
    "APN1-NovaMicro-output-tokens-batch": ("NovaMicro", "output", "batch", None, None),
    "USE1-NovaLite-output-tokens-flex": ("NovaLite", "output", "flex", None, None),
    "USE1-NovaPro-input-tokens-latency-optimized": ("NovaPro", "input", "fast", None, None),
    "USE1-NovaPremier-input-tokens-cross-region": ("NovaPremier", "input", "standard", "cross-region", None),
    "USE1-NovaSonic-speech-input-tokens": ("NovaSonic", "input_audio", "standard", None, None),
    "USE1-NovaSonic-speech-output-tokens": ("NovaSonic", "output_audio", "standard", None, None),
    "USE1-Nova2.0Sonic-Speech-input-tokens": ("Nova2.0Sonic", "input_audio", "standard", None, None),
    "USE1-Nova2.0Omni-Image-output-tokens-batch": ("Nova2.0Omni", "output_image", "batch", None, None),
    "USE1-NovaSonic-text-output-tokens": ("NovaSonic", "output", "standard", None, None),
    "USE1-Llama3-2-1B-output-tokens": ("Llama3-2-1B", "output", "standard", None, None),
    "USE1-Llama4-Maverick-17B-input-tokens-batch": ("Llama4-Maverick-17B", "input", "batch", None, None),
    "EUW2-Mistral7B-output-tokens": ("Mistral7B", "output", "standard", None, None),
    "EUW2-Qwen3-VL-235B-A22B-input-tokens": ("Qwen3-VL-235B-A22B", "input", "standard", None, None),
    "EU-Qwen3-32B-output-tokens-batch": ("Qwen3-32B", "output", "batch", None, None),
    "USE1-GPT-OSS-Safeguard-20B-input-tokens-priority": ("GPT-OSS-Safeguard-20B", "input", "priority", None, None),
    "gpt-oss-20b-input-tokens-flex": ("gpt-oss-20b", "input", "flex", None, None),
    "USE1-Gemma-3-4B-IT-input-tokens-flex": ("Gemma-3-4B-IT", "input", "flex", None, None),
    "USE1-TitanEmbeddingsG1-Text-input-tokens": ("TitanEmbeddingsG1-Text", "input", "standard", None, None),
    "USW2-Claude2.0-input-tokens": ("Claude2.0", "input", "standard", None, None),
    "USE1-zai.glm-4.7-output-tokens-batch": ("zai.glm-4.7", "output", "batch", None, None),
    "SAE1-DeepSeekR1-output-tokens": ("DeepSeekR1", "output", "standard", None, None),
    "CAN1-Claude3Haiku-input-tokens": ("Claude3Haiku", "input", "standard", None, None),
    "UGW1-Claude3.5Sonnet-input-tokens": ("Claude3.5Sonnet", "input", "standard", None, None),
    "APS3-Claude4.5Haiku-cache-write-input-token-count": ("Claude4.5Haiku", "cache_write", "standard", None, None),
    "USE1-Claude4.5Haiku-cache-write-5m-input-token-count": ("Claude4.5Haiku", "cache_write_5m", "standard", None,
        None),
    "USE1-Claude4.5Haiku-cache-write-input-token-count-1h": ("Claude4.5Haiku", "cache_write_1h", "standard", None,
        None),
    "USE1-Claude4Sonnet-input-tokens-long-context": ("Claude4Sonnet", "input", "standard", None, "long"),
    "USE1-Claude4Sonnet-output-tokens-long-context-cross-region-global": ("Claude4Sonnet", "output", "standard",
        "global", "long"),
    "USE1-Nova2.0Lite-image-output-tokens": ("Nova2.0Lite", "output_image", "standard", None, None),
    "USE1-Nova2.0Omni-image-input-tokens-cross-region-global": ("Nova2.0Omni", "input_image", "standard", "global",
        None),
    "USE1-Palmyra-X5-output-tokens": ("Palmyra-X5", "output", "standard", None, None),
}  # fmt: skip

MANTLE: dict[str, Told] = {
    "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-global-standard": ("anthropic.claude-opus-4-8",
        "cache_write", "standard", "global", None),
    "USE1-qwen.qwen3-32b-mantle-input-tokens-standard": ("qwen.qwen3-32b", "input", "standard", None, None),
    "USE1-xai.grok-4.6-mantle-input-tokens-global-standard": ("xai.grok-4.6", "input", "standard", "global", None),
    "USE1-nvidia.nemotron-super-3-120b-mantle-output-tokens-flex": ("nvidia.nemotron-super-3-120b", "output", "flex",
        None, None),
    "USW2-moonshotai.kimi-k3-mantle-output-tokens-standard": ("moonshotai.kimi-k3", "output", "standard", None, None),
    "USE1-openai.gpt-oss-120b-mantle-input-tokens-batch": ("openai.gpt-oss-120b", "input", "batch", None, None),
    "USE1-anthropic.claude-opus-4-8-mantle-cache-write-input-token-count-1h": ("anthropic.claude-opus-4-8",
        "cache_write_1h", "standard", None, None),
    "USE1-anthropic.claude-opus-4-8-mantle-cache-read-tokens-global-priority": ("anthropic.claude-opus-4-8",
        "cache_read", "priority", "global", None),
    "USE1-anthropic.claude-opus-4-8-mantle-cache-write-tokens-1h-global-standard": ("anthropic.claude-opus-4-8",
        "cache_write_1h", "standard", "global", None),
    "USE1-openai.gpt-5.5-mantle-input-tokens-long-ctx-global-standard": ("openai.gpt-5.5", "input", "standard",
        "global", "long"),
    "openai.gpt-5.5-mantle-output-tokens-fast": ("openai.gpt-5.5", "output", "fast", None, None),
}  # fmt: skip
MANTLE |= {
    f"{place}-{model}-mantle-{noun}-{where}{tier}": (model, meter, tier, where.strip("-") or None, None)
    for place, model, (noun, meter), where, tier in itertools.product(
        ("USE1", "EUC1"),
        ("zai.glm-5", "mistral.mistral-large-3"),
        (("input-tokens", "input"), ("output-tokens", "output")),
        ("", "global-"),
        ("standard", "batch"),
    )
}

MARKETPLACE: dict[str, Told] = {
    "USW2-MP:USW2_InputTokenCount_Global_Batch-Units": ("Claude Opus 5.5", "input", "batch", "global", None),
    "USW2-MP:USW2_input_tokens_long_ctx_global_standard-Units": (
        "Claude Opus 5.5",
        "input",
        "standard",
        "global",
        "long",
    ),
}
_BODIES: dict[str, tuple[str, str, str | None, str | None]] = {
    "InputTokenCount": ("input", "standard", None, None),
    "OutputTokenCount": ("output", "standard", None, None),
    "ResponseTokenCount": ("output", "standard", None, None),
    "InputTokenCount_Global": ("input", "standard", "global", None),
    "OutputTokenCount_Global": ("output", "standard", "global", None),
    "OutputTokenCount_Batch": ("output", "batch", None, None),
    "OutputTokenCount_Global_Batch": ("output", "batch", "global", None),
    "InputTokenCount_LCtx": ("input", "standard", None, "long"),
    "InputTokenCount_LCtx_Global": ("input", "standard", "global", "long"),
    "InputTokenCount_LatencyOptimized": ("input", "fast", None, None),
    "MillionBatchInputTokens": ("input", "batch", None, None),
    "MillionInputTokens": ("input", "standard", None, None),
    "CacheReadInputTokenCount": ("cache_read", "standard", None, None),
    "CacheReadInputTokenCount_Global": ("cache_read", "standard", "global", None),
    "CacheWriteInputTokenCount": ("cache_write", "standard", None, None),
    "CacheWriteInputTokenCount_Global": ("cache_write", "standard", "global", None),
    "CacheWrite1hInputTokenCount": ("cache_write_1h", "standard", None, None),
    "CacheWrite1hInputTokenCount_Global": ("cache_write_1h", "standard", "global", None),
    "CacheWrite5mInputTokenCount": ("cache_write_5m", "standard", None, None),
    "input_tokens_standard": ("input", "standard", None, None),
    "input_tokens_batch": ("input", "batch", None, None),
    "input_tokens_global_flex": ("input", "flex", "global", None),
    "input_tokens_priority": ("input", "priority", None, None),
    "output_tokens_standard": ("output", "standard", None, None),
    "output_tokens_global_standard": ("output", "standard", "global", None),
    "output_tokens_long_ctx_standard": ("output", "standard", None, "long"),
    "cache_read_tokens_standard": ("cache_read", "standard", None, None),
    "cache_read_tokens_long_ctx_global_standard": ("cache_read", "standard", "global", "long"),
    "cached_input_tokens_standard": ("cache_read", "standard", None, None),
    "cache_write_tokens_standard": ("cache_write", "standard", None, None),
    "cache_write_tokens_1h_global_standard": ("cache_write_1h", "standard", "global", None),
    "cache_write_tokens_30m_standard": ("cache_write", "standard", None, None),
    "cache_writes_tokens_standard": ("cache_write", "standard", None, None),
    "cache_write_tokens_30m_long_ctx_global_standard": ("cache_write", "standard", "global", "long"),
}
MARKETPLACE |= {f"USE1-MP:USE1_{body}-Units": ("Claude Opus 5.5", *told) for body, told in _BODIES.items()}

NOT_TOKENS = (
    "USE1-Claude2.1-ProvisionedThroughput-ModelUnit-1month",
    "USE1-MP:USE1_ProvisionedThroughput_1MonthCommit_ModelUnits_Usage-Units",
    "APN2-MP:APN2_Reserved_1Month_InputTPM_Global-Units",
    "USE1-MP:USE1_created_image-Units",
    "USE1-MP:USE1_search_units-Units",
    "USE1-Guardrail-ContentPolicyUnitsConsumed",
    "USE1-Guardrail-AutomatedReasoningPolicyUnitsConsumed",
    "USE1-BedrockKnowledgeBase-searchunits",
    "USE1-BedrockKnowledgeBase-searchunits-token",
    "USW2-AmazonRerank-v1-searchunits",
    "USE1-cohere.rerank-english-v3-search-units",
    "USE1-TitanImageGeneratorG1-T2I-1024-Standard",
    "USE1-StableDiffusionXL-created-image",
    "USE1-TitanEmbeddingsG1-Image-input-image",
    "USE1-NovaMultiModalEmbeddings-input-audio-second",
    "USE1-NovaReel-video-second",
    "USE1-NovaSonic-video-input-tokens",
    "USE1-Nova2.0Omni-Video-input-tokens",
    "USE1-CustomModelStorage",
    "USE1-Nova-Customization-Training",
    "USE1-DataAutomation-Document-Custom-Pages",
    "USE1-BedrockAgents-Invocation",
    "USE1-BedrockFlows-NodeTransitions",
    "USE1-PromptOptimization-text",
    "USE1-Claude3Sonnet-input-tokens-someday",
    "USE1-Claude3Sonnet-input-tokens-batch-priority",
    "USE1-MP:USE1_InputTokenCount_Elsewhere-Units",
    "generic-tokens-usage",
    "nodash",
    "",
)


def _told(usage: TokenUsage | None) -> Told:
    assert usage is not None
    return usage.model, usage.meter, usage.tier, usage.geography, usage.context_window


@pytest.mark.parametrize(("text", "told"), CLASSIC.items())
def test_classic_texts(text: str, told: Told) -> None:
    usage = parse_usage_type(text)
    assert _told(usage) == told
    assert usage is not None and usage.grammar == "classic"


@pytest.mark.parametrize(("text", "told"), MANTLE.items())
def test_texts_of_the_mantle_endpoint(text: str, told: Told) -> None:
    usage = parse_usage_type(text)
    assert _told(usage) == told
    assert usage is not None and usage.grammar == "mantle"


@pytest.mark.parametrize(("text", "told"), MARKETPLACE.items())
def test_marketplace_texts_take_the_model_from_the_product(text: str, told: Told) -> None:
    assert _told(parse_usage_type(text, OPUS)) == told
    nameless = parse_usage_type(text)
    assert nameless is not None and nameless.model is None


@pytest.mark.parametrize("text", NOT_TOKENS)
def test_what_counts_no_tokens_is_not_guessed(text: str) -> None:
    assert parse_usage_type(text, OPUS) is None


def test_throughput_that_was_bought_says_for_how_long() -> None:
    assert parse_capacity("USE1-Claude2.1-ProvisionedThroughput-ModelUnit-1month") == Capacity(
        "Claude2.1", "Provisioned Throughput", "1 months"
    )
    assert parse_capacity(
        "USE1-MP:USE1_ProvisionedThroughput_6MonthCommit_ModelUnits_Usage-Units",
        "Claude 3.7 Sonnet (Amazon Bedrock Edition)",
    ) == Capacity("Claude 3.7 Sonnet", "Provisioned Throughput", "6 months")
    assert parse_capacity("USE1-Claude2.1-ProvisionedThroughput-NoCommit") == Capacity(
        "Claude2.1", "Provisioned Throughput", None
    )
    assert parse_capacity("APN2-MP:APN2_Reserved_1Month_InputTPM_Global-Units", OPUS) == Capacity(
        "Claude Opus 5.5", "Reserved Tier", "1Month"
    )
    assert parse_capacity("USE1-Claude3Sonnet-input-tokens") is None


@given(st.text(max_size=80), st.none() | st.text(max_size=30))
def test_any_text_is_read_or_left(text: str, name: str | None) -> None:
    usage = parse_usage_type(text, name)
    assert usage is None or usage.meter in METERS
