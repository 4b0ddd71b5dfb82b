"""Charts of what was agreed: how a commitment is drawn down."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import PALETTE, REST_COLOUR, amounts_axis, drawn, time_axis, values, with_text


@drawn
def burn_down(days: pl.DataFrame, *, currency: str) -> Any:
    """What is left by day as a line, an even pace dashed. `days`: day, remaining, straight_line (null: not known)."""
    paces = (("left", "remaining"), ("even pace", "straight_line"))
    lines = [days.select("day", pl.lit(name).alias("name"), pl.col(column).alias("cost")) for name, column in paces]
    shown = with_text(pl.concat(lines).drop_nulls("cost"), currency)
    present = [name for name, _ in paces if name in shown["name"].to_list()]
    return (
        alt.Chart(values(shown))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=time_axis(),
            y=alt.Y("height:Q", title=f"{currency} left", axis=amounts_axis(5)),
            color=alt.Color("name:N", title=None)
            .scale(domain=present, range=[PALETTE[0], REST_COLOUR][: len(present)])
            .legend(orient="bottom", symbolType="stroke"),
            strokeDash=alt.StrokeDash("name:N", legend=None).scale(domain=present, range=[[1, 0], [6, 4]]),
            tooltip=[
                alt.Tooltip("written_day:N", title="Day"),
                alt.Tooltip("name:N", title="Line"),
                alt.Tooltip("cost_text:N", title="Left"),
            ],
        )
        .properties(height=280)
    )
