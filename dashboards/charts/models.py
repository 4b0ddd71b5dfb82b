"""Charts of what models were used for, month by month, and of what other models would have cost."""

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
    amounts_axis,
    colour,
    drawn,
    names_axis,
    values,
    with_text,
)
from models.wording import money_text, month_text, share_text, tokens_text

_AS_NOW = "datum.value === 0 ? 'as now' : format(datum.value, '+d')"


@drawn
def monthly_tokens(rows: pl.DataFrame, *, order: Sequence[str], as_shares: bool) -> Any:
    """Tokens by month, stacked by name: how many, or each month as a whole of 100 %.

    `rows`: month, name, quantity. `order`: names from the bottom up, which gives each its colour; those beyond the
    palette are added up.
    """
    named = list(order)[: len(PALETTE)]
    name = pl.when(pl.col("name").is_in(named)).then(pl.col("name")).otherwise(pl.lit(OTHER))
    shown = rows.group_by("month", name).agg(pl.col("quantity").sum()).sort("month", "name")
    present = set(shown["name"].to_list())
    domain = [each for each in [*named, OTHER] if each in present]
    places = {each: place for place, each in enumerate(domain)}
    shown = shown.with_columns(
        pl.col("name").replace_strict(places, return_dtype=pl.Int64).alias("place"),
        pl.col("quantity").cast(pl.Float64).alias("height"),
        pl.col("quantity").map_elements(tokens_text, return_dtype=pl.String).alias("quantity_text"),
        _share_of_month().alias("share_text"),
        pl.col("month").map_elements(month_text, return_dtype=pl.String).alias("month_text"),
        pl.col("month").str.to_date("%Y-%m").dt.strftime("%b %Y").alias("axis_month"),
    )
    months = shown["axis_month"].unique(maintain_order=True).to_list()
    along = alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False)
    axis = alt.Axis(format="%", tickCount=4) if as_shares else amounts_axis(4)
    return (
        alt.Chart(values(shown))
        .mark_bar(size=44 if len(months) <= 6 else 22)
        .encode(
            x=alt.X("axis_month:O", title=None, sort=months, axis=along),
            y=alt.Y("height:Q", title="Share of tokens" if as_shares else "Tokens", axis=axis)
            .stack("normalize" if as_shares else "zero"),
            color=alt.Color("name:N", title=None)
            .scale(domain=domain, range=[colour(each, named) for each in domain])
            .legend(orient="bottom", columns=2, labelLimit=140, symbolType="square"),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("month_text:N", title="Month"),
                alt.Tooltip("name:N", title="Name"),
                alt.Tooltip("quantity_text:N", title="Used"),
                alt.Tooltip("share_text:N", title="Share"),
            ],
        )
        .properties(height=340)
    )  # fmt: skip


def _share_of_month() -> pl.Expr:
    def written(row: dict[str, Decimal]) -> str:
        return share_text(row["quantity"], row["whole"])

    whole = pl.col("quantity").sum().over("month").alias("whole")
    return pl.struct("quantity", whole).map_elements(written, return_dtype=pl.String)


@drawn
def instead(rows: pl.DataFrame, *, currency: str) -> Any:
    """What each candidate would have cost less or more, in percent of the same tokens as they were used: to the left
    it is cheaper. `rows`: name, cost, difference, share (float, percent); in their order."""

    def signed(amount: Decimal) -> str:
        return money_text(amount, currency, signed=True)

    shown = with_text(rows, currency).with_columns(
        pl.col("difference").map_elements(signed, return_dtype=pl.String).alias("difference_text"),
        pl.col("share").map_elements(lambda share: f"{share:+,.1f} %", return_dtype=pl.String).alias("share_text"),
    )
    return (
        alt.Chart(values(shown))
        .mark_bar(height=14, cornerRadiusEnd=3)
        .encode(
            y=names_axis(shown["name"].to_list(), LONG_LABEL_PIXELS),
            x=alt.X("share:Q", title="More or less than now, %", axis=alt.Axis(labelExpr=_AS_NOW, tickCount=6)),
            color=alt.condition("datum.share > 0", alt.value(PALETTE[5]), alt.value(PALETTE[2])),
            tooltip=[
                alt.Tooltip("name:N", title="Model"),
                alt.Tooltip("cost_text:N", title="Would have cost"),
                alt.Tooltip("difference_text:N", title="Difference"),
                alt.Tooltip("share_text:N", title="In percent"),
            ],
        )
        .properties(height=alt.Step(BAR_PIXELS))
    )
