"""Marts of unit costs, as the publication shows them: what a unit costs, what idle accelerators cost, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from connectors.aws.model_names import model_key
from models.economics.accelerator_costs import COMMITMENT_KINDS, accelerator_costs
from models.economics.accelerator_usage import ACCELERATOR_USAGE
from models.economics.business_units import DRIVER_COSTS, Driver, business_unit_costs, driver_costs
from models.economics.idle_accelerators import IDLE_ACCELERATORS, idle_accelerators
from models.economics.token_costs import (
    COVERED_TOKENS,
    REQUESTS,
    blended_costs,
    is_capacity,
    request_costs,
    token_costs,
)
from models.economics.unit_costs import UNIT_COSTS, accelerator_hour_costs, unit_costs
from models.economics.utilisation import ACCELERATOR_UTILISATION
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.metering import BILL_STREAM, METER_READINGS
from pipelines.drivers import drivers
from pipelines.marts.economics import Economics
from pipelines.utilisation import accelerator_utilisation
from pipelines.warehouse import Mart


def unit_costs_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    measured = _Measured(economics)
    return {
        ACCELERATOR_UTILISATION.qualified_name: lambda: measured.utilisation,
        IDLE_ACCELERATORS.qualified_name: lambda: idle_accelerators(measured.accelerators),
        UNIT_COSTS.qualified_name: measured.unit_costs,
        DRIVER_COSTS.qualified_name: lambda: driver_costs(economics.tco, measured.drivers),
    }


@dataclass(frozen=True)
class _Measured:
    """What several of these marts share, each worked out once."""

    economics: Economics

    @cached_property
    def utilisation(self) -> pl.DataFrame:
        work = self.economics.work
        sources = {source.name for source in work.sources}
        frame, problems = accelerator_utilisation(work.settings.utilisation, work.home.root, sources)
        self.economics.problems.extend(problems)
        return frame

    @cached_property
    def drivers(self) -> list[Driver]:
        work = self.economics.work
        read, problems = drivers(work.settings.drivers, work.home)
        self.economics.problems.extend(problems)
        return read

    @cached_property
    def accelerators(self) -> pl.DataFrame:
        usage = self.economics.facts.read(ACCELERATOR_USAGE)
        kinds = usage.filter(pl.col("commitment_id").is_not_null()).group_by("source", "commitment_id")
        told = kinds.agg(pl.col("pricing_kind").min()).select(list(COMMITMENT_KINDS)).collect()
        return accelerator_costs(self.economics.attributed, self.economics.declared, told, self.utilisation)

    def unit_costs(self) -> pl.DataFrame:
        attributed = self.economics.attributed
        covered = covered_tokens(self.economics)
        return unit_costs(
            [
                token_costs(attributed),
                blended_costs(attributed, covered),
                request_costs(attributed, covered, requests(self.economics)),
                accelerator_hour_costs(self.accelerators),
                business_unit_costs(self.economics.tco, self.drivers),
            ]
        )


def requests(economics: Economics) -> pl.DataFrame:
    """REQUESTS as metered: no vendor bills them."""
    return (
        economics.facts.read(METER_READINGS)
        .filter(pl.col("meter") == "requests", pl.col("model").is_not_null())
        .group_by("source", "model", month=_month())
        .agg(pl.col("quantity").sum())
        .select(list(REQUESTS))
        .collect()
        .cast(REQUESTS)
    )


def covered_tokens(economics: Economics) -> pl.DataFrame:
    """COVERED_TOKENS of sources that have capacity: what their bill does not charge by the token.

    Where the bill is the vendor's own (clouds), readings from beside it; elsewhere what was found to be paid by a tier.
    """
    capacity = economics.attributed.filter(is_capacity())
    native = capacity.filter(pl.col("price_status") == "native")["source"].unique()
    rated = capacity["source"].unique()
    readings = (
        economics.facts.read(METER_READINGS)
        .filter(pl.col("source").is_in(native.implode()), ~pl.col("stream").str.ends_with(BILL_STREAM))
        .select(list(_READ), month=_month())
    )
    estimates = (
        economics.facts.read(USAGE_ESTIMATES)
        .filter(pl.col("source").is_in(rated.implode()), kind="notional", reason="tier")
        .select(list(_READ), month=_month())
    )
    tokens = pl.concat([readings, estimates]).filter(
        pl.col("token_kind").is_not_null(), pl.col("model").is_not_null(), pl.col("quantity") > 0
    )
    key = [name for name in COVERED_TOKENS if name != "quantity"]
    read = tokens.group_by(key).agg(pl.col("quantity").sum()).select(list(COVERED_TOKENS)).collect()
    return _by_the_names_of(capacity, read.cast(COVERED_TOKENS))


_READ = ("source", "model", "token_kind", "processing_tier", "quantity")


def _month() -> pl.Expr:
    return pl.col("window_start").dt.strftime("%Y-%m")


def _by_the_names_of(capacity: pl.DataFrame, tokens: pl.DataFrame) -> pl.DataFrame:
    """Tokens under the name that the capacity's charge has for the same model, which metrics spell differently."""
    named = {
        (source, model_key(model)): model
        for source, model in capacity.select("source", "model").unique().iter_rows()
        if model
    }
    models = [
        named.get((source, model_key(model)), model) for source, model in tokens.select("source", "model").iter_rows()
    ]
    key = [name for name in COVERED_TOKENS if name != "quantity"]
    renamed = tokens.with_columns(model=pl.Series(models, dtype=pl.String))
    return renamed.group_by(key).agg(pl.col("quantity").sum()).select(list(COVERED_TOKENS))
