"""Proofs that attribution and splitting lost and made nothing, and measures of what is known: rows of `ops.checks`.

Worked out at each publishing, per source, billing period, currency and cost basis (rules of money, 14). Like the proofs
of a load (`models.ledger.trust`), a proof that fails is a row that people see; nothing is mended here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from models.ledger.trust import CHECKS, COST_BASES
from models.table import MONEY

_PART = ("source", "billing_period", "currency", "cost_basis", "subject")

MEANINGS: Mapping[str, str] = {
    "attributed = charges": "Charges with component and owner add up to the charges, and are as many.",
    "tco = attributed": "What is left of charges after shared pools are split adds up to what went in.",
    "months = days": "Total cost by month adds up to total cost by day.",
    "allocated + unallocated = total": "Direct, shared and unallocated cost add up to charges and declared costs.",
    "owned": "Billed cost that belongs to a team, directly or by its share of a pool.",
    "component known": "Effective cost whose component of the AI stack is known.",
    "converted": "Effective cost that a dated rate tells in the reporting currency.",
}
"""Every proof and measure, and what it says."""


def tco_checks(
    daily_costs: pl.LazyFrame,
    attributed: pl.DataFrame,
    declared: pl.DataFrame,
    tco: pl.DataFrame,
    monthly: pl.DataFrame,
) -> pl.DataFrame:
    """CHECKS of `marts.attributed_daily` and `marts.tco_daily` against `marts.daily_costs` (the charges, as each load
    proved) and against `marts.declared_costs`, whose source is `declared`; of `marts.tco_monthly` against the days."""
    counted = attributed.lazy().filter(pl.col("charges") != 0)
    of_charges = tco.lazy().filter(pl.col("origin") == "charge")
    whole = pl.concat([_costs(attributed.lazy()), _declared(declared.lazy())])
    parts = [
        _proof("attributed = charges", _costs(daily_costs), _costs(attributed.lazy())),
        _proof("attributed = charges", _counts(daily_costs), _counts(counted)),
        _proof("tco = attributed", _costs(attributed.lazy()), _costs(of_charges)),
        _proof("months = days", _costs(tco.lazy()), _costs(monthly.lazy())),
        _proof("allocated + unallocated = total", whole, _costs(tco.lazy())),
        *_measures(tco.lazy()),
    ]
    return (
        pl.concat(parts)
        .with_columns(
            difference=pl.col("actual") - pl.col("expected"),
            detail=pl.col("check").replace_strict(MEANINGS, return_dtype=pl.String),
        )
        .with_columns(passed=pl.when(pl.col("kind") == "proof").then(pl.col("difference") == 0))
        .sort("check", *_PART, nulls_last=True)
        .select(list(CHECKS.polars_schema))
        .collect()
    )


def _costs(rows: pl.LazyFrame) -> pl.LazyFrame:
    """`_PART` and `value`: each of the four costs."""
    return pl.concat(
        [
            rows.select(
                "source",
                "currency",
                billing_period="billing_month",
                cost_basis=pl.lit(basis),
                subject=pl.lit(None, dtype=pl.String),
                value=f"{basis}_cost",
            )
            for basis in COST_BASES
        ]
    )


def _counts(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.select(
        "source",
        "currency",
        billing_period="billing_month",
        cost_basis=pl.lit(None, dtype=pl.String),
        subject=pl.lit("Charges"),
        value=pl.col("charges").cast(MONEY),
    )


def _declared(declared: pl.LazyFrame) -> pl.LazyFrame:
    """What is declared and counts: no bill, and at list and contracted cost what it is in effect."""
    cost = pl.col("effective_cost")
    nothing = pl.lit(0, dtype=MONEY)
    counted = declared.filter(pl.col("standing") == "declared").select(
        "currency",
        source=pl.lit("declared"),
        billing_month=pl.col("day").dt.strftime("%Y-%m"),
        billed_cost=nothing,
        effective_cost=cost,
        list_cost=cost,
        contracted_cost=cost,
    )
    return _costs(counted)


def _proof(check: str, expected: pl.LazyFrame, actual: pl.LazyFrame) -> pl.LazyFrame:
    """What one side lacks counts as nothing there."""
    sums = [side.select(*_PART, "value").group_by(_PART).agg(pl.col("value").sum()) for side in (expected, actual)]
    return (
        sums[0]
        .join(sums[1], on=_PART, how="full", coalesce=True, nulls_equal=True, suffix="_actual")
        .select(
            pl.lit(check).alias("check"),
            pl.lit("proof").alias("kind"),
            *_PART,
            expected=pl.col("value").fill_null(0),
            actual=pl.col("value_actual").fill_null(0),
        )
    )


def _measures(tco: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """Shares of absolute cost, so that no refund hides what is unknown."""
    of_charges = pl.col("origin") == "charge"
    asked = of_charges & ~pl.col("charge_category").is_in(["Tax", "Credit"])
    for check, basis, whole, known in (
        ("owned", "billed", asked, pl.col("team").is_not_null()),
        ("component known", "effective", of_charges, pl.col("component").is_not_null()),
        ("converted", "effective", pl.lit(True), pl.col("exchange_rate").is_not_null()),
    ):
        size = pl.col(f"{basis}_cost").abs()
        yield (
            tco.filter(whole)
            .group_by("source", "currency", billing_period="billing_month")
            .agg(expected=size.sum(), actual=size.filter(known).sum())
            .select(
                pl.lit(check).alias("check"),
                pl.lit("measure").alias("kind"),
                "source",
                "billing_period",
                "currency",
                pl.lit(basis).alias("cost_basis"),
                pl.lit(None, dtype=pl.String).alias("subject"),
                "expected",
                "actual",
            )
        )
