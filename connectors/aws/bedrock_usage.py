"""Bedrock's usage types, taken apart: which model, which meter, which tier, where, in which context band.

Three grammars: classic (`USE1-Claude3Sonnet-input-tokens-batch`), the mantle endpoint
(`USW2-anthropic.claude-opus-4-8-mantle-input-tokens-global-standard`) and models that the marketplace bills
(`USW2-MP:USW2_input_tokens_long_ctx_global_standard-Units`, whose model is only in the product's name). A text with a
word that no table here knows is no token usage: it is listed elsewhere, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Grammar = Literal["classic", "mantle", "marketplace"]


@dataclass(frozen=True)
class TokenUsage:
    """One usage type that counts tokens.

    `meter` is one of `models.ledger.units`; `tier` of standard, batch, flex, priority, fast; `geography` and
    `context_window` are null where the text does not say them. `model` is null for a marketplace line without a name.
    """

    grammar: Grammar
    model: str | None
    meter: str
    tier: str = "standard"
    geography: str | None = None
    context_window: str | None = None


@dataclass(frozen=True)
class Capacity:
    """Throughput that was bought: model units by the hour, or reserved tokens a minute; `term` is None without one."""

    model: str | None
    kind: Literal["Provisioned Throughput", "Reserved Tier"]
    term: str | None


_PREFIX = re.compile(r"^[A-Z]{2,4}[0-9]{0,2}-")
_MARKETPLACE = re.compile(r"^MP:(?:[A-Z]{2,4}[0-9]{0,2}_)?(?P<body>.+?)(?:-Units)?$")
_NOUN = (
    r"(?:cache-?(?:read|write)(?:-(?:5m|30m|1h))?(?:-input)?-token(?:s|-count)"
    r"|cached-input-token(?:s|-count)"
    r"|(?:input|output|response)-token(?:s|-count))"
)
_PLAIN = re.compile(
    rf"^(?P<model>.+?)-(?P<mantle>mantle-)?(?:(?P<modality>(?-i:text)|speech|audio|image|video)-)?(?P<noun>{_NOUN})(?P<rest>(?:-[A-Za-z0-9]+)*)$",
    re.IGNORECASE,
)
"""`-Text-` in capitals is part of a model's name (TitanEmbeddingsG1-Text); other modalities are in no model's."""
_BODY = re.compile(
    rf"^(?:million-)?(?P<early>(?:(?:batch|flex|priority|text)-)*)(?:(?P<modality>speech|audio|image|video)-)?(?P<noun>{_NOUN})(?P<rest>(?:-[a-z0-9]+)*)$"
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+[0-9]*[a-z]*|[0-9]+[a-z]*")

_MODALITIES = {
    ("input", "speech"): "input_audio",
    ("input", "audio"): "input_audio",
    ("output", "speech"): "output_audio",
    ("output", "audio"): "output_audio",
    ("input", "image"): "input_image",
    ("output", "image"): "output_image",
    ("cache_read", "audio"): "cache_read_audio",
    ("cache_read", "speech"): "cache_read_audio",
    ("cache_read", "image"): "cache_read_image",
}
_TIERS = {
    "standard": "standard",
    "batch": "batch",
    "flex": "flex",
    "priority": "priority",
    "fast": "fast",
    "latency-optimized": "fast",
}
_PLACES = {"cross-region-global": "global", "global": "global", "cross-region": "cross-region", "geo": "geo"}
_CONTEXTS = {"long-context": "long", "long-ctx": "long", "lctx": "long"}
_CACHE_TIMES = {"1h": "1h", "5m": "5m", "30m": "30m"}
_SUFFIXES = (*_TIERS, *_PLACES, *_CONTEXTS, *_CACHE_TIMES, "custom-model")
_EDITION = re.compile(r"\s*\((?:amazon )?bedrock edition\)\s*$", re.IGNORECASE)
_CAPACITY = re.compile(r"ProvisionedThroughput|ModelUnits?|model-units?|provisioned-throughput", re.IGNORECASE)
_RESERVED = re.compile(r"Reserved_(?P<term>\d+Months?)_(?:Input|Output)TPM", re.IGNORECASE)
_TERM = re.compile(r"(?P<none>no-?commit)|(?P<months>\d+)-?months?", re.IGNORECASE)


def parse_usage_type(usage_type: str, product_name: str | None = None) -> TokenUsage | None:
    """What a usage type counts; None where it counts no tokens, or says something that is not understood.

    `product_name` names the model of marketplace lines (`Claude Opus 5.5 (Amazon Bedrock Edition)`).
    """
    bare = _PREFIX.sub("", usage_type.strip())
    marketplace = _MARKETPLACE.match(bare)
    if marketplace:
        return _marketplace_usage(marketplace["body"], product_name)
    found = _PLAIN.match(bare)
    if found is None:
        return None
    qualifiers = _qualifiers(found["rest"].lower())
    meter = _meter(found["noun"].lower(), (found["modality"] or "").lower(), qualifiers)
    if qualifiers is None or meter is None:
        return None
    model = found["model"] + (" (custom model)" if "custom-model" in qualifiers else "")
    return _usage("mantle" if found["mantle"] else "classic", model, meter, qualifiers)


def parse_capacity(usage_type: str, product_name: str | None = None) -> Capacity | None:
    """Throughput that a usage type buys; None where it buys none."""
    bare = _PREFIX.sub("", usage_type.strip())
    marketplace = _MARKETPLACE.match(bare)
    name = _model_name(product_name) if marketplace else None
    reserved = _RESERVED.search(bare)
    if reserved:
        return Capacity(name, "Reserved Tier", reserved["term"])
    found = _CAPACITY.search(bare)
    if found is None:
        return None
    told = _TERM.search(bare)
    term = f"{told['months']} months" if told and told["months"] else None
    model = name or (bare[: found.start()].strip("-_") or None if not marketplace else None)
    return Capacity(model, "Provisioned Throughput", term)


def _marketplace_usage(body: str, product_name: str | None) -> TokenUsage | None:
    found = _BODY.match("-".join(_words(body)))
    if found is None:
        return None
    qualifiers = _qualifiers(found["rest"])
    meter = _meter(found["noun"], found["modality"] or "", qualifiers)
    if qualifiers is None or meter is None:
        return None
    early = {word for word in found["early"].split("-") if word and word != "text"}
    return _usage("marketplace", _model_name(product_name), meter, qualifiers | early)


def _usage(grammar: Grammar, model: str | None, meter: str, qualifiers: set[str]) -> TokenUsage | None:
    """None where the text names two tiers or two places: that is not understood."""
    tiers = {_TIERS[word] for word in qualifiers if word in _TIERS}
    places = {_PLACES[word] for word in qualifiers if word in _PLACES}
    if len(tiers - {"standard"}) > 1 or len(places) > 1:
        return None
    tier = next(iter(tiers - {"standard"}), "standard")
    context = next((_CONTEXTS[word] for word in qualifiers if word in _CONTEXTS), None)
    return TokenUsage(grammar, model, meter, tier, next(iter(places), None), context)


def _qualifiers(rest: str) -> set[str] | None:
    """The known words that `rest` is made of, longest first; None where something else remains."""
    left, found = rest.strip("-"), set[str]()
    while left:
        word = next((word for word in sorted(_SUFFIXES, key=len, reverse=True) if _begins(left, word)), None)
        if word is None:
            return None
        found.add(word)
        left = left[len(word) :].lstrip("-")
    return found


def _begins(text: str, word: str) -> bool:
    return text == word or text.startswith(f"{word}-")


def _meter(noun: str, modality: str, qualifiers: set[str] | None) -> str | None:
    """Our meter of a noun; None where the modality or the cache's time is of no kind of ours."""
    if qualifiers is None:
        return None
    times = [word for word in _CACHE_TIMES if word in qualifiers or f"-{word}-" in f"{noun}-"]
    if noun.startswith(("cache-write", "cachewrite")):
        kind = "cache_write" if not times or times == ["30m"] else f"cache_write_{times[0]}"
    elif noun.startswith("cache"):
        kind = "cache_read"
    elif noun.startswith("input"):
        kind = "input"
    else:
        kind = "output"
    if times and not kind.startswith("cache_write"):
        return None
    if modality in {"", "text"}:
        return kind
    return _MODALITIES.get((kind, modality))


def _words(body: str) -> list[str]:
    """`CacheWrite1hInputTokenCount_Global` and `cache_write_tokens_1h_global` as the same kind of lower-case words."""
    words: list[str] = []
    for part in re.split(r"[_\s]+", body):
        words += ["lctx"] if part.lower() == "lctx" else [word.lower() for word in _WORDS.findall(part)]
    text = "-".join(words)
    text = re.sub(r"write(1h|5m|30m)", r"write-\1", text)
    text = text.replace("cache-writes-", "cache-write-").replace("latencyoptimized", "latency-optimized")
    return text.split("-")


def _model_name(product_name: str | None) -> str | None:
    return _EDITION.sub("", product_name).strip() or None if product_name else None
