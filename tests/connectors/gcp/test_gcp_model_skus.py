"""SKU texts of Vertex AI and the Gemini API: model, meter, tier, context, geography, worked out by hand."""

from __future__ import annotations

import pytest

from connectors.gcp.model_skus import read_model_sku
from connectors.gcp.sku_facts import sku_facts

# text → model, meter (or what else is sold), and what differs from a standard use without context or geography
COUNTED = {
    "Generate content input token count gemini 2.5 flash short input text": (
        "gemini-2.5-flash", "input", {"context": "short"}),
    "Generate content output token count gemini 3.1 flash lite preview text": (
        "gemini-3.1-flash-lite-preview", "output", {}),
    "Generate content cached input token count gemini 2.5 flash input image": (
        "gemini-2.5-flash", "cache_read_image", {}),
    "Gemini 2.5 Pro Thinking Text Output - Predictions": ("gemini-2.5-pro", "output", {}),
    "Gemini 3.8 Flash Global Text Input Priority - Predictions": (
        "gemini-3.8-flash", "input", {"tier": "priority", "geography": "global"}),
    "Gemini 2.5 Pro Long Text Input - Predictions": ("gemini-2.5-pro", "input", {"context": "long"}),
    "Gemini 2.5 Pro Input Text Long (> 200k) - Predictions": ("gemini-2.5-pro", "input", {"context": "long"}),
    "Gemini 2.5 Flash Image Input - Predictions": ("gemini-2.5-flash", "input_image", {}),
    "Gemini 2.5 Flash Image Image Output - Predictions": ("gemini-2.5-flash-image", "output_image", {}),
    "Gemini 2.5 Flash Image Text Input - Predictions": ("gemini-2.5-flash-image", "input", {}),
    "Gemini 2.5 Flash Lite Audio Input - Batch Predictions": (
        "gemini-2.5-flash-lite", "input_audio", {"tier": "batch"}),
    "Gemini 2.5 Flash Video Input - Predictions": ("gemini-2.5-flash", "input", {}),
    "Gemini 2.5 Pro Text Input Caching - Predictions": ("gemini-2.5-pro", "cache_read", {}),
    "Gemini 2.5 Flash Audio Input Caching - Predictions": ("gemini-2.5-flash", "cache_read_audio", {}),
    "Gemini 3.8 Flash Text Output Flex - Predictions": ("gemini-3.8-flash", "output", {"tier": "flex"}),
    "Gemini 2.0 Flash Live Audio Output - Predictions": ("gemini-2.0-flash-live", "output_audio", {}),
    "Gemini 2.0 Flash Thinking Exp Text Input - Predictions": ("gemini-2.0-flash", "input", {}),
    "Gemini 2.5 Flash Preview TTS Audio Output": ("gemini-2.5-flash-preview-tts", "output_audio", {}),
    "Generate content output token count gemini 2.5 pro long input text batch": (
        "gemini-2.5-pro", "output", {"context": "long", "tier": "batch"}),
    "Generate content thinking output token count gemini 2.5 flash": ("gemini-2.5-flash", "output", {}),
    "Generate_content input token count gemini 3.5 flash flex short input audio": (
        "gemini-3.5-flash", "input_audio", {"tier": "flex", "context": "short"}),
    "Generate content cached input token count gemini 3.1 pro preview long input text": (
        "gemini-3.1-pro-preview", "cache_read", {"context": "long"}),
    "Generate content output token count gemini 2.5 pro for input token >200k": (
        "gemini-2.5-pro", "output", {"context": "long"}),
    "Generate content input token count gemini 2.5 pro before output token": ("gemini-2.5-pro", "input", {}),
    "Gemini 2.5 Flash Native Audio Audio Output": ("gemini-2.5-flash-native-audio", "output_audio", {}),
    "Gemini 2.5 Flash Native Audio Text Input": ("gemini-2.5-flash-native-audio", "input", {}),
    "Gemini Embedding Text Input Tokens": ("gemini-embedding", "input", {}),
    "Gemini 1.5 Pro Text Input - Characters": ("gemini-1.5-pro", "characters", {}),
    "Claude Sonnet 4.5 Input Tokens": ("claude-sonnet-4-5", "input", {}),
    "Claude Sonnet 4.5 Output Tokens Long Context": ("claude-sonnet-4-5", "output", {"context": "long"}),
    "Claude Opus 4.1 Cache Hit Tokens": ("claude-opus-4-1", "cache_read", {}),
    "Claude Opus 4.1 Cache Write 5m Tokens": ("claude-opus-4-1", "cache_write_5m", {}),
    "Claude Haiku 4.5 1h Cache Write Tokens": ("claude-haiku-4-5", "cache_write_1h", {}),
    "Claude Haiku 4.5 Batch Input Tokens Global": (
        "claude-haiku-4-5", "input", {"tier": "batch", "geography": "global"}),
    "Llama 4 Maverick 17B 128E Input Tokens": ("llama-4-maverick-17b-128e", "input", {}),
    "DeepSeek R1 0528 Output Tokens": ("deepseek-r1-0528", "output", {}),
    "Qwen3 Coder 480B A35B Input Tokens": ("qwen3-coder-480b-a35b", "input", {}),
    "Mistral Small 3.1 Output Tokens": ("mistral-small-3.1", "output", {}),
    "Imagen 4 Fast Generation": ("imagen-4-fast", "images", {}),
    "Grounding with Google Search - Gemini 2.5": ("gemini-2.5", "web_searches", {}),
    "Vertex AI: Embeddings for Text Online Requests input characters": (None, "characters", {}),
}  # fmt: skip

SOLD_OTHERWISE = {
    "Provisioned Throughput GSU 1 month - Gemini": (None, "provisioned throughput"),
    "Generative AI Scale Unit 1 week commitment": (None, "provisioned throughput"),
    "Gemini 2.5 Pro Input Caching Storage": ("gemini-2.5-pro", "context cache storage"),
    "Generate content cached content storage token count gemini 2.5 pro": ("gemini-2.5-pro", "context cache storage"),
    "Veo 3 Video Generation": ("veo-3", "generated video"),
    "Lyria 2 Music Generation": ("lyria-2", "generated music"),
    "Gemini 2.5 Flash Supervised Tuning": ("gemini-2.5-flash", "training"),
    "Grounding with your own data": (None, "grounded prompts"),
}

UNKNOWN = (
    "Gemini 2.5 Flash Native Audio Output",
    "Vertex AI Search Enterprise queries",
    "Gemini 9 Quantum Whisper",
    "Text",
    "",
)


@pytest.mark.parametrize(("text", "expected"), COUNTED.items(), ids=list(COUNTED))
def test_counted_use_is_told_apart(text: str, expected: tuple[str | None, str, dict[str, str]]) -> None:
    model, meter, rest = expected
    sold = read_model_sku(text)
    assert (sold.model, sold.meter, sold.sold) == (model, meter, None)
    assert (sold.tier, sold.context, sold.geography) == (
        rest.get("tier", "standard"),
        rest.get("context"),
        rest.get("geography"),
    )


@pytest.mark.parametrize(("text", "expected"), SOLD_OTHERWISE.items(), ids=list(SOLD_OTHERWISE))
def test_what_is_not_counted_use_is_called_what_it_is(text: str, expected: tuple[str | None, str]) -> None:
    sold = read_model_sku(text)
    assert (sold.model, sold.sold, sold.meter) == (*expected, None)


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_nobody_knows_is_not_guessed(text: str) -> None:
    assert not read_model_sku(text).is_understood


@pytest.mark.parametrize(
    ("label", "text", "model"),
    [
        ("gemini35flash", "Generate content input token count short input text", "gemini-3.5-flash"),
        ("gemini35flash", "Gemini 3.5 Flash Text Input - Predictions", "gemini-3.5-flash"),
        ("gemini35flashlite", "Gemini 3.5 Flash Text Input - Predictions", "gemini-3.5-flash-lite"),
        ("gemini25flashimage", "Gemini 2.5 Flash Image Input - Predictions", "gemini-2.5-flash-image"),
        ("geminix", "Gemini Text Input - Predictions", "geminix"),
    ],
)
def test_the_rows_label_knows_the_model_better(label: str, text: str, model: str) -> None:
    assert read_model_sku(text, label).model == model


def test_details_of_a_sku_are_its_own_texts_so_that_labels_do_not_split_them() -> None:
    def details(label: str | None) -> str | None:
        return sku_facts("Vertex AI", "S", "Gemini 2.5 Flash Image Input", label, "count", "count").details

    assert details("gemini25flash") == details("gemini25flashimage") == details(None)


def test_tokens_in_a_unit_that_nobody_knows_are_not_counted() -> None:
    facts = sku_facts("Vertex AI", "S", "Gemini 2.5 Pro Text Input - Predictions", None, "bundles", "bundles")
    assert (facts.meter, facts.is_understood, facts.consumed_unit) == (None, False, "Bundles")


@pytest.mark.parametrize(
    ("sku", "unit", "pricing_unit", "units", "pool"),
    [
        ("Nvidia H100 80GB GPU running in Americas", "seconds", "hour", ("GPU-Hours", "GPU-Hours"), "H100 80GB GPU"),
        ("Nvidia Tesla A100 Gpu running in Iowa", "seconds", "hour", ("GPU-Hours", "GPU-Hours"), "A100 GPU"),
        ("Commitment v1: Nvidia L4 GPU running in Iowa for 1 Year", "seconds", "hour", ("GPU-Hours", "GPU-Hours"),
         "L4 GPU"),
        ("Nvidia L4 GPU attached to Spot Preemptible VMs running in Iowa", "seconds", "hour",
         ("GPU-Hours", "GPU-Hours"), None),
        ("TPU v5e running in Iowa", "seconds", "hour", ("TPU-Hours", "TPU-Hours"), "TPU V5E"),
        ("A3 Instance Core running in Americas", "seconds", "hour", ("vCPU-Hours", "vCPU-Hours"), "A3 CPU"),
        ("Commitment v1: A3 Cpu in Americas for 3 Year", "seconds", "hour", ("vCPU-Hours", "vCPU-Hours"), "A3 CPU"),
        ("Commitment v1: Cpu in Americas for 1 Year", "seconds", "hour", ("vCPU-Hours", "vCPU-Hours"), "N1 CPU"),
        ("N1 Predefined Instance Core running in Americas", "seconds", "hour", ("vCPU-Hours", "vCPU-Hours"), "N1 CPU"),
        ("A2 Instance Ram running in Americas", "byte-seconds", "gibibyte hour", ("GiB-Hours", "GiB-Hours"), "A2 RAM"),
        ("Commitment - dollar based v1: Cloud SQL for 1 year", "seconds", "hour", ("Seconds", "Hours"), None),
        ("Storage PD Capacity", "byte-seconds", "gibibyte month", ("B-Seconds", "GiB-Months"), None),
    ],
)  # fmt: skip
def test_machine_skus_count_what_they_sell(
    sku: str, unit: str, pricing_unit: str, units: tuple[str, str], pool: str | None
) -> None:
    facts = sku_facts("Compute Engine", "S", sku, None, unit, pricing_unit)
    assert ((facts.consumed_unit, facts.priced_unit), facts.pool) == (units, pool)


def test_provisioned_throughput_and_stored_context_have_units_of_their_own() -> None:
    throughput = sku_facts("Vertex AI", "S", "Provisioned Throughput GSU - Gemini", None, "hour", "hour")
    stored = sku_facts("Vertex AI", "S", "Gemini 2.5 Pro Input Caching Storage", None, "count hour", "count hour")
    assert (throughput.consumed_unit, stored.consumed_unit) == ("GSU-Hours", "Token-Hours")
    assert (throughput.meter, stored.meter) == (None, None)
