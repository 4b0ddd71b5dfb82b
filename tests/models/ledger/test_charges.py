"""A settlement as FOCUS 1.4 charges: the four costs, SKUs, units and what stands alone."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from models.errors import OutlayError
from models.ledger.billing import settle
from models.ledger.charges import to_charges
from models.ledger.focus import COST_AND_USAGE

LATER = datetime(2026, 9, 20, tzinfo=UTC)
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


@pytest.fixture
def charge(bill_frame, rated_frame):
    """Charges, checked by contract, of lines and readings."""

    def make(lines, readings=(), **options):
        settled = settle(bill_frame(*lines), rated_frame(*readings), as_of=LATER)
        return COST_AND_USAGE.check(to_charges(settled, **options))

    return make


def test_a_discounted_token_charge_by_hand(charge, line, reading):
    """2,000,000 tokens at 2.50 the million, contracted at 2.00, billed 4.00."""
    row = charge([line("4")], [reading(2_000_000, contracted="2")]).row(0, named=True)
    assert [row[cost] for cost in COSTS] == [4, 4, 5, 4]
    assert (row["ListUnitPrice"], row["ContractedUnitPrice"]) == (Decimal("2.5"), 2)
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == (2_000_000, "Tokens")
    assert (row["PricingQuantity"], row["PricingUnit"]) == (2, "1000000 Tokens")
    assert row["SkuId"] == "openai/gpt-4o/input"
    assert row["SkuPriceId"] == "openai/gpt-4o/input/standard"
    assert json.loads(row["SkuPriceDetails"]) == {
        "x_ModelDeveloper": "OpenAI",
        "x_ModelId": "gpt-4o",
        "x_ProcessingTier": "standard",
        "x_TokenCacheAction": "Uncached",
        "x_TokenDirection": "Input",
    }
    assert row["BillingPeriodStart"] == datetime(2026, 9, 1, tzinfo=UTC)
    assert row["BillingPeriodEnd"] == datetime(2026, 10, 1, tzinfo=UTC)
    assert row["InvoiceId"] is None


def test_context_and_geography_are_part_of_the_price_line(charge, line, reading):
    said = {
        "provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "processing_tier": "batch",
        "context_window": "200k-1M",
        "inference_geo": "us",
        "meter": "cache_write_1h",
    }
    row = charge([line("1", **said)], [reading(**said)]).row(0, named=True)
    assert row["SkuPriceId"] == "anthropic/claude-sonnet-4-5/cache_write_1h/batch/200k-1M/us"
    assert (row["ServiceName"], row["SubAccountType"]) == ("Claude API", "Workspace")


def test_without_a_known_price_the_four_costs_are_what_is_billed(charge, line, reading):
    """1.00 over three tokens of two keys: unit prices are cost ÷ quantity, so price × quantity is the cost again."""
    readings = [reading(1, None), reading(2, None, api_key_id="key_2")]
    charges = charge([line("1")], readings)
    assert charges["BilledCost"].to_list() == [Decimal("0.333333333333"), Decimal("0.666666666667")]
    for cost in COSTS:
        assert charges[cost].equals(charges["BilledCost"])
    last_place = Decimal("0.000000000001")
    for price, quantity, cost in charges.select("ListUnitPrice", "PricingQuantity", "ListCost").iter_rows():
        assert abs(price * quantity - cost) <= last_place / 2 * quantity + last_place / 2
    assert set(charges["x_PriceStatus"]) == {"unpriced"}


def test_a_bill_in_another_currency_is_not_compared_with_prices_in_dollars(charge, line, reading):
    row = charge([line("9", currency="EUR")], [reading()]).row(0, named=True)
    assert [row[cost] for cost in COSTS] == [9, 9, 9, 9]
    assert (row["ListUnitPrice"], row["x_PriceStatus"], row["x_Reason"]) == (9, "unpriced", "currency")
    assert (row["BillingCurrency"], row["PricingCurrency"]) == ("EUR", "EUR")


@pytest.mark.parametrize(
    ("amount", "category", "becomes", "reason"),
    [
        ("4", "Usage", "Adjustment", "missing usage"),
        ("-4", "Usage", "Credit", "credit"),
        ("-4", "Credit", "Credit", "credit"),
        ("4", "Tax", "Tax", "tax"),
        ("-4", "Adjustment", "Adjustment", "credit"),
        ("4", "Adjustment", "Adjustment", "unknown"),
    ],
)
def test_a_line_alone_has_no_sku_and_full_cost(charge, line, amount, category, becomes, reason):
    row = charge([line(amount, charge_category=category)]).row(0, named=True)
    assert (row["ChargeCategory"], row["x_Match"], row["x_Reason"]) == (becomes, "unmatched", reason)
    assert [row[cost] for cost in COSTS] == [Decimal(amount)] * 4
    nulls = ("SkuId", "SkuPriceId", "ConsumedQuantity", "PricingQuantity", "PricingCategory", "ListUnitPrice")
    assert [row[name] for name in nulls] == [None] * len(nulls)
    assert (row["SubAccountId"], row["x_ModelId"]) == ("proj_a", "gpt-4o")


def test_a_purchase_is_one_unit_at_its_price(charge, line):
    row = charge([line("100", charge_category="Purchase", model=None, meter=None)]).row(0, named=True)
    assert (row["PricingQuantity"], row["ListUnitPrice"], row["ListCost"]) == (1, 100, 100)
    assert (row["ConsumedQuantity"], row["ChargeFrequency"]) == (None, "One-Time")


def test_names_fall_back_to_ids(charge, line, reading):
    charges = charge(
        [line("4"), line("-1", project_id="proj_b", charge_category="Credit")],
        [reading(project_name="Search")],
        account_names={"org-1": "Example Inc"},
    )
    assert charges.select("SubAccountName", "BillingAccountName").rows() == [
        ("Search", "Example Inc"),
        ("proj_b", "Example Inc"),
    ]


def test_an_unknown_provider_is_an_error_that_names_it(charge, line):
    with pytest.raises(OutlayError, match="acme"):
        charge([line("4", provider="acme")])


def test_consumed_quantity_is_that_of_the_paid_readings_once(charge, line, reading):
    readings = [reading(5), reading(7, api_key_id="key_2"), reading(11, project_id="proj_c")]
    charges = charge([line("1", line_id="a"), line("2", line_id="b"), line("-1", line_id="c")], readings)
    assert charges["ConsumedQuantity"].sum() == 12
    assert charges["BilledCost"].sum() == 2


def test_no_rows_give_no_charges(charge):
    assert charge([]).is_empty()


@pytest.mark.reference
@pytest.mark.slow
def test_the_foundation_s_validator_passes_what_we_make(shared_reference, tmp_path, charge, line, reading):
    import subprocess

    lines = [
        line("10.0000001"),
        line("0.5", model="new", meter="output"),
        line("-3", description="refund"),
        line("4", description="Code execution", model=None, meter=None),
        line("5", charge_category="Tax", model=None, meter=None),
        line("6", charge_category="Purchase", model=None, meter=None),
        line("7", currency="EUR", meter="web_searches"),
    ]
    readings = [
        reading(),
        reading(3, None, model="new", meter="output"),
        reading(9, None, meter="web_searches"),
        reading(8, api_key_id="key_2", processing_tier="batch"),
    ]
    file = tmp_path / "charges.parquet"
    charge(lines, readings).write_parquet(file)
    done = subprocess.run(
        [shared_reference / "focus" / "validator" / "focus-check", file],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode == 2:
        pytest.skip(f"the validator gave no verdict: {done.stdout[-300:]}{done.stderr[-300:]}")
    assert done.returncode == 0, done.stdout
