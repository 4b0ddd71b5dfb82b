"""Expected leaves: the mean of the same weekdays before, exactly; what is new was expected at nothing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.errors import OutlayError
from models.foresight.leaves import compared, expected_leaves
from models.table import MONEY

MONDAY = date(2026, 6, 1)
SCHEMA = {"day": pl.Date, "team": pl.String, "cost": MONEY}


def history(*rows: tuple[int, str | None, str]) -> pl.DataFrame:
    """Rows of (days after the first Monday, team, cost)."""
    told = [(MONDAY + timedelta(days=after), team, Decimal(cost)) for after, team, cost in rows]
    return pl.DataFrame(told, schema=SCHEMA, orient="row")


def test_the_mean_of_four_same_weekdays_and_of_those_only() -> None:
    """Mondays 10, 20, 30, 41 → (10 + 20 + 30 + 41) / 4 = 25.25; the Tuesday, and the day itself, are not asked."""
    known = history(
        (0, "a", "10"), (7, "a", "20"), (14, "a", "30"), (21, "a", "41"), (22, "a", "999"), (28, "a", "500")
    )
    answer = expected_leaves(known, [MONDAY + timedelta(days=28)], ["team"])
    assert answer.rows() == [("a", Decimal("25.25"))]


def test_a_day_without_a_row_is_a_day_without_cost_and_new_leaves_are_not_expected() -> None:
    """Four Mondays are known; b has one row of 8 among them: 8 / 4 = 2. No team is a leaf; c is new."""
    known = history((0, None, "4"), (7, None, "4"), (14, None, "4"), (21, None, "4"), (7, "b", "8"), (28, "c", "70"))
    answer = expected_leaves(known, [MONDAY + timedelta(days=28)], ["team"])
    assert answer.rows() == [("b", Decimal(2)), (None, Decimal(4))]


def test_days_of_an_anomaly_are_no_part_of_their_own_expectation() -> None:
    """The 3rd and the 4th Monday are asked; both are expected at the mean of the two before: 2 × (10 + 20) / 2."""
    known = history((0, "a", "10"), (7, "a", "20"), (14, "a", "300"), (21, "a", "300"))
    days = [MONDAY + timedelta(days=14), MONDAY + timedelta(days=21)]
    assert expected_leaves(known, days, ["team"]).rows() == [("a", Decimal(30))]


def test_weekdays_that_were_never_seen_are_refused() -> None:
    with pytest.raises(OutlayError, match="no cost is known"):
        expected_leaves(history((0, "a", "10")), [MONDAY + timedelta(days=1)], ["team"])
    with pytest.raises(OutlayError, match="no days"):
        expected_leaves(history((0, "a", "10")), [], ["team"])


def test_leaves_of_either_side_are_compared() -> None:
    before, after = history((0, "a", "1"), (0, "b", "2")), history((0, "b", "3"), (1, "b", "1"), (0, None, "5"))
    rows = compared(before, after, ["team"])
    assert rows.select("team", "actual", "expected").rows() == [
        ("a", Decimal(0), Decimal(1)),
        ("b", Decimal(4), Decimal(2)),
        (None, Decimal(5), Decimal(0)),
    ]
