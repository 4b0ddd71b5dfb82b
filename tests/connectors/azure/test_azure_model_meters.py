"""Names of model meters: those that are known from bills and price lists, their spellings, and what is not guessed."""

from __future__ import annotations

import pytest

from connectors.azure.model_meters import is_model_meter, meter_meaning
from models.ledger.units import METERS

GPT5, OPENAI, REASONING, MEDIA = "Azure OpenAI GPT5", "Azure OpenAI", "Azure OpenAI Reasoning", "Azure OpenAI Media"
DEEPSEEK, GROK = "Azure Deepseek Models", "Azure Grok Models"

PLAIN = ("standard", None)
"""No tier and no context told."""

UNDERSTOOD = (
    # meter, product, what is counted, model, scope, tier, context
    ("gpt 4o 1120 Inp glbl Tokens", OPENAI, "input", "gpt-4o-1120", "Global", *PLAIN),
    ("gpt 4.1 nano cached Inp glbl Tokens", OPENAI, "cache_read", "gpt-4.1-nano", "Global", *PLAIN),
    ("o4-mini 0416 Inp glbl Tokens", REASONING, "input", "o4-mini-0416", "Global", *PLAIN),
    ("GPT 5 Inpt Glbl 1M Tokens", GPT5, "input", "gpt-5", "Global", *PLAIN),
    ("5.4 opt Dz 1M Tokens", GPT5, "output", "gpt-5.4", "DataZone", *PLAIN),
    ("5.5 ShortCo inp Gl 1M Tokens", GPT5, "input", "gpt-5.5", "Global", "standard", "short"),
    ("V4 Pro Outp DZ Tokens", DEEPSEEK, "output", "deepseek-v4-pro", "DataZone", *PLAIN),
    ("Grok 4.1 Inp DZone Tokens", GROK, "input", "grok-4.1", "DataZone", *PLAIN),
    ("Phi-4-Input Tokens", "Azure Phi Models", "input", "phi-4", None, *PLAIN),
    # directions and caches
    ("GPT 5 outpt Glbl 1M Tokens", GPT5, "output", "gpt-5", "Global", *PLAIN),
    ("GPT 5 cchd Inpt Glbl 1M Tokens", GPT5, "cache_read", "gpt-5", "Global", *PLAIN),
    ("5.4 cd inp Gl 1M Tokens", GPT5, "cache_read", "gpt-5.4", "Global", *PLAIN),
    ("5.4 inp Gl 1M Tokens", GPT5, "input", "gpt-5.4", "Global", *PLAIN),
    ("V4 Pro cached glbl Tokens", DEEPSEEK, "cache_read", "deepseek-v4-pro", "Global", *PLAIN),
    ("5.6 luna ShortCo Cd Wr Std DZ 1M Tokens", GPT5, "cache_write", "gpt-5.6-luna", "DataZone", "standard", "short"),
    ("gpt-4o-mini-0718-Outp-regnl Tokens", OPENAI, "output", "gpt-4o-mini-0718", "Regional", *PLAIN),
    ("gpt 4.1 cached Inp regnl Tokens", OPENAI, "cache_read", "gpt-4.1", "Regional", *PLAIN),
    ("GPT 5.1 inp Rg 1M Tokens", GPT5, "input", "gpt-5.1", "Regional", *PLAIN),
    ("gpt-35-turbo-0125-Output Tokens", OPENAI, "output", "gpt-35-turbo-0125", None, *PLAIN),
    ("Phi-4-reasoning-Output Tokens", "Azure Phi Models", "output", "phi-4-reasoning", None, *PLAIN),
    ("Llama-4-Scout-17B-16E-In Tokens", "Azure Llama", "input", "llama-4-scout-17b-16e", None, *PLAIN),
    ("Mistral Large 3 Outp glbl Tokens", "Azure Mistral Models", "output", "mistral-large-3", "Global", *PLAIN),
    ("FW Kimi K2.6 Inp DZ Tokens", "Azure Fireworks Models", "input", "fw-kimi-k2.6", "DataZone", *PLAIN),
    ("gpt-oss-120B Inp glbl Tokens", OPENAI, "input", "gpt-oss-120b", "Global", *PLAIN),
    # scopes spelt out
    ("gpt 4.1 mini Inp Data Zone Tokens", OPENAI, "input", "gpt-4.1-mini", "DataZone", *PLAIN),
    ("GPT 5 Mini Inpt DZone 1M Tokens", GPT5, "input", "gpt-5-mini", "DataZone", *PLAIN),
    ("gpt 4.1 Inp Global Tokens", OPENAI, "input", "gpt-4.1", "Global", *PLAIN),
    # tiers
    ("gpt 4o 1120 Batch Outp glbl Tokens", OPENAI, "output", "gpt-4o-1120", "Global", "batch", None),
    ("GPT 5 Batch cchd Inpt Glbl 1M Tokens", GPT5, "cache_read", "gpt-5", "Global", "batch", None),
    ("5 pp opt Gl 1M Tokens", GPT5, "output", "gpt-5", "Global", "priority", None),
    ("5.5 ShortCo PP opt Dz 1M Tokens", GPT5, "output", "gpt-5.5", "DataZone", "priority", "short"),
    ("5.6 sol ShortCo Inp Std Gl 1M Tokens", GPT5, "input", "gpt-5.6-sol", "Global", "standard", "short"),
    ("o3 Flex Outp glbl Tokens", REASONING, "output", "o3", "Global", "flex", None),
    # contexts
    ("5.4 longco inp Gl 1M Tokens", GPT5, "input", "gpt-5.4", "Global", "standard", "long"),
    ("5.6 luna LongCo Opt Std DZ 1M Tokens", GPT5, "output", "gpt-5.6-luna", "DataZone", "standard", "long"),
    # variants of models
    ("5.3 codex inp Gl 1M Tokens", GPT5, "input", "gpt-5.3-codex", "Global", *PLAIN),
    ("5.1 codex mini opt Gl 1M Tokens", GPT5, "output", "gpt-5.1-codex-mini", "Global", *PLAIN),
    ("5.2 chat 0210 cd inp Gl 1M Tokens", GPT5, "cache_read", "gpt-5.2-chat-0210", "Global", *PLAIN),
    ("GPT 5 Chat Inpt Glbl 1M Tokens - Preview", GPT5, "input", "gpt-5-chat", "Global", *PLAIN),
    ("4.7 Outp glbl Tokens", "Azure Grok", "output", "grok-4.7", "Global", *PLAIN),
    ("o1 0917 Inp glbl Tokens", REASONING, "input", "o1-0917", "Global", *PLAIN),
    # sound and pictures
    ("gpt4omini-aud1217 Inp glbl Tokens", OPENAI, "input_audio", "gpt-4o-mini-audio-1217", "Global", *PLAIN),
    ("gpt-4o-rt-txt-1217 cchd Inp rgnl Tokens", OPENAI, "cache_read", "gpt-4o-realtime-1217", "Regional", *PLAIN),
    ("gpt-4o-rt-aud-1217 Outp glbl Tokens", OPENAI, "output_audio", "gpt-4o-realtime-1217", "Global", *PLAIN),
    ("gpt rt aud 0828 cchd Inp glbl Tokens", OPENAI, "cache_read_audio", "gpt-realtime-0828", "Global", *PLAIN),
    ("gpt rt img 0828 Inp glbl Tokens", OPENAI, "input_image", "gpt-realtime-0828", "Global", *PLAIN),
    ("gpt rt aud mn in gl 1215 1M Tokens", OPENAI, "input_audio", "gpt-realtime-mini-1215", "Global", *PLAIN),
    ("gpt aud 0828 Outp glbl Tokens", OPENAI, "output_audio", "gpt-audio-0828", "Global", *PLAIN),
    ("gpt aud 0828 txt Outp glbl Tokens", OPENAI, "output", "gpt-audio-0828", "Global", *PLAIN),
    ("gpt4o mn tts aud out gl 1215 1M Tokens", OPENAI, "output_audio", "gpt-4o-mini-tts-1215", "Global", *PLAIN),
    ("gpt image 1 img inp Gl 1M Tokens", MEDIA, "input_image", "gpt-image-1", "Global", *PLAIN),
    ("gpt image 1 txt inp Gl 1M Tokens", MEDIA, "input", "gpt-image-1", "Global", *PLAIN),
    ("gpt image 1 img opt Gl 1M Tokens", MEDIA, "output_image", "gpt-image-1", "Global", *PLAIN),
    # embeddings read only
    ("text-embedding-3-small-glbl Tokens", OPENAI, "input", "text-embedding-3-small", "Global", *PLAIN),
    ("Text-Embedding-Ada-002 Tokens", OPENAI, "input", "text-embedding-ada-002", None, *PLAIN),
    # fine-tuned models
    ("gpt-4.1-ft input regional Tokens", OPENAI, "input", "gpt-4.1-ft", "Regional", *PLAIN),
    ("gpt 4o mini FTuned Outp glbl Tokens", OPENAI, "output", "gpt-4o-mini-ft", "Global", *PLAIN),
    ("gpt-4.1-mini Fine-tuned cached Inp regnl Tokens", OPENAI, "cache_read", "gpt-4.1-mini-ft", "Regional", *PLAIN),
    # what is counted otherwise
    ("Dall-E-3 Standard Low Res Images", MEDIA, "images", "dall-e-3", None, *PLAIN),
    ("Assistants Code Interpreter Session", OPENAI, "code_sessions", None, None, *PLAIN),
    ("File Search Tool Calls", OPENAI, "file_searches", None, None, *PLAIN),
)  # fmt: skip


@pytest.mark.parametrize(("name", "product", "meter", "model", "scope", "tier", "context"), UNDERSTOOD)
def test_meters_are_understood(
    name: str, product: str, meter: str, model: str | None, scope: str | None, tier: str, context: str | None
) -> None:
    meaning = meter_meaning(name, product, f"{product} - {name} - US East 2")
    told = (meaning.meter, meaning.scope, meaning.tier, meaning.context)
    assert told == (meter, scope, tier, context)
    assert meter in METERS
    if model is not None:
        assert meaning.model == model


@pytest.mark.parametrize(
    "name",
    [
        "Model Routers GL 1M Tokens",  # no direction
        "5.4 xq inp Gl 1M Tokens",  # an abbreviation that nobody knows
        "5.4 inp opt Gl 1M Tokens",  # two directions
        "5.4 cd opt Gl 1M Tokens",  # cached output
        "5.4 inp Gl Dz 1M Tokens",  # two scopes
        "5.4 Batch PP inp Gl 1M Tokens",  # two tiers
        "5.4 inp Zz 1M Tokens",  # a word after the model that nobody knows
        "cached inp Dz 1M Tokens",  # no model
        "gpt image 1 inp Gl 1M Tokens",  # text or image?
        "gpt 4o Wr Gl Tokens",  # written, but not to a cache
        "gpt 5.4 lng inp Gl 1M Tokens",  # a context that is new, or a model?
        "gpt 5.4 fast inp Gl 1M Tokens",  # a tier that is new?
        "gpt 5.4 extd cd inp Gl 1M Tokens",
        "o4 mini 0416 turboo Inp glbl Tokens",
        "Sora 2 Video Seconds",
        "",
    ],
)
def test_what_is_not_understood_is_not_guessed(name: str) -> None:
    meaning = meter_meaning(name, GPT5, GPT5)
    assert (meaning.purpose, meaning.meter, meaning.model) == ("unknown", None, None)


@pytest.mark.parametrize(
    ("name", "product", "purpose", "scope"),
    [
        ("Provisioned Managed Global Unit", OPENAI, "provisioned", "Global"),
        ("Provisioned Managed Data Zone Unit", OPENAI, "provisioned", "DataZone"),
        ("Provisioned Managed Regional", OPENAI, "provisioned", "Regional"),
        ("gpt-4.1-ft hosting regional Unit", OPENAI, "hosting", "Regional"),
        ("gpt 4o mini FT Training glbl Tokens", OPENAI, "training", "Global"),
    ],
)
def test_capacity_hosting_and_training_count_no_tokens(name: str, product: str, purpose: str, scope: str) -> None:
    meaning = meter_meaning(name, product)
    assert (meaning.purpose, meaning.meter, meaning.scope) == (purpose, None, scope)


def test_developers_are_told_by_the_meter_first_and_by_its_product() -> None:
    assert meter_meaning("V4 Pro Outp DZ Tokens", DEEPSEEK).developer == "DeepSeek"
    assert meter_meaning("FW Kimi K2.6 Inp DZ Tokens", "Azure Fireworks Models").developer == "Moonshot AI"
    assert meter_meaning("5.4 inp Gl 1M Tokens", GPT5).is_openai
    # embeddings are of many makers: OpenAI's where nobody is named
    assert meter_meaning("Cohere Embedding v4 inp Tokens", "Azure OpenAI").developer == "Cohere"
    assert meter_meaning("Embedding v4 inp Tokens", "Cohere").developer == "Cohere"
    assert meter_meaning("Qwen3 Embedding inp Tokens", "Foundry Models").developer == "Alibaba"
    assert meter_meaning("text embedding 3 small Inp glbl Tokens", "").is_openai
    assert meter_meaning("embedding ada Tokens", "").is_openai


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Grok 4 Fast Outp DataZone Tokens", "grok-4-fast"),
        ("o3 deep research Inp glbl Tokens", "o3-deep-research"),
        ("Llama 3.3 70B Instruct Inp glbl Tokens", "llama-3.3-70b-instruct"),
        ("gpt 4.1 mini Inp glbl Tokens", "gpt-4.1-mini"),
        ("Qwen3 Embedding inp Tokens", "qwen3-embedding"),
    ],
)
def test_words_behind_a_version_that_name_a_model(name: str, model: str) -> None:
    assert meter_meaning(name, "Foundry Models").model == model


@pytest.mark.parametrize(
    ("name", "product", "category", "is_model"),
    [
        ("gpt 4o 1120 Inp glbl Tokens", OPENAI, "Cognitive Services", True),
        ("anything", "", "Foundry Models", True),
        ("Llama-4-Scout-17B-16E-In Tokens", "", "Azure Machine Learning", True),
        ("Standard Text Records", "Text Analytics", "Cognitive Services", False),
        ("D4s v5", "", "Virtual Machines", False),
        ("Standard Tokens", "", "Microsoft Defender for Cloud", False),
    ],
)
def test_which_meters_must_be_understood(name: str, product: str, category: str, *, is_model: bool) -> None:
    assert is_model_meter(name, product, product, category) is is_model
