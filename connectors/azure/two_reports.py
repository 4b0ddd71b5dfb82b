"""Whether an actual and an amortized report speak of the same usage: what no commitment covers costs the same in both,
and what one covers is as much in both."""

from __future__ import annotations

import polars as pl

from connectors.azure.charge_kinds import is_commitment
from connectors.protocol import Finding
from models.table import MONEY

_SUMS = pl.Schema({"subscription": pl.String, "currency": pl.String, "cost": MONEY, "covered": MONEY})


class Comparison:
    """Adds up both reports as they are read, and says at the end where they differ."""

    def __init__(self) -> None:
        self._sums: dict[str, pl.DataFrame] = {}

    def add(self, report: str, rows: pl.DataFrame) -> None:
        """Rows of `with_kinds` of one report: `actual` or `amortized`."""
        # commitments are bought in the one and left unused in the other: neither stands in both
        is_shared = ~is_commitment() | ~pl.col("kind").is_in(["purchase", "refund", "unused", "odd"])
        # what is covered costs nothing in the actual report; in the amortized one it has what its purchase cost
        is_covered = is_commitment() & (pl.col("kind") == "usage")
        is_spread = is_covered & (pl.lit(report) == "amortized")
        told = rows.filter(is_shared).select(
            pl.col("subscription").fill_null("none"),
            pl.col("currency").str.to_uppercase(),
            cost=pl.when(is_spread).then(0).otherwise("cost").cast(MONEY),
            covered=pl.when(is_covered).then(pl.col("quantity").fill_null(0)).otherwise(0).cast(MONEY),
        )
        known = self._sums.get(report, pl.DataFrame(schema=_SUMS))
        together = pl.concat([known, told]).group_by("subscription", "currency").agg(pl.col("cost", "covered").sum())
        self._sums[report] = together.cast(_SUMS)

    def findings(self) -> tuple[Finding, ...]:
        """One finding for each currency in which they differ, with the money and the subscription where it is most."""
        empty = pl.DataFrame(schema=_SUMS)
        keys = ["subscription", "currency"]
        actual, amortized = self._sums.get("actual", empty), self._sums.get("amortized", empty)
        both = actual.join(amortized, on=keys, how="full", coalesce=True, suffix="_amortized").with_columns(
            pl.col("cost", "covered", "cost_amortized", "covered_amortized").fill_null(0)
        )
        apart = both.with_columns(
            cost=pl.col("cost") - pl.col("cost_amortized"), covered=pl.col("covered") - pl.col("covered_amortized")
        ).filter((pl.col("cost") != 0) | (pl.col("covered") != 0))
        found: list[Finding] = []
        for (currency,) in apart.select("currency").unique().sort("currency").iter_rows():
            rows = apart.filter(pl.col("currency") == currency)
            worst = rows.sort(pl.col("cost").abs(), pl.col("covered").abs(), descending=True).row(0, named=True)
            detail = (
                f"actual and amortized are not of the same usage: on demand {rows['cost'].sum()} {currency} more in "
                f"actual, covered {rows['covered'].sum()} units more; most of it in subscription "
                f"{worst['subscription']} ({worst['cost']} {currency}). Usage follows the amortized report"
            )
            found.append(Finding("reports_differ", detail, rows.height))
        return tuple(found)
