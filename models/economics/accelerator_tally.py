"""What a load keeps of accelerators while its charges go by in parts: the proof of their hours, and what is in no list.

Only sums are kept. Which charges bill an accelerator is `accelerators`' word, hours by day `accelerator_usage`'s.
"""

from __future__ import annotations

import polars as pl

from models.economics.accelerator_catalogue import AcceleratorCatalogue
from models.economics.accelerator_usage import accelerator_usage
from models.economics.accelerators import UNLISTED_SCHEMA, examine
from models.ledger.trust import CHECK_SCHEMA
from models.table import MONEY

_CHECK = "accelerators = charges"
_MEANING = "Accelerator-hours by day cost what the charges of accelerators cost."
_SUMMED = pl.Schema({"currency": pl.String(), "expected": MONEY, "actual": MONEY})


class AcceleratorTally:
    """One load's accelerators (source, billing period), part by part."""

    def __init__(self, catalogue: AcceleratorCatalogue) -> None:
        self._catalogue = catalogue
        self._unlisted: list[pl.DataFrame] = []
        self._costs: list[pl.DataFrame] = []

    def add(self, charges: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """One part of the charges, whoever made them, with their accelerator facts, and its `usage.accelerators`."""
        examined = examine(charges, self._catalogue)
        usage = accelerator_usage(examined.charges)
        self._unlisted.append(examined.unlisted)
        self._costs.append(_costs(examined.charges, usage))
        return examined.charges, usage

    def unlisted(self) -> pl.DataFrame:
        """UNLISTED_SCHEMA of all parts, dearest first."""
        return (
            pl.concat([pl.DataFrame(schema=UNLISTED_SCHEMA), *self._unlisted])
            .group_by("what", "currency")
            .agg(pl.col("effective_cost", "billed_cost", "charges").sum())
            .sort(pl.col("effective_cost").abs(), "what", "currency", descending=[True, False, False])
            .select(list(UNLISTED_SCHEMA))
            .cast(UNLISTED_SCHEMA)
        )

    def conclude(self) -> pl.DataFrame:
        """CHECK_SCHEMA: a proof per currency that `usage.accelerators` holds all that accelerators cost in effect; no
        rows where none was billed."""
        expected, actual = pl.col("expected"), pl.col("actual")
        return (
            pl.concat([pl.DataFrame(schema=_SUMMED), *self._costs])
            .group_by("currency")
            .agg(expected.sum(), actual.sum())
            .sort("currency")
            .with_columns(
                check=pl.lit(_CHECK),
                kind=pl.lit("proof"),
                cost_basis=pl.lit("effective"),
                subject=pl.lit(None),
                difference=actual - expected,
                passed=actual == expected,
                detail=pl.lit(_MEANING),
            )
            .select(list(CHECK_SCHEMA))
            .cast(CHECK_SCHEMA)
        )


def _costs(charges: pl.DataFrame, usage: pl.DataFrame) -> pl.DataFrame:
    """Effective cost by currency: of the charges of accelerators, and of what became of them."""
    charged = charges.filter(pl.col("x_AiKind") == "accelerator").group_by(currency="BillingCurrency")
    expected = charged.agg(expected=pl.col("EffectiveCost").sum())
    actual = usage.group_by("currency").agg(actual=pl.col("effective_cost").sum())
    both = expected.join(actual, on="currency", how="full", coalesce=True)
    return both.with_columns(pl.col("expected", "actual").fill_null(0)).select(list(_SUMMED)).cast(_SUMMED)
