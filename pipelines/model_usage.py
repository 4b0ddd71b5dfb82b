"""The usage of a model in a month, as the published warehouse has it: what every "what if" starts from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches

import polars as pl

from models.economics.api_costs import TEXT, api_costs, uncharged_tokens
from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.serving_options import OUTPUT_METERS
from models.errors import OutlayError
from models.ledger.metering import METER_READINGS
from pipelines.door import query
from pipelines.home import Home
from pipelines.periods import checked
from pipelines.sql_text import literal

_CHARGED = f"""EXISTS (FROM {ATTRIBUTED_DAILY.qualified_name} AS charged WHERE charged.charge_category = 'Usage'
    AND charged.source = readings.source AND charged.model = readings.model)"""
"""Of usage that nobody charges for (seats, free tiers) no one asks what it would cost elsewhere."""


@dataclass(frozen=True)
class ModelUsage:
    """`readings` per METER_READINGS of one month; `effective_cost` by currency: what that usage really cost.

    `through`: the end of the last day that is charged, where the month is under way.
    """

    model: str
    month: str
    readings: pl.DataFrame
    effective_cost: dict[str, Decimal]
    through: datetime | None = None


def model_usage(home: Home, model: str, month: str | None = None, source: str | None = None) -> ModelUsage:
    """The charged usage in `month` (default: the last one that is over, else the last) of models whose name, as the
    vendor writes it, fits `model` (a name, or a glob such as `gpt-5*`). Raises `OutlayError` where there is none."""
    fits = f"readings.model {_like(model)}"
    if source is not None:
        fits += f" AND readings.source = {literal(source)}"
    month = checked(month) if month is not None else _last_month(home, fits)
    readings = (
        query(
            home.published,
            f"SELECT readings.* FROM {METER_READINGS.qualified_name} AS readings "
            f"WHERE {fits} AND readings.billing_period = {literal(month or '')} AND {_CHARGED}",
        ).rows
        if month is not None
        else METER_READINGS.empty()
    )
    if readings.is_empty() or month is None:
        raise _nothing(home, model, month)
    read = readings.cast(METER_READINGS.polars_schema)  # pyright: ignore[reportArgumentType]
    through = _through(home, month, read["source"].unique().sort().to_list())
    if through is not None:  # usage is told sooner than its cost: what is not charged yet has no side to compare
        read = read.filter(pl.col("window_start") < through)
    return ModelUsage(model, month, read, _effective(home, model, month, source), through)


def api_costs_of(home: Home, usage: ModelUsage) -> pl.DataFrame:
    """API_COSTS of the models of a usage that write text, and of what else is charged for its models."""
    sources = ", ".join(literal(name) for name in usage.readings["source"].unique().sort())
    charges = query(
        home.published,
        f"SELECT * FROM {ATTRIBUTED_DAILY.qualified_name} "
        f"WHERE source IN ({sources}) AND strftime(day, '%Y-%m') = {literal(usage.month)}",
    ).rows.cast(ATTRIBUTED_DAILY.polars_schema)  # pyright: ignore[reportArgumentType]
    readings = query(
        home.published,
        f"SELECT * FROM {METER_READINGS.qualified_name} "
        f"WHERE source IN ({sources}) AND billing_period = {literal(usage.month)}",
    ).rows.cast(METER_READINGS.polars_schema)  # pyright: ignore[reportArgumentType]
    writers = usage.readings.filter(pl.col("meter").is_in(OUTPUT_METERS))["model"].unique()
    costs = api_costs(charges, uncharged_tokens(charges, readings))
    mute = ~pl.col("model").is_in(writers.implode()) & (pl.col("what") == TEXT)
    return costs.filter(pl.col("model").is_in(usage.readings["model"].unique().implode())).with_columns(
        what=pl.when(mute).then(pl.lit("models that write no text")).otherwise("what")
    )


def _like(model: str) -> str:
    return f"{'GLOB' if set(model) & set('*?[') else '='} {literal(model)}"


def _last_month(home: Home, fits: str) -> str | None:
    """The newest month but the one under way, where there is one."""
    told = query(
        home.published,
        f"SELECT DISTINCT readings.billing_period AS month FROM {METER_READINGS.qualified_name} AS readings "
        f"WHERE {fits} AND {_CHARGED} ORDER BY month DESC LIMIT 2",
    ).rows["month"]
    under_way = _month_under_way(home)
    over = [month for month in told if under_way is not None and month < under_way]
    return over[0] if over else told[0] if len(told) else None


def _month_under_way(home: Home) -> str | None:
    """The month of the day after the last that is charged."""
    return query(
        home.published,
        f"SELECT strftime(max(day) + INTERVAL 1 DAY, '%Y-%m') AS month FROM {ATTRIBUTED_DAILY.qualified_name}",
    ).rows["month"][0]


def _through(home: Home, month: str, sources: list[str]) -> datetime | None:
    """Where usage of a month under way ends so far; None for a month that is over."""
    under_way = _month_under_way(home)
    if under_way is None or month < under_way:
        return None
    named = ", ".join(literal(source) for source in sources)
    return query(
        home.published,
        f"SELECT max(day) + INTERVAL 1 DAY AS through FROM {ATTRIBUTED_DAILY.qualified_name} "
        f"WHERE source IN ({named}) AND strftime(day, '%Y-%m') = {literal(month)} AND charge_category = 'Usage'",
    ).rows["through"][0]


def _effective(home: Home, model: str, month: str, source: str | None) -> dict[str, Decimal]:
    narrowed = f" AND source = {literal(source)}" if source is not None else ""
    rows = query(
        home.published,
        f"SELECT currency, sum(effective_cost) AS cost FROM {ATTRIBUTED_DAILY.qualified_name} "
        f"WHERE model {_like(model)} AND strftime(day, '%Y-%m') = {literal(month)} AND charge_category = 'Usage' "
        f"{narrowed} GROUP BY currency",
    ).rows
    return dict(rows.iter_rows())


def _nothing(home: Home, model: str, month: str | None) -> OutlayError:
    names = (
        query(
            home.published,
            f"SELECT model FROM {ATTRIBUTED_DAILY.qualified_name} WHERE model IS NOT NULL "
            "AND charge_category = 'Usage' GROUP BY model ORDER BY sum(effective_cost) DESC, model",
        )
        .rows["model"]
        .to_list()
    )
    near = get_close_matches(model, names, n=4, cutoff=0.4) or names[:4]
    remedy = f"name one that is used, such as {', '.join(near)}" if near else "load usage of models first: outlay run"
    when = f" in {month}" if month is not None else ""
    return OutlayError(f"no charged usage of {model!r} is known{when}", remedy=remedy)
