"""Anthropic's older reports: messages usage, cost, and Claude Code, worded as Anthropic words them.

Fields and parameters follow the vendor's public pages (families A and B). The newer analytics reports are in
`anthropic_analytics_wire`, names of workspaces, users and keys in `anthropic_names`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.simulator.bills import Line
from connectors.simulator.claude_code import records_of
from connectors.simulator.draws import happens
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
    instant,
    usage_in,
)

_DIMENSIONS = (
    "account_id", "api_key_id", "context_window", "inference_geo", "model", "service_account_id", "service_tier",
    "speed", "workspace_id",
)  # fmt: skip
_FILTERS = {
    "account_ids": "account_id", "api_key_ids": "api_key_id", "context_window": "context_window",
    "inference_geos": "inference_geo", "models": "model", "service_account_ids": "service_account_id",
    "service_tiers": "service_tier", "speeds": "speed", "workspace_ids": "workspace_id",
}  # fmt: skip
FAST_MODE_BETA = "fast-mode-2026-02-01"

_TOKEN_TYPES = {
    "input": "uncached_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
    "output": "output_tokens",
}
_KINDS = {
    "input": "Input Tokens", "cache_read": "Input Tokens, Cache Hit", "cache_write_5m": "Input Tokens, Cache Write",
    "cache_write_1h": "Input Tokens, Cache Write 1h", "output": "Output Tokens",
}  # fmt: skip


def rfc3339(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def token_type(meter: str | None) -> str | None:
    return _TOKEN_TYPES.get(meter or "")


def dimensions_of(usage: Usage) -> Mapping[str, Any]:
    """The dimensions of a usage in Anthropic's words."""
    user = usage.user_id or ""
    return {
        "account_id": user if user.startswith("user_") else None,
        "service_account_id": user if user.startswith("svac_") else None,
        "api_key_id": usage.api_key_id,
        "context_window": usage.context,
        "inference_geo": usage.geo,
        "model": usage.model,
        "service_tier": usage.tier,
        "speed": "standard",
        "workspace_id": usage.project_id,
    }


def messages_usage(simulation: Simulation, source: str, query: Query, betas: str, *, quirks: bool) -> bytes:
    """`GET /v1/organizations/usage_report/messages`: one page of buckets, oldest first, empty ones included."""
    asked = query.group_by(_DIMENSIONS, at_most=5)
    if ("speed" in asked or query.many("speeds")) and FAST_MODE_BETA not in betas:
        raise RefusalError(400, f"speed: requires the anthropic-beta header {FAST_MODE_BETA}.", parameter="speed")
    width_name = query.choice("bucket_width", tuple(WIDTHS), "1d") or "1d"

    def results(start: datetime) -> list[dict[str, Any]]:
        usages = [
            usage for usage in usage_in(simulation, source, start, WIDTHS[width_name]) if _is_wanted(usage, query)
        ]
        rows = [_usage_result(asked, kept, sums) for kept, sums in grouped(usages, asked, dimensions_of)]
        return [_with_extras(simulation, row, start, position) for position, row in enumerate(rows)] if quirks else rows

    return _buckets(simulation, "usage", query, width_name, results, quirks=quirks)


def cost_report(simulation: Simulation, source: str, query: Query, *, quirks: bool) -> bytes:
    """`GET /v1/organizations/cost_report`: daily cost in cents, by workspace and description."""
    asked = query.group_by(("description", "workspace_id"))
    query.choice("bucket_width", ("1d",))

    def results(start: datetime) -> list[dict[str, Any]]:
        groups: dict[tuple[str | None, ...], list[Line]] = {}
        for line in simulation.lines(source, start.date()):
            values = {"description": description(line), "workspace_id": line.project_id}
            groups.setdefault(tuple(values[name] for name in asked), []).append(line)
        return [_cost_result(asked, lines) for lines in groups.values()]

    return _buckets(simulation, "cost", query, "1d", results, quirks=quirks)


def claude_code_usage(simulation: Simulation, source: str, query: Query) -> bytes:
    """`GET /v1/organizations/usage_report/claude_code`: the records of one UTC day, paged by record."""
    text = query.required("starting_at")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise RefusalError(400, "starting_at: must be a date, YYYY-MM-DD.", parameter="starting_at") from None
    size = query.limit(20, 1000)
    page = Page.of(query)
    records = records_of(simulation, source, day)
    following = page.next(size, len(records), twice=False)
    data = records[page.position :][:size]
    return as_json({"data": data, "has_more": following is not None, "next_page": following})


def _buckets(
    simulation: Simulation,
    stream: str,
    query: Query,
    width_name: str,
    results: Callable[[datetime], list[dict[str, Any]]],
    *,
    quirks: bool,
) -> bytes:
    default, maximum = BUCKET_LIMITS[width_name]
    size = query.limit(default, maximum)
    width = WIDTHS[width_name]
    begin = instant(query.required("starting_at"), "starting_at")
    ending_at = query.one("ending_at")
    end = instant(ending_at, "ending_at") if ending_at else simulation.as_of
    if end <= begin:
        raise RefusalError(400, "ending_at: must be after starting_at.", parameter="ending_at")
    starts = bucket_starts(begin, end, width)
    page = Page.of(query)
    data = [
        {"starting_at": rfc3339(start), "ending_at": rfc3339(start + width), "results": results(start)}
        for start in starts[page.position :][:size]
    ]
    first = data[0]["starting_at"] if data else ""
    following = page.next(len(data), len(starts), twice=quirks and comes_twice(simulation, stream, "page", first))
    if quirks and data and comes_twice(simulation, stream, "bucket", first):
        data = [*data, data[0]]
    return as_json({"data": data, "has_more": following is not None, "next_page": following})


def as_json(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _is_wanted(usage: Usage, query: Query) -> bool:
    values = dimensions_of(usage)
    return all(not (wanted := query.many(name)) or values[dimension] in wanted for name, dimension in _FILTERS.items())


def _usage_result(asked: tuple[str, ...], kept: dict[str, Any], sums: Mapping[str, int]) -> dict[str, Any]:
    names = [name for name in _DIMENSIONS if name != "speed" or "speed" in asked]
    return {**token_counts(sums), **{name: kept.get(name) for name in names}}


def token_counts(sums: Mapping[str, int]) -> dict[str, Any]:
    """Anthropic's disjoint counts."""
    return {
        "uncached_input_tokens": sums.get("input", 0),
        "cache_creation": {
            "ephemeral_1h_input_tokens": sums.get("cache_write_1h", 0),
            "ephemeral_5m_input_tokens": sums.get("cache_write_5m", 0),
        },
        "cache_read_input_tokens": sums.get("cache_read", 0),
        "output_tokens": sums.get("output", 0),
        "server_tool_use": {"web_search_requests": sums.get("web_searches", 0)},
    }


def _with_extras(simulation: Simulation, row: dict[str, Any], start: datetime, position: int) -> dict[str, Any]:
    if happens(50, simulation.seed, "extra", "messages", start, position):
        return {**row, "effort": None, "request_labels": []}
    return row


def description(line: Line) -> str:
    """Anthropic's words for a line."""
    if line.kind == "code_execution":
        return "Code Execution Usage"
    if line.kind == "web_searches":
        return "Web Search Usage"
    parts = [f"{model_title(line.model or '')} Usage"]
    parts += ["Batch"] if line.tier == "batch" else []
    parts += ["Long Context"] if line.context == "200k-1M" else []
    parts += ["US"] if line.geo == "us" else []
    return f"{', '.join(parts)} - {_KINDS[line.meter or '']}"


def model_title(model: str) -> str:
    """`claude-opus-4-8` as people write it: Claude Opus 4.8."""
    family, *numbers = [part for part in model.removeprefix("claude-").split("-") if len(part) < 8]
    return f"Claude {family.capitalize()} {'.'.join(numbers)}"


def cents(amount: Decimal) -> str:
    """USD as a decimal string of cents."""
    return f"{(amount * 100).normalize():f}"


def _cost_result(asked: tuple[str, ...], lines: list[Line]) -> dict[str, Any]:
    line = lines[0]
    described = "description" in asked
    tokens = described and line.kind == "tokens"
    kind = {"web_searches": "web_search", "code_execution": "code_execution"}.get(line.kind, "tokens")
    return {
        "amount": cents(sum((each.amount for each in lines), Decimal(0))),
        "currency": "USD",
        "cost_type": kind if described else None,
        "description": description(line) if described else None,
        "model": line.model if tokens else None,
        "service_tier": line.tier if tokens else None,
        "token_type": token_type(line.meter) if tokens else None,
        "context_window": line.context if tokens else None,
        "inference_geo": line.geo if tokens else None,
        "workspace_id": line.project_id if "workspace_id" in asked else None,
    }
