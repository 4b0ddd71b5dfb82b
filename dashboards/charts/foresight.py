"""Charts of what is coming and of what is odd."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import PALETTE, amounts_axis, text_of, time_axis, values, with_text


def forecast_band(before: pl.DataFrame, ahead: pl.DataFrame, *, currency: str) -> Any:
    """What came as a line, what is expected dashed, with its 50, 80 and 95 % bands behind.

    `before`: day, cost. `ahead`: day, cost, low_50, high_50, low_80, high_80, low_95, high_95.
    """
    days = time_axis()
    shown = with_text(ahead.select("day", "cost", "^(low|high)_\\d+$"), currency).with_columns(
        pl.col("^(low|high)_\\d+$").cast(pl.Float64).name.suffix("_height"),
        pl.concat_str(text_of("low_80", currency), pl.lit(" to "), text_of("high_80", currency)).alias("range_text"),
    )
    bands = [
        alt.Chart(values(shown))
        .mark_area(color=PALETTE[0], opacity=opacity)
        .encode(
            x=days,
            y=alt.Y(f"low_{level}_height:Q", title=f"{currency} per day", axis=amounts_axis(5)),
            y2=f"high_{level}_height:Q",
        )
        for level, opacity in ((95, 0.12), (80, 0.16), (50, 0.2))
    ]
    tooltip = [alt.Tooltip("written_day:N", title="Day"), alt.Tooltip("cost_text:N", title="Expected"),
               alt.Tooltip("range_text:N", title="8 of 10 cases")]  # fmt: skip
    height = alt.Y("height:Q")
    expected = (
        alt.Chart(values(shown))
        .mark_line(color=PALETTE[0], strokeWidth=2, strokeDash=[5, 4])
        .encode(x=days, y=height, tooltip=tooltip)
    )
    came = (
        alt.Chart(values(with_text(before, currency)))
        .mark_line(color=PALETTE[1], strokeWidth=2.5)
        .encode(x=days, y=height, tooltip=[tooltip[0], alt.Tooltip("cost_text:N", title="Came")])
    )
    return alt.layer(*bands, expected, came).properties(height=320)


def expected_and_actual(days: pl.DataFrame, *, currency: str) -> Any:
    """What came as a line, what was expected dashed within its band; days of the incident as points.

    `days`: day, cost, expected, low, high (null: too little was known), in_incident.
    """
    shown = with_text(days, currency).with_columns(
        pl.col("expected", "low", "high").cast(pl.Float64).name.suffix("_height"),
        text_of("expected", currency).alias("expected_text"),
    )
    tooltip = [alt.Tooltip("written_day:N", title="Day"), alt.Tooltip("cost_text:N", title="Came"),
               alt.Tooltip("expected_text:N", title="Expected")]  # fmt: skip
    base = alt.Chart(values(shown)).encode(x=time_axis(), tooltip=tooltip)
    amounts = alt.Y("low_height:Q", title=f"{currency} per day", axis=amounts_axis(5))
    band = base.mark_area(color=PALETTE[0], opacity=0.18).encode(y=amounts, y2="high_height:Q")
    expected = base.mark_line(color=PALETTE[0], strokeDash=[5, 4]).encode(y=alt.Y("expected_height:Q"))
    came = base.mark_line(color=PALETTE[1], strokeWidth=2.5).encode(y=alt.Y("height:Q"))
    marked = (
        base.transform_filter("datum.in_incident")
        .mark_point(color=PALETTE[5], filled=True, size=70, opacity=1)
        .encode(y=alt.Y("height:Q"))
    )
    return alt.layer(band, expected, came, marked).properties(height=300)
