"""Forecasts of many daily series: days with intervals, month- and quarter-end landings, and how good they were before.

The one public function; assets, command line and bench call it. It only composes: `panel` reads histories, `events`
restates them, `selection` chooses the points, `intervals` and `landing` put bounds to days and to sums, `accuracy`
tells what back-tests said. Totals over a hierarchy are made to add up by `hierarchy`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np
import polars as pl

from models.errors import OutlayError
from models.foresight import accuracy, events, intervals, known, landing
from models.foresight.hierarchy import CENTS, Partition, reconcile
from models.foresight.holiday_factors import Holidays
from models.foresight.landing import BOUNDS, Period
from models.foresight.panel import Absent, Panel, panels, utc_days
from models.foresight.past_landings import PAST, past_landings
from models.foresight.selection import best_points
from models.foresight.states import LEAST_TRAINING, Status
from models.ledger.money import MONEY, from_units

CHUNK_CELLS = 1_000_000
CHUNK_SERIES = 512
"""A panel of more is answered in equal parts, each on its own: no memory or number of cores changes a figure."""
BACK_TEST_DAYS = 378
"""Earlier origins reach back so far: a year and two weeks, to see the same days of the last year."""
EVERY_WEEK, SAME_SEASON = 182, 329
"""Between these every second week will do."""
_THREADS = 2


@dataclass(frozen=True)
class Forecast:
    """What is coming, as frames. Amounts are Decimal(38, 12), days rounded to cents, where the history's were Decimal.

    `days`: one row per series and day ahead: `series`, `day` (as in the history; of an instant its UTC date),
    `expected`, `low_50`, `high_50`, `low_80`, `high_80`, `low_95`, `high_95`, `made_on` (the origin: last day of the
    history), `method`, `status`, `events` (names of those that are in it, null: none).
    `landing`: one row per series and period that was asked for (else month or quarter, from the origin's own on) whose
    last day is forecast: `series`,
    `period_kind`, `period`, `first_day`, `last_day`, `made_on`, `actual` (Σ of what is known to the origin, exact;
    null: no day of it is), `expected_rest` (Σ of `days.expected`), `landing` (actual + rest) and its bounds, null where
    days of it are unknown, `previous` (total of the period before, null unless each of its days is known), `change`
    (landing − previous), `days_left`, `unknown_days` (since the series began, to the origin), `status`. Empty without
    dates.
    `accuracy`: see `accuracy.forecast_accuracy`. `past`: see `past_landings.PAST`, of the series that it was asked of.
    `unapplied`: events that no series could take, and why. `apart`: partitions that do not add up, because the
    histories of their series end on different days.
    """

    days: pl.DataFrame
    accuracy: pl.DataFrame
    unapplied: Mapping[str, str]
    apart: tuple[Partition, ...]
    past: pl.DataFrame
    _history: pl.DataFrame
    _answers: Sequence[_Answer]
    _asked: _Asked

    @cached_property
    def landing(self) -> pl.DataFrame:
        """See above; made when it is asked for."""
        return _landings(self._answers, self._asked.periods, self.days, self._history)


def forecast(
    history: pl.DataFrame,
    *,
    until: date | None = None,
    steps: int | None = None,
    absent: Absent = Absent.UNKNOWN,
    as_of: date | int | None = None,
    known_events: Sequence[events.Event] = (),
    keys: Mapping[str, events.Key] | None = None,
    partitions: Sequence[Partition] = (),
    holidays: Holidays | None = None,
    judged: bool = True,
    periods: Mapping[str, Sequence[Period]] | None = None,
    past_of: Collection[str] = (),
) -> Forecast:
    """Every series of `history` (`panel.HISTORY`: series, day, value) forecast to `until`, or `steps` days ahead.

    Each panel (series whose history ends on the same day) is answered alone, from nothing after its own last day.
    `absent` and `as_of` are `panel.panels`'. `known_events` apply by `keys` (series -> what it is of), see `events`;
    `holidays` to all, see `holiday_factors`.
    What `partitions` name adds up to the cent on each day, see `hierarchy`; that is for money, so days are then cents.
    Unless `judged`, back-tests are not replayed for `accuracy`, which is then without rows: a fifth of the time. Who
    ends on `until` or later has no rows. `periods`: of each series those that it shall land in; None is months and
    quarters. `past_of`: series whose months are told as they would have been forecast.
    OutlayError for awkward input, and unless one of `until` and `steps` is given.
    """
    asked = _Asked(until, steps, known_events, keys or {}, holidays, judged, periods, frozenset(past_of))
    history = utc_days(history)
    answers: list[_Answer] = []
    together: set[Partition] = set()
    for panel in panels(history, absent=absent, as_of=as_of):
        within = _within(panel, partitions)
        if answered := _of_panel(panel, asked, within):
            answers += answered
            together.update(within)
    until_then = history if as_of is None else history.filter(pl.col("day") <= as_of)
    return Forecast(
        _days(answers, until_then),
        pl.concat([answer.accuracy for answer in answers] or [pl.DataFrame()]),
        _unapplied(answers),
        tuple(part for part in partitions if part not in together),
        pl.concat([pl.DataFrame(schema=PAST), *(answer.past for answer in answers)]),
        until_then,
        answers,
        asked,
    )


@dataclass(frozen=True)
class _Asked:
    """What is asked of every panel, see `forecast`."""

    until: date | None
    steps: int | None
    known_events: Sequence[events.Event]
    keys: Mapping[str, events.Key]
    holidays: Holidays | None
    judged: bool
    periods: Mapping[str, Sequence[Period]] | None
    past_of: frozenset[str]

    def __post_init__(self) -> None:
        if (self.until is None) == (self.steps is None) or (self.steps is not None and self.steps < 1):
            raise OutlayError("a forecast needs one end", remedy="give either until (a day) or steps (1 or more)")

    def horizon(self, panel: Panel) -> int:
        """Days ahead of a panel's origin; 0 if it ends late enough."""
        if self.steps is not None:
            return self.steps
        if panel.origin is None or self.until is None:
            raise OutlayError("a history without dates cannot be forecast until a day", remedy="give steps instead")
        return max((self.until - panel.origin).days, 0)

    def landing_in(self, origin: date, names: Sequence[str], horizon: int) -> list[Period]:
        """Periods that any of these series lands in."""
        if self.periods is None:
            return landing.periods(origin, horizon)
        told = dict.fromkeys(period for name in names for period in self.periods.get(name, ()))
        return [period for period in told if period.last <= origin + timedelta(days=horizon)]


@dataclass(frozen=True)
class _Answer:
    """A part of a panel, answered."""

    panel: Panel
    values: np.ndarray
    unit: np.ndarray
    """What each day may be off, see `intervals`."""
    floor: np.ndarray
    """0 where a series never was negative, else −∞."""
    bands: intervals.Bands
    rests: list[tuple[Period, np.ndarray]]
    """Per period the (bounds, n) of its rest, in the order of BOUNDS."""
    method: list[str]
    status: list[str]
    events: list[tuple[str, ...]]
    accuracy: pl.DataFrame
    past: pl.DataFrame
    unapplied: Mapping[str, str]


def _within(panel: Panel, partitions: Sequence[Partition]) -> list[Partition]:
    """Partitions of which the panel has every series."""
    members = set(panel.names)
    return [part for part in partitions if members.issuperset((part.parent, *part.children))]


def _unapplied(answers: Sequence[_Answer]) -> dict[str, str]:
    """Events that are in no forecast of any panel, and why."""
    applied = {name for answer in answers for names in answer.events for name in names}
    told = {name: why for answer in answers for name, why in answer.unapplied.items()}
    return {name: why for name, why in told.items() if name not in applied}


def _of_panel(panel: Panel, asked: _Asked, partitions: Sequence[Partition]) -> list[_Answer]:
    """A panel, answered in parts side by side and made to add up; nothing where no day is ahead."""
    horizon = asked.horizon(panel)
    if not horizon:
        return []
    effects = events.effects(panel, horizon, asked.known_events, asked.keys)
    parts = _parts(panel, horizon)
    with ThreadPoolExecutor(_THREADS) as threads:
        answers = list(threads.map(lambda part: _answer(effects, asked, *part), parts))
    return [_unsure(answer) for answer in (_adding_up(answers, partitions) if partitions else answers)]


def _parts(panel: Panel, horizon: int) -> list[tuple[int, int]]:
    """First row and the one after the last of equal parts, as small as CHUNK_CELLS and CHUNK_SERIES ask."""
    rows = max(min(CHUNK_SERIES, CHUNK_CELLS // (horizon * (len(_cuts(panel)) + 1))), 1)
    count = -(-len(panel) // rows)
    return list(pairwise(len(panel) * at // count for at in range(count + 1)))


def _cuts(panel: Panel) -> tuple[int, ...]:
    """Earlier origins: each week of the last half year and about a year ago, every second one in between."""
    weeks = range(7, min(panel.days - LEAST_TRAINING, BACK_TEST_DAYS) + 1, 7)
    return tuple(cut for cut in weeks if cut <= EVERY_WEEK or cut > SAME_SEASON or cut % 14 == 0)


def _answer(effects: events.Effects, asked: _Asked, first: int, last: int) -> _Answer:
    panel = effects.history.rows(first, last)
    points = best_points(panel, effects.factor.shape[1], cuts=_cuts(panel), holidays=asked.holidays)
    errors = intervals.errors_of(panel, points)
    pool = intervals.pool_of(errors)
    floor = np.where(known.never_negative(effects.given.values[first:last]), 0.0, -np.inf)
    values = points.values * effects.factor[first:last] + effects.amount[first:last]
    values = np.maximum(values, floor[:, None])
    unit = errors.unit_ahead * intervals.growth(points.values, values)
    bands = intervals.bands(values, unit, intervals.day_quantiles(pool, errors))
    told = accuracy.forecast_accuracy(panel, points, accuracy.replayed(pool, errors)) if asked.judged else None
    return _Answer(
        panel,
        values,
        unit,
        floor,
        intervals.Bands(np.maximum(bands.low, floor[:, None]), np.maximum(bands.high, floor[:, None])),
        _rests(panel, asked, errors, values, unit, floor),
        points.method,
        points.status,
        _known(effects.names[first:last], points.on_holidays, asked.holidays),
        pl.DataFrame() if told is None else told,
        past_landings(panel, points, errors, floor, asked.past_of),
        effects.unapplied,
    )


def _known(
    names: list[tuple[str, ...]], on_holidays: np.ndarray | None, holidays: Holidays | None
) -> list[tuple[str, ...]]:
    """Names of the events in each series' forecast, holidays among them."""
    if on_holidays is None or holidays is None:
        return names
    return [(*of, holidays.name) if show else of for of, show in zip(names, on_holidays.tolist(), strict=True)]


def _adding_up(answers: list[_Answer], partitions: Sequence[Partition]) -> list[_Answer]:
    """The answers of one panel, moved to cents that add up; bounds move along with their points."""
    names = [name for answer in answers for name in answer.panel.names]
    values = np.vstack([answer.values for answer in answers])
    units = np.vstack([answer.unit for answer in answers])
    floors = np.concatenate([answer.floor for answer in answers])
    cents = reconcile(names, values, units, floors, partitions)
    agreed = np.where(np.isfinite(values), cents / CENTS, np.nan)
    edges = np.cumsum([0, *(len(answer.panel) for answer in answers)])
    return [_moved(answer, agreed[first:last]) for answer, (first, last) in zip(answers, pairwise(edges), strict=True)]


def _moved(answer: _Answer, values: np.ndarray) -> _Answer:
    by = values - answer.values
    floor = answer.floor[:, None]
    bands = intervals.Bands(np.maximum(answer.bands.low + by, floor), np.maximum(answer.bands.high + by, floor))
    rests: list[tuple[Period, np.ndarray]] = []
    for period, rest in answer.rests:
        start, end = period.steps(answer.panel.origin)  # type: ignore[arg-type]
        rests.append((period, np.maximum(rest + by[:, start:end].sum(axis=1), answer.floor)))
    return replace(answer, values=values, bands=bands, rests=rests)


def _unsure(answer: _Answer) -> _Answer:
    """With ranges of silent series that reach to nothing: whether it is over, no earlier error of theirs tells."""
    silent = np.array([status == Status.SILENT for status in answer.status])
    if not silent.any():
        return answer
    low = np.where(silent[:, None], np.minimum(answer.bands.low, 0.0), answer.bands.low)
    high = np.where(silent[:, None], np.maximum(answer.bands.high, 0.0), answer.bands.high)
    nearer, farther = slice(0, None, 2), slice(1, None, 2)
    rests: list[tuple[Period, np.ndarray]] = []
    for period, rest in answer.rests:
        wide = rest.copy()
        wide[nearer] = np.where(silent, np.minimum(rest[nearer], 0.0), rest[nearer])
        wide[farther] = np.where(silent, np.maximum(rest[farther], 0.0), rest[farther])
        rests.append((period, wide))
    return replace(answer, bands=intervals.Bands(low, high), rests=rests)


def _rests(
    panel: Panel, asked: _Asked, errors: intervals.Errors, values: np.ndarray, unit: np.ndarray, floor: np.ndarray
) -> list[tuple[Period, np.ndarray]]:
    """`_Answer.rests`."""
    if panel.origin is None:
        return []
    found = asked.landing_in(panel.origin, panel.names, values.shape[1])
    return [(period, landing.rest_bounds(errors, values, unit, floor, period.steps(panel.origin))) for period in found]


def _days(answers: list[_Answer], history: pl.DataFrame) -> pl.DataFrame:
    frames: list[pl.DataFrame] = []
    for answer in answers:
        n, horizon = answer.values.shape
        sides = [
            side[level] for level in range(len(intervals.LEVELS)) for side in (answer.bands.low, answer.bands.high)
        ]
        row = np.repeat(np.arange(n), horizon)
        of_series = _of_series(answer)[row]
        ahead = pl.Series("day", answer.panel.ahead(horizon)).cast(history.schema["day"])
        frames.append(
            of_series.select("series").with_columns(
                ahead[np.tile(np.arange(horizon), n)],
                *[
                    pl.Series(name, amounts.ravel()).fill_nan(None)
                    for name, amounts in zip(("expected", *BOUNDS), (answer.values, *sides), strict=True)
                ],
                *of_series.drop("series"),
            )
        )
    if not frames:
        return _nothing(("series", "day"), ("expected", *BOUNDS), ("method", "status", "events", "made_on"), history)
    stacked = pl.concat(frames)
    return stacked.with_columns(_cents("expected", *BOUNDS)) if history.schema["value"].is_decimal() else stacked


def _nothing(keys: Sequence[str], amounts: Sequence[str], told: Sequence[str], history: pl.DataFrame) -> pl.DataFrame:
    """No rows, with the columns that there would be."""
    day, amount = history.schema["day"], MONEY if history.schema["value"].is_decimal() else pl.Float64
    dates = {"day": day, "made_on": day, "first_day": pl.Date(), "last_day": pl.Date()}
    counts = dict.fromkeys(("days_left", "unknown_days"), pl.Int32())
    of = {**dates, **counts, **dict.fromkeys(amounts, amount)}
    return pl.DataFrame(schema={name: of.get(name, pl.String()) for name in (*keys, *amounts, *told)})


def _of_series(answer: _Answer) -> pl.DataFrame:
    """One row per series: what is said of all its days."""
    return pl.DataFrame(
        {
            "series": answer.panel.names,
            "method": answer.method,
            "status": answer.status,
            "events": [", ".join(names) or None for names in answer.events],
        },
        schema={"series": pl.String, "method": pl.String, "status": pl.String, "events": pl.String},
    ).with_columns(made_on=pl.lit(answer.panel.origin if answer.panel.origin is not None else answer.panel.step))


def _cents(*names: str) -> list[pl.Expr]:
    """Amounts as exact Decimal(38, 12), rounded to the cent."""
    return [
        from_units((pl.col(name) * CENTS).round().cast(pl.Int64).cast(pl.Int128) * 10**10).alias(name) for name in names
    ]


def _landings(
    answers: Sequence[_Answer],
    periods: Mapping[str, Sequence[Period]] | None,
    days: pl.DataFrame,
    history: pl.DataFrame,
) -> pl.DataFrame:
    frames: list[pl.DataFrame] = []
    for answer in answers:
        of_series = _of_series(answer).select("series", "status", "made_on")
        frames += [
            of_series.with_columns(
                *[pl.lit(getattr(period, name)).alias(name) for name in ("first", "last")],
                period_kind=pl.lit(period.kind),
                period=pl.lit(period.label),
                before_first=pl.lit(period.before.first),
                before_last=pl.lit(period.before.last),
                **landing.known_days(answer.panel, period),
                **{name: pl.Series(amounts).fill_nan(None) for name, amounts in zip(BOUNDS, rest, strict=True)},
            )
            .rename({"first": "first_day", "last": "last_day"})
            .filter([periods is None or period in periods.get(name, ()) for name in answer.panel.names])
            for period, rest in answer.rests
        ]
    if not frames:
        keys = ("series", "period_kind", "period", "first_day", "last_day", "made_on")
        amounts = ("actual", "expected_rest", "landing", *BOUNDS, "previous", "change")
        return _nothing(keys, amounts, ("days_left", "unknown_days", "status"), history)
    rests = pl.concat(frames)
    if history.schema["value"].is_decimal():
        rests = rests.with_columns(_cents(*BOUNDS))
    return landing.landings(history, days, rests)
