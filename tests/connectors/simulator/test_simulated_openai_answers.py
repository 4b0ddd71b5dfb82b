"""OpenAI's simulated answers against OpenAI's own types and specification, and against the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from openai.types.admin import organization as types
from openai.types.admin.organization import projects as project_types
from openapi_schema_validator import OAS31Validator
from pydantic import BaseModel, TypeAdapter

from connectors.simulator.openai_names import project_api_keys
from connectors.simulator.openai_wire import DIMENSIONS, usage_report
from connectors.simulator.organisation import key_named, keys_of, project_named
from connectors.simulator.routes import Answerer
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import Query, RefusalError


def seconds(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (seconds(2026, month, 1) for month in (9, 10, 11, 12))
ENDPOINTS = tuple(DIMENSIONS)
RESPONSES: dict[str, type[BaseModel]] = {
    "costs": types.UsageCostsResponse,
    "completions": types.UsageCompletionsResponse,
    "embeddings": types.UsageEmbeddingsResponse,
    "moderations": types.UsageModerationsResponse,
    "images": types.UsageImagesResponse,
    "audio_speeches": types.UsageAudioSpeechesResponse,
    "audio_transcriptions": types.UsageAudioTranscriptionsResponse,
    "vector_stores": types.UsageVectorStoresResponse,
    "code_interpreter_sessions": types.UsageCodeInterpreterSessionsResponse,
    "file_search_calls": types.UsageFileSearchCallsResponse,
    "web_search_calls": types.UsageWebSearchCallsResponse,
}
Pages = Callable[..., Iterator[Any]]


def path_of(endpoint: str) -> str:
    return "/organization/costs" if endpoint == "costs" else f"/organization/usage/{endpoint}"


def grouped(endpoint: str) -> list[tuple[str, Any]]:
    dimensions = ("project_id", "line_item", "api_key_id") if endpoint == "costs" else DIMENSIONS[endpoint]
    return [
        ("start_time", OCTOBER),
        ("end_time", NOVEMBER),
        ("limit", 20),
        *(("group_by[]", name) for name in dimensions),
    ]


def unknown_fields(value: Any, where: str = "") -> list[str]:
    """Fields that the vendor's type does not have, at any depth."""
    if isinstance(value, list):
        return [found for item in value for found in unknown_fields(item, where)]
    if not isinstance(value, BaseModel):
        return []
    extra = [f"{where}.{name}" for name in value.model_extra or {}]
    return extra + [
        found for name in type(value).model_fields for found in unknown_fields(getattr(value, name), f"{where}.{name}")
    ]


@pytest.mark.parametrize("endpoint", RESPONSES)
def test_answers_are_of_the_vendors_own_types(pages: Pages, endpoint: str) -> None:
    results = 0
    for page in pages("openai", path_of(endpoint), grouped(endpoint)):
        answer = RESPONSES[endpoint].model_validate(page)
        assert unknown_fields(answer) == []
        results += sum(len(bucket["results"]) for bucket in page["data"])
    assert results > 0


@pytest.mark.parametrize("endpoint", RESPONSES)
def test_quirky_answers_still_parse(pages: Pages, endpoint: str) -> None:
    for page in pages("openai", path_of(endpoint), grouped(endpoint), quirks=True):
        RESPONSES[endpoint].model_validate(page)


@pytest.fixture(scope="session")
def spec(shared_reference: Path) -> Any:
    return yaml.load((shared_reference / "specs/openai-usage.openapi.yaml").read_text(), Loader=yaml.CSafeLoader)


@pytest.mark.reference
@pytest.mark.parametrize("endpoint", RESPONSES)
def test_answers_keep_the_vendors_specification(spec: Any, world: Simulation, endpoint: str) -> None:
    schema = {"$ref": "#/components/schemas/UsageResponse", "components": spec["components"]}
    query = urlencode([*grouped(endpoint)[:2], ("limit", 1), *grouped(endpoint)[3:]])
    body = Answerer(world, quirks=False).body("openai", path_of(endpoint), Query(query), {}.get)
    assert list(OAS31Validator(schema).iter_errors(json.loads(body))) == []


def test_tokens_are_the_truth_and_the_parts_sum_to_the_vendors_totals(pages: Pages, truth: dict[str, Any]) -> None:
    found: Counter[str] = Counter()
    for page in pages("openai", path_of("completions"), grouped("completions")):
        for row in (row for bucket in page["data"] for row in bucket["results"]):
            uncached = row["input_text_tokens"] + row["input_audio_tokens"] + row["input_image_tokens"]
            assert row["input_tokens"] == uncached + row["input_cached_tokens"] + row.get("input_cache_write_tokens", 0)
            found["input_audio"] += row["input_audio_tokens"]
            found["cache_read"] += row["input_cached_text_tokens"]
            found["cache_write"] += row.get("input_cache_write_tokens", 0)
            found["output"] += row["output_text_tokens"]
            found["output_audio"] += row["output_audio_tokens"]
    used = {
        row["token_kind"]: row["tokens"]
        for row in truth["used_tokens"]
        if row["source"] == "openai" and row["billing_period"] == "2026-10"
    }
    assert found == {kind: used[kind] for kind in found}


def test_rows_of_long_ago_lack_the_newer_fields(world: Simulation) -> None:
    old = Simulation(world.seed, 3, world.as_of)
    query = Query(f"start_time={SEPTEMBER}&end_time={SEPTEMBER + 86_400}&group_by=model")
    rows = json.loads(usage_report(old, "completions", query, quirks=False))["data"][0]["results"]
    without = {row["model"] for row in rows if "input_uncached_tokens" not in row}
    assert "gpt-5.1" in without
    assert "gpt-6.1-sol" not in without  # it writes to the cache, and the counts say so


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_days_hours_and_totals_agree(ask: Any, endpoint: str) -> None:
    """The hours of a day sum to it, and so does the ungrouped row; group keys that nobody asked for are null."""
    begin = seconds(2026, 10, 14)

    def totals(*params: tuple[str, Any]) -> Counter[str]:
        page = ask("openai", path_of(endpoint), [("start_time", begin), ("end_time", begin + 86_400), *params])
        rows = [row for bucket in page["data"] for row in bucket["results"]]
        return Counter({name: sum(row[name] for row in rows) for name in rows[0] if isinstance(rows[0][name], int)})

    by_day = totals()
    assert totals(("bucket_width", "1h")) == by_day
    assert totals(*(("group_by", name) for name in DIMENSIONS[endpoint] if name != "batch")) == by_day
    page = ask("openai", path_of(endpoint), [("start_time", begin), ("end_time", begin + 86_400)])
    assert all(page["data"][0]["results"][0][name] is None for name in DIMENSIONS[endpoint])


def test_minutes_sum_to_their_hour(ask: Any) -> None:
    begin = seconds(2026, 10, 14) + 9 * 3600
    params = [("start_time", begin), ("end_time", begin + 3600)]
    minutes = ask("openai", path_of("completions"), [*params, ("bucket_width", "1m"), ("limit", 60)])["data"]
    hour = ask("openai", path_of("completions"), [*params, ("bucket_width", "1h")])["data"]
    assert len(minutes) == 60
    assert len(hour) == 1
    assert sum(b["results"][0]["output_tokens"] for b in minutes) == hour[0]["results"][0]["output_tokens"]


def test_costs_are_the_truth_to_the_cent_in_every_notation(pages: Pages, truth: dict[str, Any]) -> None:
    billed = next(
        row["billed_cost"]
        for row in truth["billed"]
        if row["source"] == "openai" and row["billing_period"] == "2026-10"
    )
    for quirks in (False, True):
        seen: dict[int, Decimal] = {}
        kinds: set[str] = set()
        for page in pages("openai", path_of("costs"), grouped("costs"), quirks=quirks):
            for bucket in page["data"]:
                values = [row["amount"]["value"] for row in bucket["results"]]
                kinds |= {"scientific" for value in values if "e" in str(value).lower()}
                kinds |= {"padded" for value in values if str(value).endswith("0000000000")}
                day = sum((Decimal(value) for value in values), Decimal(0))
                assert seen.setdefault(bucket["start_time"], day) == day  # a bucket that comes twice is the same
        assert sum(seen.values()) == Decimal(billed)
        assert ("padded" in kinds) == quirks
        assert not quirks or kinds == {"scientific", "padded"}


def test_lines_say_what_they_bill_and_how_much(pages: Pages) -> None:
    units: dict[str, set[str | None]] = {}
    for page in pages("openai", path_of("costs"), grouped("costs")):
        for row in (row for bucket in page["data"] for row in bucket["results"]):
            units.setdefault(row["line_item"], set()).add(row["quantity_unit"])
    assert {
        "gpt-5.1, cached input": {"tokens"},
        "priority | gpt-5.1, output": {"tokens"},
        "batch | gpt-4.1, input": {"tokens"},
        "flex | o4-mini, cached input": {"tokens"},
        "gpt-6.1-sol, cache writes": {"tokens"},
        "gpt-realtime audio, cached input": {"tokens"},
        "tts-1, characters": {"characters"},
        "whisper-1, audio": {"duration_seconds"},
        "web search tool calls": {None},
        "Vector storage": {"gibibyte_hours"},
        "code interpreter sessions": {"sessions"},
    }.items() <= units.items()


def test_empty_days_are_there_and_empty(ask: Any) -> None:
    page = ask(
        "openai", path_of("costs"), [("start_time", seconds(2026, 11, 18)), ("end_time", DECEMBER), ("limit", 180)]
    )
    filled = [bool(bucket["results"]) for bucket in page["data"]]
    # the 18th is billed, the 19th late, the 20th today, the others still to come
    assert filled == [True] + [False] * 12


def test_filters_leave_out_what_was_not_asked_for(ask: Any) -> None:
    key = key_named("openai", "lab-notebooks").id
    params = [
        ("start_time", OCTOBER), ("limit", 1), ("api_key_ids[]", key), ("batch", "true"), ("group_by", "model"),
        ("group_by", "batch"),
    ]  # fmt: skip
    rows = ask("openai", path_of("completions"), params)["data"][0]["results"]
    assert [(row["model"], row["batch"]) for row in rows] == [("gpt-6.1-sol", True)]


@pytest.mark.parametrize(
    ("endpoint", "params", "complaint"),
    [
        ("costs", [("start_time", OCTOBER), ("limit", 181)], "limit"),
        ("completions", [("start_time", OCTOBER), ("limit", 32)], "limit"),
        ("completions", [("start_time", OCTOBER), ("bucket_width", "1h"), ("limit", 169)], "limit"),
        ("completions", [("start_time", OCTOBER), ("bucket_width", "1w")], "bucket_width"),
        ("costs", [("start_time", OCTOBER), ("bucket_width", "1h")], "bucket_width"),
        ("costs", [("start_time", OCTOBER), ("group_by", "model")], "group_by"),
        ("costs", [], "start_time"),
        ("costs", [("start_time", NOVEMBER), ("end_time", OCTOBER)], "end_time"),
        ("costs", [("start_time", OCTOBER), ("page", "page_AAAA")], "page"),
        ("costs", [("start_time", "yesterday")], "start_time"),
    ],
)
def test_bad_questions_are_refused_by_name(ask: Any, endpoint: str, params: Any, complaint: str) -> None:
    with pytest.raises(RefusalError, match=complaint) as refused:
        ask("openai", path_of(endpoint), params)
    assert (refused.value.status, refused.value.parameter) == (400, complaint)


def test_lists_are_of_the_vendors_own_types(ask: Any) -> None:
    project = project_named("openai", "Data Lab").id
    for path, kind in (
        ("/organization/projects", types.Project),
        ("/organization/users", types.OrganizationUser),
        ("/organization/admin_api_keys", types.AdminAPIKey),
        (f"/organization/projects/{project}/api_keys", project_types.ProjectAPIKey),
        (f"/organization/projects/{project}/service_accounts", project_types.ProjectServiceAccount),
    ):
        items = TypeAdapter(list[kind]).validate_python(ask("openai", path)["data"])
        assert items
        assert unknown_fields(items) == []


def test_lists_are_paged_and_archived_projects_are_shown_on_demand(ask: Any) -> None:
    first = ask("openai", "/organization/projects", [("limit", 4)])
    rest = ask("openai", "/organization/projects", [("limit", 4), ("after", first["last_id"])])
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [len(page["data"]) for page in (first, rest)] == [4, 3]
    everything = ask("openai", "/organization/projects", [("include_archived", "true")])["data"]
    assert [item["name"] for item in everything if item["status"] == "archived"] == ["Spring Chatbot"]


def test_keys_are_renamed_and_deleted_before_the_second_pull() -> None:
    other = Simulation(1, 1, datetime(2026, 11, 20, tzinfo=UTC))

    def names() -> set[str]:
        projects = {project_named("openai", key.project).id for key in keys_of("openai")}
        return {
            key["name"]
            for project in projects
            for key in json.loads(project_api_keys(other, project, Query("limit=100")))["data"]
        }

    before = names()
    other.advance()
    after = names()
    assert len(before) == 20
    assert before - after == {"search-reranker", "newsletter-old"}
    assert after - before == {"search-reranker-blue"}
