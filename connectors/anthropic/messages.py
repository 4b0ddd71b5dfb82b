"""The admin usage report (`usage_report/messages`) as meter readings. Pure.

Two pulls of the same usage, because five dimensions are all that one may ask for: what a price depends on, and who
used it. They are joined by `margins`, so that each keeps its own sums to the token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import polars as pl

from connectors.anthropic.margins import join_margins
from connectors.anthropic.reports import (
    GROUP_BY,
    IDENTITY_FIELDS,
    METERS,
    SHARED,
    USAGE,
    USAGE_BY_KEY,
    USAGE_BY_SPEED,
)
from connectors.anthropic.usage_rows import (
    WINDOW,
    flat_counts,
    note_gaps,
    note_unknown_words,
    refined,
    to_long,
    to_message_readings,
    token_totals,
)
from connectors.buckets import BucketFields, Buckets, read_buckets
from connectors.json_answers import Row, Tally, note_unknown_fields, words
from connectors.protocol import Answer, Window

FIELDS = BucketFields("starting_at", "ending_at")
WIDTHS = {"1d": timedelta(days=1), "1h": timedelta(hours=1)}
_HOLDERS = ("cache_creation", "server_tool_use")
_DIMENSIONS = (
    "account_id", "api_key_id", "context_window", "inference_geo", "model", "service_account_id", "service_tier",
    "speed", "workspace_id",
)  # fmt: skip
_KNOWN = frozenset((*_DIMENSIONS, *_HOLDERS, *(name for name in METERS if "." not in name)))
_SCHEMA = pl.Schema({**dict.fromkeys(_DIMENSIONS, pl.String), **dict.fromkeys(METERS, pl.Int64)})


def identity_dimensions(identities: str) -> tuple[str, ...]:
    """What the second pull is grouped by: the shared dimensions, the key and one kind of identity."""
    return (*SHARED, "api_key_id", IDENTITY_FIELDS[identities])


def read_messages(stream: str, answers: Sequence[Answer], window: Window, width: timedelta, tally: Tally) -> Buckets:
    """The results of one pull, a row a result with the vendor's own fields. Raises AnswerError."""

    def read(answer: Answer, rows: Sequence[Row]) -> pl.DataFrame:
        note_unknown_fields(tally, stream, rows, _KNOWN)
        return pl.DataFrame([*(words(answer, rows, name) for name in _DIMENSIONS), *flat_counts(answer, rows)])

    return read_buckets(stream, answers, window, width, FIELDS, _SCHEMA, read, tally)


def to_usage_readings(
    pulls: Mapping[str, pl.DataFrame], *, identities: str, source: str, account_id: str, tally: Tally
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`usage.meter_readings` and the vendor's token totals, from the rows of USAGE, USAGE_BY_KEY and maybe
    USAGE_BY_SPEED."""
    money = pulls[USAGE]
    note_unknown_words(money, USAGE, tally)
    identity = IDENTITY_FIELDS[identities]
    by_key = to_long(pulls[USAGE_BY_KEY], identity_dimensions(identities)).rename({identity: "user_id"})
    joined = join_margins(to_long(money, GROUP_BY[USAGE]), by_key, on=[*WINDOW, *SHARED, "meter"])
    note_gaps(joined, USAGE_BY_KEY, tally)
    rows = joined.rows
    if USAGE_BY_SPEED in pulls:
        note_unknown_words(pulls[USAGE_BY_SPEED].select("speed"), USAGE_BY_SPEED, tally)
        by_speed = to_long(pulls[USAGE_BY_SPEED], GROUP_BY[USAGE_BY_SPEED])
        rows = refined(rows, by_speed, SHARED, USAGE_BY_SPEED, tally)
    readings = to_message_readings(rows, USAGE, source=source, account_id=account_id)
    return readings, token_totals(money, USAGE)
