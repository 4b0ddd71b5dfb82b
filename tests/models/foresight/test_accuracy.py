"""Back-tests as they are published: errors by hand, and coverage that knew nothing later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from models.foresight.accuracy import coverage, daily_error, forecast_accuracy, month_errors, replayed
from models.foresight.intervals import errors_of, pool_of
from models.foresight.panel import Panel
from models.foresight.selection import Points

ORIGIN = date(2026, 11, 30)
WEEKS = tuple(range(7, 140, 7))


def always(amount: float, panel: Panel, horizon: int = 31, cuts: tuple[int, ...] = WEEKS) -> Points:
    told = np.full((len(cuts), len(panel), horizon), amount)
    errors = pl.DataFrame({"series": panel.names, "method": "always", "error": 0.1, "chosen": True})
    return Points(told[0], told, cuts, ["always"] * len(panel), errors, status=["ok"] * len(panel))


def test_the_daily_error_is_absolute_errors_over_what_came() -> None:
    panel = Panel(["a"], np.full((1, 200), 100.0), ORIGIN)
    assert daily_error(panel, always(90.0, panel)).tolist() == pytest.approx([10.0])


def test_month_errors_are_told_by_the_day_of_the_month_that_one_stood_on() -> None:
    # 100 a day and 90 expected, in a month of 30 days: from day 9, 16 and 23 on 21, 14 and 7 days are 10 % off
    panel = Panel(["a"], np.full((1, 200), 100.0), ORIGIN)
    told = month_errors(panel, always(90.0, panel, cuts=(7, 14, 21)))  # 23, 16 and 9 November
    assert told[10].tolist() == pytest.approx([7.0])
    assert told[15].tolist() == pytest.approx([14 / 3])
    assert told[20].tolist() == pytest.approx([7 / 3])
    assert np.isnan(told[5]).all()  # nobody stood on one of the first days of a month


def noisy(series: int = 40) -> Panel:
    noise = np.random.default_rng(1).normal(0, 10, (series, 300))
    return Panel([f"s{at}" for at in range(series)], 100 + noise, ORIGIN)


def test_coverage_is_near_what_intervals_say_of_days_that_they_did_not_know() -> None:
    panel = noisy()
    errors = errors_of(panel, always(100.0, panel))
    half, four_fifths, most = coverage(replayed(pool_of(errors), errors)).mean(axis=1)
    assert (half, four_fifths, most) == pytest.approx((50, 80, 95), abs=4)


def test_an_earlier_interval_does_not_know_what_came_after_it() -> None:
    panel = noisy()
    calm = errors_of(panel, always(100.0, panel))
    wild = errors_of(panel, always(100.0, panel))
    wild.scaled[:4] *= 50  # the forecasts of the last four weeks went astray
    before, after = replayed(pool_of(calm), calm), replayed(pool_of(wild), wild)
    assert (before[:, 1:] == after[:, 1:])[np.isfinite(before[:, 1:])].all()
    assert np.nanmean(after[2, 0]) < 0.3


def test_one_row_per_candidate_and_back_tests_of_the_chosen_one_only() -> None:
    panel = noisy(1)
    points = always(100.0, panel)
    both = pl.concat([points.errors, points.errors.with_columns(method=pl.lit("other"), chosen=pl.lit(False))])
    told = replace(points, errors=both)
    errors = errors_of(panel, told)
    frame = forecast_accuracy(panel, told, replayed(pool_of(errors), errors))
    assert frame["candidate"].to_list() == ["always", "other"]
    assert frame["origins"].to_list() == [len(WEEKS), None]
    assert frame["history_days"].to_list() == [300, 300]
    assert frame["coverage_80"][0] > 50
    assert frame["coverage_80"][1] is None
