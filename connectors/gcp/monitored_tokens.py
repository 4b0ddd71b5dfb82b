"""Token counts of Cloud Monitoring as readings, where no bill tells any; elsewhere held against the bill's. Pure.

Both name models in their own way. Names are compared without versions and dates; where the bill has tokens of a day
under a name that Monitoring does not know, they may be the same ones: then nothing is added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from connectors.gcp.model_names import model_key
from connectors.gcp.monitoring import STREAM
from connectors.json_answers import read_object, unreadable
from connectors.native_charges import counted
from connectors.protocol import Answer, ChargesPart, Finding, Window
from connectors.reading_rows import by_meter, to_readings
from models.ledger.focus import COST_AND_USAGE
from models.table import MONEY

_Model = tuple[str, ...]
_Seen = list[tuple[str, int]]
"""Names of one model in Cloud Monitoring, with their tokens."""
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
    """What the parts of a bill tell of tokens, by project, UTC day and `model_key`, and whose bill it is."""

    def __init__(self) -> None:
        self._tokens: defaultdict[tuple[str, str], dict[_Model, int]] = defaultdict(dict)
        self.account_id = "unknown"

    def of(self, project: str, day: str) -> dict[_Model, int]:
        """Tokens of a day by model; those that the bill gives to no project stand under ''."""
        return self._tokens.get((project, day), {})

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
            models, key = self._tokens[project, date], model_key(model)
            models[key] = models.get(key, 0) + int(tokens)


def monitored_part(source: str, window: Window, answers: Sequence[Answer], billed: BilledTokens) -> ChargesPart:
    """A part without charges: readings of projects, models and days of which the bill tells no token.

    Raises `AnswerError` for an answer that is no list of time series.
    """
    records = [record for answer in answers for record in _records(answer)]
    counts = pl.DataFrame(records, schema=_COUNTS, orient="row").filter(
        pl.col("window_start").dt.strftime("%Y-%m") == f"{window.start:%Y-%m}"
    )
    dated = counts.with_columns(day=pl.col("window_start").dt.strftime("%Y-%m-%d"))
    untold, findings = _beside(dated, billed)
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
    return ChargesPart(COST_AND_USAGE.empty(), nothing, readings, findings=findings)


def _beside(dated: pl.DataFrame, billed: BilledTokens) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Counts of projects, models and days of which the bill tells nothing; how the others compare to it."""
    days: defaultdict[tuple[str, str], dict[_Model, _Seen]] = defaultdict(dict)
    keys = ["project_id", "day", "model"]
    sums = dated.group_by(keys).agg(pl.col("tokens").sum()).sort(keys)
    for project, day, model, tokens in sums.iter_rows():
        days[project, day].setdefault(model_key(model), []).append((model, tokens))
    alone: list[tuple[str, str, str]] = []
    met: defaultdict[tuple[str, str], list[tuple[str, int, int]]] = defaultdict(list)
    unsure: defaultdict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for (project, day), models in days.items():
        on_bill = billed.of(project, day)
        is_unsure = bool(set(on_bill) - set(models) or billed.of("", day))
        for key, seen in models.items():
            name, theirs = ", ".join(model for model, _ in seen), sum(tokens for _, tokens in seen)
            if key in on_bill:
                met[project, name].append((day, theirs, on_bill[key]))
            elif is_unsure:
                unsure[project, name].append((day, theirs))
            else:
                alone += [(project, day, model) for model, _ in seen]
    untold = dated.join(pl.DataFrame(alone, schema=dict.fromkeys(keys, pl.String), orient="row"), on=keys, how="semi")
    return untold, (*_differing(met), *_not_compared(unsure))


def _differing(met: dict[tuple[str, str], list[tuple[str, int, int]]]) -> Iterator[Finding]:
    """Where both count the same days, and their counts lie apart."""
    for (project, model), days in met.items():
        theirs, ours = sum(day[1] for day in days), sum(day[2] for day in days)
        if abs(ours - theirs) > _CLOSE * max(ours, theirs):
            detail = (
                f"{project}, {model}: Cloud Monitoring counts {theirs} tokens, the bill {ours}, from {days[0][0]} on"
            )
            yield Finding("monitoring_differs", detail, len(days))


def _not_compared(unsure: dict[tuple[str, str], list[tuple[str, int]]]) -> Iterator[Finding]:
    for (project, model), days in unsure.items():
        detail = (
            f"{project}, {model}: Cloud Monitoring counts {sum(tokens for _, tokens in days)} tokens from {days[0][0]} "
            "on; the bill names models of those days otherwise, perhaps the same: none are added"
        )
        yield Finding("monitoring_not_compared", detail, len(days))


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
