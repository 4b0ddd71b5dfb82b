"""Committed use discounts: what the fee pays for, what nothing used, and when neither can be told from the export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.gcp.commitments import Commitments, CommitmentSurvey
from models.errors import ContractError
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check
from tests.connectors.gcp.billing_rows import at, row, write
from tests.connectors.gcp.conftest import Month, month_at

L4 = "Nvidia L4 GPU running in Iowa"
FEE = "Commitment v1: Nvidia L4 GPU running in Iowa for 1 Year"
POOL = "0A1B2C-3D4E5F-678901/us-central1/L4 GPU (GPU-Hours)"


def cud(amount: str) -> dict[str, Any]:
    return {"credits": [("COMMITTED_USAGE_DISCOUNT", amount)]}


def test_a_fee_is_bought_and_covered_hours_cost_their_share_of_it(month_of: Callable[..., Month]) -> None:
    """8 GPU-hours for 16; 3 of them ran, listed at 9; 2 were covered: they cost 4; six hours are left, 12."""
    month = month_of([row(FEE, "16", priced=8.0), row(L4, "9", priced=3.0, **cud("-6"))])

    fee = month.one(ChargeCategory="Purchase")
    assert (fee["BilledCost"], fee["EffectiveCost"], fee["CommitmentDiscountQuantity"]) == (16, 0, 8)
    assert (fee["CommitmentDiscountId"], fee["CommitmentDiscountType"]) == (POOL, "Committed Use Discount")
    used = month.one(CommitmentDiscountStatus="Used")
    assert (used["BilledCost"], used["EffectiveCost"], used["ListCost"], used["ContractedCost"]) == (0, 4, 6, 6)
    assert (used["ConsumedQuantity"], used["PricingCategory"], used["SubAccountId"]) == (2, "Committed", "acme-ml")
    unused = month.one(CommitmentDiscountStatus="Unused")
    assert (unused["BilledCost"], unused["EffectiveCost"], unused["CommitmentDiscountQuantity"]) == (0, 12, 6)
    assert (unused["ResourceId"], unused["ConsumedQuantity"], unused["SkuId"]) == (POOL, None, fee["SkuId"])
    rest = month.one(ChargeCategory="Usage", CommitmentDiscountStatus=None)
    assert (rest["BilledCost"], rest["EffectiveCost"], rest["ConsumedQuantity"]) == (3, 3, 1)
    assert month.findings == ()
    assert check(for_export(month.charges)).violations == ()


def test_a_day_does_not_use_what_another_left(month_of: Callable[..., Month]) -> None:
    """Half of each day's fee: what was idle on the 3rd is not made up for on the 4th."""
    rows = [given for day in (3, 4) for given in (row(FEE, "2", priced=2.0, at=at(day)),
                                                  row(L4, "3", at=at(day), **cud("-3")))]  # fmt: skip
    month = month_of(rows)
    unused = month.charges.filter(pl.col("CommitmentDiscountStatus") == "Unused")
    assert unused["EffectiveCost"].to_list() == [1, 1]
    assert unused["ChargePeriodStart"].to_list() == [at(3), at(4)]


def test_thirds_of_a_fee_are_the_fee(month_of: Callable[..., Month]) -> None:
    rows = [
        row(FEE, "1", priced=3.0),
        *(row(L4, "3", project={"id": name, "name": name}, **cud("-3")) for name in "abc"),
    ]
    used = month_of(rows).charges.filter(pl.col("CommitmentDiscountStatus") == "Used")
    assert used["EffectiveCost"].sum() == 1
    assert used["EffectiveCost"].sort().to_list() == [
        Decimal("0.333333333333"),
        Decimal("0.333333333333"),
        Decimal("0.333333333334"),
    ]


def test_a_discount_without_a_fee_stays_a_credit(month_of: Callable[..., Month]) -> None:
    """The fee may be another billing account's, or have been paid ahead: nothing says what the hours cost."""
    month = month_of([row(L4, "9", priced=3.0, **cud("-6"))])
    assert month.one(ChargeCategory="Usage")["EffectiveCost"] == 9
    assert month.one(ChargeCategory="Credit")["EffectiveCost"] == -6
    assert month.told("commitment_kept_as_credit") == [
        f"COMMITTED_USAGE_DISCOUNT of {POOL}: no fee stands against 6 USD; kept as Credit"
    ]


def test_a_fee_whose_discount_goes_by_another_name_is_not_called_unused(month_of: Callable[..., Month]) -> None:
    month = month_of([row(FEE, "16", priced=8.0), row("Nvidia L5 GPU running in Iowa", "9", **cud("-9"))])
    fee = month.one(ChargeCategory="Purchase")
    assert (fee["EffectiveCost"], fee["CommitmentDiscountId"]) == (16, None)
    assert len(month.told("commitment_kept_as_credit")) == len(month.told("commitment_fee_kept_whole")) == 1
    assert month.charges["EffectiveCost"].sum() == 16


def test_an_idle_commitment_is_unused(month_of: Callable[..., Month]) -> None:
    month = month_of([row(FEE, "16", priced=8.0)])
    assert month.one(CommitmentDiscountStatus="Unused")["EffectiveCost"] == 16


def test_money_committed_to_pays_one_to_one(month_of: Callable[..., Month]) -> None:
    flexible = "Commitment v1: Compute Flexible CUD for 1 Year"
    month = month_of([row(flexible, "2"), row(cost="1.25", credits=[("FEE_UTILIZATION_OFFSET", "-1.25")])])
    used = month.one(CommitmentDiscountStatus="Used")
    assert (used["BilledCost"], used["EffectiveCost"], used["CommitmentDiscountUnit"]) == (0, Decimal("1.25"), "USD")
    unused = month.one(CommitmentDiscountStatus="Unused")
    assert (unused["EffectiveCost"], unused["CommitmentDiscountCategory"]) == (Decimal("0.75"), "Spend")


def test_an_offset_on_the_fee_itself_leaves_both_as_they_are(month_of: Callable[..., Month]) -> None:
    """It says how much of the fee was used, not by whom: usage at its discounted price is billed and costs itself."""
    fee = row("Commitment v1: Compute Flexible CUD for 1 Year", "2", credits=[("FEE_UTILIZATION_OFFSET", "-1.25")])
    month = month_of([fee, row(cost="1.25")])
    assert month.one(ChargeCategory="Purchase")["EffectiveCost"] == 2
    assert month.one(ChargeCategory="Credit")["EffectiveCost"] == Decimal("-1.25")
    assert month.charges["EffectiveCost"].sum() == month.charges["BilledCost"].sum() == 2


def test_offsets_beyond_the_fee_are_no_use_of_it(month_of: Callable[..., Month]) -> None:
    flexible = row("Commitment v1: Compute Flexible CUD for 1 Year", "1")
    month = month_of([flexible, row(cost="1.25", credits=[("FEE_UTILIZATION_OFFSET", "-1.25")])])
    assert month.one(ChargeCategory="Credit")["BilledCost"] == Decimal("-1.25")
    assert month.one(ChargeCategory="Purchase")["EffectiveCost"] == 1


def test_the_older_discount_to_money_stays_a_credit(month_of: Callable[..., Month]) -> None:
    month = month_of(
        [
            row("Commitment - dollar based v1: Cloud SQL for 1 year", "1.1"),
            row("Cloud SQL: vCPU", "1.4", credits=[("COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE", "-1.4")]),
        ]
    )
    assert month.one(ChargeCategory="Credit")["EffectiveCost"] == Decimal("-1.4")
    assert month.one(ChargeCategory="Purchase")["EffectiveCost"] == Decimal("1.1")
    assert "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE" in month.told("commitment_kept_as_credit")[0]


def test_a_discount_beyond_the_rows_cost_keeps_its_rest_as_a_credit(month_of: Callable[..., Month]) -> None:
    month = month_of([row(FEE, "2", priced=2.0), row(L4, "1", **cud("-1.5"))])
    assert month.one(ChargeCategory="Credit")["BilledCost"] == Decimal("-0.5")
    assert month.charges["BilledCost"].sum() == Decimal("1.5")


def test_late_usage_of_a_commitment_corrects_without_a_quantity(month_of: Callable[..., Month]) -> None:
    """A fee and its use in August, billed in September. A correction counts no commitment a second time."""
    august = at(30, month=8)
    month = month_of([row(FEE, "16", priced=8.0, at=august), row(L4, "9", priced=3.0, at=august, **cud("-6")), row()])
    late = month.charges.filter(pl.col("CommitmentDiscountId").is_not_null())
    assert late["ChargeClass"].to_list() == ["Correction"] * 3
    assert late["CommitmentDiscountQuantity"].null_count() == late["CommitmentDiscountUnit"].null_count() == 3
    assert sorted(late["EffectiveCost"].to_list()) == [0, 4, 12]
    assert check(for_export(month.charges)).violations == ()


def test_what_is_read_is_counted_without_what_commitments_make_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 of usage, 40 of it covered; a fee of 24. Were the discount taken off twice, 44 would be charged of 84."""
    path = write(tmp_path / "a.parquet", [row(FEE, "24", priced=8.0), row(L4, "100", priced=8.0, **cud("-40"))])
    right = CommitmentSurvey.conclude
    month = month_at(path)
    assert month.as_read.rows() == [("USD", 3, 84), ("USD", 1, 0)]
    assert (month.charges.height, month.charges["BilledCost"].sum()) == (4, 84)

    def of_another_kind(survey: CommitmentSurvey) -> Commitments:
        made = right(survey)
        return replace(made, covered=made.covered.with_columns(credit_type=pl.lit("PROMOTION")))

    monkeypatch.setattr(CommitmentSurvey, "conclude", of_another_kind)
    wrong = month_at(path)
    assert (wrong.charges["BilledCost"].sum(), wrong.as_read["billed_cost"].sum()) == (44, 84)


def test_a_row_that_is_covered_twice_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.parquet", [row(FEE, "24", priced=8.0), row(L4, "100", priced=8.0, **cud("-40"))])
    right = CommitmentSurvey.conclude

    def twice(survey: CommitmentSurvey) -> Commitments:
        made = right(survey)
        return replace(made, covered=pl.concat([made.covered, made.covered]))

    monkeypatch.setattr(CommitmentSurvey, "conclude", twice)
    with pytest.raises(ContractError, match="1 rows are covered by more than one commitment"):
        month_at(path)


AMOUNT = st.integers(1, 10**9).map(lambda units: units / 10**6)


@pytest.mark.slow
@settings(max_examples=20)
@given(
    fees=st.lists(st.tuples(AMOUNT, st.integers(1, 64)), min_size=1, max_size=3),
    usage=st.lists(st.tuples(AMOUNT, st.floats(0.001, 40), st.floats(0, 1.2)), max_size=6),
)
def test_used_and_unused_are_what_was_paid_whatever_the_split(
    fees: list[tuple[float, int]], usage: list[tuple[float, float, float]]
) -> None:
    rows = [row(FEE, str(fee), priced=float(bought)) for fee, bought in fees]
    rows += [row(L4, str(cost), priced=priced, **cud(str(-cost * share))) for cost, priced, share in usage]
    with TemporaryDirectory() as folder:
        month = month_at(write(Path(folder) / "a.parquet", rows))
    committed = month.charges.filter(pl.col("CommitmentDiscountId").is_not_null())
    paid = committed.filter(pl.col("ChargeCategory") == "Purchase")["BilledCost"].sum()
    assert committed["EffectiveCost"].sum() == paid
    amounts = [amount for given in rows for amount in (given["cost"], *(c["amount"] for c in given["credits"]))]
    exact = sum((Decimal(repr(amount)) for amount in amounts), Decimal(0))
    # a float of more than twelve places is rounded once, where it is read
    assert abs(month.charges["BilledCost"].sum() - exact) <= Decimal("1e-12") * len(amounts)
    assert month.as_read["billed_cost"].sum() == month.charges["BilledCost"].sum()
    assert month.as_read["rows"].sum() == month.charges.height
    assert committed.filter(pl.col("EffectiveCost") < 0).is_empty()
