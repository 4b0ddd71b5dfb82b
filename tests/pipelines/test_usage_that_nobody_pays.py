"""Usage is judged, too: what no cost shows is found, told in units, and in money at what a unit costs."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from models.foresight.anomalies import Sensitivity
from models.foresight.episodes import episodes
from models.foresight.series import SERIES
from pipelines.anomaly_scores import kept_scores
from pipelines.usage_judged import unpaid_usage, usage_sentence

FIRST = date(2026, 1, 5)
BAD = FIRST + timedelta(days=80)


def _series(dimension: str, price: str, cost_follows: bool) -> pl.DataFrame:
    """A million tokens a day and up to 60,000 more, and on one day eight times that."""
    rows: list[dict[str, Any]] = []
    for number in range(90):
        day = FIRST + timedelta(days=number)
        usual = Decimal(1_000_000 + 10_000 * (5 * number % 7))
        used = usual * 8 if day == BAD else usual
        cost = (used if cost_follows else usual) * Decimal(price)
        rows.append(
            {"dimension": dimension, "value": "k", "value_name": "loop", "currency": "USD", "day": day, "usage": used,
             "metered_cost": cost, "effective_cost": cost, "billed_cost": cost, "unit": "Tokens"}
        )  # fmt: skip
    return pl.DataFrame(rows, schema=SERIES).with_columns(series=pl.lit("k"))


def _found(series: pl.DataFrame, folder: Path) -> list[dict[str, Any]]:
    judged = series.select("series", "day", "usage", cost="effective_cost")
    of_cost = episodes(kept_scores(judged, Sensitivity(), folder), judged)
    found, days = unpaid_usage(series, of_cost, Sensitivity(), folder / "usage")
    assert set(days["series"]) == set(found["series"])
    return found.rows(named=True)


def test_tokens_that_cost_nothing_more_are_found_told_in_units_and_weighed_by_what_they_are_worth(
    tmp_path: Path,
) -> None:
    (found,) = _found(_series("key", "0.00001", cost_follows=False), tmp_path)
    assert (found["first_day"], found["last_day"], found["measure"]) == (BAD, BAD, "usage")
    # 8 million tokens instead of one, at about 0.8 of the usual 10 USD a million: what is paid is spread over all
    assert found["used"] == 8 * (1_000_000 + 10_000 * (5 * 80 % 7))
    assert found["impact"] == found["actual"] - found["expected"]
    assert 50 < found["impact"] < 71
    told = usage_sentence({**found, "dimension": "key", "value": "k", "value_name": "loop"})
    assert told.startswith("Usage of key loop rose by 7.0")
    assert told.endswith(" %) over what was expected; its cost was not unusual.")


def test_what_is_free_has_no_impact(tmp_path: Path) -> None:
    (found,) = _found(_series("model", "0", cost_follows=False), tmp_path)
    assert found["impact"] == 0


@pytest.mark.parametrize("dimension", ["key", "team"])
def test_what_cost_shows_is_not_told_twice_and_teams_have_no_unit(tmp_path: Path, dimension: str) -> None:
    assert _found(_series(dimension, "0.00001", cost_follows=True), tmp_path) == []
    assert _found(_series("team", "0.00001", cost_follows=False), tmp_path) == []
