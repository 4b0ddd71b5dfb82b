"""The methods that compete for a series: a table of names and functions from a panel to point forecasts.

Every candidate answers for several origins at once: `cuts` are the days left off the end (0 = now), the answer is
(cuts, n, horizon), NaN where the history is too short. Choosing does not belong here (`selection`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from models.foresight.panel import Panel
from models.foresight.seasonality import WEEK, weekday_index

Candidate = Callable[[Panel, Sequence[int], int], np.ndarray]


def weekday_median(days: int) -> Candidate:
    """Median of the last `days` days without their weekday pattern, times the pattern."""

    def answer(panel: Panel, cuts: Sequence[int], horizon: int) -> np.ndarray:
        out = np.full((len(cuts), len(panel), horizon), np.nan)
        for at, cut in enumerate(cuts):
            known = panel.values[:, : panel.days - cut]
            if known.shape[1] < 1:
                continue
            index = weekday_index(known)
            recent = known[:, -days:]
            pattern = index[:, np.arange(-recent.shape[1], 0) % WEEK]
            level = _median(recent / np.where(pattern > 0, pattern, np.nan))
            out[at] = level[:, None] * index[:, np.arange(horizon) % WEEK]
        return out

    return answer


def _median(values: np.ndarray) -> np.ndarray:
    """Median of what is known per row; NaN where nothing is."""
    out = np.full(len(values), np.nan)
    some = np.isfinite(values).any(axis=1)
    if some.any():
        out[some] = np.nanmedian(values[some], axis=1)
    return out


CANDIDATES: Mapping[str, Candidate] = MappingProxyType(
    {"weekday median 28": weekday_median(28), "weekday median 56": weekday_median(56)}
)
