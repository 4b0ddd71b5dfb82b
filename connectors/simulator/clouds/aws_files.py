"""AWS's export as it lies in a bucket: CUR 2.0 as Parquet, a folder a billing period, overwritten, with a manifest.

When an export shrinks, the chunk that is no longer needed stays, without rows; so does Amazon leave it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from connectors.simulator.clouds.lines import Line, after, first_of
from connectors.simulator.clouds.parquet import as_parquet
from connectors.simulator.clouds.world import CloudWorld

EXPORT = "meridian-cur2"
_BUCKET = "s3://meridian-billing/exports"

_TEXT = (
    "bill_bill_type", "bill_billing_entity", "bill_invoice_id", "bill_invoicing_entity", "bill_payer_account_id",
    "bill_payer_account_name", "capacity_reservation_capacity_reservation_arn",
    "capacity_reservation_capacity_reservation_status", "capacity_reservation_capacity_reservation_type",
    "identity_line_item_id", "identity_time_interval", "line_item_availability_zone", "line_item_currency_code",
    "line_item_iam_principal", "line_item_legal_entity", "line_item_line_item_description", "line_item_line_item_type",
    "line_item_operation", "line_item_product_code", "line_item_resource_id", "line_item_tax_type",
    "line_item_unblended_rate", "line_item_usage_account_id", "line_item_usage_account_name", "line_item_usage_type",
    "pricing_currency", "pricing_lease_contract_length", "pricing_offering_class", "pricing_public_on_demand_rate",
    "pricing_purchase_option", "pricing_rate_code", "pricing_term", "pricing_unit", "product_instance_type",
    "product_region_code", "product_servicecode", "product_sku", "product_usagetype", "reservation_end_time",
    "reservation_number_of_reservations", "reservation_reservation_a_r_n", "reservation_start_time",
    "reservation_subscription_id", "reservation_total_reserved_units", "reservation_units_per_reservation",
    "savings_plan_end_time", "savings_plan_offering_type", "savings_plan_payment_option", "savings_plan_purchase_term",
    "savings_plan_region", "savings_plan_savings_plan_a_r_n", "savings_plan_start_time",
)  # fmt: skip
_TIMES = (
    "bill_billing_period_end_date", "bill_billing_period_start_date", "line_item_usage_end_date",
    "line_item_usage_start_date",
)  # fmt: skip
_NUMBERS = (
    "line_item_unblended_cost", "line_item_usage_amount", "pricing_public_on_demand_cost",
    "reservation_amortized_upfront_cost_for_usage", "reservation_amortized_upfront_fee_for_billing_period",
    "reservation_effective_cost", "reservation_recurring_fee_for_usage",
    "reservation_unused_amortized_upfront_fee_for_billing_period", "reservation_unused_quantity",
    "reservation_unused_recurring_fee", "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_recurring_commitment_for_billing_period", "savings_plan_savings_plan_effective_cost",
    "savings_plan_savings_plan_rate", "savings_plan_total_commitment_to_date", "savings_plan_used_commitment",
)  # fmt: skip
_MAPS = ("cost_category", "discount", "product", "resource_tags", "tags")


@lru_cache(maxsize=1)
def _schema() -> Any:
    import pyarrow as pa

    types = {
        **dict.fromkeys(_TEXT, pa.string()),
        **dict.fromkeys(_TIMES, pa.timestamp("ms")),
        **dict.fromkeys(_NUMBERS, pa.float64()),
        **dict.fromkeys(_MAPS, pa.map_(pa.string(), pa.string())),
        "discount": pa.map_(pa.string(), pa.float64()),
    }
    return pa.schema(sorted(types.items()))


def aws_files(world: CloudWorld, month: str, lines: Sequence[Line]) -> Iterator[tuple[str, bytes]]:
    """The month's files by their path below the export's folder; the manifest last, as it is delivered."""
    folder = f"BILLING_PERIOD={month}"
    names: list[str] = []
    for number, chunk in enumerate(_chunks(world, month, lines), start=1):
        rows = [{**line.columns, **_naive(line)} for line in chunk]
        names.append(f"data/{folder}/{EXPORT}-{number:05d}.snappy.parquet")
        yield names[-1], as_parquet(rows, _schema())
    yield f"metadata/{folder}/{EXPORT}-Manifest.json", _manifest(month, names)


def _chunks(world: CloudWorld, month: str, lines: Sequence[Line]) -> list[Sequence[Line]]:
    """Two a month; of the month that shrank one, and the other without a row."""
    if world.is_second and month == world.shrunk_month:
        return [lines, []]
    half = (len(lines) + 1) // 2
    return [lines[:half], lines[half:]]


def _naive(line: Line) -> dict[str, object]:
    """Times without a zone: the report means UTC and does not say so. Maps are there, be they empty."""
    times = {name: value.replace(tzinfo=None) for name in _TIMES if hasattr(value := line.columns[name], "tzinfo")}  # type: ignore[attr-defined]
    return {**times, "cost_category": {}, "discount": {}, "tags": {}}


def _manifest(month: str, names: Sequence[str]) -> bytes:
    document = {
        "exportName": EXPORT,
        "billingPeriod": {"start": f"{first_of(month)}T00:00:00.000Z", "end": f"{after(month)}T00:00:00.000Z"},
        "compression": "PARQUET",
        "contentType": "PARQUET",
        "columns": [{"name": column.name, "type": str(column.type)} for column in _schema()],
        "dataFiles": [f"{_BUCKET}/{EXPORT}/{name}" for name in names],
    }
    return (json.dumps(document, indent=1) + "\n").encode()
