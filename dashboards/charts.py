"""Charts, all of one make: Altair, one palette, amounts in tooltips written as everywhere.

A chart takes a frame and draws it. What is asked of the warehouse, and the words around a chart, are not here. Floats
are for pixels only; what is read is the exact amount, as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl

from models.wording import money_text

PALETTE = ("#2f7fc1", "#e08a00", "#0a9e77", "#c4679b", "#7a6fd0", "#d2542b", "#3aa6b9")
"""Told apart with the common kinds of colour blindness and at 3:1 on white and on near-black (config.toml has them
too)."""
REST_COLOUR = "#8a8f98"
UNOWNED_COLOUR = "#b9bec6"
OTHER = "everything else"
UNOWNED = "unallocated"
_BAR_PIXELS = 28
_LABEL_PIXELS = 150
_LONG_LABEL_PIXELS = 200


def daily_stack(days: pl.DataFrame, *, standing: Sequence[str], currency: str) -> Any:
    """Cost by day, stacked by name. `days`: day, name, cost. `standing` gives each name its colour for good."""
    named = [name for name in standing if name != UNOWNED][: len(PALETTE)]
    shown = _with_text(_folded(days, [*named, UNOWNED]), currency)
    present = set(shown["name"].to_list())
    domain = [name for name in [*named, UNOWNED, OTHER] if name in present]
    colours = [_colour(name, named) for name in domain]
    order = {name: place for place, name in enumerate(domain)}
    shown = shown.with_columns(pl.col("name").replace_strict(order, return_dtype=pl.Int64).alias("place"))
    return (
        alt.Chart(_values(shown))
        .mark_bar()
        .encode(
            x=alt.X("axis_day:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False))
            .scale(domain=_all_days(days)),
            y=alt.Y("height:Q", title=f"{currency} per day", axis=_amounts(5)).stack("zero"),
            color=alt.Color("name:N", title=None)
            .scale(domain=domain, range=colours)
            .legend(orient="bottom", columns=4, labelLimit=220, symbolType="square"),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("written_day:N", title="Day"),
                alt.Tooltip("name:N", title="Name"),
                alt.Tooltip("cost_text:N", title="Cost"),
            ],
        )
        .properties(height=340)
    )  # fmt: skip


def ranked_bars(rows: pl.DataFrame, *, currency: str, count: int = 8) -> Any:
    """The dearest names as bars, the same days of the month before as a mark. `rows`: name, cost, cost_before."""
    top = rows.sort("cost", "name", descending=[True, False])["name"].to_list()[:count]
    shown = _with_text(_folded(rows, top, ("cost", "cost_before")), currency).with_columns(
        pl.col("cost_before").cast(pl.Float64).alias("before"),
        _text_of("cost_before", currency).alias("before_text"),
    )
    base = alt.Chart(_values(shown)).encode(
        y=_names([*top, OTHER]),
        tooltip=[
            alt.Tooltip("name:N", title="Name"),
            alt.Tooltip("cost_text:N", title="This month"),
            alt.Tooltip("before_text:N", title="Same days before"),
        ],
    )
    bars = base.mark_bar(height=14, cornerRadiusEnd=3, color=PALETTE[0]).encode(
        x=alt.X("height:Q", title=currency, axis=_amounts(4))
    )
    marks = base.mark_tick(thickness=3, size=20, color=PALETTE[1]).encode(x=alt.X("before:Q"))
    return (bars + marks).properties(height=alt.Step(_BAR_PIXELS))


def differences(rows: pl.DataFrame, *, currency: str) -> Any:
    """Reported less computed by reason, to the right where the vendor charges more. `rows`: reason, difference."""
    shown = _with_text(rows.select(pl.col("reason").alias("name"), pl.col("difference").alias("cost")), currency)
    return (
        alt.Chart(_values(shown))
        .mark_bar(height=14)
        .encode(
            y=_names(shown["name"].to_list()),
            x=alt.X("height:Q", title=f"Reported − computed, {currency}", axis=_amounts(5)),
            color=alt.condition("datum.height >= 0", alt.value(PALETTE[5]), alt.value(PALETTE[0])),
            tooltip=[alt.Tooltip("name:N", title="Reason"), alt.Tooltip("cost_text:N", title="Difference")],
        )
        .properties(height=alt.Step(_BAR_PIXELS))
    )


def burn_down(days: pl.DataFrame, *, currency: str) -> Any:
    """What is left by day as a line, an even pace dashed. `days`: day, remaining, straight_line (null: not known)."""
    paces = (("left", "remaining"), ("even pace", "straight_line"))
    lines = [days.select("day", pl.lit(name).alias("name"), pl.col(column).alias("cost")) for name, column in paces]
    shown = _with_text(pl.concat(lines).drop_nulls("cost"), currency)
    present = [name for name, _ in paces if name in shown["name"].to_list()]
    return (
        alt.Chart(_values(shown))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=_time(),
            y=alt.Y("height:Q", title=f"{currency} left", axis=_amounts(5)),
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


def forecast_band(before: pl.DataFrame, ahead: pl.DataFrame, *, currency: str) -> Any:
    """What came as a line, what is expected dashed, with its 50, 80 and 95 % bands behind.

    `before`: day, cost. `ahead`: day, cost, low_50, high_50, low_80, high_80, low_95, high_95.
    """
    days = _time()
    shown = _with_text(ahead.select("day", "cost", "^(low|high)_\\d+$"), currency).with_columns(
        pl.col("^(low|high)_\\d+$").cast(pl.Float64).name.suffix("_height"),
        pl.concat_str(_text_of("low_80", currency), pl.lit(" to "), _text_of("high_80", currency)).alias("range_text"),
    )
    bands = [
        alt.Chart(_values(shown))
        .mark_area(color=PALETTE[0], opacity=opacity)
        .encode(
            x=days,
            y=alt.Y(f"low_{level}_height:Q", title=f"{currency} per day", axis=_amounts(5)),
            y2=f"high_{level}_height:Q",
        )
        for level, opacity in ((95, 0.12), (80, 0.16), (50, 0.2))
    ]
    tooltip = [alt.Tooltip("written_day:N", title="Day"), alt.Tooltip("cost_text:N", title="Expected"),
               alt.Tooltip("range_text:N", title="8 of 10 cases")]  # fmt: skip
    height = alt.Y("height:Q")
    expected = (
        alt.Chart(_values(shown))
        .mark_line(color=PALETTE[0], strokeWidth=2, strokeDash=[5, 4])
        .encode(x=days, y=height, tooltip=tooltip)
    )
    came = (
        alt.Chart(_values(_with_text(before, currency)))
        .mark_line(color=PALETTE[1], strokeWidth=2.5)
        .encode(x=days, y=height, tooltip=[tooltip[0], alt.Tooltip("cost_text:N", title="Came")])
    )
    return alt.layer(*bands, expected, came).properties(height=320)


def expected_and_actual(days: pl.DataFrame, *, currency: str) -> Any:
    """What came as a line, what was expected dashed within its band; days of the incident as points.

    `days`: day, cost, expected, low, high (null: too little was known), in_incident.
    """
    shown = _with_text(days, currency).with_columns(
        pl.col("expected", "low", "high").cast(pl.Float64).name.suffix("_height"),
        _text_of("expected", currency).alias("expected_text"),
    )
    tooltip = [alt.Tooltip("written_day:N", title="Day"), alt.Tooltip("cost_text:N", title="Came"),
               alt.Tooltip("expected_text:N", title="Expected")]  # fmt: skip
    base = alt.Chart(_values(shown)).encode(x=_time(), tooltip=tooltip)
    amounts = alt.Y("low_height:Q", title=f"{currency} per day", axis=_amounts(5))
    band = base.mark_area(color=PALETTE[0], opacity=0.18).encode(y=amounts, y2="high_height:Q")
    expected = base.mark_line(color=PALETTE[0], strokeDash=[5, 4]).encode(y=alt.Y("expected_height:Q"))
    came = base.mark_line(color=PALETTE[1], strokeWidth=2.5).encode(y=alt.Y("height:Q"))
    marked = (
        base.transform_filter("datum.in_incident")
        .mark_point(color=PALETTE[5], filled=True, size=70, opacity=1)
        .encode(y=alt.Y("height:Q"))
    )
    return alt.layer(band, expected, came, marked).properties(height=300)


def cost_ranges(rows: pl.DataFrame, *, limit: Decimal, limit_name: str, currency: str) -> Any:
    """Low to high as a bar with the likeliest as a mark, and one amount to set them against as a line across.

    `rows`: name, low, cost, high; in their order.
    """
    shown = _with_text(rows, currency).with_columns(
        pl.col("low", "high").cast(pl.Float64).name.suffix("_height"),
        _text_of("low", currency).alias("low_text"),
        _text_of("high", currency).alias("high_text"),
    )
    tooltip = [
        alt.Tooltip("name:N", title="Option"),
        alt.Tooltip("low_text:N", title="Lowest"),
        alt.Tooltip("cost_text:N", title="Likeliest"),
        alt.Tooltip("high_text:N", title="Highest"),
    ]
    base = alt.Chart(_values(shown)).encode(y=_names(rows["name"].to_list(), _LONG_LABEL_PIXELS), tooltip=tooltip)
    axis = alt.X("low_height:Q", title=currency, axis=_amounts(5)).scale(zero=True)
    bars = base.mark_bar(height=8, color=PALETTE[0], opacity=0.5).encode(x=axis, x2="high_height:Q")
    marks = base.mark_tick(thickness=3, size=20, color=PALETTE[0]).encode(x=alt.X("height:Q"))
    against = pl.DataFrame(
        {"name": [limit_name], "cost": [limit]}, schema={"name": pl.String, "cost": rows.schema["cost"]}
    )
    line = (
        alt.Chart(_values(_with_text(against, currency)))
        .mark_rule(color=PALETTE[1], strokeWidth=2.5)
        .encode(x=alt.X("height:Q"), tooltip=[alt.Tooltip("cost_text:N", title=limit_name)])
    )
    return (bars + marks + line).properties(height=alt.Step(_BAR_PIXELS))


def _colour(name: str, named: Sequence[str]) -> str:
    return PALETTE[named.index(name)] if name in named else UNOWNED_COLOUR if name == UNOWNED else REST_COLOUR


def _names(order: Sequence[str], pixels: int = _LABEL_PIXELS) -> alt.Y:
    axis = alt.Axis(labelLimit=pixels, ticks=False, domain=False)
    return alt.Y("name:N", title=None, sort=list(order), axis=axis)


def _time() -> alt.X:
    return alt.X("day:T", title=None, axis=alt.Axis(format="%-d %b", labelOverlap="greedy", grid=False))


def _amounts(ticks: int) -> alt.Axis:
    """500, 1.5k, 2M: each by itself, not `0.5k` because another one is `1.5k`."""
    return alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=ticks)


def _all_days(days: pl.DataFrame) -> list[str]:
    """From the first day of the data to the last, those without a cost too."""
    first, last = days["day"].min(), days["day"].max()
    return pl.select(pl.date_range(pl.lit(first), pl.lit(last))).to_series().dt.strftime("%-d %b").to_list()


def _folded(rows: pl.DataFrame, kept: Sequence[str], amounts: Sequence[str] = ("cost",)) -> pl.DataFrame:
    """Names beyond `kept` added up as one, day by day where there are days."""
    name = pl.when(pl.col("name").is_in(list(kept))).then(pl.col("name")).otherwise(pl.lit(OTHER))
    keys = ["day", "name"] if "day" in rows.columns else ["name"]
    return rows.with_columns(name).group_by(keys).agg(pl.col(list(amounts)).sum()).sort(keys)


def _with_text(rows: pl.DataFrame, currency: str) -> pl.DataFrame:
    """The exact cost as text beside the height in pixels."""
    day = pl.col("day").dt
    written = (
        [day.strftime("%-d %B %Y").alias("written_day"), day.strftime("%-d %b").alias("axis_day")]
        if "day" in rows.columns
        else []
    )
    return rows.with_columns(
        pl.col("cost").cast(pl.Float64).alias("height"), _text_of("cost", currency).alias("cost_text"), *written
    )


def _text_of(column: str, currency: str) -> pl.Expr:
    def written(amount: Decimal) -> str:
        return money_text(amount, currency)

    return pl.col(column).map_elements(written, return_dtype=pl.String)


def _values(rows: pl.DataFrame) -> alt.Data:
    """Only what a browser can draw: exact amounts travel as text."""
    return alt.Data(values=rows.select(pl.exclude(pl.Decimal)).with_columns(pl.col(pl.Date).cast(pl.String)).to_dicts())
