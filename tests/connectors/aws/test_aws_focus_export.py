"""AWS's own FOCUS export: up-converted row for row, tokens and machines told by its x_ columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.aws import AwsOptions, periods_in
from connectors.errors import AnswerError, IncompleteError
from connectors.protocol import Surroundings, Window


def _row(**changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "AvailabilityZone": None,
        "BilledCost": 1.5,
        "BillingAccountId": "111122223333",
        "BillingAccountName": "Acme",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": datetime(2026, 10, 1, tzinfo=UTC),
        "BillingPeriodStart": datetime(2026, 9, 1, tzinfo=UTC),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": "usage",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": datetime(2026, 9, 2, tzinfo=UTC),
        "ChargePeriodStart": datetime(2026, 9, 1, tzinfo=UTC),
        "ConsumedQuantity": 300.0,
        "ConsumedUnit": "1K tokens",
        "ContractedCost": 1.5,
        "ContractedUnitPrice": 0.005,
        "EffectiveCost": 1.5,
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "ListCost": 1.5,
        "ListUnitPrice": 0.005,
        "PricingCategory": "Standard",
        "PricingQuantity": 300.0,
        "PricingUnit": "1K tokens",
        "ProviderName": "AWS",
        "PublisherName": "AWS",
        "RegionId": "us-east-1",
        "RegionName": "US East (N. Virginia)",
        "ResourceId": None,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "Amazon Bedrock",
        "SkuId": "TOK",
        "SkuPriceId": "TOK.1",
        "SubAccountId": "444455556666",
        "SubAccountName": "research",
        "Tags": {"user_team": "research"},
        "x_Operation": "InvokeModelInference",
        "x_ServiceCode": "AmazonBedrock",
        "x_UsageType": "USE1-NovaPro-input-tokens-batch",
    }
    return {**known, **changes}


def _written(path: Path, *rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {
        name: pa.array(
            [list(row[name].items()) if name == "Tags" else row[name] for row in rows],
            type=pa.map_(pa.string(), pa.string()) if name == "Tags" else None,
        )
        for name in rows[0]
    }
    pq.write_table(pa.table(columns), path)
    return path


def _export(folder: Path, *rows: dict[str, Any], **manifest: Any) -> Path:
    name = "data/BILLING_PERIOD=2026-09/focus-00001.snappy.parquet"
    _written(folder / name, *rows)
    place = folder / "metadata/BILLING_PERIOD=2026-09/focus-Manifest.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"dataFiles": [f"s3://acme/focus/{name}"], **manifest}))
    return folder


def test_rows_keep_their_money_and_say_their_model(
    aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    """300 blocks of 1K tokens are 300000 tokens of NovaPro, by batch."""
    machine = _row(BilledCost=98.32, ServiceName="Amazon Elastic Compute Cloud", ServiceCategory="Compute",
        x_ServiceCode="AmazonEC2", x_UsageType="BoxUsage:p5.48xlarge", SkuId="P5", SkuPriceId="P5.1",
        ConsumedUnit="Hours", PricingUnit="Hours")  # fmt: skip
    month = month_of(aws_source(_export(tmp_path, _row(), machine), report="focus"))
    assert month.charges["BilledCost"].sum() == month.as_read["billed_cost"].sum() == Decimal("99.82")
    tokens = month.one(SkuId="TOK")
    assert (tokens["x_ModelId"], tokens["x_Meter"], tokens["x_ProcessingTier"]) == ("NovaPro", "input", "batch")
    assert (tokens["ConsumedQuantity"], tokens["ConsumedUnit"], tokens["PricingUnit"]) == (
        300_000,
        "Tokens",
        "1000 Tokens",
    )
    assert month.one(SkuId="P5")["x_InstanceType"] == "p5.48xlarge"
    assert month.readings["quantity"].to_list() == [300_000]
    assert [claim.role for claim in month.claims] == ["money", "usage"]
    assert periods_in(AwsOptions(report="focus", path=str(tmp_path)), Surroundings()) == ["2026-09"]


@pytest.mark.parametrize(
    ("consumed", "unit", "priced", "tokens", "pricing_unit"),
    [
        (300_000.0, "Tokens", "1K tokens", 300_000, "1000 Tokens"),
        (300.0, "1K tokens", "1M tokens", 300_000, "1000000 Tokens"),
        (300.0, "1K tokens", "Units", 300_000, "Units"),
    ],
)
def test_tokens_are_counted_in_the_unit_that_was_consumed(
    aws_source: Callable[..., Any],
    month_of: Callable[..., Any],
    tmp_path: Path,
    consumed: float,
    unit: str,
    priced: str,
    tokens: int,
    pricing_unit: str,
) -> None:
    row = _row(ConsumedQuantity=consumed, ConsumedUnit=unit, PricingUnit=priced)
    month = month_of(aws_source(_written(tmp_path / "focus.parquet", row), report="focus"))
    told = month.one(SkuId="TOK")
    assert (told["ConsumedQuantity"], told["ConsumedUnit"]) == (tokens, "Tokens")
    assert told["PricingUnit"] == pricing_unit
    assert month.readings["quantity"].to_list() == [tokens]


def test_a_unit_of_no_tokens_is_listed_and_not_guessed(
    aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    row = _row(ConsumedUnit="Requests", ConsumedQuantity=7.0)
    month = month_of(aws_source(_written(tmp_path / "focus.parquet", row), report="focus"))
    assert month.found("not_understood") == [("usage type USE1-NovaPro-input-tokens-batch: 1.5 USD", 1)]
    assert (month.one(SkuId="TOK")["ConsumedQuantity"], month.readings.height) == (7, 0)


def test_what_is_not_understood_is_listed(
    aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    path = _written(tmp_path / "focus.parquet", _row(x_UsageType="USE1-Guardrail-ContentPolicyUnitsConsumed"))
    month = month_of(aws_source(path, report="focus"))
    assert month.found("not_understood") == [("usage type USE1-Guardrail-ContentPolicyUnitsConsumed: 1.5 USD", 1)]
    assert month.one(SkuId="TOK")["x_Meter"] is None
    assert periods_in(AwsOptions(report="focus", path=str(path)), Surroundings()) == ["2026-09"]


def test_a_month_without_a_charge_is_held(
    aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    path = _written(tmp_path / "focus.parquet", _row())
    month = month_of(aws_source(path, report="focus"), Window.of_period("2026-08"))
    assert (month.charges.height, month.missing) == (0, ["no charge of 2026-08 in the export"])


def test_manifests_are_held_against_the_files(
    aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    _export(tmp_path, _row(), rowCount=4)
    with pytest.raises(AnswerError, match="has 1 rows, its manifest says 4"):
        month_of(aws_source(tmp_path, report="focus"))
    with pytest.raises(IncompleteError, match="no manifest for 2026-08"):
        month_of(aws_source(tmp_path, report="focus"), Window.of_period("2026-08"))
