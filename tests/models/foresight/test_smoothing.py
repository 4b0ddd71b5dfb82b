"""Smoothing, worked by hand on a few days and against a plain loop; and that no answer knows a later day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.foresight import smoothing
from models.foresight.smoothing import (
    GAINS,
    LINE_DAYS,
    MEMORY,
    PRIOR_DAYS,
    levels,
    line_slope,
    ordinary_change,
    smoothed,
)

NAN = float("nan")


def rows(*series: Sequence[float]) -> np.ndarray:
    """Series of any length as a right-aligned matrix."""
    days = max(len(each) for each in series)
    return np.array([[NAN] * (days - len(each)) + list(each) for each in series])


def test_a_level_goes_by_its_share_of_each_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(smoothing, "GAINS", (0.5,))

    # 10; 10 + .5 * (20 - 10) = 15; 15 + .5 * (11 - 15) = 13; 13 + .5 * (13 - 13) = 13.
    level, _ = levels(rows([10, 20, 11, 13]), (0, 1, 2, 3))

    assert level[:, 0].tolist() == [13, 13, 15, 10]


def test_gains_are_weighed_by_their_likelihood(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(smoothing, "GAINS", (0.5, 1.0))

    # Levels of .5: 0, 8, 8; errors 16 and 0. Of 1, the walk: 0, 16, 8; errors 16 and -8. Squares, a day old at .99:
    # 253.44 against 317.44; of 1.99 days. Likelihoods (253.44 / 317.44) ** -(1.99 / 2) = 1.2512 to 1.
    level, walk = levels(rows([0, 16, 8]), (0,))

    assert level.item() == 8
    assert walk.item() == pytest.approx(1 / 2.2512, abs=1e-4)


def test_a_walk_is_told_from_noise_about_a_level():
    shocks = np.random.default_rng(3).normal(size=(2, 365))
    series = np.stack([500 + shocks[0].cumsum(), 500 + shocks[1]])

    level, walk = levels(series, (0, 100))

    assert (walk[:, 0] > 0.9).all()
    assert (walk[:, 1] < 0.01).all()
    assert level[0] == pytest.approx([series[0, -1], 500], abs=0.5)


def test_a_jump_counts_as_an_ordinary_change():
    # Changes 2, 2, 200. Mean absolute changes so far: 2, 2, 68, so that 200 counts as 2 * 68 = 136.
    # 2 + 2 + 136 over 3 days and 60 without change.
    assert ordinary_change(rows([0, 2, 4, 204]), (0, 1))[:, 0] == pytest.approx([140 / 63, 4 / 62])


def test_a_line_is_laid_through_the_known_days():
    # Through (0, 1), (1, 3), (3, 7): slope 2; 3 days known and 60 without drift. A day before, (0, 1), (1, 3).
    assert line_slope(rows([1, 3, NAN, 7]), (0, 1))[:, 0] == pytest.approx([2 * 3 / 63, 2 * 2 / 62])


@given(st.integers(2, 400), st.integers(0, 2**32 - 1))
def test_the_slope_is_that_of_a_plain_fit(days: int, seed: int):
    draw = np.random.default_rng(seed)
    values = 1e6 + draw.normal(size=(1, days)).cumsum(axis=1)
    values[draw.random((1, days)) < 0.2] = NAN
    values[0, -2:] = 1e6, 1e6 + 1
    recent = values[0, -LINE_DAYS:]
    known = np.flatnonzero(np.isfinite(recent))
    slope = np.polyfit(known, recent[known] - 1e6, 1)[0]

    assert line_slope(values, (0,)).item() == pytest.approx(
        slope * len(known) / (len(known) + PRIOR_DAYS), rel=1e-6, abs=1e-9
    )


def test_a_walk_drifts_by_its_changes_and_noise_by_half_of_a_line():
    values = np.random.default_rng(5).normal(size=(3, 200)).cumsum(axis=1)
    level, drift, walk = smoothed(values, (0,))

    np.testing.assert_array_equal(level, levels(values, (0,))[0])
    np.testing.assert_allclose(drift, walk * ordinary_change(values, (0,)) + (1 - walk) * line_slope(values, (0,)) / 2)


@given(st.lists(st.floats(-1e6, 1e6) | st.just(NAN), min_size=1, max_size=30))
def test_many_series_at_once_are_each_a_plain_loop(values: list[float]):
    series = (values, [1.0, 2.0, 4.0], values[::-1])
    level, _ = levels(rows(*series), (0,))

    assert level[0] == pytest.approx([_loop(each) for each in series], rel=1e-6, abs=1e-6, nan_ok=True)


def _loop(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return NAN
    levels, squares, judged = [], [], 0.0
    for gain in GAINS:
        level, square, judged = known[0], 0.0, 0.0
        begun = False
        for value in values:
            square, judged = square * MEMORY, judged * MEMORY
            if np.isfinite(value) and begun:
                square += (value - level) ** 2
                level += gain * (value - level)
                judged += 1
            begun = begun or bool(np.isfinite(value))
        levels.append(level)
        squares.append(square)
    if not max(squares):
        return known[0]
    weights = [(max(square / max(squares), 1e-12)) ** (-judged / 2) for square in squares]
    return float(np.average(levels, weights=weights))


def test_an_earlier_origin_knows_nothing_of_later_days():
    values = np.random.default_rng(7).normal(size=(5, 290)).cumsum(axis=1)
    values[2, :150] = NAN
    other = values.copy()
    other[:, -20:] = 1e9

    for now, changed, then in zip(
        smoothed(values, (0, 20, 45)), smoothed(other, (20, 45)), smoothed(values[:, :270], (0,)), strict=True
    ):
        np.testing.assert_array_equal(now[1:], changed)
        np.testing.assert_array_equal(now[1], then[0])


def test_a_series_is_answered_alike_among_others_and_alone():
    values = np.random.default_rng(11).normal(size=(6, 60)).cumsum(axis=1)

    for among, alone in zip(smoothed(values, (0, 7)), smoothed(values[2:3], (0, 7)), strict=True):
        np.testing.assert_array_equal(among[:, 2:3], alone)


def test_awkward_histories_are_answered_as_what_is_known_of_them():
    values = rows([5.0] * 40, [0.0] * 40, [3.0], [NAN] * 40, [2.0] * 30 + [NAN] * 10)

    level, drift, walk = smoothed(values, (0, 1, 50))

    np.testing.assert_allclose(level[0], [5, 0, 3, NAN, 2])
    np.testing.assert_array_equal(drift[0], [0, 0, 0, NAN, 0])
    assert np.isnan(level[1, 2]), "its only day is after that origin"
    assert all(np.isnan(each[2]).all() for each in (level, drift, walk)), "nothing is known before the first day"


def test_growth_goes_on():
    growing = 100 + 2.0 * np.arange(300)

    level, drift, walk = smoothed(growing[None], (0,))

    # A walk: 299 changes of 2 over 359 days.
    assert walk.item() > 0.999
    assert level.item() == pytest.approx(growing[-1])
    assert drift.item() == pytest.approx(2 * 299 / 359, rel=1e-3)
