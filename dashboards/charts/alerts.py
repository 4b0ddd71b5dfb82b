"""Charts of alerts over time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import BAR_PIXELS, LONG_LABEL_PIXELS, PALETTE, REST_COLOUR, drawn, names_axis, values
from models.control.alerts import State

_STANDINGS: dict[str, str] = {
    "waits for somebody": PALETTE[1],
    "escalated": PALETTE[5],
    "acknowledged": PALETTE[0],
    "snoozed": REST_COLOUR,
}
"""What a reader tells apart, and its colour."""
STANDING_OF: dict[State, str] = {
    "open": "waits for somebody",
    "notified": "waits for somebody",
    "escalated": "escalated",
    "acknowledged": "acknowledged",
    "snoozed": "snoozed",
}
_SHORT = timedelta(days=4)
_VISIBLE = timedelta(hours=3)


@drawn
def alert_spans(spans: pl.DataFrame) -> Any:
    """When each alert was open, and how: a bar for each state. `spans`: name, state, since, until (UTC); in the order
    of their names. A moment is drawn as wide as can be seen."""
    shown = spans.with_columns(
        standing=pl.col("state").replace_strict(STANDING_OF, return_dtype=pl.String),
        seen_until=pl.max_horizontal("until", pl.col("since") + _VISIBLE).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        from_text=pl.col("since").dt.strftime("%-d %B %Y, %H:%M UTC"),
        until_text=pl.col("until").dt.strftime("%-d %B %Y, %H:%M UTC"),
        since=pl.col("since").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    ).drop("until")
    order = shown["name"].unique(maintain_order=True).to_list()
    is_short = spans.select(pl.col("until").max() - pl.col("since").min() < _SHORT).item()
    axis = alt.Axis(format="%-d %b, %H:%M" if is_short else "%-d %b", labelOverlap="greedy", tickCount=6)
    return (
        alt.Chart(values(shown))
        .mark_bar(height=12, cornerRadius=2)
        .encode(
            y=names_axis(order, LONG_LABEL_PIXELS),
            x=alt.X("since:T", title=None, axis=axis, scale=alt.Scale(type="utc")),
            x2="seen_until:T",
            color=alt.Color(
                "standing:N",
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=list(_STANDINGS), range=list(_STANDINGS.values())),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Alert"),
                alt.Tooltip("standing:N", title="State"),
                alt.Tooltip("from_text:N", title="From"),
                alt.Tooltip("until_text:N", title="Until"),
            ],
        )
        .properties(height=alt.Step(BAR_PIXELS - 4))
    )
