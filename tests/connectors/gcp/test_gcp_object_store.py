"""The export in a bucket of Google Cloud Storage, read through a server that speaks its protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors.errors import IncompleteError, VendorUnavailableError
from connectors.gcp import GcpOptions, periods_in
from connectors.protocol import Surroundings
from tests.connectors.gcp.billing_rows import at, row, write
from tests.connectors.gcp.conftest import month_at

if TYPE_CHECKING:
    from tests.emulators.servers import GoogleStorage

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def bucket(gcs_server: GoogleStorage, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two shards of September and one of October, in folders of their months."""
    folder: Path = tmp_path_factory.mktemp("export")
    with gcs_server.client() as client:
        made = client.create_bucket("gcp-billing-export")
        for number in range(2):
            body = write(folder / "a.parquet", [row(cost=str(number + 1), at=at(number + 1))]).read_bytes()
            made.blob(f"bill/invoice_month=202609/export-{number:012d}.parquet").upload_from_string(body)
        october = row(cost="9", invoice={"month": "202610", "publisher_type": "GOOGLE"})
        body = write(folder / "b.parquet", [october]).read_bytes()
        made.blob("bill/invoice_month=202610/export-000000000000.parquet").upload_from_string(body)
    return "gs://gcp-billing-export/bill"


@pytest.mark.parametrize("keep", [16, 0], ids=["copies", "references"])
def test_shards_in_a_bucket_are_read(bucket: str, gcs_server: GoogleStorage, keep: int) -> None:
    month = month_at(bucket, storage=gcs_server.storage_options, keep_copies_up_to_mib=keep)
    assert sorted(month.charges["BilledCost"].to_list()) == [1, 2]
    options = GcpOptions(path=bucket, storage=gcs_server.storage_options)  # type: ignore[arg-type]
    assert periods_in(options, Surroundings()) == ["2026-09", "2026-10"]


def test_a_bucket_that_is_not_there_is_told(gcs_server: GoogleStorage) -> None:
    with pytest.raises((IncompleteError, VendorUnavailableError), match="gs://no-such-bucket/bill") as caught:
        month_at("gs://no-such-bucket/bill", storage=gcs_server.storage_options)
    assert caught.value.source == "gcp"
    assert caught.value.remedy


def test_an_empty_folder_of_a_bucket_is_incomplete(bucket: str, gcs_server: GoogleStorage) -> None:
    with pytest.raises(IncompleteError, match="there is no file at gs://gcp-billing-export/other"):
        month_at("gs://gcp-billing-export/other", storage=gcs_server.storage_options)
