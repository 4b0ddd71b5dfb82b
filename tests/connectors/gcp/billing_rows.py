"""Rows of Google's billing export as tests write them, and the Parquet that BigQuery would export them to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_KEY_VALUE = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))
_TIME = pa.timestamp("us", tz="UTC")
AMOUNT = pa.float64()


def schema(amount: pa.DataType = AMOUNT) -> pa.Schema:
    """The detailed export's; `amount` is the type of its costs."""
    return pa.schema(
        {
            "billing_account_id": pa.string(),
            "service": pa.struct([("id", pa.string()), ("description", pa.string())]),
            "sku": pa.struct([("id", pa.string()), ("description", pa.string())]),
            "usage_start_time": _TIME,
            "usage_end_time": _TIME,
            "project": pa.struct([("id", pa.string()), ("number", pa.string()), ("name", pa.string())]),
            "labels": _KEY_VALUE,
            "system_labels": _KEY_VALUE,
            "location": pa.struct([("location", pa.string()), ("region", pa.string()), ("zone", pa.string())]),
            "resource": pa.struct([("name", pa.string()), ("global_name", pa.string())]),
            "tags": pa.list_(
                pa.struct(
                    [("key", pa.string()), ("value", pa.string()), ("inherited", pa.bool_()),
                     ("namespace", pa.string())]
                )
            ),
            "price": pa.struct(
                [("effective_price", pa.decimal128(38, 9)), ("tier_start_amount", pa.decimal128(38, 9)),
                 ("unit", pa.string()), ("pricing_unit_quantity", pa.decimal128(38, 9))]
            ),
            "export_time": _TIME,
            "cost": amount,
            "currency": pa.string(),
            "currency_conversion_rate": pa.float64(),
            "usage": pa.struct(
                [("amount", pa.float64()), ("unit", pa.string()), ("amount_in_pricing_units", pa.float64()),
                 ("pricing_unit", pa.string())]
            ),
            "credits": pa.list_(
                pa.struct(
                    [("name", pa.string()), ("amount", amount), ("full_name", pa.string()), ("id", pa.string()),
                     ("type", pa.string())]
                )
            ),
            "invoice": pa.struct([("month", pa.string()), ("publisher_type", pa.string())]),
            "cost_type": pa.string(),
            "adjustment_info": pa.struct(
                [("id", pa.string()), ("description", pa.string()), ("mode", pa.string()), ("type", pa.string())]
            ),
            "cost_at_list": amount,
            "consumption_model": pa.struct([("id", pa.string()), ("description", pa.string())]),
            "transaction_type": pa.string(),
            "seller_name": pa.string(),
        }
    )  # fmt: skip


def at(day: int, hour: int = 12, month: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def row(sku: str = "E2 Instance Core running in Americas", cost: str = "1", **changes: Any) -> dict[str, Any]:
    """An hour of Compute Engine in September; `changes` are the table's own columns, or `amount`, `unit`, `priced`,
    `pricing_unit`, `credits` as (type, amount) pairs, `at` (day, hour), `region`, `service_name`, `labels` as a dict.
    """
    start = changes.pop("at", at(3))
    amount, unit = changes.pop("amount", 3600.0), changes.pop("unit", "seconds")
    priced, pricing_unit = changes.pop("priced", 1.0), changes.pop("pricing_unit", "hour")
    labels, system = changes.pop("labels", {}), changes.pop("machine", None)
    region, service = changes.pop("region", "us-central1"), changes.pop("service_name", "Compute Engine")
    credits = [
        {"name": kind.title(), "full_name": f"{kind.title()} in full", "id": f"id-{kind}", "type": kind,
         "amount": float(taken)}
        for kind, taken in changes.pop("credits", ())
    ]  # fmt: skip
    return {
        "billing_account_id": "0A1B2C-3D4E5F-678901",
        "service": {"id": "6F81-5844-456A", "description": service} if service else None,
        "sku": {"id": changes.pop("sku_id", f"SKU-{hash_of(sku) % 100000:05d}"), "description": sku} if sku else None,
        "usage_start_time": start,
        "usage_end_time": start + timedelta(hours=1),
        "project": {"id": "acme-ml", "number": "1", "name": "Acme ML"},
        "labels": [{"key": key, "value": value} for key, value in labels.items()],
        "system_labels": [{"key": "compute.googleapis.com/machine_spec", "value": system}] if system else [],
        "location": {"location": region, "region": region, "zone": None},
        "resource": None,
        "tags": [],
        "price": {"effective_price": None, "tier_start_amount": Decimal(0), "unit": pricing_unit,
                  "pricing_unit_quantity": Decimal(1)},
        "export_time": start + timedelta(hours=6),
        "cost": float(cost),
        "currency": "USD",
        "currency_conversion_rate": 1.0,
        "usage": {"amount": amount, "unit": unit, "amount_in_pricing_units": priced, "pricing_unit": pricing_unit},
        "credits": credits,
        "invoice": {"month": "202609", "publisher_type": "GOOGLE"},
        "cost_type": "regular",
        "adjustment_info": None,
        "cost_at_list": float(cost),
        "consumption_model": None,
        "transaction_type": "GOOGLE",
        "seller_name": "Google",
        **changes,
    }  # fmt: skip


def hash_of(text: str) -> int:
    """A number of a text, the same in every run."""
    return sum((place + 1) * ord(letter) for place, letter in enumerate(text))


def write(path: Path, rows: list[dict[str, Any]], *, shape: pa.Schema | None = None) -> Path:
    """The rows as a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=shape or schema()), path)
    return path
