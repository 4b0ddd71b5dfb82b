"""Exports in a storage account, over HTTP against Azurite: keys, folders, runs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors.azure import AzureOptions, periods_in
from connectors.azure.credentials import place_of
from connectors.errors import IncompleteError, VendorUnavailableError
from connectors.exports.places import ObjectPlace
from connectors.protocol import Surroundings
from tests.connectors.azure.azure_month import actual_rows, amortized_rows, write_run

if TYPE_CHECKING:
    from tests.connectors.azure.azure_month import Loaded
    from tests.emulators.servers import Azurite

pytestmark = pytest.mark.emulator
Load = Callable[..., "Loaded"]
CONTAINER = "azure-cost-exports"


@pytest.fixture
def container(azurite: Azurite, tmp_path: Path) -> str:
    """A container with both exports, in create-new mode: an older run of the actual one beside the newest."""
    write_run(tmp_path / "finops", actual_rows()[:3], run="old", at="202609150400", submitted="2026-09-15T04:00:00Z")
    write_run(tmp_path / "finops", actual_rows(), form="csv.gz", parts=2)
    write_run(tmp_path / "finops", amortized_rows(), form="parquet", export="acme-amortized", kind="AmortizedCost")
    with azurite.client() as client:
        blobs = client.get_container_client(CONTAINER)
        if not blobs.exists():
            blobs.create_container()
            for path in (tmp_path / "finops").rglob("*.*"):
                blobs.upload_blob(path.relative_to(tmp_path).as_posix(), path.read_bytes())
    return f"az://{CONTAINER}/finops"


def test_both_reports_are_read_from_a_container(azurite: Azurite, container: str, load: Load) -> None:
    storage = azurite.storage_options
    loaded = load(
        report="actual-and-amortized",
        path=f"{container}/acme-costs",
        amortized_path=f"{container}/acme-amortized",
        storage=storage,
        keep_copies_up_to_mib=0,
    )
    assert loaded.charges["BilledCost"].sum() == Decimal("1147.4942075")
    assert loaded.charges["EffectiveCost"].sum() == Decimal("1188.4942075")
    options = AzureOptions(report="actual", path=container, storage=storage)
    assert periods_in(options, Surroundings()) == ["2026-09"]


def test_an_empty_folder_and_a_wrong_key_are_explained(azurite: Azurite, container: str, load: Load) -> None:
    storage = azurite.storage_options
    with pytest.raises(IncompleteError, match="there is no file"):
        load(report="actual", path=f"{container}/nothing", storage=storage)
    wrong = {name: "d3Jvbmc=" if name.endswith("account_key") else value for name, value in storage.items()}
    with pytest.raises(VendorUnavailableError, match="check the address, region, keys"):
        load(report="actual", path=container, storage=wrong)


def test_a_signature_opens_the_container_too(azurite: Azurite, container: str, load: Load) -> None:
    from datetime import UTC, datetime, timedelta

    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    signature = generate_container_sas(
        azurite.account,
        CONTAINER,
        account_key=azurite.key,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
        protocol="https,http",
    )
    storage = {name: value for name, value in azurite.storage_options.items() if not name.endswith("account_key")}
    signed = {**storage, "azure_storage_sas_key": signature}
    loaded = load(report="actual", path=f"{container}/acme-costs", storage=signed)
    assert loaded.charges["BilledCost"].sum() == Decimal("1147.4942075")
    assert isinstance(place_of(container, AzureOptions(report="actual", path=container, storage=signed)), ObjectPlace)
