"""What leaves the ledger: columns, order and words of FOCUS 1.4 and 1.2; billing periods from what loads saw."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from models.errors import ContractError
from models.ledger.focus.billing_periods import OBSERVED_PERIODS_SCHEMA, billing_periods, periods_of_charges
from models.ledger.focus.export import export_columns, for_csv, for_export
from models.ledger.focus.invariants import check


def test_1_4_has_the_deprecated_columns_in_their_place_and_ours_last(clean_charges: pl.DataFrame) -> None:
    columns = for_export(clean_charges).columns
    focus = [name for name in columns if not name.startswith("x_")]
    assert len(focus) == 67
    assert focus == sorted(focus)
    assert columns[67:] == sorted(columns[67:])
    assert {"ProviderName", "PublisherName", "InvoiceDetailId"} <= set(focus)


def test_1_2_lacks_what_came_later(clean_charges: pl.DataFrame) -> None:
    exported = for_export(clean_charges, version="1.2")
    focus = {name for name in exported.columns if not name.startswith("x_")}
    assert len(focus) == 57
    assert not focus & {"ServiceProviderName", "HostProviderName", "InvoiceDetailId", "ContractApplied"}
    assert exported["ProviderName"].null_count() == 0
    assert check(exported, version="1.2").errors == ()


def test_an_export_keeps_every_row_amount_and_rule(clean_charges: pl.DataFrame) -> None:
    exported = for_export(clean_charges)
    assert exported.height == clean_charges.height
    for cost in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"):
        assert exported[cost].sum() == clean_charges[cost].sum()
    assert check(exported).violations == ()


def test_own_charges_say_their_pricing_currency_and_a_vendors_stay_silent(clean_charges: pl.DataFrame) -> None:
    silent = clean_charges.with_columns(
        PricingCurrency=pl.lit(None, dtype=pl.String),
        PricingCurrencyListUnitPrice=pl.lit(None, dtype=pl.Decimal(38, 12)),
    )
    exported = for_export(silent)
    own = pl.col("x_PriceStatus").ne_missing("native")
    assert exported.filter(own)["PricingCurrency"].unique().to_list() == ["USD"]
    assert exported.filter(~own)["PricingCurrency"].null_count() == exported.filter(~own).height


def test_text_files_say_z(clean_charges: pl.DataFrame) -> None:
    text = for_csv(for_export(clean_charges))
    assert text["BillingPeriodStart"].unique().to_list() == ["2026-09-01T00:00:00Z"]


def test_a_version_or_table_that_cannot_be_exported_is_refused(clean_charges: pl.DataFrame) -> None:
    with pytest.raises(ContractError, match="not exported"):
        for_export(clean_charges, version="1.3")  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="BilledCost missing"):
        for_export(clean_charges.drop("BilledCost"))
    assert "ServiceProviderName" not in export_columns("1.2")


def test_billing_periods_keep_first_sight_and_last_word() -> None:
    september, october = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    seen = [datetime(2026, 10, day, tzinfo=UTC) for day in (1, 2, 3)]
    observed = pl.DataFrame(
        [
            ("OpenAI", september, "Closed", seen[2], seen[2]),
            ("OpenAI", september, "Open", seen[0], seen[1]),
            ("OpenAI", october, "Open", seen[1], seen[1]),
            # two observations of one instant: a close is not undone by an older word
            ("Anthropic", september, "Closed", seen[0], seen[0]),
            ("Anthropic", september, "Open", seen[0], seen[0]),
        ],
        schema=OBSERVED_PERIODS_SCHEMA,
        orient="row",
    )
    rows = billing_periods(observed).to_dicts()
    assert [(row["InvoiceIssuerName"], row["BillingPeriodStart"], row["BillingPeriodStatus"]) for row in rows] == [
        ("Anthropic", september, "Closed"),
        ("OpenAI", september, "Closed"),
        ("OpenAI", october, "Open"),
    ]
    assert rows[1]["BillingPeriodCreated"] == seen[0]
    assert rows[1]["BillingPeriodLastUpdated"] == seen[2]
    assert rows[1]["BillingPeriodEnd"] == october


def test_periods_of_charges_are_distinct(clean_charges: pl.DataFrame) -> None:
    assert periods_of_charges(clean_charges)["issuer"].to_list() == ["AWS", "OpenAI"]


@pytest.mark.slow
@pytest.mark.reference
def test_the_official_validator_passes_the_export(
    clean_charges: pl.DataFrame, shared_reference: Path, tmp_path: Path
) -> None:
    """Tokens, GPU hours, a commitment, prepaid credits, a credit, a tax, an adjustment and a correction."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "outlay-focus-validator"
    if not cache.is_dir():
        pytest.skip("the official validator is not set up on this machine: run focus-check once")
    file = tmp_path / "charges.parquet"
    for_export(clean_charges).write_parquet(file)
    done = subprocess.run(
        [shared_reference / "focus/validator/focus-check", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
