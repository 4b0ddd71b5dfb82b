"""Token metrics that CloudWatch tells of Bedrock (`AWS/Bedrock`), by model and region: readings where the bill tells no
tokens of that account, model and day; elsewhere a cross-check.

CloudWatch knows the account that it is asked in, no key and no user, and only metrics of models that ran in the last two
weeks are listed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from connectors.aws.charges import ISSUER
from connectors.aws.model_names import model_key
from connectors.aws.options import AwsOptions
from connectors.aws.session import AwsSession
from connectors.errors import AnswerError
from connectors.protocol import Answer, ChargesPart, Claim, Finding, Surroundings, Window
from models.ledger.focus import COST_AND_USAGE
from models.ledger.metering import METER_READINGS
from models.table import MONEY

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


def beside_the_bill(
    parts: Iterable[ChargesPart], metrics: Metrics, source: str, window: Window
) -> Iterator[ChargesPart]:
    """The bill's parts, then a last one: readings of what the bill does not tell, and how both compare elsewhere."""
    if not metrics.counts:
        yield from parts
        return
    billed: dict[tuple[str, str], dict[tuple[str, ...], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    payers: dict[str, tuple[str, str]] = {}
    for part in parts:
        _gather(part, billed, payers)
        yield part
    yield _last(metrics, billed, payers, source, window)


def _gather(
    part: ChargesPart,
    billed: dict[tuple[str, str], dict[tuple[str, ...], Decimal]],
    payers: dict[str, tuple[str, str]],
) -> None:
    accounts = part.charges.select("SubAccountId", "BillingAccountId", "InvoiceIssuerName").unique().drop_nulls()
    payers.update({account: (payer, issuer) for account, payer, issuer in accounts.iter_rows()})
    if part.readings is None or part.readings.is_empty():
        return
    tokens = (
        part.readings.filter(pl.col("token_kind").is_not_null())
        .group_by("project_id", "model", day=pl.col("window_start").dt.strftime("%Y-%m-%d"))
        .agg(pl.col("quantity").sum())
    )
    for account, model, day, quantity in tokens.iter_rows():
        billed[account or "", day][model_key(model or "")] += quantity


def _last(
    metrics: Metrics,
    billed: dict[tuple[str, str], dict[tuple[str, ...], Decimal]],
    payers: dict[str, tuple[str, str]],
    source: str,
    window: Window,
) -> ChargesPart:
    told: dict[tuple[str, str], dict[tuple[str, ...], int]] = defaultdict(lambda: defaultdict(int))
    for count in metrics.counts:
        told[count.account, f"{count.start:%Y-%m-%d}"][model_key(count.model)] += count.tokens
    rows: list[Counted] = []
    findings: list[Finding] = []
    for (account, day), models in sorted(told.items()):
        on_bill = billed.get((account, day), {})
        strangers = set(on_bill) - set(models)
        for key, tokens in sorted(models.items()):
            names = sorted({count.model for count in metrics.counts if model_key(count.model) == key})
            if key in on_bill:
                if difference := Decimal(tokens) - on_bill[key]:
                    findings.append(
                        Finding(
                            "cloudwatch_differs",
                            f"{account} {day} {names[0]}: CloudWatch tells {difference.normalize():+f} tokens beside the bill",
                        )
                    )
            elif strangers:
                findings.append(
                    Finding(
                        "cloudwatch_not_compared",
                        f"{account} {day} {names[0]}: {tokens} tokens; the bill names models of that day otherwise, so that they may be the same",
                    )
                )
            else:
                rows += [
                    count
                    for count in metrics.counts
                    if count.account == account and f"{count.start:%Y-%m-%d}" == day and model_key(count.model) == key
                ]
    readings = _readings(rows, payers, source, window)
    claims = tuple(
        {
            Claim(
                payers.get(row.account, (row.account, ISSUER))[1],
                payers.get(row.account, (row.account, ISSUER))[0],
                "usage",
            )
            for row in rows
        }
    )
    nothing = pl.DataFrame(schema={"currency": pl.String, "rows": pl.Int64, "billed_cost": MONEY})
    return ChargesPart(COST_AND_USAGE.empty(), nothing, readings, claims, (), tuple(findings))


def _readings(rows: list[Counted], payers: dict[str, tuple[str, str]], source: str, window: Window) -> pl.DataFrame:
    month = f"{window.start:%Y-%m}"
    known = [
        {
            "source": source,
            "billing_period": month,
            "stream": STREAM,
            "window_start": row.start,
            "window_end": row.end,
            "provider": "aws",
            "account_id": payers.get(row.account, (row.account, ISSUER))[0],
            "project_id": row.account,
            "model": row.model,
            "processing_tier": "unknown",
            "inference_geo": row.region,
            "meter": row.meter,
            "token_kind": row.meter,
            "unit": "Tokens",
            "quantity": Decimal(row.tokens),
            "attribution": "none",
        }
        for row in rows
        if row.tokens
    ]
    schema = METER_READINGS.polars_schema
    told = {name: dtype for name, dtype in schema.items() if known and name in known[0]}
    frame = pl.DataFrame(known, schema=told) if known else METER_READINGS.empty()
    return METER_READINGS.check(
        frame.select(
            pl.col(name) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in schema.items()
        )
    )
