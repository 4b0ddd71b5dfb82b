"""Differences: why a bill line and the readings that it pays for do not agree.

The closed set of reasons is `estimates.REASONS`. A reason is only given where it explains the whole difference;
`price` is what is left for a line whose usage and price are known, `unknown` where even that cannot be said. Ratios
here judge, they never become money, so they may be floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from models.errors import OutlayError
from models.ledger.billing import Settlement
from models.ledger.metering import METER_READINGS

Rate = Callable[[pl.DataFrame], pl.DataFrame]
"""Prices meter readings: `usage.meter_readings` in, the same rows in the same order with `contracted_cost` out."""

_OURS = "0.000000000001"
"""What rounding to 12 places may take from each reading's computed cost."""

_SMALLEST_ROUNDING = "0.000001"
"""Vendors that report six places round the seventh; a difference up to here is theirs."""

_BILLED_AS_INPUT = {
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_5m": "input",
    "cache_write_1h": "input",
    "cache_read_audio": "input_audio",
    "cache_read_image": "input_image",
}
_TIERS = ("standard", "batch", "flex", "priority", "fast")
_GEOGRAPHIES = ("global", "us")

_PRICED_BY = (
    "source", "provider", "model", "meter", "processing_tier", "inference_geo", "context_window", "detail",
)  # fmt: skip

_UNITS_IN_QUANTITY_UNIT = {
    "tokens": 1,
    "1000_tokens": 1000,
    "images": 1,
    "characters": 1,
    "duration_seconds": 1,
    "duration_minutes": 60,
    "duration_hours": 3600,
}
"""How many of a meter's units one of the vendor's quantity_unit holds (OpenAI's costs, openai-openapi 2.3.0)."""


def with_reasons(lines: pl.DataFrame, settlement: Settlement, *, rate: Rate | None) -> pl.DataFrame:
    """Matched lines with `reason`.

    `lines` has a row per matched line: the line's columns, `reported`, `computed`, `difference`, `list_cost`,
    `quantity` and `readings` (how many) of what it pays for, `stated_quantity`, `foreign`, `any_estimated`.
    """
    judged = lines.with_columns(tolerance=_tolerance()).with_columns(reason=_plain(settlement))
    suspects = judged.filter(pl.col("reason") == "price")
    explained = _explained_by_rate(suspects, settlement, rate)
    return (
        judged.join(explained, on="line", how="left", maintain_order="left")
        .with_columns(
            reason=pl.when(pl.col("reason") == "price")
            .then(pl.coalesce("rated_reason", _left_over(settlement)))
            .otherwise("reason")
        )
        .drop("rated_reason", "tolerance")
    )


def _tolerance() -> pl.Expr:
    """Half a unit of the last place that a source reports in on a day: at most half a cent, at least a millionth."""
    unclear = [(pl.col("reported").round(places) != pl.col("reported")).cast(pl.Int64) for places in range(2, 12)]
    places = pl.sum_horizontal(unclear).max().over("source", "currency", "window_start")
    half_units = {count: f"0.{'0' * (count + 2)}5" for count in range(5)}
    return (
        places.replace_strict(half_units, default=_SMALLEST_ROUNDING, return_dtype=pl.String)
        .cast(pl.Decimal(38, 12))
    )  # fmt: skip


def _money(text: str) -> pl.Expr:
    return pl.lit(text).cast(pl.Decimal(38, 12))


def _plain(settlement: Settlement) -> pl.Expr:
    """What can be said without rating anew; `price` for all that is still to be explained."""
    off = pl.col("difference").abs()
    late = pl.col("window_end") > settlement.unsettled_from
    return (
        pl.when("foreign")
        .then(pl.lit("currency"))
        .when(pl.col("computed").is_null() | (off <= pl.col("readings").cast(pl.Int64) * _money(_OURS)))
        .then(None)
        .when(off <= pl.col("tolerance"))
        .then(pl.lit("rounding"))
        .when(_quantity_explains() & (_stated() > _metered()))
        .then(pl.lit("missing usage"))
        .when(_quantity_explains() & ~late)
        .then(pl.lit("missing bill"))
        .when(_quantity_explains())
        .then(pl.lit("late"))
        .when(_vendor_says_discount())
        .then(pl.lit("discount"))
        .otherwise(pl.lit("price"))
    )


def _stated() -> pl.Expr:
    factor = pl.col("quantity_unit").replace_strict(_UNITS_IN_QUANTITY_UNIT, default=None, return_dtype=pl.Int64)
    return pl.col("stated_quantity").cast(pl.Float64) * factor


def _metered() -> pl.Expr:
    return pl.col("quantity").cast(pl.Float64)


def _quantity_explains() -> pl.Expr:
    """The line states another quantity than was metered, and at the same price per unit."""
    by_line = pl.col("reported").cast(pl.Float64) / _stated()
    by_us = pl.col("computed").cast(pl.Float64) / _metered()
    other_quantity = (_stated() - _metered()).abs() > 1e-6 * _metered()
    return (other_quantity & ((by_line - by_us).abs() <= 1e-3 * by_us)).fill_null(value=False)


def _vendor_says_discount() -> pl.Expr:
    """The vendor's own figure before discounts is our list or contracted cost, and it charges less."""
    before = pl.col("list_amount")
    ours = (before - pl.col("list_cost")).abs() <= pl.col("tolerance")
    contracted = (before - pl.col("computed")).abs() <= pl.col("tolerance")
    return ((ours | contracted) & (pl.col("reported") < before)).fill_null(value=False)


def _left_over(settlement: Settlement) -> pl.Expr:
    """One ratio below 1 over all priced lines of a source and day is a discount that nobody told us of."""
    group = ("source", "currency", "window_start", "window_end")
    counted = pl.col("computed").is_not_null() & ~pl.col("foreign")
    reported, computed = (pl.when(counted).then(name).cast(pl.Float64) for name in ("reported", "computed"))
    ratio = (reported.sum() / computed.sum()).over(group)
    one_ratio = ((reported - ratio * computed).abs() <= 2 * pl.col("tolerance").cast(pl.Float64)).all().over(group)
    uniform = one_ratio & (ratio < 1) & (counted.sum().over(group) >= 3)
    late = (pl.col("difference") < 0) & (pl.col("window_end") > settlement.unsettled_from)
    unsure = pl.col("any_estimated") | (pl.col("computed") == 0)
    return (
        pl.when(uniform)
        .then(pl.lit("discount"))
        .when(late)
        .then(pl.lit("late"))
        .when(unsure)
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("price"))
    )


def _explained_by_rate(suspects: pl.DataFrame, settlement: Settlement, rate: Rate | None) -> pl.DataFrame:
    """`line`, `rated_reason`: the first other reading of the same usage whose cost is what was reported."""
    nothing = pl.DataFrame(schema={"line": suspects.schema["line"], "rated_reason": pl.String})
    if rate is None or suspects.is_empty():
        return nothing
    usage = _condensed(settlement.allocations.join(suspects, on="line", how="semi", maintain_order="left"))
    asked = suspects.select("line", "reported", "tolerance")
    found = [
        _cost(usage.with_columns(change), rate)
        .join(asked, on="line", how="inner", maintain_order="left")
        .filter((pl.col("reported") - pl.col("cost")).abs() <= pl.col("tolerance"))
        .select("line", rated_reason=pl.lit(reason))
        for reason, change in _other_readings()
    ]
    return pl.concat([nothing, *found]).unique("line", keep="first", maintain_order=True)


def _condensed(usage: pl.DataFrame) -> pl.DataFrame:
    """Usage of a line by day and whatever a price may depend on: not who used it, nor at which hour."""
    grain = ["line", pl.col("window_start").dt.truncate("1d").alias("day"), *_PRICED_BY]
    rest = [name for name in METER_READINGS.polars_schema if name not in {*_PRICED_BY, "quantity", "window_end"}]
    return usage.group_by(grain, maintain_order=True).agg(
        pl.col(rest).first(), window_end=pl.col("window_end").first(), quantity=pl.col("quantity").sum()
    )


def _other_readings() -> Iterator[tuple[str, pl.Expr]]:
    yield "cache", pl.col("meter").replace(_BILLED_AS_INPUT)
    for tier in _TIERS:
        yield "tier", pl.lit(tier).alias("processing_tier")
    for geography in _GEOGRAPHIES:
        yield "geography", pl.lit(geography).alias("inference_geo")


def _cost(usage: pl.DataFrame, rate: Rate) -> pl.DataFrame:
    """`line`, `cost` of the usage rated anew; null where any of it has no price that way."""
    rated = rate(usage.select(list(METER_READINGS.polars_schema)))
    if not rated["quantity"].equals(usage["quantity"]):
        raise OutlayError(
            "rating readings anew returned other rows than it was given",
            remedy="this is a defect of the rate function given to reconcile: it must keep rows and their order",
        )
    cost = pl.col("contracted_cost")
    return (
        pl.DataFrame([usage["line"], rated["contracted_cost"]])
        .group_by("line", maintain_order=True)
        .agg(cost=pl.when(cost.is_not_null().all()).then(cost.sum()))
    )
