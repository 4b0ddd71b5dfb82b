"""All charts: what is drawn is Vega-Lite, and another frame is another chart."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import altair as alt
import polars as pl
import pytest

from dashboards.charts.health import restated_days
from models.table import MONEY
from tests.browser.screenshots import PAGES
from tests.dashboards import sample_alerts
from tests.dashboards.pages import opened
from tests.dashboards.sample_warehouse import Sample


@pytest.mark.parametrize("page", [page.replace("-", "_") for page in PAGES if page not in ("explore", "changes")])
def test_charts_are_valid(page: str, home: object, published: Sample) -> None:
    sample_alerts.fill(home)
    charts = opened(page).get("vega_lite_chart")
    assert charts or page == "vendors", "two months make a chart of vendors"
    for chart in charts:
        # Streamlit sends the rows of a chart apart from it
        specification = {"data": {"values": []}} | json.loads(chart.proto.spec)
        alt.Chart.from_dict(specification, validate=True)


def test_a_day_in_the_middle_that_differs_is_another_chart(home: object) -> None:
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
