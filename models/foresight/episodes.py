"""Flagged days made into episodes that a person reads: what it is, since when, what it costs, how much it matters.

From scores and the series that they were made of; which days are flagged is `anomalies`' word. Episodes of one series
never have a day in common, so that no money is told twice.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal

import polars as pl

from models.ledger.money import MONEY

GAP = 3
"""Flagged days of a series at most this many days apart are one episode."""
WEEK = 7
"""Weekends of a pattern of weekends are so many days apart, and one episode all the same."""
IMPACTS = {"medium": Decimal(100), "high": Decimal(1_000), "critical": Decimal(10_000)}
"""Impact, up or down, from which severity is at least this; below the first of them it is low."""

_STEPS = ("low", *IMPACTS)
_USUAL_OF = timedelta(days=28)
"""What was usual before an episode: medians, weekday by weekday, of so many days before it."""
_REMEMBERED = timedelta(days=56)
"""Baselines look back so far: until then the end of an episode may look like an episode."""
_AS_BEFORE = 0.25
"""Within this part of what was usual before, costs are what they were."""
_BEGUN = 0.5
"""An alert's window begins on the first day that deviated by at least this part of what most of its days did."""


def episodes(scores: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """Episodes of flagged days, one row each, sorted by series and first day.

    `scores`: as `anomalies.scores` answers, `series`: what it was given, both over at least the days of any episode
    that is to keep its id. Days up to `GAP` apart that go in one direction are one episode, and so are weekends of a
    pattern of weekends. It begins where the first alert's window began to deviate, after the episode before it; later
    days do not move that. Where an episode ends and costs are again what was usual before it, that is no other
    episode. Answers:

    - `id`: hash of series, measure and first day: it stays while the episode goes on and its kind becomes clearer
    - `series`, `kind`, `measure` (cost, usage, price), `first_day`, `last_day`
    - `days_told`: the days whose sums follow, and `days`, their number. Of a pattern of weekends the quiet weekdays;
      without days of which nobody knows what was to be expected. A weekday that always rested was expected to rest
    - `expected`, `actual`, `low`, `high`: sums over these days, in the measure's unit (price: cost); low and high are
      sums of daily bounds, so wider than a band of the sum
    - `impact`: Σ(actual − expected) of cost, null where no cost is known
    - `score`: highest of its days; `severity`: low, medium, high, critical by `IMPACTS`
    - `standing`: open while its last flagged day is at most `GAP` days (a pattern of weekends: a week) before the
      series' last, else ended
    """
    money = series.schema["cost"].is_decimal()
    if not scores["flag"].any():
        return _nothing(money)
    named = scores.filter("flag").select("series").unique()
    known = _known(scores.join(named, on="series", how="semi"), series)
    spans = _spans(known)
    usual = _usual_before(spans, known)
    summed = _summed(spans, _days_of(spans, known, usual), known)
    told = summed.join(_returns(summed, usual), on="episode", how="anti")
    return told.select(_columns(money)).sort("series", "first_day")


def _known(scores: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """Scores with what there was: `actual` and `cost`."""
    joined = scores.join(series.select("series", "day", "cost", "usage"), on=["series", "day"])
    actual = pl.when(pl.col("measure") == "usage").then("usage").otherwise("cost")
    return joined.with_columns(actual=actual, weekday=pl.col("day").dt.weekday()).sort("series", "day")


def _spans(known: pl.DataFrame) -> pl.DataFrame:
    """Flagged days put together: what they look like, and `reach`, the first day that may belong to them."""
    flagged = known.filter("flag").with_columns(
        apart=pl.when(pl.col("kind") == "weekend").then(WEEK).otherwise(GAP),
        towards=pl.when(pl.col("kind") == "price").then(0.0).otherwise(_deviation().sign()).fill_null(0.0),
    )
    begins = (
        (pl.col("series") != pl.col("series").shift())
        | ((pl.col("day") - pl.col("day").shift()).dt.total_days() > pl.col("apart"))
        | (pl.col("towards") * pl.col("towards").shift() < 0)
    )
    spans = (
        flagged.with_columns(episode=begins.fill_null(value=True).cum_sum())
        .group_by("episode", maintain_order=True)
        .agg(
            pl.col("series", "measure", "window", "towards").first(),
            first_flag=pl.col("day").first(),
            first_kind=pl.col("kind").first(),
            last_day=pl.col("day").last(),
            score=pl.col("score").max(),
            priced=(pl.col("kind") == "price").any(),
            weekends=(pl.col("kind") == "weekend").mean() > 0.5,
        )
    )
    after = pl.col("last_day").shift().over("series") + timedelta(days=1)
    window = pl.col("first_flag") - pl.duration(days=pl.col("window") - 1)
    return spans.with_columns(reach=pl.max_horizontal(window, after))


def _usual_before(spans: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """`episode`, `weekday`, `usual`: the median before it; `quiet`: whether it is one of the two quietest weekdays."""
    before = spans.select("episode", "series", "reach").join(
        known.select("series", "day", "weekday", pl.col("actual").cast(pl.Float64)), on="series"
    )
    within = pl.col("day").is_between(pl.col("reach") - _USUAL_OF, pl.col("reach"), closed="left")
    usual = before.filter(within).group_by("episode", "weekday").agg(usual=pl.col("actual").median())
    return usual.with_columns(quiet=pl.col("usual").rank("ordinal").over("episode", order_by="weekday") <= 2)


def _days_of(spans: pl.DataFrame, known: pl.DataFrame, usual: pl.DataFrame) -> pl.DataFrame:
    """The days of each episode that can be told, from where its first window began to deviate."""
    days = spans.join(known.drop("measure", "window", "score"), on="series").filter(
        pl.col("day").is_between("reach", "last_day")
    )
    days = days.join(usual, on=["episode", "weekday"], how="left")
    rested = (pl.col("usual") == 0) | (pl.col("first_kind") == "new")
    amounts = ("expected", "low", "high")
    days = days.with_columns(pl.when(rested).then(pl.col(amounts).fill_null(0)).otherwise(pl.col(amounts)))
    days = days.filter(~pl.col("weekends") | pl.col("quiet"), pl.col("expected").is_not_null())
    expected = pl.col("expected").cast(pl.Float64)
    # out of nothing counts as twice of what was expected
    ratio = pl.when(expected > 0).then(pl.col("actual").cast(pl.Float64) / expected).otherwise(2.0).alias("ratio")
    days = days.sort("episode", "day").with_columns(ratio)
    off = pl.col("ratio") - 1
    off = pl.when(pl.col("towards") == 0).then(off.abs()).otherwise(off * pl.col("towards"))
    at_first = pl.col("day") <= pl.col("first_flag")
    # of two weeks of weekends most days may be as ever
    most = (
        pl.when(pl.col("first_kind") == "weekend")
        .then(off.filter(at_first).max())
        .otherwise(off.filter(at_first).median())
    )
    begun = at_first & (off >= _BEGUN * most.over("episode"))
    begins = (
        days.filter(begun | (pl.col("day") >= pl.col("first_flag")))
        .group_by("episode")
        .agg(first_day=pl.col("day").min())
    )
    return days.join(begins, on="episode").filter(pl.col("day") >= pl.col("first_day")).sort("episode", "day")


def _summed(spans: pl.DataFrame, days: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    ends = known.group_by("series").agg(series_end=pl.col("day").max())
    off = (pl.col("ratio") - 1).abs()
    third = (pl.len() / 3).ceil().cast(pl.Int64)
    sums = days.group_by("episode").agg(
        pl.col("first_day").first(),
        days_told=pl.col("day"),
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
    patience = pl.when("weekends").then(WEEK).otherwise(GAP)
    is_open = (pl.col("series_end") - pl.col("last_day")).dt.total_days() <= patience
    return joined.with_columns(
        kind=_kind(),
        impact=pl.when((pl.col("measure") != "usage") & pl.col("known_cost")).then(_deviation()),
        standing=pl.when(is_open).then(pl.lit("open")).otherwise(pl.lit("ended")),
    ).with_columns(
        severity=_severity(),
        id=pl.struct("series", "measure", "first_day").map_elements(_identity, return_dtype=pl.String),
    )


def _deviation() -> pl.Expr:
    return pl.col("actual") - pl.col("expected")


def _returns(summed: pl.DataFrame, usual: pl.DataFrame) -> pl.DataFrame:
    """Episodes that are the end of an earlier one of their series: on their days it costs what was usual before that.

    Not so if it costs still less than then, or more.
    """
    told = summed.select(
        "episode", "series", "first_day", "last_day", "days_told", pl.col("actual", "expected").cast(pl.Float64)
    )
    earlier = told.select(before="episode", series="series", ended="last_day", rose=_deviation().sign())
    pairs = told.join(earlier, on="series").filter(
        pl.col("ended") < pl.col("first_day"),
        pl.col("ended") >= pl.col("first_day") - _REMEMBERED,
        _deviation() * pl.col("rose") < 0,
    )
    days = pairs.explode("days_told").with_columns(weekday=pl.col("days_told").dt.weekday())
    set_against = days.join(usual.rename({"episode": "before"}), on=["before", "weekday"], how="left")
    sums = set_against.group_by("episode", "before").agg(
        pl.col("actual", "expected").first(), pl.col("usual").sum(), is_known=pl.col("usual").is_not_null().all()
    )
    rest = (pl.col("actual") - pl.col("usual")).abs()
    is_back = (rest <= _AS_BEFORE * pl.col("usual")) & (rest <= 0.5 * _deviation().abs())
    return sums.filter("is_known", is_back).select("episode").unique()


def _kind() -> pl.Expr:
    """What an episode is, by the first of these that holds; shapes are those of actual ÷ expected over its days."""
    return (
        pl.when("priced")
        .then(pl.lit("price"))
        .when(pl.col("first_kind") == "new")
        .then(pl.lit("new"))
        .when(pl.col("mean") < 1)
        .then(pl.lit("drop"))
        .when(pl.col("weekends"))
        .then(pl.lit("weekend"))
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
    step = sum(((size >= limit).cast(pl.Int8) for limit in IMPACTS.values()), pl.lit(0, pl.Int8))
    return step.replace_strict(dict(enumerate(_STEPS)), return_dtype=pl.String)


def _identity(episode: dict[str, object]) -> str:
    return hashlib.sha256("|".join(str(part) for part in episode.values()).encode()).hexdigest()[:16]


def _columns(money: bool) -> list[pl.Expr]:
    amount = MONEY if money else pl.Float64
    return [
        *(pl.col(name) for name in ("id", "series", "kind", "measure", "first_day", "last_day", "days", "days_told")),
        *(pl.col(name).cast(amount) for name in ("expected", "actual", "low", "high", "impact")),
        *(pl.col(name) for name in ("severity", "score", "standing")),
    ]


def _nothing(money: bool) -> pl.DataFrame:
    amount = MONEY if money else pl.Float64()
    text = dict.fromkeys(("id", "series", "kind", "measure"), pl.String())
    days = {"first_day": pl.Date(), "last_day": pl.Date(), "days": pl.Int64(), "days_told": pl.List(pl.Date)}
    sums = dict.fromkeys(("expected", "actual", "low", "high", "impact"), amount)
    ends = {"severity": pl.String(), "score": pl.Float64(), "standing": pl.String()}
    return pl.DataFrame(schema={**text, **days, **sums, **ends})
