"""The mart of break-even, as the publication shows it: our dearest models beside accelerators of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from models.economics.accelerator_usage import ACCELERATOR_USAGE, accelerator_rates
from models.economics.api_costs import TEXT, api_costs, uncharged_tokens
from models.economics.break_even import USUAL_LOAD, Demand, Fleet
from models.economics.model_classes import as_good
from models.economics.self_hosting import BREAK_EVEN, break_even_rows, options
from models.economics.serving_options import (
    OUTPUT_METERS,
    Measurement,
    demand_of,
    owned_accelerators,
    prices_per_hour,
    served_models,
    throughput,
)
from models.ledger.metering import METER_READINGS
from pipelines.break_even import measurements
from pipelines.marts.economics import Economics
from pipelines.reference import accelerator_list_prices, comparable_models, throughput_reference
from pipelines.warehouse import Mart

_MODELS = 5
"""So many models with the most spend: beyond them self-hosting is no question of money."""


def break_even_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    return {BREAK_EVEN.qualified_name: lambda: _Question(economics).rows()}


@dataclass(frozen=True)
class _Question:
    """The last whole month of usage, its dearest models, and the accelerators that we have."""

    economics: Economics

    def rows(self) -> pl.DataFrame:
        found = [rows for demand in self._demands() for rows in self._on_accelerators(*demand)]
        return pl.concat([BREAK_EVEN.empty(), *found])

    @cached_property
    def _generated(self) -> pl.DataFrame:
        """Usage of models that generate text."""
        writes = pl.col("meter").is_in(OUTPUT_METERS).any().over("model", "currency")
        usage = self.economics.attributed.filter(pl.col("charge_category") == "Usage", pl.col("model").is_not_null())
        return usage.filter(writes).with_columns(month=pl.col("day").dt.strftime("%Y-%m"))

    @cached_property
    def _month(self) -> str | None:
        under_way = f"{self.economics.today:%Y-%m}"
        return self._generated.filter(pl.col("month") < under_way)["month"].cast(pl.String).max()  # pyright: ignore[reportReturnType]

    @cached_property
    def _rates(self) -> pl.DataFrame:
        return accelerator_rates(self.economics.facts.read(ACCELERATOR_USAGE))

    @cached_property
    def _measured(self) -> list[Measurement]:
        return measurements(self.economics.work.settings.throughput)

    @cached_property
    def _served(self) -> dict[str, list[str]]:
        """By accelerator that we have the models whose throughput on it is known."""
        ours = {*self._rates["accelerator_type"], *self.economics.declared["accelerator_type"].drop_nulls()}
        return {each: served_models(self._measured, throughput_reference(), each) for each in sorted(ours)}

    def _demands(self) -> Iterator[tuple[str, str, Demand, bool]]:
        """Model, currency, demand and whether it is metered by the hour, dearest model first."""
        if self._month is None:
            return
        readings = self.economics.facts.read(METER_READINGS).filter(pl.col("billing_period") == self._month).collect()
        dearest = self._dearest(readings)
        written = readings.filter(pl.col("meter").is_in(OUTPUT_METERS))
        for model, currency, cost, sources in dearest.iter_rows():
            of_it = written.filter(pl.col("model") == model, pl.col("source").is_in(sources))
            if of_it["quantity"].sum():
                yield model, currency, *demand_of(of_it, self._month, cost)

    def _dearest(self, readings: pl.DataFrame) -> pl.DataFrame:
        """Model, currency, what its text cost in the month, and the sources that charge for it."""
        sources = (
            self._generated.filter(pl.col("month") == self._month)
            .group_by("model", "currency")
            .agg(sources=pl.col("source").unique())
        )
        charges = self.economics.attributed.filter(pl.col("day").dt.strftime("%Y-%m") == self._month)
        costs = api_costs(charges, uncharged_tokens(charges, readings)).filter(pl.col("what") == TEXT)
        return (
            costs.join(sources, on=["model", "currency"])
            .filter(pl.col("effective_cost") > 0)
            .sort("effective_cost", "model", descending=[True, False])
            .head(_MODELS)
            .select("model", "currency", "effective_cost", "sources")
        )

    def _on_accelerators(self, model: str, currency: str, demand: Demand, is_hourly: bool) -> Iterator[pl.DataFrame]:
        month = self._month or ""
        measured, declared = self._measured, self.economics.declared
        served_anywhere = sorted({name for names in self._served.values() for name in names})
        comparable = as_good(model, served_anywhere, comparable_models().ranks({model, *served_anywhere}))
        for accelerator, served_there in self._served.items():
            names = [name for name in served_there if name in comparable]
            if not names:
                continue
            prices = prices_per_hour(
                self._rates,
                declared,
                accelerator_list_prices(),
                accelerator=accelerator,
                month=month,
                currency=currency,
            )
            for name in names:
                served = throughput(name, accelerator, measured, throughput_reference())
                fleet = Fleet(together=served.together, load=USUAL_LOAD)
                found = options(demand, served, prices, fleet, owned_accelerators(declared, accelerator, month))
                yield break_even_rows(model, month, currency, demand, served, found, hourly=is_hourly)
