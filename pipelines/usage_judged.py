"""Usage that is unusual where its cost is not: used and paid by nobody, or paid ahead.

Usage of keys and models is judged as cost is; what the cost of the same series shows too is left out. Nobody pays it,
so that it is told in units. What it would be worth, at what a unit of the series cost in the weeks before (nothing, of
what is free), only weighs it beside episodes of cost of the same event.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from models.foresight.anomalies import Sensitivity
from models.foresight.anomaly_tables import name_of
from models.foresight.episodes import episodes
from models.foresight.incidents import HISTORY
from models.table import MONEY
from models.wording import change_text, count_text
from pipelines.anomaly_scores import kept_scores

_JUDGED = ("key", "model")
"""Dimensions in which one unit measures usage."""
_AMOUNTS = ("expected", "actual", "low", "high")


def unpaid_usage(
    series: pl.DataFrame, of_cost: pl.DataFrame, sensitivity: Sensitivity, folder: Path
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Episodes of usage, as `episodes` tells those of cost, at what they would be worth; and their days, in units.

    `series`: SERIES with a text `series`. `of_cost`: episodes of cost; a series that has one on the same days is left
    out. Episodes have besides `unit`, `used` and `usual`: how much was used, and how much was expected.
    """
    rows = series.filter(pl.col("dimension").is_in(_JUDGED), pl.col("unit").is_not_null())
    judged = rows.select("series", "day", "usage", cost=pl.lit(None, dtype=MONEY))
    scored = kept_scores(judged, sensitivity, folder)
    found = episodes(scored, judged)
    shown = found.join(of_cost.select("series", first="first_day", last="last_day"), on="series").filter(
        pl.col("first") <= pl.col("last_day"), pl.col("first_day") <= pl.col("last")
    )
    alone = found.join(shown, on="id", how="anti")
    priced = alone.join(_prices(alone, rows), on="id").with_columns(used="actual", usual="expected")
    told = priced.with_columns(_in_money(_AMOUNTS)).with_columns(impact=pl.col("actual") - pl.col("expected"))
    days = scored.join(told, on="series", how="semi")
    return told.drop("price"), days.join(rows.select("series", "day", "unit", actual="usage"), on=["series", "day"])


def _in_money(names: tuple[str, ...]) -> pl.Expr:
    return (pl.col(names).cast(pl.Float64) * pl.col("price")).round(2).cast(MONEY)


def _prices(found: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """`id`, `unit` and `price`: what a unit cost on average, on the days of the episode and in HISTORY before."""
    days = found.select("id", "series", "first_day", "last_day").join(
        rows.select("series", "day", "unit", "usage", "metered_cost"), on="series"
    )
    used, cost = (pl.col(name).cast(pl.Float64).sum() for name in ("usage", "metered_cost"))
    within = days.filter(pl.col("day").is_between(pl.col("first_day") - HISTORY, pl.col("last_day")))
    return within.group_by("id").agg(pl.col("unit").last(), price=pl.when(used != 0).then(cost / used).otherwise(0.0))


def usage_sentence(head: Mapping[str, Any]) -> str:
    """`Usage of key loop rose by 1.20 M Tokens (+300.0 %) over what was expected; its cost did not.`"""
    change = head["used"] - head["usual"]
    verb, side = ("rose", "over") if change > 0 else ("fell", "below")
    amount = f"{count_text(abs(change))} {head['unit']} ({change_text(head['used'], head['usual'])})"
    return f"Usage of {name_of(head)} {verb} by {amount} {side} what was expected; its cost was not unusual."
