"""Charges of commitments that are no usage, and capacity that is kept: each stands once, and costs what it bills."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check
from tests.connectors.azure.azure_month import RESERVATION, as_csv, native_row

if TYPE_CHECKING:
    from tests.connectors.azure.azure_month import Loaded

Load = Callable[..., "Loaded"]


def _file(folder: Path, rows: list[dict[str, str]], **options: Any) -> dict[str, Any]:
    path = folder / "report.csv"
    path.write_bytes(as_csv(rows))
    return {"report": "actual", "path": str(path), **options}


_COVERED = {"PricingModel": "Reservation", "benefitId": RESERVATION, "MeterCategory": "Virtual Machines",
            "MeterName": "NC24ads A100 v4", "MeterId": "m"}  # fmt: skip
_OF_COMMITMENT = (
    native_row(ChargeType="Tax", Product="VAT", Cost="3", **_COVERED),
    native_row(ChargeType="Credit", Product="Credit", Cost="-2", **_COVERED),
    native_row(ChargeType="RoundingAdjustment", Cost="0.01", **_COVERED),
)


@pytest.mark.parametrize("report", ["actual", "amortized", "actual-and-amortized"])
def test_tax_credit_and_rounding_of_a_commitment_stand_once_and_cost_what_they_bill(
    tmp_path: Path, load: Load, report: str
) -> None:
    (tmp_path / "amortized.csv").write_bytes(as_csv(_OF_COMMITMENT))
    more = {"amortized_path": str(tmp_path / "amortized.csv")} if report == "actual-and-amortized" else {}
    loaded = load(**_file(tmp_path, list(_OF_COMMITMENT)) | {"report": report} | more)
    told = loaded.charges.sort("BilledCost").select("ChargeCategory", "BilledCost", "EffectiveCost").rows()
    assert told == [
        ("Credit", Decimal(-2), Decimal(-2)),
        ("Adjustment", Decimal("0.01"), Decimal("0.01")),
        ("Tax", Decimal(3), Decimal(3)),
    ]
    assert [str(violation) for violation in check(for_export(loaded.charges)).violations] == []
    assert "reports_differ" not in loaded.findings


def test_a_refund_that_an_amortized_report_shows_is_a_credit(tmp_path: Path, load: Load) -> None:
    row = native_row(ChargeType="Refund", Frequency="OneTime", Quantity="-1", Cost="-5", UnitPrice="15", **_COVERED)
    charges = load(**_file(tmp_path, [row]) | {"report": "amortized"}).charges
    assert charges.select("ChargeCategory", "BilledCost", "EffectiveCost").rows() == [
        ("Credit", Decimal(-5), Decimal(-5))
    ]
    assert check(for_export(charges)).passed


def test_covered_usage_that_is_given_back_stands_once(tmp_path: Path, load: Load) -> None:
    """The actual report shows it at no cost: nothing is billed, and Σ billed stays what the actual report says."""
    back = native_row(Quantity="-2", Cost="-1", **_COVERED)
    (tmp_path / "amortized.csv").write_bytes(as_csv([back]))
    both = {"report": "actual-and-amortized", "amortized_path": str(tmp_path / "amortized.csv")}
    loaded = load(**_file(tmp_path, [{**back, "Cost": "0"}]) | both)
    assert loaded.charges.select("ChargeCategory", "BilledCost", "EffectiveCost").rows() == [
        ("Adjustment", Decimal(0), Decimal(-1))
    ]


def test_capacity_that_is_kept_is_told_used_from_idle(tmp_path: Path, load: Load) -> None:
    group = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute"
    machine = {"MeterCategory": "Virtual Machines", "MeterName": "NC24ads A100 v4", "MeterId": "m", "UnitPrice": "3",
               "PayGPrice": "3"}  # fmt: skip
    kept = '{"ServiceType":"Standard_NC24ads_A100_v4","UsageType":"ComputeCR","VMCapacityReservationId":"F8B4"}'
    own = f"{group}/capacityReservationGroups/g/capacityReservations/Fleet"
    rows = [
        native_row(Quantity="1", Cost="3", ResourceId=own, AdditionalInfo=kept, **machine),
        native_row(Quantity="2", Cost="6", ResourceId=own, **machine),
        native_row(Quantity="3", Cost="9", ResourceId=f"{group}/virtualMachines/v", AdditionalInfo=kept, **machine),
        native_row(Quantity="4", Cost="12", ResourceId=f"{group}/virtualMachines/w", **machine),
    ]
    charges = load(**_file(tmp_path, rows)).charges
    told = charges.select("ConsumedQuantity", "CapacityReservationId", "CapacityReservationStatus").rows()
    assert told == [
        (Decimal(1), "f8b4", "Unused"),
        (Decimal(2), own.lower(), "Unused"),
        (Decimal(3), "f8b4", "Used"),
        (Decimal(4), None, None),
    ]
    assert set(charges["x_InstanceType"]) == {"Standard_NC24ads_A100_v4"}
    assert check(for_export(charges)).passed
