"""The anomalies page: what is counted, what is only listed, and why one of them happened."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from models.foresight.anomaly_tables import ANOMALIES
from tests.dashboards.pages import opened, table, words
from tests.dashboards.sample_foresight import ENDED
from tests.dashboards.sample_warehouse import HOSTILE, Sample


@pytest.mark.usefixtures("published")
def test_counted_money_is_told_first_and_foreseen_money_is_not_in_it() -> None:
    told = words(opened("anomalies"))
    assert "**1 anomaly goes on.** 2 anomalies in the last 90 days cost 640.50 USD more and 55.25 USD less" in told
    assert "Judged through 20 July 2026" in told


@pytest.mark.usefixtures("published")
def test_each_incident_is_one_line_whatever_series_show_it() -> None:
    rows = table(opened("anomalies"), "what", "state")
    assert [(row["what"], row["kind"], row["state"]) for row in rows] == [
        (f"key {HOSTILE}", "runaway", "goes on"),
        ("model gpt-5", "drop", "ended"),
        ("team search", "burst", "foreseen: Load test"),
    ]


@pytest.mark.usefixtures("published")
def test_causes_sum_to_the_impact_and_trifles_show_as_nothing() -> None:
    app = opened("anomalies")
    rows = table(app, "volume", "price")
    assert sum(row["impact"] for row in rows) == Decimal("640.5")
    assert [row["name"] for row in rows] == [f"model: {HOSTILE}", "everything else"]
    assert rows[1]["mix"] == 0
    assert "It shows in key" in words(app)


@pytest.mark.usefixtures("published")
def test_another_incident_is_chosen_by_the_address() -> None:
    app = opened("anomalies", incident=ENDED)
    assert app.selectbox[0].value == ENDED


def test_nothing_unusual_is_said(sample: Sample, home: Path) -> None:
    sample.foresight[ANOMALIES] = []
    sample.publish(home)
    assert "Every day that can be judged cost what it should" in words(opened("anomalies"))
