"""Anomalies in series made by hand: a quiet weekday pattern, and one thing that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import OutlayError
from models.foresight.anomalies import HISTORY, scores
from models.foresight.episodes import episodes
from models.table import MONEY

FIRST = date(2026, 1, 5)
"""A Monday."""
WEEK = (100.0, 104.0, 102.0, 98.0, 96.0, 40.0, 36.0)
DAYS = 140
PRICE = 0.5


def a_series(
    wrong: Callable[[np.ndarray], np.ndarray] | None = None, *, name: str = "search", days: int = DAYS, seed: int = 1
) -> pl.DataFrame:
    """Twenty weeks of a weekday pattern with noise of 4 %, at 0.50 per unit of usage; `wrong` bends usage."""
    noise = np.exp(np.random.default_rng(seed).normal(0, 0.04, days))
    usage = np.resize(np.array(WEEK), days) * noise * 10
    usage = usage if wrong is None else wrong(usage)
    return pl.DataFrame(
        {
            "series": [name] * days,
            "day": [FIRST + timedelta(days=day) for day in range(days)],
            "usage": usage,
            "cost": np.round(usage * PRICE, 2),
        }
    )


def times(factor: float, first: int, last: int) -> Callable[[np.ndarray], np.ndarray]:
    def bend(usage: np.ndarray) -> np.ndarray:
        bent = usage.copy()
        bent[first : last + 1] *= factor
        return bent

    return bend


def found(series: pl.DataFrame) -> pl.DataFrame:
    return episodes(scores(series), series)


def test_a_quiet_series_has_no_anomalies() -> None:
    assert found(a_series()).is_empty()


def test_a_spike_is_told_with_its_money() -> None:
    # day 120 is a Tuesday: 520 a day usually, and now three times that
    (episode,) = found(a_series(times(3, 120, 120))).iter_rows(named=True)
    assert (episode["kind"], episode["measure"], episode["standing"]) == ("spike", "cost", "ended")
    assert episode["first_day"] == episode["last_day"] == FIRST + timedelta(days=120)
    assert episode["impact"] == pytest.approx(1040, rel=0.2)
    assert episode["severity"] in {"high", "critical"}


def runs_away(usage: np.ndarray) -> np.ndarray:
    """Twice, four and eight times as much, and then somebody pulled the plug."""
    return times(8, 122, 122)(times(4, 121, 121)(times(2, 120, 120)(usage)))


def ramps_up(usage: np.ndarray) -> np.ndarray:
    """A twenty-first of another 100 % a day."""
    bent = usage.copy()
    bent[-21:] *= 1 + np.arange(1, 22) / 21
    return bent


def busy_weekends(usage: np.ndarray) -> np.ndarray:
    """The last three Saturdays and Sundays run like a Monday."""
    bent = usage.copy()
    for day in range(DAYS - 21, DAYS):
        if day % 7 in (5, 6):
            bent[day] = bent[day] / WEEK[day % 7] * WEEK[0]
    return bent


@pytest.mark.parametrize(
    ("wrong", "kind", "first", "wait"),
    [
        (times(2, 120, 123), "burst", 120, 1),
        (times(1.5, 120, 139), "level_shift", 120, 2),
        (times(0.2, 120, 122), "drop", 120, 2),
        (runs_away, "runaway", 120, 1),
        (ramps_up, "ramp", DAYS - 21, 10),
        (busy_weekends, "weekend", DAYS - 16, 3),
    ],
)
def test_each_kind_by_its_shape(wrong: Callable[[np.ndarray], np.ndarray], kind: str, first: int, wait: int) -> None:
    series = a_series(wrong)
    answer = scores(series)
    told = episodes(answer, series).row(0, named=True)
    assert told["kind"] == kind
    flagged = answer.filter("flag")["day"].item(0)
    assert 0 <= (flagged - FIRST).days - first <= wait


def test_a_new_price_is_told_on_its_first_day() -> None:
    series = a_series().with_columns(
        pl.when(pl.col("day") >= FIRST + timedelta(days=125)).then(pl.col("cost") * 1.2).otherwise("cost").alias("cost")
    )
    (episode,) = found(series).iter_rows(named=True)
    assert (episode["kind"], episode["measure"]) == ("price", "price")
    assert episode["first_day"] == FIRST + timedelta(days=125)


def test_a_fixed_fee_has_no_price() -> None:
    assert found(a_series().with_columns(cost=pl.lit(500.0))).is_empty()


def test_spend_out_of_nothing_is_new_for_a_week() -> None:
    fresh = a_series(name="fresh", seed=3).filter(pl.col("day") >= FIRST + timedelta(days=100))
    (episode,) = found(pl.concat([a_series(), fresh])).iter_rows(named=True)
    assert (episode["series"], episode["kind"], episode["days"]) == ("fresh", "new", 7)
    assert episode["expected"] == 0
    assert episode["impact"] == pytest.approx(fresh["cost"].head(7).sum())


@pytest.mark.parametrize("after", [4, 7, 10, 14])
@pytest.mark.parametrize("factor", [3, 20])
def test_a_pilot_that_turned_into_use_is_no_news_weeks_later(factor: float, after: int) -> None:
    # the first day that is judged is the 22nd; the level before it has been usual for a week and more
    born = 50
    pilot = a_series(times(factor, born + after, DAYS - 1), name="pilot", seed=3).tail(DAYS - born)
    assert found(pl.concat([a_series(), pilot])).filter(pl.col("kind") != "new").is_empty()


def test_a_fee_by_the_month_is_not_new_each_month() -> None:
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    fee = [500.0 if day.day == 1 else 0.0 for day in days]
    series = pl.DataFrame({"series": "fee", "day": days, "usage": None, "cost": fee})
    assert found(series).filter(pl.col("first_day") > FIRST + timedelta(days=62)).is_empty()


def test_what_half_of_everyone_does_is_no_anomaly_of_anyone() -> None:
    closed = pl.concat([a_series(times(0.1, 120, 120), name=f"shop {shop}", seed=shop) for shop in range(25)])
    assert found(closed).is_empty()


def test_what_everyone_does_is_an_anomaly_of_the_whole() -> None:
    shops = pl.concat([a_series(times(3, 120, 139), name=f"shop {shop}", seed=shop) for shop in range(25)])
    total = shops.group_by("day", maintain_order=True).agg(pl.col("usage", "cost").sum())
    views = [
        shops.with_columns(standing=pl.lit("peer")),
        total.select(pl.lit("total").alias("series"), "day", "usage", "cost", standing=pl.lit("sum")),
        total.select(pl.lit("the only team").alias("series"), "day", "usage", "cost", standing=pl.lit(None, pl.String)),
    ]
    (episode,) = found(pl.concat(views)).iter_rows(named=True)
    assert (episode["series"], episode["first_day"]) == ("total", FIRST + timedelta(days=120))


def test_who_is_no_peer_does_not_say_what_is_shared() -> None:
    shops = [a_series(name=f"shop {shop}", seed=shop).with_columns(standing=pl.lit("peer")) for shop in range(21)]
    seen_again = [
        a_series(times(3, 120, 139), name=f"view {view}", seed=50 + view).with_columns(standing=pl.lit(None, pl.String))
        for view in range(30)
    ]
    told = found(pl.concat([*shops, *seen_again]))
    assert told["series"].n_unique() == 30


def rests(usage: np.ndarray) -> np.ndarray:
    """Nothing at all on Saturdays and Sundays."""
    return np.where(np.arange(len(usage)) % 7 < 5, usage, 0.0)


def test_a_weekday_that_always_rested_is_expected_to_rest() -> None:
    answer = scores(a_series(rests))
    last_weekend = answer.filter(pl.col("day").is_between(FIRST + timedelta(days=138), FIRST + timedelta(days=139)))
    assert last_weekend.select("expected", "low", "flag").rows() == [(0.0, 0.0, False)] * 2
    assert last_weekend["score"].null_count() == 0


@pytest.mark.parametrize(("part", "days"), [(1.0, 2), (0.2, 0)], ids=["as on a Monday", "somebody looked in"])
def test_machines_left_on_over_a_weekend_are_found(part: float, days: int) -> None:
    def left_on(usage: np.ndarray) -> np.ndarray:
        bent = rests(usage)
        bent[131:133] = 1000 * part  # a Saturday and a Sunday; a Monday has 1,000
        return bent

    series = a_series(left_on)
    told = found(series)
    assert told["days"].sum() == days
    # 2 × 1,000 × 0.50, of which nothing was expected
    assert told["impact"].sum() == (1000 if days else 0)


def test_what_works_now_and_then_has_no_day_of_rest() -> None:
    def training(usage: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(usage)) % 17 < 2, usage, 0.0)

    answer = scores(a_series(training)).filter(pl.col("day") >= FIRST + timedelta(days=63))
    assert not answer["flag"].any()


def test_an_episode_that_goes_on_keeps_its_id() -> None:
    whole = a_series(times(1.6, 120, 139))
    ids = {found(whole.head(days)).item(0, "id") for days in (124, 128, 133, 140)}
    assert len(ids) == 1


def test_a_series_without_cost_is_judged_by_its_usage() -> None:
    series = a_series(times(3, 120, 120)).with_columns(cost=pl.lit(None, pl.Float64))
    (episode,) = found(series).iter_rows(named=True)
    assert (episode["measure"], episode["impact"]) == ("usage", None)


@pytest.mark.parametrize(
    "cost",
    [
        [0.0] * DAYS,
        [100.0] * DAYS,
        [None] * DAYS,
        [100.0, *[None] * (DAYS - 1)],
        [float("nan") if day % 3 else 100.0 for day in range(DAYS)],
        [-50.0 if day == 60 else 0.0 for day in range(DAYS)],
    ],
    ids=["all zero", "constant", "unknown", "one point", "gaps", "a credit out of nothing"],
)
def test_awkward_series_are_quiet(cost: list[float | None]) -> None:
    series = a_series().with_columns(usage=pl.lit(None, pl.Float64), cost=pl.Series(cost, dtype=pl.Float64))
    answer = scores(series)
    assert answer.height == DAYS
    assert not answer["flag"].any()
    assert answer["flag"].null_count() == 0


def test_two_rows_of_a_day_are_an_error() -> None:
    series = a_series()
    with pytest.raises(OutlayError, match="stand twice"):
        scores(pl.concat([series, series.tail(1)]))


def test_money_comes_back_as_money() -> None:
    series = a_series(times(3, 120, 120)).with_columns(pl.col("cost").cast(MONEY))
    answer = scores(series)
    assert answer.schema["expected"] == MONEY
    (episode,) = episodes(answer, series).iter_rows(named=True)
    cost = series.filter(pl.col("day") == episode["first_day"])["cost"].item()
    assert episode["actual"] == cost
    assert episode["impact"] == cost - episode["expected"]
    assert episode["expected"] == round(episode["expected"], 2)
    assert isinstance(episode["impact"], Decimal)


@given(cut=st.integers(20, DAYS - 1))
@settings(max_examples=10, deadline=None)
def test_no_score_knows_a_later_day(cut: int) -> None:
    young = a_series(times(20, 90, DAYS), name="young", seed=3).tail(60)
    series = pl.concat([a_series(times(1.5, 100, 125)), a_series(name="other", seed=2), young])
    last = FIRST + timedelta(days=cut)
    whole = scores(series).filter(pl.col("day") <= last)
    assert whole.equals(scores(series.filter(pl.col("day") <= last)))


def test_one_new_day_gives_the_bits_of_a_whole_run() -> None:
    days = HISTORY + 60
    young = a_series(times(20, days - 40, days), name="young", days=days, seed=3).tail(50)
    series = pl.concat([a_series(times(1.5, days - 10, days), days=days), a_series(name="b", days=days, seed=2), young])
    last = FIRST + timedelta(days=days - 3)
    assert scores(series, since=last).equals(scores(series).filter(pl.col("day") >= last))
