"""Stale sources: those of which no pull succeeded for longer than is expected.

`ops.freshness` says from when on each is stale; the rule gives it some hours more. Every fresh source has a condition
that holds from then on, so that time alone opens the alert: nothing is published where nothing is pulled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from models.control.conditions import AlertKey, Condition, Severity
from models.control.kinds.judged import Judged
from models.control.kinds.rules import NO_VENDORS, Candidate, Rule, Vendors, judge
from models.wording import capital, day_text, instant_text

_CRITICAL_AFTER = timedelta(days=7)
"""Without data for as long, what is told of the month is far from what it costs."""


def stale_sources(
    freshness: pl.DataFrame,
    declared: Sequence[str],
    rules: Sequence[Rule],
    today: date,
    vendors: Vendors = NO_VENDORS,
) -> dict[str, Judged]:
    """What rules say of `ops.freshness`, of the sources that outlay.yaml declares; those it forgot are no news."""
    told = {row["source"]: row for row in freshness.rows(named=True)}
    things = [told.get(source, {"source": source, **_NOTHING}) for source in sorted(declared)]
    return judge(rules, things, lambda row, rule: [_candidate(row, rule, today, vendors)])


_NOTHING: Mapping[str, None] = dict.fromkeys(
    ("last_success_at", "last_attempt_at", "data_through", "stale_after", "message", "remedy")
)
"""Of a source that was never tried."""


def _candidate(row: Mapping[str, Any], rule: Rule, today: date, vendors: Vendors) -> Candidate:
    midnight = datetime.combine(today, time(), UTC)
    grace = timedelta(hours=float(rule.minimum))
    stale_after: datetime | None = row["stale_after"]
    holds_from = None if stale_after is None else stale_after + grace
    since = (holds_from or row["last_attempt_at"] or midnight).date()
    severity: Severity = "critical" if midnight - (holds_from or midnight) > _CRITICAL_AFTER else "warning"
    condition = Condition(
        key=AlertKey(rule.name, row["source"], "", ""),
        kind="stale_source",
        standing="firing",
        severity=rule.severity or severity,
        headline=_headline(row),
        subject=f"source {row['source']}",
        answer=_answer(row, stale_after),
        to_do=_to_do(row),
        since=since,
        cause=_sentence(row["message"]),
        facts=(
            ("Last good pull", instant_text(row["last_success_at"])),
            ("Last try", instant_text(row["last_attempt_at"])),
            ("Data through", _through(row["data_through"])),
        ),
        vendor=vendors.get(row["source"]),
        page="data-health",
        holds_from=holds_from,
    )
    return Candidate(condition, "firing")


def _headline(row: Mapping[str, Any]) -> str:
    if row["last_success_at"] is None:
        return f"Source {row['source']} was never loaded"
    return f"Source {row['source']} is stale: no good pull since {day_text(row['last_success_at'].date())}"


def _answer(row: Mapping[str, Any], stale_after: datetime | None) -> str:
    if stale_after is None:
        return "It is declared in outlay.yaml, and no pull of it has succeeded: its costs are in no figure."
    last, through = instant_text(row["last_success_at"]), _through(row["data_through"])
    return f"The last good pull was on {last}, and data reach {through}: what it cost since then is in no figure."


def _to_do(row: Mapping[str, Any]) -> str:
    if row["remedy"]:
        return _sentence(row["remedy"]) or ""
    if row["last_attempt_at"] is None:
        return f"Run `outlay run`, or remove {row['source']} from outlay.yaml if it is not wanted any more."
    return "See whether the daily `outlay run` still runs; `outlay doctor` tries every source."


def _through(data_through: datetime | None) -> str:
    """The last day with data; the window's end is exclusive."""
    if data_through is None:
        return "no day"
    return day_text((data_through - timedelta(microseconds=1)).date())


def _sentence(words: str | None) -> str | None:
    """`Sign in again.` of `sign in again`: as errors are written, made a sentence."""
    if not words:
        return None
    return f"{capital(words)}{'' if words[-1] in '.!?' else '.'}"
