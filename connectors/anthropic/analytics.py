"""The analytics reports (`analytics/usage`, `analytics/cost`; beta) as readings and bill lines. Pure.

Flat rows, one a combination of the dimensions and the day; days without usage have no row, so what proves the
window is the paging, not the buckets. Cost comes per key and with the list amount beside the discounted one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from connectors.anthropic.charges import read_money, read_money_currency
from connectors.anthropic.cost_lines import to_line
from connectors.anthropic.reports import (
    ANALYTICS_BY_CONTEXT,
    ANALYTICS_BY_SPEED,
    ANALYTICS_COSTS,
    ANALYTICS_DIMENSIONS,
    ANALYTICS_SHARED,
    ANALYTICS_USAGE,
    COST_FAN_OUT,
    GROUP_BY,
    METERS,
    TOKEN_METERS,
)
from connectors.anthropic.usage_rows import (
    WINDOW,
    flat_counts,
    note_unknown_words,
    refined,
    to_long,
    to_message_readings,
    token_totals,
)
from connectors.bill_line_rows import to_bill_lines
from connectors.json_answers import (
    Row,
    Tally,
    note_unknown_fields,
    read_instant,
    read_object,
    read_rows,
    unreadable,
    whole_numbers,
    words,
)
from connectors.protocol import Answer, Window

_INSTANT = pl.Datetime("us", "UTC")
_COST_DIMENSIONS = (*ANALYTICS_DIMENSIONS, *COST_FAN_OUT)
_USAGE_FIELDS = frozenset(
    ("cache_creation", "server_tool_use", "requests", "total_tokens", *(name for name in METERS if "." not in name))
)
_COST_FIELDS = frozenset(("amount", "list_amount", "currency", "requests"))


@dataclass(frozen=True)
class FlatRows:
    """The rows of one pull inside the window, each once, and what is missing."""

    rows: pl.DataFrame
    missing: tuple[str, ...]


def read_usage(stream: str, answers: Sequence[Answer], window: Window, tally: Tally) -> FlatRows:
    """The rows of a usage pull: its dimensions, the counts by field, requests and total. Raises AnswerError."""

    def counts(answer: Answer, metrics: Sequence[Row]) -> list[pl.Series]:
        note_unknown_fields(tally, stream, metrics, _USAGE_FIELDS)
        told = [whole_numbers(answer, metrics, name) for name in ("requests", "total_tokens")]
        return [*flat_counts(answer, metrics), *told]

    return _read(stream, answers, window, "usage", GROUP_BY[stream], counts, tally)


def read_costs(answers: Sequence[Answer], window: Window, tally: Tally) -> FlatRows:
    """The rows of the cost pull; amounts in cents as exact text. Raises AnswerError."""

    def money(answer: Answer, metrics: Sequence[Row]) -> list[pl.Series]:
        note_unknown_fields(tally, ANALYTICS_COSTS, metrics, _COST_FIELDS)
        listed = [None if row.get("list_amount") is None else read_money(answer, row, "list_amount") for row in metrics]
        return [
            pl.Series("amount", [read_money(answer, row, "amount") for row in metrics], dtype=pl.String),
            pl.Series("list_amount", listed, dtype=pl.String),
            pl.Series("currency", [read_money_currency(answer, row) for row in metrics], dtype=pl.String),
        ]

    return _read(ANALYTICS_COSTS, answers, window, "cost", _COST_DIMENSIONS, money, tally)


def to_usage_readings(
    pulls: dict[str, pl.DataFrame], *, source: str, account_id: str, tally: Tally
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`usage.meter_readings` and the vendor's token totals; refined by the pulls for context bands and speed."""
    usage = pulls[ANALYTICS_USAGE]
    note_unknown_words(usage, ANALYTICS_USAGE, tally)
    kinds = pl.sum_horizontal(list(TOKEN_METERS))
    off = usage.filter(pl.col("total_tokens") != kinds).height
    tally.note("parts differ from total", f"{ANALYTICS_USAGE}: total_tokens is not the sum of its kinds", off)
    counted = to_long(usage.with_columns(pl.col("requests").fill_null(0)), ANALYTICS_DIMENSIONS, "requests")
    rows = counted.filter(pl.col("meter") != "requests").with_columns(pl.lit("exact").alias("attribution"))
    for stream in (ANALYTICS_BY_CONTEXT, ANALYTICS_BY_SPEED):
        if stream in pulls:
            note_unknown_words(pulls[stream].select(GROUP_BY[stream][-1]), stream, tally)
            rows = refined(rows, to_long(pulls[stream], GROUP_BY[stream]), ANALYTICS_SHARED, stream, tally)
    requests = counted.filter(pl.col("meter") == "requests").with_columns(pl.lit("exact").alias("attribution"))
    everything = pl.concat([rows, requests], how="diagonal")
    readings = to_message_readings(everything, ANALYTICS_USAGE, source=source, account_id=account_id)
    return readings, token_totals(usage, ANALYTICS_USAGE)


def to_charges(rows: pl.DataFrame, *, source: str, account_id: str, tally: Tally) -> pl.DataFrame:
    """`usage.bill_lines`, one row a row of the cost report, in major units, with the list amount."""
    note_unknown_words(rows, ANALYTICS_COSTS, tally)
    lines = [to_line(row, _COST_DIMENSIONS, ANALYTICS_COSTS, tally) for row in rows.iter_rows(named=True)]
    return to_bill_lines(lines, source=source, provider="anthropic", stream=ANALYTICS_COSTS, account_id=account_id)


def _read(
    stream: str,
    answers: Sequence[Answer],
    window: Window,
    holder: str,
    dimensions: Sequence[str],
    measures: Callable[[Answer, Sequence[Row]], list[pl.Series]],
    tally: Tally,
) -> FlatRows:
    if not answers:
        nobody = Answer("", stream, window, {}, 0, window.start, b"")
        return FlatRows(_page(nobody, [], holder, dimensions, measures), (f"{stream}: no answer",))
    missing: list[str] = []
    pages: list[pl.DataFrame] = []
    for answer in answers:
        payload = read_object(answer)
        rows = read_rows(answer, payload, "data")
        pages.append(_page(answer, rows, holder, dimensions, measures))
        _note_freshness(answer, payload.get("data_refreshed_at"), window, tally)
        last = answer is answers[-1]
        if last and payload.get("has_more") is True:
            missing.append(f"{stream}: the last page says that there is more")
    everything = pl.concat(pages)
    inside = everything.filter(pl.col("window_start").is_between(window.start, window.end, closed="left"))
    tally.note("outside the window", f"{stream}: rows of other days", everything.height - inside.height)
    once = inside.unique(maintain_order=True)
    tally.note("duplicate row", f"{stream}: rows that came twice, counted once", inside.height - once.height)
    twice = once.filter(pl.struct(*WINDOW, *dimensions).is_duplicated())
    if twice.height:
        day = twice["window_start"].min()
        raise unreadable(answers[-1], f"{twice.height} rows came twice with different figures, first on {day}")
    return FlatRows(once, tuple(missing))


def _page(
    answer: Answer,
    rows: Sequence[Row],
    holder: str,
    dimensions: Sequence[str],
    measures: Callable[[Answer, Sequence[Row]], list[pl.Series]],
) -> pl.DataFrame:
    groups, metrics = _objects(answer, rows, "group"), _objects(answer, rows, holder)
    starts = [read_instant(answer, row.get("starting_at")) for row in rows]
    ends = [read_instant(answer, row.get("ending_at")) for row in rows]
    for start, end in zip(starts, ends, strict=True):
        if start.hour or start.minute or not start < end <= start + timedelta(days=1):
            raise unreadable(answer, f"a row covers {start.isoformat()} to {end.isoformat()}, which is no UTC day")
    return pl.DataFrame(
        [
            pl.Series("window_start", starts, dtype=_INSTANT),
            pl.Series("window_end", [start + timedelta(days=1) for start in starts], dtype=_INSTANT),
            *(words(answer, groups, name) for name in dimensions),
            *measures(answer, metrics),
        ]
    )


def _objects(answer: Answer, rows: Sequence[Row], name: str) -> list[Row]:
    objects = [row.get(name) for row in rows]
    if not all(isinstance(item, dict) for item in objects):
        raise unreadable(answer, f"a row has no `{name}`")
    return [item for item in objects if item is not None]


def _note_freshness(answer: Answer, said: object, window: Window, tally: Tally) -> None:
    """`data_refreshed_at` before the end of what was asked: the last day is still filling."""
    if said is None:
        return
    refreshed = read_instant(answer, said)
    if refreshed < min(window.end, answer.fetched_at) - timedelta(hours=1):
        tally.note("stale at the vendor", f"{answer.stream}: refreshed at {refreshed:%Y-%m-%d %H:%M} UTC")
