"""CloudWatch beside a bill, and Cost Explorer's pages, read without any service: no token counts twice, nothing that is
not understood goes unsaid."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.aws.cost_explorer import STREAM
from connectors.errors import AnswerError
from connectors.protocol import Answer, Window

ACCOUNT = "123456789012"
NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)


def _group(keys: tuple[str, str], cost: str, amount: str = "0", unit: str = "N/A") -> dict[str, Any]:
    usage = {"Amount": amount, "Unit": unit}
    return {
        "Keys": list(keys),
        "Metrics": {"UnblendedCost": {"Amount": cost, "Unit": "USD"}, "UsageQuantity": usage},
    }


def _page(window: Window, question: str, *groups: dict[str, Any], **content: Any) -> Answer:
    """A page of Cost Explorer of the first of September."""
    day = {"TimePeriod": {"Start": "2026-09-01", "End": "2026-09-02"}, "Groups": list(groups), "Estimated": False}
    body = json.dumps({"ResultsByTime": [day], **content}).encode()
    facts = {"pages_paid": "1", "account_id": ACCOUNT}
    return Answer("aws", STREAM, window, {"question": question}, 0, NOW, body, facts)


def _metrics(window: Window, model: str, tokens: int) -> Answer:
    """CloudWatch's input tokens of one model on the first of September."""
    metric = {"MetricName": "InputTokenCount", "Dimensions": [{"Name": "ModelId", "Value": model}]}
    told = {"Id": "q0", "Timestamps": ["2026-09-01T00:00:00+00:00"], "Values": [str(tokens)]}
    body = json.dumps({"queries": [{"Id": "q0", "MetricStat": {"Metric": metric}}], "results": [told]}).encode()
    facts = {"account_id": ACCOUNT, "grain": "day"}
    return Answer("aws", "cloudwatch/bedrock", window, {"region": "us-east-1"}, 0, NOW, body, facts)


@pytest.mark.parametrize("model", ["amazon.nova-pro-v1:0", "anthropic.claude-haiku-9"])
def test_tokens_of_cost_explorer_are_of_no_account_and_never_counted_again(
    aws_source: Callable[..., Any], month_of: Callable[..., Any], september: Window, model: str
) -> None:
    """1,000 units of 1K tokens on the bill are the million that CloudWatch tells, or others of that day: who knows."""
    tokens = _group(("Amazon Bedrock", "USE1-NovaPro-input-tokens"), "0.80", "1000", "1K tokens")
    answers = [_page(september, "usage", tokens), _metrics(september, model, 1_000_000)]
    source = aws_source(report="cost-explorer", account_id=ACCOUNT)
    parts = list(source.translate(september, answers).parts)
    readings = [row for part in parts if part.readings is not None for row in part.readings.iter_rows(named=True)]
    assert [(row["stream"], row["quantity"]) for row in readings] == [("aws/bill", 1_000_000)]
    assert [finding.kind for finding in parts[-1].findings] == ["cloudwatch_not_compared"]


def test_what_is_not_understood_of_cost_explorer_is_listed_with_its_money(
    aws_source: Callable[..., Any], september: Window
) -> None:
    answers = [
        _page(september, "usage", _group(("Amazon Bedrock", "USE1-Guardrail-Units"), "7", "3", "Units")),
        _page(september, "other", _group(("Something New", "AWS Lambda"), "9"), _group(("Tax", "AWS Lambda"), "1")),
    ]
    (part,) = aws_source(report="cost-explorer", account_id=ACCOUNT).translate(september, answers).parts
    assert [(finding.detail, finding.count) for finding in part.findings if finding.kind == "not_understood"] == [
        ("line item type Something New: 9 USD", 1),
        ("usage type USE1-Guardrail-Units: 7 USD", 1),
    ]
    assert part.charges["BilledCost"].sum() == 17


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b'{"ResultsByTime": null}', b'{"ResultsByTime": [{}]}', b'{"ResultsByTime": ["x"]}', b"<html>"],
)
def test_a_page_of_cost_explorer_without_results_is_no_month_without_costs(
    aws_source: Callable[..., Any], september: Window, body: bytes
) -> None:
    usage = _page(september, "usage", _group(("AWS Lambda", "Requests"), "7"))
    answers = [usage, replace(_page(september, "other"), body=body)]
    with pytest.raises(AnswerError, match=r"a page of Cost Explorer \(other\) cannot be read"):
        list(aws_source(report="cost-explorer", account_id=ACCOUNT).translate(september, answers).parts)
