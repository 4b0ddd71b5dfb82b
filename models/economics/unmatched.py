"""Unmatched spend: what no row of the taxonomy places in a component, largest first. The list of what to add.

Only sums; which component a charge belongs to is `components`' word.
"""

from __future__ import annotations

from datetime import date, timedelta

import dataframely as dy
import polars as pl

from models.table import Table, money, text


class UnmatchedSpend(dy.Schema):
    """One row per seller, service, SKU and currency without a component; costs in `currency`."""

    provider_name = text("FOCUS ServiceProviderName: who sells it")
    service_name = text("FOCUS ServiceName", nullable=True)
    sku = text("FOCUS SkuMeter, or ChargeDescription where there is no meter", nullable=True)
    charge_category = text("FOCUS ChargeCategory")
    currency = text("ISO 4217 code of the costs")
    charges = dy.Int64(nullable=False, description="How many charges")
    last_full_month = text("The last month of use that is over, YYYY-MM")
    effective_cost = money("What it really cost in all months, in currency")
    effective_cost_last_full_month = money("What of it was used in last_full_month, in currency")


UNMATCHED_SPEND = Table(
    name="unmatched_spend",
    schema="marts",
    kind="mart",
    grain="provider × service × SKU × charge category × currency",
    meaning="Spend that no rule places in a component of the AI stack, largest first.",
    contract=UnmatchedSpend,
)

_KEY = ["provider_name", "service_name", "sku", "charge_category", "currency"]


def unmatched_spend(attributed: pl.DataFrame, today: date) -> pl.DataFrame:
    """`marts.unmatched_spend` of `marts.attributed_daily`, the last full month being the one before that of `today`.

    Largest absolute cost first, so that a large credit is no less unknown than a large charge.
    """
    last_full = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    cost = pl.col("effective_cost")
    in_month = pl.col("day").dt.strftime("%Y-%m") == last_full
    return (
        attributed.filter(pl.col("component").is_null())
        .rename({"unmatched_sku": "sku"})
        .group_by(_KEY)
        .agg(
            pl.col("charges", "effective_cost").sum(),
            last_full_month=pl.lit(last_full),
            effective_cost_last_full_month=cost.filter(in_month).sum(),
        )
        .sort(cost.abs(), *_KEY, descending=[True] + [False] * len(_KEY), nulls_last=True)
        .select(list(UNMATCHED_SPEND.polars_schema))
    )
