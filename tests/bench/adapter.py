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

_NAMES = {"yhat": "expected", "lo80": "low_80", "hi80": "high_80", "lo95": "low_95", "hi95": "high_95"}
_TOLD = dict.fromkeys(_NAMES.values(), pl.Float64())


def forecasts(asked: pl.LazyFrame) -> pl.DataFrame:
    """Every day to come of every series, with 80 and 95 % intervals; null of a series without one known day.

    How good earlier forecasts were is published beside them, but not asked here: it is not worked out.
    """
    from models.foresight.forecast import forecast

    day = pl.col("ds").cast(pl.Date) if "ds" in asked.collect_schema() else pl.col("t")
    rows = asked.select("unique_id", "t", day=day, value=pl.col("y").cast(pl.Float64).fill_nan(None))
    history = rows.filter(pl.col("value").is_not_null()).select("day", "value", series="unique_id")
    known = pl.col("day").filter(pl.col("value").is_not_null())
    ends = rows.group_by("unique_id").agg(last=known.max(), end=pl.col("day").max()).collect(engine="streaming")
    ahead = ends.with_columns(steps=pl.col("end").to_physical() - pl.col("last").to_physical())
    together = ahead.filter(pl.col("steps") > 0).sort("steps").partition_by("steps", as_dict=True)
    told = [_named(pl.DataFrame(schema={"series": pl.String, "day": ends.schema["last"], **_TOLD}))]
    for (steps,), part in together.items():
        of_these = history.filter(pl.col("series").is_in(part["unique_id"].implode()))
        told.append(_named(forecast(of_these.collect(), steps=steps, judged=False).days))
    return (
        rows.filter(pl.col("value").is_null())
        .join(ends.lazy(), on="unique_id", how="left", maintain_order="left")
        .filter(pl.col("last").is_null() | (pl.col("day") > pl.col("last")))
        .join(pl.concat(told).lazy(), on=["unique_id", "day"], how="left", maintain_order="left")
        .select("unique_id", "t", *_NAMES)
        .collect()
    )


def _named(days: pl.DataFrame) -> pl.DataFrame:
    return days.select("day", unique_id="series", **_NAMES)


def anomalies(asked: pl.LazyFrame) -> pl.DataFrame:
    """A score of every day, from that day and earlier ones, and whether it is an alert at the default setting."""
    from models.foresight.anomalies import scores

    told = scores(asked.select("usage", "cost", series="unique_id", day="ds").collect())
    return told.select("series", "day", pl.col("score").fill_null(0.0), "flag").rename(
        {"series": "unique_id", "day": "ds"}
    )


def root_causes(asked: pl.LazyFrame) -> pl.DataFrame:
    """What explains each case, best first."""
    from models.foresight.root_cause import causes

    dimensions = [name for name in asked.collect_schema() if name not in ("case", "actual", "expected")]
    told = causes(asked.collect(), dimensions, ["case"])
    return told.select("case", "rank", dim=pl.col("dimensions").list.join("&"), value=pl.col("values").list.join("&"))


TASKS: dict[str, Callable[[pl.LazyFrame], pl.DataFrame]] = {
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
    TASKS[told.task](pl.scan_parquet(told.input)).write_parquet(told.output)


if __name__ == "__main__":
    # instead of this folder, whose modules are named for what they measure
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    main()
