"""Statistics that leave out what is unknown."""

from __future__ import annotations

import numpy as np

from models.foresight import known

UNKNOWN = float("nan")


def test_a_mean_is_of_what_is_known() -> None:
    values = np.array([[1.0, UNKNOWN, 3.0], [UNKNOWN, UNKNOWN, UNKNOWN]])
    np.testing.assert_array_equal(known.mean(values, axis=1), [2.0, UNKNOWN])
    assert known.mean(values, axis=(0, 1)) == 2


def test_what_came_is_known_to_the_last_day() -> None:
    came = known.came(np.array([[1.0, 2, 3, 4]]), (1, 3, 9), 2)
    np.testing.assert_array_equal(came[:, 0], [[4, UNKNOWN], [2, 3], [UNKNOWN, UNKNOWN]])


def test_one_credit_is_below_nothing() -> None:
    values = np.array([[0.0, UNKNOWN, 3.0], [5.0, -0.01, 5.0], [UNKNOWN, UNKNOWN, UNKNOWN]])
    assert known.never_negative(values).tolist() == [True, False, True]
