"""What a model's text costs through its API: charges of its tokens, and capacity whose tokens are counted.

Accelerators would take over the text and nothing else: searches, images, sound, and capacity of which nobody tells the
tokens stand beside it, by name. What tokens cost at all is `token_costs`.
"""

from __future__ import annotations

import polars as pl

from models.economics.token_costs import COVERED_TOKENS, assigned_capacity, is_capacity, is_of_tokens
from models.ledger.metering import BILL_STREAM
from models.ledger.units import METERS
from models.table import MONEY

TEXT_KINDS = tuple(
    name for name, meter in METERS.items() if meter.is_token_kind and not name.endswith(("_audio", "_image"))
)
"""Token kinds of text."""
TEXT = "text"
UNCOUNTED_CAPACITY = "capacity whose tokens nobody counted"
OTHER = "not metered"

API_COSTS = pl.Schema(
    {
        "month": pl.String(),
        "model": pl.String(),
        "currency": pl.String(),
        "what": pl.String(),
        "effective_cost": MONEY,
    }
)
"""One row per month of usage, model, currency and what it is for: TEXT, UNCOUNTED_CAPACITY, another meter, or OTHER."""

_KEY = [name for name in API_COSTS if name != "effective_cost"]


def api_costs(attributed: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """API_COSTS of `marts.attributed_daily` rows and COVERED_TOKENS.

    Σ = effective cost of the charges that name a model, and of capacity that was given to one.
    """
    told = attributed.filter(~is_capacity(), pl.col("model").is_not_null()).select(
        "model",
        "currency",
        "effective_cost",
        month=pl.col("day").dt.strftime("%Y-%m"),
        what=pl.when(is_of_tokens() & pl.col("token_kind").is_in(TEXT_KINDS))
        .then(pl.lit(TEXT))
        .otherwise(pl.coalesce("token_kind", "meter", pl.lit(OTHER))),
    )
    capacity = assigned_capacity(attributed, covered).filter(pl.col("model").is_not_null())
    paid = capacity.with_columns(
        what=pl.when("is_served").then(pl.lit(TEXT)).otherwise(pl.lit(UNCOUNTED_CAPACITY)),
    )
    columns = list(API_COSTS)
    return (
        pl.concat([told.select(columns), paid.select(columns)])
        .group_by(_KEY)
        .agg(pl.col("effective_cost").sum())
        .select(columns)
        .sort(_KEY)
    )


def uncharged_tokens(attributed: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """COVERED_TOKENS from what is published: tokens that `readings` (`usage.meter_readings`) count beside a bill,
    beyond those that we have priced, where their source has capacity that can have paid them."""
    key = ["source", "month", "model", "token_kind"]
    sources = attributed.filter(is_capacity())["source"].unique().to_list()
    metered = readings.filter(~pl.col("stream").str.ends_with(BILL_STREAM)).select(
        "source", "model", "token_kind", "quantity", month=pl.col("window_start").dt.strftime("%Y-%m")
    )
    ours = is_of_tokens() & (pl.col("charge_category") == "Usage") & pl.col("price_status").ne_missing("native")
    charged = attributed.filter(ours).select(
        "source",
        "model",
        "token_kind",
        quantity=-pl.col("consumed_quantity").fill_null(0),
        month=pl.col("day").dt.strftime("%Y-%m"),
    )
    tokens = pl.concat([metered, charged.select(metered.columns)])
    return (
        tokens.filter(pl.col("source").is_in(sources), pl.all_horizontal(pl.col("model", "token_kind").is_not_null()))
        .group_by(key)
        .agg(pl.col("quantity").sum())
        .filter(pl.col("quantity") > 0)
        .select(*key, "quantity", processing_tier=pl.lit(None, dtype=pl.String))
        .select(list(COVERED_TOKENS))
        .cast(COVERED_TOKENS)  # pyright: ignore[reportArgumentType]
    )
