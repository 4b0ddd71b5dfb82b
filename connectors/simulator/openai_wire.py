"""OpenAI's ten usage reports, worded as OpenAI words them.

Fields and parameters follow the vendor's OpenAPI file 2.3.0 and its SDK's types. Costs are in `openai_costs`, names of
projects, users and keys in `openai_names`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.simulator.draws import happens
from connectors.simulator.organisation import OPENAI
from connectors.simulator.simulation import Simulation
from connectors.simulator.traffic import Usage
from connectors.simulator.wire_query import (
    BUCKET_LIMITS,
    WIDTHS,
    Page,
    Query,
    RefusalError,
    bucket_starts,
    comes_twice,
    grouped,
    usage_in,
)

_BY_MODEL = ("project_id", "user_id", "api_key_id", "model")
DIMENSIONS: dict[str, tuple[str, ...]] = {
    "completions": (*_BY_MODEL, "batch", "service_tier"),
    "embeddings": _BY_MODEL,
    "moderations": _BY_MODEL,
    "images": (*_BY_MODEL, "size", "source"),
    "audio_speeches": _BY_MODEL,
    "audio_transcriptions": _BY_MODEL,
    "vector_stores": ("project_id",),
    "code_interpreter_sessions": ("project_id",),
    "file_search_calls": ("project_id", "user_id", "api_key_id", "vector_store_id"),
    "web_search_calls": (*_BY_MODEL, "context_level"),
}
"""The ten usage endpoints and what each may be grouped by."""

_FILTERS = {
    "project_ids": "project_id", "user_ids": "user_id", "api_key_ids": "api_key_id", "models": "model",
    "sizes": "size", "sources": "source", "vector_store_ids": "vector_store_id", "context_levels": "context_level",
}  # fmt: skip
_COUNTS = {
    "embeddings": "input", "moderations": "input", "images": "images", "audio_speeches": "characters",
    "audio_transcriptions": "audio_seconds", "vector_stores": "stored_bytes",
    "code_interpreter_sessions": "code_sessions", "file_search_calls": "file_searches",
    "web_search_calls": "web_searches",
}  # fmt: skip
_COUNT_FIELDS = {
    "input": "input_tokens", "images": "images", "characters": "characters", "audio_seconds": "seconds",
    "stored_bytes": "usage_bytes", "code_sessions": "num_sessions", "file_searches": "num_requests",
    "web_searches": "num_requests",
}  # fmt: skip
_RESULTS = {"file_search_calls": "file_searches", "web_search_calls": "web_searches"}
_NO_REQUESTS = ("vector_stores", "code_interpreter_sessions", "file_search_calls")
_OLD_DAYS = 45
"""Rows older than this lack the fields that OpenAI added later, where nothing was written to a cache."""

_NUMBER = re.compile(r'"#NUMBER#([^"]+)"')


def usage_report(simulation: Simulation, endpoint: str, query: Query, *, quirks: bool) -> bytes:
    """`GET /organization/usage/{endpoint}`: one page of buckets, empty ones included."""
    asked = query.group_by(DIMENSIONS[endpoint])
    width_name = query.choice("bucket_width", tuple(WIDTHS), "1d") or "1d"
    width = WIDTHS[width_name]
    default, maximum = BUCKET_LIMITS[width_name]
    size = query.limit(default, maximum)
    starts = bucket_starts(*time_range(simulation, query), width)
    page = Page.of(query)

    def results(start: datetime) -> list[dict[str, Any]]:
        usages = [
            usage
            for usage in usage_in(simulation, OPENAI, start, width)
            if usage.endpoint == endpoint and _is_wanted(usage, query)
        ]
        old = (simulation.as_of - start).days > _OLD_DAYS
        rows = [_result(endpoint, kept, sums, old=old) for kept, sums in grouped(usages, asked, _dimensions)]
        return [_with_extras(simulation, row, start, position) for position, row in enumerate(rows)] if quirks else rows

    buckets = [
        {
            "object": "bucket",
            "start_time": int(start.timestamp()),
            "end_time": int((start + width).timestamp()),
            "results": results(start),
        }
        for start in starts[page.position :][:size]
    ]
    return page_of_buckets(simulation, endpoint, buckets, page, len(starts), quirks=quirks)


def time_range(simulation: Simulation, query: Query) -> tuple[datetime, datetime]:
    moments: list[datetime] = []
    for name, value in (("start_time", query.required("start_time")), ("end_time", query.one("end_time"))):
        if value is None:
            moments.append(simulation.as_of)
        elif value.isdigit():
            moments.append(datetime.fromtimestamp(int(value), UTC))
        else:
            raise RefusalError(400, f"{name}: must be a Unix timestamp in seconds.", parameter=name)
    if moments[1] <= moments[0]:
        raise RefusalError(400, "end_time: must be after start_time.", parameter="end_time")
    return moments[0], moments[1]


def page_of_buckets(
    simulation: Simulation, stream: str, buckets: list[dict[str, Any]], page: Page, total: int, *, quirks: bool
) -> bytes:
    first = buckets[0]["start_time"] if buckets else 0
    following = page.next(len(buckets), total, twice=quirks and comes_twice(simulation, stream, "page", first))
    if quirks and buckets and comes_twice(simulation, stream, "bucket", first):
        buckets = [*buckets, buckets[0]]
    body = {"object": "page", "data": buckets, "has_more": following is not None, "next_page": following}
    return _NUMBER.sub(r"\1", json.dumps(body, separators=(",", ":"))).encode()


def _dimensions(usage: Usage) -> Mapping[str, Any]:
    return {
        "project_id": usage.project_id,
        "user_id": usage.user_id,
        "api_key_id": usage.api_key_id,
        "model": usage.model,
        "batch": usage.tier == "batch",
        "service_tier": "default" if usage.tier in ("standard", "batch") else usage.tier,
        "size": None,
        "source": None,
        "vector_store_id": None,
        "context_level": None,
        **dict(usage.detail),
    }


def _is_wanted(usage: Usage, query: Query) -> bool:
    values = _dimensions(usage)
    batch = query.choice("batch", ("true", "false"))
    if batch is not None and values["batch"] != (batch == "true"):
        return False
    return all(not (wanted := query.many(name)) or values[dimension] in wanted for name, dimension in _FILTERS.items())


def _result(endpoint: str, kept: dict[str, Any], sums: Mapping[str, int], *, old: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {"object": f"organization.usage.{_RESULTS.get(endpoint, endpoint)}.result"}
    if endpoint == "completions":
        fields |= _token_fields(sums, old=old)
    else:
        meter = _COUNTS[endpoint]
        fields[_COUNT_FIELDS[meter]] = sums.get(meter, 0)
    if endpoint not in _NO_REQUESTS:
        fields["num_model_requests"] = sums.get("requests", 0)
    return {**fields, **{name: kept.get(name) for name in DIMENSIONS[endpoint]}}


def _token_fields(sums: Mapping[str, int], *, old: bool) -> dict[str, int]:
    """The vendor's overlapping sums, from disjoint kinds: input holds everything, cached and written included."""
    kinds = ("text", "audio", "image")
    meters = {kind: "" if kind == "text" else f"_{kind}" for kind in kinds}
    uncached = {kind: sums.get(f"input{suffix}", 0) for kind, suffix in meters.items()}
    cached = {kind: sums.get(f"cache_read{suffix}", 0) for kind, suffix in meters.items()}
    output = {kind: sums.get(f"output{suffix}", 0) for kind, suffix in meters.items()}
    written = sums.get("cache_write", 0)
    fields = {
        "input_tokens": sum(uncached.values()) + sum(cached.values()) + written,
        "input_cached_tokens": sum(cached.values()),
        "input_cache_write_tokens": written,
        "input_uncached_tokens": sum(uncached.values()),
        "output_tokens": sum(output.values()),
        **{f"input_{kind}_tokens": tokens for kind, tokens in uncached.items()},
        **{f"input_cached_{kind}_tokens": tokens for kind, tokens in cached.items()},
        **{f"output_{kind}_tokens": tokens for kind, tokens in output.items()},
    }
    if old and not written:
        del fields["input_cache_write_tokens"], fields["input_uncached_tokens"]
    return fields


def _with_extras(simulation: Simulation, row: dict[str, Any], start: datetime, position: int) -> dict[str, Any]:
    if happens(50, simulation.seed, "extra", row["object"], start, position):
        return {**row, "residency_hint": None, "usage_labels": ["unlabeled"]}
    return row
