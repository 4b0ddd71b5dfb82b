"""Charts of vendors: how concentrated cost is, month by month."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import PALETTE, REST_COLOUR, drawn, values
from models.wording import month_text


@drawn
def concentration(history: pl.DataFrame, *, moderate_above: Decimal, high_above: Decimal) -> Any:
    """The index of each role by month as a line, between the bounds of moderate and of high concentration.

    `history`: month, role, hhi, concentration.
    """
    shown = history.select(
        pl.col("month").str.to_date("%Y-%m").dt.strftime("%b %Y").alias("axis_month"),
        pl.col("month").map_elements(month_text, return_dtype=pl.String).alias("month_text"),
        pl.format("{}s", "role").alias("name"),
        pl.col("hhi").cast(pl.Float64).alias("height"),
        pl.col("hhi").map_elements(lambda index: f"{index:,.0f}", return_dtype=pl.String).alias("hhi_text"),
        "concentration",
    )
    months = shown["axis_month"].unique(maintain_order=True).to_list()
    roles = shown["name"].unique(maintain_order=True).to_list()
    along = alt.X(
        "axis_month:O", title=None, sort=months, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False)
    )
    lines = (
        alt.Chart(values(shown))
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(filled=True, size=60))
        .encode(
            x=along,
            y=alt.Y("height:Q", title="HHI", axis=alt.Axis(format=",d", tickCount=5)).scale(zero=True),
            color=alt.Color("name:N", title=None)
            .scale(domain=roles, range=list(PALETTE[: len(roles)]))
            .legend(orient="bottom", columns=3, symbolType="stroke"),
            # hosts mostly send the invoice: dashes let the line below be seen
            strokeDash=alt.StrokeDash("name:N", legend=None).scale(domain=roles, range=[[1, 0], [6, 6], [1, 0]]),
            tooltip=[
                alt.Tooltip("month_text:N", title="Month"),
                alt.Tooltip("name:N", title="Of"),
                alt.Tooltip("hhi_text:N", title="HHI"),
                alt.Tooltip("concentration:N", title="Concentration"),
            ],
        )
    )
    told = [(moderate_above, "moderate above"), (high_above, "high above")]
    bounds = alt.Chart(alt.Data(values=[{"height": int(bound), "says": says} for bound, says in told])).encode(
        y=alt.Y("height:Q")
    )
    rules = bounds.mark_rule(color=REST_COLOUR, strokeDash=[4, 4])
    labels = bounds.mark_text(align="left", dx=4, dy=-8, fontSize=12, color=REST_COLOUR).encode(
        x=alt.value(0), text="says:N"
    )
    return alt.layer(rules, labels, lines).properties(height=320)
