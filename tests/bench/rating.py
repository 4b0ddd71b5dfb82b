"""Rating throughput beside genai-prices' `calc_price`, on the same rows in the same run, results compared.

`calc_price` prices a sample of the rows one by one (all of them would take minutes); its speed does not depend on how
many there are. Both get the resolved unit counts; a row that differs makes the benchmark break.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
from genai_prices import Usage, calc_price

from models.ledger.metering import METER_READINGS
from models.ledger.rating import rate
from pipelines.reference import price_book
from tests.bench.measurement import Measurement, timed

ROWS, SAMPLE = 1_000_000, 20_000
CONTEXTS = {"standard": None, "batch": {"processing": "batch"}, "flex": {"service_tier": "flex"}}
MODELS = {
    "openai": ["gpt-4o-2024-08-06", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "gpt-5.1", "gpt-5.4-mini"],
    "anthropic": ["claude-opus-4-6-20260205", "claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-5"],
}
METERS = {"openai": ["input", "cache_read", "output"], "anthropic": ["input", "cache_read", "cache_write_1h", "output"]}


def readings(rows: int) -> pl.DataFrame:
    """A month of readings, hourly, of many keys: deterministic, in the shape that translation gives."""
    kinds = [
        {"provider": provider, "model": model, "meter": meter, "processing_tier": tier}
        for provider, models in MODELS.items()
        for model in models
        for tier in CONTEXTS
        if (provider, tier) != ("anthropic", "flex") and (model, tier) not in _WITHOUT
        for meter in METERS[provider]
        if (model, tier, meter) != ("gpt-4o-2024-08-06", "batch", "cache_read")
        and (model, tier, meter) != ("gpt-4.1-mini", "batch", "cache_read")
    ]
    index = pl.int_range(rows, eager=True).alias("index")
    start = datetime(2026, 10, 15, tzinfo=UTC)
    frame = pl.DataFrame(index).select(
        ((pl.col("index") * 2_654_435_761) % len(kinds)).alias("kind"),
        (pl.lit(start) + pl.duration(hours=(pl.col("index") // 97) % 384))
        .dt.cast_time_unit("us")
        .alias("window_start"),
        pl.format("key_{}", pl.col("index") % 200).alias("api_key_id"),
        ((pl.col("index") * 48_271) % 199_999 + 1).cast(pl.Decimal(38, 12)).alias("quantity"),
    )
    filled = frame.join(pl.DataFrame(kinds).with_row_index("kind").cast({"kind": pl.Int64}), on="kind").with_columns(
        source=pl.col("provider"),
        billing_period=pl.lit("2026-10"),
        stream=pl.lit("bench"),
        window_end=pl.col("window_start") + pl.duration(hours=1),
        account_id=pl.lit("org"),
        attribution=pl.lit("exact"),
        token_kind=pl.col("meter"),
        unit=pl.lit("Tokens"),
    )
    absent = [name for name in METER_READINGS.polars_schema if name not in filled.columns]
    return filled.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent).select(
        METER_READINGS.polars_schema.names()
    )


_WITHOUT = {("gpt-4o-2024-08-06", "flex"), ("gpt-4.1-mini", "flex")}
_USAGE = {
    "input": ["input_tokens"],
    "cache_read": ["input_tokens", "cache_read_tokens"],
    "cache_write_1h": ["input_tokens", "cache_write_tokens", "cache_write_1h_tokens"],
    "output": ["output_tokens"],
}


def one_by_one(sample: list[dict[str, object]]) -> list[Decimal]:
    """genai-prices' price of each row."""
    costs: list[Decimal] = []
    for row in sample:
        usage = Usage(**dict.fromkeys(_USAGE[str(row["meter"])], int(str(row["quantity"]).split(".")[0])))
        price = calc_price(
            usage,
            str(row["model"]),
            provider_id=str(row["provider"]),
            genai_request_timestamp=row["window_start"],
            price_context=CONTEXTS[str(row["processing_tier"])],
        )
        costs.append(price.total_price)
    return costs


def measure() -> Iterator[Measurement]:
    frame, book = readings(ROWS), price_book()
    sample = frame.head(SAMPLE).select("provider", "model", "meter", "processing_tier", "window_start", "quantity")
    theirs = one_by_one(sample.to_dicts())
    ours = rate(frame.head(SAMPLE), book)
    different = sum(mine != other for mine, other in zip(ours["list_cost"], theirs, strict=True))
    if different:
        raise AssertionError(f"{different} of {SAMPLE} rows differ from calc_price")
    reference = timed(lambda: one_by_one(sample.to_dicts()), 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timing = timed(lambda: rate(frame, book), 5)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    speed, their_speed = ROWS / timing.median, SAMPLE / reference.best
    yield Measurement(
        "rate()",
        f"{speed:,.0f} rows/s",
        "≥ 1,000,000 rows/s on 2 cores",
        f"{ROWS:,} readings, median of 5; best {ROWS / timing.best:,.0f}; threads {pl.thread_pool_size()}",
        speed >= 1_000_000,
    )
    yield Measurement(
        "genai-prices calc_price", f"{their_speed:,.0f} rows/s", detail=f"{SAMPLE:,} of the same rows, best of 2"
    )
    yield Measurement(
        "ratio",
        f"{speed / their_speed:,.0f}×",
        "≥ 100×",
        f"{SAMPLE:,} costs compared: all equal",
        speed / their_speed >= 100,
    )
    yield Measurement("peak memory added by rate()", f"{(after - before) / 1024:,.0f} MiB", detail=f"{ROWS:,} readings")
