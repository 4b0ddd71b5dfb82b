"""Our rates on a vendor's own charges: whose they are, what they make of a price, and what they leave alone."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.errors import OutlayError
from models.ledger.contract_rates import ContractRate, contracted_prices
from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.invariants import check
from models.ledger.sku_rates import with_contract_rates

JULY = date(2026, 7, 1)
AMOUNTS = [name for name, dtype in COST_AND_USAGE.polars_schema.items() if isinstance(dtype, pl.Decimal)]


def machine(**said: Any) -> dict[str, Any]:
    """Ten hours of a p5.48xlarge that list for 98.32 and that AWS prices at 90."""
    start = said.pop("start", datetime(2026, 9, 10, tzinfo=UTC))
    known = {
        "ServiceProviderName": "AWS",
        "InvoiceIssuerName": "Amazon Web Services EMEA SARL",
        "ServiceName": "Amazon Elastic Compute Cloud",
        "SkuId": "P5SKU",
        "SkuPriceId": "P5SKU.ONDEMAND",
        "SkuMeter": "USE1-BoxUsage:p5.48xlarge",
        "RegionId": "us-east-1",
        "x_InstanceType": "p5.48xlarge",
        "x_VendorColumns": '{"LineItemType":"Usage"}',
        "x_Source": "aws",
        "x_BillingMonth": "2026-09",
        "BillingAccountId": "payer",
        "BillingCurrency": "USD",
        "PricingCategory": "Standard",
        "PricingUnit": "Hours",
        "ChargeCategory": "Usage",
        "PricingQuantity": "10",
        "ListUnitPrice": "98.32",
        "ListCost": "983.2",
        "ContractedUnitPrice": "90",
        "ContractedCost": "900",
        "BilledCost": "900",
        "EffectiveCost": "900",
        "BillingPeriodStart": datetime(2026, 9, 1, tzinfo=UTC),
        "BillingPeriodEnd": datetime(2026, 10, 1, tzinfo=UTC),
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start.replace(hour=10),
        **said,
    }
    return {name: Decimal(v) if name in AMOUNTS and v is not None else v for name, v in known.items()}


def rated(*rates: ContractRate, **said: Any) -> dict[str, Any]:
    charges = pl.DataFrame([machine(**said)], schema=COST_AND_USAGE.polars_schema)
    return COST_AND_USAGE.check(with_contract_rates(charges, rates)).row(0, named=True)


def rate(**said: Any) -> ContractRate:
    price = {} if "unit_price" in said else {"discount_pct": Decimal("12.5")}
    return ContractRate("EDP", JULY, **{"provider": "aws", **price, **said})


def test_a_discount_is_off_the_public_price() -> None:
    """98.32 − 12.5 % = 86.03 an hour; × 10 = 860.30."""
    row = rated(rate(sku="*BoxUsage:p5*"))
    assert (row["ContractedUnitPrice"], row["ContractedCost"]) == (Decimal("86.03"), Decimal("860.3"))
    assert row["x_Contract"] == "EDP"
    assert (row["BilledCost"], row["EffectiveCost"], row["ListCost"]) == (900, 900, Decimal("983.2"))


def test_a_price_of_our_own_is_a_price_per_pricing_unit() -> None:
    row = rated(rate(instance_type="p5.*", unit="Hours", unit_price=Decimal("55.125")))
    assert row["ContractedCost"] == Decimal("551.25")
    assert rated(rate(instance_type="p5.*", unit="Seconds", unit_price=Decimal("55.125")))["x_Contract"] is None


def test_the_vendors_own_figures_are_kept_beside_ours() -> None:
    kept = json.loads(rated(rate(service="Amazon Elastic*"))["x_VendorColumns"])
    assert kept == {
        "LineItemType": "Usage", "ContractedUnitPrice": "90.000000000000", "ContractedCost": "900.000000000000"
    }  # fmt: skip
    alone = rated(rate(service="*"), x_VendorColumns=None, ContractedUnitPrice=None)
    assert json.loads(alone["x_VendorColumns"]) == {"ContractedCost": "900.000000000000"}
    empty = rated(rate(service="*"), x_VendorColumns="{}")
    assert set(json.loads(empty["x_VendorColumns"])) == {"ContractedUnitPrice", "ContractedCost"}
    agreed = rated(rate(service="*", unit_price=Decimal(90)))
    assert (agreed["x_Contract"], agreed["x_VendorColumns"]) == ("EDP", '{"LineItemType":"Usage"}')


@pytest.mark.parametrize(
    "left_alone",
    [
        {"CommitmentDiscountId": "arn:plan"},
        {"ChargeCategory": "Credit"},
        {"PricingCategory": "Dynamic"},
        {"start": datetime(2026, 6, 30, 23, tzinfo=UTC), "ChargePeriodEnd": datetime(2026, 7, 1, tzinfo=UTC)},
        {"ServiceProviderName": "Google Cloud"},
        {"x_Source": "aws-labs"},
        {"SkuId": None, "SkuPriceId": None, "SkuMeter": None},
        {"RegionId": "eu-west-1"},
        {"x_InstanceType": "p4d.24xlarge"},
    ],
)
def test_what_a_rate_is_not_for_keeps_the_vendors_price(left_alone: dict[str, Any]) -> None:
    row = rated(rate(sku="P5*", region="us-*", instance_type="p5.*", source="aws"), **left_alone)
    assert (row["ContractedCost"], row["x_Contract"]) == (900, None)


def test_spot_has_no_list_price_to_be_off_but_may_have_a_price_of_its_own() -> None:
    row = rated(rate(sku="*", unit_price=Decimal(40)), PricingCategory="Dynamic")
    assert row["ContractedCost"] == 400


def test_a_price_is_for_its_currency_and_a_discount_for_any() -> None:
    assert rated(rate(sku="*", unit_price=Decimal(40)), BillingCurrency="EUR")["x_Contract"] is None
    assert rated(rate(sku="*", unit_price=Decimal(40), currency="EUR"), BillingCurrency="EUR")["ContractedCost"] == 400
    assert rated(rate(sku="*"), BillingCurrency="EUR")["ContractedCost"] == Decimal("860.3")


def test_without_a_unit_price_the_discount_is_off_the_list_cost() -> None:
    row = rated(rate(sku="*"), ListUnitPrice=None, ContractedUnitPrice=None)
    assert (row["ContractedUnitPrice"], row["ContractedCost"]) == (None, Decimal("860.3"))


def test_a_discount_on_tiers_is_off_all_of_them_and_rounded_once() -> None:
    """Listed at 2 for the tier that is shown and 10 in all; a third off is 6.70. 1e9 tokens at 0.000000000007 a token,
    12.5 % off: 0.000000000006125 a token cannot be shown, but 0.007 × 0.875 = 0.006125 is exact."""
    tiers = rated(rate(sku="*", discount_pct=Decimal(33)), PricingQuantity="1", ListUnitPrice="2", ListCost="10")
    assert (tiers["ContractedUnitPrice"], tiers["ContractedCost"]) == (Decimal("1.34"), Decimal("6.7"))
    tiny = rated(rate(sku="*"), PricingQuantity="1000000000", ListUnitPrice="0.000000000007", ListCost="0.007")
    assert tiny["ContractedCost"] == Decimal("0.006125")


def test_a_provider_is_called_by_its_name_its_family_or_a_pattern() -> None:
    for provider in ("aws", "Amazon", "AWS", "a*"):
        assert rated(rate(sku="*", provider=provider))["x_Contract"] == "EDP"
    assert rated(rate(sku="*", issuer="Amazon Web Services*"))["x_Contract"] == "EDP"
    assert rated(rate(sku="*", issuer="AWS"))["x_Contract"] == "EDP"
    assert rated(rate(sku="*", issuer="Reseller*"))["x_Contract"] is None


def test_the_machine_may_stand_in_the_skus_details() -> None:
    row = rated(rate(instance_type="p5.*"), x_InstanceType=None, SkuPriceDetails='{"InstanceType": "p5.48xlarge"}')
    assert row["x_Contract"] == "EDP"


def test_the_first_rate_that_fits_wins_also_where_dates_part_them() -> None:
    first = rate(sku="*", unit_price=Decimal(1), valid_to=date(2026, 9, 10))
    assert rated(first, rate(sku="*"))["ContractedCost"] == Decimal("860.3")
    earlier = rated(first, rate(sku="*"), start=datetime(2026, 9, 9, tzinfo=UTC))
    assert earlier["ContractedCost"] == 10


def test_rates_on_models_and_rates_on_skus_keep_apart() -> None:
    on_readings = ContractRate("tokens", JULY, provider="AWS", discount_pct=Decimal(50))
    assert rated(on_readings)["x_Contract"] is None
    keys = pl.DataFrame(
        {"source": ["aws"], "provider": ["aws"], "model": ["x"], "price_model": ["x"], "meter": ["input"],
         "processing_tier": ["standard"], "at": [datetime(2026, 9, 1, tzinfo=UTC)], "list_unit_price": [Decimal(2)]}
    )  # fmt: skip
    assert contracted_prices(keys, [rate(sku="*")])["contract"].to_list() == [None]


def test_price_times_quantity_is_still_the_cost() -> None:
    charges = pl.DataFrame(
        [machine(PricingQuantity="3.333333333333", ListCost="327.733333333301")], schema=COST_AND_USAGE.polars_schema
    )
    report = check(with_contract_rates(charges, [rate(sku="*")]), lenient=True)
    assert "price-times-quantity:ContractedCost" not in str(report.violations)


def test_a_unit_price_needs_something_that_says_its_unit() -> None:
    with pytest.raises(OutlayError, match="cannot be applied"):
        ContractRate("no unit", JULY, unit_price=Decimal(1))
