"""Total cost by month of use: `marts.tco_daily` added up for pages that tell months of a history of any length.

Sums only. Shares of pools, owners and rates are those of the days; what a month has no rate for stands apart.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from models.economics.pools import COSTS
from models.economics.tco import ALLOCATIONS, ORIGINS
from models.table import Table, money, text


class TcoMonthly(dy.Schema):
    """One row per month of use, invoice month, origin, vendor, component and owner; costs in `currency`."""

    month = text("Month of use, YYYY-MM: of the days")
    origin = text("charge: from a bill; declared: from costs in outlay.yaml, billed 0", values=ORIGINS)
    source = text("Name of the source in outlay.yaml; `declared` for declared costs")
    billing_month = text("Month that it is billed in, YYYY-MM; for declared costs the month of use")
    provider_name = text("FOCUS ServiceProviderName: who sells it; for declared costs the vendor, or ourselves")
    host_name = text("FOCUS HostProviderName: on whose machines it runs", nullable=True)
    developer_name = text("Who develops the model; null where there is no model, or it is unknown", nullable=True)
    service_name = text("FOCUS ServiceName; for declared costs the name of the cost", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    charge_category = text("FOCUS ChargeCategory; Usage for declared costs")
    component = text("Component of the AI stack; null is unmatched", nullable=True)
    layer = text("Layer of the stack; null is unmatched", nullable=True)
    allocation = text(
        "direct: a rule names the team; shared: split from a pool; unallocated: no team", values=ALLOCATIONS
    )
    pool = text("Pool that it was split from, or that could not be split; null for direct cost", nullable=True)
    team = text("Team; null is unallocated", nullable=True)
    cost_centre = text("Cost centre; null is unknown", nullable=True)
    product = text("Product; null is unknown", nullable=True)
    use_case = text("Use case; null is unknown", nullable=True)
    environment = text("Environment; null is unknown", nullable=True)
    currency = text("ISO 4217 code of the four costs")
    billed_cost = money("What finance will pay, in currency; 0 for declared costs")
    effective_cost = money("What the month really cost, in currency")
    list_cost = money("At public prices, in currency")
    contracted_cost = money("At our prices, in currency")
    reporting_currency = text("ISO 4217 code of the reporting amounts")
    reporting_billed_cost = money("billed_cost of days with a rate, in reporting currency; null without", nullable=True)
    reporting_effective_cost = money(
        "effective_cost of days with a rate, in reporting currency; null without", nullable=True
    )
    billed_cost_without_rate = money("The part of billed_cost that is in no reporting amount, in currency")
    effective_cost_without_rate = money("The part of effective_cost that is in no reporting amount, in currency")
    first_day = dy.Date(nullable=False, description="First UTC day with a cost in it")
    last_day = dy.Date(nullable=False, description="Last UTC day with a cost in it")


TCO_MONTHLY = Table(
    name="tco_monthly",
    schema="marts",
    kind="mart",
    grain=(
        "month × origin × source × billing month × vendor × service × model × charge category × component × "
        "allocation × pool × owner × currency"
    ),
    meaning="What AI really costs by month of use: marts.tco_daily added up.",
    contract=TcoMonthly,
)

_REPORTING = ("reporting_billed_cost", "reporting_effective_cost")
_SUMMED = {*COSTS, *_REPORTING, "billed_cost_without_rate", "effective_cost_without_rate", "first_day", "last_day"}
_GRAIN = [name for name in TCO_MONTHLY.polars_schema if name not in _SUMMED]


def tco_monthly(tco: pl.DataFrame) -> pl.DataFrame:
    """`marts.tco_monthly` of `marts.tco_daily`: each of the four costs sums to what went in, in every currency."""
    day = pl.col("day").dt.date()
    told = [pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in _REPORTING]
    without = {
        f"{name}_without_rate": pl.col(name).filter(pl.col(f"reporting_{name}").is_null()).sum()
        for name in ("billed_cost", "effective_cost")
    }
    return (
        tco.lazy()
        .with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
        .group_by(_GRAIN)
        .agg(pl.col(COSTS).sum(), *told, **without, first_day=day.min(), last_day=day.max())
        .sort(_GRAIN, nulls_last=True)
        .select(list(TCO_MONTHLY.polars_schema))
        .collect(engine="streaming")
    )
