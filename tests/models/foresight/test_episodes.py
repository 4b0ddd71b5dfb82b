"""Flagged days put together by hand-made scores: what is one episode, since when, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.foresight.episodes import episodes

FIRST = date(2026, 8, 3)
"""A Monday."""
_SCORES = pl.Schema(
    {
        "series": pl.String, "day": pl.Date, "score": pl.Float64, "flag": pl.Boolean, "kind": pl.String,
        "expected": pl.Float64, "low": pl.Float64, "high": pl.Float64, "window": pl.Int64, "measure": pl.String,
    }
)  # fmt: skip
Flags = Mapping[int, tuple[str, int]]
"""Kind and window of each flagged day."""


def told(costs: Sequence[float], expected: Sequence[float | None], flags: Flags) -> list[dict[str, Any]]:
    days = [FIRST + timedelta(days=number) for number in range(len(costs))]
    rows = [
        {
            "series": "a", "day": day, "score": 2.0, "flag": number in flags, "kind": flags.get(number, (None, 0))[0],
            "expected": usual, "low": usual, "high": usual, "window": flags.get(number, (None, None))[1],
            "measure": "price" if flags.get(number, ("", 0))[0] == "price" else "cost",
        }
        for number, (day, usual) in enumerate(zip(days, expected, strict=True))
    ]  # fmt: skip
    series = pl.DataFrame({"series": "a", "day": days, "cost": costs, "usage": [None] * len(days)})
    return episodes(pl.DataFrame(rows, schema=_SCORES), series).rows(named=True)


def weeks(number: int, *, weekend: float) -> list[float]:
    return [100.0 if day % 7 < 5 else weekend for day in range(7 * number)]


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def test_weekends_that_work_are_one_episode_of_their_quiet_days():
    # weekends cost 20 or 24; those of weeks 5, 6 and 7 cost 90, each told on its Sunday by the two weeks before
    costs = weeks(8, weekend=20)
    costs[27] = 24
    for saturday in (33, 40, 47):
        costs[saturday : saturday + 2] = [90, 90]
    flags: Flags = dict.fromkeys((34, 41, 48), ("weekend", 14))
    (weekend,) = told(costs, weeks(8, weekend=20), flags)
    assert (weekend["kind"], weekend["first_day"], weekend["last_day"]) == ("weekend", day(33), day(48))
    assert weekend["days_told"] == [day(number) for number in (33, 34, 40, 41, 47, 48)]
    assert weekend["impact"] == 6 * 70  # 420
    assert weekend["severity"] == "medium"
    assert weekend["standing"] == "open"  # the week after is not over by a weekend


def test_a_week_later_a_pattern_of_weekends_is_over_and_its_end_is_no_episode():
    costs = weeks(8, weekend=20)
    for saturday in (33, 40):
        costs[saturday : saturday + 2] = [90, 90]
    expected = weeks(8, weekend=20)
    expected[47:49] = [60, 60]  # by then weekends are expected to be busier
    (weekend,) = told(costs, expected, dict.fromkeys((34, 41, 48), ("weekend", 14)))
    assert (weekend["last_day"], weekend["standing"]) == (day(41), "ended")
    # not so if it costs less than it did before: 0 instead of 20
    costs[48] = 0
    assert [each["kind"] for each in told(costs, expected, dict.fromkeys((34, 41, 48), ("weekend", 14)))] == [
        "weekend",
        "drop",
    ]


def test_a_spike_and_the_level_after_it_share_no_day():
    # 500 on day 40; 150 from day 45 on, told on day 51 by a window of two weeks, which would reach back to the spike
    costs = [*[100.0] * 40, 500, *[100.0] * 4, *[150.0] * 10]
    spike, level = told(costs, [100.0] * 55, {40: ("spike", 1), 51: ("level_shift", 14), 54: ("level_shift", 14)})
    assert (spike["first_day"], spike["last_day"], spike["impact"]) == (day(40), day(40), 400)
    assert (level["first_day"], level["last_day"], level["impact"]) == (day(45), day(54), 500)
    assert spike["id"] != level["id"]


def test_a_rise_and_a_fall_are_two_episodes():
    costs = [*[100.0] * 40, 300, 0, *[100.0] * 3]
    rise, fall = told(costs, [100.0] * 45, {40: ("spike", 1), 41: ("spike", 1)})
    assert (rise["impact"], fall["impact"]) == (200, -100)


def test_the_end_of_a_level_is_no_episode():
    # twice as much for twenty days, which becomes usual, and then what it was before
    costs = [*[100.0] * 40, *[200.0] * 20, *[100.0] * 5]
    expected: list[float | None] = [*[100.0] * 50, *[200.0] * 15]
    flags = {46: ("level_shift", 7), 49: ("level_shift", 7), 62: ("drop", 3)}
    (level,) = told(costs, expected, flags)
    assert (level["first_day"], level["impact"]) == (day(40), 1000)
    # half of what it was before is news: 50 instead of 200
    costs[60:] = [50.0] * 5
    assert [each["kind"] for each in told(costs, expected, flags)] == ["level_shift", "drop"]


def test_weekdays_that_always_rested_were_expected_to_rest():
    # weekdays cost three times as much from day 42 on; of weekends nobody knows what was to be expected
    costs = [*weeks(6, weekend=0), *(300.0 if number < 5 else 10.0 for number in range(7))]
    expected = [usual or None for usual in weeks(7, weekend=0)]
    (working,) = told(costs, expected, dict.fromkeys((43, 46), ("burst", 2)))
    (resting,) = told(costs, expected, dict.fromkeys((43, 46, 48), ("burst", 2)))
    assert (working["id"], working["impact"]) == (resting["id"], 1000)  # 5 × 200
    assert (resting["last_day"], resting["impact"]) == (day(48), 1020)


def test_days_of_which_nothing_is_known_are_left_out_of_the_sums():
    costs = [*[100.0] * 40, 300, 300, 300]
    (told_in_part,) = told(costs, [*[100.0] * 40, 100, None, 100], {41: ("burst", 2), 42: ("burst", 2)})
    assert told_in_part["days_told"] == [day(40), day(42)]
    assert (told_in_part["actual"], told_in_part["expected"], told_in_part["impact"]) == (600, 200, 400)


@pytest.mark.parametrize(
    ("extra", "severity"), [(99, "low"), (100, "medium"), (1_000, "high"), (9_999, "high"), (10_000, "critical")]
)
def test_severity_is_money(extra: float, severity: str):
    (only,) = told([*[100.0] * 40, 100 + extra], [100.0] * 41, {40: ("new", 1)})
    assert only["severity"] == severity


@given(st.dictionaries(st.integers(28, 69), st.sampled_from([("spike", 1), ("weekend", 14), ("level_shift", 21)])))
@settings(max_examples=30, deadline=None)
def test_episodes_of_a_series_never_share_a_day(flags: dict[int, tuple[str, int]]):
    costs = [100.0 + 40 * (number % 5) for number in range(70)]
    found = told(costs, [120.0] * 70, flags)
    shared = [day for each in found for day in each["days_told"]]
    assert len(shared) == len(set(shared))
    assert all(one["last_day"] < other["first_day"] for one, other in pairwise(found))
