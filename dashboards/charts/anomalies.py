"""The timeline of incidents, of which one can be chosen by a click."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import PALETTE, REST_COLOUR, drawn, values

SELECTION = "incident"
"""Name of the selection, and of the field that tells which one it is."""
_SEVERITIES = {"critical": PALETTE[5], "high": PALETTE[1], "medium": PALETTE[0], "low": REST_COLOUR}
_SIZES = (60, 900)
_ROW_PIXELS = 38


@drawn
def incident_timeline(incidents: pl.DataFrame) -> Any:
    """A circle for each incident: when it began, of what kind, by its size how much money, by its colour how grave;
    filled while it is open. A line reaches to its last day.

    `incidents`: incident, name, kind (in words), first_day, last_day, impact (null: no money), impact_text, severity,
    state, is_open; dearest kinds first.
    """
    shown = incidents.with_columns(
        size=pl.col("impact").cast(pl.Float64).abs().fill_null(0),
        days_text=pl.col("first_day").dt.strftime("%-d %b") + " to " + pl.col("last_day").dt.strftime("%-d %B %Y"),
    )
    order = shown["kind"].unique(maintain_order=True).to_list()
    days = alt.X("first_day:T", title=None, axis=alt.Axis(format="%-d %b", labelOverlap="greedy", grid=True))
    of_severity = alt.Scale(domain=list(_SEVERITIES), range=list(_SEVERITIES.values()))
    legend = alt.Legend(orient="top", symbolType="circle")
    base = alt.Chart(values(shown)).encode(
        y=alt.Y("kind:N", title=None, sort=order, axis=alt.Axis(ticks=False, domain=False, grid=True)),
        color=alt.Color("severity:N", title="Severity", legend=legend, scale=of_severity),
        tooltip=[
            alt.Tooltip("name:N", title="What"),
            alt.Tooltip("kind:N", title="Kind"),
            alt.Tooltip("days_text:N", title="Days"),
            alt.Tooltip("impact_text:N", title="Impact"),
            alt.Tooltip("severity:N", title="Severity"),
            alt.Tooltip("state:N", title="State"),
        ],
    )
    lines = base.mark_rule(strokeWidth=4, opacity=0.45).encode(x=days, x2="last_day:T")
    size = alt.Size("size:Q", legend=None, scale=alt.Scale(range=list(_SIZES), zero=True))
    chosen = alt.selection_point(name=SELECTION, fields=["incident"], on="click", empty=False)
    circles = (
        base.mark_point(filled=True, stroke=None)
        .encode(
            x=days,
            size=size,
            fillOpacity=alt.condition("datum.is_open", alt.value(0.9), alt.value(0.18)),
            stroke=alt.Stroke("severity:N", legend=None, scale=of_severity),
            strokeWidth=alt.condition(chosen, alt.value(4), alt.value(1.6)),
            strokeOpacity=alt.value(1),
        )
        .add_params(chosen)
    )
    return (lines + circles).properties(height=max(len(order), 2) * _ROW_PIXELS)
