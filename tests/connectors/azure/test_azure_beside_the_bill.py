"""Benefits and metrics beside a bill, over real HTTP: what they add, and where they tell otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest

from connectors.azure import KIND, AzureOptions
from connectors.azure.benefits import STREAM, utilizations
from connectors.azure.export_runs import read_run
from connectors.azure.monitor import COUNTS, BilledTokens
from connectors.errors import AnswerError
from connectors.protocol import Answer, Surroundings
from tests.connectors.azure.azure_month import (
    PLAN,
    RESERVATION,
    SCOPE,
    SEPTEMBER,
    SUBSCRIPTION,
    Loaded,
    actual_rows,
    amortized_rows,
    as_csv,
    connector,
    native_row,
    write_run,
)
from tests.connectors.azure.loopback import Loopback, Told, serving

RESOURCE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ai/providers/Microsoft.CognitiveServices/accounts/acme-openai"
)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving(Loopback()) as loopback:
        yield loopback


def _load(server: Loopback, folder: Path, **options: Any) -> Loaded:
    write_run(folder / "actual", actual_rows())
    write_run(folder / "amortized", amortized_rows(), kind="AmortizedCost")
    surroundings = Surroundings(clock=lambda: datetime(2026, 9, 20, 8, tzinfo=UTC), sleep=lambda _: None)
    chosen = AzureOptions(
        report="actual-and-amortized",
        path=str(folder / "actual"),
        amortized_path=str(folder / "amortized"),
        endpoint_url=server.url,
        **options,
    )
    source = KIND.make("azure", chosen, surroundings)
    translation = source.translate(SEPTEMBER, list(source.pull(SEPTEMBER)))
    return Loaded(translation, list(translation.parts))


def _summary(benefit: str, kind: str, average: float, day: str = "2026-09-03", **more: float) -> dict[str, Any]:
    told = {"benefitId": benefit, "avgUtilizationPercentage": average, "usageDate": f"{day}T00:00:00Z", **more}
    return {"kind": kind, "properties": told}


def test_how_far_commitments_were_used_is_told_and_compared(server: Loopback, tmp_path: Path) -> None:
    """The fleet's charges say 12 of 15 used, its summaries 80 on average; the plan's 2.4 of 30, and 60."""
    pages = [
        {"value": [_summary(RESERVATION, "Reservation", 90, minUtilizationPercentage=75)], "nextLink": "{url}/more"},
        {"value": [_summary(RESERVATION, "Reservation", 70, "2026-09-04"), _summary(PLAN, "SavingsPlan", 60),
                   {"kind": "IncludedQuantity", "properties": {}}]},
    ]  # fmt: skip
    server.answers = [Told(json.loads(json.dumps(page).replace("{url}", server.url))) for page in pages]
    loaded = _load(server, tmp_path, benefits=True, scope=SCOPE)
    asked = urlsplit(server.asked[0].path)
    assert asked.path == f"{SCOPE}/providers/Microsoft.CostManagement/benefitUtilizationSummaries"
    assert parse_qs(asked.query)["grainParameter"] == ["Daily"]
    assert parse_qs(asked.query)["filter"] == [
        "properties/usageDate ge 2026-09-01 and properties/usageDate le 2026-09-30"
    ]
    assert server.asked[1].path == "/more"
    findings = loaded.findings
    assert (
        f"{RESERVATION.lower()}: Reservation used to 80.0 % on average, at least 70.0 %"
        in findings["benefit_utilization"]
    )
    assert findings["benefit_utilization_differs"] == f"{PLAN.lower()}: the charges say 8.0 %, its summaries 60.0 %"
    assert f"{RESERVATION.lower()}: 3.000000000000 USD of 15.000000000000 was not used" in findings["commitment_unused"]


def _metric(name: str, *series: tuple[str, str, dict[str, float | None]]) -> dict[str, Any]:
    return {
        "name": {"value": name},
        "unit": "Count",
        "timeseries": [
            {
                "metadatavalues": [
                    {"name": {"value": "modeldeploymentname"}, "value": deployment},
                    {"name": {"value": "modelname"}, "value": model},
                ],
                "data": [{"timeStamp": f"{day}T00:00:00Z", "total": total} for day, total in days.items()],
            }
            for deployment, model, days in series
        ],
    }


def test_tokens_beside_provisioned_throughput_alone_become_readings_and_others_a_check(
    server: Loopback, tmp_path: Path
) -> None:
    """The bill of 3 September has 2,034,567 input tokens of gpt-4o and none of gpt-5.4; later days have no meter."""
    server.answers = [Told({"value": [
        _metric("ProcessedPromptTokens", ("chat", "gpt-4o", {"2026-09-03": 1_000_000, "2026-09-04": 10}),
                ("ptu", "gpt-5.4", {"2026-09-03": 700, "2026-09-04": 800, "2026-09-05": 0, "2026-09-06": None})),
        _metric("GeneratedTokens", ("chat", "gpt-4o", {"2026-09-03": 200_100}), ("ptu", "gpt-5.4", {"2026-09-04": 70})),
    ]})]  # fmt: skip
    loaded = _load(server, tmp_path, monitor_resources=[RESOURCE])
    asked = parse_qs(urlsplit(server.asked[0].path).query)
    assert asked["metricnames"] == ["ProcessedPromptTokens,GeneratedTokens"]
    assert asked["timespan"] == ["2026-09-01T00:00:00Z/2026-09-20T08:00:00Z"]
    assert asked["api-version"] == ["2024-02-01"]
    readings = loaded.readings.filter(loaded.readings["stream"] == "monitor/openai")
    told = readings.select("model", "meter", readings["window_start"].dt.day(), "quantity", "account_id").rows()
    assert told == [
        ("gpt-4o", "input", 4, Decimal(10), "8000001"),
        ("gpt-5.4", "input", 4, Decimal(800), "8000001"),
        ("gpt-5.4", "output", 4, Decimal(70), "8000001"),
    ]
    assert readings["detail"][1] == f"deployment=ptu;resource={RESOURCE.lower()}"
    assert loaded.findings["monitor_differs"] == (
        f"gpt-4o of {RESOURCE.lower()}: Input 2034567 billed, 1000000 metered"
    )
    assert loaded.findings["monitor_unmatched"].startswith(f"gpt-5.4 of {RESOURCE.lower()}: Input 700 metered")
    assert loaded.charges["BilledCost"].sum() == Decimal("1147.4942075")


def _charged(folder: Path, meter: str, **columns: str) -> pl.DataFrame:
    told = {"MeterCategory": "Foundry Models", "MeterSubCategory": "Azure OpenAI", "MeterName": meter,
            "Product": f"Azure OpenAI - {meter}", "UnitOfMeasure": "1K", "ResourceId": RESOURCE}  # fmt: skip
    row = native_row(**{**told, "Quantity": "1000", "Cost": "5", **columns})
    path = folder / "report.csv"
    path.write_bytes(as_csv([row]))
    source = connector(report="actual", path=str(path))
    translation = source.translate(SEPTEMBER, list(source.pull(SEPTEMBER)))
    return Loaded(translation, list(translation.parts)).charges


@pytest.mark.parametrize(
    ("meter", "columns", "is_added"),
    [
        ("gpt-4o-realtime-prvw-Txt-1001-Inp-glbl Tokens", {}, False),  # the same model, spelt otherwise
        ("5.4 xq inp Gl 1M Tokens", {}, False),  # a meter that nobody can read
        ("gpt 4o 1120 Inp glbl Tokens", {"UnitOfMeasure": "1"}, False),  # tokens, or thousands of them?
        ("Provisioned Managed Global Unit", {"UnitOfMeasure": "1 Hour"}, True),
        ("gpt 4o 1120 Inp glbl Tokens", {"Date": "09/02/2026"}, True),  # another day
        ("gpt 4o 1120 Inp glbl Tokens", {"ResourceId": RESOURCE + "-2"}, True),  # another resource
    ],
)
def test_nothing_is_added_beside_any_meter_of_a_resource_and_day(
    tmp_path: Path, meter: str, columns: dict[str, str], *, is_added: bool
) -> None:
    counted = (RESOURCE.lower(), "rt", "gpt-4o-realtime-preview", date(2026, 9, 3), "input", Decimal(1_000_000))
    counts = pl.DataFrame([counted], schema=COUNTS, orient="row")
    billed = BilledTokens()
    billed.add(_charged(tmp_path, meter, **columns))
    readings, claims = billed.readings(counts, "azure", "2026-09")
    assert readings["quantity"].to_list() == [Decimal(1_000_000)] * is_added
    assert (len(claims), [found.kind for found in billed.findings(counts)]) == (
        (1, []) if is_added else (0, ["monitor_unmatched"])
    )


@pytest.mark.parametrize(
    ("payload", "words"),
    [({"value": [{"name": {"value": "Latency"}}]}, "Latency was not asked for"), ([], "no JSON object")],
)
def test_what_is_no_metric_is_an_error(server: Loopback, tmp_path: Path, payload: Any, words: str) -> None:
    server.answers = [Told(payload)]
    with pytest.raises(AnswerError, match=words):
        _load(server, tmp_path, monitor_resources=[RESOURCE])


def test_a_summary_without_its_commitment_is_an_error(server: Loopback, tmp_path: Path) -> None:
    server.answers = [Told({"value": [{"kind": "SavingsPlan", "properties": {"avgUtilizationPercentage": 1}}]})]
    with pytest.raises(AnswerError, match="a summary of SavingsPlan lacks its commitment"):
        _load(server, tmp_path, benefits=True, scope=SCOPE)


def _example(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / "specs/azure" / name).read_text())["responses"]["200"]["body"]


@pytest.mark.reference
def test_the_published_examples_can_be_read(shared_reference: Path) -> None:
    body = json.dumps(
        _example(shared_reference, "BenefitUtilizationSummaries__SavingsPlan-BillingProfile.json")
    ).encode()
    (use,) = utilizations([Answer("azure", STREAM, SEPTEMBER, {}, 0, datetime(2026, 9, 1, tzinfo=UTC), body)])
    assert (use.kind, use.average, use.least, use.days) == ("SavingsPlan", Decimal(90), Decimal(80), 1)


@pytest.mark.reference
def test_the_published_query_can_be_read(shared_reference: Path) -> None:
    from connectors.azure.queries import COSTS, query_parts

    body = json.dumps(_example(shared_reference, "BillingAccountQuery.json")).encode()
    at = datetime(2018, 4, 1, tzinfo=UTC)
    from connectors.protocol import Window

    march = Window.of_period("2018-03")
    answers = [Answer("azure", stream, march, {}, 0, at, body) for stream in ("query/totals", COSTS)]
    options = AzureOptions(report="query", scope="/providers/Microsoft.Billing/billingAccounts/70664866")
    (part,) = query_parts(march, answers, options, "azure")
    assert part.charges["BilledCost"].to_list() == [
        Decimal("19.545363672277"), Decimal("173.419792412903"), Decimal("20.359416562625"), Decimal("0.166777203297"),
    ]  # fmt: skip
    assert part.missing == ()


@pytest.mark.reference
def test_the_manifest_of_a_cost_details_report_is_told_from_an_exports(shared_reference: Path) -> None:
    """A Cost Details report's manifest lists links of an hour's life, and no export: it is refused, not guessed at."""
    details = _example(shared_reference, "GenerateCostDetailsReportBySubscriptionAndTimePeriod.json")["manifest"]
    with pytest.raises(AnswerError, match="does not tell its export"):
        read_run("file:///manifest.json", json.dumps(details).encode())


@pytest.mark.reference
def test_a_run_of_the_published_history_can_be_read(shared_reference: Path) -> None:
    """The history tells the same facts of a run that its manifest tells, under other names."""
    history = _example(shared_reference, "ExportRunHistoryGetBySubscription.json")["value"][0]["properties"]
    manifest = {
        "blobCount": 0,
        "blobs": [],
        "exportConfig": {"exportName": "TestExport", "type": history["runSettings"]["definition"]["type"]},
        "deliveryConfig": {"compressionMode": history["runSettings"]["compressionMode"]},
        "runInfo": {name: history[name] for name in ("submittedTime", "startDate", "endDate")},
    }
    run = read_run("file:///manifest.json", json.dumps(manifest).encode())
    assert (run.kind, run.first_day, run.submitted) == ("ActualCost", "2020-06-01", "2018-08-03T07:52:15.6016681")
    assert run.is_compressed
