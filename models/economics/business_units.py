"""Business units: what a customer, a document or a ticket costs, from a series of how many there were.

A driver's values by day (or by month) meet the costs in its scope, declared and shared ones included. Reading the
series belongs to `pipelines.drivers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import dataframely as dy
import polars as pl

from models.economics.pools import COSTS
from models.economics.scopes import within
from models.ledger.money import product, quotient
from models.table import MONEY, Table, money, text

VALUES = pl.Schema({"day": pl.Date(), "value": MONEY})
"""A driver's series: one row a day, or one a month on its first day."""


@dataclass(frozen=True)
class Driver:
    """`values` (VALUES) of one `unit`, and which costs of `marts.tco_daily` it is set against.

    `month`: what a month of days is, their sum (documents) or their mean (customers). A series that has only first days
    of months is by month.
    """

    name: str
    unit: str
    values: pl.DataFrame
    scope: Mapping[str, str] = field(default_factory=dict[str, str])
    month: Literal["sum", "mean"] = "sum"

    @property
    def is_monthly(self) -> bool:
        return bool((self.values["day"].dt.day() == 1).all())


class DriverCosts(dy.Schema):
    """One row per driver, day (or month) that its series tells, and currency."""

    driver = text("Name of the driver in outlay.yaml")
    unit = text("One of it, such as Customer")
    period = text("day, or month where the series is by month", values=("day", "month"))
    day = dy.Date(nullable=False, description="UTC day; the first of the month for a month")
    currency = text("ISO 4217 code of the costs: the reporting currency, where a rate is known")
    value = money("How many there were")
    list_cost = money("At public prices, of all costs in the driver's scope, in currency")
    contracted_cost = money("At our prices, of all costs in the driver's scope, in currency")
    effective_cost = money("What all in the driver's scope really cost, declared costs included, in currency")
    billed_cost = money("What finance will pay of all in the driver's scope, in currency")
    effective_unit_cost = money("effective_cost ÷ value, in currency; null where value is 0", nullable=True)


DRIVER_COSTS = Table(
    name="driver_costs",
    schema="marts",
    kind="mart",
    grain="driver × day (or month) × currency",
    meaning="Business units by day and what they cost: the series of each driver beside the costs in its scope.",
    contract=DriverCosts,
)


def driver_costs(tco: pl.DataFrame, drivers: Iterable[Driver]) -> pl.DataFrame:
    """`marts.driver_costs` from `marts.tco_daily`. A day without any cost in scope has no row: no currency is told."""
    schema = DRIVER_COSTS.polars_schema
    rows = [_of_driver(tco, driver) for driver in drivers]
    return pl.concat([DRIVER_COSTS.empty(), *(row.select(list(schema)).cast(schema) for row in rows)]).sort(
        "driver", "day", "currency"
    )


def business_unit_costs(tco: pl.DataFrame, drivers: Iterable[Driver]) -> pl.DataFrame:
    """Unit costs of each driver by month. Costs of days that the series does not tell stand apart, unmeasured."""
    return pl.concat([_of_month(tco, driver) for driver in drivers], how="diagonal") if drivers else pl.DataFrame()


def _of_driver(tco: pl.DataFrame, driver: Driver) -> pl.DataFrame:
    every = "1mo" if driver.is_monthly else "1d"
    costs = _costs(tco, driver).with_columns(day=pl.col("day").dt.truncate(every))
    return (
        costs.group_by("day", "currency")
        .agg(pl.col(COSTS).sum())
        .join(driver.values, on="day")
        .with_columns(
            driver=pl.lit(driver.name),
            unit=pl.lit(driver.unit),
            period=pl.lit("month" if driver.is_monthly else "day"),
            effective_unit_cost=quotient(pl.col("effective_cost"), pl.col("value")),
        )
    )


def _of_month(tco: pl.DataFrame, driver: Driver) -> pl.DataFrame:
    values = driver.values.with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
    total, days = pl.col("value").sum(), pl.len().cast(MONEY)
    quantities = values.group_by("month").agg(quantity=quotient(total, days) if driver.month == "mean" else total)
    known = pl.col("month" if driver.is_monthly else "day").is_in(
        values["month" if driver.is_monthly else "day"].implode()
    )
    return (
        _costs(tco, driver)
        .with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
        .group_by("month", "currency")
        .agg(
            pl.col(COSTS).filter(known).sum(),
            unmeasured_effective_cost=pl.col("effective_cost").filter(~known).sum(),
        )
        .join(quantities, on="month")
        .with_columns(measure=pl.lit("business_unit"), subject=pl.lit(driver.name), unit=pl.lit(driver.unit))
    )


def _costs(tco: pl.DataFrame, driver: Driver) -> pl.DataFrame:
    """Costs in scope, in the reporting currency, for a unit has one cost; without a rate they stay in their own."""
    is_known = pl.col("exchange_rate").is_not_null()
    reported = {
        "effective_cost": pl.col("reporting_effective_cost"),
        "billed_cost": pl.col("reporting_billed_cost"),
    }
    return within(tco, driver.scope).select(
        pl.col("day").dt.date(),
        currency=pl.when(is_known).then("reporting_currency").otherwise("currency"),
        **{
            cost: pl.when(is_known)
            .then(reported.get(cost, product(pl.col(cost), pl.col("exchange_rate"))))
            .otherwise(cost)
            for cost in COSTS
        },
    )
