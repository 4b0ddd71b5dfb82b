"""Commitments, prepaid credits and capacity reservations: their rows' shape, and that what was paid is what was used
and left over."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from models.ledger.focus.invariants.rule import (
    RESOLUTION,
    Rule,
    category_is,
    is_correction,
    is_unused,
    lacks,
    only_with,
    several,
)
from models.table import MONEY

_ID = pl.col("CommitmentDiscountId")
_STATUS = pl.col("CommitmentDiscountStatus")
_BILLED, _EFFECTIVE = pl.col("BilledCost"), pl.col("EffectiveCost")
_SHARED = ["CommitmentDiscountId", "BillingCurrency"]


def _dependent(name: str) -> Rule:
    return Rule(
        f"not-without:{name}",
        f"{name} is null where CommitmentDiscountId is null",
        (name, "CommitmentDiscountId"),
        only_with(name, "CommitmentDiscountId"),
        f"CAU-{name}-C-00{3 if name.endswith(('Category', 'Status')) else 4}-C",
    )


def _does_not_add_up() -> pl.Expr:
    """Over a commitment whose purchase the data holds: used + unused is at most what was paid, and exactly that once
    the data reaches the end of what was bought. A commitment bought before the data begins says nothing; one that only
    recurs may have been paid in part before, so that used + unused is at least what recurs."""
    bought = category_is("Purchase")
    covered = category_is("Usage")
    starts, ends = pl.col("ChargePeriodStart"), pl.col("ChargePeriodEnd")
    first_bought = starts.filter(bought).min().over(_SHARED)
    last_bought = ends.filter(bought).max().over(_SHARED)
    first_covered = starts.filter(covered).min().over(_SHARED)
    reached = ends.filter(covered).max()
    both = bought.any().over(_SHARED) & covered.any().over(_SHARED)
    paid, used = _BILLED.sum().over(_SHARED), _EFFECTIVE.sum().over(_SHARED)
    rounding = pl.len().over(_SHARED).cast(MONEY) * pl.lit(Decimal(RESOLUTION), dtype=MONEY)
    only_recurs = (~bought | (pl.col("ChargeFrequency") == "Recurring")).all().over(_SHARED)
    too_much, too_little = (used - paid > rounding) & ~only_recurs, paid - used > rounding
    return (
        _ID.is_not_null()
        & both
        & (first_covered >= first_bought)
        & (too_much | (too_little & (reached >= last_bought)))
    )


_SHAPE: tuple[Rule, ...] = (
    *(_dependent(f"CommitmentDiscount{part}") for part in ("Category", "Name", "Quantity", "Status", "Type", "Unit")),
    *(
        Rule(
            f"commitment-has:{name}",
            f"{name} is there where CommitmentDiscountId is",
            (name, "CommitmentDiscountId"),
            lacks(name, "CommitmentDiscountId"),
            f"CAU-{name}-C-00{4 if name.endswith('Category') else 5}-C",
        )
        for name in ("CommitmentDiscountCategory", "CommitmentDiscountType")
    ),
    Rule(
        "committed-usage-has-a-status",
        "Usage under a commitment is Used or Unused",
        ("CommitmentDiscountStatus", "CommitmentDiscountId", "ChargeCategory"),
        category_is("Usage") & lacks("CommitmentDiscountStatus", "CommitmentDiscountId"),
        "CAU-CommitmentDiscountStatus-C-004-C",
    ),
    Rule(
        "only-usage-has-a-status",
        "only Usage is Used or Unused",
        ("CommitmentDiscountStatus", "ChargeCategory"),
        ~category_is("Usage") & _STATUS.is_not_null() & ~is_correction(),
    ),
    Rule(
        "commitment-has-a-quantity",
        "Usage and Purchase of a commitment say how much of it",
        ("CommitmentDiscountQuantity", "CommitmentDiscountId", "ChargeCategory"),
        category_is("Usage", "Purchase")
        & ~is_correction()
        & lacks("CommitmentDiscountQuantity", "CommitmentDiscountId"),
        "CAU-CommitmentDiscountQuantity-C-005-C",
    ),
    Rule(
        "only-usage-and-purchase-have:CommitmentDiscountQuantity",
        "CommitmentDiscountQuantity is null but for Usage and Purchase that correct nothing",
        ("CommitmentDiscountQuantity", "ChargeCategory"),
        pl.col("CommitmentDiscountQuantity").is_not_null() & (~category_is("Usage", "Purchase") | is_correction()),
        "CAU-CommitmentDiscountQuantity-C-007-C",
    ),
    Rule(
        "commitment-quantity-has-a-unit",
        "CommitmentDiscountQuantity and CommitmentDiscountUnit stand together",
        ("CommitmentDiscountQuantity", "CommitmentDiscountUnit"),
        lacks("CommitmentDiscountUnit", "CommitmentDiscountQuantity")
        | only_with("CommitmentDiscountUnit", "CommitmentDiscountQuantity"),
        "CAU-CommitmentDiscountUnit-C-006-C",
    ),
    Rule(
        "one-unit-per-commitment",
        "a commitment is counted in one unit",
        ("CommitmentDiscountUnit", "CommitmentDiscountId"),
        several("CommitmentDiscountUnit", "CommitmentDiscountId"),
        "CAU-CommitmentDiscountUnit-C-008-M",
    ),
    Rule(
        "one-category-per-commitment",
        "a commitment is to money or to usage",
        ("CommitmentDiscountCategory", "CommitmentDiscountId"),
        several("CommitmentDiscountCategory", "CommitmentDiscountId"),
    ),
    Rule(
        "covered-usage-is-priced-as-committed",
        "what a commitment covers has PricingCategory Committed",
        ("PricingCategory", "CommitmentDiscountStatus"),
        (_STATUS == "Used") & pl.col("PricingCategory").is_not_null() & (pl.col("PricingCategory") != "Committed"),
        "CAU-PricingCategory-C-009-C",
    ),
    Rule(
        "capacity-reservation-status-is-whole",
        "CapacityReservationStatus is null without CapacityReservationId, and there for reserved Usage",
        ("CapacityReservationStatus", "CapacityReservationId", "ChargeCategory"),
        only_with("CapacityReservationStatus", "CapacityReservationId")
        | (category_is("Usage") & lacks("CapacityReservationStatus", "CapacityReservationId")),
        "CAU-CapacityReservationStatus-C-003-C",
    ),
)

_MONEY: tuple[Rule, ...] = (
    Rule(
        "commitment-purchase-has-no-effective-cost",
        "buying a commitment has EffectiveCost 0: what it covers carries the cost",
        ("EffectiveCost", "CommitmentDiscountId", "ChargeCategory"),
        category_is("Purchase") & _ID.is_not_null() & (_EFFECTIVE != 0),
        "CAU-EffectiveCost-C-020-C",
    ),
    Rule(
        "covered-usage-is-not-billed-again",
        "what a commitment covers has BilledCost 0: it was billed when it was bought",
        ("BilledCost", "CommitmentDiscountStatus"),
        _STATUS.is_not_null() & (_BILLED != 0),
        "CAU-BilledCost-C-011-C",
    ),
    Rule(
        "unused-costs-something",
        "the unused part of a commitment is Usage that carries its EffectiveCost, never negative",
        ("CommitmentDiscountStatus", "EffectiveCost", "ChargeCategory"),
        is_unused() & ~is_correction() & (~category_is("Usage") | (_EFFECTIVE < 0)),
        "CAU-CommitmentDiscountStatus-C-007-C",
    ),
    Rule(
        "unused-is-the-commitments-own",
        "the unused part of a commitment, and its purchase, have the commitment as their resource",
        ("ResourceId", "CommitmentDiscountId", "ChargeCategory"),
        (is_unused() | category_is("Purchase"))
        & _ID.is_not_null()
        & pl.col("ResourceId").is_not_null()
        & (pl.col("ResourceId") != _ID),
        "CAU-CommitmentDiscountId-C-010-C",
    ),
    Rule(
        "commitment-adds-up",
        "over a commitment, the EffectiveCost of used and unused is the BilledCost of its purchase",
        (
            "CommitmentDiscountId",
            "BilledCost",
            "EffectiveCost",
            "BillingCurrency",
            "ChargeCategory",
            "ChargeFrequency",
            "ChargePeriodStart",
            "ChargePeriodEnd",
        ),
        _does_not_add_up(),
        "CAU-EffectiveCost-C-022-C",
    ),
)

COMMITMENT_RULES: tuple[Rule, ...] = (*_SHAPE, *_MONEY)
"""Rules of commitments."""
