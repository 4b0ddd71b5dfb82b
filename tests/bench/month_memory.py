"""Peak memory and time of posting a month of a million readings against 20,000 bill lines, day by day.

The month is made in this process and left as Parquet; a process of its own reads it and posts it (rate, settle,
charge, reconcile, roll up, prove), so that its peak is of nothing else. Once with the whole month in memory, as a
connector's translation hands it over, and once reading a day at a time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from models.ledger.billing import BILL_LINES
from models.ledger.metering import METER_READINGS
from tests.bench.measurement import Measurement

READINGS, LINES, DAYS = 1_000_000, 20_000, 31
MONTH = datetime(2026, 10, 1, tzinfo=UTC)
AIM = 1024
MODELS = ("gpt-5", "gpt-5-mini", "gpt-5.1", "gpt-4.1-mini", "gpt-4o-2024-08-06", "a-model-nobody-knows")
METERS = ("input", "cache_read", "output")
PROJECTS = 36
SHARED = Path(__file__).resolve().parents[2]


def month() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Readings by hour, key and tier, and the lines by day, project, model and meter that bill them.

    A line bills a dollar for 100,000 tokens, whatever the price: most lines disagree with the price book, so that the
    search for reasons has its full work, too.
    """
    index = pl.int_range(READINGS, eager=True).alias("index")
    readings = pl.DataFrame(index).with_columns(
        window_start=pl.lit(MONTH, dtype=pl.Datetime("us", "UTC")) + pl.duration(hours=pl.col("index") % (DAYS * 24)),
        place=(pl.col("index") * 2_654_435_761) % (PROJECTS * len(MODELS) * len(METERS)),
        quantity=((pl.col("index") * 48_271) % 199_999 + 1).cast(pl.Decimal(38, 12)),
    )
    words = readings.select(
        "window_start",
        "quantity",
        window_end=pl.col("window_start") + pl.duration(hours=1),
        project_id=pl.format("proj_{}", pl.col("place") % PROJECTS),
        model=_one_of(MODELS, pl.col("place") // PROJECTS % len(MODELS)),
        meter=_one_of(METERS, pl.col("place") // (PROJECTS * len(MODELS))),
        processing_tier=_one_of(("standard", "standard", "batch"), pl.col("index") % 3),
        api_key_id=pl.format("key_{}", pl.col("index") % 200),
        attribution=pl.lit("exact"),
        unit=pl.lit("Tokens"),
    ).with_columns(token_kind="meter")
    lines = (
        words.group_by("project_id", "model", "meter", window_start=pl.col("window_start").dt.truncate("1d"))
        .agg(amount=(pl.col("quantity").sum() * pl.lit("0.00001").cast(pl.Decimal(38, 12))).cast(pl.Decimal(38, 12)))
        .sort("window_start", "project_id", "model", "meter")
        .with_columns(
            window_end=pl.col("window_start").dt.offset_by("1d"),
            line_id=pl.int_range(pl.len()).cast(pl.String),
            charge_category=pl.lit("Usage"),
            cost_status=pl.lit("provisional"),
            currency=pl.lit("USD"),
            rounding=pl.lit("0"),
        )
    )
    return _filled(words, METER_READINGS.polars_schema), _filled(lines, BILL_LINES.polars_schema)


def _one_of(values: tuple[str, ...], place: pl.Expr) -> pl.Expr:
    return place.replace_strict(dict(enumerate(values)), return_dtype=pl.String)


def _filled(rows: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    same = {
        "source": "openai",
        "billing_period": "2026-10",
        "provider": "openai",
        "stream": "bench",
        "account_id": "org",
    }
    absent = [name for name in schema if name not in rows.columns]
    return rows.with_columns(pl.lit(same.get(name), dtype=schema[name]).alias(name) for name in absent).select(
        list(schema)
    )


def measure() -> Iterator[Measurement]:
    """Two measurements: the whole month in memory, and a day at a time."""
    with tempfile.TemporaryDirectory() as folder:
        readings, lines = month()
        readings.sort("window_start").write_parquet(Path(folder) / "readings.parquet")
        lines.write_parquet(Path(folder) / "lines.parquet")
        counts = f"{readings.height:,} readings, {lines.height:,} lines"
        for how in ("whole month in memory", "a day at a time"):
            command = [sys.executable, "-m", "tests.bench.month_memory", how, folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=SHARED)
            seen = json.loads(done.stdout)
            peak = seen["peak_mib"]
            yield Measurement(
                name=f"peak memory of posting a month, {how}",
                figure=f"{peak:,.0f} MiB",
                aim=f"{AIM} MiB",
                detail=f"{counts}; {seen['seconds']:.1f} s; {seen['charges']:,} charges; "
                f"{seen['broken']} proofs broken; {seen['idle_mib']:,.0f} MiB before the first row",
                reached=peak <= AIM and not seen["broken"],
            )


def _stretches(how: str, folder: Path) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    readings, lines = folder / "readings.parquet", folder / "lines.parquet"
    if how == "whole month in memory":
        yield pl.read_parquet(readings), pl.read_parquet(lines)
        return
    for day in range(DAYS):
        start = MONTH + timedelta(days=day)
        within = pl.col("window_start").is_between(start, start + timedelta(days=1), closed="left")
        yield pl.scan_parquet(readings).filter(within).collect(), pl.scan_parquet(lines).filter(within).collect()


def _post(how: str, folder: Path) -> dict[str, float]:
    """What the process of its own does."""
    from models.ledger.naming import KNOWN_NAMES_SCHEMA
    from models.ledger.posting import Terms, post_in_stretches
    from models.ledger.rollup import combine
    from models.ledger.trust import Proofs
    from pipelines.reference import price_book

    idle, begun = _peak_mib(), time.perf_counter()
    terms = Terms(
        prices=price_book(),
        contracts=(),
        names=pl.DataFrame(schema=KNOWN_NAMES_SCHEMA),
        as_of=MONTH + timedelta(days=60),
        settle_lag=timedelta(hours=48),
    )
    totals = {"stream": pl.String, "window_start": pl.Datetime("us", "UTC"), "direction": pl.String, "tokens": pl.Int64}
    proofs, rollups, charges = Proofs(pl.DataFrame(schema=totals)), [], 0
    for readings, lines in _stretches(how, folder):
        for posting in post_in_stretches(readings, lines, terms):
            proofs.add(posting)
            rollups.append(posting.daily_costs)
            charges += posting.charges.height
            del posting  # else it stays while the next stretch is worked out
    checks = proofs.conclude(combine(rollups))
    broken = checks.filter(~pl.col("passed")).height
    seconds = time.perf_counter() - begun
    return {"peak_mib": _peak_mib(), "idle_mib": idle, "seconds": seconds, "charges": charges, "broken": broken}


def _peak_mib() -> float:
    """Of this program alone: Linux's ru_maxrss begins with the peak of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


if __name__ == "__main__":
    print(json.dumps(_post(sys.argv[1], Path(sys.argv[2]))))
