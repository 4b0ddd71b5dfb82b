"""Marts of changes, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from models.foresight.cost_changes import COST_CHANGES, cost_changes
from pipelines.changes import NESTING, change_items
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart

_DIMENSIONS = ("team", "model", "component")


def changes_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    return {COST_CHANGES.qualified_name: lambda: _by_month(economics.attributed)}


def _by_month(attributed: pl.DataFrame) -> pl.DataFrame:
    dated = attributed.with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
    return cost_changes(change_items(dated, "effective", "month", "currency", *_DIMENSIONS), _DIMENSIONS, NESTING)
