"""All charts: what is drawn is Vega-Lite, and another frame is another chart."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import altair as alt
import polars as pl
import pytest

from dashboards.charts.health import restated_days
from models.economics.vendors import VENDOR_CONCENTRATION
from models.table import MONEY
from tests.dashboards import sample_alerts
from tests.dashboards.pages import opened
from tests.dashboards.sample_warehouse import Sample

CHARTS = {
    "overview": 5,
    "total_cost": 1,
    "models": 4,
    "accelerators": 2,
    "commitments": 1,
    "self_hosting": 1,
    "vendors": 1,
    "forecast": 2,
    "budgets": 2,
    "anomalies": 2,
    "alerts": 2,
    "data_health": 2,
}
"""How many charts a page with all of its data has."""


@pytest.mark.parametrize("page", CHARTS)
def test_charts_are_valid(page: str, home: Path, sample: Sample) -> None:
    # the index of vendors is drawn from two months on
    sample.agreements[VENDOR_CONCENTRATION] += [
        row | {"month": "2026-06"} for row in sample.agreements[VENDOR_CONCENTRATION]
    ]
    sample.publish(home)
    sample_alerts.fill(home)
    charts = opened(page).get("vega_lite_chart")
    assert len(charts) == CHARTS[page]
    for chart in charts:
        # Streamlit sends the rows of a chart apart from it
        specification = {"data": {"values": []}} | json.loads(chart.proto.spec)
        alt.Chart.from_dict(specification, validate=True)


def test_a_day_in_the_middle_that_differs_is_another_chart(home: Path) -> None:
    days = pl.DataFrame(
        {"day": [date(2026, 7, 1) + timedelta(days=day) for day in range(31)], "difference": [Decimal(1)] * 31},
        schema={"day": pl.Date, "difference": MONEY},
    )
    other = days.with_columns(
        pl.when(pl.col("day") == date(2026, 7, 16))
        .then(pl.lit(5).cast(MONEY))
        .otherwise("difference")
        .alias("difference")
    )
    assert restated_days(days, currency="USD") == restated_days(days, currency="USD")
    assert restated_days(days, currency="USD") != restated_days(other, currency="USD")
