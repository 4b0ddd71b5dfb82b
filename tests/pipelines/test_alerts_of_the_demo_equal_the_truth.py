"""A month of the make-believe organisation, replayed: each budget and agreement alerts once, on its day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.alert_replay import replaying
from tests.pipelines.alert_truth import (
    agreement_events,
    agreement_openings,
    budget_events,
    budget_openings,
    compared,
)

pytestmark = pytest.mark.slow

DAYS = 31
Row = dict[str, Any]


def test_every_budget_and_agreement_alerts_exactly_once_on_its_day(demo_home: Path, truth: Row, tmp_path: Path) -> None:
    last = datetime.fromisoformat(truth["as_of"]).date()
    first = last - timedelta(days=DAYS - 1)
    with replaying(demo_home, tmp_path / "replay", anomalies=False, forecasts=False) as replay:
        # what was told before: all that stands on the eve opens there
        for number in range(-1, DAYS):
            replay.on(first + timedelta(days=number))
        openings = [(day, told) for day, told in replay.openings() if day >= first]
    budgets = compared(budget_events(truth, first, last), budget_openings(openings))
    agreements = compared(agreement_events(truth, first, last), agreement_openings(openings))
    assert (budgets.missing, budgets.beside) == ([], [])
    assert (agreements.missing, agreements.beside) == ([], [])
    assert len(budgets.same) >= 4
    assert agreements.same


def test_what_the_demo_publishes_of_budgets_equals_the_truth(ask: Callable[[str], list[Row]], truth: Row) -> None:
    """What was reached of periods that still count; lower thresholds linger below the highest. A rolling budget may
    linger just below what it reached before."""
    as_of = date.fromisoformat(truth["as_of"][:10])
    reached = {
        (row["budget"], row["period"], f"{row['threshold_pct']} %")
        for row in truth["budgets"]
        if row["told_on"]
        and not row["period"].startswith("rolling")
        and date.fromisoformat(row["last_day"]) + timedelta(days=7) >= as_of
    }
    told = ask(
        """SELECT rule, period, threshold, standing FROM marts.alert_conditions
           WHERE kind = 'budget' AND period NOT LIKE 'rolling%'"""
    )
    assert {(row["rule"], row["period"], row["threshold"]) for row in told} == reached
    firing = {row["rule"] for row in told if row["standing"] == "firing"}
    assert firing == {budget for budget, _, _ in reached}
