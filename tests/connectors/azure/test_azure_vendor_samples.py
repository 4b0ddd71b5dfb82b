"""Public samples of reports, to the last place: two small ones of an EA account, and an anonymised one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.protocol import Window
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check

if TYPE_CHECKING:
    from tests.connectors.azure.azure_month import Loaded

pytestmark = pytest.mark.reference
Load = Callable[..., "Loaded"]
SEPTEMBER_2023 = Window.of_period("2023-09")
ACTUAL, AMORTIZED = Decimal("8.545007786742"), Decimal("16.296932136637")


def _cost(path: Path) -> Decimal:
    """Σ Cost, added up by the standard library alone."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum((Decimal(row["Cost"]) for row in csv.DictReader(file)), Decimal(0))


def test_actual_and_amortized_samples_are_exact(shared_reference: Path, load: Load) -> None:
    folder = shared_reference / "specs/azure"
    for name, report, total in (
        ("EA_ActualCost_Small.csv", "actual", ACTUAL),
        ("EA_AmortizedCost_Small.csv", "amortized", AMORTIZED),
    ):
        loaded = load(report=report, path=str(folder / name), window=SEPTEMBER_2023)
        assert abs(_cost(folder / name) - total) < Decimal("1e-11")
        assert loaded.charges["EffectiveCost"].sum() == total
        assert check(for_export(loaded.charges)).passed
    assert loaded.charges["BilledCost"].sum() == total - Decimal("0.493152") - Decimal("0.006000000468")


def test_the_samples_hold_a_purchase_a_reservation_and_a_savings_plan(shared_reference: Path, load: Load) -> None:
    folder = shared_reference / "specs/azure"
    window = SEPTEMBER_2023
    bought = load(report="actual", path=str(folder / "EA_ActualCost_Small.csv"), window=window).charges
    assert bought.filter(pl.col("ChargeCategory") == "Purchase").select("BilledCost", "ResourceType").rows() == [
        (Decimal("3.25"), "Reservation")
    ]
    spread = load(report="amortized", path=str(folder / "EA_AmortizedCost_Small.csv"), window=window).charges
    used = spread.filter(pl.col("CommitmentDiscountStatus") == "Used").sort("EffectiveCost")
    told = used.select("CommitmentDiscountType", "EffectiveCost", "ContractedCost", "x_InstanceType").rows()
    assert told == [
        ("Savings Plan", Decimal("0.006000000468"), Decimal("0.013347594624"), "Standard_B2s"),
        ("Reservation", Decimal("0.493152"), Decimal("1.168"), "Standard_DS2_v2"),
    ]
    assert used["CommitmentDiscountQuantity"].to_list() == [Decimal("0.006000000468"), Decimal(16)]


def test_two_samples_of_different_usage_are_told_apart(shared_reference: Path, load: Load) -> None:
    folder = shared_reference / "specs/azure"
    loaded = load(
        report="actual-and-amortized",
        path=str(folder / "EA_ActualCost_Small.csv"),
        amortized_path=str(folder / "EA_AmortizedCost_Small.csv"),
        window=SEPTEMBER_2023,
    )
    assert loaded.charges["EffectiveCost"].sum() == AMORTIZED
    assert "reports_differ" in loaded.findings


def test_the_anonymised_sample_is_exact(shared_reference: Path, load: Load) -> None:
    path = shared_reference / "focus/samples/azure_ea_anon_focus_converters.parquet"
    texts = pl.read_parquet(path)["CostInBillingCurrency"]
    loaded = load(report="actual", path=str(path), window=SEPTEMBER_2023)
    assert loaded.charges.height == 27
    assert loaded.charges["BilledCost"].sum() == Decimal("1.261369265057")
    assert abs(sum(Decimal(text) for text in texts) - Decimal("1.261369265057")) < Decimal("1e-11")
    assert set(loaded.charges["BillingCurrency"]) == {"CAD"}
    assert set(loaded.charges.filter(pl.col("PricingCategory") == "Dynamic")["x_InstanceType"]) == {
        "Standard_DS4_v2",
        "Standard_L4s",
    }
