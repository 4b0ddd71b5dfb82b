"""Whatever is odd in a history is handled as documented, crashes nothing and changes no total: all of it in one run."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.errors import OutlayError
from models.foresight.anomalies import scores
from models.foresight.forecast import Forecast, forecast
from models.foresight.panel import Absent
from models.foresight.root_cause import causes
from models.foresight.states import Status
from models.table import MONEY

FIRST, LAST = date(2026, 2, 1), date(2026, 6, 20)
"""European clocks change on 29 March, American ones on 8 March."""
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
UNTIL = date(2026, 6, 30)


def usual(day: date) -> Decimal:
    """40 on weekdays, 10 on weekends, a little up and down."""
    return Decimal(10 if day.weekday() >= 5 else 40) + Decimal(day.day % 7) / 4


AWKWARD: dict[str, Callable[[date], Decimal | None]] = {
    "plain": usual,
    "all zero": lambda day: Decimal(0),
    "constant": lambda day: Decimal("12.34"),
    "one point": lambda day: Decimal(7) if day == LAST else None,
    "two points, far apart": lambda day: Decimal(5) if day in (FIRST, LAST) else None,
    "gap of three weeks": lambda day: None if date(2026, 4, 1) <= day <= date(2026, 4, 21) else usual(day),
    "unknown days": lambda day: None if day.day == 13 and day < LAST else usual(day),
    "credit": lambda day: Decimal(-900) if day == date(2026, 5, 4) else usual(day),
    "all negative": lambda day: -usual(day),
    "now and then": lambda day: Decimal(250) if day.day in (3, 17) else Decimal(0),
    "new": lambda day: usual(day) if day >= LAST - timedelta(days=9) else None,
    "ended": lambda day: usual(day) if day < date(2026, 4, 10) else Decimal(0),
    "in EUR until May": lambda day: usual(day) if day < date(2026, 5, 1) else Decimal(0),
    "in USD since May": lambda day: usual(day) if day >= date(2026, 5, 1) else None,
    "a thousandth of a cent": lambda day: Decimal("0.00001"),
    "a billion": lambda day: usual(day) * 10**8,
}


def histories(**more: Callable[[date], Decimal | None]) -> pl.DataFrame:
    rows = [
        (series, day, value(day))
        for series, value in (AWKWARD | more).items()
        for day in DAYS
        if value(day) is not None or series == "unknown days"
    ]
    return pl.DataFrame(rows, schema={"series": pl.String, "day": pl.Date, "value": MONEY}, orient="row")


@pytest.fixture(scope="module")
def made() -> Forecast:
    return forecast(histories(), until=UNTIL, absent=Absent.NO_CHARGE, as_of=LAST)


def test_every_series_is_forecast_on_every_day_and_nothing_is_infinite(made: Forecast) -> None:
    assert made.days.group_by("series").len().sort("series").rows() == sorted((name, 10) for name in AWKWARD)
    amounts = made.days.select("expected", "low_50", "high_50", "low_80", "high_80", "low_95", "high_95")
    assert amounts.null_count().row(0) == (0,) * 7
    assert made.days.filter(~pl.col("expected").is_between("low_95", "high_95")).is_empty()


@pytest.mark.parametrize("days", [1, 2, 20])
def test_a_lone_new_series_is_forecast_and_said_to_be_short(days: int) -> None:
    """Nothing else is in its panel, and no earlier origin has enough to learn from: the first days of a home."""
    rows = [("new", FIRST + timedelta(days=n), Decimal(7)) for n in range(days)]
    history = pl.DataFrame(rows, schema={"series": pl.String, "day": pl.Date, "value": MONEY}, orient="row")
    told = forecast(history, until=date(2026, 2, 28))
    assert set(told.days["expected"]) == {Decimal(7)}
    assert set(told.days["status"]) == {Status.SHORT}
    widths = told.days.select(pl.col("high_80") - pl.col("low_80")).to_series()
    assert widths.min() > Decimal("0.5"), "nobody knows how steady it is"


def test_what_was_is_summed_exactly_whatever_it_was(made: Forecast) -> None:
    """June so far of every landing is the sum of its own rows, credits, nulls and tiny amounts as they are."""
    of_june = histories().filter(pl.col("day") >= date(2026, 6, 1)).group_by("series").agg(pl.col("value").sum())
    sums = dict(of_june.rows())
    june = made.landing.filter(pl.col("period") == "2026-06")
    assert dict(june.select("series", "actual").rows()) == {name: sums.get(name, Decimal(0)) for name in AWKWARD}
    assert june.filter(pl.col("landing") != pl.col("actual") + pl.col("expected_rest")).is_empty()


def test_who_is_too_short_or_over_says_so(made: Forecast) -> None:
    status = dict(made.days.select("series", "status").unique().rows())
    short = {"one point", "new", "in USD since May"}
    assert {name for name, told in status.items() if told == Status.SHORT} >= short
    assert status["in EUR until May"] == Status.SILENT
    assert status["ended"] == Status.ENDED
    assert status["plain"] == status["credit"] == status["gap of three weeks"] == Status.OK


def test_zeros_stay_zeros_and_a_constant_stays_itself(made: Forecast) -> None:
    by = {name: made.days.filter(pl.col("series") == name)["expected"].to_list() for name in AWKWARD}
    assert set(by["all zero"]) == set(by["ended"]) == {Decimal(0)}
    assert set(by["constant"]) == {Decimal("12.34")}
    assert max(by["all negative"]) < 0
    assert min(by["credit"]) > 0


def test_one_odd_series_changes_nothing_of_the_others_sums(made: Forecast) -> None:
    """More odd series change no sum of what was."""
    more = forecast(
        histories(**{"odd": lambda day: Decimal(10) ** (day.day % 9)}), until=UNTIL, absent=Absent.NO_CHARGE, as_of=LAST
    )
    actual = ["series", "period", "actual"]
    assert more.landing.select(actual).filter(pl.col("series") != "odd").rows() == made.landing.select(actual).rows()


def test_future_days_are_not_known_yet(made: Forecast) -> None:
    ahead = histories().with_columns(pl.col("day") + pl.duration(days=400)).with_columns(pl.col("day").cast(pl.Date))
    told = forecast(pl.concat([histories(), ahead]), until=UNTIL, absent=Absent.NO_CHARGE, as_of=LAST)
    assert told.days.equals(made.days)
    assert told.landing.select("series", "period", "actual").equals(made.landing.select("series", "period", "actual"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("plain", LAST, Decimal(1)), "more than one value"),
        (("plain", None, Decimal(1)), "no series or no day"),
        ((None, LAST, Decimal(1)), "no series or no day"),
    ],
)
def test_what_only_the_caller_can_mend_is_refused(row: tuple[object, ...], message: str) -> None:
    odd = pl.DataFrame([row], schema=histories().schema, orient="row")
    with pytest.raises(OutlayError, match=message):
        forecast(pl.concat([histories(), odd]), until=UNTIL)


def test_an_hour_of_daylight_saving_is_no_day() -> None:
    """Midnight in Berlin is 23:00 or 22:00 UTC: whoever sums by local days must say so."""
    hours = pl.DataFrame({"series": ["s"], "day": [datetime(2026, 3, 29, 22, tzinfo=UTC)], "value": [1.0]})
    with pytest.raises(OutlayError, match="not the start of a UTC day"):
        forecast(hours, steps=3)


def test_unknown_is_not_zero_for_forecasts() -> None:
    """A NaN or null every weekend leaves the level of the weekdays alone."""
    known = [(day, float(usual(day)) if day.weekday() < 5 else math.nan) for day in DAYS]
    rows = pl.DataFrame({"series": "s", "day": [day for day, _ in known], "value": [value for _, value in known]})
    told = forecast(rows.filter(pl.col("day") <= date(2026, 6, 19)), steps=5).days
    weekdays = told.filter(pl.col("day").dt.weekday() <= 5)["expected"]
    assert weekdays.is_between(35, 47).all()


def test_every_odd_day_has_a_row_of_scores_and_none_is_an_alert_for_its_oddity_alone() -> None:
    rows = histories().with_columns(usage=pl.lit(None, pl.Float64), cost="value").drop("value")
    told = scores(rows)
    assert told.height == rows.height
    assert told["flag"].null_count() == 0
    assert told.filter(pl.col("score").is_nan() | pl.col("score").is_infinite()).is_empty()
    quiet = ["all zero", "constant", "one point", "a thousandth of a cent"]
    assert told.filter(pl.col("series").is_in(quiet) & pl.col("flag")).is_empty()


def test_scores_take_gaps_and_unknown_costs() -> None:
    rows = histories().with_columns(usage=pl.col("value").cast(pl.Float64) * 3, cost="value").drop("value")
    holed = rows.filter(pl.col("day").dt.day() != 9).with_columns(
        cost=pl.when(pl.col("day").dt.day() != 11).then("cost"),
        usage=pl.when(pl.col("day").dt.day() != 12).then("usage").otherwise(math.nan),
    )
    told = scores(holed)
    assert told.height == holed.height
    assert told.filter(pl.col("score").is_nan()).is_empty()


def test_causes_of_odd_cases_sum_to_their_rows() -> None:
    """One row; nothing at all; credits; what came out of nothing; what went away."""
    cases = {
        "one row": [("a", "x", 5, 1)],
        "zeros": [("a", "x", 0, 0), ("b", "x", 0, 0)],
        "credits": [("a", "x", -50, 0), ("b", "x", 10, 10), ("b", "y", 10, 10)],
        "new": [("a", "x", 80, 0), ("b", "x", 10, 10), ("b", "y", 10, 10)],
        "gone": [("a", "x", 0, 80), ("b", "x", 10, 10), (None, "y", 10, 10)],
    }
    rows = pl.DataFrame(
        [(case, *row) for case, of in cases.items() for row in of],
        schema={"case": pl.String, "model": pl.String, "team": pl.String, "actual": MONEY, "expected": MONEY},
        orient="row",
    )
    told = causes(rows, ["model", "team"], ["case"])
    for row in told.rows(named=True):
        selected = rows.filter(pl.col("case") == row["case"])
        for name, value in zip(row["dimensions"], row["values"], strict=True):
            selected = selected.filter(pl.col(name).eq_missing(pl.lit(value, pl.String)))
        assert row["impact"] == row["actual"] - row["expected"]
        assert row["standing"] != "cause" or row["actual"] == selected["actual"].sum()
    best = {row["case"]: row["values"] for row in told.filter(pl.col("rank") == 1).rows(named=True)}
    assert best["new"] == best["gone"] == best["credits"] == ["a"]
