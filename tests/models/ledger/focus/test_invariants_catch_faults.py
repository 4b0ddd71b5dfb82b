"""Every fault is put into a table that keeps all rules, and its rule must name it. The official validator caught 9 of
the first 23."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from models.errors import ContractError
from models.ledger.focus.invariants import RULES, check, detect_version

Fault = Callable[[pl.DataFrame], pl.DataFrame]

USAGE = pl.col("ChargeCategory") == "Usage"
TINY = pl.col("ConsumedQuantity") == 7
GPU = (pl.col("x_Source") == "aws") & (pl.col("BilledCost") == Decimal("196.64"))
TOKENS = pl.col("PricingUnit") == "1000000 Tokens"
UNCOVERED = pl.col("CommitmentDiscountId").is_null()
USED = pl.col("CommitmentDiscountStatus") == "Used"
UNUSED = pl.col("CommitmentDiscountStatus") == "Unused"
RECURRING = pl.col("ChargeFrequency") == "Recurring"
CREDIT = pl.col("ChargeCategory") == "Credit"
TAX = pl.col("ChargeCategory") == "Tax"


def put(where: pl.Expr, **values: object) -> Fault:
    """The rows of `where` get these values; an expression is taken as one."""

    def fault(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(
            pl.when(where)
            .then(value if isinstance(value, pl.Expr) else pl.lit(value))
            .otherwise(pl.col(name))
            .cast(frame.schema[name])
            .alias(name)
            for name, value in values.items()
        )

    return fault


def scaled(where: pl.Expr, name: str, factor: str) -> Fault:
    return put(where, **{name: pl.col(name) * pl.lit(Decimal(factor), dtype=pl.Decimal(38, 12))})


def shifted(where: pl.Expr, name: str, by: str) -> Fault:
    return put(where, **{name: pl.col(name) + pl.lit(Decimal(by), dtype=pl.Decimal(38, 12))})


def _cast(name: str, dtype: pl.DataType) -> Fault:
    return lambda frame: frame.with_columns(pl.col(name).cast(dtype))


AUGUST, OCTOBER = datetime(2026, 8, 20, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)

FAULTS: dict[str, tuple[Fault, str]] = {
    # what the official validator missed
    "every row twice": (lambda f: pl.concat([f, f]), "no-row-twice"),
    "one row twice": (lambda f: pl.concat([f, f.head(1)]), "no-row-twice"),
    "end before start": (
        put(TINY, ChargePeriodEnd=pl.col("ChargePeriodStart") - pl.duration(hours=1)),
        "charge-period-runs-forward",
    ),
    "end at start": (put(TINY, ChargePeriodEnd=pl.col("ChargePeriodStart")), "charge-period-runs-forward"),
    "billing period reversed": (put(TINY, BillingPeriodEnd=AUGUST), "billing-period-runs-forward"),
    "charge before its billing period": (put(GPU, ChargePeriodStart=AUGUST), "charge-lies-in-its-billing-period"),
    "charge after its billing period": (put(GPU, ChargePeriodEnd=OCTOBER), "charge-lies-in-its-billing-period"),
    "tax of another month": (put(TAX, ChargePeriodStart=AUGUST), "charge-lies-in-its-billing-period"),
    "effective ten times billed": (scaled(GPU, "EffectiveCost", "10"), "uncovered-effective-is-billed"),
    "effective a trifle off": (shifted(TINY, "EffectiveCost", "0.000000000001"), "uncovered-effective-is-billed"),
    "covered effective above list": (scaled(USED, "EffectiveCost", "10"), "covered-effective-is-at-most-list"),
    "subcategory of another category": (
        put(GPU, ServiceSubcategory="Generative AI"),
        "subcategory-below-its-category",
    ),
    "list cost 1 % off": (scaled(GPU, "ListCost", "1.01"), "price-times-quantity:ListCost"),
    "list cost of a request 1e-9 off": (shifted(TINY, "ListCost", "0.000000001"), "price-times-quantity:ListCost"),
    "list cost of a request 1e-11 off": (
        shifted(TINY, "ListCost", "0.00000000001"),
        "price-times-quantity:ListCost",
    ),
    "contracted cost off": (scaled(TOKENS, "ContractedCost", "0.99"), "price-times-quantity:ContractedCost"),
    "contracted above list": (scaled(GPU, "ContractedCost", "1.5"), "contracted-is-at-most-list"),
    "contracted price above list price": (
        scaled(GPU, "ContractedUnitPrice", "1.5"),
        "contracted-price-is-at-most-list-price",
    ),
    "naive times": (lambda f: f.with_columns(pl.col("ChargePeriodStart").dt.replace_time_zone(None)), "times-are-utc"),
    "times of another zone": (
        lambda f: f.with_columns(pl.col("ChargePeriodStart").dt.convert_time_zone("America/New_York")),
        "times-are-utc",
    ),
    "dates for times": (_cast("BillingPeriodStart", pl.Date()), "times-are-instants"),
    "unknown column": (lambda f: f.with_columns(Team=pl.lit("a")), "unknown-columns-begin-with-x"),
    "money as floats": (_cast("BilledCost", pl.Float64()), "money-is-decimal"),
    "mandatory column gone": (lambda f: f.drop("ServiceProviderName"), "mandatory-columns"),
    "half of a pair gone": (lambda f: f.drop("ConsumedUnit"), "column-groups-are-whole"),
    "unit in lower case": (put(TINY, ConsumedUnit="tokens"), "unit-format:ConsumedUnit"),
    "unit with a letter for a million": (put(TINY, PricingUnit="1M Tokens"), "unit-format:PricingUnit"),
    "compound unit without a hyphen": (put(GPU, PricingUnit="GPU Hours"), "unit-format:PricingUnit"),
    "consumed a hundred times the priced": (scaled(TINY, "ConsumedQuantity", "100"), "consumed-is-what-is-priced"),
    "priced in the wrong block": (put(TINY, PricingUnit="1000 Tokens"), "consumed-is-what-is-priced"),
    "negative consumption": (scaled(TINY, "ConsumedQuantity", "-1"), "usage-quantities-are-not-negative"),
    "negative usage cost": (put(TINY, BilledCost=Decimal(-1)), "usage-costs-are-not-negative"),
    "negative price": (scaled(GPU, "ListUnitPrice", "-1"), "price-is-not-negative:ListUnitPrice"),
    "empty text": (put(TINY, ResourceId=""), "no-empty-text:ResourceId"),
    "blank text": (put(TINY, ChargeDescription="  "), "no-empty-text:ChargeDescription"),
    "the word NULL": (put(TINY, InvoiceId="NULL"), "no-null-words:InvoiceId"),
    # closed sets and formats, one row among good ones
    "charge frequency of its own": (put(TINY, ChargeFrequency="Daily"), "allowed-values:ChargeFrequency"),
    "pricing category of its own": (put(TINY, PricingCategory="OnDemand"), "allowed-values:PricingCategory"),
    "charge category in lower case": (put(TINY, ChargeCategory="usage"), "allowed-values:ChargeCategory"),
    "charge class of its own": (put(TINY, ChargeClass="Refund"), "allowed-values:ChargeClass"),
    "service category of its own": (put(GPU, ServiceCategory="GPU"), "allowed-values:ServiceCategory"),
    "subcategory of its own": (put(GPU, ServiceSubcategory="GPUs"), "allowed-values:ServiceSubcategory"),
    "currency in lower case": (put(TINY, BillingCurrency="usd"), "billing-currency-is-iso"),
    "currency that is none": (put(TINY, BillingCurrency="XYZ"), "billing-currency-is-iso"),
    "pricing currency in lower case": (put(TINY, PricingCurrency="usd"), "pricing-currency-is-iso-or-named"),
    "currencies mixed in one bill": (put(TINY, BillingCurrency="EUR"), "one-currency-per-bill"),
    "broken JSON": (put(TINY, Tags="{'a': 1}"), "json-object:Tags"),
    "JSON that is no object": (put(TINY, Tags="[1]"), "json-object:Tags"),
    "JSON with a key twice": (put(TINY, Tags='{"a":1,"a":2}'), "json-object:Tags"),
    "JSON that is not flat": (put(TINY, Tags='{"a":{"b":1}}'), "json-flat:Tags"),
    "detail without x_": (put(TINY, SkuPriceDetails='{"ModelId":"gpt-5"}'), "sku-price-details-keys"),
    "detail in another case": (put(GPU, SkuPriceDetails='{"GPUCount":8}'), "sku-price-details-keys"),
    "detail as text": (put(GPU, SkuPriceDetails='{"GpuCount":"8"}'), "sku-price-details-types"),
    "secret in a key's id": (put(TINY, x_ApiKeyId="sk-" + "a1B2" * 8), "no-secrets:x_ApiKeyId"),
    # what hangs together
    "null effective cost": (put(TINY, EffectiveCost=None), "never-null:EffectiveCost"),
    "null issuer": (put(TINY, InvoiceIssuerName=None), "never-null:InvoiceIssuerName"),
    "price without a SKU price": (put(TINY, SkuPriceId=None), "not-without-sku-price:PricingQuantity"),
    "usage without a SKU": (put(TINY, SkuId=None), "usage-and-purchase-have:SkuId"),
    "usage without a quantity": (put(TINY, ConsumedQuantity=None), "usage-is-measured"),
    "quantity without a unit": (put(TINY, PricingUnit=None), "comes-with:PricingUnit"),
    "tax with a price": (put(TAX, ListUnitPrice=Decimal(1)), "tax-has-no:ListUnitPrice"),
    "credit with consumption": (put(CREDIT, ConsumedQuantity=Decimal(1)), "only-usage-is-measured"),
    "region without a name": (put(GPU, RegionName=None), "comes-with:RegionName"),
    "project without a name": (put(TINY, SubAccountName=None), "comes-with:SubAccountName"),
    "no host": (put(TINY, HostProviderName=None), "host-provider-is-known"),
    "purchase by usage": (
        put(pl.col("ChargeCategory") == "Purchase", ChargeFrequency="Usage-Based"),
        "purchase-is-not-usage-based",
    ),
    "one SKU price of two SKUs": (put(TINY, SkuPriceId="openai/gpt-5/input/standard"), "one-SkuId-per-SkuPriceId"),
    "one SKU price in two units": (
        put(pl.col("x_ApiKeyId") == "key-2", PricingUnit="1000 Tokens"),
        "one-PricingUnit-per-SkuPriceId",
    ),
    "details that change": (
        put(pl.col("x_ApiKeyId") == "key-2", SkuPriceDetails='{"x_ModelId":"gpt-6"}'),
        "one-SkuPriceDetails-per-SkuPriceId",
    ),
    "one service in two categories": (
        put(TINY, ServiceCategory="Compute", ServiceSubcategory="Virtual Machines"),
        "one-category-per-service",
    ),
    "credit that lists for more": (put(CREDIT, ListCost=Decimal(-6)), "credit-lists-for-what-is-billed"),
    "credit that takes": (scaled(CREDIT, "BilledCost", "-1"), "credit-is-not-positive"),
    "tax with another effective cost": (scaled(TAX, "EffectiveCost", "2"), "tax-and-credit-effective-is-billed"),
    "correction within an open period": (put(TAX, ChargeClass="Correction"), "correction-is-of-an-earlier-period"),
    "billing period of two months": (
        put(pl.lit(value=True), BillingPeriodEnd=datetime(2026, 11, 1, tzinfo=UTC)),
        "billing-period-is-a-month",
    ),
    "one bill with two ends": (
        put(TINY, BillingPeriodEnd=datetime(2026, 9, 30, tzinfo=UTC)),
        "one-end-per-billing-period",
    ),
    "billing month of another month": (put(TINY, x_BillingMonth="2026-08"), "billing-month-is-the-periods"),
    "pricing currency disagrees": (
        scaled(GPU, "PricingCurrencyListUnitPrice", "2"),
        "pricing-currency-agrees:ListUnitPrice",
    ),
    # commitments
    "commitment's use above what was paid": (
        lambda f: shifted(USED, "EffectiveCost", "1")(put(RECURRING, ChargeFrequency="One-Time")(f)),
        "commitment-adds-up",
    ),
    "quantity of a commitment that is corrected": (
        put(USED, ChargeClass="Correction"),
        "only-usage-and-purchase-have:CommitmentDiscountQuantity",
    ),
    "commitment's rest forgotten": (lambda f: f.filter(UNUSED.fill_null(value=False).not_()), "commitment-adds-up"),
    "drawn down more than topped up": (
        put(pl.col("CommitmentDiscountId") == "topup-1", EffectiveCost=pl.col("EffectiveCost") * 2),
        "commitment-adds-up",
    ),
    "purchase that costs in effect": (
        put(pl.col("ChargeFrequency") == "Recurring", EffectiveCost=Decimal(100)),
        "commitment-purchase-has-no-effective-cost",
    ),
    "covered usage billed again": (put(USED, BilledCost=Decimal(1)), "covered-usage-is-not-billed-again"),
    "unused with consumption": (put(UNUSED, ConsumedQuantity=Decimal(1)), "only-usage-is-measured"),
    "unused of another resource": (put(UNUSED, ResourceId="i-9"), "unused-is-the-commitments-own"),
    "commitment in two units": (put(UNUSED, CommitmentDiscountUnit="Hours"), "one-unit-per-commitment"),
    "covered usage without status": (put(USED, CommitmentDiscountStatus=None), "committed-usage-has-a-status"),
    "committed without a commitment": (put(TINY, PricingCategory="Committed"), "committed-price-names-its-commitment"),
    "status without a commitment": (
        put(TINY, CommitmentDiscountStatus="Used"),
        "not-without:CommitmentDiscountStatus",
    ),
    # invoices and our own columns
    "one invoice of two accounts": (
        put(GPU | TINY, InvoiceId="INV-1", InvoiceIssuerName="OpenAI"),
        "one-account-per-invoice",
    ),
    "invoiced without an invoice": (put(TINY, x_CostStatus="invoiced"), "invoiced-names-its-invoice"),
    "unpriced yet listed": (
        put(pl.col("x_PriceStatus") == "unpriced", BilledCost=Decimal("0.8"), EffectiveCost=Decimal("0.8")),
        "unpriced-lists-for-what-is-billed",
    ),
    "token kind of another meter": (put(TINY, x_Meter="output"), "token-kind-is-a-meter-of-tokens"),
    "meter in another unit": (
        put(TINY, ConsumedUnit="Requests", PricingUnit="1000000 Requests"),
        "meter-counts-in-its-unit",
    ),
    "unmatched without a reason": (put(CREDIT, x_Reason=None), "unmatched-has-a-reason"),
}


def test_clean_charges_break_no_rule(clean_charges: pl.DataFrame) -> None:
    report = check(clean_charges)
    assert report.violations == ()
    assert report.rows == 15
    assert report.rules == len(RULES)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(clean_charges: pl.DataFrame, name: str) -> None:
    fault, rule = FAULTS[name]
    faulty = fault(clean_charges)
    assert faulty.schema != clean_charges.schema or not faulty.equals(clean_charges), "the fault changed nothing"
    report = check(faulty)
    assert rule in {violation.rule for violation in report.errors}


def test_an_upfront_fee_of_an_earlier_month_is_no_fault(clean_charges: pl.DataFrame) -> None:
    """A reservation that was paid in part before the data begins costs more in effect than its monthly fee."""
    report = check(shifted(USED, "EffectiveCost", "1")(clean_charges))
    assert "commitment-adds-up" not in {violation.rule for violation in report.errors}


def test_a_violation_shows_the_rows_that_break_it(clean_charges: pl.DataFrame) -> None:
    faulty = put(TINY, ListCost=Decimal(1))(clean_charges)
    found = next(v for v in check(faulty).errors if v.rule == "price-times-quantity:ListCost")
    assert found.count == 1
    assert found.sample["row"].to_list() == [3]
    assert found.sample.columns[:4] == ["row", "ListCost", "ListUnitPrice", "PricingQuantity"]
    assert str(found).startswith("error price-times-quantity:ListCost: 1 row")


def test_lenient_warns_counts_and_passes(clean_charges: pl.DataFrame) -> None:
    faulty = put(TINY, BilledCost=Decimal(-1))(clean_charges)
    strict, lenient = check(faulty), check(faulty, lenient=True)
    assert not strict.passed
    assert lenient.passed
    assert lenient.counts() == strict.counts()


def test_rules_have_ids_of_their_own() -> None:
    ids = [rule.id for rule in RULES]
    assert sorted(ids) == sorted(set(ids))
    assert len(RULES) > 300


def test_rules_without_their_columns_say_nothing(clean_charges: pl.DataFrame) -> None:
    lean = clean_charges.drop([name for name in clean_charges.columns if name.startswith("x_")])
    assert check(lean).passed


def test_a_table_without_rows_is_judged_by_its_columns(clean_charges: pl.DataFrame) -> None:
    assert check(clean_charges.clear()).violations == ()
    assert not check(pl.DataFrame({"BilledCost": [1.5]})).passed


def test_an_unknown_version_is_refused(clean_charges: pl.DataFrame) -> None:
    with pytest.raises(ContractError, match="is not a version"):
        check(clean_charges, version="0.5")  # type: ignore[arg-type]


def test_the_version_is_seen_in_the_columns() -> None:
    assert detect_version(["BilledCost", "ListUnitPrice"]) == "1.0"
    assert detect_version(["BilledCost", "SkuMeter"]) == "1.1"
    assert detect_version(["InvoiceId", "PricingCurrency"]) == "1.2"
    assert detect_version(["InvoiceId", "ServiceProviderName"]) == "1.3"
    assert detect_version(["InvoiceDetailId"]) == "1.4"


def test_floats_are_read_by_their_shortest_text(clean_charges: pl.DataFrame) -> None:
    """0.1 × 3 as floats is 0.30000000000000004; as the numbers that were written it is 0.3."""
    money = [name for name, dtype in clean_charges.schema.items() if isinstance(dtype, pl.Decimal)]
    floats = clean_charges.with_columns(pl.col(money).cast(pl.Float64))
    assert {violation.rule for violation in check(floats).violations} == {"money-is-decimal"}


def test_the_official_sample_has_twelve_negative_usage_rows(shared_reference) -> None:
    sample = pl.read_parquet(shared_reference / "focus/samples/focus_1.0_official_1000.parquet")
    counts = check(sample, lenient=True, version="1.0").counts()
    assert counts["usage-costs-are-not-negative"] == 12
    assert counts["charge-lies-in-its-billing-period"] == 1
    assert counts["never-null:ContractedCost"] == 7
