"""The overview's own chart: the last months side by side."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import PALETTE, REST_COLOUR, amounts_axis, drawn, values, with_text


@drawn
def months(rows: pl.DataFrame, *, chosen: str, currency: str) -> Any:
    """A bar for each month, that which is looked at in colour. `rows`: month (YYYY-MM), cost; earliest first."""
    shown = with_text(rows, currency).with_columns(
        pl.col("month").str.to_date("%Y-%m").dt.strftime("%b %Y").alias("name"),
        (pl.col("month") == chosen).alias("is_chosen"),
    )
    return (
        alt.Chart(values(shown))
        .mark_bar(width={"band": 0.6}, cornerRadiusEnd=3)
        .encode(
            x=alt.X("name:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False)),
            y=alt.Y("height:Q", title=currency, axis=amounts_axis(4)),
            color=alt.condition("datum.is_chosen", alt.value(PALETTE[0]), alt.value(REST_COLOUR)),
            tooltip=[alt.Tooltip("name:N", title="Month"), alt.Tooltip("cost_text:N", title="Cost")],
        )
        .properties(height=220)
    )
