"""How much a metered row of a FOCUS export used: whether its quantities count units, or blocks of them, told by money.

Exports of Microsoft's have counted both ways. In older ones ConsumedQuantity counts blocks (`1K`) although its unit is
`Units`, and PricingQuantity is that divided by the block once more; in others ConsumedQuantity counts units. Only the
price, which is always of a block, tells them apart.
"""

from __future__ import annotations

import polars as pl

from connectors.azure.units import unit_of
from connectors.exports.amounts import with_exact_amounts
from models.ledger.money import product, quotient
from models.table import MONEY

_PRICES = (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "BilledCost"))
"""ContractedCost is not asked: where quantities are wrong, Microsoft's is wrong with them."""
_ANSWERS = ("consumed", "pricing")


def exchange_rates(rows: pl.DataFrame, file: str) -> pl.Series:
    """Billing currency for one of pricing currency, where Microsoft's own column tells it; else 1."""
    name = "x_BillingExchangeRate"
    if name not in rows.columns:
        return pl.Series("rate", [1], dtype=MONEY).new_from_index(0, rows.height)
    exact, _ = with_exact_amounts(rows.select(name), file, [name])
    return exact.select(rate=pl.when(pl.col(name) > 0).then(name).otherwise(1).cast(MONEY)).to_series()


def with_quantities(facts: pl.DataFrame, charges: pl.DataFrame, rate: pl.Series) -> pl.DataFrame:
    """`facts` of each charge's meter with `raw` (units used) and `priced` (blocks of them), both null where nothing is
    metered or nobody can tell; what is metered and cannot be told is `not_understood`.

    A row without money counts as all the others of its unit do, where they agree.
    """
    blocks = {unit: unit_of(unit).block for unit in charges["ConsumedUnit"].unique().drop_nulls()}
    told = facts.with_columns(
        *(charges[name] for name in _NEEDED),
        rate=rate,
        block=pl.col("block").cast(MONEY),
        own_block=charges["ConsumedUnit"].replace_strict(
            list(blocks), list(blocks.values()), default=1, return_dtype=pl.Int64
        ).cast(MONEY),
    )  # fmt: skip
    is_metered = (pl.col("ChargeCategory") == "Usage") & pl.col("x_Meter").is_not_null()
    judged = told.with_columns(counts=pl.when(is_metered).then(_what_counts_blocks()))
    alike = judged.group_by("unit").agg(pl.col("counts").drop_nulls().unique())
    habits = alike.filter(pl.col("counts").list.len() == 1).select("unit", habit=pl.col("counts").list.first())
    known = judged.join(habits, on="unit", how="left", nulls_equal=True, maintain_order="left")
    priced = pl.when(is_metered).then(_priced(pl.coalesce("counts", "habit")))
    unused = pl.col("CommitmentDiscountStatus").eq_missing(pl.lit("Unused"))
    return known.with_columns(priced=priced).select(
        *(name for name in facts.columns if name != "not_understood"),
        pl.col("not_understood") | (is_metered & ~unused & pl.col("priced").is_null()),
        "priced",
        raw=product(pl.col("priced"), pl.col("block")),
    )


_NEEDED = (
    *("ChargeCategory", "ConsumedQuantity", "PricingQuantity", "CommitmentDiscountStatus"),
    *(name for pair in _PRICES for name in pair),
)


def _what_counts_blocks() -> pl.Expr:
    """`consumed` or `pricing`: which quantity costs what the row costs, at the price of a block. Null where no price
    tells, or two prices tell otherwise."""
    one = pl.lit(1).cast(MONEY)
    answers = [_by_price(price, cost, rate) for price, cost in _PRICES for rate in (one, pl.col("rate"))]
    first, last = pl.min_horizontal(answers), pl.max_horizontal(answers)
    return pl.when(first == last).then(first)


def _by_price(price: str, cost: str, rate: pl.Expr) -> pl.Expr:
    """Blocks are of ten and more, so that half and double of the cost are far from the other answer: prices of tiers,
    rounded costs and reductions are not."""
    money = pl.col(cost).abs()
    at = product(pl.col(price), rate)

    def fits(quantity: str) -> pl.Expr:
        worth = product(at, pl.col(quantity)).abs()
        return (money > 0) & (worth * 2 > money) & (worth < money * 2)

    consumed, pricing = fits("ConsumedQuantity"), fits("PricingQuantity")
    return pl.when(consumed).then(pl.lit(_ANSWERS[0])).when(pricing).then(pl.lit(_ANSWERS[1]))


def _priced(counts: pl.Expr) -> pl.Expr:
    """How many blocks: of what is priced by one, of a ConsumedUnit that is a block itself (`1K`), else by what counts
    them."""
    consumed = pl.col("ConsumedQuantity")
    return (
        pl.when(consumed.is_null())
        .then(None)
        .when(pl.col("block") == 1)
        .then(consumed)
        .when(pl.col("own_block") > 1)
        .then(quotient(product(consumed, pl.col("own_block")), pl.col("block")))
        .when(counts == _ANSWERS[0])
        .then(consumed)
        .when(counts == _ANSWERS[1])
        .then("PricingQuantity")
    )
