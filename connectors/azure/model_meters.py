"""What a meter of Azure OpenAI or Foundry says: model, kind of token, scope, tier, from its name and its product.

Pure, and called once a distinct meter. A name is read from the left: the words before the first known one are the
model; whatever follows, and stands behind the model's version, must be known, or the meter is not understood and its
money is listed (never guessed).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from connectors.azure import meter_words as words_of

Purpose = Literal["metered", "provisioned", "hosting", "training", "unknown"]
_MODEL_CATEGORIES = frozenset({"foundry models", "azure openai", "azure openai service"})
_AI_CATEGORIES = frozenset(
    {"cognitive services", "foundry tools", "azure ai services", "azure ai foundry", "azure machine learning"}
)


@dataclass(frozen=True)
class MeterMeaning:
    """One meter.

    `meter` is one of `models.ledger.units.METERS` where `purpose` is metered; provisioned (PTU), hosting and training
    have none, for nothing of it is a token that a model read or wrote. `scope` is Global, DataZone or Regional,
    `context` short or long; null where the name says nothing.
    """

    purpose: Purpose
    meter: str | None = None
    model: str | None = None
    developer: str | None = None
    scope: str | None = None
    tier: str | None = None
    context: str | None = None

    @property
    def is_openai(self) -> bool:
        return self.developer == "OpenAI"


def is_model_meter(name: str, subcategory: str, product: str, category: str) -> bool:
    """Whether a meter is one of a model service, so that it must be understood or listed."""
    folded = category.casefold()
    if folded in _MODEL_CATEGORIES:
        return True
    about = f"{subcategory} {product}".casefold()
    return folded in _AI_CATEGORIES and ("openai" in about or re.search(r"\btokens?\b", name.casefold()) is not None)


def meter_meaning(name: str, subcategory: str = "", product: str = "") -> MeterMeaning:
    """The meaning of a model meter; `purpose` is unknown where a word of it is."""
    about = f"{name} {subcategory} {product}".casefold()
    developer, family = _developer(name.casefold(), f"{subcategory} {product}".casefold())
    words = _words(name)
    scope = next((words_of.SCOPES[word] for word in words if word in words_of.SCOPES), None)
    if "provisioned" in about or re.search(r"\bptus?\b", about):
        return MeterMeaning("provisioned", developer=developer, scope=scope)
    counted = _counted_otherwise(name.casefold())
    if counted:
        return MeterMeaning("metered", counted, _slug(_leading(words), family) or None, developer, scope, "standard")
    return _of_tokens(words, developer, family, scope)


def _of_tokens(words: list[str], developer: str | None, family: str, scope: str | None) -> MeterMeaning:
    leading = _leading(words)
    unknown = MeterMeaning("unknown", developer=developer, scope=scope)
    if not leading or not _is_a_model(leading, family) or not _rest_is_known(words, len(leading)):
        return unknown
    told = set(words)
    tiers = {words_of.TIERS[word] for word in words if word in words_of.TIERS}
    contexts = {words_of.CONTEXTS[word] for word in words if word in words_of.CONTEXTS}
    if (
        len(tiers - {"standard"}) > 1
        or len(contexts) > 1
        or len({words_of.SCOPES.get(word) for word in words} - {None}) > 1
    ):
        return unknown
    said = [word for word in words if word in words_of.MODALITIES or word in words_of.VARIANTS or _is_version(word)]
    model_words = [*leading, *(word for word in words[len(leading) :] if word in said)]
    model, modality = _model_and_modality(model_words)
    is_tuned = bool(told & words_of.FINE_TUNED)
    slug = _slug(model, family) + ("-ft" if is_tuned else "")
    tier = next(iter(tiers - {"standard"}), "standard")
    context = next(iter(contexts), None)
    if told & words_of.HOSTING:
        return MeterMeaning("hosting", None, slug, developer, scope)
    if told & words_of.TRAINING:
        return MeterMeaning("training", None, slug, developer, scope)
    kind = _token_kind(words, modality, is_embedding="embedding" in model or "ada" in model)
    if kind is None:
        return unknown
    return MeterMeaning("metered", kind, slug, developer, scope, tier, context)


def _token_kind(words: list[str], modality: str | None, *, is_embedding: bool) -> str | None:
    """The token kind of direction, cache and modality; None where they do not stand together."""
    told = set(words)
    is_input, is_output = bool(told & words_of.INPUT), bool(told & words_of.OUTPUT)
    is_cached, is_write = bool(told & words_of.CACHED), bool(told & words_of.WRITE)
    if modality == "unclear" or (is_output and (is_input or is_cached)) or (is_write and not is_cached):
        return None
    if is_write:
        lifetime = next((words_of.LIFETIMES[word] for word in words if word in words_of.LIFETIMES), "cache_write")
        return lifetime if modality in {None, "text"} else None
    if is_embedding and not is_output and not is_cached:
        return "input"
    base = "output" if is_output else "cache_read" if is_cached else "input" if is_input else None
    return base if base is None or modality in {None, "text"} else f"{base}_{modality}"


def _model_and_modality(words: list[str]) -> tuple[list[str], str | None]:
    """The words of the model, and what kind of token is counted.

    Beside realtime, transcribe and tts, `aud` and `txt` name the tokens; elsewhere `aud` names the model, and its
    tokens too unless `txt` says otherwise. gpt-image counts text and images, so one `image` alone leaves it unclear.
    """
    plain = [words_of.VARIANTS.get(word, word) for word in words]
    told = [words_of.MODALITIES[word] for word in plain if word in words_of.MODALITIES]
    model = [word for word in plain if word not in words_of.MODALITIES]
    if "embedding" in plain or any(word.startswith("embed") for word in plain):
        return ["text", *model] if told else model, None
    if not told or words_of.SPEAKING & set(plain):
        return model, told[-1] if told else None
    first = next(place for place, word in enumerate(plain) if word in words_of.MODALITIES)
    if told[0] == "text":
        return model, "text" if set(told) == {"text"} else "unclear"
    model.insert(first, told[0])
    if told[0] == "image":
        return model, told[1] if len(told) > 1 else "unclear"
    return model, told[-1]


def _words(name: str) -> list[str]:
    text = name.casefold()
    for pattern, replacement in words_of.PHRASES:
        text = re.sub(pattern, replacement, text)
    return [word for word in re.split(r"[\s\-_/(),:]+", text) if word]


def _leading(words: list[str]) -> list[str]:
    """The words before the first that says something of the meter."""
    known = (
        words_of.INPUT | words_of.OUTPUT | words_of.CACHED | words_of.WRITE | words_of.FINE_TUNED | words_of.TRAINING
    ) | (words_of.HOSTING | words_of.UNITS | words_of.ASIDE | set(words_of.SCOPES) | set(words_of.TIERS))
    for place, word in enumerate(words):
        if word in known or word in words_of.CONTEXTS:
            return words[:place]
    return words


def _rest_is_known(words: list[str], place: int) -> bool:
    tables: Iterable[Iterable[str]] = (
        *(words_of.INPUT, words_of.OUTPUT, words_of.CACHED, words_of.WRITE, words_of.LIFETIMES, words_of.SCOPES),
        *(words_of.TIERS, words_of.CONTEXTS, words_of.MODALITIES, words_of.FINE_TUNED, words_of.TRAINING),
        *(words_of.HOSTING, words_of.UNITS, words_of.ASIDE, words_of.VARIANTS),
    )
    known = {word for table in tables for word in table}
    return all(word in known or _is_version(word) for word in words[place:])


def _is_a_model(leading: list[str], family: str) -> bool:
    """Whether the words can be a model's name: behind its version only those that are known to be of one."""
    version = next((place for place, word in enumerate(leading) if _has_digit(word)), len(leading))
    known = words_of.AFTER_A_VERSION | words_of.AFTER_A_VERSION_OF.get(family, frozenset())
    behind = leading[version + 1 :]
    return all(map(_may_name_a_model, leading)) and all(word in known or _has_digit(word) for word in behind)


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)


def _may_name_a_model(word: str) -> bool:
    """Longer words and those with a digit; two letters alone are an abbreviation, and must be known."""
    return len(word) > 2 or _has_digit(word) or word in words_of.VARIANTS


def _is_version(word: str) -> bool:
    return words_of.VERSION.match(word) is not None


def _slug(words: list[str], family: str) -> str:
    """`gpt 4o 1120` → gpt-4o-1120; a bare version is of its product's family: `5.4` of OpenAI → gpt-5.4."""
    if words and family and words_of.BARE.match(words[0]):
        words = [family, *words]
    return "-".join(words)


def _developer(name: str, about: str) -> tuple[str | None, str]:
    """Who made the model and its family's name: of the meter's own words first, for products hold models of several."""
    for text in (name, about):
        for pattern, developer, family in words_of.FAMILIES:
            if re.search(pattern, text):
                return developer, family
    pattern, developer, family = words_of.UNSIGNED
    return (developer, family) if re.search(pattern, f"{name} {about}") else (None, "")


def _counted_otherwise(name: str) -> str | None:
    """The meter of a name that counts no tokens: images, audio, characters, sessions, calls."""
    if re.search(r"\b(tokens?|1[km])\b", name):
        return None
    for pattern, meter in _OTHERWISE:
        if re.search(pattern, name):
            return meter
    return None


_OTHERWISE: tuple[tuple[str, str], ...] = (
    (r"code[ -]?interpreter", "code_sessions"),
    (r"file[ -]search.*\bcalls?\b", "file_searches"),
    (r"web[ -]search", "web_searches"),
    (r"\bwhisper\b", "audio_seconds"),
    (r"\btts\b.*\bchar(acter)?s\b", "characters"),
    (r"\bdall\b.*\bimages?\b|\bimages\b", "images"),
)
