"""OpenAI's usage answers as meter readings: disjoint token kinds that sum to the vendor's own totals. Pure.

`input_tokens` holds everything; cached and cache-write tokens are part of it, and the modality splits without
"cached" are *uncached* tokens. Each text kind is what its total leaves after audio and image, so that no token is
counted twice and none is lost, whichever of the splits an older row lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from connectors.buckets import BucketFields, Buckets, read_buckets
from connectors.errors import AnswerError
from connectors.json_answers import Row, Tally, note_unknown_fields, truths, whole_numbers, words
from connectors.openai.reports import DETAIL_FIELDS, GROUP_FIELDS, PROCESSING_TIERS, TOKEN_FIELDS, Report
from connectors.protocol import Answer, Window
from connectors.reading_rows import by_meter, to_readings, to_totals

FIELDS = BucketFields("start_time", "end_time")
WIDTHS = {"1d": timedelta(days=1), "1h": timedelta(hours=1)}
TOKEN_METERS = (
    "input", "cache_read", "cache_write", "output", "input_audio", "cache_read_audio", "output_audio", "input_image",
    "cache_read_image", "output_image",
)  # fmt: skip


def read_usage(report: Report, answers: Sequence[Answer], window: Window, width: timedelta, tally: Tally) -> Buckets:
    """The results of one report, a row a result with the vendor's own fields. Raises AnswerError."""
    numbers = [*(TOKEN_FIELDS if report.tokens else ()), *report.counts]
    always = {*report.counts, "input_tokens", "output_tokens"} if report.tokens else set(report.counts)

    def read(answer: Answer, rows: Sequence[Row]) -> pl.DataFrame:
        note_unknown_fields(tally, report.name, rows, report.known_fields)
        counts = [whole_numbers(answer, rows, name, required=name in always) for name in numbers]
        groups = [words(answer, rows, name) for name in GROUP_FIELDS]
        return pl.DataFrame([*groups, truths(answer, rows, "batch"), *counts])

    schema = pl.Schema(
        {**dict.fromkeys(GROUP_FIELDS, pl.String), "batch": pl.Boolean, **dict.fromkeys(numbers, pl.Int64)}
    )
    return read_buckets(report.name, answers, window, width, FIELDS, schema, read, tally)


def to_usage_readings(
    report: Report, rows: pl.DataFrame, *, source: str, account_id: str, window: Window, tally: Tally
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`usage.meter_readings` and the vendor's token totals (TOKEN_TOTALS_SCHEMA) of one report.

    Raises AnswerError where kinds cannot be told apart without going below nothing.
    """
    wide = _with_dimensions(rows, report, tally)
    directions: dict[str, pl.Expr] = {}
    meters = dict(report.counts)
    if report.tokens:
        wide = _with_token_kinds(wide, report, source=source, window=window, tally=tally)
        meters |= {name: name for name in TOKEN_METERS}
        directions = {"Input": pl.col("input_tokens"), "Output": pl.col("output_tokens")}
    elif "input_tokens" in meters:
        directions = {"Input": pl.col("input_tokens")}
    readings = to_readings(
        by_meter(wide, meters), source=source, provider="openai", stream=report.name, account_id=account_id
    )
    return readings, to_totals(rows, report.name, directions)


def _with_dimensions(rows: pl.DataFrame, report: Report, tally: Tally) -> pl.DataFrame:
    tier = pl.col("service_tier")
    known = tier.replace_strict(PROCESSING_TIERS, default="unknown", return_dtype=pl.String)
    detail = pl.concat_str(
        [
            pl.when(pl.col(name).is_not_null()).then(pl.format(name + "={}", pl.col(name)))
            for name in DETAIL_FIELDS
            if name in report.group_by
        ]
        or [pl.lit(None, dtype=pl.String)],
        separator=";",
        ignore_nulls=True,
    )
    wide = rows.with_columns(
        pl.when(pl.col("batch").fill_null(value=False)).then(pl.lit("batch")).otherwise(known).alias("processing_tier"),
        pl.when(detail != "").then(detail).alias("detail"),
        pl.lit("exact").alias("attribution"),
    )
    strange = wide.filter(pl.col("processing_tier") == "unknown")["service_tier"].value_counts(sort=True)
    for word, count in strange.rows():
        tally.note("unknown service tier", f"{report.name}: {word}", count)
    return wide


def _with_token_kinds(rows: pl.DataFrame, report: Report, *, source: str, window: Window, tally: Tally) -> pl.DataFrame:
    """One column a kind; the remainders are proven not to go below nothing."""

    def given(name: str) -> pl.Expr:
        return pl.col(name).fill_null(0)

    cached_parts = pl.sum_horizontal(given(f"input_cached_{kind}_tokens") for kind in ("text", "audio", "image"))
    cached = pl.coalesce("input_cached_tokens", cached_parts)
    written_parts = given("input_cache_write_30m_tokens") + given("input_cache_write_12h_tokens")
    wide = (
        rows.with_columns(
            cached.alias("cached"), pl.coalesce("input_cache_write_tokens", written_parts).alias("cache_write")
        )
        .with_columns(
            (pl.col("input_tokens") - pl.col("cached") - pl.col("cache_write")).alias("uncached"),
            given("input_audio_tokens").alias("input_audio"),
            given("input_image_tokens").alias("input_image"),
            given("input_cached_audio_tokens").alias("cache_read_audio"),
            given("input_cached_image_tokens").alias("cache_read_image"),
            given("output_audio_tokens").alias("output_audio"),
            given("output_image_tokens").alias("output_image"),
        )
        .with_columns(
            (pl.col("uncached") - pl.col("input_audio") - pl.col("input_image")).alias("input"),
            (pl.col("cached") - pl.col("cache_read_audio") - pl.col("cache_read_image")).alias("cache_read"),
            (pl.col("output_tokens") - pl.col("output_audio") - pl.col("output_image")).alias("output"),
        )
    )
    _prove_none_negative(wide, report, source, window)
    _note_disagreements(wide, report, tally)
    return wide


def _prove_none_negative(wide: pl.DataFrame, report: Report, source: str, window: Window) -> None:
    below = wide.filter(pl.any_horizontal(pl.col(name) < 0 for name in TOKEN_METERS))
    if below.height:
        first = below.row(0, named=True)
        kinds = ", ".join(f"{name} {first[name]}" for name in TOKEN_METERS if first[name] < 0)
        raise AnswerError(
            f"{below.height} results hold more tokens in their parts than in their total "
            f"(first on {first['window_start']:%Y-%m-%d}, model {first['model']}: {kinds})",
            remedy="nothing was loaded; report it to the vendor, or to us if the meaning of a field has changed",
            source=source,
            stream=report.name,
            window=str(window),
        )


def _note_disagreements(wide: pl.DataFrame, report: Report, tally: Tally) -> None:
    """The vendor's own remainders, where it gives them, should be ours. Its totals stand."""
    for field, ours in (
        ("input_uncached_tokens", "uncached"),
        ("input_text_tokens", "input"),
        ("input_cached_text_tokens", "cache_read"),
        ("output_text_tokens", "output"),
    ):
        count = wide.filter(pl.col(field) != pl.col(ours)).height
        tally.note(
            "parts differ from total", f"{report.name}: {field} is not what its total leaves; kept the total", count
        )
