"""Accelerator-hours and what they cost, by owner: rented (charges) and our own (declared), used, left unused and busy.

One frame, from which unit costs by the hour and idle money by owner are both added up, so that the two agree. Used is
what a bill calls so; busy is what was measured (`utilisation`).
"""

from __future__ import annotations

import polars as pl

from models.economics.pools import COSTS
from models.ledger.money import product, quotient
from models.table import MONEY

OWNED = "owned"
"""Pricing kind of accelerators of our own."""
COMMITMENT_KINDS = pl.Schema({"source": pl.String(), "commitment_id": pl.String(), "pricing_kind": pl.String()})
"""How the hours of each commitment were bought, as `usage.accelerators` tells it; one row a commitment."""
SUMS = (*COSTS, "used_hours", "unused_hours", "unused_cost", "unmeasured_effective_cost")

_NOTHING = pl.lit(0, dtype=MONEY)
_KEY = [
    *("month", "source", "origin", "accelerator_type", "host_name", "region", "pricing_kind"),
    *("team", "cost_centre", "pool", "currency"),
]


def accelerator_costs(
    attributed: pl.DataFrame, declared: pl.DataFrame, kinds: pl.DataFrame, utilisation: pl.DataFrame
) -> pl.DataFrame:
    """Accelerators by month, source, type, host, region, pricing kind and owner.

    `used_hours` and the four costs are of hours that were used, purchases among billed; `unused_hours` and
    `unused_cost` of what a commitment left; `unmeasured_effective_cost` is of charges that tell no hours, or no cost of
    them. Σ effective + unused + unmeasured = Σ effective of the charges and declared costs. Of
    `measured_hours`, `measured_busy_hours` were busy (`usage.accelerator_utilisation`); null where nothing was
    measured. List and contracted costs of our own accelerators are null: they have none.
    """
    rented = _rented(attributed, kinds).group_by(_KEY).agg(pl.col(SUMS).sum())
    owned = _owned(declared)
    return _measured(pl.concat([rented, owned], how="diagonal"), utilisation).sort(_KEY, nulls_last=True)


def _rented(attributed: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    is_purchase = pl.col("charge_category") == "Purchase"
    is_unused = pl.any_horizontal((pl.col("commitment_status", "capacity_status") == "Unused").fill_null(value=False))
    is_used = ~is_purchase & ~is_unused & pl.col("accelerator_hours").is_not_null() & ~_is_cost_unknown()
    rows = attributed.filter(pl.col("accelerator_type").is_not_null()).join(
        kinds, on=["source", "commitment_id"], how="left"
    )
    return rows.with_columns(
        month=pl.col("day").dt.strftime("%Y-%m"),
        origin=pl.lit("charge"),
        host_name=pl.coalesce("host_name", "provider_name"),
        pricing_kind=pl.coalesce("pricing_kind", _kind_told()),
        used_hours=pl.when(is_used).then("accelerator_hours").otherwise(_NOTHING),
        unused_hours=pl.when(is_unused).then(pl.col("accelerator_hours").fill_null(_NOTHING)).otherwise(_NOTHING),
        unused_cost=pl.when(is_unused).then("effective_cost").otherwise(_NOTHING),
        unmeasured_effective_cost=pl.when(is_used | is_unused).then(_NOTHING).otherwise("effective_cost"),
        billed_cost=pl.when(is_used | is_unused | is_purchase).then("billed_cost").otherwise(_NOTHING),
        **{cost: pl.when(is_used).then(cost).otherwise(_NOTHING) for cost in COSTS if cost != "billed_cost"},
    )


def _is_cost_unknown() -> pl.Expr:
    """Hours at an effective cost of 0 that cannot be free: a commitment's, or without a list price either.

    So it is where a report has no amortized costs, or the fee stands in another month's bill.
    """
    never_free = pl.col("commitment_id").is_not_null() | (pl.col("list_cost") == 0)
    return (pl.col("accelerator_hours") > 0) & (pl.col("effective_cost") == 0) & never_free


def _kind_told() -> pl.Expr:
    return (
        pl.when(pl.col("pricing_category") == "Dynamic")
        .then(pl.lit("spot"))
        .when((pl.col("pricing_category") == "Committed") | pl.col("commitment_id").is_not_null())
        .then(pl.lit("committed"))
        .otherwise(pl.lit("on_demand"))
    )


def _owned(declared: pl.DataFrame) -> pl.DataFrame:
    """Every hour that they stand there is paid; what of it was busy only a measurement can say."""
    key = [name for name in _KEY if name not in {"month", "source", "origin", "host_name", "region", "pricing_kind"}]
    return (
        declared.filter(pl.col("accelerator_type").is_not_null())
        .group_by(*key, month=pl.col("day").dt.strftime("%Y-%m"))
        .agg(pl.col("effective_cost").sum(), used_hours=pl.col("accelerator_hours").sum())
        .with_columns(
            source=pl.lit("declared"),
            origin=pl.lit("declared"),
            host_name=pl.lit(None, dtype=pl.String),
            region=pl.lit(None, dtype=pl.String),
            pricing_kind=pl.lit(OWNED),
            **dict.fromkeys(("billed_cost", "unused_hours", "unused_cost", "unmeasured_effective_cost"), _NOTHING),
        )
    )


_NARROWEST_FIRST = (("source", "team"), ("team",), ("source",), ())
"""What a measurement may say of itself. One of our team at that source says more of its hours than one of everybody's;
one of another team says nothing of them."""


def _measured(rows: pl.DataFrame, utilisation: pl.DataFrame) -> pl.DataFrame:
    """Each row with the narrowest measurement that fits; what no team owns is used by all whom a measurement names."""
    monthly = utilisation.with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
    of_all = monthly.with_columns(team=pl.lit(None, dtype=pl.String))
    has_team = pl.col("team").is_not_null()
    return pl.concat([_narrowest(rows.filter(has_team), monthly), _narrowest(rows.filter(~has_team), of_all)])


def _narrowest(rows: pl.DataFrame, monthly: pl.DataFrame) -> pl.DataFrame:
    """Each row with the measurement of its month, accelerator, source and team, as far as told."""
    for number, narrow in enumerate(_NARROWEST_FIRST):
        said = [pl.col(name).is_not_null() == (name in narrow) for name in ("source", "team")]
        key = ["month", "accelerator_type", *narrow]
        told = (
            monthly.filter(said)
            .group_by(key)
            .agg(pl.col("busy_hours", "measured_hours").sum().name.suffix(f"_{number}"))
        )
        rows = rows.join(told, on=key, how="left")
    busy, measured = (
        pl.coalesce(f"{hours}_{number}" for number in range(len(_NARROWEST_FIRST)))
        for hours in ("busy_hours", "measured_hours")
    )
    return rows.with_columns(measured_busy_hours=busy, measured_hours=pl.when(measured > 0).then(measured)).drop(
        pl.selectors.matches(r"_hours_\d$")
    )


def busy_part(of: str) -> pl.Expr:
    """The part of used hours, or of what they cost, that was busy; null where nothing was measured."""
    return quotient(product(pl.col(of), pl.col("measured_busy_hours")), pl.col("measured_hours"))
