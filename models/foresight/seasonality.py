"""What repeats: the weekday pattern of every series, robustly and only where there is one.

Levels and trends do not belong here (`candidates`).
"""

from __future__ import annotations

import numpy as np

WEEK = 7


def weekday_index(values: np.ndarray, *, weeks: int = 8) -> np.ndarray:
    """(n, 7) median ratio of each weekday to the mean of its week; column 0 is the day after the last one.

    Flat (all 1) where fewer than two whole weeks are known or a week does not sum to more than 0. Scaled to mean 1.
    """
    n, days = values.shape
    whole = min(days // WEEK, weeks)
    if not whole:
        return np.ones((n, WEEK))
    by_week = values[:, days - whole * WEEK :].reshape(n, whole, WEEK)
    mean = by_week.mean(axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(mean > 0, by_week / mean, np.nan)
    enough = np.isfinite(ratio[:, :, 0]).sum(axis=1) >= 2
    index = np.ones((n, WEEK))
    if enough.any():
        index[enough] = np.nanmedian(ratio[enough], axis=1)
    index = np.maximum(index, 0.0)
    total = index.mean(axis=1, keepdims=True)
    return np.where(total > 0, index / np.where(total > 0, total, 1.0), 1.0)
