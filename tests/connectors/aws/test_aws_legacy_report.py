"""The legacy cost and usage report: its names of columns, its manifest, and a real, anonymised one."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.aws import AwsOptions, periods_in
from connectors.aws.columns import cur2_name
from connectors.errors import AnswerError
from connectors.protocol import Surroundings, Window
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check

_LEGACY = {
    "bill_billing_period_end_date": "bill/BillingPeriodEndDate",
    "bill_billing_period_start_date": "bill/BillingPeriodStartDate",
    "bill_payer_account_id": "bill/PayerAccountId",
    "line_item_currency_code": "lineItem/CurrencyCode",
    "line_item_line_item_description": "lineItem/LineItemDescription",
    "line_item_line_item_type": "lineItem/LineItemType",
    "line_item_product_code": "lineItem/ProductCode",
    "line_item_unblended_cost": "lineItem/UnblendedCost",
    "line_item_usage_account_id": "lineItem/UsageAccountId",
    "line_item_usage_amount": "lineItem/UsageAmount",
    "line_item_usage_end_date": "lineItem/UsageEndDate",
    "line_item_usage_start_date": "lineItem/UsageStartDate",
    "line_item_usage_type": "lineItem/UsageType",
    "pricing_public_on_demand_cost": "pricing/publicOnDemandCost",
    "pricing_rate_code": "pricing/RateCode",
    "pricing_unit": "pricing/unit",
    "product_region_code": "product/regionCode",
    "product_sku": "product/sku",
    "reservation_effective_cost": "reservation/EffectiveCost",
    "reservation_reservation_a_r_n": "reservation/ReservationARN",
    "savings_plan_savings_plan_a_r_n": "savingsPlan/SavingsPlanARN",
    "savings_plan_savings_plan_effective_cost": "savingsPlan/SavingsPlanEffectiveCost",
    "savings_plan_total_commitment_to_date": "savingsPlan/TotalCommitmentToDate",
    "reservation_unused_recurring_fee": "reservation/UnusedRecurringFee",
}  # fmt: skip


@pytest.mark.parametrize(("new", "legacy"), _LEGACY.items())
def test_legacy_columns_have_names_in_the_new_report(new: str, legacy: str) -> None:
    assert cur2_name(legacy) == new


def _report(bills: Any, folder: Path, costs: list[float], run: str) -> None:
    period = folder / "20260901-20261001"
    lines = [
        {
            _LEGACY[name]: value
            for name, value in bills.line(sku=f"S{number}", unblended_cost=cost, public_on_demand_cost=cost).items()
            if name in _LEGACY
        }
        | {"resourceTags/user:team": "research", "resourceTags/user:empty": None}
        for number, cost in enumerate(costs)
    ]
    bills.csv(period / run / "daily-1.csv.gz", lines)
    manifest = json.dumps(
        {
            "assemblyId": run,
            "account": "111122223333",
            "columns": [
                {"category": column.partition("/")[0], "name": column.partition("/")[2]} for column in lines[0]
            ],
            "billingPeriod": {"start": "20260901T000000.000Z", "end": "20261001T000000.000Z"},
            "bucket": "acme",
            "reportKeys": [f"billing/daily/20260901-20261001/{run}/daily-1.csv.gz"],
        }
    )
    for place in (period / "daily-Manifest.json", period / run / "daily-Manifest.json"):
        place.write_text(manifest)


def test_the_manifest_of_the_period_names_the_assembly_that_counts(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    _report(bills, tmp_path, [1.0, 2.0], "0a1b2c3d-1111-2222-3333-444455556666")
    _report(bills, tmp_path, [1.0, 2.5], "0a1b2c3d-9999-2222-3333-444455556666")
    assert periods_in(AwsOptions(report="legacy-cur", path=str(tmp_path)), Surroundings()) == ["2026-09"]
    month = month_of(aws_source(tmp_path, report="legacy-cur"))
    assert month.charges["BilledCost"].sum() == Decimal("3.5")
    assert month.charges["Tags"].unique().to_list() == ['{"user:team":"research"}']


def _snake(name: str) -> str:
    """A column of CUR 2.0 as family and name, both in lower case."""
    family = next(known for known in ("savings_plan", "line_item", name.partition("_")[0]) if name.startswith(known))
    return f"{family}/{name.removeprefix(f'{family}_')}"


@pytest.mark.parametrize("is_camel", [True, False])
def test_parquet_has_the_columns_of_its_manifest_however_they_are_spelt(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path, is_camel: bool
) -> None:
    """`bill/InvoiceId` or `bill/invoice_id` in the manifest is `bill_invoice_id` in Parquet, so is a tag's column."""
    line = {name: value for name, value in bills.line(unblended_cost=1.5).items() if name in _LEGACY}
    folder = tmp_path / "20260901-20261001"
    bills.parquet(folder / "one/daily-00001.snappy.parquet", [{**line, "resource_tags_user_team": "research"}])
    told = [(_LEGACY[name] if is_camel else _snake(name)).partition("/")[::2] for name in line]
    columns = [{"category": family, "name": name} for family, name in [*told, ("resourceTags", "user:team")]]
    key = "billing/daily/20260901-20261001/one/daily-00001.snappy.parquet"
    manifest = {"columns": columns, "reportKeys": [key]}
    (folder / "daily-Manifest.json").write_text(json.dumps(manifest))
    month = month_of(aws_source(tmp_path, report="legacy-cur"))
    assert month.charges["BilledCost"].sum() == Decimal("1.5")
    manifest["columns"] = columns[:-1]
    (folder / "daily-Manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(AnswerError, match=r"its manifest says others \(resource_tags_user_team\)"):
        month_of(aws_source(tmp_path, report="legacy-cur"))


@pytest.mark.reference
def test_a_real_report_keeps_every_cent(
    shared_reference: Path, aws_source: Callable[..., Any], month_of: Callable[..., Any]
) -> None:
    """1,281 anonymised rows of November 2023: 1.6823086974 in all, 0.08 of it tax."""
    path = shared_reference / "focus/samples/aws_cur_legacy_anon_focus_converters.parquet"
    assert periods_in(AwsOptions(report="legacy-cur", path=str(path)), Surroundings()) == ["2023-11"]
    month = month_of(aws_source(path, report="legacy-cur"), Window.of_period("2023-11"))
    assert month.charges.height == 1281
    assert month.found("new_columns") == []
    assert month.charges["BilledCost"].sum() == Decimal("1.6823086974")
    assert month.as_read.row(0) == ("USD", 1281, Decimal("1.6823086974"))
    taxes = month.charges.filter(month.charges["ChargeCategory"] == "Tax")
    assert (taxes.height, taxes["BilledCost"].sum()) == (12, Decimal("0.08"))
    assert month.charges["InvoiceIssuerName"].unique().to_list() == ["Amazon Web Services Canada, Inc."]
    report = check(for_export(month.charges), lenient=True)
    assert {violation.rule: violation.count for violation in report.violations} == {}
