"""Token metrics that CloudWatch tells of Bedrock (`AWS/Bedrock`), by model and region, asked for and read. How they
stand beside the bill belongs to `monitored`.

CloudWatch knows the account that it is asked in, no key and no user, and lists only metrics of models that ran in the
last two weeks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.aws.options import AwsOptions
from connectors.aws.session import AwsSession
from connectors.errors import AnswerError
from connectors.protocol import Answer, Surroundings, Window

STREAM = "cloudwatch/bedrock"
NAMESPACE = "AWS/Bedrock"
METRICS: dict[str, str] = {
    "InputTokenCount": "input",
    "OutputTokenCount": "output",
    "CacheReadInputTokenCount": "cache_read",
    "CacheReadInputTokens": "cache_read",
    "CacheWriteInputTokenCount": "cache_write",
    "CacheWriteInputTokens": "cache_write",
}
"""Metric → our meter. AWS's pages spell the cache's metrics in two ways; both are asked for, and one is counted."""

_QUERIES_A_CALL = 500


def pull_metrics(
    source: str, options: AwsOptions, session: AwsSession, surroundings: Surroundings, window: Window
) -> Iterator[Answer]:
    """Sums of every model's metrics in every configured region, a page an answer."""
    with session.client("sts") as sts:
        account = session.ask("sts", sts.get_caller_identity)["Account"]
    facts = {"account_id": account, "grain": options.cloudwatch_grain}
    sequence = 0
    for region in options.cloudwatch_regions:
        with session.client("cloudwatch", region) as client:
            for body in _bodies(session, client, options, window, surroundings.clock()):
                request = {"region": region, "namespace": NAMESPACE, "page": str(sequence)}
                yield Answer(source, STREAM, window, request, sequence, surroundings.clock(), body, facts)
                sequence += 1


def _bodies(session: AwsSession, client: Any, options: AwsOptions, window: Window, now: datetime) -> Iterator[bytes]:
    """Pages of one region, each with the queries that it answers."""
    queries = _queries(session, client, 86400 if options.cloudwatch_grain == "day" else 3600)
    for start in range(0, len(queries), _QUERIES_A_CALL):
        asked = queries[start : start + _QUERIES_A_CALL]
        for page in _data(session, client, asked, window, now):
            yield json.dumps({"queries": asked, "results": page}, sort_keys=True).encode()


def _queries(session: AwsSession, client: Any, period: int) -> list[dict[str, Any]]:
    """One query for each token metric of each model."""
    found: list[tuple[str, str]] = []
    for metric in METRICS:
        token: str | None = None
        while True:
            more = {"NextToken": token} if token else {}
            page = session.ask(
                "cloudwatch",
                lambda metric=metric, more=more: client.list_metrics(Namespace=NAMESPACE, MetricName=metric, **more),
            )
            for told in page.get("Metrics", []):
                dimensions = {entry["Name"]: entry["Value"] for entry in told["Dimensions"]}
                if set(dimensions) == {"ModelId"}:
                    found.append((metric, dimensions["ModelId"]))
            token = page.get("NextToken")
            if not token:
                break
    return [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": NAMESPACE,
                    "MetricName": metric,
                    "Dimensions": [{"Name": "ModelId", "Value": model}],
                },
                "Period": period,
                "Stat": "Sum",
            },
        }
        for number, (metric, model) in enumerate(sorted(set(found)))
    ]


def _data(
    session: AwsSession, client: Any, queries: list[dict[str, Any]], window: Window, now: datetime
) -> Iterator[list[dict[str, Any]]]:
    """Pages of values, times as ISO 8601."""
    token: str | None = None
    while queries:
        more = {"NextToken": token} if token else {}
        page = session.ask(
            "cloudwatch",
            lambda more=more: client.get_metric_data(
                MetricDataQueries=queries, StartTime=window.start, EndTime=min(window.end, now), **more
            ),
        )
        yield [
            {
                "Id": result["Id"],
                "Timestamps": [moment.astimezone(UTC).isoformat() for moment in result["Timestamps"]],
                "Values": [str(value) for value in result["Values"]],
            }
            for result in page["MetricDataResults"]
        ]
        token = page.get("NextToken")
        if not token:
            return


@dataclass(frozen=True)
class Counted:
    """Tokens of one model, meter and time in one region of one account."""

    account: str
    region: str
    model: str
    meter: str
    start: datetime
    end: datetime
    tokens: int


@dataclass(frozen=True)
class Metrics:
    """What CloudWatch told of the window."""

    counts: tuple[Counted, ...] = field(default_factory=tuple)

    @classmethod
    def of(cls, answers: Iterable[Answer]) -> Metrics:
        """Raises `AnswerError` for an answer that is no page of metrics, or a count that is no whole number."""
        sums: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for answer in answers:
            length = timedelta(days=1) if answer.facts["grain"] == "day" else timedelta(hours=1)
            for metric, model, start, tokens in _values(answer):
                key = (
                    answer.facts["account_id"],
                    answer.request["region"],
                    model,
                    METRICS[metric],
                    start.isoformat(),
                    str(length.total_seconds()),
                )
                sums[key][metric] += tokens
        return cls(tuple(_counted(key, max(spelt.values())) for key, spelt in sorted(sums.items())))


def _counted(key: tuple[str, ...], tokens: int) -> Counted:
    account, region, model, meter, start, seconds = key
    begins = datetime.fromisoformat(start)
    return Counted(account, region, model, meter, begins, begins + timedelta(seconds=float(seconds)), tokens)


def _values(answer: Answer) -> Iterator[tuple[str, str, datetime, int]]:
    try:
        assert isinstance(answer.body, bytes)
        page = json.loads(answer.body)
        asked = {query["Id"]: query["MetricStat"]["Metric"] for query in page["queries"]}
        for result in page["results"]:
            metric = asked[result["Id"]]
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                count = Decimal(value)
                if count != count.to_integral_value():
                    raise ValueError(f"{value} tokens")
                yield metric["MetricName"], metric["Dimensions"][0]["Value"], datetime.fromisoformat(moment), int(count)
    except (ValueError, KeyError, TypeError) as error:
        raise AnswerError(f"a page of CloudWatch cannot be read: {error}", remedy="pull the period again") from error
