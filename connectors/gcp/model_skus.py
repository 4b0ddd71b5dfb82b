"""What a SKU text of Vertex AI or the Gemini API sells: model, meter, tier, context, geography. Pure.

One text at a time, as each distinct SKU is read once. Texts follow two grammars: Vertex's ("Gemini 2.5 Pro Thinking
Text Output - Predictions") and the Gemini API's ("Generate content input token count gemini 2.5 flash short input
text"). What is no use of a model, and units, belong to `sku_facts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.gcp.model_names import model_in, named_by_label


@dataclass(frozen=True)
class ModelSku:
    """What a SKU of a model service sells.

    `meter` is a meter of `models.ledger.units` where it counts one of those; `sold` says in words what is sold where it
    is something else (throughput, stored context). Neither is known where the text is not understood.
    """

    model: str | None
    meter: str | None
    sold: str | None = None
    tier: str = "standard"
    context: str | None = None
    geography: str | None = None
    modality: str | None = None

    @property
    def is_understood(self) -> bool:
        return self.meter is not None or self.sold is not None


_TIERS = (("batch", r"\bbatch\b"), ("flex", r"\bflex(?:ible)?\b"), ("priority", r"\bpriority\b"))
_CONTEXTS = (
    ("long", r"\blong(?: context| input| output)?\b|\b(?:>|over|above) ?(?:128|200)k\b|\(?> ?200k"),
    ("short", r"\bshort\b|\b(?:<=?|up to|under) ?(?:128|200)k\b"),
)
_GEOGRAPHIES = (("global", r"\bglobal\b"), ("regional", r"\b(?:non-global|regional)\b"))
_MODALITIES = ("text", "audio", "image", "video", "document")

_SOLD: tuple[tuple[str, str], ...] = (
    ("provisioned throughput", r"provisioned throughput|\bgsus?\b|generative ai scale unit"),
    ("context cache storage", r"\bcach\w*\b.*\bstorage\b|\bstorage\b.*\bcach"),
    ("training", r"\btuning\b|\bfine-?tun\w*|\bsupervised\b|\btraining\b"),
    ("generated video", r"\bveo\b.*|\bvideo generation\b|\bgenerated? video\b"),
    ("generated music", r"\blyria\b.*|\bmusic generation\b"),
    ("grounded prompts", r"\bgrounding\b|\bgrounded\b"),
    ("hosting", r"\bcustom model (?:hosting|import)|\bmodel garden\b.*\bhour|\bdedicated endpoint\b"),
)
"""What is sold beside counted use, in the order in which texts are tried."""

_SEARCHES = r"\bgoogle search\b|\bweb (?:search|grounding)\b|\bsearch quer(?:y|ies)\b"
_CACHE_READ = r"\bcach(?:ed|ing|e)\b(?! (?:write|creation))|\bcache (?:read|hit)"
_CACHE_WRITE = r"\bcache (?:write|creation)\w*\b"
_INPUT, _OUTPUT = r"\binput\b|\bprompt\b", r"\boutput\b|\bresponse\b"
_THOUGHT = r"\bthinking\b|\breasoning\b"
_KINDS = {
    ("input", "audio"): "input_audio",
    ("input", "image"): "input_image",
    ("output", "audio"): "output_audio",
    ("output", "image"): "output_image",
    ("cache_read", "audio"): "cache_read_audio",
    ("cache_read", "image"): "cache_read_image",
}


def read_model_sku(description: str, label: str | None = None) -> ModelSku:
    """What the text says; `label` is the row's `goog-generativelanguage-model`, which knows the model better."""
    text = " ".join(re.sub(r"[_/]", " ", description.casefold()).split())
    found, words = model_in(text)
    model = named_by_label(label, found) if label else found
    rest = " ".join(words)
    meter, modality = _meter(text, rest)
    return ModelSku(
        model=model,
        meter=meter,
        sold=None if meter else _first(_SOLD, text),
        tier=_first(_TIERS, rest) or "standard",
        context=_first(_CONTEXTS, rest),
        geography=_first(_GEOGRAPHIES, rest),
        modality=modality,
    )


def _meter(text: str, rest: str) -> tuple[str | None, str | None]:
    """The meter and the modality; (None, None) for what is sold otherwise or not understood."""
    if re.search(_SEARCHES, text) and "token" not in text:
        return "web_searches", None
    modality = next((word for word in _MODALITIES if re.search(rf"\b{word}s?\b", rest)), None)
    # "native audio" is a model's name and does not say whether it spoke or wrote
    is_open = "native audio" in text and modality is None
    if is_open or _first(_SOLD, text) is not None:
        return None, None
    if "character" in text:
        return "characters", modality
    if re.search(r"\bimagen\b|\bimage generation\b|\bgenerated images?\b|\bimage upscal", text):
        return "images", "image"
    action = _action(rest)
    if action is None:
        return ("input", modality) if re.search(r"\bembedding", text) and "token" in text else (None, None)
    return _KINDS.get((action, modality or "text"), action), modality


def _action(rest: str) -> str | None:
    """input, output, cache_read or cache_write…: what happens to the tokens."""
    if re.search(_CACHE_WRITE, rest):
        hour, minutes = re.search(r"\b1 ?h(?:our)?\b", rest), re.search(r"\b5 ?m(?:in\w*)?\b", rest)
        return "cache_write_1h" if hour else "cache_write_5m" if minutes else "cache_write"
    if re.search(_CACHE_READ, rest):
        return "cache_read"
    # "output token count, long input": what is counted is said before what it goes by
    if counted := re.search(r"\b(input|output)(?= token)", rest):
        return counted[1]
    if re.search(_OUTPUT, rest):
        return "output"
    if re.search(_INPUT, rest):
        return "input"
    # thinking is billed as output
    return "output" if re.search(_THOUGHT, rest) else None


def _first(table: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for name, pattern in table if re.search(pattern, text)), None)
