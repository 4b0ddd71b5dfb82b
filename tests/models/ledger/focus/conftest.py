"""A small month of charges that keeps every rule: tokens, GPU hours, a commitment, prepaid credits, a tax, a credit,
an adjustment, a correction and an unpriced model. Worked out by hand, row by row."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.ledger.focus import COST_AND_USAGE

Row = dict[str, Any]


def _at(day: int, hour: int = 0, month: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def _money(row: Row) -> Row:
    return {key: Decimal(value) if isinstance(value, int) else value for key, value in row.items()}


def charge(**facts: Any) -> Row:
    """A Usage charge of an OpenAI account on 3 September 2026; costs all equal `cost` unless said."""
    cost = Decimal(str(facts.pop("cost", "0")))
    provider = facts.get("ServiceProviderName", "OpenAI")
    row = {
        "BillingAccountId": "org-1",
        "BillingAccountName": "Example Org",
        "BillingAccountType": "Organization",
        "BillingCurrency": "USD",
        "BillingPeriodStart": _at(1),
        "BillingPeriodEnd": _at(1, month=10),
        "ChargePeriodStart": _at(3),
        "ChargePeriodEnd": _at(4),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": "gpt-5 input tokens",
        "ServiceProviderName": provider,
        "HostProviderName": provider,
        "InvoiceIssuerName": provider,
        "ProviderName": provider,
        "PublisherName": provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "OpenAI API",
        "SubAccountId": "proj-1",
        "SubAccountName": "Search",
        "SubAccountType": "Project",
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "ContractedCost": cost,
        "PricingCurrency": "USD",
        "PricingCurrencyEffectiveCost": facts.get("EffectiveCost", cost),
        "x_Source": "openai",
        "x_BillingMonth": "2026-09",
        "x_CostSource": "vendor_cost_report",
        "x_CostStatus": "provisional",
        "x_Match": "matched",
        "x_PriceStatus": "priced",
    }
    return row | facts


def _sku(sku: str, meter: str, unit: str, price: str, quantity: str, **facts: Any) -> Row:
    """What a priced row says of its SKU."""
    amounts = {
        "ListUnitPrice": Decimal(price),
        "ContractedUnitPrice": Decimal(price),
        "PricingCurrencyListUnitPrice": Decimal(price),
        "PricingCurrencyContractedUnitPrice": Decimal(price),
        "PricingQuantity": Decimal(quantity),
    }
    words = {
        "SkuId": sku,
        "SkuPriceId": f"{sku}/standard",
        "SkuMeter": meter,
        "PricingUnit": unit,
        "PricingCategory": "Standard",
    }
    return words | amounts | facts


def _tokens(kind: str, tokens: int, price: str, cost: str, **facts: Any) -> Row:
    meter = {"input": "Input Tokens", "output": "Output Tokens", "cache_read": "Cache Read Input Tokens"}[kind]
    sku = _sku(f"openai/gpt-5/{kind}", meter, "1000000 Tokens", price, str(Decimal(tokens) / 1_000_000))
    direction = "Output" if kind == "output" else "Input"
    own = {
        "ConsumedQuantity": Decimal(tokens),
        "ConsumedUnit": "Tokens",
        "SkuPriceDetails": f'{{"x_ModelId":"gpt-5","x_TokenDirection":"{direction}"}}',
        "x_Meter": kind,
        "x_TokenKind": kind,
        "x_ModelId": "gpt-5",
        "x_ApiKeyId": "key-1",
    }
    return charge(cost=cost, **(sku | own | facts))


def _token_rows() -> list[Row]:
    contracted = {"ContractedUnitPrice": Decimal("9.5"), "PricingCurrencyContractedUnitPrice": Decimal("9.5")}
    return [
        _tokens("input", 1_234_567, "1.25", "1.54320875"),
        # a single request's worth: far below any fixed tolerance
        _tokens("input", 1, "1.25", "0.00000125", x_ApiKeyId="key-2"),
        _tokens("cache_read", 7, "0.125", "0.000000875"),
        # a contract price of 9.50 against a list price of 10
        _tokens(
            "output", 2_000_000, "10", "19",
            ListCost=Decimal(20), SkuPriceId="openai/gpt-5/output/standard", **contracted,
        ),
        # billed without a known price: the unit price is cost / quantity at 12 places
        charge(cost="0.7", **_sku("openai/new/input", "Input Tokens", "1000000 Tokens", "2.333333333333", "0.3"),
               ConsumedQuantity=Decimal(300_000), ConsumedUnit="Tokens", x_Meter="input", x_TokenKind="input",
               x_PriceStatus="unpriced"),
    ]  # fmt: skip


def _lone_rows() -> list[Row]:
    """Bill lines without usage: no SKU, no price."""
    lone = {
        "x_Match": "unmatched",
        "x_PriceStatus": None,
        "PricingCategory": None,
        "ChargeFrequency": "One-Time",
    }
    return [
        charge(cost="-5", ChargeCategory="Credit", ChargeDescription="Promotional credit", x_Reason="credit", **lone),
        charge(
            cost="3.8", ChargeCategory="Tax", ChargeDescription="VAT", x_Reason="tax", HostProviderName=None, **lone,
        ),
        charge(
            cost="0.05", ChargeCategory="Adjustment", ChargeDescription="Code execution",
            x_Reason="missing usage", **lone,
        ),
        # a late correction of August, which is closed
        charge(
            cost="-0.25", ChargeClass="Correction", ChargeDescription="August tokens, corrected",
            ChargePeriodStart=_at(30, month=8), ChargePeriodEnd=_at(31, month=8), ChargeCategory="Adjustment",
            x_Reason="price", **lone,
        ),
    ]  # fmt: skip


_CLOUD: Row = {
    "ServiceProviderName": "AWS",
    "BillingAccountId": "payer-1",
    "BillingAccountName": "Payer",
    "ServiceCategory": "Compute",
    "ServiceSubcategory": "Virtual Machines",
    "ServiceName": "Amazon EC2",
    "SubAccountId": "1234",
    "SubAccountType": "Account",
    "RegionId": "us-east-1",
    "RegionName": "US East (N. Virginia)",
    "ResourceType": "Instance",
    "x_Source": "aws",
    "x_CostSource": "vendor_charges",
    "x_Match": "native",
    "x_PriceStatus": "native",
}
_GPU = '{"GpuCount":8,"CoreCount":192,"InstanceType":"p5.48xlarge","x_AcceleratorType":"H100"}'


def _gpu(hours: str, **facts: Any) -> Row:
    sku = _sku("aws/p5.48xlarge", "Instance Hours", "Hours", "98.32", hours, SkuPriceDetails=_GPU)
    used = {"ConsumedQuantity": Decimal(hours), "ConsumedUnit": "Hours", "ResourceId": "i-1"}
    return charge(**({"ChargeDescription": "p5.48xlarge"} | _CLOUD | sku | used | facts))


def _commitment(**facts: Any) -> Row:
    own = {
        "CommitmentDiscountId": "arn:sp-1",
        "CommitmentDiscountName": "Plan 1",
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountType": "Savings Plan",
        "CommitmentDiscountUnit": "USD",
    }
    return own | facts


def _cloud_rows() -> list[Row]:
    """On demand: 2 h × 98.32. A plan bought for 100 covers one hour for 60; 40 are left unused."""
    nothing = Decimal(0)
    plan = {"ResourceId": "arn:sp-1", "ResourceType": "Savings Plan"}
    bought = _sku("aws/plan", "Plan", "Units", "100", "1", **(_CLOUD | plan))
    return [
        _gpu("2", cost="196.64"),
        charge(
            **(bought | _commitment(CommitmentDiscountQuantity=Decimal(100))), cost="100", EffectiveCost=nothing,
            ChargeCategory="Purchase", ChargeFrequency="Recurring", ChargeDescription="Plan 1",
            ChargePeriodStart=_at(3), ChargePeriodEnd=_at(4),
        ),
        _gpu(
            "1", cost="98.32", BilledCost=nothing, EffectiveCost=Decimal(60),
            **_commitment(CommitmentDiscountQuantity=Decimal(60), CommitmentDiscountStatus="Used"),
            PricingCategory="Committed", SkuPriceId="aws/p5.48xlarge/committed",
        ),
        charge(
            **(
                bought
                | _commitment(CommitmentDiscountQuantity=Decimal(40), CommitmentDiscountStatus="Unused")
                | {"PricingQuantity": Decimal("0.4"), "PricingCategory": "Committed"}
            ),
            cost="40", BilledCost=nothing, EffectiveCost=Decimal(40), ChargeDescription="Plan 1, unused",
        ),
    ]  # fmt: skip


def _prepaid_rows() -> list[Row]:
    """A top-up of 50 on the first; 30 are drawn down on the third, the rest is balance."""
    credits = {
        "CommitmentDiscountId": "topup-1",
        "CommitmentDiscountName": "Top-up",
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountType": "Prepaid Credits",
        "CommitmentDiscountUnit": "USD",
    }
    top_up = _sku("openai/credits", "Prepaid Credits", "Units", "50", "1")
    return [
        charge(
            **(top_up | credits), cost="50", EffectiveCost=Decimal(0), CommitmentDiscountQuantity=Decimal(50),
            ChargeCategory="Purchase", ChargeFrequency="One-Time", ChargeDescription="Credits", x_Match="native",
            ChargePeriodStart=_at(1), ChargePeriodEnd=_at(1, month=10),
        ),
        _tokens(
            "output", 3_000_000, "10", "30", BilledCost=Decimal(0), PricingCategory="Committed", **credits,
            CommitmentDiscountQuantity=Decimal(30), CommitmentDiscountStatus="Used",
            SkuPriceId="openai/gpt-5/output/committed",
        ),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def clean_charges() -> pl.DataFrame:
    """Fifteen charges in the contract of `focus.cost_and_usage`, none of which breaks a rule."""
    rows = [*_token_rows(), *_lone_rows(), *_cloud_rows(), *_prepaid_rows()]
    frame = pl.DataFrame(rows, schema=COST_AND_USAGE.polars_schema)
    return COST_AND_USAGE.check(frame)
