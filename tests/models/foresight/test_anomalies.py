"""Anomalies in series made by hand: a quiet weekday pattern, and one thing that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import OutlayError
from models.foresight.anomalies import HISTORY, scores
from models.foresight.episodes import episodes
from models.table import MONEY

FIRST = date(2026, 1, 5)
"""A Monday."""
WEEK = (100.0, 104.0, 102.0, 98.0, 96.0, 40.0, 36.0)
DAYS = 140
PRICE = 0.5


def a_series(
    wrong: Callable[[np.ndarray], np.ndarray] | None = None, *, name: str = "search", days: int = DAYS, seed: int = 1
) -> pl.DataFrame:
    """Twenty weeks of a weekday pattern with noise of 4 %, at 0.50 per unit of usage; `wrong` bends usage."""
    noise = np.exp(np.random.default_rng(seed).normal(0, 0.04, days))
    usage = np.resize(np.array(WEEK), days) * noise * 10
    usage = usage if wrong is None else wrong(usage)
    return pl.DataFrame(
        {
            "series": [name] * days,
            "day": [FIRST + timedelta(days=day) for day in range(days)],
            "usage": usage,
            "cost": np.round(usage * PRICE, 2),
        }
    )


def times(factor: float, first: int, last: int) -> Callable[[np.ndarray], np.ndarray]:
    def bend(usage: np.ndarray) -> np.ndarray:
        bent = usage.copy()
        bent[first : last + 1] *= factor
        return bent

    return bend


def found(series: pl.DataFrame) -> pl.DataFrame:
    return episodes(scores(series), series)


def test_a_quiet_series_has_no_anomalies() -> None:
    assert found(a_series()).is_empty()


def test_a_spike_is_told_with_its_money() -> None:
    # day 120 is a Tuesday: 520 a day usually, and now three times that
    (episode,) = found(a_series(times(3, 120, 120))).iter_rows(named=True)
    assert (episode["kind"], episode["measure"], episode["standing"]) == ("spike", "cost", "ended")
    assert episode["first_day"] == episode["last_day"] == FIRST + timedelta(days=120)
    assert episode["impact"] == pytest.approx(1040, rel=0.2)
    assert episode["severity"] in {"high", "critical"}


def test_two_rows_of_a_day_are_an_error() -> None:
    series = a_series()
    with pytest.raises(OutlayError, match="stand twice"):
        scores(pl.concat([series, series.tail(1)]))


def test_money_comes_back_as_money() -> None:
    series = a_series(times(3, 120, 120)).with_columns(pl.col("cost").cast(MONEY))
    answer = scores(series)
    assert answer.schema["expected"] == MONEY
    (episode,) = episodes(answer, series).iter_rows(named=True)
    cost = series.filter(pl.col("day") == episode["first_day"])["cost"].item()
    assert episode["actual"] == cost
    assert episode["impact"] == cost - episode["expected"]
    assert episode["expected"] == round(episode["expected"], 2)
    assert isinstance(episode["impact"], Decimal)


@given(cut=st.integers(20, DAYS - 1))
@settings(max_examples=10, deadline=None)
def test_no_score_knows_a_later_day(cut: int) -> None:
    series = pl.concat([a_series(times(1.5, 100, 125)), a_series(name="other", seed=2)])
    last = FIRST + timedelta(days=cut)
    whole = scores(series).filter(pl.col("day") <= last)
    assert whole.equals(scores(series.filter(pl.col("day") <= last)))


def test_one_new_day_gives_the_bits_of_a_whole_run() -> None:
    days = HISTORY + 60
    series = pl.concat([a_series(times(1.5, days - 10, days), days=days), a_series(name="b", days=days, seed=2)])
    last = FIRST + timedelta(days=days - 3)
    assert scores(series, since=last).equals(scores(series).filter(pl.col("day") >= last))
