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
_FAMILIES = ("line_item", "pricing", "bill", "product", "reservation")
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
        """A line as AWS writes it: an hour of an m5.large for nothing, but for what is changed (by short names too)."""
        known = dict(_LINE)
        for name, value in changes.items():
            names = [name, *(f"{family}_{name}" for family in _FAMILIES)]
            known[next((full for full in names if full in known), name)] = value
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


class Named:
    """Resources of the make-believe month."""

    RESERVATION = "arn:aws:ec2:us-east-1:111122223333:reserved-instances/ri-1"
    PLAN = "arn:aws:savingsplans::111122223333:savingsplan/sp-1"
    BLOCK = "arn:aws:ec2:us-east-1:444455556666:capacity-reservation/cr-1"
    UNIT = "arn:aws:bedrock:us-east-1:444455556666:provisioned-model/pm1"
    PROFILE = "arn:aws:bedrock:us-east-1:444455556666:application-inference-profile/chat1"


@pytest.fixture
def named() -> type[Named]:
    return Named


@pytest.fixture
def all_line_items(bills: Bills) -> list[dict[str, Any]]:
    """One line of each type: what a person of this bill would see in a month."""
    line = bills.line
    sp = {"savings_plan_savings_plan_a_r_n": Named.PLAN}
    ri = {"reservation_reservation_a_r_n": Named.RESERVATION}
    block = {
        "capacity_reservation_capacity_reservation_arn": Named.BLOCK,
        "capacity_reservation_capacity_reservation_type": "capacity-block",
    }
    # fmt: off
    return [
        line(sku="P5", usage_type="BoxUsage:p5.48xlarge", usage_amount=2.0, unblended_cost=196.64,
            public_on_demand_cost=196.64, rate_code="P5.OD.1", resource_id="i-1",
            resource_tags={"user_team": "research"}),
        line(sku="G5", usage_type="USW2-SpotUsage:g5.xlarge", region_code="us-west-2", usage_amount=3.0,
            unblended_cost=0.9, public_on_demand_cost=3.018, rate_code="G5.OD.1", purchase_option="Spot"),
        line(sku="ML", usage_type="USE1-Train:ml.p5.48xlarge", product_code="AmazonSageMaker",
            operation="CreateTrainingJob", usage_amount=1.0, unblended_cost=113.068, public_on_demand_cost=113.068,
            rate_code="ML.OD.1"),
        line(sku="TOK", usage_type="USE1-Claude4.6Opus-input-tokens", product_code="AmazonBedrock",
            operation="InvokeModelInference", unit="1K tokens", usage_amount=1234.567, unblended_cost=6.172835,
            public_on_demand_cost=6.172835, rate_code="TOK.OD.1", resource_id=Named.PROFILE,
            iam_principal="arn:aws:iam::444455556666:role/app"),
        line(sku="MP", usage_type="USE1-MP:USE1_OutputTokenCount_Global_Batch-Units", product_code="8xyz",
            billing_entity="AWS Marketplace", legal_entity="Anthropic, PBC", operation="", unit="Units",
            usage_amount=0.5, unblended_cost=6.25, public_on_demand_cost=6.25, rate_code="MP.OD.1",
            product={"product_name": "Claude Opus 5.5 (Amazon Bedrock Edition)"}, invoice_id="INV-2"),
        line(sku="RI", line_item_type="DiscountedUsage", usage_type="BoxUsage:m5.large", usage_amount=24.0,
            term="Reserved", public_on_demand_cost=2.304, reservation_effective_cost=1.2, rate_code="RI.R.1", **ri),
        line(sku="RI", line_item_type="RIFee", usage_type="HeavyUsage:m5.large", usage_amount=720.0,
            unblended_cost=36.0, term="Reserved", usage_end_date=datetime(2026, 10, 1, tzinfo=UTC),
            reservation_unused_recurring_fee=34.8, reservation_unused_quantity=696.0,
            reservation_total_reserved_units=720.0, **ri),
        line(sku="SPU", line_item_type="SavingsPlanCoveredUsage", usage_type="BoxUsage:c6i.large", usage_amount=10.0,
            unblended_cost=0.85, public_on_demand_cost=0.85, savings_plan_savings_plan_effective_cost=0.6,
            rate_code="SPU.OD.1", **sp),
        line(line_item_type="SavingsPlanNegation", usage_type="ComputeSP:1yrNoUpfront",
            product_code="ComputeSavingsPlans", unblended_cost=-0.85, **sp),
        line(line_item_type="SavingsPlanRecurringFee", usage_type="ComputeSP:1yrNoUpfront",
            product_code="ComputeSavingsPlans", operation="", unit="", usage_amount=1.0, unblended_cost=1.0,
            usage_end_date=datetime(2026, 9, 2, tzinfo=UTC), savings_plan_total_commitment_to_date=1.0,
                savings_plan_used_commitment=0.6, **sp),
        line(line_item_type="Usage", usage_type="CapacityBlockFee:p5.48xlarge", operation="CapacityBlock",
            usage_amount=48.0, unblended_cost=1500.0, usage_start_date=datetime(2026, 9, 10, 12, tzinfo=UTC),
                usage_end_date=datetime(2026, 9, 12, 12, tzinfo=UTC),
            **block),
        line(sku="P5", usage_type="BoxUsage:p5.48xlarge", operation="RunInstances:CB", usage_amount=40.0,
            public_on_demand_cost=3932.8, rate_code="P5.CB.1", usage_start_date=datetime(2026, 9, 10, tzinfo=UTC),
                usage_end_date=datetime(2026, 9, 12, tzinfo=UTC),
            resource_id="i-cb", **block),
        line(usage_type="USE1-Claude2.1-ProvisionedThroughput-ModelUnit-1month", product_code="AmazonBedrock",
            unit="Hrs", usage_amount=24.0, unblended_cost=480.0, resource_id=Named.UNIT, sku="PT", rate_code="PT.1"),
        line(usage_type="USE1-Guardrail-ContentPolicyUnitsConsumed", product_code="AmazonBedrock", unit="TextUnits",
            usage_amount=100.0, unblended_cost=0.015, public_on_demand_cost=0.015, sku="GR", rate_code="GR.1"),
        line(line_item_type="Fee", usage_type="Dimension-1", product_code="support", operation="", unit="",
            usage_amount=1.0, unblended_cost=29.0),
        line(line_item_type="Tax", usage_type=None, operation=None, unit=None, rate_code=None, unblended_cost=12.34,
            usage_amount=1.0),
        line(line_item_type="Credit", usage_type="BoxUsage:m5.large", unblended_cost=-5.0, usage_amount=0.0),
        line(line_item_type="Refund", usage_type="BoxUsage:m5.large", unblended_cost=-2.0,
            usage_start_date=datetime(2026, 8, 3, tzinfo=UTC), usage_end_date=datetime(2026, 8, 4, tzinfo=UTC)),
        line(line_item_type="EdpDiscount", usage_type="BoxUsage:p5.48xlarge", unblended_cost=-9.832),
        line(line_item_type="BundledDiscount", usage_type="DataTransfer-Out-Bytes", product_code="AWSDataTransfer",
            unblended_cost=-0.5),
        line(line_item_type="SomethingNew", usage_type="BoxUsage:m5.large", unblended_cost=0.25),
        line(sku="NEG", usage_type="BoxUsage:t3.micro", unblended_cost=-0.01, usage_amount=1.0),
        line(sku="S3", usage_type="TimedStorage-ByteHrs", product_code="AmazonS3", unit="GB-Mo",
            operation="StandardStorage", usage_amount=100.0, unblended_cost=2.3, rate_code="S3.1"),
    ]
    # fmt: on
