"""What tokens and requests cost: charges of tokens, and capacity that was paid for by the hour, over the tokens of it.

Under provisioned throughput (PTU, committed tiers) the hours carry the money and the tokens stay readings (rules of
money, 8): here they meet, month by month, and no amount is used twice. The table that shows it is `unit_costs`.
"""

from __future__ import annotations

import polars as pl

from models.economics.pools import COSTS
from models.ledger.money import quotient
from models.ledger.splitting import split_within
from models.ledger.units import METERS, TOKEN_KINDS
from models.table import MONEY

COVERED_TOKENS = pl.Schema(
    {
        "source": pl.String(),
        "month": pl.String(),
        "model": pl.String(),
        "token_kind": pl.String(),
        "processing_tier": pl.String(),
        "quantity": MONEY,
    }
)
"""Tokens that no charge counts, since capacity may have paid them; one row per source, month, model, kind and tier."""
REQUESTS = pl.Schema({"source": pl.String(), "month": pl.String(), "model": pl.String(), "quantity": MONEY})
"""Requests as metered; one row per source, month and model."""
ALL_MODELS = "all models"
NO_MODEL = "no model told"
"""Capacity of which nobody tells whose tokens it served, and tokens of an unknown model."""

_MILLION = METERS["input"].pricing_unit
_INPUT_KINDS = [name for name in TOKEN_KINDS if METERS[name].direction == "Input"]
_CACHE_READS = [name for name in TOKEN_KINDS if METERS[name].cache_action == "Read"]
_PLACE = ["source", "month"]
_NOTHING = pl.lit(0, dtype=MONEY)
_HOURLY = r"(?i)\bhours?$"


def is_of_tokens() -> pl.Expr:
    """Whether a row of `marts.attributed_daily` is a charge of tokens."""
    return pl.col("token_kind").is_not_null()


def is_capacity() -> pl.Expr:
    """Whether it is a charge of capacity that serves models: by the hour or of a commitment, and of no meter."""
    by_the_hour = pl.col("unit").str.contains(_HOURLY).fill_null(value=False)
    return (
        (pl.col("component") == "model_apis").fill_null(value=False)
        & pl.col("meter").is_null()
        & pl.col("token_kind").is_null()
        & (pl.col("commitment_id").is_not_null() | by_the_hour)
    )


def token_costs(attributed: pl.DataFrame) -> pl.DataFrame:
    """Charges of tokens by month, model and token kind, in millions; capacity is in none of them, for it names no kind.

    Costs are of charges that tell their tokens; what the others cost is `unmeasured_effective_cost`.
    """
    rows = _monthly(attributed.filter(is_of_tokens()))
    quantity = pl.col("consumed_quantity")
    return (
        rows.group_by("month", "model", "token_kind", "currency")
        .agg(
            pl.col(COSTS).filter(_is_measured()).sum(),
            quantity=quantity.filter(_is_measured()).sum(),
            unmeasured_effective_cost=pl.col("effective_cost").filter(~_is_measured()).sum(),
            batch=quantity.filter(pl.col("processing_tier") == "batch").sum(),
            priced=pl.col("effective_cost").filter(_is_measured() & _is_priced()).sum(),
        )
        .with_columns(
            measure=pl.lit("tokens"),
            subject=pl.col("model").fill_null(NO_MODEL),
            batch_share=quotient(pl.col("batch"), pl.col("quantity")),
            priced_share=quotient(pl.col("priced"), pl.col("effective_cost")),
            **_in_millions(),
        )
    )


def blended_costs(attributed: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """Every token of a model, and all that they cost: their charges and the capacity that served them; then all models.

    Capacity whose tokens nobody counted has no part in a price: it stands apart, unmeasured. Σ effective + unmeasured
    over models = charges of tokens + capacity = the row of all models, exactly.
    """
    capacity = assigned_capacity(attributed, covered)
    rows = pl.concat([_charged(attributed), _capacity_paid(capacity, covered)], how="diagonal")
    of_all = rows.with_columns(model=pl.lit(ALL_MODELS))
    return _blended(pl.concat([rows.with_columns(pl.col("model").fill_null(NO_MODEL)), of_all]))


def request_costs(attributed: pl.DataFrame, covered: pl.DataFrame, requests: pl.DataFrame) -> pl.DataFrame:
    """What a request to a model cost: all that is charged for the model and its capacity, over its requests as metered.

    Only of sources that tell requests of that model in that month: cost of others would be divided by nothing.
    """
    key = [*_PLACE, "model", "currency"]
    is_of_models = is_of_tokens() | (pl.col("component") == "model_apis")
    models = _monthly(attributed.filter(is_of_models & ~is_capacity()))
    capacity = assigned_capacity(attributed, covered).filter("is_served")
    costs = pl.concat([models.select(*key, *COSTS), capacity.select(*key, *COSTS)])
    asked = requests.filter(pl.col("model").is_not_null(), pl.col("quantity") > 0)
    return (
        costs.group_by(key)
        .agg(pl.col(COSTS).sum())
        .join(asked, on=[*_PLACE, "model"])
        .group_by("month", "model", "currency")
        .agg(pl.col(COSTS).sum(), pl.col("quantity").sum())
        .with_columns(measure=pl.lit("request"), subject="model", unit=pl.lit("Requests"))
    )


def assigned_capacity(attributed: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """Capacity by source, month, model and currency, with the model whose tokens it served where that can be told.

    Capacity of a model that has covered tokens stays with it. All other capacity of that source and month goes by
    quantity to the covered models that have none of their own; where there is no such model, it stays as it was told,
    and is not `is_served`: nobody counted its tokens.
    """
    key = [*_PLACE, "model", "currency"]
    capacity = _monthly(attributed.filter(is_capacity())).group_by(key).agg(pl.col(COSTS).sum())
    tokens = covered.filter(pl.col("quantity") > 0).group_by(*_PLACE, "model").agg(pl.col("quantity").sum())
    named = capacity.join(tokens, on=[*_PLACE, "model"], how="semi")
    open_tokens = tokens.join(named, on=[*_PLACE, "model"], how="anti")
    rest = capacity.join(named, on=key, how="anti", nulls_equal=True).with_row_index("lot")
    spread = rest.rename({"model": "told"}).join(open_tokens.sort("model"), on=_PLACE)
    for cost in COSTS:
        spread = split_within(spread, total=cost, weight="quantity", by=["lot"], into=cost)
    stays = rest.join(spread, on="lot", how="anti")
    return pl.concat(part.select(*key, *COSTS, is_served=pl.lit(part is not stays)) for part in (named, spread, stays))


def _monthly(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(month=pl.col("day").dt.strftime("%Y-%m"))


def _is_measured() -> pl.Expr:
    """Whether a charge counts its tokens: credits and corrections of them do not."""
    return (pl.col("charge_category") == "Usage") & pl.col("consumed_quantity").is_not_null()


def _is_priced() -> pl.Expr:
    return pl.col("price_status").is_in(["priced", "estimated", "native"])


def _in_millions() -> dict[str, pl.Expr]:
    return {
        "quantity": quotient(pl.col("quantity"), pl.lit(METERS["input"].block).cast(MONEY)),
        "unit": pl.lit(_MILLION),
    }


def _charged(attributed: pl.DataFrame) -> pl.DataFrame:
    """Charges of tokens, those without a quantity too, with what they count."""
    return _monthly(attributed.filter(is_of_tokens())).select(
        "month",
        "model",
        "currency",
        "token_kind",
        "processing_tier",
        *COSTS,
        quantity=pl.when(_is_measured()).then("consumed_quantity"),
        priced=pl.when(_is_priced()).then("effective_cost").otherwise(_NOTHING),
    )


def _capacity_paid(capacity: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """Capacity, and beside it the tokens of the models that it was given to, in the first of its currencies."""
    served, rest = capacity.filter("is_served"), capacity.filter(~pl.col("is_served"))
    bearing = served.group_by(*_PLACE, "model").agg(pl.col("currency").min())
    columns = ["month", "model", "currency"]
    return pl.concat(
        [
            served.select(*columns, *COSTS, priced="effective_cost"),
            rest.select(*columns, unmeasured_effective_cost="effective_cost"),
            covered.join(bearing, on=[*_PLACE, "model"]).drop("source"),
        ],
        how="diagonal",
    )


def _blended(rows: pl.DataFrame) -> pl.DataFrame:
    quantity = pl.col("quantity")
    return (
        rows.group_by("month", "currency", subject="model")
        .agg(
            pl.col(*COSTS, "quantity", "priced", "unmeasured_effective_cost").sum(),
            input=quantity.filter(pl.col("token_kind").is_in(_INPUT_KINDS)).sum(),
            read=quantity.filter(pl.col("token_kind").is_in(_CACHE_READS)).sum(),
            batch=quantity.filter(pl.col("processing_tier") == "batch").sum(),
        )
        .with_columns(
            measure=pl.lit("tokens_blended"),
            cache_hit_share=quotient(pl.col("read"), pl.col("input")),
            batch_share=quotient(pl.col("batch"), quantity),
            priced_share=quotient(pl.col("priced"), pl.col("effective_cost")),
            **_in_millions(),
        )
    )
