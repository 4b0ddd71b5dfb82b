"""What Anthropic's usage rows have in common, whichever report they come from: counts, words, tiers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from connectors.anthropic.margins import APPORTIONED, NONE, Joined, join_margins
from connectors.anthropic.reports import KNOWN_WORDS, METERS, PROCESSING_TIERS, TOKEN_METERS
from connectors.json_answers import Row, Tally, unreadable, whole_numbers
from connectors.protocol import Answer
from connectors.reading_rows import by_meter, to_readings, to_totals

DEFAULT_WORKSPACE = "default"
"""The default workspace has no id in the admin report; a row must still say where it belongs."""

WINDOW = ("window_start", "window_end")


def flat_counts(answer: Answer, rows: Sequence[Row]) -> list[pl.Series]:
    """One Int64 column a field of METERS. Every token count must be there: what is unknown is not zero."""
    flat = [_flattened(answer, row) for row in rows]
    return [whole_numbers(answer, flat, name, required=name in TOKEN_METERS).fill_null(0) for name in METERS]


def _flattened(answer: Answer, row: Row) -> Mapping[str, Any]:
    """Nested counts by dotted name. There is no flat cache_creation_input_tokens in these reports."""
    flat = dict(row)
    for holder in ("cache_creation", "server_tool_use"):
        nested = row.get(holder)
        if nested is not None and not isinstance(nested, dict):
            raise unreadable(answer, f"`{holder}` is no object")
        flat.update({f"{holder}.{name}": value for name, value in (nested or {}).items()})
    return flat


def note_unknown_words(rows: pl.DataFrame, stream: str, tally: Tally) -> None:
    """Words beyond the documented sets are kept as they are, and told of."""
    for name, known in KNOWN_WORDS.items():
        if name in rows.columns:
            strange = rows.filter(pl.col(name).is_not_null() & ~pl.col(name).is_in(list(known)))
            for word, count in strange[name].value_counts(sort=True).rows():
                tally.note(f"unknown {name}", f"{stream}: {word}", count)


def to_long(rows: pl.DataFrame, dimensions: Sequence[str], *counts: str) -> pl.DataFrame:
    """A row a meter that counted something: the window, `dimensions`, `meter` and `count`."""
    columns = {**METERS, **{name: name for name in counts}}
    return by_meter(rows, columns, [*WINDOW, *dimensions])


def refined(rows: pl.DataFrame, parts: pl.DataFrame, shared: Sequence[str], stream: str, tally: Tally) -> pl.DataFrame:
    """`rows` told apart by one dimension more (speed, context band), keeping what is known of their attribution."""
    joined = join_margins(rows.rename({"attribution": "known"}), parts, on=[*WINDOW, *shared, "meter"])
    note_gaps(joined, stream, tally)
    worse = (pl.col("known") != NONE) & (pl.col("attribution") == APPORTIONED)
    return joined.rows.with_columns(
        pl.when(worse).then(pl.lit(APPORTIONED)).otherwise("known").alias("attribution")
    ).drop("known")


def note_gaps(joined: Joined, stream: str, tally: Tally) -> None:
    """The two pulls were moments apart; what they disagree on is counted, and the first report stands."""
    tally.note("usage without attribution", f"{stream}: units that this pull does not hold", joined.rest)
    tally.note("attribution beyond usage", f"{stream}: units left out, the usage report holds less", joined.excess)


def to_message_readings(rows: pl.DataFrame, stream: str, *, source: str, account_id: str) -> pl.DataFrame:
    """`usage.meter_readings` from joined long rows (a row a meter)."""
    tier = pl.col("service_tier").replace_strict(PROCESSING_TIERS, default="unknown", return_dtype=pl.String)
    fast = pl.col("speed") == "fast" if "speed" in rows.columns else pl.lit(value=False)
    given = rows.with_columns(
        pl.when(fast.fill_null(value=False)).then(pl.lit("fast")).otherwise(tier).alias("processing_tier"),
        pl.col("workspace_id").fill_null(DEFAULT_WORKSPACE).alias("project_id"),
    )
    return to_readings(given, source=source, provider="anthropic", stream=stream, account_id=account_id)


def token_totals(rows: pl.DataFrame, stream: str) -> pl.DataFrame:
    """The vendor's own totals by window and direction, from rows as they came, before any join."""
    inputs = [pl.col(field) for field in TOKEN_METERS if field != "output_tokens"]
    return to_totals(rows, stream, {"Input": pl.sum_horizontal(inputs), "Output": pl.col("output_tokens")})
