"""Matching: which bill line pays for which reading, as far as the lines say.

A reading is paid by at most one line, the one that says most about it. Here belongs that choice alone: which
lines may pay at all, and how their money is spread, belongs to `billing`.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

DIMENSIONS = (
    "project_id",
    "api_key_id",
    "model",
    "meter",
    "processing_tier",
    "inference_geo",
    "context_window",
)
"""What a line may say beyond its window and account; null means that it does not say."""

_ALWAYS = ("source", "account_id")


def match(lines: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """The line that pays for each reading: columns `line`, `reading`, one row per reading that any line fits.

    `lines`: columns of `usage.bill_lines` and `line` (any unique number), at most one line per key. `readings`:
    columns of `usage.meter_readings`, `price_model` and `reading` (unique number). A line fits a reading that lies
    inside its window and equals every dimension that the line states. Lines that state more come first; at equal
    number a model by its own name comes before the model of its price (`gpt-4o` pays for `gpt-4o-2024-08-06` only
    where no line of that name does); at equal rank the shorter window wins, then the lower `line`. Where `lines`
    have a `price_model` too, `gpt-4o-2024-08-06` also pays for `gpt-4o`, but never for a sister of another date.
    """
    waiting = _within_windows(lines, readings)
    found = [pl.DataFrame(schema={"line": lines.schema["line"], "reading": readings.schema["reading"]})]
    for payers, left_on, right_on in _passes(lines):
        hits = (
            waiting.join(payers, left_on=left_on, right_on=right_on, how="inner")
            .sort("line_length", "line")
            .unique("reading", keep="first", maintain_order=True)
            .select("line", "reading")
        )
        found.append(hits)
        waiting = waiting.join(hits, on="reading", how="anti")
    return pl.concat(found).sort("reading")


def _within_windows(lines: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """Each reading beside every line window that holds it: few distinct windows meet, not every line and reading."""
    line_windows = lines.select(line_start="window_start", line_end="window_end").unique()
    held = (
        readings.select("window_start", "window_end")
        .unique()
        .join(line_windows, how="cross")
        .filter(pl.col("line_start") <= pl.col("window_start"), pl.col("window_end") <= pl.col("line_end"))
    )
    return (
        readings.select("reading", *_ALWAYS, *DIMENSIONS, "window_start", "window_end", "price_model")
        .join(held, on=["window_start", "window_end"], how="inner")
        .with_columns(line_length=pl.col("line_end") - pl.col("line_start"))
        .drop("window_start", "window_end")
    )


def _passes(lines: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, list[str], list[str]]]:
    """Lines by the dimensions that they state, most first, with the columns on which readings join them."""
    says = [pl.col(name).is_not_null().alias(f"says_{name}") for name in DIMENSIONS]
    groups = lines.with_columns(says).partition_by([f"says_{name}" for name in DIMENSIONS], as_dict=True)
    for pattern in sorted(groups, key=lambda pattern: (-sum(pattern), pattern)):
        stated = [name for name, said in zip(DIMENSIONS, pattern, strict=True) if said]
        group = groups[pattern]
        line_keys = ["window_start", "window_end", *_ALWAYS, *stated]
        reading_keys = ["line_start", "line_end", *_ALWAYS, *stated]
        yield group.select("line", *line_keys), reading_keys, line_keys
        if "model" not in stated:
            continue
        by_price = ["price_model" if key == "model" else key for key in reading_keys]
        yield group.select("line", *line_keys), by_price, line_keys
        if "price_model" in group.columns:
            aliased = group.filter(pl.col("price_model") != pl.col("model")).drop("model")
            renamed = aliased.rename({"price_model": "model"})
            yield renamed.select("line", *line_keys), reading_keys, line_keys
