"""What models were used for, by month: tokens and other meters by model, tier and team, and what they cost.

Charges as attributed, before shared pools are split: a quantity is used once, by whoever used it, and is not split.
Unit costs, with the capacity that served tokens, are `unit_costs`; what no charge counts is not here.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from models.economics.pools import COSTS
from models.economics.vendors import is_of_models
from models.table import Table, money, text


class ModelTokens(dy.Schema):
    """One row per month, model, meter, tier, place and owner; costs in `currency`."""

    month = text("Month of use, YYYY-MM, UTC")
    source = text("Name of the source in outlay.yaml")
    provider_name = text("FOCUS ServiceProviderName: who sells it")
    host_name = text("FOCUS HostProviderName: on whose machines it runs", nullable=True)
    developer_name = text("Who develops the model; null where there is no model, or it is unknown", nullable=True)
    model = text("Model, as the vendor names it; null: model API without a model, such as capacity or a fee",
                 nullable=True)  # fmt: skip
    component = text("Component of the AI stack; null is unmatched", nullable=True)
    layer = text("Layer of the stack; null is unmatched", nullable=True)
    meter = text("What was metered; null where nothing was", nullable=True)
    token_kind = text("The meter where it counts tokens, else null", nullable=True)
    unit = text("FOCUS unit of quantity", nullable=True)
    processing_tier = text("standard, batch, flex, priority, fast or unknown", nullable=True)
    region = text("FOCUS RegionId, or where inference ran where the vendor tells only that", nullable=True)
    charge_category = text("FOCUS ChargeCategory: credits, purchases and corrections count no tokens")
    price_status = text("priced, unpriced, estimated or native", nullable=True)
    team = text("Team that used it; null is unallocated, or in a pool", nullable=True)
    pool = text("Shared pool that its cost is split from; null where it is in none", nullable=True)
    currency = text("ISO 4217 code of the four costs")
    charges = dy.Int64(nullable=False, description="How many charges")
    quantity = money("How much was used, in unit; null where nothing was metered", nullable=True)
    billed_cost = money("What finance will pay, in currency")
    effective_cost = money("What it really cost, in currency")
    list_cost = money("At public prices, in currency")
    contracted_cost = money("At our prices, in currency")
    unmeasured_effective_cost = money("The part of effective_cost whose charges tell no quantity, in currency")


MODEL_TOKENS = Table(
    name="model_tokens",
    schema="marts",
    kind="mart",
    grain=(
        "month × source × provider × host × model × component × meter × unit × tier × region × charge category × "
        "price status × team × pool × currency"
    ),
    meaning="Tokens and other use of models by month, model, tier and team, with all costs, before pools are split.",
    contract=ModelTokens,
)

_SUMMED = {"charges", "quantity", *COSTS, "unmeasured_effective_cost"}
_GRAIN = [name for name in MODEL_TOKENS.polars_schema if name not in _SUMMED]


def model_tokens(attributed: pl.DataFrame) -> pl.DataFrame:
    """`marts.model_tokens` of `marts.attributed_daily`: all rows that name a model or a meter, or are of model APIs."""
    quantity = pl.col("consumed_quantity")
    return (
        attributed.lazy()
        .filter(is_of_models() | pl.col("meter").is_not_null())
        .with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
        .group_by(_GRAIN)
        .agg(
            pl.col("charges", *COSTS).sum(),
            quantity=pl.when(quantity.is_not_null().any()).then(quantity.sum()),
            unmeasured_effective_cost=pl.col("effective_cost").filter(quantity.is_null()).sum(),
        )
        .sort(_GRAIN, nulls_last=True)
        .select(list(MODEL_TOKENS.polars_schema))
        .collect(engine="streaming")
    )
