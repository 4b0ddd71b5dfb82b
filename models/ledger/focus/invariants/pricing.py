"""How quantity, unit and price of a charge hang together, and what a SKU's identity carries with it."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from models.ledger.focus.invariants.rule import RESOLUTION, Charges, Rule, is_correction, several
from models.ledger.focus.unit_format import measure_of
from models.table import MONEY

_STEP = pl.lit(Decimal(RESOLUTION), dtype=MONEY)
_ZERO = pl.lit(Decimal(0), dtype=MONEY)
_LARGEST_PRODUCT = 1e25
_LARGEST_BLOCK = Decimal(10) ** 12
_LARGEST_QUANTITY = 10**12


def _blur(name: str) -> pl.Expr:
    """What a stored figure may lie beside the true one: nothing where its last six places are zeros (it was not
    rounded to fit), else one step of the last place."""
    return pl.when(pl.col(name).round(6) == pl.col(name)).then(_ZERO).otherwise(_STEP)


def _product_differs(price: str, quantity: str, cost: str) -> pl.Expr:
    """Price × quantity is not the cost, by more than the 12 places of the three can explain: two steps of the cost,
    and what a step of price or quantity makes of the other. No fixed tolerance, so that 1e-9 counts."""
    fits = pl.col(price).cast(pl.Float64).abs() * pl.col(quantity).cast(pl.Float64).abs() < _LARGEST_PRODUCT
    bounded = pl.when(fits).then(pl.col(quantity)).otherwise(_ZERO)
    distance = (pl.col(price) * bounded - pl.col(cost)).abs()
    allowed = _STEP + _STEP + pl.col(price).abs() * _blur(quantity) + bounded.abs() * _blur(price)
    return pl.col(price).is_not_null() & pl.col(quantity).is_not_null() & (~fits | (distance > allowed))


def _product_rule(price: str, cost: str, focus: str) -> Rule:
    return Rule(
        f"price-times-quantity:{cost}",
        f"{cost} = {price} × PricingQuantity, at any magnitude",
        (cost, price, "PricingQuantity"),
        _product_differs(price, "PricingQuantity", cost),
        focus,
    )


def _quantities_disagree(charges: Charges) -> pl.Expr | None:
    """Consumed and priced amounts, brought to one base unit, differ. Units that do not compare say nothing."""
    units = {unit for name in ("ConsumedUnit", "PricingUnit") for unit in charges.distinct(name)}
    measures = {unit: measure_of(unit) for unit in units}
    known = {unit: measure for unit, measure in measures.items() if measure.block <= _LARGEST_BLOCK}
    if not known:
        return None
    bases = {unit: measure.base for unit, measure in known.items()}
    blocks = {unit: measure.block for unit, measure in known.items()}

    def base(unit: str) -> pl.Expr:
        return pl.col(unit).replace_strict(bases, default=None, return_dtype=pl.String)

    comparable = (
        ~is_correction()
        & (base("ConsumedUnit") == base("PricingUnit"))
        # blocks and quantities are bounded, so that products stay within 26 digits before the point
        & (pl.col("ConsumedQuantity").abs() < _LARGEST_QUANTITY)
        & (pl.col("PricingQuantity").abs() < _LARGEST_QUANTITY)
    )

    def amount(quantity: pl.Expr, unit: str) -> pl.Expr:
        block = pl.col(unit).replace_strict(blocks, default=None, return_dtype=MONEY)
        return pl.when(comparable).then(quantity) * block

    distance = amount(pl.col("ConsumedQuantity"), "ConsumedUnit") - amount(pl.col("PricingQuantity"), "PricingUnit")
    allowed = (
        _STEP + amount(_blur("ConsumedQuantity"), "ConsumedUnit") + amount(_blur("PricingQuantity"), "PricingUnit")
    )
    return distance.abs() > allowed


_SAME_CURRENCY = pl.col("PricingCurrency") == pl.col("BillingCurrency")


def _same_in_both_currencies(pricing: str, billing: str) -> Rule:
    return Rule(
        f"pricing-currency-agrees:{billing}",
        f"{pricing} is {billing} where both currencies are the same",
        (pricing, billing, "PricingCurrency", "BillingCurrency"),
        _SAME_CURRENCY & (pl.col(pricing) != pl.col(billing)),
    )


_PRODUCTS: tuple[Rule, ...] = (
    _product_rule("ListUnitPrice", "ListCost", "CAU-ListCost-C-011-C"),
    _product_rule("ContractedUnitPrice", "ContractedCost", "CAU-ContractedCost-C-011-C"),
    Rule(
        "consumed-is-what-is-priced",
        "ConsumedQuantity and PricingQuantity are the same amount in their units (1000000 Tokens = 1 × 1000000 Tokens)",
        ("ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit"),
        _quantities_disagree,
    ),
    _same_in_both_currencies("PricingCurrencyListUnitPrice", "ListUnitPrice"),
    _same_in_both_currencies("PricingCurrencyContractedUnitPrice", "ContractedUnitPrice"),
    _same_in_both_currencies("PricingCurrencyEffectiveCost", "EffectiveCost"),
)


def _one(inner: str, per: str, text: str, focus: str | None = None) -> Rule:
    return Rule(f"one-{inner}-per-{per}", text, (per, inner), several(inner, per), focus)


_IDENTITY: tuple[Rule, ...] = (
    _one("SkuId", "SkuPriceId", "a SkuPriceId belongs to one SkuId", "CAU-SkuPriceId-C-008-M"),
    _one("PricingUnit", "SkuPriceId", "a SkuPriceId is priced in one unit", "CAU-PricingUnit-C-008-M"),
    _one("SkuPriceDetails", "SkuPriceId", "a SkuPriceId has one set of details", "CAU-SkuPriceDetails-C-007-M"),
    _one("SkuMeter", "SkuId", "a SkuId has one meter", "CAU-SkuMeter-C-006-O"),
    _one("ServiceName", "SkuId", "a SkuId belongs to one service"),
)

PRICING_RULES: tuple[Rule, ...] = (*_PRODUCTS, *_IDENTITY)
"""Rules of quantities, prices and SKUs."""
