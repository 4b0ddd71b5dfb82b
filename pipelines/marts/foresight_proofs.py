"""Proofs that series and forecasts add up: rows of `ops.checks`, worked out at each publishing.

Like the proofs of total cost (`models.economics.tco_proofs`) a proof that fails is a row that people see; nothing is
mended here. What is of all sources together says so as its source.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from models.foresight.origin import Origin
from models.foresight.outlook import MEASURES, Outlook
from models.foresight.series import DIMENSIONS
from models.ledger.trust import CHECKS
from models.table import MONEY

ALL_SOURCES = "all sources"

MEANINGS: Mapping[str, str] = {
    "series = total cost": "Costs by day of every dimension add up to total cost through the day of the forecast.",
    "forecast parts = total": "What is expected of the parts of every dimension adds up to the total, on each day.",
    "landing = actual + rest": "Where a month lands is what was spent so far and what is expected of its other days.",
}
"""Every proof, and what it says."""

_PART = ["billing_period", "currency", "cost_basis", "subject"]
_BASES = {measure: measure.removesuffix("_cost") for measure in MEASURES}


def foresight_checks(tco: pl.DataFrame, series: pl.DataFrame, origin: Origin, made: Outlook) -> pl.DataFrame:
    """CHECKS of series against `marts.tco_daily`, and of the outlook against itself."""
    proofs = {
        "series = total cost": _series(tco, series, origin),
        "forecast parts = total": _parts(made.forecasts),
        "landing = actual + rest": _landings(made.month_end),
    }
    rows = [proof.with_columns(check=pl.lit(check), detail=pl.lit(MEANINGS[check])) for check, proof in proofs.items()]
    return (
        pl.concat(rows)
        .with_columns(
            kind=pl.lit("proof"),
            source=pl.lit(ALL_SOURCES),
            difference=pl.col("actual") - pl.col("expected"),
            passed=pl.col("broken") == 0,
        )
        .sort("check", *_PART, nulls_last=True)
        .select(pl.col(name).cast(dtype) for name, dtype in CHECKS.polars_schema.items())
    )


def _series(tco: pl.DataFrame, series: pl.DataFrame, origin: Origin) -> pl.DataFrame:
    day = pl.col("day").dt.date()
    told = tco.filter(day <= origin.day).with_columns(dimension=pl.lit(list(DIMENSIONS))).explode("dimension")
    return _compared(*(_by_day(rows.with_columns(day=pl.col("day").cast(pl.Date))) for rows in (told, series)))


def _by_day(rows: pl.DataFrame) -> pl.DataFrame:
    """Sums of both costs by day, a row each."""
    return (
        rows.group_by("day", "currency", subject="dimension")
        .agg(pl.col(list(_BASES)).sum())
        .unpivot(list(_BASES), index=["day", "currency", "subject"], variable_name="measure", value_name="value")
        .with_columns(cost_basis=pl.col("measure").replace_strict(_BASES))
    )


def _parts(forecasts: pl.DataFrame) -> pl.DataFrame:
    named = forecasts.select(
        "day", "currency", "dimension", value="expected", cost_basis=pl.col("measure").replace_strict(_BASES)
    )
    whole = named.filter(dimension="total").drop("dimension")
    parts = named.filter(pl.col("dimension") != "total").rename({"dimension": "subject"})
    subjects = parts.select("cost_basis", "currency", "subject").unique()
    return _compared(whole.join(subjects, on=["cost_basis", "currency"]), parts)


def _landings(month_end: pl.DataFrame) -> pl.DataFrame:
    months = month_end.filter(period_kind="month").select(
        "currency", "actual", "landing", "expected_rest", day="first_day", subject="dimension",
        cost_basis=pl.col("measure").replace_strict(_BASES),
    )  # fmt: skip
    broken = (pl.col("landing") != pl.col("actual") + pl.col("expected_rest")).sum()
    rest, landing = pl.col("actual").sum() + pl.col("expected_rest").sum(), pl.col("landing").sum()
    return _by_month(months, expected=rest, actual=landing, broken=broken)


def _compared(expected: pl.DataFrame, actual: pl.DataFrame) -> pl.DataFrame:
    """Two frames of day, currency, cost_basis, subject and value: each day must hold by itself."""
    key = ["day", "currency", "cost_basis", "subject"]
    sums = [rows.group_by(key).agg(pl.col("value").sum()) for rows in (expected, actual)]
    both = sums[0].join(sums[1], on=key, how="full", coalesce=True, nulls_equal=True, suffix="_actual")
    told, made = pl.col("value").fill_null(0), pl.col("value_actual").fill_null(0)
    return _by_month(both, expected=told.sum(), actual=made.sum(), broken=(told != made).sum())


def _by_month(rows: pl.DataFrame, *, expected: pl.Expr, actual: pl.Expr, broken: pl.Expr) -> pl.DataFrame:
    month = pl.col("day").dt.strftime("%Y-%m").alias("billing_period")
    return rows.group_by(month, "currency", "cost_basis", "subject").agg(
        expected=expected.cast(MONEY), actual=actual.cast(MONEY), broken=broken
    )
