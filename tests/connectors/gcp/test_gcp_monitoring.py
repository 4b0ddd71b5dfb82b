"""Cloud Monitoring's token counts: readings where the bill tells no tokens, a cross-check where it does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.errors import AnswerError, CredentialsError
from connectors.gcp import GcpOptions
from connectors.gcp.connector import GcpConnector
from connectors.protocol import Surroundings
from tests.connectors.gcp.billing_rows import at, row, write
from tests.connectors.gcp.conftest import NOW, SEPTEMBER, Month, gone_through

HERE = "http://127.0.0.1:9"
GEMINI = {"service_name": "Vertex AI", "unit": "count", "pricing_unit": "count"}


def series(model: str, kind: str, *points: tuple[Any, int]) -> dict[str, Any]:
    """Counts by the hour that a time begins."""
    return {
        "metric": {"type": "aiplatform.googleapis.com/publisher/online_serving/token_count", "labels": {"type": kind}},
        "resource": {"type": "aiplatform.googleapis.com/PublisherModel", "labels": {"model_user_id": model}},
        "points": [
            {
                "interval": {
                    "startTime": start.isoformat(),
                    "endTime": (start + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
                "value": {"int64Value": str(count)},
            }
            for start, count in points
        ],
    }


def month(tmp_path: Path, rows: list[dict[str, Any]], *pages: list[dict[str, Any]], projects: tuple[str, ...]) -> Month:
    """What a bill and pages of time series (of the last project) become."""

    def served(request: httpx.Request) -> httpx.Response:
        if request.url.path != f"/v3/projects/{projects[-1]}/timeSeries":
            return httpx.Response(200, json={})
        assert request.url.params["interval.startTime"] == "2026-09-01T00:00:00Z"
        place = int(request.url.params.get("pageToken", "0"))
        more = {"nextPageToken": str(place + 1)} if place + 1 < len(pages) else {}
        return httpx.Response(200, json={"timeSeries": pages[place], **more})

    path = write(tmp_path / "a.parquet", rows)
    options = GcpOptions(path=str(path), monitoring_projects=projects, monitoring_endpoint_url=HERE)
    source = GcpConnector("gcp", options, Surroundings(clock=lambda: NOW, transport=httpx.MockTransport(served)))
    answers = list(source.pull(SEPTEMBER))
    assert len({(answer.stream, answer.sequence) for answer in answers}) == len(answers)
    return gone_through(source.translate(SEPTEMBER, answers))


def test_only_days_that_the_bill_does_not_tell_become_readings(tmp_path: Path) -> None:
    billed = row("Gemini 2.5 Pro Text Input - Predictions", amount=1000.0, priced=1000.0, at=at(3), **GEMINI)
    pages = (
        [series("gemini-2.5-pro", "input", (at(3), 1000), (at(4), 70))],
        [series("gemini-2.5-flash", "output", (at(3), 5)), series("gemini-2.5-pro", "output", (at(1, 0, month=8), 9))],
    )
    told = month(tmp_path, [billed], *pages, projects=("other", "acme-ml"))
    counted = told.readings.sort("window_start", "model").select("stream", "model", "meter", "quantity", "project_id")
    assert sorted(counted.rows()) == [
        ("google/bill", "gemini-2.5-pro", "input", 1000, "acme-ml"),
        ("monitoring/vertex", "gemini-2.5-flash", "output", 5, "acme-ml"),
        ("monitoring/vertex", "gemini-2.5-pro", "input", 70, "acme-ml"),
    ]
    assert told.readings["account_id"].unique().to_list() == ["0A1B2C-3D4E5F-678901"]
    assert told.told("monitoring_differs") == []


def test_counts_that_differ_from_the_bill_are_told_and_not_added(tmp_path: Path) -> None:
    billed = row("Gemini 2.5 Pro Text Input - Predictions", amount=1000.0, priced=1000.0, at=at(3), **GEMINI)
    told = month(tmp_path, [billed], [series("gemini-2.5-pro", "input", (at(3), 1500))], projects=("acme-ml",))
    assert told.readings.height == 1
    assert told.told("monitoring_differs") == [
        "acme-ml, gemini-2.5-pro: Cloud Monitoring counts 1500 tokens, the bill 1000, from 2026-09-03 on"
    ]


@pytest.mark.parametrize(
    ("text", "monitored"),
    [
        ("Gemini 2.0 Flash Text Input - Predictions", "gemini-2.0-flash-001"),
        ("Gemini 2.5 Flash Text Input - Predictions", "gemini-2.5-flash-preview-09-2025"),
        ("Claude Sonnet 4.5 Input Tokens", "claude-sonnet-4-5@20250929"),
        ("Mistral Small 3.1 Input Tokens", "publishers/mistralai/models/mistral-small-3.1-2503"),
    ],
)
def test_a_model_with_its_version_is_the_bills_model(tmp_path: Path, text: str, monitored: str) -> None:
    billed = row(text, amount=1000.0, priced=1000.0, at=at(3), **GEMINI)
    told = month(tmp_path, [billed], [series(monitored, "input", (at(3), 1500))], projects=("acme-ml",))
    assert told.readings["quantity"].to_list() == [1000]
    assert [detail.partition(": ")[2] for detail in told.told("monitoring_differs")] == [
        "Cloud Monitoring counts 1500 tokens, the bill 1000, from 2026-09-03 on"
    ]


@pytest.mark.parametrize(
    "billed",
    [
        row("Gemini Next Text Input - Predictions", amount=1000.0, priced=1000.0, at=at(3), **GEMINI),
        row("Gemini 2.5 Pro Text Input", amount=9.0, priced=9.0, at=at(3), project=None, **GEMINI),
    ],
    ids=["another name", "no project"],
)
def test_where_the_bills_tokens_may_be_the_same_ones_nothing_is_added(tmp_path: Path, billed: dict[str, Any]) -> None:
    """On the 3rd the bill tells tokens that cannot be told apart from Monitoring's; on the 4th it tells none."""
    counts = series("gemini-3-flash", "input", (at(3), 1000), (at(4), 7))
    told = month(tmp_path, [billed], [counts], projects=("acme-ml",))
    assert told.readings.filter(stream="monitoring/vertex")["quantity"].to_list() == [7]
    assert told.told("monitoring_not_compared") == [
        "acme-ml, gemini-3-flash: Cloud Monitoring counts 1000 tokens from 2026-09-03 on; the bill names models of "
        "those days otherwise, perhaps the same: none are added"
    ]


def test_a_series_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnswerError, match="lacks what it should have"):
        month(tmp_path, [row()], [{"metric": {}}], projects=("acme-ml",))


def test_a_project_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"error": {"message": "Permission monitoring.timeSeries.list denied"}})

    path = write(tmp_path / "a.parquet", [row()])
    options = GcpOptions(path=str(path), monitoring_projects=("acme-ml",), monitoring_endpoint_url=HERE)
    source = GcpConnector("gcp", options, Surroundings(transport=httpx.MockTransport(refuse)))
    with pytest.raises(CredentialsError, match=r"timeSeries\.list denied.*monitoring\.viewer"):
        list(source.pull(SEPTEMBER))
