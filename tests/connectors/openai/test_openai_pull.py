"""What is asked of OpenAI, and that the key is nowhere in what is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.archive import Archive
from connectors.errors import CredentialsError
from connectors.openai.client import OpenAIConnector
from connectors.openai.options import OpenAIOptions
from connectors.openai.reports import REPORTS
from connectors.protocol import Surroundings, Window

SECRET = "sk-admin-Very-Secret-0123456789"
OCTOBER = Window.of_period("2026-10")


def connector(transport: httpx.BaseTransport, now: datetime, **options: Any) -> OpenAIConnector:
    checked = OpenAIOptions.model_validate({"admin_key": SECRET, **options})
    return OpenAIConnector("acme", checked, Surroundings(lambda: now, lambda _: None, transport))


def organisation(request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path == "/v1/organization/projects":
        return httpx.Response(200, json={"data": [{"id": "proj_1", "name": "Search"}], "has_more": False})
    if path.endswith("decisions") or path.endswith("service_accounts"):
        return httpx.Response(404, json={"error": {"message": "unknown path"}})
    return httpx.Response(200, json={"data": [], "has_more": False, "next_page": None})


def test_every_report_is_asked_with_all_its_dimensions(told_vendor: Callable[..., Any], now: datetime) -> None:
    vendor = told_vendor(organisation)
    answers = list(connector(vendor, now).pull(OCTOBER))
    asked = {request.url.path.removeprefix("/v1/organization/"): request.url.params for request in vendor.requests}
    assert len(REPORTS) == 11
    for report in REPORTS.values():
        assert asked[report.name].get_list("group_by[]") == list(report.group_by)
        assert (asked[report.name]["limit"], asked[report.name]["bucket_width"]) == ("31", "1d")
    assert asked["costs"].get_list("group_by[]") == ["project_id", "line_item", "api_key_id"]
    assert asked["costs"]["limit"] == "180"
    assert (asked["costs"]["start_time"], asked["costs"]["end_time"]) == ("1790812800", "1793491200")
    assert asked["projects/proj_1/api_keys"]["limit"] == "100"
    assert asked["projects"]["include_archived"] == "true"
    assert {answer.facts.get("status") for answer in answers if answer.stream == "usage/decisions"} == {"404"}


def test_the_open_month_is_asked_to_the_end_of_today(told_vendor: Callable[..., Any], now: datetime) -> None:
    vendor = told_vendor(organisation)
    list(connector(vendor, now, streams=["costs"]).pull(Window.of_period("2026-11")))
    assert vendor.requests[0].url.params["end_time"] == str(int(datetime(2026, 11, 21, tzinfo=UTC).timestamp()))


def test_hours_and_switched_off_names(told_vendor: Callable[..., Any], now: datetime) -> None:
    vendor = told_vendor(organisation)
    options: dict[str, Any] = {"bucket_width": "1h", "project_names": False, "user_names": False}
    list(connector(vendor, now, streams=["usage/completions", "costs"], **options).pull(OCTOBER))
    widths = [(request.url.params["bucket_width"], request.url.params["limit"]) for request in vendor.requests]
    assert widths == [("1h", "168"), ("1d", "180")]


def test_a_wrong_key_stops_the_pull_with_the_remedy(told_vendor: Callable[..., Any], now: datetime) -> None:
    vendor = told_vendor(httpx.Response(403, json={"error": {"message": "Missing scopes: api.usage.read"}}))
    with pytest.raises(CredentialsError, match="Missing scopes") as caught:
        list(connector(vendor, now).pull(OCTOBER))
    assert "api.usage.read" in caught.value.remedy
    assert SECRET not in str(caught.value)


def test_the_key_is_nowhere_in_the_archive(told_vendor: Callable[..., Any], now: datetime, tmp_path: Path) -> None:
    vendor = told_vendor(organisation)
    made = connector(vendor, now)
    archive = Archive(tmp_path)
    with archive.record("acme", "2026-10", OCTOBER) as recording:
        for answer in made.pull(OCTOBER):
            recording.keep(answer)
    assert vendor.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(SECRET.encode() not in path.read_bytes() for path in files)
    assert SECRET not in repr(made) + repr(made.options)
