"""A hand-made September with every kind of cost and credit: what becomes of each row, to the last place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from connectors.errors import AnswerError
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check
from tests.connectors.gcp.billing_rows import at, row, schema, write
from tests.connectors.gcp.conftest import Month, month_at

H100 = "Nvidia H100 80GB GPU running in Americas"
GEMINI = {"service_name": "Vertex AI", "unit": "count", "pricing_unit": "count", "project": {"id": "p", "name": "P"}}
CREDIT_TYPES = ("SUSTAINED_USAGE_DISCOUNT", "DISCOUNT", "FREE_TIER", "PROMOTION", "RESELLER_MARGIN",
                "SUBSCRIPTION_BENEFIT")  # fmt: skip


def whole_month() -> list[dict[str, Any]]:
    """Every cost_type and credit type, machines, models, late and early hours."""
    return [
        row(cost="2.5", credits=[(kind, "-0.1") for kind in CREDIT_TYPES], labels={"team": 'a "b"', "env": "prod"}),
        row(H100, cost="88", cost_at_list=100.0, amount=28800.0, priced=8.0, machine="a3-highgpu-8g"),
        row("A3 Instance Core running in Americas", cost="3", machine="a3-highgpu-8g"),
        row("Spot Preemptible A2 Instance Core running in Americas", cost="0.4", machine="a2-highgpu-1g"),
        row("Commitment v1: Nvidia L4 GPU running in Iowa for 1 Year", cost="16", priced=8.0, at=at(5)),
        row("Nvidia L4 GPU running in Iowa", cost="9", priced=3.0, at=at(5),
            credits=[("COMMITTED_USAGE_DISCOUNT", "-6")]),
        row("Commitment v1: Compute Flexible CUD for 1 Year", cost="2", at=at(6)),
        row("N4 Instance Core", cost="1.25", at=at(6), credits=[("FEE_UTILIZATION_OFFSET", "-1.25")]),
        row("Cloud SQL: vCPU", cost="1.4", service_name="Cloud SQL",
            credits=[("COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE", "-1.4")]),
        row("Commitment - dollar based v1: Cloud SQL for 1 year", cost="1.1", service_name="Cloud SQL"),
        row("Gemini 2.5 Pro Thinking Text Output - Predictions", cost="15", amount=1_500_000.0, priced=1_500_000.0,
            **GEMINI),
        row("Gemini 2.5 Pro Long Text Input - Batch Predictions", cost="0.0000025", amount=2.0, priced=2.0, **GEMINI),
        row("Provisioned Throughput GSU - Gemini", cost="7", amount=1.0, priced=1.0, service_name="Vertex AI",
            unit="hour", pricing_unit="hour"),
        row("Tax", cost="3.3", cost_type="tax", service_name="Invoice", usage=None, location=None, project=None),
        row("Rounding error", cost="-0.01", cost_type="rounding_error", service_name="Invoice", usage=None,
            project=None),
        row(cost="-5", cost_type="adjustment",
            adjustment_info={"id": "a-1", "description": "Outage", "mode": "MANUAL_ADJUSTMENT", "type": "GOODWILL"}),
        row(cost="-0.7", amount=-3600.0, priced=-1.0),
        row(cost="0", amount=0.0, priced=0.0),
        row("Support subscription", cost="29", amount=0.0, priced=0.0, service_name="Support"),
        row(cost="1.7", at=datetime(2026, 10, 1, 5, tzinfo=UTC)),
        row(cost="1.9", at=datetime(2026, 8, 30, 5, tzinfo=UTC)),
    ]  # fmt: skip


def billed(rows: list[dict[str, Any]]) -> Decimal:
    """Σ (cost + credits) of rows of the export, by the shortest text of each float."""
    amounts = [amount for given in rows for amount in (given["cost"], *(c["amount"] for c in given["credits"]))]
    return sum((Decimal(repr(amount)) for amount in amounts), Decimal(0))


def test_the_month_is_billed_as_google_bills_it_and_passes_every_invariant(month_of: Callable[..., Month]) -> None:
    month = month_of(whole_month())
    assert month.charges["BilledCost"].sum() == billed(whole_month())
    # the commitments' used and unused shares are their fees: in effect the month cost what it was billed
    assert month.charges["EffectiveCost"].sum() == billed(whole_month())
    report = check(for_export(month.charges))
    assert [str(violation) for violation in report.violations] == []


def test_rows_and_money_are_counted_as_they_were_read(month_of: Callable[..., Month]) -> None:
    """21 rows; 6 + 1 credits of their own; the L4 row is two, and of two pools something is left."""
    month = month_of(whole_month())
    assert month.as_read["rows"].sum() == month.charges.height == 21 + 7 + 1 + 2
    assert month.as_read["billed_cost"].sum() == billed(whole_month())


def test_each_cost_type_is_its_category(month_of: Callable[..., Month]) -> None:
    month = month_of(whole_month())
    assert month.one(ChargeCategory="Tax")["SkuId"] is None
    rounding = month.one(ChargeDescription="Rounding error")
    assert (rounding["ChargeCategory"], rounding["BilledCost"]) == ("Adjustment", Decimal("-0.01"))
    goodwill = month.one(ChargeDescription="Outage")
    assert (goodwill["ChargeCategory"], goodwill["SkuPriceId"]) == ("Adjustment", None)
    assert json.loads(goodwill["x_VendorColumns"])["adjustment_info.mode"] == "MANUAL_ADJUSTMENT"
    # usage taken back is no usage of less than nothing
    assert month.one(BilledCost=Decimal("-0.7"))["ChargeCategory"] == "Adjustment"


def test_credits_are_charges_beside_their_row(month_of: Callable[..., Month]) -> None:
    month = month_of([row(cost="2.5", credits=[("PROMOTION", "-0.5"), ("FREE_TIER", "0")])])
    assert month.one(ChargeCategory="Usage")["BilledCost"] == Decimal("2.5")
    credit = month.one(ChargeCategory="Credit")
    assert [credit[name] for name in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")] == [
        Decimal("-0.5")
    ] * 4
    assert (credit["ChargeDescription"], credit["SubAccountId"]) == ("Promotion in full", "acme-ml")
    assert json.loads(credit["x_VendorColumns"])["credits.type"] == "PROMOTION"


def test_a_credit_that_takes_is_an_adjustment(month_of: Callable[..., Month]) -> None:
    assert month_of([row(credits=[("PROMOTION", "0.25")])]).one(BilledCost=Decimal("0.25"))["ChargeCategory"] == (
        "Adjustment"
    )


def test_the_invoice_month_is_pacific_time(month_of: Callable[..., Month]) -> None:
    """September is billed from midnight in Los Angeles: 07:00 UTC on both sides, as summer time holds."""
    month = month_of(whole_month())
    assert month.charges["BillingPeriodStart"].unique().to_list() == [datetime(2026, 9, 1, 7, tzinfo=UTC)]
    assert month.charges["BillingPeriodEnd"].unique().to_list() == [datetime(2026, 10, 1, 7, tzinfo=UTC)]
    assert month.charges["x_BillingMonth"].unique().to_list() == ["2026-09"]
    assert month.one(BilledCost=Decimal("1.7"))["ChargeClass"] is None


def test_late_usage_corrects_a_month_that_was_invoiced(month_of: Callable[..., Month]) -> None:
    late = month_of(whole_month()).one(BilledCost=Decimal("1.9"))
    assert (late["ChargeClass"], late["ChargeCategory"], late["x_BillingMonth"]) == ("Correction", "Usage", "2026-09")
    assert late["ChargePeriodStart"] == datetime(2026, 8, 30, 5, tzinfo=UTC)


def test_a_gpu_is_counted_in_its_own_hours_and_not_by_its_machine(month_of: Callable[..., Month]) -> None:
    month = month_of(whole_month())
    gpu = month.one(ChargeDescription=H100)
    assert (gpu["ConsumedQuantity"], gpu["ConsumedUnit"], gpu["x_InstanceType"]) == (8, "GPU-Hours", None)
    assert (gpu["BilledCost"], gpu["ListCost"], gpu["ListUnitPrice"]) == (88, 100, Decimal("12.5"))
    core = month.one(ChargeDescription="A3 Instance Core running in Americas")
    assert (core["ConsumedUnit"], core["x_InstanceType"]) == ("vCPU-Hours", "a3-highgpu-8g")
    spot = month.one(ChargeDescription="Spot Preemptible A2 Instance Core running in Americas")
    assert spot["PricingCategory"] == "Dynamic"


def test_tokens_become_readings_that_their_charges_pay(month_of: Callable[..., Month]) -> None:
    month = month_of(whole_month())
    thought = month.one(x_Meter="output")
    assert (thought["ConsumedQuantity"], thought["ConsumedUnit"]) == (1_500_000, "Tokens")
    assert (thought["PricingQuantity"], thought["PricingUnit"]) == (Decimal("1.5"), "1000000 Tokens")
    assert (thought["x_ModelId"], thought["ServiceName"]) == ("gemini-2.5-pro", "Vertex AI")
    batch = month.one(x_Meter="input")
    assert (batch["x_ProcessingTier"], batch["x_ContextWindow"]) == ("batch", "long")
    assert month.readings.select("model", "meter", "quantity", "stream").rows() == [
        ("gemini-2.5-pro", "input", 2, "google/bill"),
        ("gemini-2.5-pro", "output", 1_500_000, "google/bill"),
    ]


def test_money_for_no_quantity_is_a_flat_charge(month_of: Callable[..., Month]) -> None:
    flat = month_of(whole_month()).one(ChargeDescription="Support subscription")
    assert (flat["PricingQuantity"], flat["PricingUnit"], flat["ListUnitPrice"]) == (1, "Units", 29)
    assert flat["SkuPriceId"] == f"{flat['SkuId']}/flat"


def test_without_a_list_cost_a_row_lists_for_what_it_is_billed(month_of: Callable[..., Month]) -> None:
    plain = month_of([row(cost="2", cost_at_list=None)]).one()
    assert (plain["ListCost"], plain["ContractedCost"], plain["x_PriceStatus"]) == (2, 2, "unpriced")


def test_labels_and_tags_are_one_object(month_of: Callable[..., Month]) -> None:
    tagged = row(labels={"team": 'a "b"'}, tags=[
        {"key": "env", "value": "prod", "inherited": True, "namespace": "organizations/1"},
    ])  # fmt: skip
    with_tags, without = month_of([tagged, row(at=at(4))]).charges.sort("ChargePeriodStart")["Tags"]
    assert (json.loads(with_tags), without) == ({"team": 'a "b"', "organizations/1/env": "prod"}, None)


def test_what_is_not_understood_is_kept_and_told_with_its_money(month_of: Callable[..., Month]) -> None:
    month = month_of(
        [
            row("Gemini 9 Whisper Credits", cost="4", sku_id="A-1", **GEMINI),
            row(cost="0.5", cost_type="surcharge"),
        ]
    )
    assert month.told("not_understood") == [
        "Vertex AI: Gemini 9 Whisper Credits (A-1): 4 USD",
        "cost_type surcharge: 0.5 USD",
    ]
    assert month.one(BilledCost=Decimal(4))["ChargeCategory"] == "Usage"
    assert month.one(BilledCost=Decimal("0.5"))["ChargeCategory"] == "Adjustment"


def test_the_rows_label_names_the_model(month_of: Callable[..., Month]) -> None:
    labelled = row(
        "Generate content input token count short input text",
        service_name="Generative Language API",
        unit="count",
        pricing_unit="count",
        labels={"goog-generativelanguage-model": "gemini35flash"},
    )
    charge = month_of([labelled]).one()
    assert (charge["x_ModelId"], charge["ServiceName"], charge["x_Meter"]) == (
        "gemini-3.5-flash",
        "Gemini API",
        "input",
    )


def test_numeric_columns_are_as_exact_as_floats(month_of: Callable[..., Month], tmp_path: Any) -> None:
    """0.1 + 0.2 as floats and as NUMERIC is 0.3 either way; no float is added."""
    rows = [row(cost="0.1"), row(cost="0.2", at=at(4))]
    exact = [{**given, "cost": Decimal(str(given["cost"])), "cost_at_list": None} for given in rows]
    assert month_of(rows).charges["BilledCost"].sum() == Decimal("0.3")
    path = write(tmp_path / "exact" / "a.parquet", exact, shape=schema(pa.decimal128(38, 9)))
    assert month_at(path).charges["BilledCost"].sum() == Decimal("0.3")


def test_rows_of_other_months_and_accounts_stay_out(month_of: Callable[..., Month]) -> None:
    other = row(cost="9", invoice={"month": "202610", "publisher_type": "GOOGLE"})
    elsewhere = row(cost="8", billing_account_id="FFFFFF-000000-000000")
    month = month_of([row(), other, elsewhere], billing_account="0A1B2C-3D4E5F-678901")
    assert month.charges["BilledCost"].to_list() == [1]


def test_a_month_without_a_row_is_not_complete(month_of: Callable[..., Month]) -> None:
    other = row(invoice={"month": "202610", "publisher_type": "GOOGLE"})
    assert month_of([other]).missing == ("no row of invoice month 2026-09 in 1 files or pages",)


def test_a_row_without_an_invoice_month_is_refused(month_of: Callable[..., Month]) -> None:
    with pytest.raises(AnswerError, match=r"invoice\.month is no month in 1 rows"):
        month_of([row(), row(invoice={"month": None, "publisher_type": "GOOGLE"})])


def test_names_of_the_charge_are_googles(month_of: Callable[..., Month]) -> None:
    named = row(
        resource={"name": "vm-1", "global_name": "//compute.googleapis.com/projects/p/zones/z/instances/77"},
        seller_name="Elastic",
    )
    charge = month_of([named]).one()
    assert (charge["ResourceId"], charge["ResourceName"], charge["ResourceType"]) == (
        "//compute.googleapis.com/projects/p/zones/z/instances/77",
        "vm-1",
        "instances",
    )
    assert (charge["PublisherName"], charge["InvoiceIssuerName"]) == ("Elastic", "Google Cloud")
    assert charge["RegionId"] == "us-central1"


def test_charges_are_the_same_however_they_are_sliced(
    month_of: Callable[..., Month], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = month_of(whole_month())
    monkeypatch.setattr("connectors.gcp.parquet_slices.slices.__defaults__", (4,))
    sliced = month_of(whole_month())
    order = ["ChargePeriodStart", "SkuId", "ChargeCategory", "BilledCost", "ChargeDescription", "EffectiveCost"]
    assert sliced.charges.sort(order).equals(whole.charges.sort(order))
    assert sliced.as_read.height > whole.as_read.height
