"""Which candidates answer for which series: weighed by rolling back-test, recorded with their errors.

At each earlier origin every candidate is asked what it would have said then, and judged by how far its total over the
horizon was off. A series takes the mean of all candidates, each weighed by its error: over many series this loses
less than taking the best one, whose lead is often luck (Bates & Granger 1969). Intervals do not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from models.foresight import known
from models.foresight.candidates import CANDIDATES, DAMPING, Line, Seasonless
from models.foresight.holiday_factors import Holidays, holiday_factors
from models.foresight.monthly_charges import MonthlyCharges, monthly_charges
from models.foresight.panel import Panel
from models.foresight.seasonality import TOO_QUIET, WEEK, year_factors
from models.foresight.states import ENDED_DAYS, LEAST_ORIGINS, ended, learned, statuses

CUTS = tuple(range(7, 85, 7))
"""Earlier origins, in days before the panel's; whole weeks."""
JUDGED = 12
"""The latest earlier origins that candidates are judged at."""
FADING = 0.9
"""Weight of an origin beside the one a week later: what was right before a change counts less."""
SHARPNESS = 2
"""Weights fall with this power of the error: 0 is the plain mean, ∞ the best candidate alone. By back-tests 1 to 5 are
about as good, the best alone is clearly worse."""
DOUBTED, REFUTED = 1.25, 2.0
"""Whoever erred twice as much as another does not answer alone; on the reference series nothing hangs on it."""
PRIOR_ORIGINS = 3
"""Origins that the typical error of a candidate in the panel counts for, beside the series' own."""

WEIGHTED, ENDED = "weighted mean", "ended"


@dataclass(frozen=True)
class Points:
    """Point forecasts of a panel and what the same choice would have said before.

    `values` (n, horizon) and `backtests` (cuts, n, horizon), NaN where nothing is known; `cuts` are the earlier
    origins in days before the panel's; `method` is what answers for each series, WEIGHTED or ENDED.

    `errors`, one row per series and candidate, and of what answers: `series`, `method`, `error` (Σ of absolute errors
    of totals over the horizon ÷ Σ of what came; null if nothing came or nothing could be judged), `chosen`, `weight`
    (share in the weighted mean), `judged_origins`, and `reason` in words. `on_holidays` (n): whether holidays change a
    day ahead; None without any. `charges`: monthly ones, which are in values and backtests, at (0, *cuts); None
    without any. `status` is each series' (`states`).
    """

    values: np.ndarray
    backtests: np.ndarray
    cuts: tuple[int, ...]
    method: list[str]
    errors: pl.DataFrame
    on_holidays: np.ndarray | None = None
    charges: MonthlyCharges | None = None
    status: list[str] = field(default_factory=list[str])


def best_points(
    panel: Panel, horizon: int, *, cuts: tuple[int, ...] = CUTS, holidays: Holidays | None = None
) -> Points:
    """The weighted mean of candidates per series, at the origin and at the earlier ones.

    Only days of this panel tell, none after an origin; but the weights, and how far the shared year is trusted, are
    the panel's at its earlier origins too: back-tests look a little better than they were. A series that never was
    negative is not so ahead. `cuts` are whole weeks, the latest origin first, or it is a ValueError.
    """
    origins = _origins(cuts)
    charges = monthly_charges(panel, horizon, origins)
    usual = panel if charges is None else replace(panel, values=panel.values - charges.past)
    kept = None if holidays is None else holiday_factors(usual, horizon, holidays)
    usual = usual if kept is None else replace(usual, values=_restated(usual.values, kept.past))
    factors = year_factors(usual, horizon)
    history = Seasonless.of(usual.values / factors[:, : panel.days], dated=panel.origin is not None)
    lines = _lines(history, origins)
    factors = factors if kept is None else factors * kept.told
    season = _seasons(history.pattern, factors, origins, panel.days, horizon)
    came = known.came(panel.values, cuts, horizon)
    untold = ~learned(panel, cuts)
    came[untold] = np.nan
    judged = _Judged.of(lines, season[1:], came if charges is None else came - charges.ahead[1:])
    weights = _alone(lines.alone[:, : 1 + JUDGED], judged)
    values = _mean_line(lines, weights, season) + (0.0 if charges is None else charges.ahead)
    values = np.where(known.never_negative(panel.values)[:, None], np.maximum(values, 0.0), values)
    over = ended(panel)
    values[0][over] = 0.0
    values[1:][untold] = np.nan
    return Points(
        values[0],
        values[1:],
        cuts,
        [ENDED if each else WEIGHTED for each in over],
        _errors(panel, judged, weights, _off(values[1:], came), over),
        None if kept is None else kept.show & ~over,
        charges,
        statuses(panel, judged.origins),
    )


def _origins(cuts: tuple[int, ...]) -> tuple[int, ...]:
    if any(cut % WEEK for cut in cuts) or list(cuts) != sorted({*cuts} - {0}):
        raise ValueError(f"earlier origins are whole weeks back, the latest first, not {cuts}")
    return 0, *cuts


def _lines(history: Seasonless, origins: tuple[int, ...]) -> Line:
    """(candidates, origins, n) what each candidate says."""
    lines = [candidate(history, origins) for candidate in CANDIDATES.values()]
    return Line(*(np.stack(parts) for parts in zip(*lines, strict=True)))


def _restated(values: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The history without its holidays; unknown where one left too little of a day to tell."""
    told = factors >= TOO_QUIET
    return np.where(told, values / np.where(told, factors, 1.0), np.nan)


def _steps(horizon: int) -> np.ndarray:
    """(horizon) how many days' drift a forecast has gone by, damped (Gardner & McKenzie 1985)."""
    return (DAMPING ** np.arange(1, horizon + 1)).cumsum()


def _seasons(pattern: np.ndarray, factors: np.ndarray, origins: tuple[int, ...], days: int, horizon: int) -> np.ndarray:
    """(origins, n, horizon) the week's pattern known at each origin times the year's factor."""
    weeks, ahead = pattern.shape[1], np.arange(horizon) % WEEK
    out = np.full((len(origins), len(pattern), horizon), np.nan)
    for place, cut in enumerate(origins):
        if cut < days:
            out[place] = pattern[:, weeks - 1 - cut // WEEK][:, ahead] * factors[:, days - cut : days - cut + horizon]
    return out


def _off(answers: np.ndarray, came: np.ndarray) -> np.ndarray:
    """(n) Σ of absolute errors of totals ÷ Σ of absolute totals over the judged origins; NaN where none can be told."""
    both = np.isfinite(answers) & np.isfinite(came)
    off = np.abs(np.where(both, answers - came, 0.0).sum(axis=2))[:JUDGED].sum(axis=0)
    total = np.abs(np.where(both, came, 0.0).sum(axis=2))[:JUDGED].sum(axis=0)
    return np.where(total > 0, off / np.where(total > 0, total, 1.0), np.nan)


@dataclass(frozen=True)
class _Judged:
    """`off` (candidates, n) mean absolute error of totals over the judged origins, by FADING; `came` (n) likewise
    their mean absolute total; `origins` (n) how many there are."""

    off: np.ndarray
    came: np.ndarray
    origins: np.ndarray

    @classmethod
    def of(cls, lines: Line, season: np.ndarray, came: np.ndarray) -> _Judged:
        season, came = season[:JUDGED], came[:JUDGED]
        known = np.isfinite(came) & np.isfinite(season)
        shape = np.where(known, season, 0.0)
        total = np.where(known, came, 0.0).sum(axis=2)
        of_level, of_drift = shape.sum(axis=2), (shape * _steps(season.shape[2])).sum(axis=2)
        off = np.abs(lines.level[:, 1 : 1 + JUDGED] * of_level + lines.drift[:, 1 : 1 + JUDGED] * of_drift - total)
        told = np.isfinite(off).all(axis=0) & known.any(axis=2)
        share = told * FADING ** np.arange(len(told))[:, None]
        share /= np.maximum(share.sum(axis=0), 1e-9)
        came = (share * np.where(told, np.abs(total), 0.0)).sum(axis=0)
        return cls((share * np.where(told, off, 0.0)).sum(axis=1), came, told.sum(axis=0))

    def weights(self) -> np.ndarray:
        """(candidates, n), summing to 1."""
        usual = self.off.mean(axis=0)
        relative = np.where(usual > 0, self.off / np.where(usual > 0, usual, 1.0), 1.0)
        able = self.origins >= LEAST_ORIGINS
        typical = np.median(relative[:, able], axis=1) if able.any() else np.ones(len(relative))
        relative = (self.origins * relative + PRIOR_ORIGINS * typical[:, None]) / (self.origins + PRIOR_ORIGINS)
        weights = np.where(able, np.maximum(relative, 1e-3) ** -SHARPNESS, 1.0)
        return weights / weights.sum(axis=0)


def _alone(alone: np.ndarray, judged: _Judged) -> np.ndarray:
    """(candidates, n) the weights by error, but for what a candidate answers alone.

    Of a walk only the last value tells anything; a dozen origins are too few to see that means of weeks do not. It must
    have been one at the judged origins, too, and not have erred by much more than others did (DOUBTED to REFUTED times
    the least error): a single event looks like a walk for a while.
    """
    known = np.isfinite(alone)
    alone = np.where(known, alone, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    least = np.where(np.isfinite(judged.off), judged.off, np.inf).min(axis=0)
    trust = np.clip((REFUTED * least - judged.off) / np.maximum((REFUTED - DOUBTED) * least, 1e-12), 0.0, 1.0)
    alone = np.where((judged.origins >= LEAST_ORIGINS) & np.isfinite(trust), alone * trust, 0.0)
    return alone + (1 - alone.sum(axis=0)) * judged.weights()


def _mean_line(lines: Line, weights: np.ndarray, season: np.ndarray) -> np.ndarray:
    """(origins, n, horizon) the weighted mean of the candidates that can answer at each origin, in season."""
    told = np.isfinite(lines.level)
    share = np.where(told, weights[:, None], 0.0)
    total = share.sum(axis=0)
    share = share / np.where(total > 0, total, np.nan)
    level, drift = ((share * np.where(told, part, 0.0)).sum(axis=0) for part in (lines.level, lines.drift))
    return (level[:, :, None] + drift[:, :, None] * _steps(season.shape[2])) * season


def _errors(panel: Panel, judged: _Judged, weights: np.ndarray, blended: np.ndarray, over: np.ndarray) -> pl.DataFrame:
    """The rows of `Points.errors`."""
    n, told = len(panel), judged.origins > 0
    single = np.where(told & (judged.came > 0), judged.off / np.where(judged.came > 0, judged.came, 1.0), np.nan)
    days = np.isfinite(panel.values).sum(axis=1)
    reason = [
        f"nothing came for {ENDED_DAYS} days"
        if gone
        else f"too short to weigh: {count} days, all weigh the same"
        if origins < LEAST_ORIGINS
        else f"weighed by the errors at {origins} earlier origins"
        for gone, count, origins in zip(over.tolist(), days.tolist(), judged.origins.tolist(), strict=True)
    ]
    names = pl.DataFrame({"series": panel.names, "judged_origins": judged.origins, "reason": reason})
    rows = [
        names.with_columns(
            method=pl.lit(name), error=pl.Series(error), chosen=pl.lit(value=False), weight=pl.Series(weight)
        )
        for name, error, weight in zip(CANDIDATES, single, weights, strict=True)
    ]
    answering = names.with_columns(
        method=pl.Series([ENDED if gone else WEIGHTED for gone in over], dtype=pl.String),
        error=pl.Series(blended),
        chosen=pl.lit(value=True),
        weight=pl.Series(np.ones(n)),
    )
    return (
        pl.concat([answering, *rows])
        .with_columns(pl.col("error").fill_nan(None))
        .select("series", "method", "error", "chosen", "weight", "judged_origins", "reason")
    )
