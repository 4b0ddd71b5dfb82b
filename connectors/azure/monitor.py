"""Azure Monitor's token counts by deployment, model and day: readings where the bill meters nothing but provisioned
throughput of that resource and day, else a cross-check and never more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import polars as pl

from connectors.azure.management import ManagementClient
from connectors.azure.options import AzureOptions
from connectors.errors import AnswerError
from connectors.http import read_json
from connectors.native_charges import claims_of
from connectors.protocol import Answer, Claim, Finding, Surroundings, Window
from models.ledger.metering import METER_READINGS
from models.table import MONEY

STREAM = "monitor/openai"
API_VERSION = "2024-02-01"
METERS = {"ProcessedPromptTokens": "input", "GeneratedTokens": "output"}
"""The metrics that are asked for, and the meter each is read as; prompt tokens include those that a cache held."""
_DIRECTIONS = {"input": "Input", "output": "Output"}
_MOST_SERIES = 1000
_APART = Decimal("0.01")
"""The share by which both may differ: a day's last minutes may be metered before midnight and billed after it."""
COUNTS = pl.Schema(
    {
        "resource": pl.String,
        "deployment": pl.String,
        "model": pl.String,
        "day": pl.Date,
        "meter": pl.String,
        "tokens": MONEY,
    }
)


def monitor_answers(
    client: ManagementClient, options: AzureOptions, window: Window, *, source: str, surroundings: Surroundings
) -> Iterator[Answer]:
    """One answer for each resource of `monitor_resources`; days that have not begun are not asked for."""
    now = surroundings.clock()
    end = min(window.end, now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1), now)
    if end <= window.start:
        return
    for sequence, resource in enumerate(options.monitor_resources):
        path = f"{resource.rstrip('/')}/providers/Microsoft.Insights/metrics"
        params = {
            "api-version": API_VERSION,
            "metricnames": ",".join(METERS),
            "aggregation": "Total",
            "interval": "P1D",
            "timespan": f"{window.start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}",
            "$filter": "ModelDeploymentName eq '*' and ModelName eq '*'",
            "top": str(_MOST_SERIES),
        }
        page = client.get(path, params)
        yield Answer(source, STREAM, window, {"resource": resource}, sequence, surroundings.clock(), page.body)


def token_counts(answers: Sequence[Answer]) -> pl.DataFrame:
    """`COUNTS` of all answers, days without a token left out. Raises `AnswerError` for what is no metric."""
    told: list[tuple[Any, ...]] = []
    for answer in answers:
        if answer.stream == STREAM and isinstance(answer.body, bytes) and answer.body.strip():
            for metric in read_json(answer.body).get("value") or []:
                told.extend(_counts(metric, answer.request["resource"].lower()))
    return pl.DataFrame(told, schema=COUNTS, orient="row")


def _counts(metric: dict[str, Any], resource: str) -> Iterator[tuple[Any, ...]]:
    name = str((metric.get("name") or {}).get("value") or "")
    series = cast("list[dict[str, Any]]", metric.get("timeseries") or [])
    if name not in METERS:
        raise AnswerError(f"{STREAM}: {name or 'a metric without a name'} was not asked for", remedy="report it")
    if len(series) >= _MOST_SERIES:
        raise AnswerError(f"{STREAM}: {resource} has more than {_MOST_SERIES} deployments", remedy="report it")
    for one in series:
        told = {str((cell.get("name") or {}).get("value", "")).casefold(): str(cell.get("value") or "")
                for cell in one.get("metadatavalues") or []}  # fmt: skip
        for point in one.get("data") or []:
            tokens = point.get("total")
            if tokens:
                day = datetime.fromisoformat(str(point["timeStamp"])).astimezone(UTC).date()
                model = told.get("modelname") or told.get("modeldeploymentname") or ""
                yield resource, told.get("modeldeploymentname", ""), model, day, METERS[name], Decimal(tokens)


def model_key(model: pl.Expr) -> pl.Expr:
    """What a bill's `gpt-4o-1120` and a metric's `gpt-4o` have in common: the name without its version."""
    return model.str.to_lowercase().str.replace(r"(-\d{4}(-\d{2}-\d{2})?)?(-ft)?$", "")


class BilledTokens:
    """Tokens that the bill tells, added up part by part: by resource, model, day and direction; and whose account."""

    def __init__(self) -> None:
        self._billed = pl.DataFrame(schema=_BILLED)
        self._metered = pl.DataFrame(schema=_METERED)
        self._accounts: dict[str, tuple[str, str, str | None]] = {}

    def add(self, charges: pl.DataFrame) -> None:
        metered = charges.filter(pl.col("x_TokenKind").is_not_null(), pl.col("ConsumedQuantity") > 0)
        told = metered.select(
            resource=pl.col("ResourceId").str.to_lowercase(),
            key=model_key(pl.col("x_ModelId")),
            day=pl.col("ChargePeriodStart").dt.date(),
            meter=pl.when(pl.col("x_TokenKind").str.starts_with("output"))
            .then(pl.lit("output"))
            .otherwise(pl.lit("input")),
            tokens="ConsumedQuantity",
        )
        self._billed = pl.concat([self._billed, told.cast(_BILLED)]).group_by(_KEYS).agg(pl.col("tokens").sum())
        used = charges.filter(
            pl.col("ChargeCategory").is_in(["Usage", "Adjustment"])
            & pl.col("ResourceId").is_not_null()
            & ~_is_provisioned()
        ).select(resource=pl.col("ResourceId").str.to_lowercase(), day=pl.col("ChargePeriodStart").dt.date())
        self._metered = pl.concat([self._metered, used.unique()]).unique()
        owners = charges.select("SubAccountId", "InvoiceIssuerName", "BillingAccountId", "SubAccountName")
        for subscription, issuer, account, name in owners.unique().drop_nulls("SubAccountId").iter_rows():
            self._accounts.setdefault(subscription.lower(), (issuer, account, name))

    def readings(self, counts: pl.DataFrame, source: str, month: str) -> tuple[pl.DataFrame, tuple[Claim, ...]]:
        """Readings of the days on which the bill meters nothing of a resource that could be tokens, and the claims to
        their usage. A meter that could not be read may count the same tokens: beside any, nothing is added."""
        alone = counts.join(self._metered, on=["resource", "day"], how="anti").filter(pl.col("tokens") > 0)
        if alone.is_empty():
            return METER_READINGS.empty(), ()
        owned = alone.join(self._owners(alone), on="resource", how="left", maintain_order="left")
        start = pl.col("day").cast(pl.Datetime("us", "UTC"))
        known = owned.sort("resource", "deployment", "day", "meter").select(
            source=pl.lit(source), billing_period=pl.lit(month), provider=pl.lit("azure"), stream=pl.lit(STREAM),
            window_start=start, window_end=start.dt.offset_by("1d"),
            account_id="account", project_id="subscription", project_name="subscription_name", model="model",
            processing_tier=pl.lit("standard"), detail=pl.format("deployment={};resource={}", "deployment", "resource"),
            attribution=pl.lit("none"), meter="meter", token_kind="meter", unit=pl.lit("Tokens"), quantity="tokens",
        )  # fmt: skip
        readings = known.select(
            pl.col(name).cast(dtype) if name in known.columns else pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in METER_READINGS.polars_schema.items()
        )
        owners = owned.select(InvoiceIssuerName="issuer", BillingAccountId="account")
        return readings, tuple(Claim(claim.issuer, claim.account_id, "usage") for claim in claims_of(owners))

    def findings(self, counts: pl.DataFrame) -> tuple[Finding, ...]:
        """Where the bill and the metrics tell other amounts of the same resource and model over the same days, and what
        of the metrics is on no meter that could be read, although the bill has some of that resource and day."""
        keyed = counts.with_columns(key=model_key(pl.col("model"))).group_by(_KEYS).agg(metered=pl.col("tokens").sum())
        both = keyed.join(self._billed, on=_KEYS, how="inner").group_by("resource", "key", "meter")
        sums = both.agg(pl.col("metered", "tokens").sum(), days=pl.len()).sort("resource", "key", "meter")
        found = self._unmatched(keyed)
        for resource, key, meter, metered, tokens, days in sums.iter_rows():
            if abs(tokens - metered) > _APART * max(tokens, metered):
                amounts = f"{_DIRECTIONS[meter]} {tokens.normalize():f} billed, {metered.normalize():f} metered"
                found.append(Finding("monitor_differs", f"{key} of {resource}: {amounts}", days))
        return tuple(found)

    def _unmatched(self, keyed: pl.DataFrame) -> list[Finding]:
        beside = keyed.join(self._metered, on=["resource", "day"], how="semi")
        lost = beside.join(self._billed, on=["resource", "key", "day"], how="anti").group_by("resource", "key", "meter")
        sums = lost.agg(pl.col("metered").sum(), days=pl.len()).sort("resource", "key", "meter")
        return [
            Finding(
                "monitor_unmatched",
                f"{key} of {resource}: {_DIRECTIONS[meter]} {metered.normalize():f} metered, no tokens of that name "
                "billed; not added, for the bill has other meters of that resource and day",
                days,
            )
            for resource, key, meter, metered, days in sums.iter_rows()
            if metered
        ]

    def _owners(self, counts: pl.DataFrame) -> pl.DataFrame:
        """Whose account each resource is: its subscription's, as the bill tells; of one that is on no bill, its own."""
        rows: list[tuple[str, str, str, str, str | None]] = []
        for resource in counts["resource"].unique():
            match = re.match(r"^/subscriptions/([^/]+)/", resource)
            subscription = match[1] if match else resource
            issuer, account, name = self._accounts.get(subscription, ("Microsoft Corporation", subscription, None))
            rows.append((resource, subscription, issuer, account, name or subscription))
        names = ("resource", "subscription", "issuer", "account", "subscription_name")
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _is_provisioned() -> pl.Expr:
    """Whether a charge is of provisioned throughput, billed by the hour; FOCUS exports tell it by name alone."""
    names = pl.concat_str("SkuMeter", "ChargeDescription", separator=" ", ignore_nulls=True)
    told = names.str.contains(r"(?i)provisioned|\bptus?\b").fill_null(value=False)
    return pl.col("x_Meter").is_null() & (pl.col("ConsumedUnit").eq_missing(pl.lit("PTU-Hours")) | told)


_METERED = pl.Schema({"resource": pl.String, "day": pl.Date})
_KEYS = ["resource", "key", "day", "meter"]
_BILLED = pl.Schema({"resource": pl.String, "key": pl.String, "day": pl.Date, "meter": pl.String, "tokens": MONEY})
