"""Anthropic's newer analytics reports, usage and cost: flat rows instead of buckets, cost by key, list and discounted.

Fields and parameters follow the types of the vendor's SDK (beta analytics-usage-cost-2026-08-24). Live behaviour of
the beta is unverified; where the types leave a choice, their documentation decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.simulator.anthropic_wire import as_json, cents, dimensions_of, rfc3339, token_counts, token_type
from connectors.simulator.bills import Line
from connectors.simulator.draws import apportion
from connectors.simulator.events import LABS_BEGIN
from connectors.simulator.organisation import ACCOUNT_IDS, PEOPLE
from connectors.simulator.simulation import Simulation
from connectors.simulator.traffic import Usage
from connectors.simulator.wire_query import (
    WIDTHS,
    Page,
    Query,
    RefusalError,
    bucket_starts,
    comes_twice,
    floor,
    instant,
    usage_in,
)
from connectors.simulator.workloads import HOURS

BETA = "analytics-usage-cost-2026-08-24"
_USAGE_DIMENSIONS = (
    "actor", "actor_type", "agent_id", "api_key_id", "claude_tag_category", "claude_tag_user_id", "context_window",
    "deployment_id", "environment_id", "inference_geo", "model", "organization_id", "product", "rbac_group_id",
    "service_tier", "session_id", "slack_channel_id", "speed", "user_profile_id", "workspace_id",
)  # fmt: skip
_FANNED_OUT = ("cost_type", "token_type")
_FILTERS = {
    f"{name}s": name
    for name in ("actor_type", "api_key_id", "context_window", "inference_geo", "model", "product", "service_tier",
                 "speed", "workspace_id", "organization_id", "session_id", "agent_id", "rbac_group_id")
}  # fmt: skip
_USAGE_ORDERS = ("output_tokens", "requests", "time", "total_tokens", "uncached_input_tokens")
_COST_ORDERS = ("amount", "list_amount", "time")
_METERS = {"output_tokens": "output", "requests": "requests", "uncached_input_tokens": "input"}
_LONGEST = timedelta(days=31)
_UNIT = Decimal("1e-12")


@dataclass
class _Row:
    """One group in one time bucket: what it cost by part, or what it used."""

    start: datetime
    end: datetime
    group: dict[str, Any]
    sums: dict[str, int] = field(default_factory=dict)
    parts: dict[tuple[str, str | None], list[int]] = field(default_factory=dict)

    def add_usage(self, usage: Usage) -> None:
        for meter, quantity in usage.quantities.items():
            self.sums[meter] = self.sums.get(meter, 0) + quantity

    def add_cost(self, line: Line, moment: datetime, step: timedelta) -> None:
        """What the line has in the day, hour or minute that begins at `moment`."""
        kind = "web_search" if line.kind == "web_searches" else "tokens"
        part = self.parts.setdefault((kind, token_type(line.meter)), [0, 0])
        for position, amount in enumerate((line.amount, line.list_amount)):
            units = int(amount / _UNIT)
            if step < WIDTHS["1d"]:
                units = apportion(units, HOURS[line.pays[0].usage.shape])[moment.hour]
            if step < WIDTHS["1h"]:
                units = apportion(units, (1,) * 60)[moment.minute]
            part[position] += units

    @property
    def amount(self) -> int:
        return sum(amount for amount, _ in self.parts.values())

    @property
    def list_amount(self) -> int:
        return sum(listed for _, listed in self.parts.values())

    @property
    def total_tokens(self) -> int:
        return sum(count for meter, count in self.sums.items() if meter not in ("requests", "web_searches"))


def _dimensions(usage: Usage) -> Mapping[str, Any]:
    known = dimensions_of(usage)
    product = "message_batches_api" if usage.tier == "batch" else "messages_api"
    actor = _actor(usage)
    return {
        **dict.fromkeys(_USAGE_DIMENSIONS),
        **{name: known[name] for name in ("api_key_id", "context_window", "model", "service_tier", "workspace_id")},
        "inference_geo": None if usage.geo == "not_available" else usage.geo,
        "speed": "standard",
        "product": product if usage.api_key_id else "claude_console",
        "organization_id": ACCOUNT_IDS[usage.source],
        "actor": actor,
        "actor_type": actor["type"],
    }


def _actor(usage: Usage) -> dict[str, Any]:
    user = usage.user_id or ""
    for person in PEOPLE:
        if person.user_id(usage.source) == user:
            return {"type": "user_actor", "user_id": user, "email_address": person.email, "name": person.name,
                    "deleted": False}  # fmt: skip
    return {"type": "api_actor", "api_key_id": usage.api_key_id}


def report(simulation: Simulation, source: str, which: str, query: Query, betas: str, *, quirks: bool) -> bytes:
    """`GET /v1/organizations/analytics/{usage|cost}`: one page of rows, most expensive or busiest first."""
    if BETA not in betas:
        raise RefusalError(400, f"this endpoint requires the anthropic-beta header {BETA}.")
    costs = which == "cost"
    asked = query.group_by((*_USAGE_DIMENSIONS, *(_FANNED_OUT if costs else ())), at_most=5, uncounted=_FANNED_OUT)
    width = query.choice("time_bucket_width", tuple(WIDTHS))
    rows: dict[tuple[Any, ...], _Row] = {}
    for start, end in _spans(simulation, query, width):
        for moment, step in _steps(start, end):
            for usage in usage_in(simulation, source, moment, step):
                if (row := _row_of(rows, (start, end), usage, asked, query)) is not None:
                    row.add_usage(usage)
            for line in simulation.lines(source, moment.date()) if costs else ():
                if (row := _row_of(rows, (start, end), line.pays[0].usage, asked, query)) is not None:
                    row.add_cost(line, moment, step)
    found = [row for row in rows.values() if row.parts or not costs]
    metric = query.choice("order_by", _COST_ORDERS if costs else _USAGE_ORDERS)
    ranked = _ranked(found, query, metric if metric != "time" else None, by_time=metric == "time" and width is not None)
    rendered = [_cost_items(row, asked) if costs else [_usage_item(row)] for row in ranked]
    return _page(simulation, which, rendered, query, quirks=quirks)


def _spans(simulation: Simulation, query: Query, width: str | None) -> list[tuple[datetime, datetime]]:
    """The time buckets of the answer; without a width the whole range, rounded down to the hour."""
    begin = instant(query.required("starting_at"), "starting_at")
    ending_at = query.one("ending_at")
    if width is not None and not ending_at:
        raise RefusalError(400, "ending_at: required with time_bucket_width.", parameter="ending_at")
    end = instant(ending_at, "ending_at") if ending_at else min(simulation.as_of, begin + _LONGEST)
    if end <= begin:
        raise RefusalError(400, "ending_at: must be after starting_at.", parameter="ending_at")
    if begin.date() < max(LABS_BEGIN, (simulation.as_of - timedelta(days=365)).date()):
        raise RefusalError(400, "starting_at: must be within the last 365 days and not before 2026-01-01.")
    longest = timedelta(hours=24) if width == "1m" else _LONGEST
    if end - begin > longest:
        raise RefusalError(400, f"the range may span at most {longest}.", parameter="ending_at")
    if width is None:
        return [(floor(begin, WIDTHS["1h"]), floor(end, WIDTHS["1h"]))]
    return [(start, start + WIDTHS[width]) for start in bucket_starts(begin, end, WIDTHS[width])]


def _steps(start: datetime, end: datetime) -> list[tuple[datetime, timedelta]]:
    """`start` to `end` in the widest steps that fit: days, hours or minutes."""
    width = next(width for width in WIDTHS.values() if floor(start, width) == start and floor(end, width) == end)
    return [(moment, width) for moment in bucket_starts(start, end, width)]


def _row_of(
    rows: dict[tuple[Any, ...], _Row], span: tuple[datetime, datetime], usage: Usage, asked: Sequence[str], query: Query
) -> _Row | None:
    """The row that a usage belongs to; None where a filter leaves it out. An empty filter value means null."""
    values = _dimensions(usage)
    for name, dimension in _FILTERS.items():
        wanted = query.many(name)
        if wanted and (values[dimension] or "") not in wanted:
            return None
    group = {name: values[name] if name in asked else None for name in _USAGE_DIMENSIONS}
    key = (span[0], *(str(value) for value in group.values()))
    return rows.setdefault(key, _Row(*span, group))


def _ranked(found: Iterable[_Row], query: Query, metric: str | None, *, by_time: bool) -> list[_Row]:
    """Rows by a metric, or by time and then by the usual metric, highest first."""
    downward = query.choice("order", ("asc", "desc"), "desc") == "desc"

    def value(row: _Row, name: str | None) -> int:
        usual = row.amount if row.parts else row.total_tokens
        return {
            "list_amount": row.list_amount,
            **{name: row.sums.get(meter, 0) for name, meter in _METERS.items()},
        }.get(name or "", usual)

    if by_time:
        usual = sorted(found, key=lambda row: value(row, None), reverse=True)
        return sorted(usual, key=lambda row: row.start, reverse=downward)
    return sorted(found, key=lambda row: value(row, metric), reverse=downward)


def _usage_item(row: _Row) -> dict[str, Any]:
    counts = {"total_tokens": row.total_tokens, "requests": row.sums.get("requests", 0)}
    return {
        "starting_at": rfc3339(row.start),
        "ending_at": rfc3339(row.end),
        "group": row.group,
        "usage": {**token_counts(row.sums), **counts},
    }


def _cost_items(row: _Row, asked: Sequence[str]) -> list[dict[str, Any]]:
    """A row's cost as one item, or as one item a part where cost_type or token_type is asked for."""
    by_type, by_token = "cost_type" in asked, "token_type" in asked
    parts: dict[tuple[str | None, str | None], list[int]] = {}
    for (kind, token), (amount, listed) in row.parts.items():
        if by_token and not by_type and token is None:
            continue
        shown = (kind if by_type or by_token else None, token if by_token else None)
        sums = parts.setdefault(shown, [0, 0])
        sums[0] += amount
        sums[1] += listed
    ordered = sorted(parts.items(), key=lambda part: part[1], reverse=True)
    return [
        {
            "starting_at": rfc3339(row.start),
            "ending_at": rfc3339(row.end),
            "group": {**row.group, "cost_type": kind, "token_type": token},
            "cost": {
                "amount": cents(amount * _UNIT),
                "list_amount": cents(listed * _UNIT),
                "currency": "USD",
                "requests": None if by_type or by_token else row.sums.get("requests", 0),
            },
        }
        for (kind, token), (amount, listed) in ordered
    ]


def _page(
    simulation: Simulation, which: str, groups: list[list[dict[str, Any]]], query: Query, *, quirks: bool
) -> bytes:
    """One page: `limit` counts groups, not the items that a group is fanned out into."""
    size, page = query.limit(20, 1000), Page.of(query)
    twice = quirks and comes_twice(simulation, which, "page", page.position)
    following = page.next(size, len(groups), twice=twice)
    return as_json(
        {
            "data": [item for group in groups[page.position :][:size] for item in group],
            "has_more": following is not None,
            "next_page": following,
            "data_refreshed_at": rfc3339(simulation.as_of),
        }
    )
