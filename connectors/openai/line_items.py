"""OpenAI's `line_item`, a text for people, read into model, meter, tier and charge category. Pure.

No grammar is published; `gpt-6-astra, input_tokens` is the form that the SDK documents, `gpt-4o, input` the form
that others saw. So words are read, not positions, and a text with a word that is not in these tables stays unread:
the line then says nothing but its amount.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SEPARATORS = re.compile(r"[,|()\[\];\s]+|:\s")
_MODEL = re.compile(r"(?=.*[a-z])[A-Za-z0-9][\w.:/-]*")
_WORD = re.compile(r"[a-z0-9]+")

_SILENT = frozenset(["tokens", "token", "text", "uncached", "usage", "api", "model"])
_TIERS: Mapping[str, str] = {
    "batch": "batch", "flex": "flex", "priority": "priority", "fast": "fast",
    "standard": "standard", "default": "standard",
}  # fmt: skip
_CATEGORIES: Mapping[str, str] = {
    **dict.fromkeys(("credit", "credits", "grant", "grants", "promo", "promotion", "promotional"), "Credit"),
    **dict.fromkeys(("tax", "vat", "gst"), "Tax"),
    **dict.fromkeys(("refund", "adjustment", "correction"), "Adjustment"),
}
_METERS: Mapping[frozenset[str], str] = {
    frozenset(phrase.split()): meter
    for meter, phrases in {
        "input": ("input", "prompt"),
        "cache_read": ("cached", "input cached", "input cache read", "cache read", "prompt cached"),
        "cache_write": (
            "cache write", "cache writes", "input cache write", "input cache creation",
            "input cache write 30m", "input cache write 12h",
        ),
        "output": ("output", "completion", "output reasoning"),
        "input_audio": ("input audio",),
        "cache_read_audio": ("input audio cached", "audio cached"),
        "output_audio": ("output audio",),
        "input_image": ("input image",),
        "cache_read_image": ("input image cached", "image cached"),
        "output_image": ("output image",),
        "images": ("images", "image generation"),
        "characters": ("characters",),
        "audio_seconds": ("seconds", "audio", "audio seconds", "duration seconds", "transcription", "audio duration"),
        "web_searches": ("web search", "web search calls", "web search tool calls"),
        "file_searches": ("file search", "file search calls", "file search tool calls"),
        "code_sessions": ("code interpreter", "code interpreter sessions", "code interpreter session"),
        "stored_bytes": (
            "vector storage", "vector store", "vector stores", "vector store storage", "file search storage",
        ),
    }.items()
    for phrase in phrases
}  # fmt: skip


@dataclass(frozen=True)
class LineItem:
    """What a line bills, as far as its text says. `tier` is None where the text names none."""

    model: str | None = None
    meter: str | None = None
    tier: str | None = None
    category: str | None = None


def read_line_item(text: str) -> LineItem | None:
    """The reading of a line's text; None where it cannot be read whole."""
    parts = [part.strip() for part in _SEPARATORS.split(text) if part.strip()]
    everything = _words(text)
    category = next((_CATEGORIES[word] for word in everything if word in _CATEGORIES), None)
    if category:
        return LineItem(category=category)
    alone = _meter_and_tier(everything)
    if alone and alone[0]:
        return LineItem(meter=alone[0], tier=alone[1])
    models = [part for part in parts if _looks_like_model(part)]
    if len(models) != 1:
        return None
    found = _meter_and_tier([word for part in parts if part != models[0] for word in _words(part)])
    return LineItem(model=models[0], meter=found[0], tier=found[1]) if found else None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _looks_like_model(part: str) -> bool:
    """An identifier without spaces that is not itself one of our words."""
    return (
        bool(_MODEL.fullmatch(part))
        and any(sign in part for sign in "-.:0123456789")
        and _meter_and_tier(_words(part)) in (None, (None, None))
    )


def _meter_and_tier(words: list[str]) -> tuple[str | None, str | None] | None:
    """(meter, tier), each None where no word speaks of it; None where a word is unknown or two tiers are named."""
    tiers = {_TIERS[word] for word in words if word in _TIERS}
    left = frozenset(word for word in words if word not in _TIERS and word not in _SILENT)
    if len(tiers) > 1 or (left and left not in _METERS):
        return None
    return (_METERS[left] if left else None), next(iter(tiers), None)
