"""Matching: which bill line pays for which reading, as far as the lines say.

A reading is paid by at most one line, the one that says most about it; lines that say the same are one. Here belongs
that choice alone: which lines may pay at all, and how their money is spread, belongs to `billing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

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

KEY = (*_ALWAYS, "window_start", "window_end", *DIMENSIONS)
"""All that decides for which readings a line pays: lines of one key pay for the same."""

_SUMMABLE = ("currency", "billing_period")
_MERGED = ("amount", "description", "cost_status", "list_amount", "quantity", "quantity_unit", "rounding")
_EXACT = Context(prec=1000, Emax=MAX_EMAX, Emin=MIN_EMIN)


def merge_by_key(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of one key, currency and billing period as one line, in the order of the largest of each.

    `lines`: columns of `usage.bill_lines` and `line` (any unique number). Amounts add up; what else the line says is
    the largest's (of equals, the first by `line_id`), but for: `description` (all different ones), `list_amount` and
    `quantity` (sums, null where any line does not say or units differ), `cost_status` (provisional if any is).
    """
    group = [*KEY, *_SUMMABLE]
    alike = lines.filter(pl.struct(group).is_duplicated())
    if alike.is_empty():
        return lines
    listed, stated, unit = pl.col("list_amount"), pl.col("quantity"), pl.col("quantity_unit")
    one_unit = (unit.n_unique() == 1) & stated.is_not_null().all()
    merged = (
        alike.sort("amount", "line_id", "line", descending=[True, False, False])
        .group_by(group, maintain_order=True)
        .agg(
            pl.exclude(*group, *_MERGED).first(),
            amount=pl.col("amount").sum(),
            description=pl.col("description").drop_nulls().unique(maintain_order=True),
            cost_status=pl.when((pl.col("cost_status") == "provisional").any())
            .then(pl.lit("provisional"))
            .otherwise(pl.col("cost_status").first()),
            list_amount=pl.when(listed.is_not_null().all()).then(listed.sum()),
            quantity=pl.when(one_unit).then(stated.sum()),
            quantity_unit=pl.when(one_unit).then(unit.first()),
            rounding="rounding",
        )
        .with_columns(
            description=pl.when(pl.col("description").list.len() > 0).then(pl.col("description").list.join("; "))
        )
    )
    exact = pl.Series("rounding", [_added(texts) for texts in merged["rounding"]], dtype=pl.String)
    alone = lines.join(alike, on="line", how="anti")
    return pl.concat([alone, merged.with_columns(exact).select(lines.columns)]).sort("line")


def _added(roundings: Iterable[str]) -> str:
    total = Decimal(0)
    for text in roundings:
        total = _EXACT.add(total, Decimal(text))
    return str(total)


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
