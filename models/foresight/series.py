"""Series: cost and usage by UTC day of every value that people look at, in one currency (decision record 8).

Every dimension partitions the total, so its series sum to it on each day. Where a day's costs come from is the
caller's word; which day a forecast may stand on is in `origin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from models.table import MONEY

DIMENSIONS = ("total", "vendor", "team", "component", "model", "key", "sku")
"""What there are series by; a SKU is one within its vendor."""

KEY = ("dimension", "vendor", "value", "currency")
"""What names a series; `vendor` only of a SKU. No value is a value of its own: no team, no model, no key."""

SERIES = pl.Schema(
    {
        "dimension": pl.String(),
        "vendor": pl.String(),
        "value": pl.String(),
        "value_name": pl.String(),
        "currency": pl.String(),
        "day": pl.Date(),
        "effective_cost": MONEY,
        "billed_cost": MONEY,
        "usage": MONEY,
        "metered_cost": MONEY,
        "unit": pl.String(),
    }
)
"""One row per series and day, from its first day to the origin, days without a charge too. `usage` is in `unit`, and
`metered_cost` the effective cost of exactly that usage, so that their quotient is a price; null where no one unit
measures the series. `value_name` is what people call it: of a key its last name."""

ITEMS = pl.Schema(
    {
        "provider_name": pl.String(),
        "team": pl.String(),
        "component": pl.String(),
        "model": pl.String(),
        "key": pl.String(),
        "key_name": pl.String(),
        "sku": pl.String(),
        "sku_name": pl.String(),
        "currency": pl.String(),
        "unit": pl.String(),
        "day": pl.Date(),
        "effective_cost": MONEY,
        "billed_cost": MONEY,
        "quantity": MONEY,
    }
)
"""What series are made of, any number of rows: `quantity` is how much was used, in `unit`, null of what is no usage."""

NO_VALUE: Mapping[str, str] = {
    "total": "total",
    "vendor": "no vendor",
    "team": "unallocated",
    "component": "unmatched",
    "model": "no model",
    "key": "no key",
    "sku": "no SKU",
}
"""How people call what has no value of a dimension."""

TOKENS = "Tokens"
"""Of several units tokens measure a series: what else is in it (searches, minutes) stands beside them."""

VALUES: Mapping[str, str | None] = {
    "total": None, "vendor": "provider_name", "team": "team", "component": "component", "model": "model", "key": "key",
    "sku": "sku",
}  # fmt: skip
"""The column of ITEMS that holds a dimension's values."""
_NAMES = {"key": "key_name", "sku": "sku_name"}
_COSTS = ("effective_cost", "billed_cost")
_ZERO = pl.lit(0, dtype=MONEY)


def series(costs: Mapping[str, pl.DataFrame], usage: Mapping[str, pl.DataFrame], through: date) -> pl.DataFrame:
    """SERIES through that day.

    `costs` and `usage` by dimension: frames with the columns of ITEMS that the dimension needs (its value and its
    name, `currency`, `day`, the costs; for `usage` also `quantity` and `unit`). They may differ: what a team shares of
    a pool costs it and is metered elsewhere. Later days are left out: a day that is half there would look like a drop.
    """
    made = [_of_dimension(name, costs[name], usage[name], through) for name in DIMENSIONS if name in costs]
    return pl.concat([pl.DataFrame(schema=SERIES), *made])


def _of_dimension(dimension: str, costs: pl.DataFrame, usage: pl.DataFrame, through: date) -> pl.DataFrame:
    cost, used = (_named(rows.lazy().filter(pl.col("day") <= through), dimension) for rows in (costs, usage))
    spent = cost.group_by(*KEY, "day").agg(pl.col("value_name").max(), pl.col(_COSTS).sum())
    days = _days(spent, through)
    measured = _measured(used)
    units = measured.select(*KEY, "unit").unique()
    return (
        days.join(spent.drop("value_name"), on=[*KEY, "day"], how="left", nulls_equal=True)
        .join(units, on=KEY, how="left", nulls_equal=True)
        .join(measured.drop("unit"), on=[*KEY, "day"], how="left", nulls_equal=True)
        .with_columns(
            pl.col(_COSTS).fill_null(_ZERO),
            *(
                pl.when(pl.col("unit").is_not_null()).then(pl.col(name).fill_null(_ZERO))
                for name in ("usage", "metered_cost")
            ),
        )
        .sort(*KEY, "day", nulls_last=True)
        .select(pl.col(name).cast(dtype) for name, dtype in SERIES.items())
        .collect()
    )


def _named(rows: pl.LazyFrame, dimension: str) -> pl.LazyFrame:
    """The rows by the series that they belong to."""
    value = VALUES[dimension]
    nothing = pl.lit(None, dtype=pl.String)
    told = nothing if value is None else pl.col(value)
    name = pl.coalesce(_NAMES[dimension], told) if dimension in _NAMES else told
    return rows.with_columns(
        dimension=pl.lit(dimension),
        vendor=pl.col("provider_name") if dimension == "sku" else nothing,
        value=told,
        value_name=name.fill_null(NO_VALUE[dimension]),
    )


def _days(spent: pl.LazyFrame, through: date) -> pl.LazyFrame:
    """Each series on every day from its first one, under the last name that it bore."""
    return (
        spent.sort("day")
        .group_by(KEY)
        .agg(day=pl.date_range(pl.col("day").min(), pl.lit(through), "1d"), value_name=pl.col("value_name").last())
        .explode("day")
    )


def _measured(used: pl.LazyFrame) -> pl.LazyFrame:
    """KEY, day, `unit`, `usage`, `metered_cost`, where tokens or one unit alone measure the series."""
    units = pl.col("unit").unique()
    by_unit = used.filter(pl.col("quantity").is_not_null(), pl.col("unit").is_not_null())
    chosen = (
        by_unit.group_by(KEY)
        .agg(
            unit=pl.when((pl.col("unit") == TOKENS).any())
            .then(pl.lit(TOKENS))
            .when(units.len() == 1)
            .then(units.first())
        )
        .drop_nulls("unit")
    )
    return (
        by_unit.join(chosen, on=[*KEY, "unit"], how="semi", nulls_equal=True)
        .group_by(*KEY, "unit", "day")
        .agg(usage=pl.col("quantity").sum(), metered_cost=pl.col("effective_cost").sum())
    )
