"""Histories of many series as matrices: how a long frame becomes panels, and what is done with awkward input.

A *panel* is the series whose history ends on the same day, its *origin*. What forecasting pools over series it pools
within one panel, so an answer never depends on a day after its own origin. Forecasting does not belong here.

Awkward input, and what becomes of it (nothing changes a total: a panel sums to what its rows sum to):

| input | what becomes of it |
|---|---|
| the same series and day twice | refused: whether they add up or contradict each other only the caller knows |
| a day without a row | as `absent` says: unknown (measured data), or without charge, 0 (a ledger that is through) |
| null or NaN | unknown, never 0 |
| infinite | refused |
| credits, negative days, zeros, constants, a single day | kept as they are |
| days after `as_of` | not known yet on that day: left out, because the caller asked to stand there |
| a day that is an instant | taken, and answered, as its UTC date where it is midnight UTC, else refused |
| daylight saving | moves nothing: a day is a UTC date, 24 hours long |
| a null day or series | refused |
| histories that end on different days | one panel each |
| steps (integers) instead of dates | same, without a calendar: `origin` is None |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import polars as pl

from models.errors import OutlayError

HISTORY = pl.Schema({"series": pl.String(), "day": pl.Date(), "value": pl.Float64()})
"""A long frame of histories, one row per series and day. `day` may also be an integer step, `value` any number."""

WIDEST = 20_000
"""The most days that a history may last; more is a wrong date, and would fill the memory."""

_EPOCH = date(1970, 1, 1)


class Absent(StrEnum):
    """What it means that a series has no row for a day between its first and its last."""

    UNKNOWN = "unknown"
    """Nobody measured: the day is skipped wherever levels and patterns are taken."""
    NO_CHARGE = "no charge"
    """The source is through and charged nothing: the day is 0, up to `as_of` for every series."""


@dataclass(frozen=True)
class Panel:
    """The series whose history ends on the same day.

    `values` (n, days) are right-aligned: the last column is the origin. NaN is a day before the series began or an
    unknown one. `origin` is None where days are plain steps; `step` is then the last step (else days since 1970).
    """

    names: list[str]
    values: np.ndarray
    origin: date | None
    step: int = 0

    def __len__(self) -> int:
        return len(self.names)

    @property
    def days(self) -> int:
        return self.values.shape[1]

    def cut(self, days: int) -> Panel:
        """The panel as it was `days` days before the origin: what was known then, nothing else."""
        if not days:
            return self
        origin = None if self.origin is None else self.origin - timedelta(days=days)
        return Panel(self.names, self.values[:, : max(self.days - days, 0)], origin, self.step - days)

    def rows(self, first: int, last: int) -> Panel:
        """Some of the series, for work in chunks."""
        return Panel(self.names[first:last], self.values[first:last], self.origin, self.step)

    def ahead(self, horizon: int) -> list[date] | list[int]:
        """The days (or steps) that a forecast of `horizon` days is for."""
        if self.origin is None:
            return [self.step + ahead for ahead in range(1, horizon + 1)]
        return [self.origin + timedelta(days=ahead) for ahead in range(1, horizon + 1)]


def panels(history: pl.DataFrame, *, absent: Absent = Absent.UNKNOWN, as_of: date | int | None = None) -> list[Panel]:
    """One panel per last day, ordered by it; within a panel series are in the order of their first row.

    `history` has the columns of HISTORY. With `as_of` one stands on that day (or step): later rows are left out, and
    where an absent day is one without charge, every series lasts until then (an ended one has zeros). Without, each
    series ends on its own last row.
    Raises OutlayError, naming series and day, for whatever the table above refuses.
    """
    dated, rows = _checked(history)
    upto = None if as_of is None else _step_of(as_of, dated)
    if upto is not None:
        rows = rows.filter(pl.col("step") <= upto)
    if rows.is_empty():
        return []
    # streamed: keeping the rows of every group in order would take more memory than the rows do
    spans = (
        rows.lazy()
        .with_row_index("at")
        .group_by("series")
        .agg(first=pl.col("step").min(), last=pl.col("step").max(), at=pl.col("at").min())
        .sort("at")
        .collect(engine="streaming")
    )
    _refuse_wide(spans, dated)
    if upto is not None and absent is Absent.NO_CHARGE:
        spans = spans.with_columns(last=pl.lit(upto, pl.Int64))
    ends = spans["last"].to_numpy()
    return [_panel(rows, spans, int(end), absent, dated) for end in np.unique(ends)]


def _panel(rows: pl.DataFrame, spans: pl.DataFrame, end: int, absent: Absent, dated: bool) -> Panel:
    """The series of `spans` that last until `end`, as a matrix."""
    mine = spans.filter(pl.col("last") == end)
    if mine.height < spans.height:
        rows = rows.join(mine, on="series", how="semi")
    width = end - int(mine["first"].min()) + 1  # type: ignore[arg-type]
    values = np.full((mine.height, width), np.nan)
    if absent is Absent.NO_CHARGE:
        values[np.arange(width) >= (mine["first"].to_numpy() - end + width - 1)[:, None]] = 0.0
    # in place: millions of rows, and what a row is in memory is what a forecast of ten thousand series needs
    cells = rows["series"].cast(pl.Enum(mine["series"])).to_physical().to_numpy().astype(np.int64)
    cells *= width
    cells += rows["step"].to_numpy()
    cells -= end - width + 1
    told = np.zeros(values.size, dtype=np.bool_)
    told[cells] = True
    if np.count_nonzero(told) < len(cells):
        raise _twice(rows, dated)
    values.ravel()[cells] = rows["value"].to_numpy()
    return Panel(mine["series"].to_list(), values, _EPOCH + timedelta(days=end) if dated else None, end)


def _checked(history: pl.DataFrame) -> tuple[bool, pl.DataFrame]:
    """Whether days are dates, and the rows as series, step (Int64) and value (Float64, unknown is NaN)."""
    missing = [name for name in HISTORY if name not in history.columns]
    if missing:
        raise OutlayError(
            f"a history has no column {', '.join(missing)}",
            remedy="give one row per series and day with the columns series, day and value",
        )
    if any(history[name].null_count() for name in ("series", "day")):
        raise OutlayError(
            "a row of a history has no series or no day", remedy="name both on every row, or leave it out"
        )
    history = utc_days(history)
    kind = history.schema["day"]
    dated = kind.is_temporal()
    if not dated and not kind.is_integer():
        raise OutlayError(
            f"the days of a history are {kind}", remedy="give dates (UTC), or integer steps where there is no calendar"
        )
    day = pl.col("day").cast(pl.Date).cast(pl.Int32) if dated else pl.col("day")
    rows = history.select(
        pl.col("series").cast(pl.String),
        step=day.cast(pl.Int64),
        value=pl.col("value").cast(pl.Float64).fill_null(float("nan")),
    )
    infinite = rows.filter(pl.col("value").is_infinite())
    if infinite.height:
        raise OutlayError(
            f"{infinite['series'][0]} is infinite on {_said(infinite['step'][0], dated)}",
            remedy="correct that value, or leave it empty if it is not known",
        )
    return dated, rows


def utc_days(history: pl.DataFrame) -> pl.DataFrame:
    """The history with its instants as UTC dates, anything else as it is; refused where one is not a midnight."""
    kind = history.schema.get("day")
    if not isinstance(kind, pl.Datetime):
        return history
    days = history["day"]
    if kind.time_zone not in {None, "UTC"}:
        days = days.dt.convert_time_zone("UTC")
    odd = history.filter(days.dt.time() != pl.time(0, 0, 0))
    if odd.height:
        raise OutlayError(
            f"{odd['series'][0]} has the instant {odd['day'][0]}, which is not the start of a UTC day",
            remedy="sum its values to UTC days first",
        )
    return history.with_columns(days.dt.date().alias("day"))


def _step_of(day: date | int, dated: bool) -> int:
    if isinstance(day, date) != dated:
        raise OutlayError(
            f"as_of is {day!r} but the days of the history are {'dates' if dated else 'steps'}",
            remedy="give as_of as the history gives its days",
        )
    return (day - _EPOCH).days if isinstance(day, date) else day


def _said(step: int, dated: bool) -> str:
    return (_EPOCH + timedelta(days=step)).isoformat() if dated else f"step {step}"


def _refuse_wide(spans: pl.DataFrame, dated: bool) -> None:
    wide = spans.filter(pl.col("last") - pl.col("first") >= WIDEST)
    if wide.height:
        series, first, last, _ = wide.row(0)
        raise OutlayError(
            f"the history of {series} lasts from {_said(first, dated)} to {_said(last, dated)}",
            remedy=f"correct the wrong one of these days; {WIDEST:,} days are the most that a history may last",
        )


def _twice(rows: pl.DataFrame, dated: bool) -> OutlayError:
    doubled = rows.filter(pl.struct("series", "step").is_duplicated()).sort("series", "step")
    series, step = doubled["series"][0], doubled["step"][0]
    more = doubled.select(pl.struct("series", "step").n_unique()).item() - 1
    return OutlayError(
        f"{series} has more than one value for {_said(step, dated)}"
        + (f", and so have {more} other days" if more else ""),
        remedy="add them up or keep the right one before forecasting; only you know which",
    )
