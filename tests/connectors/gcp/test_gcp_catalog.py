"""The Cloud Billing Catalog: pages pulled, prices exact, and list costs of rows that do not tell theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from connectors.errors import AnswerError, CredentialsError
from connectors.gcp import GcpOptions
from connectors.gcp.catalog import list_prices, price_rows
from connectors.gcp.connector import GcpConnector
from connectors.protocol import Answer, Surroundings
from models.ledger.prices import price_book
from tests.connectors.gcp.billing_rows import row, write
from tests.connectors.gcp.conftest import NOW, SEPTEMBER, gone_through

HERE = "http://127.0.0.1:9"
GPU = "Nvidia H100 80GB GPU running in Americas"


def sku(sku_id: str, description: str, *rates: tuple[Any, str, int], effective: str = "2026-08-01T07:00:00Z") -> Any:
    tiers = [
        {"startUsageAmount": start, "unitPrice": {"currencyCode": "USD", "units": units, "nanos": nanos}}
        for start, units, nanos in rates
    ]
    pricing = {"effectiveTime": effective, "pricingExpression": {"usageUnit": "h", "tieredRates": tiers}}
    return {"name": f"services/X/skus/{sku_id}", "skuId": sku_id, "description": description, "pricingInfo": [pricing]}


PAGES = {
    ("/v1/services", None): {
        "services": [
            {"name": "services/6F81-5844-456A", "displayName": "Compute Engine"},
            {"name": "services/DA34-426B-A397", "displayName": "App Engine"},
        ],
        "nextPageToken": "two",
    },
    ("/v1/services", "two"): {"services": [{"name": "services/C7E2-9256-1C43", "displayName": "Vertex AI"}]},
    ("/v1/services/6F81-5844-456A/skus", None): {"skus": [sku("GPU-1", GPU, (0, "9", 796544123))]},
    ("/v1/services/C7E2-9256-1C43/skus", None): {
        "skus": [
            sku("TOK-1", "Gemini 2.5 Pro Text Input - Predictions", (0, "0", 1250)),
            sku("TOK-2", "Gemini 2.5 Pro Long Text Output - Batch Predictions", (0, "0", 7500), (100, "0", 7000)),
            sku("NEW-1", "Something without a meter", (0, "1", 0)),
        ],
        "nextPageToken": "",
    },
}


def served(request: httpx.Request) -> httpx.Response:
    page = PAGES.get((request.url.path, request.url.params.get("pageToken")))
    return httpx.Response(200, json=page) if page else httpx.Response(404, json={"error": {"message": "not found"}})


def source(path: Path, transport: Callable[[httpx.Request], httpx.Response] = served) -> GcpConnector:
    options = GcpOptions(path=str(path), price_catalog=True, catalog_endpoint_url=HERE)
    surroundings = Surroundings(clock=lambda: NOW, sleep=lambda _: None, transport=httpx.MockTransport(transport))
    return GcpConnector("gcp", options, surroundings)


def skus(*entries: Any) -> list[Answer]:
    body = json.dumps({"skus": entries}).encode()
    return [Answer("gcp", "catalog/skus", SEPTEMBER, {}, 0, NOW, body)]


def test_a_rows_list_cost_comes_from_the_catalog_where_the_export_lacks_it(tmp_path: Path) -> None:
    """8 GPU-hours at 9.796544123 are 78.372352984; the row that tells its own list cost keeps it."""
    hours = {"priced": 8.0, "amount": 28800.0, "sku_id": "GPU-1"}
    path = write(tmp_path / "a.parquet", [row(GPU, "70", cost_at_list=None, **hours), row(GPU, "71", **hours)])
    pulled = source(path)
    month = gone_through(pulled.translate(SEPTEMBER, list(pulled.pull(SEPTEMBER))))
    priced = month.one(BilledCost=Decimal(70))
    assert (priced["ListCost"], priced["ListUnitPrice"]) == (Decimal("78.372352984"), Decimal("9.796544123"))
    assert (priced["ContractedCost"], priced["x_PriceStatus"]) == (70, "native")
    assert month.one(BilledCost=Decimal(71))["ListCost"] == 71


def test_only_services_with_prices_that_count_are_asked_for(tmp_path: Path) -> None:
    answers = list(source(write(tmp_path / "a.parquet", [row()])).pull(SEPTEMBER))
    asked = [answer.request["path"] for answer in answers if answer.stream.startswith("catalog/")]
    assert asked == [
        "/v1/services",
        "/v1/services",
        "/v1/services/6F81-5844-456A/skus",
        "/v1/services/C7E2-9256-1C43/skus",
    ]
    assert [answer.sequence for answer in answers if answer.stream == "catalog/skus"] == [0, 1]


def test_prices_are_units_and_nanos_exactly() -> None:
    rows = list_prices(skus(sku("A", "x", (0, "12", 1), (1000.5, "0", 999999999)), sku("B", "y")))
    assert rows.rows() == [
        ("A", Decimal(0), "USD", Decimal("12.000000001")),
        ("A", Decimal("1000.5"), "USD", Decimal("0.999999999")),
    ]


def test_model_skus_are_rows_of_the_price_book() -> None:
    rows = price_rows(skus(*PAGES["/v1/services/C7E2-9256-1C43/skus", None]["skus"]))
    assert rows.select("model", "meter", "processing_tier", "context_window", "unit_price", "valid_from").rows() == [
        ("gemini-2.5-pro", "input", "standard", None, "1.25", "2026-08-01"),
        ("gemini-2.5-pro", "output", "batch", "long", "7.5", "2026-08-01"),
    ]
    empty = pl.DataFrame(schema=dict.fromkeys(("provider", "position", "model", "match"), pl.String))
    geography = dict.fromkeys(("provider", "model", "inference_geo", "multiplier", "valid_from", "valid_to"), pl.String)
    providers = pl.DataFrame(schema={"provider": pl.String, "falls_back_on": pl.String})
    book = price_book(rows, empty, providers, pl.DataFrame(schema={**geography, "source": pl.String}))
    assert book.rows.filter(pl.col("price_status") == "priced")["unit_price"].to_list() == [
        Decimal("1.25"),
        Decimal("7.5"),
    ]


def test_a_price_that_is_no_number_is_refused() -> None:
    with pytest.raises(AnswerError, match="a price of SKU A is no number"):
        list_prices(skus(sku("A", "x", (0, "twelve", 0))))


def test_skus_without_an_id_are_refused() -> None:
    with pytest.raises(AnswerError, match="SKUs with an id"):
        list_prices(skus({"description": "x"}))


def test_a_refused_key_is_told(tmp_path: Path) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            403, json={"error": {"code": 403, "message": "API has not been used", "status": "DENIED"}}
        )

    with pytest.raises(CredentialsError, match="API has not been used"):
        list(source(write(tmp_path / "a.parquet", [row()]), refuse).pull(SEPTEMBER))
