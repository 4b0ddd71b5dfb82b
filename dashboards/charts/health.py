"""Charts of what vendors told otherwise later."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import PALETTE, amounts_axis, drawn, time_axis, values, with_text


@drawn
def restated_days(days: pl.DataFrame, *, currency: str) -> Any:
    """A bar for each day whose cost changed: up where it costs more now. `days`: day, difference."""
    shown = with_text(days.select("day", pl.col("difference").alias("cost")), currency)
    return (
        alt.Chart(values(shown))
        .mark_bar(size=10)
        .encode(
            x=time_axis(),
            y=alt.Y("height:Q", title=f"Change, {currency}", axis=amounts_axis(4)),
            color=alt.condition("datum.height >= 0", alt.value(PALETTE[5]), alt.value(PALETTE[0])),
            tooltip=[alt.Tooltip("written_day:N", title="Day"), alt.Tooltip("cost_text:N", title="Change")],
        )
        .properties(height=170)
    )
