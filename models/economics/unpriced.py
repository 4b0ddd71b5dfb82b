"""Usage whose price is not known: billed, still to be billed, or on no bill, with what can be done about it.

Of what was billed the cost is known, but not whether it is right, nor what it would cost elsewhere; what no bill pays
has no cost at all: unknown is never zero. Who hears of it is decided in `models.control.kinds.unpriced`.
"""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from models.table import MONEY, Table, money, text

STANDINGS = ("billed", "free", "late", "no bill")
CAUSES: Mapping[str, str] = {
    "billed": "No price list has this model, or none for the days on which it was used.",
    "free": "The vendor bills nothing for it, and no price list has it.",
    "late": "No price list has it yet; the bill that will come tells its cost.",
    "no bill": "The vendor reports this usage and bills none of it, and no price list has its model and tier.",
}
"""Why there is no price, by standing."""
REMEDIES: Mapping[str, str] = {
    "billed": (
        "Declare its rate under contracts in outlay.yaml, as it was agreed; a newer Outlay may know its list price."
    ),
    "free": "Nothing is to be done.",
    "late": "Wait for the bill, or declare its rate under contracts in outlay.yaml.",
    "no bill": "If it is paid for ahead, declare that under costs in outlay.yaml; if it has a rate, under contracts.",
}
"""What to do, by standing."""


class UnpricedUsage(dy.Schema):
    """One row per month, model, meter, tier and owner without a price."""

    month = text("Month of use, YYYY-MM, UTC")
    source = text("Name of the source in outlay.yaml")
    provider_name = text("FOCUS ServiceProviderName: who sells it")
    model = text("Model, as the vendor names it; null where none is told", nullable=True)
    meter = text("What was metered; null where nothing was", nullable=True)
    unit = text("FOCUS unit of quantity", nullable=True)
    processing_tier = text("standard, batch, flex, priority, fast or unknown", nullable=True)
    standing = text(
        "billed: a bill tells its cost; free: billed at nothing; late: the bill is to come; no bill: none pays it",
        values=STANDINGS,
    )
    component = text("Component of the AI stack; null is unmatched", nullable=True)
    team = text("Team that used it; null is unallocated, or in a pool", nullable=True)
    pool = text("Shared pool; null where it is in none", nullable=True)
    currency = text("ISO 4217 code of billed_cost")
    quantity = money("How much was used, in unit; null where nothing was metered", nullable=True)
    billed_cost = money("What was billed for it, in currency; null where no bill is there", nullable=True)
    readings = dy.Int64(nullable=False, description="How many charges, or readings where no bill is there")
    first_day = dy.Date(nullable=False, description="First UTC day")
    last_day = dy.Date(nullable=False, description="Last UTC day")
    cause = text("Why there is no price")
    remedy = text("What to do")


UNPRICED_USAGE = Table(
    name="unpriced_usage",
    schema="marts",
    kind="mart",
    grain="month × source × vendor × model × meter × unit × tier × standing × component × team × pool × currency",
    meaning="Usage whose price is not known, why, and what to do: never counted as zero.",
    contract=UnpricedUsage,
)

_SUMMED = ("quantity", "billed_cost", "readings", "first_day", "last_day", "cause", "remedy")
_GRAIN = [name for name in UNPRICED_USAGE.polars_schema if name not in _SUMMED]


def unpriced_usage(attributed: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """`marts.unpriced_usage` of `marts.attributed_daily` and of estimates by owner (`estimated.owned_estimates`):
    everything whose price_status is unpriced, most of it first."""
    is_unpriced, is_late = pl.col("price_status") == "unpriced", pl.col("reason") == "late"
    billed = attributed.lazy().filter(is_unpriced).rename({"consumed_quantity": "quantity", "charges": "readings"})
    alone = owned.lazy().filter(is_unpriced).with_columns(billed_cost=pl.lit(None, dtype=MONEY))
    parts = (
        billed.with_columns(standing=pl.lit("billed")),
        alone.with_columns(standing=pl.when(is_late).then(pl.lit("late")).otherwise(pl.lit("no bill"))),
    )
    day, columns = pl.col("day").dt.date(), [name for name in _GRAIN if name != "month"]
    known = [
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)
        for name in ("quantity", "billed_cost")
    ]
    return (
        pl.concat([part.select(*columns, "quantity", "billed_cost", "readings", "day") for part in parts])
        .with_columns(month=day.dt.strftime("%Y-%m"))
        .group_by(_GRAIN)
        .agg(*known, pl.col("readings").sum(), first_day=day.min(), last_day=day.max())
        .with_columns(standing=pl.when(pl.col("billed_cost") == 0).then(pl.lit("free")).otherwise("standing"))
        .with_columns(
            cause=pl.col("standing").replace_strict(CAUSES, return_dtype=pl.String),
            remedy=pl.col("standing").replace_strict(REMEDIES, return_dtype=pl.String),
        )
        .sort(
            "month",
            "billed_cost",
            "quantity",
            *_GRAIN[1:],
            descending=[True, True, True, *[False] * 11],
            nulls_last=True,
        )
        .select(list(UNPRICED_USAGE.polars_schema))
        .collect()
    )
