"""How the four costs of a charge stand to each other, and which of them may be negative."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from models.ledger.focus.invariants.rule import RESOLUTION, Rule, category_is, differs, is_correction, is_covered

_BILLED, _EFFECTIVE = pl.col("BilledCost"), pl.col("EffectiveCost")
_LIST, _CONTRACTED = pl.col("ListCost"), pl.col("ContractedCost")
_COSTS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")
_TWO_STEPS = pl.lit(Decimal(RESOLUTION) * 2, dtype=pl.Decimal(38, 12))
_ZERO = pl.lit(Decimal(0), dtype=pl.Decimal(38, 12))


def _exceeds(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Larger, or of the other sign, by more than rounding."""
    return (left.abs() - right.abs() > _TWO_STEPS) | ((left * right.sign().cast(pl.Decimal(38, 12))) < _ZERO)


_EQUALITIES: tuple[Rule, ...] = (
    Rule(
        "uncovered-effective-is-billed",
        "what nothing bought before pays for has EffectiveCost = BilledCost",
        ("ChargeCategory", "EffectiveCost", "BilledCost"),
        category_is("Usage", "Purchase") & ~is_covered() & differs("EffectiveCost", "BilledCost"),
        "CAU-EffectiveCost-C-015-C",
    ),
    Rule(
        "tax-and-credit-effective-is-billed",
        "Tax and Credit have EffectiveCost = BilledCost",
        ("ChargeCategory", "EffectiveCost", "BilledCost"),
        category_is("Tax", "Credit") & differs("EffectiveCost", "BilledCost"),
        "CAU-EffectiveCost-C-017-C",
    ),
    Rule(
        "credit-lists-for-what-is-billed",
        "a Credit has ListCost = ContractedCost = BilledCost",
        ("ChargeCategory", "ListCost", "ContractedCost", "BilledCost"),
        category_is("Credit") & (differs("ListCost", "BilledCost") | differs("ContractedCost", "BilledCost")),
        "CAU-ListCost-C-008-M",
    ),
    Rule(
        "adjustment-effective-in-proportion",
        "an Adjustment's EffectiveCost has the sign and about the size of BilledCost",
        ("ChargeCategory", "EffectiveCost", "BilledCost"),
        category_is("Adjustment") & _exceeds(_EFFECTIVE, _BILLED * pl.lit(Decimal(2), dtype=pl.Decimal(38, 12))),
        "CAU-EffectiveCost-C-018-C",
    ),
)

_PROPORTIONS: tuple[Rule, ...] = (
    Rule(
        "contracted-is-at-most-list",
        "ContractedCost is at most ListCost",
        ("ContractedCost", "ListCost", "ChargeCategory"),
        category_is("Usage", "Purchase") & ~is_correction() & _exceeds(_CONTRACTED, _LIST),
    ),
    Rule(
        "contracted-price-is-at-most-list-price",
        "ContractedUnitPrice is at most ListUnitPrice",
        ("ContractedUnitPrice", "ListUnitPrice"),
        pl.col("ContractedUnitPrice") - pl.col("ListUnitPrice") > _TWO_STEPS,
    ),
    Rule(
        "covered-effective-is-at-most-list",
        "what a commitment covers costs at most its ListCost",
        ("EffectiveCost", "ListCost", "CommitmentDiscountStatus"),
        pl.col("CommitmentDiscountStatus").eq_missing("Used") & ~is_correction() & _exceeds(_EFFECTIVE, _LIST),
        "CAU-EffectiveCost-C-019-M",
    ),
    Rule(
        "effective-costs-something",
        "what is billed and not covered costs something in effect: BilledCost without EffectiveCost is a Purchase",
        ("EffectiveCost", "BilledCost", "ChargeCategory"),
        ~category_is("Purchase") & (_EFFECTIVE == 0) & (_BILLED != 0),
    ),
)

_SIGNS: tuple[Rule, ...] = (
    Rule(
        "usage-costs-are-not-negative",
        "Usage has no negative cost; money given back is a Credit, an Adjustment or a Correction",
        ("ChargeCategory", *_COSTS),
        category_is("Usage") & ~is_correction() & pl.any_horizontal(pl.col(name) < 0 for name in _COSTS),
    ),
    Rule(
        "usage-quantities-are-not-negative",
        "Usage and Purchase have no negative quantity",
        ("ChargeCategory", "ConsumedQuantity", "PricingQuantity"),
        category_is("Usage", "Purchase")
        & ~is_correction()
        & ((pl.col("ConsumedQuantity") < 0) | (pl.col("PricingQuantity") < 0)),
    ),
    *(
        Rule(
            f"price-is-not-negative:{name}",
            f"{name} is not negative",
            (name,),
            pl.col(name) < 0,
            f"CAU-{name}-C-{number}-M",
        )
        for name, number in (
            ("ListUnitPrice", "008"),
            ("ContractedUnitPrice", "009"),
            ("PricingCurrencyListUnitPrice", "008"),
            ("PricingCurrencyContractedUnitPrice", "008"),
        )
    ),
    Rule(
        "credit-is-not-positive",
        "a Credit gives money; only a Correction takes it back",
        ("ChargeCategory", "BilledCost"),
        category_is("Credit") & ~is_correction() & (_BILLED > 0),
    ),
)

COST_RULES: tuple[Rule, ...] = (*_EQUALITIES, *_PROPORTIONS, *_SIGNS)
"""Rules of the four costs."""
