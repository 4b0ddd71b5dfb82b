"""The words that Azure's model meters are made of: a closed table, by what each says. Reading a name is `model_meters`.

Microsoft publishes no grammar. A word stands here where meters of one model that differ in nothing else, and their
prices, leave one reading; whatever is not here is not guessed.
"""

from __future__ import annotations

import re

INPUT = frozenset({"inp", "inpt", "input", "in"})
OUTPUT = frozenset({"outp", "outpt", "output", "out", "opt"})
"""`opt` beside `inp` and `cd inp` of one model is its only third meter, at the price of output; beside another
direction it would be something else, and the name is not understood."""
CACHED = frozenset({"cached", "cache", "cach", "cachd", "cchd", "cch", "cd", "ch"})
WRITE = frozenset({"wr", "write", "writes"})
LIFETIMES = {"5m": "cache_write_5m", "1h": "cache_write_1h"}

SCOPES = {
    **dict.fromkeys(("gl", "glbl", "glb", "global"), "Global"),
    **dict.fromkeys(("dz", "dzn", "dzone", "datazone"), "DataZone"),
    **dict.fromkeys(("rg", "reg", "regnl", "rgnl", "regional"), "Regional"),
}
TIERS = {
    **dict.fromkeys(("batch", "btch", "bch"), "batch"),
    **dict.fromkeys(("pp", "prio", "prty", "priority"), "priority"),
    **dict.fromkeys(("flex", "flx"), "flex"),
    **dict.fromkeys(("std", "standard"), "standard"),
}
CONTEXTS = {
    **dict.fromkeys(("shortco", "shrtco"), "short"),
    **dict.fromkeys(("longco", "lngco"), "long"),
}
MODALITIES = {
    **dict.fromkeys(("txt", "text"), "text"),
    **dict.fromkeys(("aud", "audio"), "audio"),
    **dict.fromkeys(("img", "image"), "image"),
}
FINE_TUNED = frozenset({"ft", "ftuned", "finetuned"})
TRAINING = frozenset({"trng", "train", "training"})
HOSTING = frozenset({"hosting", "hstg"})
UNITS = frozenset({"token", "tokens", "tkn", "tkns", "1k", "1m", "unit", "units"})
ASIDE = frozenset({"preview", "prvw", "deployment"})
"""Words that say nothing of what is counted."""
VARIANTS = {"rt": "realtime", "mn": "mini", "mini": "mini", "tcrb": "transcribe", "trscb": "transcribe", "fw": "fw"}
"""Short words of models; every other word of one or two letters is an abbreviation that we do not know."""
SPEAKING = frozenset({"realtime", "transcribe", "tts"})
"""Models whose audio and text meters name the modality, not another model."""

AFTER_A_VERSION = frozenset(
    {
        *("mini", "nano", "pro", "max", "turbo", "small", "medium", "large", "chat", "codex", "luna", "sol", "search"),
        *("deep", "research", "reasoning", "thinking", "instruct", "vision", "multimodal", "scout", "maverick"),
        *("flash", "embed", "embedding", "diarize"),
        *VARIANTS, *MODALITIES, *SPEAKING,
    }
)  # fmt: skip
"""Words that name a model behind its version; any other one there may be a tier or a context that is new."""
AFTER_A_VERSION_OF = {"grok": frozenset({"fast", "non"})}
"""The same of one family, where elsewhere the word would be a tier."""

PHRASES: tuple[tuple[str, str], ...] = (
    (r"\bdata[ -]?zone\b", " dz "),
    (r"\bfine[ -]?tuned?\b", " ft "),
    (r"\b(txt|aud|img)(\d{4})\b", r"\1 \2"),
    (r"\bgpt(\d+(?:\.\d+)?o?)(mini|nano|turbo)?(?=\b|_)", r"gpt \1 \2"),
)
"""Rewritten before a name is split into words."""

FAMILIES: tuple[tuple[str, str, str], ...] = (
    (r"openai|\bgpt|\bo[134]\b|dall|whisper|\btts\b|sora|davinci", "OpenAI", "gpt"),
    (r"deepseek|\bmai-ds\b", "DeepSeek", "deepseek"),
    (r"grok|xai", "xAI", "grok"),
    (r"\bphi\b|\bmai\b", "Microsoft", "phi"),
    (r"llama|meta\b", "Meta", "llama"),
    (r"mistral|codestral|ministral", "Mistral AI", "mistral"),
    (r"cohere|command|rerank", "Cohere", "command"),
    (r"kimi|moonshot", "Moonshot AI", "kimi"),
    (r"qwen|alibaba", "Alibaba", "qwen"),
    (r"flux|black forest", "Black Forest Labs", "flux"),
    (r"claude|anthropic", "Anthropic", "claude"),
)
"""What names a developer in a meter or its product, who that is, and the family that a bare version belongs to."""

UNSIGNED = (r"embedding|codex", "OpenAI", "gpt")
"""What is OpenAI's where neither meter nor product names a maker."""

VERSION = re.compile(r"^\d{4}$")
BARE = re.compile(r"^v?\d+(\.\d+)?o?$")
"""A version where a name should stand: `5.4`, `V4`; the product says of what."""
