"""The public forecast: frames that add up, states that are told, and nothing that sees a later day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.errors import OutlayError
from models.foresight.events import Event, Kind
from models.foresight.forecast import Forecast, forecast
from models.foresight.hierarchy import Partition
from models.foresight.landing import Period

LAST = date(2026, 11, 16)
MONEY = pl.Decimal(38, 12)


def history(series: str, days: int = 300, *, level: float = 100.0, last: date = LAST, seed: int = 1) -> pl.DataFrame:
    """Amounts in cents, higher on working days, 10 % noise."""
    noise = np.random.default_rng(seed).normal(0, 0.1, days)
    dates = [last - timedelta(days=days - 1 - at) for at in range(days)]
    amounts = [
        round(level * (1.3 if day.weekday() < 5 else 0.6) * float(np.exp(n)), 2)
        for day, n in zip(dates, noise, strict=True)
    ]
    return pl.DataFrame(
        {"series": [series] * days, "day": dates, "value": [Decimal(str(amount)) for amount in amounts]},
        schema={"series": pl.String, "day": pl.Date, "value": MONEY},
    )


@pytest.fixture(scope="module")
def two() -> Forecast:
    both = pl.concat([history("search", level=100), history("voice", level=7, seed=2)])
    return forecast(both, until=date(2027, 3, 31))


def test_every_day_to_the_end_is_forecast_and_bounds_lie_in_each_other(two: Forecast) -> None:
    days = two.days
    assert days.group_by("series").len().sort("series").rows() == [("search", 135), ("voice", 135)]
    assert days["day"].min() == date(2026, 11, 17)
    order = ["low_95", "low_80", "low_50", "expected", "high_50", "high_80", "high_95"]
    for narrow, wide in pairwise(order):
        assert days.filter(pl.col(narrow) > pl.col(wide)).is_empty(), (narrow, wide)
    assert days["low_95"].min() >= 0


def test_amounts_are_exact_cents_and_landings_are_their_sums(two: Forecast) -> None:
    assert two.days.schema["expected"] == MONEY
    assert two.days.filter(pl.col("expected") != pl.col("expected").round(2)).is_empty()
    november = two.landing.filter((pl.col("series") == "search") & (pl.col("period") == "2026-11")).row(0, named=True)
    spent = history("search").filter(pl.col("day") >= date(2026, 11, 1))["value"].sum()
    rest = two.days.filter((pl.col("series") == "search") & (pl.col("day") <= date(2026, 11, 30)))["expected"].sum()
    assert (november["actual"], november["expected_rest"], november["landing"]) == (spent, rest, spent + rest)
    assert november["days_left"] == 14
    october = history("search").filter(pl.col("day").dt.month() == 10)["value"].sum()
    assert november["previous"] == october
    assert november["change"] == november["landing"] - october


def test_landings_are_told_for_every_month_and_quarter_that_is_forecast_to_its_end(two: Forecast) -> None:
    told = two.landing.filter(pl.col("series") == "voice")["period"].to_list()
    assert told == ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2026-Q4", "2027-Q1"]
    quarter = two.landing.filter((pl.col("series") == "voice") & (pl.col("period") == "2026-Q4")).row(0, named=True)
    months = two.landing.filter((pl.col("series") == "voice") & pl.col("period").is_in(["2026-11", "2026-12"]))
    october = quarter["actual"] - months["actual"].sum()
    assert quarter["landing"] == october + months["landing"].sum()


def test_a_sum_is_surer_than_its_days_added_up(two: Forecast) -> None:
    november = two.landing.filter((pl.col("series") == "search") & (pl.col("period") == "2026-11")).row(0, named=True)
    days = two.days.filter((pl.col("series") == "search") & (pl.col("day") <= date(2026, 11, 30)))
    assert november["high_80"] - november["low_80"] < (days["high_80"] - days["low_80"]).sum()


def test_a_forecast_does_not_see_series_that_end_later() -> None:
    alone = forecast(history("search"), steps=31)
    later = history("voice", last=LAST + timedelta(days=30), seed=3)
    together = forecast(pl.concat([history("search"), later]), steps=31)
    mine = pl.col("series") == "search"
    assert_frame_equal(together.days.filter(mine), alone.days, check_exact=True)
    assert_frame_equal(together.landing.filter(mine), alone.landing, check_exact=True)


def test_what_is_short_ended_or_unknown_says_so() -> None:
    stopped = history("stopped").with_columns(
        value=pl.when(pl.col("day") > LAST - timedelta(days=60)).then(pl.lit(0, MONEY)).otherwise("value")
    )
    empty = history("empty", 5).with_columns(value=pl.lit(None, MONEY))
    young = history("young", 20)
    one = history("one", 1)
    made = forecast(pl.concat([stopped, empty, young, one, history("search")]), steps=14)
    assert dict(made.days.group_by("series").agg(pl.col("status").first()).rows()) == {
        "stopped": "ended",
        "empty": "unknown",
        "young": "short",
        "one": "short",
        "search": "ok",
    }
    unknown = made.days.filter(pl.col("series") == "empty")
    assert unknown["expected"].null_count() == unknown["high_95"].null_count() == 14
    assert made.landing.filter(pl.col("series") == "empty")["landing"].null_count() > 0
    known = made.days.filter(pl.col("series") != "empty")
    assert known["expected"].null_count() == known["low_95"].null_count() == 0


def test_steps_without_dates_are_forecast_without_landings() -> None:
    plain = history("search").select("series", pl.int_range(pl.len(), dtype=pl.Int32).alias("day"), "value")
    made = forecast(plain, steps=14)
    assert made.days["day"].to_list() == list(range(300, 314))
    assert made.days.schema["day"] == pl.Int32
    assert made.landing.is_empty()


def test_floats_stay_floats() -> None:
    made = forecast(history("search").with_columns(pl.col("value").cast(pl.Float64)), steps=31)
    assert made.days.schema["expected"] == made.landing.schema["landing"] == pl.Float64


def test_an_event_moves_points_bounds_and_landing_and_is_named() -> None:
    plain = forecast(history("voice"), steps=31)
    launch = Event("Voice launch", Kind.LAUNCH, date(2026, 11, 20), {"team": "voice"}, change_pct=30)
    moved = forecast(history("voice"), steps=31, known_events=[launch], keys={"voice": {"team": "voice"}})
    before, after = plain.days.row(2, named=True), moved.days.row(2, named=True)
    assert before["expected"] == after["expected"]  # 19 November
    before, after = plain.days.row(3, named=True), moved.days.row(3, named=True)
    for column in ("expected", "low_80", "high_80"):
        assert float(after[column]) == pytest.approx(1.3 * float(before[column]), abs=0.02)
    assert moved.days["events"].unique().to_list() == ["Voice launch"]
    assert moved.landing["landing"][0] > plain.landing["landing"][0]


def test_an_event_that_one_panel_takes_is_applied_whatever_another_lacks() -> None:
    launch = Event("Voice launch", Kind.LAUNCH, date(2026, 11, 20), {"team": "voice"}, change_pct=30)
    both = pl.concat([history("voice"), history("old", last=LAST - timedelta(days=9))])
    keys = {"voice": {"team": "voice"}, "old": {"team": "old"}}
    assert forecast(both, steps=20, known_events=[launch], keys=keys).unapplied == {}
    assert "Voice launch" in forecast(history("old"), steps=20, known_events=[launch], keys=keys).unapplied


def test_accuracy_tells_every_candidate_and_the_back_tests_of_the_chosen_one(two: Forecast) -> None:
    told = two.accuracy.filter(pl.col("series") == "search")
    assert told["chosen"].sum() == 1
    chosen = told.filter("chosen").row(0, named=True)
    assert chosen["origins"] > 20
    assert 4 < chosen["daily_error"] < 14  # 10 % noise is 8 % mean absolute error
    assert 60 < chosen["coverage_80"] <= 95
    assert chosen["coverage_95"] > chosen["coverage_80"]
    assert chosen["history_days"] == 300
    assert told.filter(~pl.col("chosen"))["coverage_80"].null_count() == told.height - 1


def test_parts_add_up_to_their_total_on_every_day_and_in_every_landing() -> None:
    parts = pl.concat([history("search"), history("voice", level=7, seed=2), history("chat", level=33, seed=3)])
    total = parts.group_by("day").agg(pl.col("value").sum()).select(pl.lit("total").alias("series"), "day", "value")
    tree = [Partition("total", "team", ("search", "voice", "chat"))]
    made = forecast(pl.concat([total.sort("day"), parts]), until=date(2027, 3, 31), partitions=tree)
    assert made.apart == ()
    whole = pl.col("series") == "total"
    for frame, by, amounts in (
        (made.days, ["day"], ["expected"]),
        (made.landing, ["period"], ["actual", "expected_rest", "landing"]),
    ):
        assert_frame_equal(
            frame.filter(~whole).group_by(by).agg(pl.col(amounts).sum()).sort(by),
            frame.filter(whole).select(*by, *amounts).sort(by),
        )


def test_parts_whose_histories_end_on_other_days_are_named() -> None:
    both = pl.concat([history("total"), history("part", last=LAST - timedelta(days=3))])
    tree = Partition("total", "team", ("part",))
    assert forecast(both, steps=5, partitions=[tree]).apart == (tree,)


@pytest.mark.parametrize("end", [{}, {"until": LAST, "steps": 3}, {"steps": 0}])
def test_a_forecast_needs_one_end(end: dict[str, object]) -> None:
    with pytest.raises(OutlayError, match="needs one end"):
        forecast(history("search"), **end)  # type: ignore[arg-type]


def test_nothing_is_answered_for_days_that_are_known() -> None:
    made = forecast(history("search"), until=LAST)
    ahead = forecast(history("search"), until=date(2026, 12, 31))
    for nothing, something in ((made.days, ahead.days), (made.landing, ahead.landing)):
        assert nothing.is_empty()
        assert nothing.schema == something.schema


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_instants_are_answered_as_the_dates_that_they_begin(zone: str | None) -> None:
    dated = history("search")
    instants = dated.with_columns(pl.col("day").cast(pl.Datetime("us", zone)))
    told, same = forecast(dated, steps=31, as_of=LAST), forecast(instants, steps=31, as_of=LAST)
    assert_frame_equal(same.days, told.days, check_exact=True)
    assert_frame_equal(same.landing, told.landing, check_exact=True)


def test_a_month_with_unknown_days_says_so_and_does_not_land() -> None:
    """Nobody measured 3 to 9 November: what was spent in these days is unknown, so is where November lands."""
    gap = pl.col("day").is_between(date(2026, 11, 3), date(2026, 11, 9))
    holed = history("search").with_columns(value=pl.when(~gap).then("value"))
    told = forecast(holed, until=date(2026, 12, 31)).landing
    november, december = told.row(0, named=True), told.row(1, named=True)
    spent = history("search").filter(pl.col("day") >= date(2026, 11, 1), ~gap)["value"].sum()
    assert (november["period"], november["actual"], november["unknown_days"]) == ("2026-11", spent, 7)
    assert [november[name] for name in ("landing", "low_80", "high_95", "change")] == [None] * 4
    assert november["previous"] == history("search").filter(pl.col("day").dt.month() == 10)["value"].sum()
    assert (december["unknown_days"], december["previous"]) == (0, None)
    assert december["landing"] > 0
    without_rows = forecast(holed.drop_nulls(), until=date(2026, 12, 31)).landing
    assert_frame_equal(without_rows, told)


def test_a_month_of_which_no_day_is_known_has_no_actual_cost() -> None:
    holed = history("search").with_columns(value=pl.when(pl.col("day") < date(2026, 11, 1)).then("value"))
    november = forecast(holed, until=date(2026, 11, 30)).landing.row(0, named=True)
    assert (november["actual"], november["unknown_days"], november["landing"]) == (None, 16, None)


@pytest.mark.parametrize("days", [8, 14, 24, 50])
def test_what_stopped_may_be_over_or_come_back_and_says_so(days: int) -> None:
    """Nobody knows yet which: ranges of days and of the month go from nothing to more than is expected."""
    stopped = history("search").with_columns(
        value=pl.when(pl.col("day") <= LAST - timedelta(days=days)).then("value").otherwise(pl.lit(0, MONEY))
    )
    tree = [Partition("total", "team", ("search", "voice"))]
    voice = history("voice", seed=2)
    total = pl.concat([stopped, voice]).group_by("day").agg(pl.col("value").sum()).sort("day")
    rows = pl.concat([total.select(pl.lit("total").alias("series"), "day", "value"), stopped, voice])
    told = forecast(rows, until=date(2026, 12, 31), partitions=tree)
    of_days = told.days.filter(pl.col("series") == "search")
    december = told.landing.filter(pl.col("series") == "search", pl.col("period") == "2026-12").row(0, named=True)
    assert of_days["status"].unique().to_list() == ["silent"]
    assert of_days["low_80"].max() == december["low_80"] == december["low_95"] == 0
    assert of_days["high_80"].min() > 0
    assert told.days.filter(pl.col("series") == "voice", pl.col("low_80") == 0).is_empty()


def test_unknown_days_are_no_silence() -> None:
    """140 days known, then 60 of which nobody knows: what it was is still expected."""
    rows = history("search", 200).with_columns(value=pl.when(pl.col("day") <= LAST - timedelta(days=60)).then("value"))
    told = forecast(rows, steps=7).days
    assert (told["status"][0], told["method"][0]) == ("ok", "weighted mean")
    assert told["expected"].min() > 40


def test_a_past_event_that_took_away_makes_no_series_negative() -> None:
    """100 a day until twelve days ago, 70 less since: 30 a day are expected, and never less than nothing."""
    less = history("voice").with_columns(
        value=pl.when(pl.col("day") > date(2026, 11, 4)).then(pl.col("value").cast(pl.Float64) * 0.3).otherwise("value")
    )
    event = Event("Cheaper", Kind.MIGRATION, date(2026, 11, 5), {"team": "voice"}, amount_per_day=-70 * 1.1)
    told = forecast(less, steps=14, known_events=[event], keys={"voice": {"team": "voice"}}).days
    assert told["low_95"].min() >= 0
    assert told["expected"].mean() == pytest.approx(33, rel=0.15)  # (5 × 130 + 2 × 60) / 7 = 110, × 0.3


def test_any_window_lands_and_only_in_the_series_that_asks_for_it() -> None:
    both = pl.concat([history("search"), history("voice", seed=2)])
    november = Period("month", date(2026, 11, 1), date(2026, 11, 30))
    year = Period("year", date(2026, 1, 1), date(2026, 12, 31))
    rolling = Period("rolling", date(2026, 11, 10), date(2026, 12, 9))
    too_far = Period("fixed", date(2026, 11, 1), date(2027, 6, 30))
    asked = {"search": [november, year, too_far], "voice": [rolling]}
    answer = forecast(both, until=date(2027, 3, 31), periods=asked)
    landing = answer.landing
    assert sorted(landing.select("series", "period").rows()) == [
        ("search", "2026-01-01 to 2026-12-31"),
        ("search", "2026-11"),
        ("voice", "2026-11-10 to 2026-12-09"),
    ]
    # the month is the one that lands by default, to the last bound
    unasked = forecast(both, until=date(2027, 3, 31)).landing.filter(series="search", period="2026-11")
    assert_frame_equal(landing.filter(period="2026-11"), unasked)
    window = landing.filter(period_kind="rolling").row(0, named=True)
    known = both.filter(pl.col("series") == "voice", pl.col("day") >= rolling.first)["value"].sum()
    expected = answer.days.filter(pl.col("series") == "voice", pl.col("day") <= rolling.last)["expected"].sum()
    assert (window["actual"], window["landing"], window["days_left"]) == (known, known + expected, 23)
    before = both.filter(pl.col("series") == "voice", pl.col("day").is_between(date(2026, 10, 11), date(2026, 11, 9)))
    assert window["previous"] == before["value"].sum()


@pytest.mark.parametrize("days", [90, 200, 420])
def test_eight_of_ten_years_end_within_the_interval_however_short_the_history(days: int) -> None:
    """Levels that grow by -10 to 50 % a year, weekdays and noise: what comes in the next 120, 240 and 365 days."""
    random = np.random.default_rng(11)
    many, ahead = 40, 365
    at = np.arange(days + ahead)
    growth = np.exp(random.uniform(-0.1, 0.4, (many, 1)) * at / 365)
    week = np.array([1.1, 1.1, 1.1, 1.1, 1.0, 0.5, 0.4])[at % 7]
    values = 100 * growth * week * np.exp(random.normal(0, 0.12, (many, days + ahead)))
    known = pl.DataFrame(
        {
            "series": [str(each) for each in range(many) for _ in range(days)],
            "day": [LAST - timedelta(days=days - 1 - back) for _ in range(many) for back in range(days)],
            "value": values[:, :days].ravel(),
        }
    )
    windows = [Period("days", LAST + timedelta(days=1), LAST + timedelta(days=last)) for last in (240, ahead)]
    answer = forecast(known, steps=ahead, judged=False, periods={str(each): windows for each in range(many)})
    for window in windows:
        rows = answer.landing.filter(pl.col("last_day") == window.last)
        last = (window.last - LAST).days
        came = values[[int(name) for name in rows["series"]], days : days + last].sum(axis=1)
        low, high, landing = (rows[name].to_numpy() for name in ("low_80", "high_80", "landing"))
        assert np.mean((low <= came) & (came <= high)) >= 0.7, (days, last)
        assert np.median((high - low) / landing) <= 0.7, (days, last)  # ± 35 % at most: still worth saying
