"""The FOCUS files against what they mean: the files are read with Polars alone, the truth never saw them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.events import Calendar
from connectors.simulator.focus_bills.bills import FocusBills, focus_sources
from connectors.simulator.focus_bills.gpu_credits import PACK, prepaid_document
from connectors.simulator.focus_bills.saas import VENDORS

CALENDAR = Calendar.of(2, datetime(2026, 11, 20, 14, 30, tzinfo=UTC))
OCTOBER, NOVEMBER = "2026-10", "2026-11"
COSTS = {"BilledCost": "billed", "EffectiveCost": "effective", "ListCost": "listed", "ContractedCost": "contracted"}


@pytest.fixture(scope="module")
def bills() -> FocusBills:
    return FocusBills(11, CALENDAR)


@pytest.fixture(scope="module")
def files(bills: FocusBills) -> Mapping[str, bytes]:
    return dict(bills.files())


def rows_of(files: Mapping[str, bytes], source: str, period: str) -> list[dict[str, object]]:
    """Rows of a month, every value as it stands in the file."""
    rows: list[dict[str, object]] = []
    for name, body in files.items():
        if name.startswith(f"{source}/BILLING_PERIOD={period}/"):
            if name.endswith(".csv"):
                rows += pl.read_csv(io.BytesIO(body), infer_schema=False).to_dicts()
            if name.endswith(".parquet"):
                rows += pl.read_parquet(io.BytesIO(body)).to_dicts()
    return rows


@pytest.mark.parametrize("source", ["saas", "coreweave"])
@pytest.mark.parametrize("period", [OCTOBER, NOVEMBER])
def test_files_cost_what_they_mean_in_every_currency(bills, files, source, period):
    rows = rows_of(files, source, period)
    means = [charge for charge in bills.charges if (charge.source, charge.billing_period) == (source, period)]
    assert len(rows) == len(means) > 15
    for currency in {charge.currency for charge in means}:
        for column, name in COSTS.items():
            written = sum(Decimal(str(row[column])) for row in rows if row["BillingCurrency"] == currency)
            assert written == sum(getattr(charge, name) for charge in means if charge.currency == currency)


def test_price_times_quantity_is_what_is_listed(files):
    for source in ("saas", "coreweave"):
        for row in rows_of(files, source, OCTOBER):
            price, quantity = Decimal(str(row["ListUnitPrice"])), Decimal(str(row["PricingQuantity"]))
            assert price * quantity == Decimal(str(row["ListCost"]))


def test_one_vendor_bills_in_euros(files):
    rows = rows_of(files, "saas", OCTOBER)
    assert {(row["InvoiceIssuerName"], row["BillingCurrency"]) for row in rows} == {
        (vendor.issuer, vendor.currency) for vendor in VENDORS
    }
    assert {row["ServiceProviderName" if "ServiceProviderName" in row else "ProviderName"] for row in rows
            if row["BillingCurrency"] == "EUR"} == {"Mistral AI"}  # fmt: skip


def test_credits_of_a_month_are_bought_drawn_and_expire():
    """October: what was drawn and what expired is the pack. November is not over: the rest is still there."""
    october, november = prepaid_document(CloudWorld(11, CALENDAR, "first"))
    assert Decimal(october["paid"]) == PACK == Decimal(october["drawn"]) + Decimal(october["expired"])
    assert Decimal(october["expired"]) > 0 == Decimal(october["left"])
    assert Decimal(november["drawn"]) + Decimal(november["left"]) == PACK
    assert november["expired"] == "0.00"


@pytest.mark.parametrize("seed", range(40))
def test_no_month_draws_more_than_its_pack(seed):
    world = CloudWorld(seed, Calendar.of(12, datetime(2026, 11, 20, tzinfo=UTC)), "first")
    assert all(Decimal(row["drawn"]) < PACK for row in prepaid_document(world))


def test_topping_up_is_money_and_drawing_down_is_cost(files):
    rows = rows_of(files, "coreweave", OCTOBER)
    for row in rows:
        is_bought = row["ChargeCategory"] == "Purchase"
        assert (row["BilledCost"] > 0, row["EffectiveCost"] > 0) == (is_bought, not is_bought)
    assert [row["CommitmentDiscountStatus"] for row in rows] == [None, *["Used"] * 31, "Unused"]


def test_manifests_list_what_is_there(files):
    for name, body in files.items():
        if name.endswith("manifest.json"):
            manifest = json.loads(body)
            (listed,) = manifest["files"]
            data = files[f"{name.rpartition('/')[0]}/{listed['name']}"]
            assert (listed["size"], listed["rows"]) == (len(data), pl.read_parquet(io.BytesIO(data)).height)


def test_only_closed_months_name_their_invoice(files):
    assert all(row["InvoiceId"] for row in rows_of(files, "saas", OCTOBER))
    assert not any(row["InvoiceId"] for row in rows_of(files, "saas", NOVEMBER))


def test_the_same_seed_gives_the_same_bytes_and_writing_twice_changes_nothing(bills, files, tmp_path: Path):
    assert dict(FocusBills(11, CALENDAR).files()) == files
    bills.write(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    bills.write(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert {path.relative_to(tmp_path).as_posix() for path in before} == set(files)


def test_sources_point_at_their_folders(tmp_path: Path):
    assert [source["options"]["path"] for source in focus_sources(tmp_path, OCTOBER)] == [
        (tmp_path / "saas").as_uri(),
        (tmp_path / "coreweave").as_uri(),
    ]
