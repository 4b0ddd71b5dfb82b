"""Charges that come once a month: fees, subscriptions, taxes, yearly plans paid by the month.

Levels do not see them (a median passes over one day of thirty), so they are found, taken out of the history, and put on
the days that they fall due next. A charge is known at an origin by its *run*: due days in a row, to the last one, on
each of which the series stood out, by amounts of one size. A due day that passes without it ends the run.

It falls due on a day of the month (of a shorter month the last), or on the working day after or before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from models.foresight.panel import Panel
from models.foresight.seasonality import WEEK

BLOCK = 28
"""A day is compared with the two blocks of so many days before its own."""
ORDINARY = 24
"""Of a block's days so many are ordinary: what the furthest of them is off is the size of noise."""
STANDS_OUT = 3.0
"""A day stands out that is off by more than so many times that."""
LEAST = 0.5
"""What is less than this share of a median day does not matter to a month."""
ONE_SIZE = (0.5, 2.0)
"""An amount beside the one a month before; of the shortest run ONE_AMOUNT."""
ONE_AMOUNT = (0.9, 1.1)
SHORTEST = 2
"""Due days that make a run."""
CHANCE = 0.05
"""A run counts if fewer series than this share would show one by chance, by how often they stand out at all."""
SEEN_DAYS = 182
"""Days that tell how often a series stands out."""

_MONTH_DAYS = 31
_A_MONTH = (25, 35)
"""Fewest and most days between two due days, weekends counted."""


@dataclass(frozen=True)
class MonthlyCharges:
    """`past` (n, days) the part of each day that monthly charges are, `ahead` (origins, n, horizon) what was known of
    them at each origin."""

    past: np.ndarray
    ahead: np.ndarray


def monthly_charges(panel: Panel, horizon: int, origins: Sequence[int]) -> MonthlyCharges | None:
    """Charges at each of the `origins` (days before the panel's), from days up to it; None where no series has any.

    What a day costs without its charge is what the same weekday did. The amount ahead is the last one. Needs dates.
    """
    if panel.origin is None or panel.days <= BLOCK:
        return None
    extra = _extra(panel.values)
    out = _stands_out(panel.values, extra)
    rows = np.flatnonzero(_again_in_a_month(out))
    if not len(rows):
        return None
    due = _due_days(panel.origin, panel.days, horizon)
    runs = _Runs.of(extra[rows], out[rows], due)
    having = np.flatnonzero(runs.known.any(axis=(1, 2)))
    if not len(having):
        return None
    rows, runs = rows[having], runs.some(having)
    past, ahead = np.zeros(panel.values.shape), np.zeros((len(origins), len(panel), horizon))
    past[rows] = runs.members(due, panel.days)
    for place, cut in enumerate(origins):
        ahead[place, rows] = runs.ahead(due, panel.days - cut, horizon)
    return MonthlyCharges(past, ahead)


def _extra(values: np.ndarray) -> np.ndarray:
    """(n, days) by how much a day differs from the same weekday: the median of the three weeks before, where they are
    not known of the three after."""
    days = values.shape[1]
    padded = np.concatenate([values, np.full((len(values), 3 * WEEK), np.nan)], axis=1)
    usual = np.full(values.shape, np.nan)
    if days > 3 * WEEK:
        usual[:, 3 * WEEK :] = _median(*(values[:, WEEK * back : days - 3 * WEEK + WEEK * back] for back in range(3)))
    unknown = np.flatnonzero(~np.isfinite(usual).all(axis=0))
    after = _median(*(padded[:, unknown + WEEK * ahead] for ahead in (1, 2, 3)))
    usual[:, unknown] = np.where(np.isfinite(usual[:, unknown]), usual[:, unknown], after)
    return values - usual


def _median(one: np.ndarray, two: np.ndarray, three: np.ndarray) -> np.ndarray:
    return np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))


def _stands_out(values: np.ndarray, extra: np.ndarray) -> np.ndarray:
    """(n, days) whether a day is off by more than noise, and by an amount that matters."""
    size = np.abs(extra)
    least = np.fmax(
        STANDS_OUT * _of_blocks_before(size, ORDINARY), LEAST * _of_blocks_before(np.abs(values), BLOCK // 2)
    )
    return (_blocks(size) > least[:, :, None]).reshape(len(values), -1)[:, -values.shape[1] :]


def _of_blocks_before(values: np.ndarray, place: int) -> np.ndarray:
    """(n, blocks) the larger of the ordered values at a place in the two blocks before; of the first its own."""
    ordered = np.partition(_blocks(values), place - 1, axis=2)[:, :, place - 1]
    before = np.full((2, *ordered.shape), np.nan)
    before[0, :, 1:], before[1, :, 2:] = ordered[:, :-1], ordered[:, :-2]
    larger = np.fmax(before[0], before[1])
    own = np.where(np.isfinite(ordered[:, :-1]), ordered[:, :-1], ordered[:, 1:])
    larger[:, :-1] = np.where(np.isfinite(larger[:, :-1]), larger[:, :-1], own)
    return larger


def _blocks(values: np.ndarray) -> np.ndarray:
    """(n, blocks, BLOCK), the last of which ends at the origin."""
    n, days = values.shape
    return np.concatenate([np.full((n, -days % BLOCK), np.nan), values], axis=1).reshape(n, -1, BLOCK)


def _again_in_a_month(out: np.ndarray) -> np.ndarray:
    """(n) whether a series stood out on two days that are a month apart, give or take a weekend."""
    nearest, furthest = _A_MONTH
    seen = np.concatenate([np.zeros((len(out), furthest + 1)), out.cumsum(axis=1)], axis=1)
    days = np.arange(out.shape[1])
    again = out & (seen[:, days + furthest + 1 - nearest] > seen[:, days])
    return np.asarray(again.any(axis=1))


def _due_days(origin: date, days: int, horizon: int) -> np.ndarray:
    """(3 × 31, months) columns of the due days of each rule; below 0 before the history, `days` and more ahead."""
    last = np.datetime64(origin)
    months = np.arange(last - days - _MONTH_DAYS, last + horizon + _MONTH_DAYS, dtype="datetime64[D]")
    months = np.unique(months.astype("datetime64[M]"))
    first, next_first = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    day = np.minimum(first + np.arange(_MONTH_DAYS)[:, None], next_first - 1)
    due = np.stack([day, np.busday_offset(day, 0, roll="forward"), np.busday_offset(day, 0, roll="backward")])
    return (due - last).astype(np.int64).reshape(3 * _MONTH_DAYS, -1) + days - 1


@dataclass(frozen=True)
class _Runs:
    """Runs of due days, per rule and month of the history.

    `amount` and `length` (rows, rules, months): what the due day has too much, and for how many due days so; `known`
    whether that is too many for chance.
    """

    amount: np.ndarray
    length: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, extra: np.ndarray, out: np.ndarray, due: np.ndarray) -> _Runs:
        days = out.shape[1]
        inside = (due >= 0) & (due < days)
        at = np.clip(due, 0, days - 1)
        told = inside & out[:, at]
        amount = np.where(told, extra[:, at], 0.0)
        length = told.astype(np.int8)
        alike = np.zeros(told.shape, dtype=np.bool_)
        for month in range(1, due.shape[1]):
            row, rule = np.nonzero(told[:, :, month] & told[:, :, month - 1])
            ratio = amount[row, rule, month] / amount[row, rule, month - 1]
            goes_on = (ratio >= ONE_SIZE[0]) & (ratio <= ONE_SIZE[1])
            length[row, rule, month] += np.where(goes_on, length[row, rule, month - 1], 0).astype(np.int8)
            alike[row, rule, month] = (ratio >= ONE_AMOUNT[0]) & (ratio <= ONE_AMOUNT[1])
        known = (length > SHORTEST) | ((length == SHORTEST) & alike)
        row, rule, month = np.nonzero(known)
        often = _share_of_last(out)[row, at[rule, month]]
        known[row, rule, month] = _MONTH_DAYS * often ** length[row, rule, month] <= CHANCE
        return cls(amount, length, known)

    def some(self, rows: np.ndarray) -> _Runs:
        return _Runs(self.amount[rows], self.length[rows], self.known[rows])

    def members(self, due: np.ndarray, days: int) -> np.ndarray:
        """(rows, days) the amounts of all due days of known runs, from their first on."""
        past = np.zeros((len(self.amount), days))
        of_run = np.zeros(self.amount.shape[:2], dtype=np.bool_)
        for month in reversed(range(due.shape[1])):
            of_run = self.known[:, :, month] | (of_run & (self.length[:, :, month] > 0))
            row, rule = np.nonzero(of_run)
            past[row, due[rule, month]] = self.amount[row, rule, month]
            # the first of a run: what lies before is of another
            of_run &= self.length[:, :, month] > 1
        return past

    @cached_property
    def _told(self) -> tuple[np.ndarray, ...]:
        """Row, rule and month of all that is known: of all that could be, little."""
        return np.nonzero(self.known)

    def ahead(self, due: np.ndarray, end: int, horizon: int) -> np.ndarray:
        """(rows, horizon) what falls due after the first `end` days of the history, as known then."""
        last = (due < end).sum(axis=1) - 1
        row, rule, month = self._told
        is_last = month == last[rule]
        row, rule, month = row[is_last], rule[is_last], month[is_last]
        once = _once(row, rule, self.length[row, rule, month], due[rule, month])
        row, rule, month = row[once], rule[once], month[once]
        told, to_come = np.nonzero((due[rule] >= end) & (due[rule] < end + horizon))
        out = np.zeros((len(self.amount), horizon))
        np.add.at(out, (row[told], due[rule[told], to_come] - end), self.amount[row, rule, month][told])
        return out


def _share_of_last(out: np.ndarray) -> np.ndarray:
    """(n, days) how often a series stood out in the SEEN_DAYS up to each day."""
    seen = out.cumsum(axis=1, dtype=np.float64)
    seen[:, SEEN_DAYS:] -= out.cumsum(axis=1)[:, :-SEEN_DAYS]
    return seen / np.minimum(np.arange(out.shape[1]) + 1, SEEN_DAYS)


def _once(row: np.ndarray, rule: np.ndarray, length: np.ndarray, last_due: np.ndarray) -> np.ndarray:
    """Places of the rules that tell of each charge of a row, by its day of the month as by the day that it last came
    on: that of the longest run, the plain day of the month first."""
    best = np.lexsort((rule, -length))
    for alike in (rule % _MONTH_DAYS, last_due):
        _, first = np.unique((row * 100_000 + alike)[best], return_index=True)
        best = best[np.sort(first)]
    return best
