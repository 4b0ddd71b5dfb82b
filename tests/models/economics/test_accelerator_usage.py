"""Accelerator-hours by day and what an hour cost, worked out by hand; any cut of the charges gives the same sums."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.economics.accelerator_tally import AcceleratorTally
from models.economics.accelerator_usage import (
    ACCELERATOR_RATES,
    ACCELERATOR_USAGE,
    accelerator_rates,
    accelerator_usage,
)
from models.economics.accelerators import with_accelerators

EAST = {"RegionId": "us-east-1", "RegionName": "US East (N. Virginia)", "x_InstanceType": "p5.48xlarge"}
RESERVED = {
    **EAST,
    "CommitmentDiscountId": "ri-1",
    "CommitmentDiscountType": "Reserved Instance",
    "CommitmentDiscountCategory": "Usage",
    "CommitmentDiscountUnit": "Hours",
}
LEFT_OVER = {"ConsumedQuantity": None, "ConsumedUnit": None, "CommitmentDiscountStatus": "Unused"}


@pytest.fixture
def rows(charge):
    """A day of H100: on demand in two regions, spot, a reservation used, unused, bought, a Capacity Block, a plan."""
    west = {**EAST, "RegionId": "us-west-2", "RegionName": "US West (Oregon)"}
    block = {"CommitmentDiscountId": "cb-1", "CommitmentDiscountType": "Capacity Block"}
    return [
        charge("aws", "55.04", **EAST),
        charge("aws", "110.08", **EAST, ConsumedQuantity="2", hour=5),
        charge("aws", "60", **west),
        charge("aws", "16", **EAST, PricingCategory="Dynamic", ListCost="55.04"),
        charge("aws", "30", **RESERVED, CommitmentDiscountStatus="Used", ListCost="55.04", BilledCost="0"),
        charge("aws", "10", **RESERVED, **LEFT_OVER, CommitmentDiscountQuantity="0.5", BilledCost="0"),
        charge("aws", "0", **RESERVED, ChargeCategory="Purchase", BilledCost="1000", ListCost="1000"),
        charge("aws", "31.5", **EAST, **block, BilledCost="0"),
        charge(
            "aws", "40", **EAST, CommitmentDiscountId="sp-1", CommitmentDiscountType="Savings Plan", ListCost="55.04"
        ),
        charge("gcp", "29.4", ChargeDescription="Nvidia H100 80GB GPU running in Americas", ConsumedQuantity="3",
               RegionId="us-central1", RegionName="Iowa"),
        charge("aws", "99", x_InstanceType="m5.large"),
    ]  # fmt: skip


@pytest.fixture
def usage(rows, charges_of, catalogue):
    return accelerator_usage(with_accelerators(charges_of(*rows), catalogue))


def test_a_day_by_hand(usage):
    """On demand: 1 h and 2 h of 8 GPUs are 24 hours for 55.04 + 110.08."""
    assert ACCELERATOR_USAGE.check(usage)["charges"].sum() == 10
    told = usage.select(
        "region", "pricing_kind", "use", "accelerator_hours", "effective_cost", "billed_cost", "charges"
    ).rows()
    d = Decimal
    assert sorted(told) == sorted([
        ("us-east-1", "on_demand", "used", d(24), d("165.12"), d("165.12"), 2),
        ("us-west-2", "on_demand", "used", d(8), d(60), d(60), 1),
        ("us-east-1", "spot", "used", d(8), d(16), d(16), 1),
        ("us-east-1", "reserved", "used", d(8), d(30), d(0), 1),
        ("us-east-1", "reserved", "unused", d(4), d(10), d(0), 1),
        ("us-east-1", "reserved", "purchased", d(0), d(0), d(1000), 1),
        ("us-east-1", "capacity_block", "used", d(8), d("31.5"), d(0), 1),
        ("us-east-1", "committed", "used", d(8), d(40), d(40), 1),
        ("us-central1", "on_demand", "used", d(3), d("29.4"), d("29.4"), 1),
    ])  # fmt: skip


def test_rates_by_type_region_and_way_of_buying(usage):
    """A used hour bears what was left unused beside it."""
    rates = ACCELERATOR_RATES.check(accelerator_rates(usage.lazy()))
    shown = {
        (row["region"], row["pricing_kind"]): (
            row["used_hours"],
            row["unused_hours"],
            row["effective_cost_per_used_hour"],
            row["list_cost_per_used_hour"],
        )
        for row in rates.iter_rows(named=True)
    }
    d = Decimal
    assert shown == {
        ("us-east-1", "on_demand"): (d(24), d(0), d("6.88"), d("6.88")),  # 165.12 ÷ 24
        ("us-west-2", "on_demand"): (d(8), d(0), d("7.5"), d("7.5")),  # 60 ÷ 8
        ("us-east-1", "spot"): (d(8), d(0), d(2), d("6.88")),  # 16 ÷ 8; list 55.04 ÷ 8
        ("us-east-1", "reserved"): (d(8), d(4), d(5), d("6.88")),  # (30 + 10) ÷ 8; the fee's list is none of usage
        ("us-east-1", "capacity_block"): (d(8), d(0), d("3.9375"), d("3.9375")),  # 31.5 ÷ 8
        ("us-east-1", "committed"): (d(8), d(0), d(5), d("6.88")),  # 40 ÷ 8
        ("us-central1", "on_demand"): (d(3), d(0), d("9.8"), d("9.8")),  # 29.4 ÷ 3
    }
    assert set(rates["billing_month"]) == {"2026-09"}
    reserved = rates.filter(pl.col("pricing_kind") == "reserved")
    assert reserved.select("billed_cost", "effective_cost").row(0) == (d(1000), d(40))


def test_without_used_hours_there_is_no_rate(charge, charges_of, catalogue):
    idle = charge("aws", "10", **RESERVED, **LEFT_OVER, CommitmentDiscountQuantity="2")
    usage = accelerator_usage(with_accelerators(charges_of(idle), catalogue))
    row = accelerator_rates(usage.lazy()).row(0, named=True)
    assert (row["used_hours"], row["unused_hours"], row["effective_cost"]) == (Decimal(0), Decimal(16), Decimal(10))
    assert row["effective_cost_per_used_hour"] is None
    assert row["list_cost_per_used_hour"] is None


def test_hours_that_the_bill_does_not_tell_take_their_money_out_of_the_rate(charge, charges_of, catalogue):
    """10 for 8 hours, and 90 for nobody knows how many: 1.25 an hour, not 12.5."""
    charges = charges_of(
        charge("aws", "10", **EAST),
        charge("aws", "90", **EAST, ConsumedQuantity=None, ConsumedUnit=None, PricingUnit="Hours"),
    )
    usage = accelerator_usage(with_accelerators(charges, catalogue))
    assert usage.select("charges", "charges_without_hours", "unmeasured_effective_cost").row(0) == (2, 1, Decimal(90))
    row = accelerator_rates(usage.lazy()).row(0, named=True)
    assert row["effective_cost"] == Decimal(100)
    assert row["effective_cost_per_used_hour"] == Decimal("1.25")


def test_a_fee_that_no_hour_bears_is_in_no_rate(charge, charges_of, catalogue):
    """An actual report alone: 2000 for a reservation that it links to nothing, its hours at 0, 8 hours at 55.04."""
    fee = {"ChargeCategory": "Purchase", "ConsumedQuantity": None, "ConsumedUnit": None}
    charges = charges_of(
        charge("aws", "55.04", **EAST),
        charge("aws", "2000", **EAST, **fee, ChargeDescription="Purchase: Reserved VM Instance, 1 Year"),
        charge("aws", "0", **RESERVED, CommitmentDiscountStatus="Used", ListCost="55.04"),
    )
    rates = accelerator_rates(accelerator_usage(with_accelerators(charges, catalogue)).lazy())
    told = rates.select(
        "pricing_kind", "used_hours", "hours_without_cost", "billed_cost", "effective_cost", "purchased_effective_cost",
        "effective_cost_per_used_hour", "list_cost_per_used_hour",
    )  # fmt: skip
    d = Decimal
    assert told.rows() == [
        ("on_demand", d(8), d(0), d("55.04"), d("55.04"), d(0), d("6.88"), d("6.88")),
        ("reserved", d(8), d(8), d(2000), d(0), d(2000), None, d("6.88")),
    ]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"ChargeDescription": "Purchase: Reserved VM Instance, Standard_ND96isr_H100_v5"}, "reserved"),
        ({"ChargeDescription": "EC2 Capacity Block for p5.48xlarge"}, "capacity_block"),
        ({"ChargeDescription": "One year of p5.48xlarge"}, "committed"),
        ({"ChargeDescription": "Reserved", "CommitmentDiscountType": "Savings Plan"}, "committed"),
    ],
)
def test_a_purchase_is_never_on_demand(charge, charges_of, catalogue, said, kind):
    charges = charges_of(charge("aws", "9", **EAST, ChargeCategory="Purchase", **said))
    assert accelerator_usage(with_accelerators(charges, catalogue))["pricing_kind"].to_list() == [kind]


def test_hours_whose_cost_is_not_known_do_not_lower_what_others_cost(charge, charges_of, catalogue):
    """A reservation's hour at 30, one at 0, which no commitment is: 30 ÷ 8, not 30 ÷ 16. What lists for 0 is like it;
    what was given free of its list price cost nothing."""
    charges = charges_of(
        charge("aws", "30", **RESERVED, CommitmentDiscountStatus="Used", ListCost="55.04"),
        charge("aws", "0", **RESERVED, CommitmentDiscountStatus="Used", ListCost="55.04", hour=1),
        charge("aws", "0", **EAST, hour=2),
        charge("aws", "0", **EAST, PricingCategory="Dynamic", ListCost="55.04", hour=3),
    )
    rates = accelerator_rates(accelerator_usage(with_accelerators(charges, catalogue)).lazy())
    d = Decimal
    assert rates.select("pricing_kind", "used_hours", "hours_without_cost", "effective_cost_per_used_hour").rows() == [
        ("on_demand", d(8), d(8), None),
        ("reserved", d(16), d(8), d("3.75")),
        ("spot", d(8), d(0), d(0)),
    ]


def test_reserved_capacity_that_no_machine_used_is_unused(charge, charges_of, catalogue):
    idle = charge("aws", "55.04", **EAST, CapacityReservationId="cr-1", CapacityReservationStatus="Unused")
    usage = accelerator_usage(with_accelerators(charges_of(idle), catalogue))
    assert usage.select("use", "pricing_kind", "accelerator_hours").rows() == [("unused", "on_demand", Decimal(8))]


@given(cut=st.lists(st.integers(0, 2), min_size=11, max_size=11))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_add_up_to_the_whole(rows, charges_of, catalogue, cut):
    """Rates, hours and money are the same however the charges are cut into parts."""
    parts = [[row for row, place in zip(rows, cut, strict=True) if place == part] for part in range(3)]
    tally = AcceleratorTally(catalogue)
    usage = pl.concat([tally.add(charges_of(*part))[1] for part in parts])
    whole = accelerator_usage(with_accelerators(charges_of(*rows), catalogue))
    assert accelerator_rates(usage.lazy()).equals(accelerator_rates(whole.lazy()))
    for name in ("charges", "accelerator_hours", "billed_cost", "effective_cost", "list_cost"):
        assert usage[name].sum() == whole[name].sum()
    # 165.12 + 60 + 16 + 30 + 10 + 31.5 + 40 + 29.4
    proof = tally.conclude().row(0, named=True)
    assert (proof["expected"], proof["actual"], proof["passed"]) == (Decimal("382.02"), Decimal("382.02"), True)


def test_what_no_list_knows_is_added_up_over_parts(charge, charges_of, catalogue):
    tally = AcceleratorTally(catalogue)
    for cost in ("100", "50"):
        tally.add(charges_of(charge("aws", cost, x_InstanceType="p9.48xlarge")))
    assert tally.unlisted().rows() == [("p9.48xlarge", "USD", Decimal(150), Decimal(150), 2)]
    assert tally.conclude().is_empty()
