"""Each emulator over HTTP: what the vendor's own library writes is read back by obstore, Polars and our own places."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import obstore
import polars as pl
import pytest
from obstore.store import from_url

from connectors.exports.places import place_at

pytestmark = pytest.mark.emulator

ROWS = pl.DataFrame({"meter": ["ND96isr H100 v5", "gpt-5 input"], "cost": ["98.32", "-0.01"]})


def parquet() -> bytes:
    body = io.BytesIO()
    ROWS.write_parquet(body)
    return body.getvalue()


def assert_all_read(folder: str, key: str, storage_options: dict[str, str]) -> None:
    """obstore, Polars and our own place see the one file that the vendor's library wrote to `folder`/`key`."""
    config = {name: value for name, value in storage_options.items() if name != "allow_http"}
    store: Any = from_url(folder, config=config, client_options={"allow_http": True})  # type: ignore[call-overload]
    assert bytes(obstore.get(store, key).bytes()) == parquet()
    assert pl.scan_parquet(f"{folder}/**/*.parquet", storage_options=storage_options).collect().equals(ROWS)
    place = place_at(folder, storage_options)
    assert [(file.name, place.read(file.url)) for file in place.files()] == [(key, parquet())]


def test_s3_of_moto(moto_server: Any) -> None:
    moto_server.reset()
    client = moto_server.client("s3")
    client.create_bucket(Bucket="round-trip")
    client.put_object(Bucket="round-trip", Key="export/part-1.parquet", Body=parquet())

    assert_all_read("s3://round-trip", "export/part-1.parquet", moto_server.storage_options)

    moto_server.reset()
    assert client.list_buckets()["Buckets"] == []


def test_cost_explorer_pages_of_moto(moto_server: Any) -> None:
    moto_server.reset()
    pages = [{"ResultsByTime": [], "NextPageToken": "second"}, {"ResultsByTime": []}]
    moto_server.post("/moto-api/static/ce/cost-and-usage-results", {"results": pages})
    client = moto_server.client("ce")
    october = {
        "TimePeriod": {"Start": "2026-10-01", "End": "2026-11-01"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
    }

    assert client.get_cost_and_usage(**october)["NextPageToken"] == "second"
    assert "NextPageToken" not in client.get_cost_and_usage(**october, NextPageToken="second")
    # the answer belongs to the request from now on: asking again takes none from the queue
    assert client.get_cost_and_usage(**october)["NextPageToken"] == "second"


def test_blobs_of_azurite(azurite: Any) -> None:
    with azurite.client() as client:
        container = client.create_container("round-trip")
        container.upload_blob("export/part-1.parquet", parquet())

        assert_all_read("az://round-trip", "export/part-1.parquet", azurite.storage_options)


def test_objects_of_fake_gcs_server(gcs_server: Any) -> None:
    with gcs_server.client() as client:
        bucket = client.create_bucket("round-trip")
        bucket.blob("export/part-1.parquet").upload_from_string(parquet())

        assert_all_read("gs://round-trip", "export/part-1.parquet", gcs_server.storage_options)


def test_nested_credits_of_bigquery(bigquery_emulator: Any) -> None:
    with bigquery_emulator.client() as client:
        client.create_dataset("round_trip")
        client.query_and_wait(
            "CREATE TABLE round_trip.charges"
            " (sku STRING, cost NUMERIC, credits ARRAY<STRUCT<name STRING, amount NUMERIC>>)"
        )
        table = f"{bigquery_emulator.project}.round_trip.charges"
        rows = [
            {
                "sku": "H100",
                "cost": "24.80",
                "credits": [{"name": "CUD", "amount": "-4.30"}, {"name": "SUD", "amount": "-0.5"}],
            },
            {"sku": "egress", "cost": "0.10", "credits": []},
        ]
        assert client.insert_rows_json(table, rows) == []

        found = client.query_and_wait(
            f"SELECT sku, cost, (SELECT SUM(c.amount) FROM UNNEST(credits) AS c) AS credit FROM `{table}` ORDER BY sku"
        )
        assert [tuple(row.values()) for row in found] == [
            ("H100", Decimal("24.80"), Decimal("-4.80")),
            ("egress", Decimal("0.10"), None),
        ]
