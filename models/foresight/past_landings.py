"""Past forecasts against what came: where whole months would have been said to land, part of the way into them.

The same back-tests that `accuracy` sums up in a percentage, one by one. They are forecasts as they would have been made
of each series alone, not ones that were published. No day after an origin tells, but weights of candidates and units of
errors do (see `accuracy`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import polars as pl

from models.foresight.accuracy import month_origins
from models.foresight.intervals import Errors
from models.foresight.landing import BOUNDS, MONTH, period_of, rest_bounds
from models.foresight.panel import Panel
from models.foresight.selection import Points
from models.ledger.money import MONEY, from_units

PAST = pl.Schema(
    {
        "series": pl.String(),
        "month": pl.String(),
        "about_day": pl.Int64(),
        "made_on": pl.Date(),
        "expected_rest": pl.Float64(),
        "low_80": pl.Float64(),
        "high_80": pl.Float64(),
        "came": pl.Float64(),
    }
)
"""One row per series, whole month and earlier origin in it: what the rest of the month was expected to be, with bounds
of that rest (null where nothing was known of earlier errors), and what the month came to."""
_CENTS, _UNITS_OF_A_CENT = 100, 10**10


def past_landings(panel: Panel, points: Points, errors: Errors, floor: np.ndarray, of: Collection[str]) -> pl.DataFrame:
    """PAST of those series of the panel that are `of`. `floor` (n): 0 where a series never was negative, else −∞."""
    rows = np.array([at for at, name in enumerate(panel.names) if name in of], dtype=np.int64)
    frames = [pl.DataFrame(schema=PAST)]
    if not len(rows) or panel.origin is None:
        return frames[0]
    for origin in month_origins(panel, points):
        ahead = points.backtests[origin.at, :, : origin.rest]
        bounds = _bounds(errors, points, origin.at, origin.rest, floor)
        frames.append(
            pl.DataFrame(
                {
                    "series": np.array(panel.names)[rows],
                    "month": period_of(origin.day, MONTH).label,
                    "about_day": origin.about,
                    "made_on": origin.day,
                    "expected_rest": ahead.sum(axis=1)[rows],
                    "low_80": bounds[BOUNDS.index("low_80")][rows],
                    "high_80": bounds[BOUNDS.index("high_80")][rows],
                    "came": origin.total[rows],
                },
                schema=PAST,
            )
        )
    told = pl.concat(frames).with_columns(pl.selectors.float().fill_nan(None))
    return told.filter(pl.all_horizontal(pl.col("expected_rest", "came").is_not_null()))


def _bounds(errors: Errors, points: Points, at: int, rest: int, floor: np.ndarray) -> np.ndarray:
    """(bounds, n) of the rest of a month as seen from an earlier origin: by errors that were known by then."""
    cut = errors.cuts[at]
    known = [place for place, other in enumerate(errors.cuts) if other > cut]
    if not known:
        return np.full((len(BOUNDS), errors.unit.shape[1]), np.nan)
    ages = tuple(errors.cuts[place] - cut for place in known)
    scaled = errors.scaled[known].copy()
    for place, age in enumerate(ages):
        scaled[place, :, age:] = np.nan
    then = replace(errors, scaled=scaled, unit=errors.unit[known], unit_ahead=errors.unit[at], cuts=ages)
    return rest_bounds(then, points.backtests[at], errors.unit[at], floor, (0, rest))


def told_exactly(past: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """`past` (PAST) with exact `actual` (through made_on) and `came`, and `landing`, `low_80` and `high_80` of months.

    `history`: series, day and exact value. A month that was forecast from another past than that (a known event
    restates it, or days of it were assumed) is left out: the two cannot be set against each other.
    """
    days = history.with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
    key = ["series", "month", "made_on"]
    exact = (
        past.select(key)
        .join(days, on=["series", "month"])
        .group_by(key)
        .agg(exact=pl.col("value").sum(), actual=pl.col("value").filter(pl.col("day") <= pl.col("made_on")).sum())
    )
    is_same = (pl.col("exact").cast(pl.Float64) - pl.col("came")).abs() < 0.005 + 1e-9 * pl.col("came").abs()
    amounts = {
        into: pl.col("actual") + _cents(name)
        for into, name in (("landing", "expected_rest"), ("low_80", "low_80"), ("high_80", "high_80"))
    }
    return (
        past.join(exact, on=key)
        .filter(is_same)
        .with_columns(came=pl.col("exact"), **amounts)
        .with_columns(
            error_pct=pl.when(pl.col("came") != 0).then(
                (pl.col("landing") - pl.col("came")).cast(pl.Float64) * 100 / pl.col("came").cast(pl.Float64).abs()
            )
        )
        .drop("exact", "expected_rest")
    )


def _cents(name: str) -> pl.Expr:
    """An amount, exact, rounded to the cent."""
    units = (pl.col(name) * _CENTS).round().cast(pl.Int64).cast(pl.Int128) * _UNITS_OF_A_CENT
    return from_units(units).cast(MONEY)
