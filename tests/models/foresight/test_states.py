"""What is said of a series as a whole."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from models.foresight.panel import Panel
from models.foresight.states import ENDED_DAYS, LEAST_ORIGINS, Status, ended, learned, silent, statuses

UNKNOWN = float("nan")


def panel(values: list[float]) -> Panel:
    return Panel(["s"], np.array([values]), date(2026, 11, 16))


@pytest.mark.parametrize(
    ("values", "is_silent"),
    [
        ([5.0] * 30 + [0.0] * 7, True),
        ([5.0] * 30 + [0.0] * 6, False),
        ([5.0] * 30 + [0.0] * 4 + [5.0] + [0.0] * 8, False),  # twice the pause before
        ([5.0] * 30 + [0.0] * 4 + [5.0] + [0.0] * 9, True),
        ([0.0] * 90 + [5.0] * 9 + [0.0] * 7, True),  # that it had not begun was no pause
        ([0.0] * 90, False),
        ([5.0] * 30 + [0.0] * 7 + [UNKNOWN], False),  # nobody knows of today
        ([UNKNOWN] * 40, False),
        ([], False),
    ],
)
def test_silent_is_who_was_nothing_for_longer_than_ever(values: list[float], is_silent: bool) -> None:
    assert silent(panel(values)).tolist() == [is_silent]


def test_ended_is_who_was_nothing_for_eight_weeks_and_not_before() -> None:
    assert ended(panel([5.0] + [0.0] * ENDED_DAYS)).tolist() == [True]
    assert ended(panel([5.0] + [0.0] * (ENDED_DAYS - 1))).tolist() == [False]
    assert ended(panel([0.0] * 100)).tolist() == [False]
    assert ended(panel([5.0] + [UNKNOWN] * ENDED_DAYS)).tolist() == [False]


def test_an_earlier_origin_judges_who_had_four_weeks_of_known_days_then() -> None:
    young = panel([UNKNOWN] * 20 + [5.0] * 42)
    assert learned(young, (7, 14, 21, 70)).ravel().tolist() == [True, True, False, False]


def test_the_status_tells_the_gravest() -> None:
    many = np.array([LEAST_ORIGINS])
    assert statuses(panel([5.0] * 90), many) == [Status.OK]
    assert statuses(panel([5.0] * 90), many - 1) == [Status.SHORT]
    assert statuses(panel([5.0] * 90 + [0.0] * 10), many) == [Status.SILENT]
    assert statuses(panel([5.0] * 90 + [0.0] * ENDED_DAYS), many) == [Status.ENDED]
    assert statuses(panel([UNKNOWN] * 90), many - 1) == [Status.UNKNOWN]
