"""Total cost of ownership by day: attributed charges with pools split, and declared costs beside them.

Rules, components and owners are applied in `attribution`; here amounts are only divided and put together, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dataframely as dy
import polars as pl

from models.economics.exchange import ExchangeRates, with_reporting
from models.economics.pools import COSTS, Pool, drivers, split
from models.table import MONEY, Table, instant, money, text

ORIGINS = ("charge", "declared")
ALLOCATIONS = ("direct", "shared", "unallocated")


class TcoDaily(dy.Schema):
    """One row per day, origin, component, owner and vendor; costs in `currency`, two of them in reporting currency."""

    origin = text("charge: from a bill; declared: from costs in outlay.yaml, billed 0", values=ORIGINS)
    source = text("Name of the source in outlay.yaml; `declared` for declared costs")
    billing_month = text("Month that it is billed in, YYYY-MM; for declared costs the month of the day")
    day = instant("UTC day")
    provider_name = text("FOCUS ServiceProviderName: who sells it; for declared costs the vendor, or ourselves")
    host_name = text("FOCUS HostProviderName: on whose machines it runs", nullable=True)
    issuer_name = text("FOCUS InvoiceIssuerName: who sends the invoice", nullable=True)
    developer_name = text("Who develops the model; null where there is no model, or it is unknown", nullable=True)
    service_name = text("FOCUS ServiceName; for declared costs the name of the cost", nullable=True)
    region = text("Region, as far as it is known", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    charge_category = text("FOCUS ChargeCategory; Usage for declared costs")
    cost_status = text("provisional or invoiced; null for declared costs", nullable=True)
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
    effective_cost = money("What the day really cost, in currency")
    list_cost = money("At public prices, in currency")
    contracted_cost = money("At our prices, in currency")
    reporting_currency = text("ISO 4217 code of the reporting amounts")
    exchange_rate = money("Reporting currency for one of currency; null where no rate is known", nullable=True)
    rate_date = dy.Date(nullable=True, description="Day of the rate")
    rate_source = text("Where the rate comes from", nullable=True)
    reporting_billed_cost = money("billed_cost in reporting currency; null where no rate is known", nullable=True)
    reporting_effective_cost = money("effective_cost in reporting currency; null where no rate is known", nullable=True)


TCO_DAILY = Table(
    name="tco_daily",
    schema="marts",
    kind="mart",
    grain=(
        "origin × source × billing month × day × vendor × service × region × model × charge category × cost status × "
        "component × allocation × pool × owner × currency"
    ),
    meaning="What AI really costs by day, component and owner: charges with shared pools split, and declared costs.",
    contract=TcoDaily,
)


DECLARED = "declared"
"""Source of what is declared, and its origin."""
OURSELVES = "ourselves"
"""Who provides what nobody is paid for: hardware and people of our own."""

_OWNER = ("team", "cost_centre", "product", "use_case", "environment")
_REPORTING = tuple(name for name in TCO_DAILY.polars_schema if name.startswith(("reporting_", "rate_", "exchange_")))
_GRAIN = [name for name in TCO_DAILY.polars_schema if name not in {*COSTS, *_REPORTING}]
_BEFORE_SPLIT = [name for name in _GRAIN if name != "allocation"]


def tco_daily(
    attributed: pl.DataFrame,
    declared: pl.DataFrame,
    *,
    pools: Sequence[Pool],
    cost_centres: Mapping[str, str],
    rates: ExchangeRates,
) -> pl.DataFrame:
    """`marts.tco_daily` of `marts.attributed_daily` and `marts.declared_costs`.

    `cost_centres`: of a team; it pays for its shares of pools, and for what no rule gives another cost centre. Each of
    the four costs sums to what went in, in every currency; only reporting amounts are rounded, row by row. Raises
    `OutlayError` for pools in a circle.
    """
    together = pl.concat([_of_charges(attributed), _of_declared(declared)])
    is_owned = pl.col("team").is_not_null()
    of_team = pl.col("team").replace_strict(cost_centres, default=None, return_dtype=pl.String)
    costs = (
        split(together, pools, drivers(attributed, rates))
        .with_columns(
            allocation=pl.when(is_owned & pl.col("pool").is_null())
            .then(pl.lit("direct"))
            .when(is_owned)
            .then(pl.lit("shared"))
            .otherwise(pl.lit("unallocated")),
            cost_centre=pl.when(is_owned & pl.col("pool").is_not_null())
            .then(of_team)  # who shares a cost pays for it, whoever ran it up
            .otherwise(pl.coalesce("cost_centre", of_team)),
        )
        .group_by(_GRAIN)
        .agg(pl.col(COSTS).sum())
        .sort("day", *_GRAIN, nulls_last=True)  # by day: who asks for a month reads little of a long history
    )
    return with_reporting(costs, rates).select(list(TCO_DAILY.polars_schema))


def _of_charges(attributed: pl.DataFrame) -> pl.DataFrame:
    rows = attributed.with_columns(origin=pl.lit("charge"))
    return rows.group_by(_BEFORE_SPLIT).agg(pl.col(COSTS).sum()).sort(_BEFORE_SPLIT, nulls_last=True)


def _of_declared(declared: pl.DataFrame) -> pl.DataFrame:
    """What counts of the declared costs; what an invoice took the place of is a charge now."""
    nothing, unknown, cost = pl.lit(0, dtype=MONEY), pl.lit(None, dtype=pl.String), pl.col("effective_cost")
    told: dict[str, pl.Expr] = {
        **dict.fromkeys(("host_name", "developer_name", "region", "model", "cost_status"), unknown),
        **{name: pl.col(name) for name in (*_OWNER, "component", "layer", "pool", "day", "currency")},
        "origin": pl.lit(DECLARED),
        "source": pl.lit(DECLARED),
        "billing_month": pl.col("day").dt.strftime("%Y-%m"),
        "provider_name": pl.col("vendor").fill_null(OURSELVES),
        "issuer_name": pl.col("vendor"),
        "service_name": pl.col("name"),
        "charge_category": pl.lit("Usage"),
        "billed_cost": nothing,
        **dict.fromkeys(("effective_cost", "list_cost", "contracted_cost"), cost),
    }
    counts = declared.filter(pl.col("standing") == "declared")
    return (
        counts.select(**told)
        .group_by(_BEFORE_SPLIT)
        .agg(pl.col(COSTS).sum())
        .sort(_BEFORE_SPLIT, nulls_last=True)
        .select(*_BEFORE_SPLIT, *COSTS)
    )
