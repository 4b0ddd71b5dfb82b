"""What all charts are made of: one palette, axes, and amounts that are read exactly as everywhere.

Floats are for pixels only; what is read is the exact amount, as text. A chart takes a frame and draws it; what is asked
of the warehouse, and the words around a chart, are not here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Literal, ParamSpec

import altair as alt
import polars as pl
import streamlit as st
from altair.utils.schemapi import disable_debug_mode

from models.wording import money_text

_Built = ParamSpec("_Built")

# a test holds all charts against Vega-Lite's schema; doing so at each drawing takes longer than the drawing itself
disable_debug_mode()
# colours, fonts and sizes are Streamlit's
alt.theme.enable("none")

PALETTE = ("#2f7fc1", "#e08a00", "#0a9e77", "#c4679b", "#7a6fd0", "#d2542b", "#3aa6b9")
"""Told apart with the common kinds of colour blindness and at 3:1 on white and on near-black (config.toml has them
too)."""
REST_COLOUR = "#8a8f98"
UNOWNED_COLOUR = "#b9bec6"
OTHER = "everything else"
UNOWNED = "unallocated"
Step = Literal["day", "month"]
"""How far apart the dates of a chart are; a month is told by its first day."""
_ON_AXIS: dict[Step, str] = {"day": "%-d %b", "month": "%b %Y"}
_IN_WORDS: dict[Step, str] = {"day": "%-d %B %Y", "month": "%B %Y"}
BAR_PIXELS = 28
LABEL_PIXELS = 150
LONG_LABEL_PIXELS = 200


def drawn(build: Callable[_Built, Any]) -> Callable[_Built, dict[str, Any]]:
    """For each function that builds a chart: it is told as Vega-Lite, and built once for the same arguments."""

    # Streamlit's own hash of a frame leaves out the middle of more than twenty rows
    @st.cache_data(max_entries=64, show_spinner=False, hash_funcs={pl.DataFrame: _contents})
    @functools.wraps(build)
    def specification(*args: _Built.args, **kwargs: _Built.kwargs) -> dict[str, Any]:
        return build(*args, **kwargs).to_dict(validate=False)

    return specification


def _contents(frame: pl.DataFrame) -> bytes:
    return frame.serialize()


def colour(name: str, named: Sequence[str]) -> str:
    """Of a name: its own of the palette while it is among `named`, grey for the rest."""
    return PALETTE[named.index(name)] if name in named else UNOWNED_COLOUR if name == UNOWNED else REST_COLOUR


def names_axis(order: Sequence[str], pixels: int = LABEL_PIXELS) -> alt.Y:
    """Names down the side, in this order."""
    axis = alt.Axis(labelLimit=pixels, ticks=False, domain=False)
    return alt.Y("name:N", title=None, sort=list(order), axis=axis)


def time_axis() -> alt.X:
    """Days along the bottom."""
    return alt.X("day:T", title=None, axis=alt.Axis(format="%-d %b", labelOverlap="greedy", grid=False))


def amounts_axis(ticks: int) -> alt.Axis:
    """500, 1.5k, 2M, 3B: each by itself, not `0.5k` because another one is `1.5k`; prefixes as in words."""
    return alt.Axis(labelExpr="replace(format(datum.value, '~s'), 'G', 'B')", tickCount=ticks)


def all_days(days: pl.DataFrame, each: Step = "day") -> list[str]:
    """From the first day (or month) of the data to the last, those without a cost too."""
    first, last = days["day"].min(), days["day"].max()
    steps = pl.select(pl.date_range(pl.lit(first), pl.lit(last), {"day": "1d", "month": "1mo"}[each])).to_series()
    return steps.dt.strftime(_ON_AXIS[each]).to_list()


def folded(rows: pl.DataFrame, kept: Sequence[str], amounts: Sequence[str] = ("cost",)) -> pl.DataFrame:
    """Names beyond `kept` added up as one, day by day where there are days; what is nowhere known stays null."""
    name = pl.when(pl.col("name").is_in(list(kept))).then(pl.col("name")).otherwise(pl.lit(OTHER))
    keys = ["day", "name"] if "day" in rows.columns else ["name"]
    sums = (pl.when(pl.col(amount).count() > 0).then(pl.col(amount).sum()).alias(amount) for amount in amounts)
    return rows.with_columns(name).group_by(keys).agg(*sums).sort(keys)


def with_text(rows: pl.DataFrame, currency: str, each: Step = "day") -> pl.DataFrame:
    """The exact cost as text beside the height in pixels. `each`: what a row's `day` stands for."""
    day = pl.col("day").dt
    written = (
        [day.strftime(_IN_WORDS[each]).alias("written_day"), day.strftime(_ON_AXIS[each]).alias("axis_day")]
        if "day" in rows.columns
        else []
    )
    return rows.with_columns(
        pl.col("cost").cast(pl.Float64).alias("height"), text_of("cost", currency).alias("cost_text"), *written
    )


def text_of(column: str, currency: str) -> pl.Expr:
    """The exact amount as text, for tooltips."""

    def written(amount: Decimal) -> str:
        return money_text(amount, currency)

    return pl.col(column).map_elements(written, return_dtype=pl.String)


def values(rows: pl.DataFrame) -> alt.Data:
    """Only what a browser can draw: exact amounts travel as text."""
    return alt.Data(values=rows.select(pl.exclude(pl.Decimal)).with_columns(pl.col(pl.Date).cast(pl.String)).to_dicts())


def stacked(
    rows: pl.DataFrame,
    *,
    days: Sequence[str],
    domain: Sequence[str],
    colours: Sequence[str],
    title: str,
    each: Step,
    told: tuple[str, str],
    pixels: int,
) -> alt.Chart:
    """Bars by day, or by month, stacked by name in the order of `domain`, each with its own of `colours`.

    `rows`: as of `with_text`, with name. `told`: the column of the amount in words, and what the amount is.
    """
    place = {name: place for place, name in enumerate(domain)}
    shown = rows.with_columns(pl.col("name").replace_strict(place, return_dtype=pl.Int64).alias("place"))
    column, label = told
    return (
        alt.Chart(values(shown))
        .mark_bar()
        .encode(
            x=alt.X("axis_day:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False))
            .scale(domain=days),
            y=alt.Y("height:Q", title=title, axis=amounts_axis(5)).stack("zero"),
            color=alt.Color("name:N", title=None)
            .scale(domain=domain, range=colours)
            .legend(orient="bottom", columns=2, labelLimit=220, symbolType="square"),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("written_day:N", title=each.capitalize()),
                alt.Tooltip("name:N", title="Name"),
                alt.Tooltip(f"{column}:N", title=label),
            ],
        )
        .properties(height=pixels)
    )  # fmt: skip
