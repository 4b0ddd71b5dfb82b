"""Marts of changes, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from models.control.movers import NO_MODEL
from models.economics.ownership import UNALLOCATED
from models.foresight.cost_changes import COST_CHANGES, cost_changes
from pipelines.changes import NESTING, change_items
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart

_DIMENSIONS = ("team", "model", "component", "team_model")
_OWNER = pl.coalesce("team", pl.format("shared pool {}", "pool"), pl.lit(UNALLOCATED))
_TEAM_MODEL = pl.format("{} · {}", _OWNER, pl.coalesce("model", pl.lit(NO_MODEL)))


def changes_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    return {COST_CHANGES.qualified_name: lambda: _by_month(economics.attributed)}


def _by_month(attributed: pl.DataFrame) -> pl.DataFrame:
    dated = attributed.with_columns(month=pl.col("day").dt.strftime("%Y-%m"), team_model=_TEAM_MODEL)
    if dated.is_empty():
        return COST_CHANGES.empty()
    last: Any = dated["month"].max()
    over = _changes(dated.filter(pl.col("month") < last))
    return pl.concat([over, _changes(same_days(dated, last), months=[previous(last), last])])


def _changes(dated: pl.DataFrame, months: Sequence[str] | None = None) -> pl.DataFrame:
    items = change_items(dated, "effective", "month", "currency", *_DIMENSIONS)
    return cost_changes(items, _DIMENSIONS, NESTING, months=months)


def same_days(dated: pl.DataFrame, month: str) -> pl.DataFrame:
    """Rows of a month and of the one before it, of which each source's days count up to the one that it has reached in
    the month (of a source without a cost in it, the furthest of all); all of them once that is the month's last day.

    `dated`: source, day (an instant), month (YYYY-MM).
    """
    day = pl.col("day").dt.date()
    is_now = pl.col("month") == month
    reached = day.filter(is_now).max()
    through = pl.coalesce(reached.over("source"), reached)
    counts = is_now | (day.dt.day() <= through.dt.day()) | (through == through.dt.month_end())
    return dated.filter(pl.col("month").is_in([previous(month), month])).filter(counts)


def previous(month: str) -> str:
    """The month before, YYYY-MM."""
    return f"{date.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"
