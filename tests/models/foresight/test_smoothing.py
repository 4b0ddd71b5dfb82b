"""Smoothing, worked by hand on a few days and against a plain loop; and that no answer knows a later day."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.foresight.smoothing import (
    LEVELS,
    MEMORY,
    Recursion,
    complex_smoothing,
    damped,
    drift,
    drifting_level,
    drifting_walk,
    fading_trend,
    flat_level,
    run,
    simple,
    smoothed,
)

METHODS = [flat_level, fading_trend, drifting_level, drifting_walk]
NAN = float("nan")

Method = Callable[[np.ndarray, Sequence[int], int], np.ndarray]


def rows(*series: Sequence[float]) -> np.ndarray:
    """Series of any length as a right-aligned matrix."""
    days = max(len(each) for each in series)
    return np.array([[NAN] * (days - len(each)) + list(each) for each in series])


def test_a_level_goes_by_its_share_of_each_error():
    # 10; 10 + .5 * (20 - 10) = 15; 15 + .5 * (11 - 15) = 13; 13 + .5 * (13 - 13) = 13. Errors 0, 10, -4, 0.
    states, errors = run(rows([10, 20, 11, 13]), (0, 1, 2), [simple(0.5)])

    assert states[:, 0, 0, 0].tolist() == [13, 13, 15]
    assert errors[:, 0, 0] == pytest.approx([10**2 * MEMORY**2 + 4**2 * MEMORY, 10**2 * MEMORY + 4**2, 10**2])


def test_a_damped_trend_fades_in_what_it_expects():
    # Level gain 1, trend gain .5, keeps .8. Day 2: error 10, level 20, trend .5 * 10 = 5, of which .8 is expected: 24.
    # Day 3: 20 against 24, error -4: level 20, trend .8 * 5 - .5 * 4 = 2; expected 20 + 1.6, then + 1.28, then + 1.024.
    answer = smoothed(rows([10, 20, 20]), (0, 1), 3, [damped(1.0, 0.5, 0.8)])

    assert answer[0, 0] == pytest.approx([21.6, 22.88, 23.904])
    assert answer[1, 0] == pytest.approx([24, 27.2, 29.76])


def test_the_drift_holds_a_jump_to_what_is_ordinary():
    # Changes 2, 2, 200. Mean absolute changes so far: 2, 2, 68, so that 200 counts as 1.5 * 68 = 102.
    # 2 + 2 + 102 over 3 days and 60 without change.
    assert drift(rows([0, 2, 4, 204]), (0, 1))[:, 0] == pytest.approx([106 / 63, 4 / 62])


def test_a_walk_goes_on_from_its_last_known_value():
    # 4 changed by 2 on each of two days: a drift of 4 / 62 a day. An unknown last day leaves the walk where it was.
    assert drifting_walk(rows([0, 2, 4]), (0,), 2)[0, 0] == pytest.approx([4 + 4 / 62, 4 + 8 / 62])
    assert drifting_walk(rows([0, 2, 4, NAN]), (0,), 1)[0, 0] == pytest.approx([4 + 4 / 62])


def test_a_series_of_noise_takes_a_slow_level_and_a_walk_a_fast_one():
    noise = np.tile([90.0, 110.0], 60)
    stairs = np.repeat(np.arange(12.0) * 100, 10)

    answer = flat_level(np.stack([noise, stairs]), (0,), 1)[0, :, 0]

    assert answer[0] == pytest.approx(100, abs=2)
    assert answer[1] == 1100


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(NAN), min_size=1, max_size=30),
    st.sampled_from([*LEVELS, damped(0.3, 0.2, 0.9), complex_smoothing(1.3, 1.01)]),
)
def test_many_series_at_once_are_each_a_plain_loop(values: list[float], recursion: Recursion):
    states, errors = run(rows(values, [1.0, 2.0, 4.0], values[::-1]), (0,), [recursion])

    for at, series in enumerate((values, [1.0, 2.0, 4.0], values[::-1])):
        state, error_sum = _loop(series, recursion)
        assert states[0, 0, :, at] == pytest.approx(state, rel=1e-9, abs=1e-6, nan_ok=True)
        assert errors[0, 0, at] == pytest.approx(error_sum, rel=1e-9, abs=1e-6)


def _loop(values: Sequence[float], recursion: Recursion) -> tuple[list[float], float]:
    state, error_sum = [NAN, NAN], 0.0
    for value in values:
        if np.isnan(state[0]):
            state = [value, 0.0 if np.isfinite(value) else NAN]
            continue
        error = value - state[0] if np.isfinite(value) else 0.0
        error_sum = MEMORY * error_sum + error**2
        state = [
            sum(m * s for m, s in zip(row, state, strict=True)) + gain * error
            for row, gain in zip(recursion.moves, recursion.gain, strict=True)
        ]
    return state, error_sum


@pytest.mark.parametrize("method", METHODS)
def test_an_earlier_origin_knows_nothing_of_later_days(method: Method):
    values = np.random.default_rng(7).normal(size=(5, 90)).cumsum(axis=1)
    values[2, :50] = NAN
    other = values.copy()
    other[:, -20:] = 1e9

    now = method(values, (0, 20, 45), 7)

    np.testing.assert_array_equal(now[1:], method(other, (20, 45), 7))
    np.testing.assert_array_equal(now[1], method(values[:, :70], (0,), 7)[0])


@pytest.mark.parametrize("method", METHODS)
def test_awkward_histories_are_answered_as_what_is_known_of_them(method: Method):
    answer = method(rows([5.0] * 40, [0.0] * 40, [3.0], [NAN] * 40, [2.0] * 30 + [NAN] * 10), (0, 1, 50), 3)

    assert answer[0].tolist()[:3] == [[5.0] * 3, [0.0] * 3, [3.0] * 3]
    assert np.isnan(answer[0, 3]).all()
    assert answer[0, 4].tolist() == [2.0] * 3
    assert np.isnan(answer[1, 2]).all(), "its only day is after that origin"
    assert np.isnan(answer[2]).all(), "nothing is known before the first day"


def test_growth_goes_on():
    growing = 100 + 2.0 * np.arange(300)

    assert drifting_walk(growing[None], (0,), 10)[0, 0, -1] == pytest.approx(growing[-1] + 20, rel=0.01)
    assert growing[-1] + 8 < fading_trend(growing[None], (0,), 10)[0, 0, -1] <= growing[-1] + 20
