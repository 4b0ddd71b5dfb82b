"""The adapter answers in the formats it is asked in, every row, and nothing that is later changes anything earlier."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.bench import forecast_peers, foresight
from tests.bench.adapter import TASKS
from tests.bench.forecast_peers import run_rate, seasonal_naive
from tests.bench.spend_series import MonthEnds, daily_spend, month_ends, speed_input, usage_and_cost

ADAPTER = Path(foresight.__file__).with_name("adapter.py")
BOUNDS = ["lo80", "hi80", "lo95", "hi95"]


def answers(task: str, asked: pl.DataFrame) -> pl.DataFrame:
    return TASKS[task](asked.lazy())


def steps_only(asked: pl.DataFrame) -> pl.DataFrame:
    return asked.select("unique_id", "t", "y")


@pytest.fixture(scope="module")
def questions() -> MonthEnds:
    return month_ends(6)


@pytest.fixture(scope="module")
def cases() -> pl.DataFrame:
    """Two cases of 64 rows: in the first model b of team x came at three times, in the second nothing but noise."""
    chance = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for case in (7, 8):
        for model in "abcd":
            for team in "wxyz":
                for region in ("eu", "us", "ap", "me"):
                    expected = float(chance.uniform(50, 150))
                    times = 3.0 if (case, model, team) == (7, "b", "x") else 1.0
                    actual = expected * times * float(chance.uniform(0.97, 1.03))
                    rows.append({"case": case, "model": model, "team": team, "region": region, "actual": actual,
                                 "expected": expected})  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"case": pl.Int32})


@pytest.mark.parametrize("task", ["speed", "m4d"])
def test_every_day_to_come_is_answered_once_with_nested_intervals(task: str) -> None:
    asked = speed_input(series=12, days=200, horizon=14)
    asked = steps_only(asked) if task == "m4d" else asked
    answered = answers(task, asked)
    assert answered.columns == ["unique_id", "t", "yhat", *BOUNDS]
    wanted = asked.filter(pl.col("y").is_null()).select("unique_id", "t")
    assert_frame_equal(answered.select("unique_id", "t"), wanted)
    assert answered.select(pl.col("yhat", *BOUNDS).is_finite().all()).row(0) == (True,) * 5
    inside = (pl.col(low) <= pl.col(high) for low, high in (("lo95", "lo80"), ("lo80", "yhat"), ("yhat", "hi80"),
                                                            ("hi80", "hi95")))  # fmt: skip
    assert answered.select(pl.all_horizontal(*inside).all()).item()


def test_month_ends_are_answered_to_their_own_last_day(questions: MonthEnds) -> None:
    answered = answers("monthend", questions.asked)
    assert_frame_equal(
        answered.select("unique_id", "t"), questions.true.select("unique_id", "t"), check_row_order=False
    )
    assert answered["yhat"].is_finite().all()


def test_removing_later_origins_changes_no_other_answer(questions: MonthEnds) -> None:
    origin = pl.col("ds").filter(pl.col("y").is_not_null()).max().over("unique_id")
    early = questions.asked.filter(origin <= date(2025, 1, 10))
    whole = answers("monthend", questions.asked).filter(
        pl.col("unique_id").is_in(early["unique_id"].unique().implode())
    )
    assert 0 < early["unique_id"].n_unique() < questions.asked["unique_id"].n_unique()
    assert_frame_equal(answers("monthend", early), whole, check_exact=True)


def test_a_day_that_nobody_measured_is_history_not_a_question() -> None:
    asked = speed_input(series=2, days=120, horizon=3)
    gap = pl.when(pl.col("t") != 100).then("y").alias("y")
    assert answers("speed", asked.with_columns(gap))["t"].to_list() == [120, 121, 122] * 2


def test_a_series_without_a_single_known_day_is_answered_by_nothing() -> None:
    asked = steps_only(speed_input(series=2, days=60, horizon=2))
    unknown = asked.with_columns(y=pl.when(pl.col("unique_id") == "s00001").then("y"))
    answered = answers("m4d", unknown)
    assert answered.filter(pl.col("unique_id") == "s00000")["yhat"].null_count() == 62
    assert answered.filter(pl.col("unique_id") == "s00001")["yhat"].null_count() == 0
    nobody = answers("m4d", asked.with_columns(y=pl.lit(None, pl.Float64)))
    assert nobody.columns == answered.columns
    assert nobody["yhat"].null_count() == nobody.height == 124


def test_every_day_has_a_score_that_later_days_do_not_change() -> None:
    asked = usage_and_cost(series=12, days=120)
    answered = answers("anomaly", asked)
    assert answered.schema == {"unique_id": pl.String, "ds": pl.Date, "score": pl.Float64, "flag": pl.Boolean}
    assert_frame_equal(answered.select("unique_id", "ds"), asked.select("unique_id", "ds"), check_row_order=False)
    assert answered["score"].is_finite().all()
    until = date(2024, 1, 1) + timedelta(days=80)
    earlier = answers("anomaly", asked.filter(pl.col("ds") <= until))
    assert_frame_equal(earlier, answered.filter(pl.col("ds") <= until), check_exact=True)


def test_a_runaway_day_scores_above_all_others() -> None:
    asked = usage_and_cost(series=6, days=120).filter(pl.col("unique_id") == "s00001")
    day = date(2024, 4, 16)
    loud = asked.with_columns((pl.col(name) * pl.when(pl.col("ds") == day).then(8).otherwise(1)).alias(name)
                              for name in ("usage", "cost"))  # fmt: skip
    assert answers("anomaly", loud).sort("score")["ds"][-1] == day


def test_causes_are_told_in_the_order_of_the_columns(cases: pl.DataFrame) -> None:
    answered = answers("rca", cases)
    assert answered.columns == ["case", "rank", "dim", "value"]
    assert answered.filter(case=7, rank=1).row(0) == (7, 1, "model&team", "b&x")
    assert answered["rank"].min() == 1
    alone = answers("rca", cases.filter(pl.col("case") == 7))
    assert_frame_equal(alone, answered.filter(pl.col("case") == 7), check_exact=True)


@pytest.mark.slow
def test_the_command_runs_from_any_folder(tmp_path: Path) -> None:
    speed_input(series=3, days=90, horizon=5).write_parquet(tmp_path / "in.parquet")
    words = [sys.executable, str(ADAPTER), "--task", "speed", "--input", "in.parquet", "--output", "out.parquet"]
    subprocess.run(words, cwd=tmp_path, check=True)
    assert pl.read_parquet(tmp_path / "out.parquet").height == 15


def test_made_up_spend_is_the_same_everywhere_and_never_negative() -> None:
    spend = daily_spend(12, 100, seed=5)
    assert np.array_equal(spend, daily_spend(12, 100, seed=5), equal_nan=True)
    assert np.nanmin(spend) >= 0
    assert not np.array_equal(spend, daily_spend(12, 100, seed=6), equal_nan=True)


def test_run_rate_and_seasonal_naive_by_hand() -> None:
    """1 to 3 February were 10, 20 and 30, mean 20; the week before the 4th began with 28 January, which was 4."""
    days = [date(2025, 1, 27) + timedelta(days=n) for n in range(10)]
    values = [3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 20.0, 30.0, None, None]
    asked = pl.DataFrame({"unique_id": "s", "t": range(10), "ds": days, "y": values}, schema_overrides={"t": pl.Int32})
    assert run_rate(asked)["yhat"].to_list() == [20.0, 20.0]
    assert seasonal_naive(asked)["yhat"].to_list() == [4.0, 5.0]


def test_month_end_errors_by_hand(questions: MonthEnds) -> None:
    """To date 50, 40 to come, 60 came: 90 against 110 is 18.2 %. A day off by 10 lies outside an interval of 5."""
    of_one = MonthEnds(
        questions.asked.clear(),
        pl.DataFrame({"unique_id": ["s"], "t": [9], "ds": [date(2025, 1, 31)], "y": [60.0]}),
        pl.DataFrame({"unique_id": ["s"], "series": ["s"], "day": [5], "to_date": [50.0], "total": [110.0]}),
    )
    answered = pl.DataFrame({"unique_id": ["s"], "t": [9], "yhat": [40.0], "lo80": [35.0], "hi80": [45.0],
                             "lo95": [20.0], "hi95": [60.0]})  # fmt: skip
    assert forecast_peers.month_end_errors(of_one, answered) == {5: pytest.approx(100 * 20 / 110)}
    assert forecast_peers.coverage(of_one, answered) == (0.0, 100.0)


def test_seasonal_naive_weighs_one(questions: MonthEnds) -> None:
    naive = seasonal_naive(questions.asked)
    assert forecast_peers.overall_weighted_average(questions, naive) == pytest.approx(1.0)


@pytest.mark.slow
def test_the_benchmarks_run_small() -> None:
    peers = {"run rate": run_rate, "seasonal naive": seasonal_naive}
    rows = list(forecast_peers.measure(8, peers, {"made-up spend": lambda: month_ends(6), "elsewhere": lambda: None}))
    assert [row.name for row in rows] == [
        "made-up spend: Outlay", "made-up spend: run rate", "made-up spend: seasonal naive",
        "made-up spend: Outlay, all", "elsewhere",
    ]  # fmt: skip
    speeds = list(foresight.measure(series=20, of_theta=2, runs=1))
    assert [row.name for row in speeds if row.aim] == [
        "365 days, 31 ahead, with intervals", "365 days, 31 ahead, with intervals: peak", "scores of 120 days",
        "scores of one new day",
    ]  # fmt: skip
