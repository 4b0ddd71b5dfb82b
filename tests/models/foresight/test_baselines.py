"""Medians and means over matrices of days, against NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.foresight.baselines import Windows, median_of

AMOUNT = st.one_of(st.just(float("nan")), st.integers(-50, 50).map(float))


@given(st.lists(AMOUNT, min_size=1, max_size=9))
def test_a_median_is_of_what_is_known(values: list[float]) -> None:
    median = median_of([np.array([[value]]) for value in values]).item()
    known = [value for value in values if not np.isnan(value)]
    assert median == np.median(known) if known else np.isnan(median)


@given(st.lists(AMOUNT, min_size=1, max_size=12), st.integers(0, 9), st.integers(0, 5), st.integers(1, 12))
def test_a_mean_is_of_the_days_of_its_window(values: list[float], first: int, more: int, seen: int) -> None:
    means = Windows(np.array([values])).mean(first, first + more, seen=seen)[0]
    days = range(max(0, len(values) - seen), len(values))
    assert len(means) == len(days)
    for day, mean in zip(days, means, strict=True):
        window = values[max(0, day - first - more) : max(0, day - first + 1)]
        known = [value for value in window if not np.isnan(value)]
        assert mean == pytest.approx(np.mean(known)) if known else np.isnan(mean)
