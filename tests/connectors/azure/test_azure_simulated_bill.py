"""The simulator's bill of Azure against what its organisation really ran and owes, worked out beside it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from connectors.protocol import Window
from connectors.simulator.clouds.clouds import Clouds
from connectors.simulator.clouds.lines import Charge
from connectors.simulator.events import Calendar
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check
from tests.connectors.azure.azure_month import Loaded, connector

pytestmark = pytest.mark.slow
MONTHS = ("2026-10", "2026-11")


@pytest.fixture(scope="module")
def clouds() -> Clouds:
    return Clouds(1, Calendar.of(2, datetime(2026, 11, 18, tzinfo=UTC)))


@pytest.fixture(scope="module")
def bills(clouds: Clouds, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Loaded]:
    """Every month as the second pull finds it, among older runs."""
    folder: Path = tmp_path_factory.mktemp("clouds")
    clouds.write(folder, "second")
    paths = {"path": str(folder / "azure/actual"), "amortized_path": str(folder / "azure/amortized")}
    source = connector(report="actual-and-amortized", **paths)
    loaded: dict[str, Loaded] = {}
    for month in MONTHS:
        window = Window.of_period(month)
        translation = source.translate(window, list(source.pull(window)))
        loaded[month] = Loaded(translation, list(translation.parts))
    return loaded


def _owed(clouds: Clouds, month: str) -> list[Charge]:
    return [charge for charge in clouds.charges("second") if (charge.source, charge.billing_period) == ("azure", month)]


@pytest.mark.parametrize("month", MONTHS)
def test_all_four_costs_are_the_truths(bills: dict[str, Loaded], clouds: Clouds, month: str) -> None:
    owed, charges = _owed(clouds, month), bills[month].charges
    truth: defaultdict[tuple[str, str | None], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for charge in owed:
        amounts = (charge.billed, charge.effective, charge.listed, charge.contracted)
        key = (charge.category, charge.status)
        truth[key] = [one + other for one, other in zip(truth[key], amounts, strict=True)]
    costs = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    sums = charges.group_by("ChargeCategory", "CommitmentDiscountStatus").agg(pl.col(costs).sum())
    assert {(category, status): amounts for category, status, *amounts in sums.iter_rows()} == truth
    assert charges.height == len(owed)


@pytest.mark.parametrize("month", MONTHS)
def test_tokens_are_the_truths(bills: dict[str, Loaded], clouds: Clouds, month: str) -> None:
    truth: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for charge in _owed(clouds, month):
        if charge.tokens is not None:
            truth[charge.tokens.model, charge.tokens.meter, charge.tokens.tier] += charge.tokens.count
    read = bills[month].readings.group_by("model", "meter", "processing_tier").agg(pl.col("quantity").sum())
    assert {(model, meter, tier): int(count) for model, meter, tier, count in read.iter_rows()} == truth


@pytest.mark.parametrize("month", MONTHS)
def test_invariants_hold_and_both_reports_agree(bills: dict[str, Loaded], month: str) -> None:
    loaded = bills[month]
    assert [str(violation) for violation in check(for_export(loaded.charges)).violations] == []
    assert "reports_differ" not in loaded.findings
    assert loaded.missing == []
