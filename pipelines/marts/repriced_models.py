"""The mart of what last months would have cost on other models: of the tokens that charged models were metered for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from models.economics.model_classes import candidates
from models.economics.repriced_models import MONTHS, REPRICED_MODELS, USAGE, repriced_models
from models.ledger.metering import METER_READINGS
from pipelines.marts.economics import Economics
from pipelines.reference import comparable_models, model_developers
from pipelines.warehouse import Mart


def repriced_models_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    return {REPRICED_MODELS.qualified_name: lambda: _repriced(economics)}


def _repriced(economics: Economics) -> pl.DataFrame:
    work, classes = economics.work, comparable_models()
    offered = candidates(classes, model_developers(), work.prices)
    return repriced_models(usage(economics), offered, classes, work.prices, work.contracts)


def usage(economics: Economics) -> pl.DataFrame:
    """USAGE of the last whole months. Of models that nobody charges for (seats, free tiers) no one asks what they would
    cost elsewhere."""
    charged = economics.attributed.lazy().filter(pl.col("charge_category") == "Usage").select("source", "model")
    day = pl.col("window_start").dt.truncate("1d")
    grain = [name for name in USAGE if name not in ("quantity", "window_start", "window_end")]
    return (
        economics.facts.read(METER_READINGS)
        .filter(pl.col("billing_period").is_in(months_before(economics.today)), pl.col("token_kind").is_not_null())
        .join(charged.unique().drop_nulls(), on=["source", "model"], how="semi")
        .group_by(*grain, day.alias("window_start"))
        .agg(pl.col("quantity").sum())
        .with_columns(window_end=pl.col("window_start").dt.offset_by("1d"))
        .sort(*grain, "window_start", nulls_last=True)
        .select(list(USAGE))
        .collect(engine="streaming")
        .cast(USAGE)
    )


def months_before(today: date) -> list[str]:
    """The last whole months, the latest first."""
    months: list[str] = []
    first = today.replace(day=1)
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(f"{first:%Y-%m}")
    return months
