"""Charts of accelerators: hours that were had, used and left unused; what an hour costs beside its list price."""

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
    UNOWNED_COLOUR,
    Step,
    all_days,
    amounts_axis,
    colour,
    drawn,
    names_axis,
    stacked,
    values,
    with_text,
)
from models.wording import price_text, quantity_text

UNUSED = "left unused"


@drawn
def hours_stack(hours: pl.DataFrame, *, standing: Sequence[str], each: Step = "day") -> Any:
    """Used hours by day, or by month, stacked by name; what was left unused on top, in grey.

    `hours`: day, name, is_used, hours. `standing` gives each name its colour for good.
    """
    named = [name for name in standing if name != UNUSED][: len(PALETTE)]
    name = (
        pl.when(~pl.col("is_used")).then(pl.lit(UNUSED)).when(pl.col("name").is_in(named)).then("name")
        .otherwise(pl.lit(OTHER))
    )  # fmt: skip
    summed = hours.group_by("day", name.alias("name")).agg(pl.col("hours").sum().alias("cost")).sort("day", "name")
    present = set(summed["name"])
    domain = [name for name in [*named, OTHER, UNUSED] if name in present]
    return stacked(
        with_text(summed, "", each).with_columns(hours_text=_hours_text()),
        days=all_days(hours, each),
        domain=domain,
        colours=[UNOWNED_COLOUR if name == UNUSED else colour(name, named) for name in domain],
        title=f"Hours per {each}",
        each=each,
        told=("hours_text", "Hours"),
        pixels=320,
    )


def _hours_text() -> pl.Expr:
    def written(hours: Decimal) -> str:
        return quantity_text(hours, "Accelerator-Hours")

    return pl.col("cost").map_elements(written, return_dtype=pl.String)


@drawn
def rates_and_list(rates: pl.DataFrame, *, currency: str) -> Any:
    """What a used hour costs as a bar, with what was left unused beside it; its list price as a mark.

    `rates`: name, cost, list (null: none); in their order.
    """

    def price(column: str) -> pl.Expr:
        def written(amount: Decimal) -> str:
            return price_text(amount, currency)

        return pl.col(column).map_elements(written, return_dtype=pl.String).fill_null("–").alias(f"{column}_text")

    shown = rates.with_columns(
        pl.col("cost").cast(pl.Float64).alias("height"),
        pl.col("list").cast(pl.Float64).alias("list_height"),
        price("cost"),
        price("list"),
    )
    base = alt.Chart(values(shown)).encode(
        y=names_axis(rates["name"].to_list(), LONG_LABEL_PIXELS),
        tooltip=[
            alt.Tooltip("name:N", title="Accelerator"),
            alt.Tooltip("cost_text:N", title="A used hour"),
            alt.Tooltip("list_text:N", title="List"),
        ],
    )
    bars = base.mark_bar(height=14, cornerRadiusEnd=3, color=PALETTE[0]).encode(
        x=alt.X("height:Q", title=f"{currency} an hour", axis=amounts_axis(5))
    )
    marks = base.mark_tick(thickness=3, size=20, color=PALETTE[1]).encode(x=alt.X("list_height:Q"))
    return (bars + marks).properties(height=alt.Step(BAR_PIXELS))
