"""Smoothing, worked by hand on a few days and against a plain loop; and that no answer knows a later day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.foresight import smoothing
from models.foresight.smoothing import GAINS, MEMORY, drifting_level, levels, line_slope, ordinary_change, smoothed

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
    # Changes 2, 2, 200. Mean absolute changes so far: 2, 2, 68, so that 200 counts as 1.5 * 68 = 102.
    # 2 + 2 + 102 over 3 days and 60 without change.
    assert ordinary_change(rows([0, 2, 4, 204]), (0, 1))[:, 0] == pytest.approx([106 / 63, 4 / 62])


def test_a_line_is_laid_through_the_known_days():
    # Through (0, 1), (1, 3), (3, 7): slope 2; 3 days known and 60 without drift. A day before, (0, 1), (1, 3).
    assert line_slope(rows([1, 3, NAN, 7]), (0, 1))[:, 0] == pytest.approx([2 * 3 / 63, 2 * 2 / 62])


def test_the_level_goes_on_by_the_drift_of_a_walk_or_of_a_line():
    values = np.random.default_rng(5).normal(size=(3, 200)).cumsum(axis=1)
    level, drift, walk = smoothed(values, (0,))

    answer = drifting_level(values, (0,), 3)

    np.testing.assert_allclose(drift, walk * ordinary_change(values, (0,)) + (1 - walk) * line_slope(values, (0,)) / 2)
    assert answer.shape == (1, 3, 3)
    np.testing.assert_allclose(answer[:, :, 0], level + drift)
    np.testing.assert_allclose(answer[:, :, 2], level + 3 * drift)


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
    values = np.random.default_rng(7).normal(size=(5, 90)).cumsum(axis=1)
    values[2, :50] = NAN
    other = values.copy()
    other[:, -20:] = 1e9

    now = drifting_level(values, (0, 20, 45), 7)

    np.testing.assert_array_equal(now[1:], drifting_level(other, (20, 45), 7))
    np.testing.assert_array_equal(now[1], drifting_level(values[:, :70], (0,), 7)[0])


def test_a_series_is_answered_alike_among_others_and_alone():
    values = np.random.default_rng(11).normal(size=(6, 60)).cumsum(axis=1)

    np.testing.assert_array_equal(drifting_level(values, (0,), 5)[:, 2:3], drifting_level(values[2:3], (0,), 5))


def test_awkward_histories_are_answered_as_what_is_known_of_them():
    answer = drifting_level(rows([5.0] * 40, [0.0] * 40, [3.0], [NAN] * 40, [2.0] * 30 + [NAN] * 10), (0, 1, 50), 3)

    np.testing.assert_allclose(answer[0, [0, 1, 2, 4]], np.repeat([[5.0], [0.0], [3.0], [2.0]], 3, axis=1), rtol=1e-12)
    assert np.isnan(answer[0, 3]).all()
    assert np.isnan(answer[1, 2]).all(), "its only day is after that origin"
    assert np.isnan(answer[2]).all(), "nothing is known before the first day"


def test_growth_goes_on():
    growing = 100 + 2.0 * np.arange(300)

    # A walk: 299 changes of 2 over 359 days.
    assert drifting_level(growing[None], (0,), 10)[0, 0, -1] == pytest.approx(
        growing[-1] + 10 * 2 * 299 / 359, rel=1e-3
    )
