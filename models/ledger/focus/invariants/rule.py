"""What an invariant is: one sentence about charges that must hold, and the expression that is true where it does not.

Rules live in one module a theme; `judgement` runs them. A rule never changes a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

Severity = Literal["error", "warning"]
Broken = pl.Expr | Callable[[pl.DataFrame], pl.Expr]

RESOLUTION = "0.000000000001"
"""The last of the 12 places that money and quantities are kept with."""


@dataclass(frozen=True)
class Rule:
    """One invariant.

    `broken` is true on each row that breaks it (null counts as kept), or makes that expression from the frame.
    `needs` are the columns without which the rule says nothing; they are shown first in samples. `focus` is the
    rule's id in the requirements model of FOCUS 1.4, null where FOCUS only says it in words or not at all.
    A `warning` is what FOCUS recommends or allows with a reason; everything else is an error.
    """

    id: str
    text: str
    needs: tuple[str, ...]
    broken: Broken
    focus: str | None = None
    severity: Severity = "error"

    def mask(self, frame: pl.DataFrame) -> pl.Expr:
        """True where `frame` breaks the rule, never null."""
        broken = self.broken if isinstance(self.broken, pl.Expr) else self.broken(frame)
        return broken.fill_null(value=False)


def column(name: str) -> pl.Expr:
    return pl.col(name)


def category_is(*categories: str) -> pl.Expr:
    """ChargeCategory is one of these."""
    return pl.col("ChargeCategory").is_in(list(categories))


def is_correction() -> pl.Expr:
    """ChargeClass is Correction; false where it is null."""
    return pl.col("ChargeClass").eq_missing("Correction")


def is_unused() -> pl.Expr:
    """The unused part of a commitment; false where there is none."""
    return pl.col("CommitmentDiscountStatus").eq_missing("Unused")


def is_covered() -> pl.Expr:
    """Something bought before pays for this charge, wholly or in part."""
    return (
        pl.col("CommitmentDiscountId").is_not_null()
        | pl.col("PricingCategory").eq_missing("Committed")
        | pl.col("ContractApplied").is_not_null()
    )


def differs(left: str, right: str) -> pl.Expr:
    """Two known amounts are not the same."""
    return pl.col(left) != pl.col(right)


def several(inner: str, *within: str) -> pl.Expr:
    """More than one known value of `inner` among the rows that share `within`."""
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in within)
    return known & (pl.col(inner).drop_nulls().n_unique().over(list(within)) > 1)


def only_with(dependent: str, holder: str) -> pl.Expr:
    """`dependent` is there although `holder` is not."""
    return pl.col(dependent).is_not_null() & pl.col(holder).is_null()


def lacks(dependent: str, holder: str) -> pl.Expr:
    """`holder` is there but `dependent` is not."""
    return pl.col(holder).is_not_null() & pl.col(dependent).is_null()
