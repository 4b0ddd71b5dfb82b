"""The simulator's bill of Google Cloud against what its organisation really ran and owes, worked out beside it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.protocol import Window
from connectors.simulator.clouds.clouds import Clouds
from connectors.simulator.clouds.lines import Charge
from connectors.simulator.events import Calendar
from models.economics.accelerators import examine
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check
from pipelines.reference import accelerator_catalogue
from tests.connectors.gcp.conftest import Month, month_at

pytestmark = pytest.mark.slow
MONTHS = ("2026-10", "2026-11")


@pytest.fixture(scope="module")
def clouds() -> Clouds:
    return Clouds(1, Calendar.of(2, datetime(2026, 11, 18, tzinfo=UTC)))


@pytest.fixture(scope="module")
def bills(clouds: Clouds, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Month]:
    """Every month as the second pull finds it."""
    folder: Path = tmp_path_factory.mktemp("clouds")
    clouds.write(folder, "second")
    return {month: month_at(folder / "gcp", Window.of_period(month)) for month in MONTHS}


def owed(clouds: Clouds, month: str) -> list[Charge]:
    return [charge for charge in clouds.charges("second") if (charge.source, charge.billing_period) == ("gcp", month)]


def added(rows: list[tuple[Any, ...]]) -> dict[Any, tuple[Decimal, ...]]:
    """The amounts of rows (key, amounts…) by key."""
    sums: dict[Any, tuple[Decimal, ...]] = {}
    for key, *amounts in rows:
        before = sums.get(key, (Decimal(0),) * len(amounts))
        sums[key] = tuple(one + other for one, other in zip(before, amounts, strict=True))
    return sums


@pytest.mark.parametrize("month", MONTHS)
def test_all_four_costs_are_the_truths(bills: dict[str, Month], clouds: Clouds, month: str) -> None:
    truth = added(
        [
            ((charge.category, charge.status, charge.account and charge.account.id),
             charge.billed, charge.effective, charge.listed, charge.contracted, Decimal(1))
            for charge in owed(clouds, month)
            if charge.status != "Unused"
        ]
    )  # fmt: skip
    costs = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    charges = bills[month].charges
    told = charges.filter(pl.col("CommitmentDiscountStatus").ne_missing("Unused"))
    ours = told.select("ChargeCategory", "CommitmentDiscountStatus", "SubAccountId", *costs)
    assert added([((a, b, c), *amounts, Decimal(1)) for a, b, c, *amounts in ours.iter_rows()]) == truth

    unused = charges.filter(pl.col("CommitmentDiscountStatus") == "Unused")
    left = sum((charge.effective for charge in owed(clouds, month) if charge.status == "Unused"), Decimal(0))
    assert unused["EffectiveCost"].sum() == left


@pytest.mark.parametrize("month", MONTHS)
def test_tokens_are_the_truths(bills: dict[str, Month], clouds: Clouds, month: str) -> None:
    truth: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for charge in owed(clouds, month):
        if charge.tokens is not None:
            truth[charge.tokens.model, charge.tokens.meter, charge.tokens.tier] += charge.tokens.count
    read = bills[month].readings.group_by("model", "meter", "processing_tier").agg(pl.col("quantity").sum())
    assert {(model, meter, tier): int(count) for model, meter, tier, count in read.iter_rows()} == truth


@pytest.mark.parametrize("month", MONTHS)
def test_accelerator_hours_are_the_truths(bills: dict[str, Month], clouds: Clouds, month: str) -> None:
    truth: defaultdict[str, Decimal] = defaultdict(Decimal)
    for charge in owed(clouds, month):
        if charge.accelerators is not None:
            truth[charge.accelerators.type] += charge.accelerators.hours
    examined = examine(bills[month].charges, accelerator_catalogue())
    hours = examined.charges.filter(pl.col("x_AcceleratorHours").is_not_null())
    ours = dict(hours.group_by("x_AcceleratorType").agg(pl.col("x_AcceleratorHours").sum()).iter_rows())
    assert {name: round(float(value), 6) for name, value in ours.items()} == {
        name: round(float(value), 6) for name, value in truth.items()
    }
    assert examined.unlisted.is_empty()


def test_only_late_usage_is_a_correction(bills: dict[str, Month]) -> None:
    late = [bill.charges.filter(pl.col("ChargeClass") == "Correction") for bill in bills.values()]
    assert [len(charges) for charges in late] == [0, 2]
    assert late[1]["ChargePeriodStart"].unique().to_list() == [datetime(2026, 10, 31, 7, tzinfo=UTC)]


def test_the_bill_passes_every_invariant_without_a_finding(bills: dict[str, Month]) -> None:
    together = pl.concat([bill.charges for bill in bills.values()])
    assert [str(violation) for violation in check(for_export(together)).violations] == []
    assert [finding for bill in bills.values() for finding in bill.findings] == []
    assert [bill.missing for bill in bills.values()] == [(), ()]
