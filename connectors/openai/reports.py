"""OpenAI's usage reports as a table: where each lies, how it can be broken down and which field is which meter.

Facts from the vendor's OpenAPI file (2.3.0) and from the types of its SDK 3.54; no code reads answers here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_BY_KEY = ("project_id", "user_id", "api_key_id")
_BY_MODEL = (*_BY_KEY, "model")
_TIERED = (*_BY_MODEL, "batch", "service_tier")
GROUP_FIELDS = (
    "project_id", "user_id", "api_key_id", "model", "service_tier", "size", "source", "vector_store_id",
    "context_level", "api_source",
)  # fmt: skip
"""Group keys that are text; `batch` is true or false."""

DETAIL_FIELDS = ("context_level", "size", "source", "vector_store_id")
"""Group keys that have no column of their own in the ledger, in alphabetical order."""

TOKEN_FIELDS = (
    "input_tokens", "input_cached_tokens", "input_cache_write_tokens", "input_uncached_tokens", "input_text_tokens",
    "input_audio_tokens", "input_image_tokens", "input_cached_text_tokens", "input_cached_audio_tokens",
    "input_cached_image_tokens", "output_tokens", "output_text_tokens", "output_audio_tokens", "output_image_tokens",
    "input_cache_write_30m_tokens", "input_cache_write_12h_tokens",
)  # fmt: skip
"""Every token count of a completions result. Only input_tokens and output_tokens are always there."""


@dataclass(frozen=True)
class Report:
    """One usage report.

    `counts` maps fields to meters; a report with `tokens` has the whole set of TOKEN_FIELDS instead. `optional`
    reports do not exist for every organisation: 404 and 403 are recorded, not errors. `ignored` fields are known
    and left in the archive.
    """

    name: str
    group_by: tuple[str, ...]
    counts: Mapping[str, str] = field(default_factory=dict)
    tokens: bool = False
    optional: bool = False
    ignored: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f"/organization/{self.name}"

    @property
    def known_fields(self) -> frozenset[str]:
        tokens = TOKEN_FIELDS if self.tokens else ()
        return frozenset((*GROUP_FIELDS, "batch", "object", *self.counts, *tokens, *self.ignored))


REPORTS: Mapping[str, Report] = {
    report.name: report
    for report in (
        Report("usage/completions", _TIERED, {"num_model_requests": "requests"}, tokens=True),
        Report("usage/embeddings", _BY_MODEL, {"input_tokens": "input", "num_model_requests": "requests"}),
        Report("usage/moderations", _BY_MODEL, {"input_tokens": "input", "num_model_requests": "requests"}),
        Report("usage/images", (*_BY_MODEL, "size", "source"), {"images": "images", "num_model_requests": "requests"}),
        Report("usage/audio_speeches", _BY_MODEL, {"characters": "characters", "num_model_requests": "requests"}),
        Report("usage/audio_transcriptions", _BY_MODEL, {"seconds": "audio_seconds", "num_model_requests": "requests"}),
        Report("usage/vector_stores", ("project_id",), {"usage_bytes": "stored_bytes"}),
        Report("usage/code_interpreter_sessions", ("project_id",), {"num_sessions": "code_sessions"}),
        Report("usage/file_search_calls", (*_BY_KEY, "vector_store_id"), {"num_requests": "file_searches"}),
        # Its model requests are the completions' own: counted there, once.
        Report(
            "usage/web_search_calls",
            (*_BY_MODEL, "context_level"),
            {"num_requests": "web_searches"},
            ignored=("num_model_requests",),
        ),
        # In the SDK since 3.x, not yet in the OpenAPI file.
        Report("usage/decisions", _TIERED, {"num_model_requests": "requests"}, tokens=True, optional=True),
    )
}
"""Every usage report by the name of its stream."""

COSTS = "costs"
COSTS_PATH = "/organization/costs"
COST_FIELDS = frozenset(
    ("object", "amount", "line_item", "project_id", "api_key_id", "user_id", "api_source", "quantity", "quantity_unit")
)

PROCESSING_TIERS: Mapping[str | None, str] = {
    None: "standard", "default": "standard", "auto": "standard", "standard": "standard",
    "batch": "batch", "flex": "flex", "priority": "priority", "fast": "fast",
}  # fmt: skip
"""`service_tier` as the ledger names it. Its values are not enumerated by the vendor; any other word is unknown."""
