"""Speed of foresight at 10,000 series: forecasts with intervals, scores of 120 days, one new day; references beside.

Forecasts and scores are whole commands of the adapter: start of Python, reading, answering, writing. A new day is timed
from the read frame to the answered one, as a publishing has it. The references do part of the same series, or less.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from tests.bench.measurement import Command, Measurement, command, timed
from tests.bench.spend_series import speed_input, usage_and_cost

SERIES, OF_THETA, RUNS = 10_000, 200, 3
"""Series of each measurement, those that statsforecast does, and runs of which the median is told."""

_ADAPTER = str(Path(__file__).with_name("adapter.py"))


def measure(series: int = SERIES, of_theta: int = OF_THETA, runs: int = RUNS) -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory(prefix="outlay-bench-") as name:
        folder = Path(name)
        asked = speed_input(series)
        asked.write_parquet(folder / "speed.parquet")
        yield from _told("365 days, 31 ahead, with intervals", _adapter("speed", folder, runs), series, 5.0, 500.0)
        yield _theta(asked, of_theta, series)
        usage = usage_and_cost(series)
        usage.write_parquet(folder / "anomaly.parquet")
        yield from _told("scores of 120 days", _adapter("anomaly", folder, runs), series, 3.0, None)
        yield _new_day(usage, series, runs)
        simple = timed(lambda: _weekday_deviation(usage), runs)
        yield Measurement(
            "· weekday median and MAD in Polars", f"{simple.median:.2f} s", detail="no price, no episodes"
        )


def _adapter(task: str, folder: Path, runs: int) -> list[Command]:
    words = [sys.executable, _ADAPTER, "--task", task, "--input", str(folder / f"{task}.parquet"), "--output",
             str(folder / f"{task}-out.parquet")]  # fmt: skip
    return sorted((command(words) for _ in range(runs)), key=lambda run: run.seconds)


def _told(name: str, runs: list[Command], series: int, seconds: float, memory: float | None) -> Iterator[Measurement]:
    middle = runs[len(runs) // 2]
    detail = f"{series:,} series, whole command, median of {len(runs)}; {middle.processor_seconds:.1f} s of processors"
    yield Measurement(name, f"{middle.seconds:.2f} s", f"≤ {seconds:g} s", detail, middle.seconds <= seconds)
    aim, reached = ("", None) if memory is None else (f"≤ {memory:.0f} MB", middle.peak * 1.048576 <= memory)
    yield Measurement(f"{name}: peak", f"{middle.peak * 1.048576:.0f} MB", aim, "resident, whole command", reached)


def _new_day(usage: pl.DataFrame, series: int, runs: int) -> Measurement:
    from models.foresight.anomalies import scores

    renamed = usage.rename({"unique_id": "series", "ds": "day"})
    last = renamed["day"].max()
    assert isinstance(last, date)
    taken = timed(lambda: scores(renamed, since=last), runs)
    return Measurement("scores of one new day", f"{taken.median:.2f} s", "≤ 1 s", f"{series:,} series, 120 days known",
                       taken.median <= 1)  # fmt: skip


def _theta(asked: pl.DataFrame, of_theta: int, series: int) -> Measurement:
    from tests.bench.forecast_peers import statsforecast

    ids = asked["unique_id"].unique(maintain_order=True)
    statsforecast("Theta", asked.filter(pl.col("unique_id") == ids[0]))  # what it compiles at first
    part = asked.filter(pl.col("unique_id").is_in(ids.head(of_theta).implode()))
    begun = time.perf_counter()
    statsforecast("Theta", part)
    each = (time.perf_counter() - begun) / of_theta
    detail = f"{of_theta:,} of the same series took {each * of_theta:.1f} s in one process; the rest is reckoned"
    return Measurement("· statsforecast Theta, with intervals", f"{each * series:.0f} s", detail=detail)


def _weekday_deviation(usage: pl.DataFrame) -> pl.DataFrame:
    """Score of each day against the last eight of its weekday, as many tools do it."""
    by = ["unique_id", pl.col("ds").dt.weekday()]
    middle = pl.col("cost").shift(1).rolling_median(8, min_samples=4).over(by)
    away = usage.with_columns(away=(pl.col("cost") - middle))
    return away.with_columns(
        score=pl.col("away") / pl.col("away").abs().shift(1).rolling_median(8, min_samples=4).over(by)
    )
