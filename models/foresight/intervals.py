"""Intervals around point forecasts: quantiles of what the same forecasts were off before (weighted conformal).

At every earlier origin of a panel it is known what its forecast would have been and what came. For a day ahead, the
errors that count most are those of forecasts as far ahead (of *days* of about the same season, a year or more ago) and
the recent ones; the interval is where the weighted share of them lies that its level names (Vovk 2005; Tibshirani et
al. 2019, weights instead of exchangeability). So a year end is as wide as forecasts of the last year end were wrong.
Errors are measured in units of their own series, pooled over the panel, and signed: an interval need not be symmetric.
A fixed prior keeps small pools honest. Nothing after the panel's own origin is used. Sums are `landing`.

Adaptive: with each origin its errors join the pool, and old ones fade; and the unit of a series is in part what its
latest forecasts were off, at each earlier origin as now, so that who just jumped or stopped is unsure, and whoever was
so before tells how unsure (normalised conformal; Papadopoulos et al. 2011). Moving levels besides by how often the
latest intervals held (Gibbs & Candès 2021; Angelopoulos et al. 2023) was measured and left out: over a year of weekly
origins it followed noise, with worse coverage and a worse interval score.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.foresight import known
from models.foresight.panel import Panel
from models.foresight.seasonality import WEEK
from models.foresight.selection import Points

LEVELS = (50, 80, 95)
"""The shares of days, in %, that shall fall inside."""

HALF_LIFE = 182.0
"""After so many days an error counts half: widths of half a year ago still say something, those of last year less."""
SEASON_SHARE = 0.25
"""The part of the weight that errors about the same day of earlier years get, where there are any."""
SEASON_DAYS = 4.0
"""Standard deviation, in days, of "about the same day of the year": movable feasts move by more than a weekday."""
YEAR = 364.5
"""Between the same weekday (364) and the same date (365) of a year ago."""
STEP_SPREAD = 2.0
"""Errors of forecasts h days ahead speak for those about 2·√h days more or less ahead."""
PRIOR_ORIGINS = 8.0
"""Weight of the prior (Laplace, of the series' own mean error) in origins."""
KINSHIP = 0.25
"""Correlation of errors of two series at one origin: a panel of many series is worth 1/KINSHIP independent ones."""
UNJUDGED_SHARE = 0.25
"""Mean error of a series that no earlier origin judged, where none of the panel is: a guess, a share of its level."""
SCALE_PRIOR = 3.0
"""Origins that the panel's usual ratio of error to day-to-day change is worth beside a series' own errors."""
RECENT_SHARE = 0.3
"""Part of a squared unit that the latest errors make; .1 to .4 are about as good by back-test, none is worse."""
RECENT_WEEKS, RECENT_FADING = 8, 0.5
"""Latest errors are those of so many last weeks, each counting so much of the one after it."""
ABSOLUTE = 0.6
"""Squared mean absolute error ÷ mean squared error: between Laplace (.5) and normal (.64)."""
SMALLEST_GROWTH, LARGEST_GROWTH = 0.1, 10.0
"""Between these, an interval grows and shrinks with what a known event does to its point."""
LEVEL_DAYS = 56
"""The level of a series is the mean of so many last days."""
SMALLEST_SIZE = 0.1
"""Errors grow with the day's forecast, but no day is taken for smaller than this share of its series' level."""

_BINS = 128
_WIDEST = 8.0
_FINEST = 0.25
_EDGES = _FINEST * np.sinh(np.linspace(-_WIDEST, _WIDEST, _BINS + 1))
"""Bins of scaled errors, fine about 0 and coarse in the tails (± 370 mean errors)."""


@dataclass(frozen=True)
class Errors:
    """Errors of a panel's back-tests in units of their series.

    `scaled` (cuts, n, horizon) = (actual − forecast) ÷ `unit`, NaN where unknown; `unit` (cuts, n, horizon), in money,
    is what that forecast could be expected to be off, `unit_ahead` (n, horizon) the same for the forecast made now. A
    band is point + quantile × unit_ahead.
    """

    scaled: np.ndarray
    unit: np.ndarray
    unit_ahead: np.ndarray
    cuts: tuple[int, ...]
    seasonal: bool

    @property
    def horizon(self) -> int:
        return self.unit_ahead.shape[1]


@dataclass(frozen=True)
class Pool:
    """Scaled errors of many series, counted: `counts` (cells, bins), a cell being what is weighted as one.

    `origins` (cells) tells which cells stem from one origin and are no independent evidence.
    """

    counts: np.ndarray
    origins: np.ndarray


@dataclass(frozen=True)
class Bands:
    """`low` and `high` (LEVELS, n, horizon)."""

    low: np.ndarray
    high: np.ndarray


def errors_of(panel: Panel, points: Points) -> Errors:
    """What the chosen forecasts were off at earlier origins, in units of their series and of the level of the day.

    A monthly charge is no part of that level: what a fee will be is far surer than what its day costs beside it. Nor is
    it an error that a fee was not expected before it was known: now it is.
    """
    came = known.came(panel.values, points.cuts, points.values.shape[1])
    values, backtests, charges = points.values, points.backtests, points.charges
    if charges is not None:
        fees = known.came(charges.past, points.cuts, values.shape[1])
        came = came - np.where(charges.ahead[1:] == 0, fees, charges.ahead[1:])
        panel = replace(panel, values=panel.values - charges.past)
        values, backtests = values - charges.ahead[0], backtests - charges.ahead[1:]
    level = known.mean(np.abs(panel.values[:, -LEVEL_DAYS:]), axis=1)
    level = np.where(level > 0, level, 1.0)[:, None]
    relative = np.maximum(np.abs(np.concatenate([values[None], backtests])) / level, SMALLEST_SIZE)
    off = came - backtests
    usual = relative * _scale(panel, off / relative[1:], level[:, 0])[:, None]
    lately = _latest(off, points.cuts)
    told = np.isfinite(lately)
    share, added = np.where(told, 1 - RECENT_SHARE, 1.0), np.where(told, RECENT_SHARE * lately, 0.0)
    unit = np.sqrt(share[:, :, None] * np.square(usual) + added[:, :, None])
    scaled = (off / unit[1:]).astype(np.float32)
    return Errors(scaled, unit[1:].astype(np.float32), unit[0], points.cuts, panel.origin is not None)


def _latest(off: np.ndarray, cuts: tuple[int, ...]) -> np.ndarray:
    """(1 + cuts, n) square of what the last weeks were off, that were over by now and by each earlier origin."""
    weeks_ago = (np.array(cuts)[None, :] - np.array([0, *cuts])[:, None]) / WEEK
    weight = np.where((weeks_ago >= 1) & (weeks_ago <= RECENT_WEEKS), RECENT_FADING**weeks_ago, 0.0)
    square = known.mean(np.square(off[:, :, :WEEK]), axis=2)
    told = np.isfinite(square)
    total = np.einsum("oc,cn->on", weight, told.astype(np.float64))
    sums = np.einsum("oc,cn->on", weight, np.where(told, square, 0.0))
    return np.where(total > 0, ABSOLUTE * sums / np.where(total > 0, total, 1.0), np.nan)


def growth(points: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """How much larger errors get where known events move a point: in proportion, where there was something to grow."""
    return np.clip(np.abs(moved) / np.maximum(np.abs(points), 1e-12), SMALLEST_GROWTH, LARGEST_GROWTH)


def pool_of(errors: Errors) -> Pool:
    """The errors of all series, by origin and step."""
    cuts, n, horizon = errors.scaled.shape
    cell = np.arange(cuts)[:, None, None] * horizon + np.arange(horizon)[None, None, :]
    return count(errors.scaled, np.broadcast_to(cell, (cuts, n, horizon)), np.repeat(np.arange(cuts), horizon))


def bands(values: np.ndarray, unit: np.ndarray, quantiles: tuple[np.ndarray, np.ndarray]) -> Bands:
    """The band around points (n, horizon), from `day_quantiles`."""
    low, high = quantiles
    return Bands(values + low[:, None, :] * unit, values + high[:, None, :] * unit)


def day_quantiles(pool: Pool, errors: Errors) -> tuple[np.ndarray, np.ndarray]:
    """Scaled errors (LEVELS, horizon) that bound each level from below and above, per day ahead."""
    return weighted_quantiles(pool, weights(errors.cuts, errors.horizon, seasonal=errors.seasonal))


def weighted_quantiles(pool: Pool, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(LEVELS, rows) bounds from below and above of the pool as each row of `weight` (rows, cells) sees it.

    Blended with the prior by how many independent errors the row sees: origins by their effective number (Kish 1965),
    series of one origin by their KINSHIP.
    """
    told = pool.counts.sum(axis=1)
    # no `@`: its own threads get in the way of those that work on other chunks, and cost more than they save here
    share = np.einsum("tc,cb->tb", weight.astype(np.float32), pool.counts)
    total = share.sum(axis=1, keepdims=True)
    cumulative = np.cumsum(share, axis=1) / np.where(total > 0, total, 1.0)
    series = told.max(initial=0)
    starts = np.flatnonzero(np.diff(pool.origins, prepend=-1))
    by_origin = np.add.reduceat(weight * (told > 0), starts, axis=1) if len(starts) else weight
    origins = by_origin.sum(axis=1) ** 2 / np.maximum((by_origin**2).sum(axis=1), 1e-12)
    worth = (origins * series / (1 + max(series - 1, 0) * KINSHIP))[:, None]
    mixed = (cumulative * worth + _laplace(_EDGES[1:]) * PRIOR_ORIGINS) / (worth + PRIOR_ORIGINS)
    tails = [0.5 - level / 200 for level in LEVELS]
    low = np.stack([_at(mixed, tail) for tail in tails])
    high = np.stack([_at(mixed, 1 - tail) for tail in tails])
    # a point outside its own interval would contradict itself, whatever errors leaned to
    return np.minimum(low, 0.0), np.maximum(high, 0.0)


def weights(cuts: tuple[int, ...], horizon: int, *, seasonal: bool) -> np.ndarray:
    """(horizon, cuts × horizon) how much an error of an earlier origin and step says about each day ahead."""
    ahead = np.arange(1, horizon + 1)
    step = np.tile(ahead, len(cuts))
    day = step - np.repeat(np.array(cuts), horizon)
    past = day <= 0
    nearness = (step[None, :] - ahead[:, None]) / (STEP_SPREAD * np.sqrt(ahead)[:, None])
    recent = np.exp(-0.5 * nearness**2) * 0.5 ** (-day / HALF_LIFE) * past
    recent /= np.maximum(recent.sum(axis=1, keepdims=True), 1e-12)
    if not seasonal or not len(cuts):
        return recent
    gap = day[None, :] - ahead[:, None]
    off_season = np.abs(gap - YEAR * np.round(gap / YEAR)) / SEASON_DAYS
    same = np.exp(-0.5 * off_season**2) * (gap < -YEAR / 2) * np.exp(-0.125 * nearness**2) * past
    found = same.sum(axis=1, keepdims=True)
    usable = found > 0.5
    same /= np.where(usable, found, 1.0)
    return np.where(usable, (1 - SEASON_SHARE) * recent + SEASON_SHARE * same, recent)


def _scale(panel: Panel, off: np.ndarray, level: np.ndarray) -> np.ndarray:
    """(n) mean absolute error of each series, shrunk to the panel's ratio of errors to day-to-day changes.

    A series that no earlier origin judged may be off by a share of its level, however even its few days were.
    """
    change = known.mean(np.abs(np.diff(panel.values, axis=1)), axis=1)
    change = np.where(change > 0, change, np.nan)
    own = known.mean(np.abs(off), axis=(0, 2))
    share = own / level
    origins = np.isfinite(off).any(axis=2).sum(axis=0)
    ratio = own / change
    usual = np.median(ratio[np.isfinite(ratio)]) if np.isfinite(ratio).any() else 1.0
    prior = np.where(np.isfinite(change), usual * change, own)
    own, prior = np.where(np.isfinite(own), own, prior), np.where(np.isfinite(prior), prior, 0.0)
    scale = (np.where(np.isfinite(own), own, 0.0) * origins + prior * SCALE_PRIOR) / (origins + SCALE_PRIOR)
    unjudged = np.median(share[np.isfinite(share)]) if np.isfinite(share).any() else UNJUDGED_SHARE
    scale = np.where(origins == 0, np.maximum(scale, unjudged * level), scale)
    return np.where(scale > 0, scale, 1e-9)


def count(scaled: np.ndarray, cell: np.ndarray, origins: np.ndarray) -> Pool:
    """Scaled errors counted by their `cell` (an integer for each), unknown ones left out."""
    told = np.isfinite(scaled)
    place = (np.arcsinh(scaled[told] / _FINEST) + _WIDEST) * (_BINS / (2 * _WIDEST))
    at = cell[told] * _BINS + np.clip(place, 0, _BINS - 1).astype(np.int64)
    counts = np.bincount(at, minlength=len(origins) * _BINS)
    return Pool(counts.reshape(-1, _BINS).astype(np.float32), origins)


def _laplace(at: np.ndarray) -> np.ndarray:
    return np.where(at < 0, 0.5 * np.exp(np.minimum(at, 0)), 1 - 0.5 * np.exp(-np.maximum(at, 0)))


def _at(cumulative: np.ndarray, share: float) -> np.ndarray:
    """(horizon) where each row of a distribution reaches the share, straight lines between edges."""
    upper = np.minimum((cumulative < share).sum(axis=1), _BINS - 1)
    rows = np.arange(len(cumulative))
    above = cumulative[rows, upper]
    below = np.where(upper > 0, cumulative[rows, upper - 1], 0.0)
    part = np.where(above > below, (share - below) / np.where(above > below, above - below, 1.0), 1.0)
    return _EDGES[upper] + np.clip(part, 0, 1) * (_EDGES[upper + 1] - _EDGES[upper])
