"""Token counts of Cloud Monitoring as readings, where no bill tells any; elsewhere held against the bill's. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from connectors.gcp.monitoring import STREAM
from connectors.json_answers import read_object, unreadable
from connectors.native_charges import counted
from connectors.protocol import Answer, ChargesPart, Finding, Window
from connectors.reading_rows import by_meter, to_readings
from models.ledger.focus import COST_AND_USAGE
from models.table import MONEY

_HOUR = timedelta(hours=1)
_COUNTS = pl.Schema(
    {
        "project_id": pl.String,
        "model": pl.String,
        "window_start": pl.Datetime("us", "UTC"),
        "kind": pl.String,
        "tokens": pl.Int64,
    }
)
_CLOSE = 0.01
"""Share by which two counts of one thing may differ: they end their days at other seconds."""


class BilledTokens:
    """What the parts of a bill tell of tokens, by project, model and UTC day, and whose bill it is."""

    def __init__(self) -> None:
        self.tokens: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self.account_id = "unknown"

    def add(self, part: ChargesPart) -> None:
        if part.charges.height:
            self.account_id = part.charges["BillingAccountId"][0]
        if part.readings is None:
            return
        told = part.readings.filter(pl.col("token_kind").is_not_null())
        day = pl.col("window_start").dt.strftime("%Y-%m-%d")
        for project, model, date, tokens in (
            told.group_by(pl.col("project_id").fill_null(""), pl.col("model").fill_null(""), day.alias("day"))
            .agg(pl.col("quantity").sum())
            .iter_rows()
        ):
            self.tokens[project, model, date] += int(tokens)


def monitored_part(source: str, window: Window, answers: Sequence[Answer], billed: BilledTokens) -> ChargesPart:
    """A part without charges: readings of projects, models and days of which the bill tells no token.

    Raises `AnswerError` for an answer that is no list of time series.
    """
    records = [record for answer in answers for record in _records(answer)]
    counts = pl.DataFrame(records, schema=_COUNTS, orient="row").filter(
        pl.col("window_start").dt.strftime("%Y-%m") == f"{window.start:%Y-%m}"
    )
    days = pl.DataFrame([*billed.tokens], schema=dict.fromkeys(("project_id", "model", "day"), pl.String), orient="row")
    dated = counts.with_columns(day=pl.col("window_start").dt.strftime("%Y-%m-%d"))
    untold = dated.join(days, on=["project_id", "model", "day"], how="anti")
    wide = untold.with_columns(
        window_end=pl.col("window_start") + _HOUR,
        processing_tier=pl.lit("standard"),
        attribution=pl.lit("none"),
        input=pl.when(pl.col("kind") == "input").then("tokens"),
        output=pl.when(pl.col("kind") == "output").then("tokens"),
    )
    readings = to_readings(
        by_meter(wide, {"input": "input", "output": "output"}),
        source=source,
        provider="google",
        stream=STREAM,
        account_id=billed.account_id,
    )
    nothing = counted(pl.Series([], dtype=pl.String), pl.Series([], dtype=MONEY))
    told = dated.join(days, on=["project_id", "model", "day"], how="semi")
    return ChargesPart(COST_AND_USAGE.empty(), nothing, readings, findings=_compared(told, billed))


def _compared(told: pl.DataFrame, billed: BilledTokens) -> tuple[Finding, ...]:
    """Where both count the same days, and their counts lie apart."""
    findings: list[Finding] = []
    for (project, model), counts in told.sort("project_id", "model").group_by(
        "project_id", "model", maintain_order=True
    ):
        days = counts["day"].unique().sort().to_list()
        ours = sum(billed.tokens[str(project), str(model), day] for day in days)
        theirs = int(counts["tokens"].sum())
        if abs(ours - theirs) > _CLOSE * max(ours, theirs):
            detail = f"{project}, {model}: Cloud Monitoring counts {theirs} tokens, the bill {ours}, from {days[0]} on"
            findings.append(Finding("monitoring_differs", detail, len(days)))
    return tuple(findings)


def _records(answer: Answer) -> Iterator[tuple[str, str, datetime, str, int]]:
    project = answer.request["project"]
    try:
        for series in read_object(answer).get("timeSeries", ()):
            kind = str(series["metric"]["labels"]["type"])
            model = str(series["resource"]["labels"]["model_user_id"])
            for point in series["points"]:
                yield project, model, _start(point["interval"]), kind, int(point["value"]["int64Value"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(answer, f"a time series lacks what it should have ({error})") from None


def _start(interval: dict[str, Any]) -> datetime:
    """The start of a point's hour; points of one instant only tell its end."""
    end = datetime.fromisoformat(str(interval["endTime"])).astimezone(UTC)
    return end - _HOUR
