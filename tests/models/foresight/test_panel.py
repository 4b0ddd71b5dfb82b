"""Awkward input first: what a history may hold, and that a panel sums to what its rows sum to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import OutlayError
from models.foresight.panel import Absent, Panel, panels

DAY = date(2026, 3, 1)


def history(*rows: tuple[str, int, float | None]) -> pl.DataFrame:
    """Rows of series, days after 1 March 2026, value."""
    return pl.DataFrame(
        {
            "series": [series for series, _, _ in rows],
            "day": [DAY + timedelta(days=day) for _, day, _ in rows],
            "value": [value for _, _, value in rows],
        },
        schema={"series": pl.String, "day": pl.Date, "value": pl.Float64},
    )


def only(frame: pl.DataFrame, **how: Any) -> Panel:
    (panel,) = panels(frame, **how)
    return panel


def test_series_are_right_aligned_at_their_common_last_day():
    panel = only(history(("long", 0, 1.0), ("long", 1, 2.0), ("long", 2, 3.0), ("short", 2, 5.0)))
    assert panel.names == ["long", "short"]
    assert panel.origin == date(2026, 3, 3)
    np.testing.assert_array_equal(panel.values, [[1, 2, 3], [np.nan, np.nan, 5]])
    assert panel.ahead(2) == [date(2026, 3, 4), date(2026, 3, 5)]


def test_a_series_that_ends_on_another_day_is_another_panel():
    first, second = panels(history(("a", 0, 1.0), ("b", 0, 2.0), ("b", 1, 3.0)))
    assert (first.names, first.origin) == (["a"], DAY)
    assert (second.names, second.origin) == (["b"], DAY + timedelta(days=1))


def test_an_absent_day_is_unknown_in_measured_data():
    panel = only(history(("a", 0, 1.0), ("a", 2, 3.0)))
    np.testing.assert_array_equal(panel.values, [[1, np.nan, 3]])


def test_an_absent_day_is_a_day_without_charge_in_a_ledger_that_is_through():
    """Between first and last day, and up to `as_of`: `ended` stopped on day 0 and costs nothing since."""
    panel = only(history(("ended", 0, 4.0), ("new", 2, 5.0)), absent=Absent.NO_CHARGE, as_of=DAY + timedelta(days=3))
    np.testing.assert_array_equal(panel.values, [[4, 0, 0, 0], [np.nan, np.nan, 5, 0]])


def test_what_is_null_or_nan_is_unknown_even_in_a_ledger():
    panel = only(history(("a", 0, 1.0), ("a", 1, None), ("a", 2, float("nan")), ("a", 3, 0.0)), absent=Absent.NO_CHARGE)
    np.testing.assert_array_equal(panel.values, [[1, np.nan, np.nan, 0]])


def test_the_same_series_and_day_twice_is_refused_with_its_name():
    with pytest.raises(OutlayError, match=r"a has more than one value for 2026-03-02, and so have 1 other days"):
        panels(history(("a", 0, 1.0), ("a", 1, 1.0), ("a", 1, 2.0), ("b", 5, 1.0), ("a", 5, 1.0), ("b", 5, 1.0)))


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_an_infinite_value_is_refused_with_its_name(value: float):
    with pytest.raises(OutlayError, match="a is infinite on 2026-03-02"):
        panels(history(("a", 0, 1.0), ("a", 1, value)))


def test_standing_on_an_earlier_day_later_days_are_not_known_yet():
    frame = history(("a", 0, 1.0), ("a", 1, 2.0), ("later", 2, 9.0))
    panel = only(frame, as_of=DAY)
    assert (panel.names, panel.origin) == (["a"], DAY)
    assert panels(frame, as_of=DAY - timedelta(days=1)) == []


def test_a_date_far_from_all_others_is_refused_rather_than_filling_the_memory():
    with pytest.raises(OutlayError, match="the history of a lasts from 1026-03-01 to 2026-03-01"):
        panels(pl.DataFrame({"series": ["a", "a"], "day": [date(1026, 3, 1), DAY], "value": [1.0, 2.0]}))


def test_an_instant_is_a_day_only_at_midnight_utc_so_daylight_saving_moves_nothing():
    """29 March 2026, 02:00 to 03:00, does not exist in Berlin; the UTC day has 24 hours all the same."""
    days = [datetime(2026, 3, day, tzinfo=UTC) for day in (28, 29, 30)]
    frame = pl.DataFrame({"series": ["a"] * 3, "day": days, "value": [1.0, 2.0, 3.0]})
    np.testing.assert_array_equal(only(frame).values, [[1, 2, 3]])
    berlin = frame.with_columns(pl.col("day").dt.convert_time_zone("Europe/Berlin"))
    np.testing.assert_array_equal(only(berlin).values, [[1, 2, 3]])
    local = frame.with_columns(pl.col("day").dt.replace_time_zone("Europe/Berlin"))
    with pytest.raises(OutlayError, match="not the start of a UTC day"):
        panels(local)


@pytest.mark.parametrize("empty", ["series", "day"])
def test_a_row_without_series_or_day_is_refused(empty: str):
    with pytest.raises(OutlayError, match="no series or no day"):
        panels(history(("a", 0, 1.0)).with_columns(pl.lit(None).cast(history().schema[empty]).alias(empty)))


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(OutlayError, match="no column value"):
        panels(history(("a", 0, 1.0)).drop("value"))


def test_days_of_another_kind_are_refused():
    with pytest.raises(OutlayError, match="the days of a history are String"):
        panels(history(("a", 0, 1.0)).with_columns(pl.col("day").cast(pl.String)))


def test_steps_have_no_calendar():
    frame = pl.DataFrame({"series": ["a", "a"], "day": [5, 7], "value": [1, 2]})
    panel = only(frame)
    assert (panel.origin, panel.step) == (None, 7)
    assert panel.ahead(2) == [8, 9]
    np.testing.assert_array_equal(panel.values, [[1, np.nan, 2]])
    with pytest.raises(OutlayError, match="days of the history are steps"):
        panels(frame, as_of=DAY)


def test_no_rows_no_panels():
    assert panels(history()) == []


def test_a_panel_cut_is_what_was_known_then():
    panel = only(history(("a", 0, 1.0), ("a", 1, 2.0), ("a", 2, 3.0)))
    earlier = panel.cut(2)
    assert (earlier.origin, earlier.values.tolist()) == (DAY, [[1.0]])
    assert panel.cut(0) is panel
    assert panel.cut(9).days == 0


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 40)),
        st.integers(-1000, 1000),
        min_size=1,
    ),
    st.sampled_from(Absent),
)
def test_panels_sum_to_what_their_rows_sum_to(cells: dict[tuple[str, int], int], absent: Absent):
    """Credits, zeros, gaps, one-point series: whole numbers, so the sums are exact."""
    found = panels(history(*((series, day, float(value)) for (series, day), value in cells.items())), absent=absent)
    assert sum(float(np.nansum(panel.values)) for panel in found) == sum(cells.values())
