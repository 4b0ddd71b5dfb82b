"""Make-believe daily AI spend to measure foresight on: the same bytes for the same seed, and nothing to download.

A series is a key, a model or a team with one of six manners; what happens to it (growth, a launch, a new price, a
change of level, holidays, bursts, days without use) is drawn by a seeded generator. The frames have the formats of
`tests/bench/adapter.py`. Made-up data flatters whoever made it up: figures on it compare methods, they promise nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

FIRST = date(2024, 1, 1)
"""A Monday."""

_WEEKS = {
    "office": (1.0, 1.05, 1.06, 1.04, 0.95, 0.34, 0.28),
    "product": (1.0, 1.0, 1.01, 1.02, 1.05, 0.93, 0.88),
    "nightly": (1.0, 1.0, 1.0, 1.0, 1.0, 0.64, 0.6),
    "weekly job": (2.6, 0.35, 0.35, 0.35, 0.35, 0.2, 0.2),
    "always on": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "now and then": (1.0, 1.0, 1.0, 1.0, 1.0, 0.15, 0.1),
}
"""Share of an ordinary weekday, Monday to Sunday, by manner."""

_NOISE = {"office": 0.1, "product": 0.08, "nightly": 0.06, "weekly job": 0.15, "always on": 0.02, "now and then": 0.6}
_QUIET_DAYS = ((12, 23, 0.8), (12, 24, 0.45), (12, 25, 0.25), (12, 26, 0.3), (12, 27, 0.6), (12, 28, 0.6),
               (12, 29, 0.6), (12, 30, 0.6), (12, 31, 0.5), (1, 1, 0.3), (1, 2, 0.7), (5, 1, 0.5))  # fmt: skip
"""Month, day, and what is left of office work on it."""

STANDING_DAYS = (5, 10, 15, 20)
"""On which days of a month one asks where it will land."""


@dataclass(frozen=True)
class MonthEnds:
    """Questions and answers: `asked` (unique_id, t, ds, y; y empty on days to forecast), `true` (unique_id, t, ds, y)
    of those days, and `months` (unique_id, series, day, to_date, total)."""

    asked: pl.DataFrame
    true: pl.DataFrame
    months: pl.DataFrame


def daily_spend(series: int, days: int, seed: int = 0, first: date = FIRST) -> np.ndarray:
    """Spend by series and day, (series, days), never negative; a new series has NaN before it begins."""
    chance = np.random.default_rng(seed)
    manners = list(_WEEKS)
    manner = np.arange(series) % len(manners)
    at = np.arange(days)
    dates = [first + timedelta(days=int(day)) for day in at]
    week = np.array([_WEEKS[name] for name in manners])[manner][:, [day.weekday() for day in dates]]
    office = np.isin(manner, [0, 5])[:, None]
    quiet = np.ones(days)
    for month, day, left in _QUIET_DAYS:
        quiet[[each.month == month and each.day == day for each in dates]] = left
    holidays = np.where(office, quiet, 0.6 + 0.4 * quiet)
    level = np.exp(chance.normal(4, 1.5, series))[:, None]
    growth = np.exp(np.outer(chance.normal(0.15, 0.35, series) / 365, at))
    drift = np.exp(np.cumsum(chance.normal(0, 0.012, (series, days)), axis=1))
    noise = np.exp(chance.normal(0, 1, (series, days)) * np.array([_NOISE[name] for name in manners])[manner][:, None])
    spend = level * growth * drift * noise * week * holidays * _changes(chance, series, days)
    used = chance.random((series, days)) < np.where(manner == manners.index("now and then"), 0.35, 1.0)[:, None]
    spend = np.where(used, spend, 0.0)
    begun = np.where(chance.random(series) < 0.12, chance.integers(0, max(days - 60, 1), series), 0)
    return np.where(at < begun[:, None], np.nan, np.round(spend, 2))


def _changes(chance: np.random.Generator, series: int, days: int) -> np.ndarray:
    """Factors for launches (a ramp of three weeks), new prices, lasting changes of level, and short bursts."""
    at = np.arange(days)
    factor = np.ones((series, days))
    for share, low, high, ramp in ((0.25, 1.3, 2.2, 21), (0.3, 0.7, 1.25, 1), (0.35, 0.6, 1.7, 1)):
        day = chance.integers(30, max(days, 31), series)[:, None]
        size = np.where(chance.random(series) < share, chance.uniform(low, high, series), 1.0)[:, None]
        factor *= 1 + (size - 1) * np.clip((at - day + 1) / ramp, 0, 1)
    for _ in range(3):
        day = chance.integers(0, days, series)[:, None]
        size = np.where(chance.random(series) < 0.3, chance.uniform(1.3, 3.0, series), 1.0)[:, None]
        factor *= np.where((at >= day) & (at < day + 3), size, 1.0)
    return factor


def speed_input(series: int = 10_000, days: int = 365, horizon: int = 31, seed: int = 0) -> pl.DataFrame:
    """What `--task speed` is asked: unique_id, t, ds and y, with `horizon` empty days after the history."""
    values = np.hstack([np.nan_to_num(daily_spend(series, days, seed)), np.full((series, horizon), np.nan)])
    return _long(values, [f"s{number:05d}" for number in range(series)])


def usage_and_cost(series: int = 10_000, days: int = 120, seed: int = 0) -> pl.DataFrame:
    """What `--task anomaly` is asked: unique_id, ds, usage and cost; a unit price that seldom changes."""
    spend = np.nan_to_num(daily_spend(series, days, seed))
    price = np.exp(np.random.default_rng(seed + 1).normal(-6, 1, series))[:, None]
    long = _long(spend, [f"s{number:05d}" for number in range(series)])
    usage = pl.Series("usage", np.round(spend / price).ravel())
    return long.select("unique_id", "ds", usage, cost=pl.col("y"))


def month_ends(series: int = 60, seed: int = 3) -> MonthEnds:
    """Six months of each series, three over a year's end and three in its middle, asked on STANDING_DAYS.

    `unique_id` is series@month@day. A question holds at most 400 days before its origin, and no day after the month.
    """
    first, months = FIRST, ((2024, 11), (2024, 12), (2025, 1), (2025, 5), (2025, 6), (2025, 7))
    values = daily_spend(series, (date(2025, 8, 1) - first).days, seed)
    asked: list[pl.DataFrame] = []
    facts: list[tuple[str, str, int, float, float]] = []
    for year, month in months:
        begin = (date(year, month, 1) - first).days
        end = (date(year + month // 12, month % 12 + 1, 1) - first).days
        known = np.flatnonzero(~np.isnan(values[:, max(begin - 28, 0)]) & (np.nansum(values[:, begin:end], axis=1) > 0))
        for day in STANDING_DAYS:
            origin = begin + day
            start = max(origin - 400, 0)
            ids = [f"s{number:03d}@{year}{month:02d}@{day:02d}" for number in known]
            long = _long(values[known, start:end], ids, first + timedelta(days=start))
            asked.append(long.with_columns(is_ahead=pl.col("t") >= origin - start).drop_nulls("y"))
            for number, unique_id in zip(known, ids, strict=True):
                of_month = values[number, begin:end]
                facts.append((unique_id, f"s{number:03d}", day, float(of_month[:day].sum()), float(of_month.sum())))
    whole = pl.concat(asked)
    return MonthEnds(
        whole.with_columns(y=pl.when(~pl.col("is_ahead")).then("y")).drop("is_ahead"),
        whole.filter("is_ahead").drop("is_ahead"),
        pl.DataFrame(facts, schema=["unique_id", "series", "day", "to_date", "total"], orient="row"),
    )


def _long(values: np.ndarray, ids: list[str], first: date = FIRST) -> pl.DataFrame:
    """A matrix as rows; NaN becomes null."""
    count, days = values.shape
    steps = np.tile(np.arange(days, dtype=np.int32), count)
    return pl.DataFrame(
        {
            "unique_id": pl.Series(ids).gather(np.repeat(np.arange(count), days)),
            "t": steps,
            "ds": pl.Series(np.array(first, dtype="datetime64[D]") + steps).cast(pl.Date),
            "y": pl.Series(values.ravel()).fill_nan(None),
        }
    )
