"""What becomes of each line item type, with money worked out by hand; and that a month of all of them is sound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check

RESERVATION = "arn:aws:ec2:us-east-1:111122223333:reserved-instances/ri-1"
PLAN = "arn:aws:savingsplans::111122223333:savingsplan/sp-1"
BLOCK = "arn:aws:ec2:us-east-1:444455556666:capacity-reservation/cr-1"
UNIT = "arn:aws:bedrock:us-east-1:444455556666:provisioned-model/pm1"
PROFILE = "arn:aws:bedrock:us-east-1:444455556666:application-inference-profile/chat1"


def _at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, tzinfo=UTC)


def every_line_item(bills: Any) -> list[dict[str, Any]]:
    """One of each: what a person of this bill would see in a month."""
    line = bills.line
    sp = {"savings_plan_savings_plan_a_r_n": PLAN}
    ri = {"reservation_reservation_a_r_n": RESERVATION}
    block = {
        "capacity_reservation_capacity_reservation_arn": BLOCK,
        "capacity_reservation_capacity_reservation_type": "capacity-block",
    }
    # fmt: off
    return [
        line(sku="P5", usage_type="BoxUsage:p5.48xlarge", usage_amount=2.0, unblended_cost=196.64,
            public_on_demand_cost=196.64, rate_code="P5.OD.1", resource_id="i-1",
            resource_tags={"user_team": "research"}),
        line(sku="G5", usage_type="USW2-SpotUsage:g5.xlarge", region_code="us-west-2", usage_amount=3.0,
            unblended_cost=0.9, public_on_demand_cost=3.018, rate_code="G5.OD.1", purchase_option="Spot"),
        line(sku="ML", usage_type="USE1-Train:ml.p5.48xlarge", product_code="AmazonSageMaker",
            operation="CreateTrainingJob", usage_amount=1.0, unblended_cost=113.068, public_on_demand_cost=113.068,
            rate_code="ML.OD.1"),
        line(sku="TOK", usage_type="USE1-Claude4.6Opus-input-tokens", product_code="AmazonBedrock",
            operation="InvokeModelInference", unit="1K tokens", usage_amount=1234.567, unblended_cost=6.172835,
            public_on_demand_cost=6.172835, rate_code="TOK.OD.1", resource_id=PROFILE,
            iam_principal="arn:aws:iam::444455556666:role/app"),
        line(sku="MP", usage_type="USE1-MP:USE1_OutputTokenCount_Global_Batch-Units", product_code="8xyz",
            billing_entity="AWS Marketplace", legal_entity="Anthropic, PBC", operation="", unit="Units",
            usage_amount=0.5, unblended_cost=6.25, public_on_demand_cost=6.25, rate_code="MP.OD.1",
            product={"product_name": "Claude Opus 5.5 (Amazon Bedrock Edition)"}, invoice_id="INV-2"),
        line(sku="RI", line_item_type="DiscountedUsage", usage_type="BoxUsage:m5.large", usage_amount=24.0,
            term="Reserved", public_on_demand_cost=2.304, reservation_effective_cost=1.2, rate_code="RI.R.1", **ri),
        line(sku="RI", line_item_type="RIFee", usage_type="HeavyUsage:m5.large", usage_amount=720.0,
            unblended_cost=36.0, term="Reserved", usage_end_date=datetime(2026, 10, 1, tzinfo=UTC),
            reservation_unused_recurring_fee=34.8, reservation_unused_quantity=696.0,
            reservation_total_reserved_units=720.0, **ri),
        line(sku="SPU", line_item_type="SavingsPlanCoveredUsage", usage_type="BoxUsage:c6i.large", usage_amount=10.0,
            unblended_cost=0.85, public_on_demand_cost=0.85, savings_plan_savings_plan_effective_cost=0.6,
            rate_code="SPU.OD.1", **sp),
        line(line_item_type="SavingsPlanNegation", usage_type="ComputeSP:1yrNoUpfront",
            product_code="ComputeSavingsPlans", unblended_cost=-0.85, **sp),
        line(line_item_type="SavingsPlanRecurringFee", usage_type="ComputeSP:1yrNoUpfront",
            product_code="ComputeSavingsPlans", operation="", unit="", usage_amount=1.0, unblended_cost=1.0,
            usage_end_date=_at(2), savings_plan_total_commitment_to_date=1.0, savings_plan_used_commitment=0.6, **sp),
        line(line_item_type="Usage", usage_type="CapacityBlockFee:p5.48xlarge", operation="CapacityBlock",
            usage_amount=48.0, unblended_cost=1500.0, usage_start_date=_at(10, 12), usage_end_date=_at(12, 12),
            **block),
        line(sku="P5", usage_type="BoxUsage:p5.48xlarge", operation="RunInstances:CB", usage_amount=40.0,
            public_on_demand_cost=3932.8, rate_code="P5.CB.1", usage_start_date=_at(10), usage_end_date=_at(12),
            resource_id="i-cb", **block),
        line(usage_type="USE1-Claude2.1-ProvisionedThroughput-ModelUnit-1month", product_code="AmazonBedrock",
            unit="Hrs", usage_amount=24.0, unblended_cost=480.0, resource_id=UNIT, sku="PT", rate_code="PT.1"),
        line(usage_type="USE1-Guardrail-ContentPolicyUnitsConsumed", product_code="AmazonBedrock", unit="TextUnits",
            usage_amount=100.0, unblended_cost=0.015, public_on_demand_cost=0.015, sku="GR", rate_code="GR.1"),
        line(line_item_type="Fee", usage_type="Dimension-1", product_code="support", operation="", unit="",
            usage_amount=1.0, unblended_cost=29.0),
        line(line_item_type="Tax", usage_type=None, operation=None, unit=None, rate_code=None, unblended_cost=12.34,
            usage_amount=1.0),
        line(line_item_type="Credit", usage_type="BoxUsage:m5.large", unblended_cost=-5.0, usage_amount=0.0),
        line(line_item_type="Refund", usage_type="BoxUsage:m5.large", unblended_cost=-2.0,
            usage_start_date=datetime(2026, 8, 3, tzinfo=UTC), usage_end_date=datetime(2026, 8, 4, tzinfo=UTC)),
        line(line_item_type="EdpDiscount", usage_type="BoxUsage:p5.48xlarge", unblended_cost=-9.832),
        line(line_item_type="BundledDiscount", usage_type="DataTransfer-Out-Bytes", product_code="AWSDataTransfer",
            unblended_cost=-0.5),
        line(line_item_type="SomethingNew", usage_type="BoxUsage:m5.large", unblended_cost=0.25),
        line(sku="NEG", usage_type="BoxUsage:t3.micro", unblended_cost=-0.01, usage_amount=1.0),
        line(sku="S3", usage_type="TimedStorage-ByteHrs", product_code="AmazonS3", unit="GB-Mo",
            operation="StandardStorage", usage_amount=100.0, unblended_cost=2.3, rate_code="S3.1"),
    ]
    # fmt: on


def test_a_month_of_every_line_item_type_is_sound(bills: Any, charges_of: Callable[..., Any]) -> None:
    """Our own charges pass every invariant, strictly, and add up to the bill to the last place."""
    lines = every_line_item(bills)
    month = charges_of(*lines)
    report = check(for_export(month.charges))
    assert [str(violation) for violation in report.violations] == []
    total = sum((Decimal(str(line["line_item_unblended_cost"])) for line in lines), Decimal(0))
    assert month.charges["BilledCost"].sum() == total == Decimal("2366.593835")
    assert month.as_read.row(0) == ("USD", month.charges.height, total)
    assert month.missing == []


def test_instances_are_hours_of_their_size_and_spot_is_dynamic(bills: Any, charges_of: Callable[..., Any]) -> None:
    month = charges_of(*every_line_item(bills))
    on_demand = month.one(SkuPriceId="P5.OD.1")
    assert (on_demand["x_InstanceType"], on_demand["ConsumedQuantity"], on_demand["ConsumedUnit"]) == (
        "p5.48xlarge",
        2,
        "Hours",
    )
    assert (on_demand["ServiceName"], on_demand["PricingCategory"]) == ("Amazon Elastic Compute Cloud", "Standard")
    assert (on_demand["ListUnitPrice"], on_demand["Tags"]) == (Decimal("98.32"), '{"user_team":"research"}')
    assert (on_demand["ResourceId"], on_demand["ResourceType"]) == ("i-1", "Instance")
    spot = month.one(PricingCategory="Dynamic")
    assert (spot["BilledCost"], spot["ListCost"], spot["x_InstanceType"]) == (
        Decimal("0.9"),
        Decimal("3.018"),
        "g5.xlarge",
    )
    assert (spot["RegionId"], spot["RegionName"]) == ("us-west-2", "US West (Oregon)")
    training = month.one(ServiceName="Amazon SageMaker")
    assert (training["x_InstanceType"], training["ServiceSubcategory"]) == ("ml.p5.48xlarge", "Machine Learning")


def test_tokens_are_raw_and_named_as_the_bill_names_them(bills: Any, charges_of: Callable[..., Any]) -> None:
    month = charges_of(*every_line_item(bills))
    classic = month.one(SkuPriceId="TOK.OD.1")
    assert (classic["x_ModelId"], classic["x_Meter"], classic["ConsumedQuantity"]) == (
        "Claude4.6Opus",
        "input",
        1_234_567,
    )
    assert (classic["PricingUnit"], classic["ConsumedUnit"], classic["SkuMeter"]) == (
        "1000 Tokens",
        "Tokens",
        "Input Tokens",
    )
    assert (classic["x_ApiKeyId"], classic["ResourceType"]) == ("chat1", "Application Inference Profile")
    assert classic["x_UserId"] == "arn:aws:iam::444455556666:role/app"
    market = month.one(SkuPriceId="MP.OD.1")
    assert (market["x_ModelId"], market["x_Meter"], market["ConsumedQuantity"]) == (
        "Claude Opus 5.5",
        "output",
        500_000,
    )
    assert (market["x_ProcessingTier"], market["x_InferenceGeo"], market["ServiceName"]) == (
        "batch",
        "global",
        "Amazon Bedrock",
    )
    assert {row["meter"]: row["quantity"] for row in month.readings.iter_rows(named=True)} == {
        "input": 1_234_567,
        "output": 500_000,
    }
    assert [claim.role for claim in month.claims] == ["money", "usage"]


def test_a_reservation_is_bought_used_and_left_over(bills: Any, charges_of: Callable[..., Any]) -> None:
    """36 paid for September's 720 hours: 24 hours used at 1.20, 696 unused at 34.80."""
    month = charges_of(*every_line_item(bills))
    bought = month.one(CommitmentDiscountId=RESERVATION, ChargeCategory="Purchase")
    used = month.one(CommitmentDiscountId=RESERVATION, CommitmentDiscountStatus="Used")
    unused = month.one(CommitmentDiscountId=RESERVATION, CommitmentDiscountStatus="Unused")
    assert (bought["BilledCost"], bought["EffectiveCost"], bought["ChargeFrequency"]) == (36, 0, "Recurring")
    assert (used["BilledCost"], used["EffectiveCost"], used["ListCost"]) == (0, Decimal("1.2"), Decimal("2.304"))
    assert (unused["BilledCost"], unused["EffectiveCost"], unused["ConsumedQuantity"]) == (0, Decimal("34.8"), None)
    assert used["EffectiveCost"] + unused["EffectiveCost"] == bought["BilledCost"]
    assert (unused["ResourceId"], unused["CommitmentDiscountQuantity"]) == (RESERVATION, 696)


def test_a_savings_plan_carries_its_cost_to_what_it_covers(bills: Any, charges_of: Callable[..., Any]) -> None:
    """1.00 an hour committed: 0.60 used by usage that would cost 0.85, 0.40 left over; the negation is no charge."""
    month = charges_of(*every_line_item(bills))
    fee = month.one(CommitmentDiscountId=PLAN, ChargeCategory="Purchase")
    used = month.one(CommitmentDiscountId=PLAN, CommitmentDiscountStatus="Used")
    unused = month.one(CommitmentDiscountId=PLAN, CommitmentDiscountStatus="Unused")
    assert (fee["BilledCost"], fee["EffectiveCost"], fee["CommitmentDiscountType"]) == (1, 0, "Savings Plan")
    assert (used["BilledCost"], used["EffectiveCost"], used["ContractedCost"]) == (0, Decimal("0.6"), Decimal("0.85"))
    assert unused["EffectiveCost"] == Decimal("0.4")
    assert not month.charges["ChargeDescription"].str.contains("leave over").any()


def test_what_negations_leave_over_is_one_adjustment(bills: Any, charges_of: Callable[..., Any]) -> None:
    """Two covered hours of 0.0000000001 are negated as 0.0000000003: the difference is billed, nothing else."""
    plan = {"savings_plan_savings_plan_a_r_n": PLAN}
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


def test_an_upfront_fee_is_bought_for_its_term(bills: Any, charges_of: Callable[..., Any]) -> None:
    """Paid up front: 8760 for a year. September's 24 hours cost 24; a recurring fee of nothing is no purchase."""
    ri = {"reservation_reservation_a_r_n": RESERVATION}
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


def test_a_capacity_block_costs_its_hours_not_its_payment(bills: Any, charges_of: Callable[..., Any]) -> None:
    """1500 for two days of one p5.48xlarge: 40 hours used are 1250, the 8 that nobody used 250."""
    month = charges_of(*every_line_item(bills))
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
    assert month.one(CommitmentDiscountId=BLOCK, CommitmentDiscountStatus="Used")["x_InstanceType"] == "p5.48xlarge"


def test_a_block_that_the_bill_does_not_explain_stays_at_its_fee(bills: Any, charges_of: Callable[..., Any]) -> None:
    fee = bills.line(
        line_item_type="Fee",
        usage_type="CapacityBlockFee:p5.48xlarge",
        unit="",
        usage_amount=1.0,
        unblended_cost=1500.0,
        capacity_reservation_capacity_reservation_arn=BLOCK,
    )
    month = charges_of(fee)
    assert month.one(ChargeCategory="Purchase")["EffectiveCost"] == 1500
    assert month.found("capacity_block_not_amortised") == [
        (f"{BLOCK}: the bill tells no window and hours; 1500.000000000000 stays at the fee", 1)
    ]


def test_a_declared_block_is_shared_out_over_its_months(bills: Any, charges_of: Callable[..., Any]) -> None:
    """4 days from 29 September, 960 for 96 hours: two days are September's, 480, whoever billed the fee and when."""
    declared = [
        {"id": BLOCK, "start": "2026-09-29T00:00:00Z", "end": "2026-10-03T00:00:00Z", "instances": 1, "fee": "960"}
    ]
    used = bills.line(
        sku="P5",
        usage_type="BoxUsage:p5.48xlarge",
        usage_amount=24.0,
        usage_start_date=_at(29),
        usage_end_date=_at(30),
        public_on_demand_cost=2359.68,
        capacity_reservation_capacity_reservation_arn=BLOCK,
        unblended_cost=2.4,
    )
    month = charges_of(used, capacity_blocks=declared)
    assert month.one(CommitmentDiscountStatus="Used")["EffectiveCost"] == 240
    assert month.one(CommitmentDiscountStatus="Unused")["EffectiveCost"] == 240
    software = month.one(CommitmentDiscountStatus=None)
    assert (software["BilledCost"], software["x_InstanceType"]) == (Decimal("2.4"), None)
    assert month.charges["BilledCost"].sum() == Decimal("2.4")


def test_provisioned_throughput_is_bought_by_the_hour_and_counts_no_tokens(
    bills: Any, charges_of: Callable[..., Any]
) -> None:
    month = charges_of(*every_line_item(bills))
    bought = month.one(CommitmentDiscountId=UNIT, ChargeCategory="Purchase")
    ready = month.one(CommitmentDiscountId=UNIT, CommitmentDiscountStatus="Used")
    assert (bought["BilledCost"], bought["EffectiveCost"], ready["EffectiveCost"]) == (480, 0, 480)
    assert (ready["CommitmentDiscountType"], ready["x_ModelId"], ready["x_Meter"]) == (
        "Provisioned Throughput",
        "Claude2.1",
        None,
    )


def test_money_back_is_never_negative_usage(bills: Any, charges_of: Callable[..., Any]) -> None:
    month = charges_of(*every_line_item(bills))
    assert month.one(BilledCost=Decimal("-0.01"))["ChargeCategory"] == "Adjustment"
    refund = month.one(BilledCost=Decimal(-2))
    assert (refund["ChargeCategory"], refund["ChargeClass"]) == ("Credit", "Correction")
    discount = month.one(BilledCost=Decimal("-9.832"))
    assert (discount["ChargeCategory"], discount["ListCost"]) == ("Adjustment", 0)
    tax = month.one(ChargeCategory="Tax")
    assert (tax["SkuId"], tax["BilledCost"], tax["EffectiveCost"]) == (None, Decimal("12.34"), Decimal("12.34"))


def test_what_is_not_understood_is_kept_and_listed_with_its_money(bills: Any, charges_of: Callable[..., Any]) -> None:
    month = charges_of(*every_line_item(bills))
    assert month.found("not_understood") == [
        ("line item type SomethingNew: 0.25 USD", 1),
        ("usage type USE1-Guardrail-ContentPolicyUnitsConsumed: 0.015 USD", 1),
    ]
    assert month.one(BilledCost=Decimal("0.25"))["ChargeCategory"] == "Adjustment"


def test_net_costs_are_contracted_and_billed_only_where_that_is_asked_for(
    bills: Any, charges_of: Callable[..., Any]
) -> None:
    """10 at list, 9 after the discount of the agreement, which no row of its own tells."""
    line = bills.line(sku="N", unblended_cost=10.0, net_unblended_cost=9.0, public_on_demand_cost=10.0)
    month = charges_of(line)
    assert month.charges.select("BilledCost", "EffectiveCost", "ContractedCost", "ListCost").row(0) == (10, 10, 9, 10)
    assert month.found("discounts_outside_billed") == [
        ("net cost less unblended cost, not in what is billed: -1 USD", 1)
    ]
    net = charges_of(line, billed_cost="net")
    assert net.charges.select("BilledCost", "EffectiveCost", "ContractedCost", "ListCost").row(0) == (9, 9, 9, 10)
    assert net.as_read.row(0) == ("USD", 1, Decimal(9))


def test_shares_of_split_costs_are_not_counted_beside_their_parent(bills: Any, charges_of: Callable[..., Any]) -> None:
    parent = bills.line(sku="N", unblended_cost=10.0, resource_id="i-node", public_on_demand_cost=10.0)
    pods = [
        bills.line(
            product_code="AmazonEKS",
            usage_type="EKS-EC2-vCPU-Hours",
            resource_id=f"pod/{name}",
            split_line_item_parent_resource_id="i-node",
            split_line_item_split_cost=used,
            split_line_item_unused_cost=idle,
        )
        for name, used, idle in (("a", 4.0, 1.0), ("b", 3.0, 2.0))
    ]
    month = charges_of(parent, *pods)
    assert (month.charges.height, month.charges["BilledCost"].sum()) == (1, 10)
    assert month.found("split_cost_allocation") == [
        ("split cost of containers and pods, billed by their parents and not counted again: 10 USD", 2)
    ]


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
        savings_plan_savings_plan_a_r_n=pl.lit(PLAN),
        reservation_reservation_a_r_n=pl.lit(None, dtype=pl.String),
    )
    residuals = Residuals("unblended")
    for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
        residuals.add(half)
    charges = residuals.charges("2026-09")
    assert (charges is None) == (off == 0)
    if charges is not None:
        assert charges["BilledCost"].sum() == Decimal(off).scaleb(-10)
