"""Models as Google's bill names them, in the ids of its API: `Gemini 2.5 Flash Lite` is gemini-2.5-flash-lite. Pure.

A name begins with a family and goes on while words belong to names. The label on a row has no spaces or points
(`gemini35flash`), so it is held against the name in the text first.
"""

from __future__ import annotations

import re

FAMILIES = (
    *("gemini", "gemma", "imagen", "veo", "lyria", "chirp", "medlm", "palm", "claude", "llama", "mistral", "codestral"),
    *("ministral", "magistral", "deepseek", "qwen", "qwen3", "jamba", "gpt-oss", "kimi", "glm", "minimax", "grok"),
    *("text-embedding", "textembedding", "embeddinggemma", "gecko", "multimodalembedding"),
)
"""First words of models' names on Google's bill, its own and its partners'."""

_ALONE_NO_MODEL = frozenset(
    ("gemini", "gemma", "claude", "llama", "mistral", "deepseek", "qwen", "grok", "palm", "glm")
)
_PARTS = frozenset(
    (
        *(
            "flash",
            "pro",
            "lite",
            "ultra",
            "nano",
            "banana",
            "omni",
            "live",
            "native",
            "tts",
            "preview",
            "experimental",
        ),
        *("exp", "robotics", "er", "computer", "embedding", "opus", "sonnet", "haiku", "fable", "instant", "argon"),
        *(
            "instruct",
            "scout",
            "maverick",
            "mini",
            "small",
            "medium",
            "large",
            "coder",
            "next",
            "terminus",
            "ocr",
            "it",
        ),
        *("maas", "fast", "turbo", "thinking-exp", "k2", "m2", "gecko", "gemma", "multilingual", "streaming", "bison"),
    )
)
_NUMBER = re.compile(r"v?\d+(?:\.\d+)*[bo]?|\d+(?:\.\d+)?b|a\d+b|\d+e|r\d|\d{3}|20\d{6}")
_AFTER_IMAGE = frozenset(("text", "image", "preview", "audio", "video", "generation"))
_LIKE_GEMINI = re.compile(r"gemini(\d)(\d)?([a-z].*)?")
_SIZES = re.compile(r"flash|lite|pro|ultra|nano|preview|image|live|tts|native|audio|embedding|exp|\d+")

_TRIAL = re.compile(r"-(?:preview|experimental|exp|latest)(?:-\d{2,4})*(?=-|$)")
_REVISION = re.compile(r"(?:-\d{3,8})+$")
_NOISE = frozenset(("maas", "instruct", "it", "chat"))


def model_key(name: str) -> tuple[str, ...]:
    """Words and numbers of a name without publisher, version and date, in an order of its own: whether the bill's
    `gemini-2.0-flash` and the API's `gemini-2.0-flash-001` may be one model."""
    bare = re.sub(r"[\s_]+", "-", name.strip().casefold()).rpartition("/")[2].partition("@")[0]
    bare = _REVISION.sub("", _TRIAL.sub("", bare).removesuffix("-maas"))
    return tuple(sorted(word for word in re.findall(r"[a-z]+|\d+", bare) if word not in _NOISE))


def model_in(text: str) -> tuple[str | None, list[str]]:
    """The model that a lower-case text names, and its other words."""
    words = [word for word in re.split(r"[\s,:()]+", text) if word]
    for start, word in enumerate(words):
        if word in FAMILIES or any(word.startswith(f"{family}-") for family in FAMILIES):
            end = _end_of_name(words, start + 1)
            name = "-".join(words[start:end])
            if end == start + 1 and name in _ALONE_NO_MODEL:
                return None, [*words[:start], *words[end:]]
            return _as_its_maker_writes(name), [*words[:start], *words[end:]]
    return None, words


def _as_its_maker_writes(name: str) -> str:
    """Claude's ids have no points, on Vertex neither: claude-sonnet-4-5."""
    return name.replace(".", "-") if name.startswith("claude") else name


def _end_of_name(words: list[str], place: int) -> int:
    while place < len(words) and _belongs(words, place):
        place += 1
    return place


def _belongs(words: list[str], place: int) -> bool:
    word = words[place]
    if word == "audio" and words[place - 1] == "native":
        return True
    if word in {"image", "audio"}:
        # "Flash Image Input" counts images that go in; "Flash Image Text Input" is the image model's text
        after = words[place + 1] if place + 1 < len(words) else ""
        return after in (_AFTER_IMAGE if word == "image" else {"dialog", "preview"})
    if word == "use":
        return words[place - 1] == "computer"
    return word in _PARTS or _NUMBER.fullmatch(word) is not None


def named_by_label(label: str, found: str | None) -> str:
    """The model of a row's label; in the text's spelling where both mean the same."""
    slug = re.sub(r"[^a-z0-9]", "", label.casefold())
    if found is not None and re.sub(r"[^a-z0-9]", "", found) == slug:
        return found
    taken_apart = _LIKE_GEMINI.fullmatch(slug)
    if taken_apart is None:
        return label
    major, minor, rest = taken_apart.groups()
    parts = _SIZES.findall(rest or "")
    if "".join(parts) != (rest or ""):
        return label
    return "-".join(("gemini", f"{major}.{minor}" if minor else major, *parts))
