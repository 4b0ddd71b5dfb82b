"""Flagged days made into episodes that a person reads: what it is, since when, what it costs, how much it matters.

From scores and the series that they were made of; which days are flagged is `anomalies`' word.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal

import polars as pl

from models.errors import OutlayError
from models.ledger.money import MONEY

GAP = 3
"""Flagged days of a series at most this many days apart are one episode."""
IMPACTS = {"medium": Decimal(100), "high": Decimal(1_000), "critical": Decimal(10_000)}
"""Impact, up or down, from which severity is at least this; below the first of them it is low."""
CERTAIN = 3.0
"""Score from which severity is one step higher than its impact says."""

_STEPS = ("low", "medium", "high", "critical")
EXPECTED_CHANGES = {
    "name": pl.String,
    "series": pl.String,
    "first_day": pl.Date,
    "last_day": pl.Date,
    "kind": pl.String,
    "factor": pl.Float64,
}
"""Columns of expected changes; see `episodes`."""


def episodes(
    scores: pl.DataFrame, series: pl.DataFrame, *, expected_changes: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Episodes of flagged days, one row each, sorted by series and first day.

    `scores`: as `anomalies.scores` answers, `series`: what it was given, both over at least the days of any episode
    that is to keep its id. Days up to `GAP` apart are one episode; it begins where the first alert's window began to
    deviate, which later days do not move. Answers:

    - `id`: hash of series, measure and first day: it stays while the episode goes on and its kind becomes clearer
    - `series`, `kind`, `measure` (cost, usage, price), `first_day`, `last_day`, `days`
    - `expected`, `actual`, `low`, `high`: sums over its days, in the measure's unit (price: cost); low and high are
      sums of daily bounds, so wider than a band of the sum
    - `impact`: Σ(actual − expected) of cost, null where no cost is known
    - `score`: highest of its days; `severity`: low, medium, high, critical by `IMPACTS` and `CERTAIN`
    - `standing`: open while its last flagged day is at most `GAP` days before the series' last, else ended
    - `explained_by`: name of the expected change that covers it, else null

    `expected_changes`: `name`, `series` (null: every), `first_day`, `last_day`, `kind` (null: any), `factor` (null:
    any; else at most this times what was expected, and a quarter more). An episode that begins inside is explained.
    """
    flagged = scores.filter("flag")
    money = series.schema["cost"].is_decimal()
    if flagged.is_empty():
        return _nothing(money)
    numbered = flagged.sort("series", "day").with_columns(
        episode=((pl.col("day").diff() > timedelta(days=GAP)) | (pl.col("series") != pl.col("series").shift()))
        .fill_null(value=True)
        .cum_sum()
    )
    spans = numbered.group_by("episode", maintain_order=True).agg(
        pl.col("series").first(),
        pl.col("measure").first(),
        pl.col("window").first(),
        first_flag=pl.col("day").first(),
        first_kind=pl.col("kind").first(),
        last_day=pl.col("day").last(),
        score=pl.col("score").max(),
        priced=(pl.col("kind") == "price").any(),
        weekends=(pl.col("kind") == "weekend").mean() > 0.5,
    )
    days = _days_of(spans, scores, series)
    summed = _summed(spans, days, series)
    return _explained(summed, expected_changes).select(_columns(money)).sort("series", "first_day")


def _days_of(spans: pl.DataFrame, scores: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """Every known day of each episode from where its first window began to deviate."""
    known = scores.select("series", "day", "expected", "low", "high").join(
        series.select("series", "day", "cost", "usage"), on=["series", "day"]
    )
    reach = spans.with_columns(reach=pl.col("first_flag") - pl.duration(days=pl.col("window") - 1))
    days = reach.join(known, on="series").filter(pl.col("day").is_between("reach", "last_day"))
    days = days.with_columns(actual=pl.when(pl.col("measure") == "usage").then("usage").otherwise("cost"))
    expected = pl.col("expected").cast(pl.Float64)
    # out of nothing counts as twice of what was expected
    ratio = pl.when(expected > 0).then(pl.col("actual").cast(pl.Float64) / expected).otherwise(2.0).alias("ratio")
    days = days.sort("episode", "day").with_columns(ratio)
    off = (pl.col("ratio") - 1).abs()
    at_first = pl.col("day") <= pl.col("first_flag")
    begun = at_first & (off >= 0.5 * off.filter(at_first).median().over("episode"))
    begins = (
        days.filter(begun | (pl.col("day") == pl.col("first_flag"))).group_by("episode").agg(begin=pl.col("day").min())
    )
    return days.join(begins, on="episode").filter(pl.col("day") >= pl.col("begin")).sort("episode", "day")


def _summed(spans: pl.DataFrame, days: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    ends = series.group_by("series").agg(series_end=pl.col("day").max())
    off = (pl.col("ratio") - 1).abs()
    third = (pl.len() / 3).ceil().cast(pl.Int64)
    sums = days.group_by("episode").agg(
        first_day=pl.col("day").first(),
        days=pl.len().cast(pl.Int64),
        **{name: pl.col(name).sum() for name in ("actual", "expected", "low", "high")},
        known_cost=pl.col("cost").is_not_null().any(),
        top=pl.col("ratio").max(),
        mean=pl.col("ratio").mean(),
        long=(off >= 0.5 * off.max()).sum(),
        start=pl.col("ratio").head(third).mean(),
        end=pl.col("ratio").tail(third).mean(),
    )
    joined = spans.join(sums, on="episode").join(ends, on="series")
    impact = pl.col("actual") - pl.col("expected")
    return joined.with_columns(
        kind=_kind(),
        impact=pl.when((pl.col("measure") != "usage") & pl.col("known_cost")).then(impact),
        standing=pl.when((pl.col("series_end") - pl.col("last_day")) <= timedelta(days=GAP))
        .then(pl.lit("open"))
        .otherwise(pl.lit("ended")),
    ).with_columns(
        severity=_severity(),
        id=pl.struct("series", "measure", "first_day").map_elements(_identity, return_dtype=pl.String),
    )


def _kind() -> pl.Expr:
    """What an episode is, by the first of these that holds; shapes are those of actual ÷ expected over its days."""
    return (
        pl.when("priced")
        .then(pl.lit("price"))
        .when(pl.col("first_kind") == "new")
        .then(pl.lit("new"))
        .when(pl.col("weekends"))
        .then(pl.lit("weekend"))
        .when(pl.col("mean") < 1)
        .then(pl.lit("drop"))
        .when((pl.col("top") >= 3.3) & (pl.col("days") <= 7))
        .then(pl.lit("runaway"))
        .when(pl.col("long") <= 1)
        .then(pl.lit("spike"))
        .when(pl.col("days") <= 6)
        .then(pl.lit("burst"))
        .when((pl.col("end") - 1) >= 1.7 * (pl.col("start") - 1))
        .then(pl.lit("ramp"))
        .otherwise(pl.lit("level_shift"))
    )


def _severity() -> pl.Expr:
    size = pl.col("impact").abs().fill_null(0)
    step = sum(
        ((size >= limit).cast(pl.Int8) for limit in IMPACTS.values()), (pl.col("score") >= CERTAIN).cast(pl.Int8)
    )
    return step.clip(0, 3).replace_strict(dict(enumerate(_STEPS)), return_dtype=pl.String)


def _identity(episode: dict[str, object]) -> str:
    return hashlib.sha256("|".join(str(part) for part in episode.values()).encode()).hexdigest()[:16]


def _explained(found: pl.DataFrame, expected_changes: pl.DataFrame | None) -> pl.DataFrame:
    if expected_changes is None or expected_changes.is_empty():
        return found.with_columns(explained_by=pl.lit(None, pl.String))
    missing = [name for name in EXPECTED_CHANGES if name not in expected_changes.columns]
    if missing:
        raise OutlayError(
            f"expected changes lack {', '.join(missing)}", remedy=f"pass {', '.join(EXPECTED_CHANGES)}; null is any"
        )
    planned = expected_changes.select(
        **{f"planned_{name}": pl.col(name).cast(dtype) for name, dtype in EXPECTED_CHANGES.items()}
    )
    ratio = pl.col("actual").cast(pl.Float64) / pl.col("expected").cast(pl.Float64)
    factor = pl.col("planned_factor")
    within = pl.when(factor >= 1).then(ratio.is_between(1, factor * 1.25)).otherwise(ratio.is_between(factor / 1.25, 1))
    covering = (
        found.join(planned, how="cross")
        .filter(
            pl.col("planned_series").is_null() | (pl.col("planned_series") == pl.col("series")),
            pl.col("first_day").is_between("planned_first_day", "planned_last_day"),
            pl.col("planned_kind").is_null() | (pl.col("planned_kind") == pl.col("kind")),
            factor.is_null() | within,
        )
        .group_by("episode")
        .agg(explained_by=pl.col("planned_name").min())
    )
    return found.join(covering, on="episode", how="left")


def _columns(money: bool) -> list[pl.Expr]:
    amount = MONEY if money else pl.Float64
    return [
        *(pl.col(name) for name in ("id", "series", "kind", "measure", "first_day", "last_day", "days")),
        *(pl.col(name).cast(amount) for name in ("expected", "actual", "low", "high", "impact")),
        *(pl.col(name) for name in ("severity", "score", "standing", "explained_by")),
    ]


def _nothing(money: bool) -> pl.DataFrame:
    amount = MONEY if money else pl.Float64()
    text = dict.fromkeys(("id", "series", "kind", "measure"), pl.String())
    days = {"first_day": pl.Date(), "last_day": pl.Date(), "days": pl.Int64()}
    sums = dict.fromkeys(("expected", "actual", "low", "high", "impact"), amount)
    ends = {"severity": pl.String(), "score": pl.Float64(), "standing": pl.String(), "explained_by": pl.String()}
    return pl.DataFrame(schema={**text, **days, **sums, **ends})
