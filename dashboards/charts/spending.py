"""Charts of what was spent: by day, by name, by reason, and ranges of what something would cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import (
    BAR_PIXELS,
    LONG_LABEL_PIXELS,
    OTHER,
    PALETTE,
    UNOWNED,
    Step,
    all_days,
    amounts_axis,
    colour,
    drawn,
    folded,
    names_axis,
    stacked,
    text_of,
    values,
    with_text,
)
from models.wording import UNKNOWN


@drawn
def daily_stack(days: pl.DataFrame, *, standing: Sequence[str], currency: str, each: Step = "day") -> Any:
    """Cost by day, or by month, stacked by name. `days`: day, name, cost. `standing` gives each name its colour for
    good."""
    named = [name for name in standing if name != UNOWNED][: len(PALETTE)]
    shown = with_text(folded(days, [*named, UNOWNED]), currency, each)
    present = set(shown["name"].to_list())
    domain = [name for name in [*named, UNOWNED, OTHER] if name in present]
    return stacked(
        shown,
        days=all_days(days, each),
        domain=domain,
        colours=[colour(name, named) for name in domain],
        title=f"{currency} per {each}",
        each=each,
        told=("cost_text", "Cost"),
        pixels=340,
    )


@drawn
def ranked_bars(rows: pl.DataFrame, *, currency: str, count: int = 8) -> Any:
    """The dearest names as bars, the same days of the month before as a mark. `rows`: name, cost,
    cost_before (null: no month before is known, and no mark is drawn)."""
    top = rows.sort("cost", "name", descending=[True, False])["name"].to_list()[:count]
    shown = with_text(folded(rows, top, ("cost", "cost_before")), currency).with_columns(
        pl.col("cost_before").cast(pl.Float64).alias("before"),
        text_of("cost_before", currency).fill_null(UNKNOWN).alias("before_text"),
    )
    base = alt.Chart(values(shown)).encode(
        y=names_axis([*top, OTHER]),
        tooltip=[
            alt.Tooltip("name:N", title="Name"),
            alt.Tooltip("cost_text:N", title="This month"),
            alt.Tooltip("before_text:N", title="Same days before"),
        ],
    )
    bars = base.mark_bar(height=14, cornerRadiusEnd=3, color=PALETTE[0]).encode(
        x=alt.X("height:Q", title=currency, axis=amounts_axis(4))
    )
    marks = base.mark_tick(thickness=3, size=20, color=PALETTE[1]).encode(x=alt.X("before:Q"))
    return (bars + marks).properties(height=alt.Step(BAR_PIXELS))


@drawn
def differences(rows: pl.DataFrame, *, currency: str) -> Any:
    """Reported less computed by reason, to the right where the vendor charges more. `rows`: reason, difference."""
    shown = with_text(rows.select(pl.col("reason").alias("name"), pl.col("difference").alias("cost")), currency)
    return (
        alt.Chart(values(shown))
        .mark_bar(height=14)
        .encode(
            y=names_axis(shown["name"].to_list()),
            x=alt.X("height:Q", title=f"Reported − computed, {currency}", axis=amounts_axis(5)),
            color=alt.condition("datum.height >= 0", alt.value(PALETTE[5]), alt.value(PALETTE[0])),
            tooltip=[alt.Tooltip("name:N", title="Reason"), alt.Tooltip("cost_text:N", title="Difference")],
        )
        .properties(height=alt.Step(BAR_PIXELS))
    )


@drawn
def cost_ranges(rows: pl.DataFrame, *, limit: Decimal, limit_name: str, currency: str) -> Any:
    """Low to high as a bar with the likeliest as a mark, and one amount to set them against as a line across.

    `rows`: name, low, cost, high; in their order.
    """
    shown = with_text(rows, currency).with_columns(
        pl.col("low", "high").cast(pl.Float64).name.suffix("_height"),
        text_of("low", currency).alias("low_text"),
        text_of("high", currency).alias("high_text"),
    )
    tooltip = [
        alt.Tooltip("name:N", title="Option"),
        alt.Tooltip("low_text:N", title="Lowest"),
        alt.Tooltip("cost_text:N", title="Likeliest"),
        alt.Tooltip("high_text:N", title="Highest"),
    ]
    base = alt.Chart(values(shown)).encode(y=names_axis(rows["name"].to_list(), LONG_LABEL_PIXELS), tooltip=tooltip)
    axis = alt.X("low_height:Q", title=currency, axis=amounts_axis(5)).scale(zero=True)
    bars = base.mark_bar(height=8, color=PALETTE[0], opacity=0.5).encode(x=axis, x2="high_height:Q")
    marks = base.mark_tick(thickness=3, size=20, color=PALETTE[0]).encode(x=alt.X("height:Q"))
    against = pl.DataFrame(
        {"name": [limit_name], "cost": [limit]}, schema={"name": pl.String, "cost": rows.schema["cost"]}
    )
    line = (
        alt.Chart(values(with_text(against, currency)))
        .mark_rule(color=PALETTE[1], strokeWidth=2.5)
        .encode(x=alt.X("height:Q"), tooltip=[alt.Tooltip("cost_text:N", title=limit_name)])
    )
    return (bars + marks + line).properties(height=alt.Step(BAR_PIXELS))
