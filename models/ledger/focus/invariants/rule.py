"""What an invariant is: one sentence about charges that must hold, and the expression that is true where it does not.

Rules live in one module a theme; `judgement` runs them. A rule never changes a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

Severity = Literal["error", "warning"]

RESOLUTION = "0.000000000001"
"""The last of the 12 places that money and quantities are kept with."""


class Charges:
    """The table under judgement, made comparable, and the distinct values of its columns, found once each."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._distinct: dict[str, pl.Series] = {}

    def distinct(self, name: str) -> pl.Series:
        """The known values of a column, each once."""
        if name not in self._distinct:
            self._distinct[name] = self.frame[name].drop_nulls().unique()
        return self._distinct[name]


Broken = pl.Expr | Callable[[Charges], pl.Expr | None]
"""True where a rule is broken; or makes that from the table, None where nothing can be."""


@dataclass(frozen=True)
class Rule:
    """One invariant.

    `broken` is true on each row that breaks it; null counts as kept.
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

    def mask(self, charges: Charges) -> pl.Expr | None:
        """True where the rule is broken, never null; None where it plainly is not."""
        broken = self.broken if isinstance(self.broken, pl.Expr) else self.broken(charges)
        return None if broken is None else broken.fill_null(value=False)


def where_value(name: str, bad: Callable[[pl.Series], pl.Series]) -> Callable[[Charges], pl.Expr | None]:
    """Rows whose known value `bad` calls bad; each distinct value is judged once, for columns repeat themselves."""

    def broken(charges: Charges) -> pl.Expr | None:
        values = charges.distinct(name)
        wrong = values.filter(bad(values)) if len(values) else values
        return pl.col(name).is_in(wrong.implode()) if len(wrong) else None

    return broken


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
