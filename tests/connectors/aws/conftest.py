"""A make-believe month of AWS bills: rows as CUR 2.0 writes them, exports as AWS lays them out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from connectors.aws import KIND, AwsOptions
from connectors.protocol import ChargesPart, Connector, Surroundings, Translation, Window
from models.ledger.metering import METER_READINGS

NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
SEPTEMBER = Window.of_period("2026-09")
TEXT_MAP = pa.map_(pa.string(), pa.string())

_LINE: dict[str, Any] = {
    "bill_billing_entity": "AWS",
    "bill_billing_period_end_date": datetime(2026, 10, 1, tzinfo=UTC),
    "bill_billing_period_start_date": datetime(2026, 9, 1, tzinfo=UTC),
    "bill_bill_type": "Anniversary",
    "bill_invoice_id": "INV-1",
    "bill_invoicing_entity": "Amazon Web Services, Inc.",
    "bill_payer_account_id": "111122223333",
    "bill_payer_account_name": "Acme",
    "capacity_reservation_capacity_reservation_arn": None,
    "capacity_reservation_capacity_reservation_status": None,
    "capacity_reservation_capacity_reservation_type": None,
    "identity_line_item_id": "id",
    "line_item_availability_zone": None,
    "line_item_currency_code": "USD",
    "line_item_iam_principal": None,
    "line_item_legal_entity": "Amazon Web Services, Inc.",
    "line_item_line_item_description": None,
    "line_item_line_item_type": "Usage",
    "line_item_net_unblended_cost": None,
    "line_item_operation": "RunInstances",
    "line_item_product_code": "AmazonEC2",
    "line_item_resource_id": None,
    "line_item_unblended_cost": 0.0,
    "line_item_usage_account_id": "444455556666",
    "line_item_usage_account_name": "research",
    "line_item_usage_amount": 1.0,
    "line_item_usage_end_date": datetime(2026, 9, 2, tzinfo=UTC),
    "line_item_usage_start_date": datetime(2026, 9, 1, tzinfo=UTC),
    "line_item_usage_type": "BoxUsage:m5.large",
    "pricing_lease_contract_length": None,
    "pricing_public_on_demand_cost": None,
    "pricing_purchase_option": None,
    "pricing_rate_code": None,
    "pricing_term": "OnDemand",
    "pricing_unit": "Hrs",
    "product": {},
    "product_instance_type": None,
    "product_product_family": None,
    "product_region_code": "us-east-1",
    "product_sku": None,
    "reservation_effective_cost": 0.0,
    "reservation_end_time": None,
    "reservation_net_effective_cost": None,
    "reservation_reservation_a_r_n": None,
    "reservation_start_time": None,
    "reservation_total_reserved_units": None,
    "reservation_unused_amortized_upfront_fee_for_billing_period": 0.0,
    "reservation_unused_quantity": 0.0,
    "reservation_unused_recurring_fee": 0.0,
    "resource_tags": {},
    "savings_plan_end_time": None,
    "savings_plan_net_savings_plan_effective_cost": None,
    "savings_plan_savings_plan_a_r_n": None,
    "savings_plan_savings_plan_effective_cost": 0.0,
    "savings_plan_start_time": None,
    "savings_plan_total_commitment_to_date": 0.0,
    "savings_plan_used_commitment": 0.0,
    "split_line_item_parent_resource_id": None,
    "split_line_item_split_cost": None,
    "split_line_item_unused_cost": None,
}
_AMOUNT_WORDS = ("cost", "amount", "units", "commitment", "quantity", "recurring_fee", "fee_for_billing_period")


def _arrow_type(name: str) -> pa.DataType:
    if name in {"product", "resource_tags"}:
        return TEXT_MAP
    if name.endswith(("start_date", "end_date")):
        return pa.timestamp("ms")
    if any(word in name for word in _AMOUNT_WORDS) and not name.startswith("cost_category"):
        return pa.float64()
    return pa.string()


class Bills:
    """Makes lines, files and exports of September 2026."""

    def line(self, **changes: Any) -> dict[str, Any]:
        """A line as AWS writes it: an hour of an m5.large for nothing, but for what is changed (short names allowed)."""
        known = dict(_LINE)
        for name, value in changes.items():
            full = name if name in known else next(
                (f"{family}{name}" for family in ("line_item_", "pricing_", "bill_", "product_", "reservation_") if f"{family}{name}" in known),
                name,
            )  # fmt: skip
            known[full] = value
        return known

    def table(self, lines: Iterable[dict[str, Any]], **types: pa.DataType) -> pa.Table:
        rows = list(lines)
        names = list(dict.fromkeys(name for row in rows for name in row)) or list(_LINE)
        columns = {
            name: pa.array(
                [list(row[name].items()) if isinstance(row.get(name), dict) else row.get(name) for row in rows],
                type=types.get(name, _arrow_type(name)),
            )
            for name in names
        }
        return pa.table(columns)

    def parquet(self, path: Path, lines: Iterable[dict[str, Any]], **types: pa.DataType) -> Path:
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(self.table(lines, **types), path, compression="snappy", row_group_size=3)
        return path

    def csv(self, path: Path, lines: Iterable[dict[str, Any]], *, names: dict[str, str] | None = None) -> Path:
        """The same lines as AWS's CSV: maps as JSON, times with Z, gzip where the name says so."""
        import gzip

        rows = [
            {
                (names or {}).get(name, name): json.dumps(value)
                if isinstance(value, dict)
                else f"{value:%Y-%m-%dT%H:%M:%S.000Z}"
                if isinstance(value, datetime)
                else None
                if value is None
                else str(value)
                for name, value in line.items()
            }
            for line in lines
        ]
        text = pl.DataFrame(rows, infer_schema_length=None).write_csv().encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text) if path.name.endswith(".gz") else text)
        return path

    def export(
        self,
        folder: Path,
        *chunks: Iterable[dict[str, Any]],
        run: str | None = None,
        bucket: str = "s3://acme-billing/cur/daily",
        manifest: dict[str, Any] | None = None,
        period: str = "2026-09",
    ) -> Path:
        """An export at `folder`: data and manifest, overwriting (no `run`) or beside earlier runs."""
        part = f"BILLING_PERIOD={period}" + (f"/{run}" if run else "")
        names = [f"data/{part}/daily-{number:05d}.snappy.parquet" for number in range(1, len(chunks) + 1)]
        for name, lines in zip(names, chunks, strict=True):
            self.parquet(folder / name, lines)
        content = {
            "executionId": run or "one",
            "dataFiles": [f"{bucket}/{name}" for name in names],
            "columns": [{"name": name} for name in _LINE],
            "billingPeriod": {"start": f"{period}-01T00:00:00.000Z"},
            **(manifest or {}),
        }
        places = [f"metadata/BILLING_PERIOD={period}/daily-Manifest.json"]
        if run:
            places.append(f"metadata/{part}/daily-Manifest.json")
        for place in places:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
        return folder


@pytest.fixture
def bills() -> Bills:
    return Bills()


@pytest.fixture
def september() -> Window:
    return SEPTEMBER


@pytest.fixture
def aws_source() -> Callable[..., Connector]:
    """A source of AWS at a path, on a day in October 2026 that never waits."""

    def make(path: Path | str | None = None, *, home: Path | None = None, **options: Any) -> Connector:
        told = {"path": str(path), **options} if path is not None else options
        surroundings = Surroundings(clock=lambda: NOW, sleep=lambda _: None, home=home)
        return KIND.make("aws", AwsOptions.model_validate(told), surroundings)

    return make


class Month:
    """A month's translation, its parts put together."""

    def __init__(self, translation: Translation) -> None:
        self.parts: list[ChargesPart] = list(translation.parts)
        self.charges = pl.concat(part.charges for part in self.parts)
        self.readings = pl.concat(
            [METER_READINGS.empty(), *(part.readings for part in self.parts if part.readings is not None)]
        )
        self.as_read = (
            pl.concat(part.as_read for part in self.parts)
            .group_by("currency")
            .agg(pl.col("rows", "billed_cost").sum())
            .sort("currency")
        )
        self.claims = sorted({claim for part in self.parts for claim in part.claims})
        self.findings = [finding for part in self.parts for finding in part.findings]
        self.missing = [missing for part in self.parts for missing in part.missing]

    def one(self, **where: Any) -> dict[str, Any]:
        """The only charge where columns have these values."""
        found = self.charges.filter(pl.all_horizontal(pl.col(name).eq_missing(value) for name, value in where.items()))
        assert found.height == 1, f"{found.height} charges where {where}"
        return found.row(0, named=True)

    def found(self, kind: str) -> list[tuple[str, int]]:
        return [(finding.detail, finding.count) for finding in self.findings if finding.kind == kind]


@pytest.fixture
def month_of() -> Callable[..., Month]:
    """Pulls and translates a source's month."""

    def load(connector: Connector, window: Window = SEPTEMBER) -> Month:
        return Month(connector.translate(window, list(connector.pull(window))))

    return load


@pytest.fixture
def charges_of(
    bills: Bills, aws_source: Callable[..., Connector], month_of: Callable[..., Month], tmp_path: Path
) -> Callable[..., Month]:
    """The month of some lines, through one Parquet file."""

    def load(*lines: dict[str, Any], **options: Any) -> Month:
        return month_of(aws_source(bills.parquet(tmp_path / "bill.parquet", lines), **options))

    return load
