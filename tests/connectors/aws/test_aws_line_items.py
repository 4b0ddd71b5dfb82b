"""What becomes of each line item type, with money worked out by hand; and that a month of all of them is sound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import AnswerError
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check


def test_a_month_of_every_line_item_type_is_sound(
    all_line_items: list[dict[str, Any]], charges_of: Callable[..., Any]
) -> None:
    """Our own charges pass every invariant, strictly, and add up to the bill to the last place."""
    lines = all_line_items
    month = charges_of(*lines)
    report = check(for_export(month.charges))
    assert [str(violation) for violation in report.violations] == []
    total = sum((Decimal(str(line["line_item_unblended_cost"])) for line in lines), Decimal(0))
    assert month.charges["BilledCost"].sum() == total == Decimal("2366.593835")
    assert month.as_read.row(0) == ("USD", month.charges.height, total)
    assert month.missing == []


def test_instances_are_hours_of_their_size_and_spot_is_dynamic(
    all_line_items: list[dict[str, Any]], charges_of: Callable[..., Any]
) -> None:
    month = charges_of(*all_line_items)
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


def test_tokens_are_raw_and_named_as_the_bill_names_them(
    all_line_items: list[dict[str, Any]], charges_of: Callable[..., Any]
) -> None:
    month = charges_of(*all_line_items)
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


def test_money_back_is_never_negative_usage(
    all_line_items: list[dict[str, Any]], charges_of: Callable[..., Any]
) -> None:
    month = charges_of(*all_line_items)
    assert month.one(BilledCost=Decimal("-0.01"))["ChargeCategory"] == "Adjustment"
    refund = month.one(BilledCost=Decimal(-2))
    assert (refund["ChargeCategory"], refund["ChargeClass"]) == ("Credit", "Correction")
    discount = month.one(BilledCost=Decimal("-9.832"))
    assert (discount["ChargeCategory"], discount["ListCost"]) == ("Adjustment", 0)
    tax = month.one(ChargeCategory="Tax")
    assert (tax["SkuId"], tax["BilledCost"], tax["EffectiveCost"]) == (None, Decimal("12.34"), Decimal("12.34"))


@pytest.mark.parametrize(
    ("kind", "cost"),
    [("Credit", -5.0), ("Tax", 1.0), ("Refund", -2.0), ("EdpDiscount", -1.0), ("Fee", 3.0), ("Usage", -4.0)],
)
def test_what_is_of_an_earlier_month_corrects_it(
    bills: Any, charges_of: Callable[..., Any], kind: str, cost: float
) -> None:
    """Billed in September, of days in August: no charge of September breaks its own month for that."""
    days = {
        "usage_start_date": datetime(2026, 8, 3, tzinfo=UTC),
        "usage_end_date": datetime(2026, 8, 4, tzinfo=UTC),
    }
    month = charges_of(bills.line(line_item_type=kind, unblended_cost=cost, **days), bills.line(sku="S"))
    assert month.one(BilledCost=Decimal(cost))["ChargeClass"] == "Correction"
    assert [str(violation) for violation in check(for_export(month.charges)).violations] == []


def test_a_fee_that_reaches_into_its_month_corrects_nothing(bills: Any, charges_of: Callable[..., Any]) -> None:
    fee = bills.line(line_item_type="Fee", unblended_cost=3.0, usage_start_date=datetime(2026, 8, 3, tzinfo=UTC))
    month = charges_of(fee)
    assert month.one(BilledCost=Decimal(3))["ChargeClass"] is None
    assert [str(violation) for violation in check(for_export(month.charges)).violations] == []


def test_what_is_not_understood_is_kept_and_listed_with_its_money(
    all_line_items: list[dict[str, Any]], charges_of: Callable[..., Any]
) -> None:
    month = charges_of(*all_line_items)
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


def test_discounts_in_rows_and_in_net_costs_are_not_taken_off_twice(bills: Any, charges_of: Callable[..., Any]) -> None:
    """100 less 10: by a row of its own and by the net cost of the usage. 90 is billed, never 80."""
    usage = bills.line(sku="N", unblended_cost=100.0, net_unblended_cost=90.0, public_on_demand_cost=100.0)
    discount = bills.line(line_item_type="EdpDiscount", unblended_cost=-10.0)
    with pytest.raises(
        AnswerError, match=r"discounts twice: .* in 1 rows of discounts \(-10\) without a net"
    ) as refused:
        charges_of(usage, discount, billed_cost="net")
    assert "billed_cost: unblended" in refused.value.remedy
    assert charges_of(usage, discount).charges["BilledCost"].sum() == 90
    told = {**discount, "line_item_net_unblended_cost": 0.0}
    assert charges_of(usage, told, billed_cost="net").charges["BilledCost"].sum() == 90
    plain = {**usage, "line_item_net_unblended_cost": 100.0}
    assert charges_of(plain, discount, billed_cost="net").charges["BilledCost"].sum() == 90


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
