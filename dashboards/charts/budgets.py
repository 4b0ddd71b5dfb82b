"""Charts of budgets: how the money of one is used up, and what its periods came to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.base import PALETTE, REST_COLOUR, amounts_axis, drawn, text_of, time_axis, values, with_text

_SPENT, _EXPECTED, _SUPPOSED, _PACE = "spent", "expected", "what if", "even pace"
_COLOURS = {_SPENT: PALETTE[1], _EXPECTED: PALETTE[0], _SUPPOSED: PALETTE[3], _PACE: REST_COLOUR}
_DASHES: dict[str, list[int]] = {_SPENT: [1, 0], _EXPECTED: [5, 4], _SUPPOSED: [8, 3], _PACE: [2, 3]}


@drawn
def burn_up(
    totals: pl.DataFrame,
    *,
    supposed: pl.DataFrame | None,
    pace: Sequence[tuple[date, Decimal]],
    limits: Sequence[tuple[str, Decimal]],
    currency: str,
) -> Any:
    """What is used up by day as a line, what is expected dashed within its 80 % range, limits as lines across.

    `totals`, and `supposed` where something else is supposed: day, spent, expected, low_80, high_80. `pace`: two points
    of an even pace, or none. `limits`: what they are called, and the amounts.
    """
    shown = totals if supposed is None else supposed
    told = [_line(_SPENT, totals, "spent"), _line(_EXPECTED, totals, "expected")]
    if supposed is not None:
        told.append(_line(_SUPPOSED, supposed, "expected"))
    if pace:
        days, amounts = zip(*pace, strict=True)
        even = pl.DataFrame({"day": days, "cost": amounts}, schema={"day": pl.Date, "cost": totals.schema["expected"]})
        told.append(_line(_PACE, even, "cost"))
    lines = with_text(pl.concat(told).drop_nulls("cost"), currency)
    present = [name for name in _COLOURS if name in lines["name"].to_list()]
    drawn = (
        alt.Chart(values(lines))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=time_axis(),
            y=alt.Y("height:Q", title=f"{currency}, added up", axis=amounts_axis(6)),
            color=alt.Color("name:N", title=None)
            .scale(domain=present, range=[_COLOURS[name] for name in present])
            .legend(orient="bottom", columns=2, symbolType="stroke"),
            strokeDash=alt.StrokeDash("name:N", legend=None).scale(
                domain=present, range=[_DASHES[name] for name in present]
            ),
            tooltip=[
                alt.Tooltip("written_day:N", title="By the end of"),
                alt.Tooltip("name:N", title="Line"),
                alt.Tooltip("cost_text:N", title="Used up"),
            ],
        )
    )
    return alt.layer(
        _band(shown, currency, is_supposed=supposed is not None), *_limits(limits, currency), drawn
    ).properties(height=340)


def _line(name: str, frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.select("day", pl.lit(name).alias("name"), pl.col(column).alias("cost"))


def _band(totals: pl.DataFrame, currency: str, *, is_supposed: bool) -> Any:
    ahead = totals.drop_nulls("low_80").select(
        "day",
        pl.col("low_80", "high_80").cast(pl.Float64).name.suffix("_height"),
        pl.concat_str(text_of("low_80", currency), pl.lit(" to "), text_of("high_80", currency)).alias("range_text"),
        pl.col("day").dt.strftime("%-d %B %Y").alias("written_day"),
    )
    return (
        alt.Chart(values(ahead))
        .mark_area(color=_COLOURS[_SUPPOSED if is_supposed else _EXPECTED], opacity=0.2)
        .encode(
            x=time_axis(),
            y=alt.Y("low_80_height:Q"),
            y2="high_80_height:Q",
            tooltip=[
                alt.Tooltip("written_day:N", title="By the end of"),
                alt.Tooltip("range_text:N", title="8 of 10 cases"),
            ],
        )
    )


def _limits(limits: Sequence[tuple[str, Decimal]], currency: str) -> list[Any]:
    """Lines across, each with its name at the left end."""
    rows = pl.DataFrame(
        {"name": [name for name, _ in limits], "cost": [amount for _, amount in limits]},
        schema={"name": pl.String, "cost": pl.Decimal(38, 12)},
    )
    base = alt.Chart(values(with_text(rows, currency))).encode(
        y=alt.Y("height:Q"),
        tooltip=[alt.Tooltip("name:N", title="Limit"), alt.Tooltip("cost_text:N", title="Amount")],
    )
    return [
        base.mark_rule(color=PALETTE[5], strokeWidth=1.5, strokeDash=[1, 0]),
        base.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=PALETTE[5], fontSize=11).encode(
            text="name:N", x=alt.value(0)
        ),
    ]


@drawn
def periods(rows: pl.DataFrame, *, currency: str) -> Any:
    """What was spent in each period as a bar, what might have been as a mark. `rows`: name, spent, budget_amount;
    earliest first."""
    shown = with_text(rows.rename({"spent": "cost"}), currency).with_columns(
        pl.col("budget_amount").cast(pl.Float64).alias("allowed"),
        text_of("budget_amount", currency).alias("allowed_text"),
    )
    base = alt.Chart(values(shown)).encode(
        x=alt.X("name:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False)),
        tooltip=[
            alt.Tooltip("name:N", title="Period"),
            alt.Tooltip("cost_text:N", title="Spent"),
            alt.Tooltip("allowed_text:N", title="Budget"),
        ],
    )
    bars = base.mark_bar(width={"band": 0.5}, color=PALETTE[0], cornerRadiusEnd=3).encode(
        y=alt.Y("height:Q", title=currency, axis=amounts_axis(4))
    )
    marks = base.mark_tick(thickness=3, width={"band": 0.8}, color=PALETTE[1]).encode(y=alt.Y("allowed:Q"))
    return (bars + marks).properties(height=200)
