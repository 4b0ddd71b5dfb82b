"""Charts of what is coming and of what is odd."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import PALETTE, REST_COLOUR, amounts_axis, drawn, text_of, time_axis, values, with_text


@drawn
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


@drawn
def past_landings(rows: pl.DataFrame, *, currency: str) -> Any:
    """Of each month what was forecast on several days with its range, and what came as a line across.

    `rows`: month (words), about_day, landing, low_80, high_80 (null: too little was known), came; the oldest first.
    """
    shown = with_text(rows.select(pl.exclude("landing"), cost="landing"), currency).with_columns(
        pl.col("low_80", "high_80", "came").cast(pl.Float64).name.suffix("_height"),
        pl.concat_str(text_of("low_80", currency), pl.lit(" to "), text_of("high_80", currency)).alias("range_text"),
        text_of("came", currency).alias("came_text"),
        pl.format("day {}", "about_day").alias("made"),
        pl.when(pl.col("came").is_between("low_80", "high_80"))
        .then(pl.lit("range held"))
        .when(pl.col("low_80").is_null())
        .then(pl.lit("no range yet"))
        .otherwise(pl.lit("outside its range"))
        .alias("held"),
    )
    days = shown["made"].unique(maintain_order=True).to_list()
    base = alt.Chart(values(shown)).encode(
        x=alt.X("month:N", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("made:N", sort=days),
        tooltip=[
            alt.Tooltip("month:N", title="Month"),
            alt.Tooltip("made:N", title="Forecast on"),
            alt.Tooltip("cost_text:N", title="Forecast"),
            alt.Tooltip("range_text:N", title="8 of 10 cases"),
            alt.Tooltip("came_text:N", title="Came"),
        ],
    )
    colour = alt.Color(
        "held:N",
        title=None,
        legend=alt.Legend(orient="top"),
        scale=alt.Scale(
            domain=["range held", "outside its range", "no range yet"], range=[PALETTE[0], PALETTE[5], REST_COLOUR]
        ),
    )
    heights = alt.Y("low_80_height:Q", title=currency, axis=amounts_axis(5), scale=alt.Scale(zero=False))
    ranges = base.mark_bar(width=7, opacity=0.35, cornerRadius=2).encode(y=heights, y2="high_80_height:Q", color=colour)
    told = base.mark_point(filled=True, size=60, opacity=1).encode(y=alt.Y("height:Q"), color=colour)
    came = base.mark_tick(thickness=3, size=16, color=PALETTE[1]).encode(y=alt.Y("came_height:Q"))
    return (ranges + came + told).properties(height=300)


@drawn
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
