"""Rollup: charges by day, the table that pages, budgets and forecasts read.

Sums only; nothing is rated, judged or allocated here. Adding up two rollups of different charges is the rollup of
both, so the work can be done a chunk at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import dataframely as dy
import polars as pl

from models.table import Table, instant, money, text


class DailyCosts(dy.Schema):
    """One row per day and everything that a charge is for; costs in `currency`."""

    source = text("Name of the source in outlay.yaml")
    billing_month = text("Month that it is billed in, YYYY-MM")
    day = instant("UTC day on which the charge period starts")
    provider_name = text("FOCUS ServiceProviderName")
    service_name = text("FOCUS ServiceName", nullable=True)
    billing_account_id = text("Account that is invoiced")
    project_id = text("FOCUS SubAccountId: project, workspace, subscription", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    api_key_id = text("API key's identifier", nullable=True)
    api_key_name = text("Its name at that time", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    meter = text("What was metered", nullable=True)
    token_kind = text("The meter where it counts tokens, else null", nullable=True)
    processing_tier = text("standard, batch, flex, priority, fast or unknown", nullable=True)
    charge_category = text("FOCUS ChargeCategory")
    match = text("matched, unmatched or native", nullable=True)
    price_status = text("priced, unpriced, estimated or native", nullable=True)
    cost_status = text("provisional or invoiced", nullable=True)
    currency = text("ISO 4217 code of the four costs")
    unit = text("FOCUS unit of consumed_quantity", nullable=True)
    charges = dy.Int64(nullable=False, description="How many charges")
    billed_cost = money("What finance will pay, in currency")
    effective_cost = money("What the day really cost, in currency")
    list_cost = money("At public prices, in currency")
    contracted_cost = money("At our prices, in currency")
    consumed_quantity = money("How much was used, in unit; null where nothing was metered", nullable=True)


DAILY_COSTS = Table(
    name="daily_costs",
    schema="marts",
    kind="fact",
    grain=(
        "source × billing month × day × service × project × key × model × meter × tier × charge category × "
        "match × price status × cost status × currency × unit"
    ),
    meaning="Charges added up by UTC day: all four costs and the quantity, for everything that a charge is for.",
    contract=DailyCosts,
)

_FROM_CHARGES = {
    "source": "x_Source",
    "billing_month": "x_BillingMonth",
    "provider_name": "ServiceProviderName",
    "service_name": "ServiceName",
    "billing_account_id": "BillingAccountId",
    "project_id": "SubAccountId",
    "project_name": "SubAccountName",
    "api_key_id": "x_ApiKeyId",
    "api_key_name": "x_ApiKeyName",
    "model": "x_ModelId",
    "meter": "x_Meter",
    "token_kind": "x_TokenKind",
    "processing_tier": "x_ProcessingTier",
    "charge_category": "ChargeCategory",
    "match": "x_Match",
    "price_status": "x_PriceStatus",
    "cost_status": "x_CostStatus",
    "currency": "BillingCurrency",
    "unit": "ConsumedUnit",
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "list_cost": "ListCost",
    "contracted_cost": "ContractedCost",
    "consumed_quantity": "ConsumedQuantity",
}
_SUMS = ("charges", "billed_cost", "effective_cost", "list_cost", "contracted_cost")
_NAMES = ("project_name", "api_key_name")
_GRAIN = [name for name in DAILY_COSTS.polars_schema if name not in {*_SUMS, *_NAMES, "consumed_quantity"}]


def daily(charges: pl.DataFrame) -> pl.DataFrame:
    """`marts.daily_costs` of charges (`focus.cost_and_usage`), whoever made them.

    A charge counts on the UTC day on which its period starts, however long it is.
    """
    renamed = charges.select(
        day=pl.col("ChargePeriodStart").dt.truncate("1d"),
        charges=pl.lit(1, dtype=pl.Int64),
        **{name: pl.col(column) for name, column in _FROM_CHARGES.items()},
    )
    return _added_up(renamed)


def combine(rollups: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One rollup of several: `combine([daily(a), daily(b)])` is `daily` of a and b together.

    Only days that stand in several are added up anew: chunks are days, and a month of days needs no second sum.
    """
    days: defaultdict[tuple[object, ...], list[pl.DataFrame]] = defaultdict(list)
    for rollup in rollups:
        for day, part in rollup.partition_by("source", "billing_month", "day", as_dict=True).items():
            days[day].append(part)
    added = [parts[0] if len(parts) == 1 else _added_up(pl.concat(parts)) for _, parts in sorted(days.items())]
    return pl.concat([DAILY_COSTS.empty(), *added])


def _added_up(rows: pl.DataFrame) -> pl.DataFrame:
    """Sorted by the grain, so that equal charges give equal rollups, whatever the order they came in."""
    quantity = pl.col("consumed_quantity")
    return (
        rows.group_by(_GRAIN)
        .agg(
            pl.col(_NAMES).max(),
            pl.col(_SUMS).sum(),
            consumed_quantity=pl.when(quantity.is_not_null().any()).then(quantity.sum()),
        )
        .sort(_GRAIN, nulls_last=True)
        .select(list(DAILY_COSTS.polars_schema))
    )
