"""Statistics of what is known: NaN is unknown, never zero."""

from __future__ import annotations

import numpy as np


def mean(values: np.ndarray, *, axis: int | tuple[int, ...]) -> np.ndarray:
    """Mean of what is known along an axis; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=axis) / np.maximum(count, 1), np.nan)


def came(values: np.ndarray, cuts: tuple[int, ...], horizon: int) -> np.ndarray:
    """(cuts, n, horizon) what came after each earlier origin, `cuts` days before the last of (n, days); NaN beyond."""
    n, days = values.shape
    out = np.full((len(cuts), n, horizon), np.nan)
    for place, cut in enumerate(cuts):
        if cut <= days:
            seen = values[:, days - cut : days - cut + horizon]
            out[place, :, : seen.shape[1]] = seen
    return out


def never_negative(values: np.ndarray) -> np.ndarray:
    """(n) whether no known day of (n, days) is below 0."""
    return np.where(np.isfinite(values), values, 0.0).min(axis=1, initial=0.0) >= 0
