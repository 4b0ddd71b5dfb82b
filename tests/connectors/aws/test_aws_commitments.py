"""Reservations, Savings Plans, Capacity Blocks and provisioned throughput, with money worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.aws import cur
from connectors.aws.capacity_blocks import Block
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check


def test_a_reservation_is_bought_used_and_left_over(
    all_line_items: list[dict[str, Any]], named: Any, charges_of: Callable[..., Any]
) -> None:
    """36 paid for September's 720 hours: 24 hours used at 1.20, 696 unused at 34.80."""
    month = charges_of(*all_line_items)
    bought = month.one(CommitmentDiscountId=named.RESERVATION, ChargeCategory="Purchase")
    used = month.one(CommitmentDiscountId=named.RESERVATION, CommitmentDiscountStatus="Used")
    unused = month.one(CommitmentDiscountId=named.RESERVATION, CommitmentDiscountStatus="Unused")
    assert (bought["BilledCost"], bought["EffectiveCost"], bought["ChargeFrequency"]) == (36, 0, "Recurring")
    assert (used["BilledCost"], used["EffectiveCost"], used["ListCost"]) == (0, Decimal("1.2"), Decimal("2.304"))
    assert (unused["BilledCost"], unused["EffectiveCost"], unused["ConsumedQuantity"]) == (0, Decimal("34.8"), None)
    assert used["EffectiveCost"] + unused["EffectiveCost"] == bought["BilledCost"]
    assert (unused["ResourceId"], unused["CommitmentDiscountQuantity"]) == (named.RESERVATION, 696)


def test_a_savings_plan_carries_its_cost_to_what_it_covers(
    all_line_items: list[dict[str, Any]], named: Any, charges_of: Callable[..., Any]
) -> None:
    """1.00 an hour committed: 0.60 used by usage that would cost 0.85, 0.40 left over; the negation is no charge."""
    month = charges_of(*all_line_items)
    fee = month.one(CommitmentDiscountId=named.PLAN, ChargeCategory="Purchase")
    used = month.one(CommitmentDiscountId=named.PLAN, CommitmentDiscountStatus="Used")
    unused = month.one(CommitmentDiscountId=named.PLAN, CommitmentDiscountStatus="Unused")
    assert (fee["BilledCost"], fee["EffectiveCost"], fee["CommitmentDiscountType"]) == (1, 0, "Savings Plan")
    assert (used["BilledCost"], used["EffectiveCost"], used["ContractedCost"]) == (0, Decimal("0.6"), Decimal("0.85"))
    assert unused["EffectiveCost"] == Decimal("0.4")
    assert not month.charges["ChargeDescription"].str.contains("leave over").any()


def test_what_negations_leave_over_is_one_adjustment(named: Any, bills: Any, charges_of: Callable[..., Any]) -> None:
    """Two covered hours of 0.0000000001 are negated as 0.0000000003: the difference is billed, nothing else."""
    plan = {"savings_plan_savings_plan_a_r_n": named.PLAN}
    covered = bills.line(
        line_item_type="SavingsPlanCoveredUsage",
        sku="C",
        unblended_cost=1e-10,
        savings_plan_savings_plan_effective_cost=1e-10,
        public_on_demand_cost=1e-10,
        **plan,
    )
    negation = bills.line(line_item_type="SavingsPlanNegation", unblended_cost=-3e-10, **plan)
    month = charges_of(covered, bills.line(), bills.line(usage_type="BoxUsage:m5.xlarge"), covered, negation)
    left = month.one(ChargeCategory="Adjustment")
    assert left["BilledCost"] == left["EffectiveCost"] == Decimal("-0.0000000001")
    assert month.charges["BilledCost"].sum() == Decimal("-0.0000000001")
    assert month.as_read.row(0) == ("USD", month.charges.height, Decimal("-0.0000000001"))


@pytest.mark.parametrize("is_there", [True, False])
def test_covered_usage_of_an_unknown_cost_holds_the_month(
    named: Any, bills: Any, charges_of: Callable[..., Any], is_there: bool
) -> None:
    """720 are paid, 24 hours used for nobody knows how much: that is not 0, whether column or value is absent."""
    column = "reservation_effective_cost"
    ri = {"reservation_reservation_a_r_n": named.RESERVATION}
    lines = [
        bills.line(line_item_type="RIFee", usage_amount=720.0, unblended_cost=720.0, **ri),
        bills.line(line_item_type="DiscountedUsage", sku="U", usage_amount=24.0, reservation_effective_cost=None, **ri),
    ]
    known = [line if is_there else {name: line[name] for name in line if name != column} for line in lines]
    month = charges_of(*known)
    assert month.missing == [f"{column} of 1 rows of DiscountedUsage: export the table with {column}"]
    assert charges_of(known[0]).missing == []
    assert charges_of(bills.line(unblended_cost=1.0)).missing == []


def test_a_fee_whose_unused_part_is_not_told_is_listed(named: Any, bills: Any, charges_of: Callable[..., Any]) -> None:
    fee = bills.line(
        line_item_type="RIFee",
        unblended_cost=36.0,
        reservation_unused_recurring_fee=None,
        reservation_unused_amortized_upfront_fee_for_billing_period=None,
        reservation_reservation_a_r_n=named.RESERVATION,
    )
    detail = "fees of commitments whose unused part the report does not tell: taken as nothing"
    assert charges_of(fee).found("unused_cost_unknown") == [(detail, 1)]
    assert charges_of({**fee, "reservation_unused_recurring_fee": 36.0}).found("unused_cost_unknown") == []


def test_an_upfront_fee_is_bought_for_its_term(named: Any, bills: Any, charges_of: Callable[..., Any]) -> None:
    """Paid up front: 8760 for a year. September's 24 hours cost 24; a recurring fee of nothing is no purchase."""
    ri = {"reservation_reservation_a_r_n": named.RESERVATION}
    fee = bills.line(
        line_item_type="Fee",
        sku="U",
        unblended_cost=8760.0,
        usage_amount=1.0,
        reservation_start_time="2026-09-01T00:00:00.000Z",
        reservation_end_time="2027-09-01T00:00:00.000Z",
        **ri,
    )
    monthly = bills.line(
        line_item_type="RIFee",
        sku="U",
        usage_type="HeavyUsage:m5.large",
        usage_amount=720.0,
        reservation_unused_amortized_upfront_fee_for_billing_period=696.0,
        reservation_unused_quantity=696.0,
        usage_end_date=datetime(2026, 10, 1, tzinfo=UTC),
        **ri,
    )
    used = bills.line(
        line_item_type="DiscountedUsage",
        sku="U",
        usage_amount=24.0,
        reservation_effective_cost=24.0,
        public_on_demand_cost=30.0,
        rate_code="U.R",
        **ri,
    )
    month = charges_of(fee, monthly, used)
    bought = month.one(ChargeCategory="Purchase")
    assert (bought["ChargePeriodStart"], bought["ChargePeriodEnd"]) == (
        datetime(2026, 9, 1, tzinfo=UTC),
        datetime(2027, 9, 1, tzinfo=UTC),
    )
    assert (bought["BilledCost"], bought["EffectiveCost"]) == (8760, 0)
    assert month.charges["EffectiveCost"].sum() == 720
    assert [str(violation) for violation in check(for_export(month.charges)).violations] == []


def test_a_capacity_block_costs_its_hours_not_its_payment(
    all_line_items: list[dict[str, Any]], named: Any, charges_of: Callable[..., Any]
) -> None:
    """1500 for two days of one p5.48xlarge: 40 hours used are 1250, the 8 that nobody used 250."""
    month = charges_of(*all_line_items)
    rows = {
        (row["ChargeCategory"], row["CommitmentDiscountStatus"]): (
            row["BilledCost"],
            row["EffectiveCost"],
            row["CommitmentDiscountQuantity"],
        )
        for row in month.charges.filter(pl.col("CommitmentDiscountType") == "Capacity Block").iter_rows(named=True)
    }
    assert rows == {
        ("Purchase", None): (1500, 0, 48),
        ("Usage", "Used"): (0, 1250, 40),
        ("Usage", "Unused"): (0, 250, 8),
    }
    assert (
        month.one(CommitmentDiscountId=named.BLOCK, CommitmentDiscountStatus="Used")["x_InstanceType"] == "p5.48xlarge"
    )


def test_a_block_that_the_bill_does_not_explain_stays_at_its_fee(
    named: Any, bills: Any, charges_of: Callable[..., Any]
) -> None:
    fee = bills.line(
        line_item_type="Fee",
        usage_type="CapacityBlockFee:p5.48xlarge",
        unit="",
        usage_amount=1.0,
        unblended_cost=1500.0,
        capacity_reservation_capacity_reservation_arn=named.BLOCK,
    )
    month = charges_of(fee)
    assert month.one(ChargeCategory="Purchase")["EffectiveCost"] == 1500
    assert month.found("capacity_block_not_amortised") == [
        (f"{named.BLOCK}: the bill tells no window and hours; 1500.000000000000 stays at the fee", 1)
    ]


@pytest.mark.parametrize("has_type", [True, False])
@pytest.mark.parametrize("in_csv", [True, False])
def test_hours_of_other_reservations_wait_for_nothing(
    named: Any,
    bills: Any,
    aws_source: Callable[..., Any],
    month_of: Callable[..., Any],
    tmp_path: Path,
    has_type: bool,
    in_csv: bool,
) -> None:
    """Of no reservation the bill says what it is: that with a fee, told after its hours, is a block; 50 hours in others
    are charges as soon as they are read."""
    arn, kind = (f"capacity_reservation_capacity_reservation_{name}" for name in ("arn", "type"))
    other = [bills.line(sku=f"S{n}", unblended_cost=1.0, **{arn: f"{named.BLOCK}-other"}) for n in range(50)]
    days = {
        "usage_start_date": datetime(2026, 9, 10, tzinfo=UTC),
        "usage_end_date": datetime(2026, 9, 11, tzinfo=UTC),
        arn: named.BLOCK,
    }
    hours = bills.line(sku="P5", usage_type="BoxUsage:p5.48xlarge", usage_amount=24.0, rate_code="P5.1", **days)
    fee = bills.line(usage_type="CapacityBlockFee:p5.48xlarge", usage_amount=24.0, unblended_cost=750.0, **days)
    lines = [*other, hours, fee]
    known = [line if has_type else {name: line[name] for name in line if name != kind} for line in lines]
    path = (bills.csv if in_csv else bills.parquet)(tmp_path / f"bill.{'csv' if in_csv else 'parquet'}", known)
    month = month_of(aws_source(path))
    assert [part.charges.height for part in month.parts] == [50, 2]
    assert month.one(CommitmentDiscountStatus="Used")["EffectiveCost"] == 750
    assert month.as_read.row(0) == ("USD", 52, 800)


def test_charges_of_many_blocks_come_in_slices(
    named: Any, bills: Any, charges_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cur, "ROWS", 2)
    fees = [
        bills.line(
            usage_type="CapacityBlockFee:p5.48xlarge",
            usage_amount=24.0,
            unblended_cost=750.0,
            usage_start_date=datetime(2026, 9, 10, tzinfo=UTC),
            usage_end_date=datetime(2026, 9, 11, tzinfo=UTC),
            capacity_reservation_capacity_reservation_arn=f"{named.BLOCK}{number}",
        )
        for number in range(3)
    ]
    month = charges_of(*fees, bills.line(line_item_type="SomethingNew", unblended_cost=1.0))
    assert [part.charges.height for part in month.parts] == [1, 2, 2, 2]
    assert month.as_read.row(0) == ("USD", 7, 2251)
    assert month.charges["EffectiveCost"].sum() == 2251
    assert len(month.found("not_understood")) == 1


def test_a_declared_block_is_shared_out_over_its_months(named: Any, bills: Any, charges_of: Callable[..., Any]) -> None:
    """4 days from 29 September, 960 for 96 hours: two days are September's, 480, whoever billed the fee and when."""
    declared = [
        {
            "id": named.BLOCK,
            "start": "2026-09-29T00:00:00Z",
            "end": "2026-10-03T00:00:00Z",
            "instances": 1,
            "fee": "960",
        }
    ]
    used = bills.line(
        sku="P5",
        usage_type="BoxUsage:p5.48xlarge",
        usage_amount=24.0,
        usage_start_date=datetime(2026, 9, 29, tzinfo=UTC),
        usage_end_date=datetime(2026, 9, 30, tzinfo=UTC),
        public_on_demand_cost=2359.68,
        capacity_reservation_capacity_reservation_arn=named.BLOCK,
        unblended_cost=2.4,
    )
    month = charges_of(used, capacity_blocks=declared)
    assert month.one(CommitmentDiscountStatus="Used")["EffectiveCost"] == 240
    assert month.one(CommitmentDiscountStatus="Unused")["EffectiveCost"] == 240
    software = month.one(CommitmentDiscountStatus=None)
    assert (software["BilledCost"], software["x_InstanceType"]) == (Decimal("2.4"), None)
    assert month.charges["BilledCost"].sum() == Decimal("2.4")


def test_provisioned_throughput_is_bought_by_the_hour_and_counts_no_tokens(
    all_line_items: list[dict[str, Any]], named: Any, charges_of: Callable[..., Any]
) -> None:
    month = charges_of(*all_line_items)
    bought = month.one(CommitmentDiscountId=named.UNIT, ChargeCategory="Purchase")
    ready = month.one(CommitmentDiscountId=named.UNIT, CommitmentDiscountStatus="Used")
    assert (bought["BilledCost"], bought["EffectiveCost"], ready["EffectiveCost"]) == (480, 0, 480)
    assert (ready["CommitmentDiscountType"], ready["x_ModelId"], ready["x_Meter"]) == (
        "Provisioned Throughput",
        "Claude2.1",
        None,
    )


def test_a_free_hour_of_provisioned_throughput_is_an_hour(
    bills: Any, charges_of: Callable[..., Any], named: Any
) -> None:
    """Nothing was paid, so nothing was bought; the hour stands nevertheless."""
    line = bills.line(
        usage_type="USE1-Claude2.1-ProvisionedThroughput-ModelUnit-1month",
        product_code="AmazonBedrock",
        usage_amount=1.0,
        unblended_cost=0.0,
        resource_id=named.UNIT,
    )
    month = charges_of(line)
    ready = month.one(CommitmentDiscountStatus="Used")
    assert (ready["ConsumedQuantity"], ready["EffectiveCost"], month.charges.height) == (1, 0, 1)
    assert month.as_read.row(0) == ("USD", 1, 0)
    assert [str(violation) for violation in check(for_export(month.charges)).violations] == []


@pytest.mark.slow
@given(cents=st.lists(st.integers(0, 10**7), min_size=1, max_size=12), off=st.integers(-3, 3))
def test_covered_usage_and_negations_never_change_what_is_billed(cents: list[int], off: int) -> None:
    from connectors.aws.commitments import Residuals

    amounts = [Decimal(cent).scaleb(-10) for cent in cents]
    rows = pl.DataFrame(
        {
            "left": pl.Series(
                [*amounts, -sum(amounts, Decimal(0)) + Decimal(off).scaleb(-10)], dtype=pl.Decimal(38, 12)
            ),
        }
    ).select(
        line_item_unblended_cost="left",
        line_item_net_unblended_cost=pl.lit(None, dtype=pl.Decimal(38, 12)),
        bill_payer_account_id=pl.lit("1"),
        bill_payer_account_name=pl.lit("Acme"),
        bill_invoicing_entity=pl.lit("AWS"),
        bill_invoice_id=pl.lit(None, dtype=pl.String),
        line_item_usage_account_id=pl.lit("2"),
        line_item_usage_account_name=pl.lit("research"),
        line_item_currency_code=pl.lit("USD"),
        bill_billing_period_start_date=pl.lit(datetime(2026, 9, 1, tzinfo=UTC)),
        bill_billing_period_end_date=pl.lit(datetime(2026, 10, 1, tzinfo=UTC)),
        savings_plan_savings_plan_a_r_n=pl.lit("sp-1"),
        reservation_reservation_a_r_n=pl.lit(None, dtype=pl.String),
    )
    residuals = Residuals("unblended")
    for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
        residuals.add(half.lazy())
    charges = residuals.charges("2026-09")
    assert (charges is None) == (off == 0)
    if charges is not None:
        assert charges["BilledCost"].sum() == Decimal(off).scaleb(-10)


def test_a_block_that_nobody_used_is_all_unused(bills: Any, charges_of: Callable[..., Any], named: Any) -> None:
    fee = bills.line(
        usage_type="CapacityBlockFee:p5.48xlarge",
        usage_amount=24.0,
        unblended_cost=750.0,
        usage_start_date=datetime(2026, 9, 10, tzinfo=UTC),
        usage_end_date=datetime(2026, 9, 11, tzinfo=UTC),
        capacity_reservation_capacity_reservation_arn=named.BLOCK,
    )
    month = charges_of(fee)
    idle = month.one(CommitmentDiscountStatus="Unused")
    assert (idle["EffectiveCost"], idle["CommitmentDiscountQuantity"]) == (750, 24)
    assert month.charges["BilledCost"].sum() == month.charges["EffectiveCost"].sum() == 750
    assert [str(violation) for violation in check(for_export(month.charges)).violations] == []


@given(
    fee=st.decimals(0, 10**6, places=4),
    cuts=st.lists(st.integers(0, 240), max_size=5),
)
def test_months_of_a_block_are_its_fee(fee: Decimal, cuts: list[int]) -> None:
    """However a block of ten days is cut into stretches, what they cost is the fee, to the last place."""
    start = datetime(2026, 9, 25, 11, 30, tzinfo=UTC)
    block = Block("cr-1", start, start + timedelta(hours=240), Decimal(240), fee)
    moments = [
        start - timedelta(days=9),
        *(start + timedelta(hours=cut) for cut in sorted(cuts)),
        start + timedelta(days=30),
    ]
    shares = [block.within(*stretch) for stretch in pairwise(moments)]
    assert sum((money for _, money in shares), Decimal(0)) == fee
    assert all(money >= 0 for _, money in shares)


def test_net_costs_of_provisioned_throughput_are_paid_and_used_alike(
    bills: Any, charges_of: Callable[..., Any], named: Any
) -> None:
    line = bills.line(
        usage_type="USE1-Claude2.1-ProvisionedThroughput-ModelUnit-1month",
        product_code="AmazonBedrock",
        usage_amount=1.0,
        unblended_cost=20.0,
        net_unblended_cost=18.0,
        resource_id=named.UNIT,
    )
    month = charges_of(line, billed_cost="net")
    assert month.charges["BilledCost"].sum() == month.charges["EffectiveCost"].sum() == 18
    assert month.as_read.row(0) == ("USD", 2, Decimal(18))
