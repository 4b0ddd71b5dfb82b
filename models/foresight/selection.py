"""Which candidate answers for which series: chosen by rolling back-test, recorded with its error.

At each earlier origin every candidate is asked what it would have said then, and is judged by how far its total over
the horizon was off, as a share of what came. Intervals do not belong here (`intervals`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.foresight.candidates import CANDIDATES
from models.foresight.panel import Panel

CUTS = (7, 14, 21, 28, 35, 42)
"""Earlier origins that a choice is judged at, in days before the panel's origin."""


@dataclass(frozen=True)
class Points:
    """Point forecasts of a panel and what the same choice would have said before.

    `values` (n, horizon) and `backtests` (cuts, n, horizon), NaN where the history is too short; `cuts` are the earlier
    origins in days before the panel's; `method` names the chosen candidate of each series; `errors` has one row per
    series and candidate.
    """

    values: np.ndarray
    backtests: np.ndarray
    cuts: tuple[int, ...]
    method: list[str]
    errors: pl.DataFrame


def best_points(panel: Panel, horizon: int, *, cuts: tuple[int, ...] = CUTS) -> Points:
    """The forecast of the candidate with the least back-test error, per series."""
    answers = np.stack([candidate(panel, (0, *cuts), horizon) for candidate in CANDIDATES.values()])
    truth = _came(panel, cuts, horizon)
    both = np.isfinite(answers[:, 1:]) & np.isfinite(truth)
    off = np.abs(np.where(both, answers[:, 1:] - truth, 0.0).sum(axis=3)).sum(axis=1)
    came = np.abs(np.where(both, truth, 0.0)).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.where(came > 0, off / came, np.nan)
    best = np.argmin(np.where(np.isfinite(error), error, np.inf), axis=0)
    rows = np.arange(len(panel))
    names = list(CANDIDATES)
    chosen = answers[best, :, rows].swapaxes(0, 1)
    errors = pl.DataFrame(
        {
            "series": np.tile(np.array(panel.names, dtype=object), len(names)).tolist(),
            "method": np.repeat(np.array(names, dtype=object), len(panel)).tolist(),
            "error": error.ravel(),
            "chosen": (np.arange(len(names))[:, None] == best).ravel(),
        }
    )
    return Points(chosen[0], chosen[1:], cuts, [names[at] for at in best], errors)


def _came(panel: Panel, cuts: tuple[int, ...], horizon: int) -> np.ndarray:
    """(cuts, n, horizon) what came after each earlier origin; NaN beyond the panel's own."""
    padded = np.concatenate([panel.values, np.full((len(panel), horizon), np.nan)], axis=1)
    return np.stack([padded[:, panel.days - cut : panel.days - cut + horizon] for cut in cuts])
