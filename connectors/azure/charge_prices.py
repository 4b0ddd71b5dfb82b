"""What a row of a cost report would list for and was agreed to cost, per unit and in all, in billing currency.

PayGPrice is public, UnitPrice ours before commitments. Reports leave both at 0 where they do not know them.
"""

from __future__ import annotations

import polars as pl

from connectors.azure.charge_kinds import is_commitment
from models.ledger.money import product, quotient
from models.table import MONEY

_ONE, _ZERO = pl.lit(1).cast(MONEY), pl.lit(0).cast(MONEY)
_USAGE = pl.col("category") == "Usage"


def with_prices(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with PricingQuantity, ListUnitPrice, ContractedUnitPrice, ListCost, ContractedCost and x_PriceStatus, and
    with `rate`, billing currency for one of pricing currency (null where it is unknown: then no price is told).

    Needs `category` beside what `with_kinds` gives. Only Usage and Purchase have prices; every other charge lists for
    what it bills. A price that nobody tells is what was billed (or, of what a commitment covers, its effective cost)
    by its quantity.
    """
    is_priced = pl.col("category").is_in(["Usage", "Purchase"])
    told = (
        rows.with_columns(PricingQuantity=pl.when(is_priced).then(_priced_quantity()), rate=_rate())
        .with_columns(contracted=_contracted_price(), base=_base_cost(), listed_in_all=_list_cost())
        .with_columns(
            listed=pl.coalesce(_price("payg_price"), "contracted"), by_quantity=_by_quantity("base"),
            listed_by_quantity=_by_quantity("listed_in_all"),
        )
        .with_columns(contracted=pl.coalesce("contracted", pl.when(is_commitment()).then("listed")))
    )  # fmt: skip
    is_unpriced = pl.all_horizontal(pl.col("contracted", "listed", "listed_in_all").is_null()) & ~is_commitment()
    listed_price = pl.coalesce("listed_by_quantity", "listed", "by_quantity", _ZERO)
    listed_cost = pl.coalesce("listed_in_all", product(pl.col("listed"), pl.col("PricingQuantity")), "base")
    contracted_cost = pl.coalesce(product(pl.col("contracted"), pl.col("PricingQuantity")), "base")
    return told.with_columns(
        ListUnitPrice=pl.when(is_priced).then(listed_price),
        ContractedUnitPrice=pl.when(is_priced).then(pl.coalesce("contracted", "by_quantity", _ZERO)),
        ListCost=pl.when(is_priced).then(listed_cost).otherwise("billed"),
        ContractedCost=pl.when(is_priced).then(contracted_cost).otherwise("billed"),
        x_PriceStatus=pl.when(is_priced & is_unpriced & (pl.col("billed") != 0))
        .then(pl.lit("unpriced"))
        .otherwise(pl.lit("native")),
    ).drop("contracted", "listed", "base", "by_quantity", "listed_in_all", "listed_by_quantity")


def pricing_currency_columns() -> dict[str, pl.Expr]:
    """FOCUS's columns in the currency that it was priced in, which is the billing one unless the report says so."""
    amounts = {
        "ListUnitPrice": "ListUnitPrice",
        "ContractedUnitPrice": "ContractedUnitPrice",
        "EffectiveCost": "effective",
    }
    same = pl.col("rate").eq_missing(_ONE)
    return {
        "PricingCurrency": pl.when(same).then("currency").otherwise("pricing_currency").str.to_uppercase(),
        **{
            f"PricingCurrency{focus}": pl.when(same).then(ours).otherwise(quotient(pl.col(ours), pl.col("rate")))
            for focus, ours in amounts.items()
        },
    }


def _priced_quantity() -> pl.Expr:
    """A purchase, or what was left unused, is of something: one of it where no quantity is told."""
    quantity = pl.col("quantity").abs().fill_null(0)
    needs_one = (pl.col("category") == "Purchase") | (pl.col("kind") == "unused")
    return pl.when(needs_one & (quantity == 0)).then(_ONE).otherwise(quantity)


def _rate() -> pl.Expr:
    """MCA prices are in pricing currency, its costs in billing currency; null where nobody tells the rate."""
    differs = pl.col("pricing_currency").str.to_uppercase() != pl.col("currency").str.to_uppercase()
    known = pl.when(pl.col("exchange_rate") > 0).then("exchange_rate")
    return pl.when(differs).then(known).otherwise(_ONE)


def _price(name: str) -> pl.Expr:
    """A price in billing currency; null where the report leaves it at 0 for something that costs."""
    price = pl.when(pl.col(name) > 0).then(product(pl.col(name), pl.col("rate")))
    free = pl.when((pl.col(name) == 0) & (pl.col("cost") == 0) & ~is_commitment()).then(_ZERO)
    return pl.coalesce(price, free)


def _contracted_price() -> pl.Expr:
    """UnitPrice, else EffectivePrice, which under a commitment is the amortized one and says nothing of our price.

    What gives money back has no price of its own: none is negative.
    """
    effective = pl.when(~is_commitment() & _USAGE).then(_price("effective_price"))
    return pl.when(pl.col("cost") < 0).then(_ZERO).otherwise(pl.coalesce(_price("unit_price"), effective))


def _list_cost() -> pl.Expr:
    """The vendor's own list cost, where it tells one (MCA)."""
    return pl.when((pl.col("payg_cost") > 0) & _USAGE & (pl.col("PricingQuantity") != 0)).then("payg_cost")


def _base_cost() -> pl.Expr:
    return pl.when(is_commitment() & _USAGE).then("effective").otherwise("billed")


def _by_quantity(cost: str) -> pl.Expr:
    return quotient(pl.col(cost), pl.col("PricingQuantity"))
