"""One command for whoever judges foresight: a file of questions in, a file of answers out.

    python tests/bench/adapter.py --task {m4d,monthend,speed,anomaly,rca} --input IN.parquet --output OUT.parquet

It names columns as the questions do and calls the functions that the assets call; it decides nothing itself.

| task | asked | answered |
|---|---|---|
| m4d, monthend, speed | unique_id, t, y, ds (not of m4d) | unique_id, t, yhat, lo80, hi80, lo95, hi95 |
| anomaly | unique_id, ds, usage, cost | unique_id, ds, score (0: too little is known to judge), flag |
| rca | case, dimensions, actual, expected | case, rank, dim, value (dimensions and values joined by `&`) |

What is to be forecast are the days with an empty `y` after the last known one; an empty one before is a day that nobody
measured. Series that are to be forecast so many days ahead are asked together, apart from others: so no answer hangs on
how far another question reaches.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

_BOUNDS = {"lo80": "low_80", "hi80": "high_80", "lo95": "low_95", "hi95": "high_95"}


def forecasts(asked: pl.DataFrame) -> pl.DataFrame:
    """Every day to come of every series, with 80 and 95 % intervals; null of a series without one known day."""
    from models.foresight.forecast import forecast

    day = pl.col("ds").cast(pl.Date) if "ds" in asked.columns else pl.col("t")
    rows = asked.select("unique_id", "t", day=day, value=pl.col("y").cast(pl.Float64).fill_nan(None))
    step = pl.col("day").to_physical()
    last = step.filter(pl.col("value").is_not_null()).max().over("unique_id")
    placed = rows.with_columns(is_ahead=(step > last).fill_null(value=True), steps=step.max().over("unique_id") - last)
    wanted = placed.filter("is_ahead").select("unique_id", "t", "day")
    known = placed.filter(~pl.col("is_ahead") & (pl.col("steps") > 0))
    told = [
        forecast(part.select("day", "value", series="unique_id"), steps=steps).days.select(
            pl.col("day").cast(rows.schema["day"]), unique_id="series", yhat="expected", **_BOUNDS
        )
        for (steps,), part in known.partition_by("steps", as_dict=True, maintain_order=True).items()
    ]
    nothing = wanted.clear().select("day", "unique_id", **{name: pl.lit(0.0) for name in ("yhat", *_BOUNDS)})
    answers = pl.concat([nothing, *told])
    return wanted.join(answers, on=["unique_id", "day"], how="left", maintain_order="left").drop("day")


def anomalies(asked: pl.DataFrame) -> pl.DataFrame:
    """A score of every day, from that day and earlier ones, and whether it is an alert at the default setting."""
    from models.foresight.anomalies import scores

    told = scores(asked.select("usage", "cost", series="unique_id", day="ds"))
    return told.select("flag", unique_id="series", ds="day", score=pl.col("score").fill_null(0.0)).select(
        "unique_id", "ds", "score", "flag"
    )


def root_causes(asked: pl.DataFrame) -> pl.DataFrame:
    """What explains each case, best first."""
    from models.foresight.root_cause import causes

    dimensions = [name for name in asked.columns if name not in ("case", "actual", "expected")]
    told = causes(asked, dimensions, ["case"])
    return told.select("case", "rank", dim=pl.col("dimensions").list.join("&"), value=pl.col("values").list.join("&"))


TASKS: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "m4d": forecasts,
    "monthend": forecasts,
    "speed": forecasts,
    "anomaly": anomalies,
    "rca": root_causes,
}
"""What each task calls."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, choices=TASKS)
    parser.add_argument("--input", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    told = parser.parse_args()
    TASKS[told.task](pl.read_parquet(told.input)).write_parquet(told.output)


if __name__ == "__main__":
    # instead of this folder, whose modules are named for what they measure
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    main()
