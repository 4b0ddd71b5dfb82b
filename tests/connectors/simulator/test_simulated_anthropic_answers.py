"""Anthropic's simulated answers against its types and the transcribed specifications, and against the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from anthropic.types.beta import organization as types
from anthropic.types.beta.beta_organization import BetaOrganization
from anthropic.types.beta.organization import analytics as analytics_types
from openapi_schema_validator import OAS31Validator
from pydantic import TypeAdapter

from connectors.simulator.anthropic_wire import description
from connectors.simulator.organisation import project_named
from connectors.simulator.routes import Answerer
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import Query, RefusalError

Pages = Callable[..., Iterator[Any]]
MESSAGES = "/organizations/usage_report/messages"
COST = "/organizations/cost_report"
CLAUDE_CODE = "/organizations/usage_report/claude_code"
ANALYTICS_COST = "/organizations/analytics/cost"
ANALYTICS_USAGE = "/organizations/analytics/usage"
OCTOBER = [("starting_at", "2026-10-01T00:00:00Z"), ("ending_at", "2026-11-01T00:00:00Z")]
ONE_DAY = [("starting_at", "2026-10-14T00:00:00Z"), ("ending_at", "2026-10-15T00:00:00Z")]
ALL_BUT_KEYS = [
    ("group_by[]", name) for name in ("workspace_id", "model", "service_tier", "context_window", "inference_geo")
]
BY_KEY = [("group_by[]", name) for name in ("api_key_id", "workspace_id", "model", "service_tier", "inference_geo")]
BY_LINE = [("group_by[]", "workspace_id"), ("group_by[]", "description")]
FANNED_OUT = [("group_by[]", "cost_type"), ("group_by[]", "token_type")]


def results(pages: Pages, source: str, path: str, params: Any, **options: Any) -> list[tuple[str, Any]]:
    """Every result with its bucket's start; a bucket that comes twice counts once."""
    buckets = {
        bucket["starting_at"]: bucket["results"]
        for page in pages(source, path, [*params, ("limit", 20)], **options)
        for bucket in page["data"]
    }
    return [(start, row) for start, rows in buckets.items() for row in rows]


@pytest.fixture(scope="session")
def specs(shared_reference: Path) -> dict[str, Any]:
    return {
        name: yaml.load((shared_reference / f"specs/anthropic-{name}.openapi.yaml").read_text(), yaml.CSafeLoader)
        for name in ("admin", "analytics")
    }


@pytest.mark.reference
@pytest.mark.parametrize(
    ("spec", "source", "path", "params"),
    [
        ("admin", "anthropic", MESSAGES, [*ONE_DAY, *ALL_BUT_KEYS]),
        ("admin", "anthropic", MESSAGES, [*ONE_DAY, ("group_by[]", "speed"), ("bucket_width", "1h")]),
        ("admin", "anthropic", COST, [*ONE_DAY, *BY_LINE]),
        ("admin", "anthropic", COST, ONE_DAY),
        ("admin", "anthropic", CLAUDE_CODE, [("starting_at", "2026-10-14")]),
        ("analytics", "anthropic-labs", ANALYTICS_USAGE, [*ONE_DAY, *BY_KEY]),
        ("analytics", "anthropic-labs", ANALYTICS_COST, [*ONE_DAY, *BY_KEY, *FANNED_OUT]),
    ],
)
def test_answers_keep_the_specifications(
    specs: dict[str, Any], ask: Any, spec: str, source: str, path: str, params: Any
) -> None:
    document = specs[spec]
    answer = document["paths"][f"/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    body = ask(source, path, params)
    assert body["data"]
    assert list(OAS31Validator({**answer, "components": document["components"]}).iter_errors(body)) == []


def test_tokens_by_dimension_are_the_truth(pages: Pages, truth: dict[str, Any]) -> None:
    found: Counter[str] = Counter()
    for _, row in results(pages, "anthropic", MESSAGES, [*OCTOBER, *ALL_BUT_KEYS], quirks=True):
        found["input"] += row["uncached_input_tokens"]
        found["cache_read"] += row["cache_read_input_tokens"]
        found["cache_write_5m"] += row["cache_creation"]["ephemeral_5m_input_tokens"]
        found["cache_write_1h"] += row["cache_creation"]["ephemeral_1h_input_tokens"]
        found["output"] += row["output_tokens"]
    used = {
        row["token_kind"]: row["tokens"]
        for row in truth["used_tokens"]
        if (row["source"], row["billing_period"]) == ("anthropic", "2026-10")
    }
    assert found == used


def test_keys_and_the_rest_are_all_of_it(pages: Pages) -> None:
    """Usage without a key (Workbench) is the null group of the pull by key, and is there beside keyed usage."""
    rows = results(pages, "anthropic", MESSAGES, [*ONE_DAY, *BY_KEY])
    assist = project_named("anthropic", "Agent Assist").id
    mixed = {
        row["api_key_id"] is None
        for _, row in rows
        if (row["workspace_id"], row["model"]) == (assist, "claude-sonnet-5")
    }
    assert mixed == {True, False}
    assert any(row["workspace_id"] is None and row["api_key_id"] is None for _, row in rows)


def test_hours_sum_to_their_day(ask: Any) -> None:
    by_hour = ask("anthropic", MESSAGES, [*ONE_DAY, ("bucket_width", "1h")])["data"]
    by_day = ask("anthropic", MESSAGES, ONE_DAY)["data"]
    assert len(by_hour) == 24
    assert sum(bucket["results"][0]["output_tokens"] for bucket in by_hour) == by_day[0]["results"][0]["output_tokens"]


def test_cents_are_the_truth(pages: Pages, truth: dict[str, Any]) -> None:
    billed = next(
        row["billed_cost"]
        for row in truth["billed"]
        if (row["source"], row["billing_period"]) == ("anthropic", "2026-10")
    )
    for params in (BY_LINE, [("group_by[]", "workspace_id")], []):
        rows = results(pages, "anthropic", COST, [*OCTOBER, *params], quirks=True)
        assert sum(Decimal(row["amount"]) for _, row in rows) == Decimal(billed) * 100


def test_priority_and_refused_requests_are_used_but_not_billed(pages: Pages, world: Simulation) -> None:
    def seen(path: str, params: Any) -> set[tuple[str, str | None, str | None]]:
        return {
            (start[:10], row["model"], row["service_tier"])
            for start, row in results(pages, "anthropic", path, [*OCTOBER, *params])
        }

    unbilled = seen(MESSAGES, ALL_BUT_KEYS) - seen(COST, BY_LINE)
    assert {(model, tier) for _, model, tier in unbilled} == {
        ("claude-opus-5-5", "priority"),
        ("claude-fable-5-2", "standard"),
    }
    refused = [day for day, model, _ in unbilled if model == "claude-fable-5-2"]
    assert refused == [str(world.calendar.refused_day)]


def test_code_execution_and_web_search_name_no_model(pages: Pages) -> None:
    rows = results(pages, "anthropic", COST, [*OCTOBER, *BY_LINE])
    others = {(row["cost_type"], row["description"], row["model"]) for _, row in rows if row["cost_type"] != "tokens"}
    assert others == {
        ("code_execution", "Code Execution Usage", None),
        ("web_search", "Web Search Usage", None),
    }


def test_a_description_says_one_thing_only(world: Simulation) -> None:
    """Grouping by description must not merge what differs in model, kind, tier, context or geography."""
    meanings: dict[str, set[Any]] = {}
    for day in world.calendar.days:
        for line in world.lines("anthropic", day):
            meaning = (line.model, line.meter, line.tier, line.context, line.geo != "us")
            meanings.setdefault(description(line), set()).add(meaning)
    assert all(len(found) == 1 for found in meanings.values())
    assert "Claude Opus 4.8 Usage, US - Input Tokens, Cache Hit" in meanings
    assert "Claude Sonnet 4.5 Usage, Long Context - Output Tokens" in meanings


def test_claude_code_tells_the_same_tokens_again(ask: Any, world: Simulation, truth: dict[str, Any]) -> None:
    first = ask("anthropic", CLAUDE_CODE, [("starting_at", "2026-10-14"), ("limit", 4)])
    rest = ask("anthropic", CLAUDE_CODE, [("starting_at", "2026-10-14"), ("page", first["next_page"])])
    records = [*first["data"], *rest["data"]]
    assert [record["customer_type"] for record in records] == ["api"] * 4 + ["subscription"] * 2
    assert records[3]["actor"] == {"type": "api_actor", "api_key_name": "code-review-bot"}
    workspace = project_named("anthropic", "Claude Code").id
    rows = [
        row
        for bucket in ask("anthropic", MESSAGES, [*ONE_DAY, ("group_by[]", "workspace_id")])["data"]
        for row in bucket["results"]
        if row["workspace_id"] == workspace
    ]
    told = sum(m["tokens"]["output"] for r in records if r["customer_type"] == "api" for m in r["model_breakdown"])
    assert told == rows[0]["output_tokens"]
    assert {row["customer_type"] for row in truth["claude_code"]} == {"api", "subscription"}


def analytics(pages: Pages, path: str, params: Any, **options: Any) -> list[Any]:
    """Every row once, whatever page comes twice."""
    rows = [row for page in pages("anthropic-labs", path, params, **options) for row in page["data"]]
    return list({json.dumps((row["starting_at"], row["group"])): row for row in rows}.values())


def test_analytics_are_of_the_vendors_own_types(pages: Pages) -> None:
    day = [*ONE_DAY, *BY_KEY, ("time_bucket_width", "1d")]
    costs = TypeAdapter(list[analytics_types.BetaAnalyticsCostItem])
    usages = TypeAdapter(list[analytics_types.BetaAnalyticsUsageItem])
    for item in costs.validate_python(analytics(pages, ANALYTICS_COST, [*day, *FANNED_OUT])):
        assert not item.model_extra
        assert not item.group.model_extra
    actors = [("group_by[]", "actor"), ("group_by[]", "actor_type"), ("group_by[]", "product")]
    for item in usages.validate_python(analytics(pages, ANALYTICS_USAGE, [*ONE_DAY, *actors])):
        assert not item.usage.model_extra
        assert item.group.actor is not None
        assert item.group.actor.type == item.group.actor_type


def test_analytics_cost_is_the_truth_however_it_is_cut(pages: Pages, truth: dict[str, Any]) -> None:
    costs = next(
        row for row in truth["costs"] if (row["source"], row["billing_period"]) == ("anthropic-labs", "2026-10")
    )
    by_day = [*BY_KEY, ("time_bucket_width", "1d"), ("limit", 90)]
    for params in ([], by_day, [*by_day, *FANNED_OUT]):
        rows = analytics(pages, ANALYTICS_COST, [*OCTOBER, *params], quirks=True)
        assert sum(Decimal(row["cost"]["amount"]) for row in rows) == Decimal(costs["billed_cost"]) * 100
        assert sum(Decimal(row["cost"]["list_amount"]) for row in rows) == Decimal(costs["list_cost"]) * 100


def test_analytics_hours_sum_to_their_day(pages: Pages) -> None:
    day = analytics(pages, ANALYTICS_COST, ONE_DAY)[0]["cost"]
    hours = analytics(pages, ANALYTICS_COST, [*ONE_DAY, ("time_bucket_width", "1h"), ("limit", 10)], quirks=True)
    assert len(hours) == 24
    for name in ("amount", "list_amount"):
        assert sum(Decimal(row["cost"][name]) for row in hours) == Decimal(day[name])
    assert sum(row["cost"]["requests"] for row in hours) == day["requests"]


def test_fanned_out_rows_do_not_count_toward_the_limit(ask: Any) -> None:
    page = ask("anthropic-labs", ANALYTICS_COST, [*ONE_DAY, ("group_by[]", "model"), *FANNED_OUT, ("limit", 1)])
    assert page["has_more"]
    assert {row["group"]["model"] for row in page["data"]} == {page["data"][0]["group"]["model"]}
    assert len(page["data"]) > 4
    assert all(row["cost"]["requests"] is None for row in page["data"])
    whole = ask("anthropic-labs", ANALYTICS_COST, ONE_DAY)["data"]
    assert len(whole) == 1
    assert whole[0]["cost"]["requests"] > 0


def test_rows_are_ranked_by_what_was_asked(ask: Any) -> None:
    params = [*ONE_DAY, ("group_by[]", "api_key_id"), ("order_by", "output_tokens"), ("order", "asc")]
    outputs = [row["usage"]["output_tokens"] for row in ask("anthropic-labs", ANALYTICS_USAGE, params)["data"]]
    assert outputs == sorted(outputs)
    days = [*OCTOBER, ("time_bucket_width", "1d"), ("order_by", "time"), ("order", "asc"), ("limit", 1000)]
    starts = [row["starting_at"] for row in ask("anthropic-labs", ANALYTICS_COST, days)["data"]]
    assert starts == sorted(starts)
    assert len(starts) == 31


@pytest.mark.parametrize(
    ("path", "params", "complaint"),
    [
        (MESSAGES, [*ONE_DAY, *BY_KEY, ("group_by[]", "context_window")], "at most 5"),
        (MESSAGES, [*ONE_DAY, ("limit", 32)], "limit"),
        (COST, [*ONE_DAY, ("group_by[]", "model")], "group_by"),
        (COST, [*ONE_DAY, ("bucket_width", "1h")], "bucket_width"),
        (COST, [("starting_at", "2026-10-14T00:00:00")], "time zone"),
        (CLAUDE_CODE, [("starting_at", "14.10.2026")], "starting_at"),
        (CLAUDE_CODE, [("starting_at", "2026-10-14"), ("limit", 1001)], "limit"),
        (ANALYTICS_COST, [("starting_at", "2025-12-31T00:00:00Z")], "2026-01-01"),
        (ANALYTICS_COST, [("starting_at", "2026-09-30T00:00:00Z"), OCTOBER[1]], "at most 31 days"),
        (ANALYTICS_COST, [("starting_at", "2026-10-14T00:00:00Z"), ("time_bucket_width", "1d")], "ending_at"),
        (ANALYTICS_COST, [*OCTOBER, ("time_bucket_width", "1m")], "at most"),
        (ANALYTICS_COST, [*ONE_DAY, ("limit", 1001)], "limit"),
        (ANALYTICS_USAGE, [*ONE_DAY, ("group_by[]", "cost_type")], "group_by"),
        (ANALYTICS_USAGE, [*ONE_DAY, ("order_by", "amount")], "order_by"),
    ],
)  # fmt: skip
def test_bad_questions_are_refused(ask: Any, path: str, params: Any, complaint: str) -> None:
    with pytest.raises(RefusalError, match=complaint) as refused:
        ask("anthropic-labs", path, params)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("headers", "path", "complaint"),
    [
        ({}, COST, "anthropic-version"),
        ({"anthropic-version": "2023-06-01"}, ANALYTICS_COST, "anthropic-beta"),
        ({"anthropic-version": "2023-06-01"}, f"{MESSAGES}?group_by[]=speed", "fast-mode"),
    ],
)
def test_headers_are_needed(world: Simulation, headers: dict[str, str], path: str, complaint: str) -> None:
    path, _, more = path.partition("?")
    query = Query(f"{urlencode(ONE_DAY)}&{more}")
    with pytest.raises(RefusalError, match=complaint):
        Answerer(world, quirks=False).body("anthropic", path, query, headers.get)


def test_lists_are_of_the_vendors_own_types(ask: Any) -> None:
    for path, kind in (
        ("/organizations/workspaces", types.BetaWorkspace),
        ("/organizations/users", types.BetaOrganizationUser),
        ("/organizations/api_keys", types.BetaAPIKey),
        ("/organizations/service_accounts", types.BetaServiceAccount),
    ):
        items = TypeAdapter(list[kind]).validate_python(ask("anthropic", path)["data"])
        assert items
        # older answers of the keys list carry the workspace beside the scope, and so do these
        assert {name for item in items for name in item.model_extra or {}} <= {"workspace_id"}
    BetaOrganization.model_validate(ask("anthropic", "/organizations/me"))


def test_the_default_workspace_is_listed_on_demand(ask: Any) -> None:
    names = {
        item["name"] for item in ask("anthropic", "/organizations/workspaces", [("include_default", "true")])["data"]
    }
    assert "Default" in names
    assert len(names) == 7
