"""Where will the month land? Ours beside run rate, seasonal naive, statsforecast's Theta and AutoETS, and Prophet.

The figure of a row is the error of the month's total in percent, standing on its day 5 / 10 / 15 / 20. Each peer takes
the rows that `--task monthend` is asked and answers in the same columns, intervals where it has some. The libraries are
imported where they are used: they belong to the developers, the product never needs them.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.bench.measurement import Measurement
from tests.bench.spend_series import MonthEnds, month_ends

Peer = Callable[[pl.DataFrame], pl.DataFrame]
Questions = Callable[[], MonthEnds | None]

LEVELS = (80, 95)
QUESTIONS = 240
"""About so many questions everybody is judged on: the slow ones take their time."""
_KEYS = ("unique_id", "t", "ds")


def run_rate(asked: pl.DataFrame) -> pl.DataFrame:
    """Every day to come is the mean of the month's days so far: what most consoles show."""
    last = pl.col("ds").filter(pl.col("y").is_not_null()).max()
    to_date = pl.col("ds").dt.month_start() == last.dt.month_start()
    rate = pl.col("y").filter(to_date).mean().over("unique_id").alias("yhat")
    return asked.select(*_KEYS, "y", rate).filter(pl.col("y").is_null()).drop("y", "ds")


def seasonal_naive(asked: pl.DataFrame) -> pl.DataFrame:
    """Every day to come is the same weekday of the last week that is known."""
    known = asked.drop_nulls("y")
    last = known.select("unique_id", "t", "y", back=pl.col("t").max().over("unique_id") - pl.col("t"))
    week = last.filter(pl.col("back") < 7).select("unique_id", "y", place=(6 - pl.col("back")))
    ahead = asked.filter(pl.col("y").is_null()).select("unique_id", "t", ahead=pl.int_range(pl.len()).over("unique_id"))
    return (
        ahead.with_columns(place=(pl.col("ahead") % 7).cast(pl.Int32))
        .join(week.cast({"place": pl.Int32}), on=["unique_id", "place"], how="left", maintain_order="left")
        .select("unique_id", "t", yhat=pl.col("y"))
    )


def statsforecast(name: str, asked: pl.DataFrame) -> pl.DataFrame:
    """AutoETS or Theta of statsforecast, a season of seven days, with their own intervals; one process."""
    from statsforecast import StatsForecast, models

    known = asked.drop_nulls("y").select("unique_id", "ds", "y")
    horizon = asked.filter(pl.col("y").is_null()).group_by("unique_id").len()["len"].max()
    engine = StatsForecast(models=[getattr(models, name)(season_length=7)], freq="1d", n_jobs=1)
    told = engine.forecast(df=known, h=int(str(horizon)), level=list(LEVELS))
    bounds = {f"{side}{level}": pl.col(f"{name}-{side}-{level}") for level in LEVELS for side in ("lo", "hi")}
    columns = told.select("unique_id", pl.col("ds").cast(pl.Date), yhat=pl.col(name), **bounds)
    days = asked.filter(pl.col("y").is_null()).select(*_KEYS)
    return days.join(columns, on=["unique_id", "ds"], how="left", maintain_order="left").drop("ds")


def prophet(asked: pl.DataFrame) -> pl.DataFrame:
    """Prophet as it comes; 95 % and 80 % from one fit's draws."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)  # it tells that plotly is missing
        from prophet import Prophet

        logging.getLogger("cmdstanpy").disabled = True  # it tells of every fit
        answers = [_prophet_of(Prophet, rows) for _, rows in asked.group_by("unique_id", maintain_order=True)]
    return pl.concat(answers)


def _prophet_of(engine: Any, rows: pl.DataFrame) -> pl.DataFrame:
    import pandas as pd

    np.random.seed(0)
    known, ahead = rows.drop_nulls("y"), rows.filter(pl.col("y").is_null())
    model = engine(uncertainty_samples=300)
    model.fit(pd.DataFrame({"ds": known["ds"].to_numpy(), "y": known["y"].to_numpy()}))
    future = pd.DataFrame({"ds": ahead["ds"].to_numpy()})
    drawn = model.predictive_samples(future)["yhat"]
    bounds = {
        f"{side}{level}": np.quantile(drawn, (100 - level) / 200 if side == "lo" else (100 + level) / 200, axis=1)
        for level in LEVELS
        for side in ("lo", "hi")
    }
    return ahead.select("unique_id", "t").with_columns(
        pl.Series("yhat", model.predict(future)["yhat"].to_numpy()),
        *(pl.Series(name, values) for name, values in bounds.items()),
    )


PEERS: dict[str, Peer] = {
    "run rate": run_rate,
    "seasonal naive": seasonal_naive,
    "statsforecast Theta": partial(statsforecast, "Theta"),
    "statsforecast AutoETS": partial(statsforecast, "AutoETS"),
    "Prophet": prophet,
}
"""Name in the table → how it answers."""


def month_end_errors(questions: MonthEnds, answered: pl.DataFrame) -> dict[int, float]:
    """Mean absolute percentage error of the month's total, by the day on which one stood."""
    rest = answered.group_by("unique_id").agg(pl.col("yhat").sum())
    judged = questions.months.filter(pl.col("total") > 0).join(rest, on="unique_id")
    error = 100 * (pl.col("to_date") + pl.col("yhat") - pl.col("total")).abs() / pl.col("total")
    return {int(day): float(mean) for day, mean in judged.group_by("day").agg(error.mean()).sort("day").iter_rows()}


def overall_weighted_average(questions: MonthEnds, answered: pl.DataFrame) -> float:
    """Half of sMAPE and half of MASE, each relative to the seasonal naive (M4 competition, Makridakis et al., 2020).

    sMAPE rewards to say zero of what is mostly zero: where costs come now and then, no mean gets below 1.
    """
    naive = seasonal_naive(questions.asked).rename({"yhat": "naive"})
    scale = (
        questions.asked.drop_nulls("y")
        .group_by("unique_id")
        .agg((pl.col("y") - pl.col("y").shift(7)).abs().mean().alias("scale"))
    )
    judged = (
        questions.true.join(answered.select("unique_id", "t", "yhat"), on=["unique_id", "t"])
        .join(naive, on=["unique_id", "t"])
        .join(scale, on="unique_id")
    )
    means: dict[str, tuple[float, float]] = {}
    for name in ("yhat", "naive"):
        miss = (pl.col("y") - pl.col(name)).abs()
        size = pl.col("y").abs() + pl.col(name).abs()
        relative = pl.when(size > 0).then(2 * miss / size).otherwise(0.0)
        scaled = pl.when(pl.col("scale") > 0).then(miss / pl.col("scale"))
        each = judged.group_by("unique_id").agg(relative.mean().alias("smape"), scaled.mean().alias("mase"))
        means[name] = (float(str(each["smape"].mean())), float(str(each["mase"].mean())))
    return sum(own / theirs for own, theirs in zip(means["yhat"], means["naive"], strict=True)) / 2


def coverage(questions: MonthEnds, answered: pl.DataFrame) -> tuple[float, ...] | None:
    """Percent of days that lie inside the 80 % and the 95 % interval; None where the method gives none."""
    if not {f"lo{level}" for level in LEVELS} <= set(answered.columns):
        return None
    judged = questions.true.join(answered, on=["unique_id", "t"])
    return tuple(
        100 * float(str(judged.select(pl.col("y").is_between(f"lo{level}", f"hi{level}").mean()).item()))
        for level in LEVELS
    )


def sampled(questions: MonthEnds, count: int) -> MonthEnds:
    """About `count` of the questions, evenly spread over series, months and days; the same for whoever asks."""
    ids = questions.months.sort("day", "series", "unique_id")["unique_id"]
    kept = ids.gather_every(max(len(ids) // count, 1))
    return MonthEnds(
        questions.asked.filter(pl.col("unique_id").is_in(kept.implode())),
        questions.true.filter(pl.col("unique_id").is_in(kept.implode())),
        questions.months.filter(pl.col("unique_id").is_in(kept.implode())),
    )


def ours(asked: pl.DataFrame) -> pl.DataFrame:
    """Outlay, by the function that assets call."""
    from tests.bench.adapter import forecasts

    return forecasts(asked.lazy())


def measure(
    count: int = QUESTIONS, methods: Mapping[str, Peer] = PEERS, data: Mapping[str, Questions] | None = None
) -> Iterator[Measurement]:
    """One row a method and data set: error of the month's total at day 5, 10, 15, 20, and everything else beside it."""
    for name, questions in (data or {"made-up spend": month_ends, "public series": public_series}).items():
        asked = questions()
        if asked is None:
            yield Measurement(name, "not here", detail="reference material beside the project is absent")
        else:
            yield from _compared(name, asked, count, methods)


def _compared(data: str, questions: MonthEnds, count: int, methods: Mapping[str, Peer]) -> Iterator[Measurement]:
    """We answer all questions, since we learn from series side by side; all are judged on the same part of them."""
    part = sampled(questions, count)
    begun = time.process_time()
    answered = ours(questions.asked)
    each = (time.process_time() - begun) / questions.months.height
    yield _judged(f"{data}: Outlay", part, answered, each)
    for name, peer in methods.items():
        peer(sampled(questions, 1).asked)  # imports, and what is compiled at first
        begun = time.process_time()
        answers = peer(part.asked)
        yield _judged(f"{data}: {name}", part, answers, (time.process_time() - begun) / part.months.height)
    if part.months.height < questions.months.height:
        yield _judged(f"{data}: Outlay, all", questions, answered, each)


def _judged(name: str, questions: MonthEnds, answered: pl.DataFrame, seconds: float) -> Measurement:
    errors = " / ".join(f"{error:.1f}" for error in month_end_errors(questions, answered).values())
    inside = coverage(questions, answered)
    covered = "no intervals" if inside is None else f"80/95 % hold {inside[0]:.0f}/{inside[1]:.0f} %"
    weighted = overall_weighted_average(questions, answered)
    return Measurement(
        name,
        f"{errors} %",
        detail=f"OWA {weighted:.3f}, {covered}, {seconds * 1000:.1f} ms of a processor a question, "
        f"{questions.months.height:,} questions",
    )


def public_series() -> MonthEnds | None:
    """The month-end questions of the reference material, where it lies beside the project."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "bench" / "data"
    if not folder.is_dir():
        return None
    meta = pl.read_parquet(folder / "forecast_monthend_meta.parquet")
    return MonthEnds(
        pl.read_parquet(folder / "forecast_monthend_input.parquet"),
        pl.read_parquet(folder / "forecast_monthend_truth.parquet"),
        meta.select("unique_id", "series", "day", "total", to_date="mtd"),
    )
