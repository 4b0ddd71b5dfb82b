"""Public holidays as events of a day: what a holiday costs of a usual day, from past ones and from Sundays.

Few holidays lie in a history: each past one counts one, and Sunday counts PRIOR. What stands still on Sundays does so
on holidays, and what runs on every day runs on. Which days are holidays is the caller's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from models.foresight.event_placing import SERIES_KEY
from models.foresight.events import Event, Kind

PRIOR = 1.0
"""Past holidays that a Sunday is worth: by back-tests on cash machines of England and bicycles of Madrid."""
NEAR = timedelta(days=28)
"""A usual day is the mean of its weekday so many days before and after."""
SMALLEST = 0.02
"""A holiday that changes less of a day is none."""
LEAST, MOST = 0.0, 2.0

_SATURDAY, _SUNDAY = 6, 7


@dataclass(frozen=True)
class Holidays:
    """Public holidays of a place, under a name; any days."""

    name: str
    days: frozenset[date]


def holiday_events(history: pl.DataFrame, holidays: Holidays, until: date) -> list[Event]:
    """An event for every series and holiday on a working day, in its history and ahead to `until`.

    `history`: `series`, `day`, `value`, every day of it. Those in the past restate the history as if they had been
    usual days, so that levels do not follow them.
    """
    values = history.select("series", "day", pl.col("value").cast(pl.Float64), weekday=pl.col("day").dt.weekday())
    free = pl.Series(sorted(holidays.days), dtype=pl.Date)
    usual = values.filter(~pl.col("day").is_in(free.implode()))
    working = values.filter(pl.col("day").is_in(free.implode()), pl.col("weekday") < _SATURDAY)
    around = working.join(usual, on=["series", "weekday"], suffix="_usual").filter(
        (pl.col("day") - pl.col("day_usual")).abs() <= NEAR
    )
    seen = (
        around.group_by("series", "day")
        .agg(pl.col("value").first(), usual=pl.col("value_usual").mean())
        .group_by("series")
        .agg(came=pl.col("value").sum(), usual=pl.col("usual").sum(), past=pl.len())
    )
    last = usual.filter(pl.col("day") > pl.col("day").max() - 2 * NEAR)
    level = last.filter(pl.col("weekday") < _SATURDAY).group_by("series").agg(level=pl.col("value").mean())
    sunday = last.filter(weekday=_SUNDAY).group_by("series").agg(sunday=pl.col("value").mean())
    worth = level.join(sunday, on="series", how="left").join(seen, on="series", how="left").sort("series")
    told = worth.filter(pl.col("level") > 0).select("series", worth=_worth())
    first = history.group_by("series").agg(first=pl.col("day").min())
    days = [day for day in sorted(holidays.days) if day.isoweekday() < _SATURDAY and day <= until]
    return [
        Event(holidays.name, Kind.LAUNCH, day, {SERIES_KEY: series}, change_pct=100 * (part - 1), until=day)
        for series, part, begun in told.join(first, on="series").iter_rows()
        if abs(part - 1) >= SMALLEST
        for day in days
        if day >= begun
    ]


def _worth() -> pl.Expr:
    """Of a usual day the part that a holiday costs."""
    seen = (pl.col("came") / pl.col("usual")).fill_null(0.0)
    past = pl.when(pl.col("usual") > 0).then(pl.col("past")).otherwise(0)
    # who works on Sundays (a weekly training run) does not therefore do so on holidays
    sunday = (pl.col("sunday") / pl.col("level")).fill_null(1.0).clip(upper_bound=1.0)
    return ((pl.when(past > 0).then(seen * past).otherwise(0.0) + sunday * PRIOR) / (past + PRIOR)).clip(LEAST, MOST)
