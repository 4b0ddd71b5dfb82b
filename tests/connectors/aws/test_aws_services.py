"""AWS's services over the wire (moto): exports in S3, roles, CloudWatch's metrics and Cost Explorer's pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.aws import AwsOptions, periods_in
from connectors.errors import IncompleteError, VendorUnavailableError
from connectors.protocol import Claim, Surroundings, Window
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check

if TYPE_CHECKING:
    from tests.emulators.servers import Moto

pytestmark = pytest.mark.emulator

ACCOUNT = "123456789012"


@pytest.fixture
def moto(moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moto]:
    """The emulator, clean, and a person's keys for it in the environment."""
    moto_server.reset()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_server.secret_key)
    yield moto_server
    moto_server.reset()


def _uploaded(moto: Moto, folder: Path, bucket: str) -> None:
    with closing(moto.client("s3")) as s3:
        s3.create_bucket(Bucket=bucket)
        for path in folder.rglob("*"):
            if path.is_file():
                s3.put_object(Bucket=bucket, Key=f"cur/daily/{path.relative_to(folder)}", Body=path.read_bytes())


@pytest.mark.parametrize("role", [None, f"arn:aws:iam::{ACCOUNT}:role/outlay"])
@pytest.mark.parametrize("kept", [16, 0])
def test_an_export_in_s3_is_read_with_the_sessions_keys(
    moto: Moto,
    bills: Any,
    aws_source: Callable[..., Any],
    month_of: Callable[..., Any],
    tmp_path: Path,
    role: str | None,
    kept: int,
) -> None:
    """By the environment's keys or an assumed role's; large files are fetched again when they are translated."""
    bucket = f"aws-cur2-{kept}-{'role' if role else 'keys'}"
    path = f"s3://{bucket}/cur/daily"
    lines = [bills.line(sku=f"S{n}", unblended_cost=0.5, public_on_demand_cost=0.5) for n in range(4)]
    _uploaded(moto, bills.export(tmp_path, lines[:2], lines[2:], bucket=path), bucket)
    options = {"endpoint_url": moto.url, "role_arn": role, "keep_copies_up_to_mib": kept}
    assert month_of(aws_source(path, **options)).charges["BilledCost"].sum() == 2
    assert periods_in(AwsOptions(path=path, **options), Surroundings()) == ["2026-09"]


def test_storage_settings_are_enough_for_s3(
    moto: Moto, bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    path = "s3://aws-cur2-storage/cur/daily"
    lines = [bills.line(sku="S", unblended_cost=0.5, public_on_demand_cost=0.5)]
    _uploaded(moto, bills.export(tmp_path, lines, bucket=path), "aws-cur2-storage")
    assert month_of(aws_source(path, storage=moto.storage_options)).charges["BilledCost"].sum() == Decimal("0.5")


def _metrics(moto: Moto, model: str, day: int, **values: float) -> None:
    with closing(moto.client("cloudwatch")) as cloudwatch:
        cloudwatch.put_metric_data(
            Namespace="AWS/Bedrock",
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": "ModelId", "Value": model}],
                    "Timestamp": datetime(2026, 9, day, 5, tzinfo=UTC),
                    "Value": value,
                }
                for name, value in values.items()
            ],
        )


def test_cloudwatch_fills_what_the_bill_does_not_tell_and_checks_what_it_does(
    moto: Moto, bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    """On the 1st the bill has 1000 input tokens of Opus, CloudWatch 1200; on the 2nd only CloudWatch knows of any.

    Both spellings of the cache's metric tell the same 50 tokens: they are counted once.
    """
    opus = "us.anthropic.claude-opus-4-6-20260101-v1:0"
    _metrics(moto, opus, 1, InputTokenCount=1200.0)
    _metrics(
        moto,
        opus,
        2,
        InputTokenCount=700.0,
        OutputTokenCount=30.0,
        CacheReadInputTokenCount=50.0,
        CacheReadInputTokens=50.0,
    )
    bill = bills.parquet(
        tmp_path / "bill.parquet",
        [
            bills.line(
                sku="T",
                usage_type="USE1-Claude4.6Opus-input-tokens",
                product_code="AmazonBedrock",
                unit="1K tokens",
                unblended_cost=0.005,
                public_on_demand_cost=0.005,
                usage_account_id=ACCOUNT,
            )
        ],
    )
    month = month_of(aws_source(bill, endpoint_url=moto.url, cloudwatch_regions=["us-east-1"]))
    told = month.readings.filter(month.readings["stream"] == "cloudwatch/bedrock")
    assert {(row["meter"], row["quantity"]) for row in told.iter_rows(named=True)} == {
        ("input", 700),
        ("output", 30),
        ("cache_read", 50),
    }
    assert told.select("account_id", "project_id", "model", "inference_geo").unique().rows() == [
        ("111122223333", ACCOUNT, opus, "us-east-1")
    ]
    assert month.found("cloudwatch_differs") == [
        (f"{ACCOUNT} 2026-09-01 {opus}: CloudWatch tells +200 tokens beside the bill", 1)
    ]
    assert Claim("Amazon Web Services, Inc.", "111122223333", "usage") in month.claims


def test_cloudwatch_waits_where_names_cannot_be_compared(
    moto: Moto, bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    _metrics(moto, "anthropic.claude-haiku-9", 1, InputTokenCount=10.0)
    line = bills.line(
        sku="T",
        usage_type="USE1-SomeModel-input-tokens",
        product_code="AmazonBedrock",
        unit="1K tokens",
        usage_account_id=ACCOUNT,
    )
    month = month_of(
        aws_source(
            bills.parquet(tmp_path / "bill.parquet", [line]), endpoint_url=moto.url, cloudwatch_regions=["us-east-1"]
        )
    )
    assert month.readings["stream"].unique().to_list() == ["aws/bill"]
    assert len(month.found("cloudwatch_not_compared")) == 1


def _group(keys: tuple[str, str], cost: str, amount: str = "0", unit: str = "N/A") -> dict[str, Any]:
    return {
        "Keys": list(keys),
        "Metrics": {
            "UnblendedCost": {"Amount": cost, "Unit": "USD"},
            "UsageQuantity": {"Amount": amount, "Unit": unit},
        },
    }


def _day(day: int, *groups: dict[str, Any], estimated: bool = False) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": f"2026-09-{day:02d}", "End": f"2026-09-{day + 1:02d}"},
        "Total": {},
        "Groups": list(groups),
        "Estimated": estimated,
    }


PAGES = [
    {"ResultsByTime": [_day(1, _group(("Amazon Elastic Compute Cloud - Compute", "BoxUsage:p5.48xlarge"),
        "98.3200000000", "1", "Hrs"))], "NextPageToken": "more"},
    {"ResultsByTime": [_day(2, _group(("Amazon Bedrock", "USE1-NovaPro-input-tokens"), "0.80", "1000", "1K tokens"),
        estimated=True)]},
    {"ResultsByTime": [_day(1, _group(("Tax", "Amazon Bedrock"), "0.07"), _group(("Credit", "Amazon Bedrock"),
        "-0.5"), _group(("Savings Plan Covered Usage", "AWS Lambda"), "3.5"), _group(("Savings Plan Negation",
        "AWS Lambda"), "-3.5"), _group(("Savings Plan Recurring Fee", "Savings Plans for AWS Compute usage"), "2.4",
        "24", "Hrs"))]},
]  # fmt: skip


def test_cost_explorer_is_a_bill_of_days(
    moto: Moto, aws_source: Callable[..., Any], september: Window, tmp_path: Path
) -> None:
    """Three pages cost 0.03 USD; the same question of the same day is not paid for again."""
    moto.post("/moto-api/static/ce/cost-and-usage-results", {"results": PAGES})
    from_vendor = aws_source(report="cost-explorer", account_id=ACCOUNT, endpoint_url=moto.url, home=tmp_path)
    answers = list(from_vendor.pull(september))
    assert len(answers) == 3
    parts = list(from_vendor.translate(september, answers).parts)
    charges, findings = parts[0].charges, {finding.kind: finding for finding in parts[0].findings}
    assert charges["BilledCost"].sum() == parts[0].as_read["billed_cost"].sum() == Decimal("101.09")
    assert parts[0].as_read.row(0) == ("USD", 7, Decimal("101.09"))
    assert findings["cost_of_the_pull"].detail == "3 pages of Cost Explorer were asked for, 0.03 USD"
    assert findings["estimated"].count == 1
    assert set(charges["x_CostStatus"]) == {"provisional"}
    assert charges.filter(charges["x_InstanceType"] == "p5.48xlarge")["ConsumedQuantity"].to_list() == [1]
    assert charges.filter(charges["x_Meter"] == "input")["ConsumedQuantity"].to_list() == [1_000_000]
    assert Claim("Amazon Web Services, Inc.", ACCOUNT, "money") in parts[0].claims
    assert [str(violation) for violation in check(for_export(charges)).violations] == []
    again = list(from_vendor.pull(september))
    assert [answer.body for answer in again] == [answer.body for answer in answers]
    assert again[0].facts["pages_paid"] == "0"


def test_cost_explorer_stops_at_the_page_limit(moto: Moto, aws_source: Callable[..., Any], september: Window) -> None:
    moto.post("/moto-api/static/ce/cost-and-usage-results", {"results": PAGES})
    source = aws_source(report="cost-explorer", account_id=ACCOUNT, endpoint_url=moto.url, page_limit=2)
    with pytest.raises(IncompleteError, match=r"more than 2 pages; 2 were paid for \(0.02 USD\)"):
        list(source.pull(september))


def test_a_service_that_fails_is_asked_a_few_times(
    moto: Moto, aws_source: Callable[..., Any], september: Window
) -> None:
    """Nothing listens there: the error says so after a bounded number of tries, without a wait in tests."""
    source = aws_source(report="cost-explorer", account_id=ACCOUNT, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(VendorUnavailableError, match="sts cannot be reached"):
        list(source.pull(september))
