"""What can be said of a series as a whole: that it goes on, is short, went silent, has ended, or that nothing is known.

One rule for all who ask: how points are made, how wide ranges are, and what the frames say.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from models.foresight.panel import Panel

LEAST_TRAINING = 28
"""Known days that an earlier origin must leave a series to learn from, or it judges nothing of it."""
LEAST_ORIGINS = 4
"""With fewer earlier origins that judge a series it is short: eight weeks of days, where these origins are weeks."""
ENDED_DAYS = 56
"""A series that was zero for so many days, and was not before, has ended."""
SILENT_DAYS, SILENT_TIMES = 7, 2
"""A series that was zero for so many days, and for more than so many times its longest pause before, is silent."""


class Status(StrEnum):
    OK = "ok"
    SHORT = "short"
    """Too few earlier origins to weigh methods by: all weigh the same, its interval is mostly the prior."""
    SILENT = "silent"
    """Nothing comes for longer than it ever paused: it may be over, and its ranges reach to nothing."""
    ENDED = "ended"
    """Nothing came for eight weeks: expected to stay so."""
    UNKNOWN = "unknown"
    """Not one known day: nothing is expected, all is null."""


def statuses(panel: Panel, origins: np.ndarray) -> list[str]:
    """The status of each series, `origins` (n) being how many earlier ones judge it."""
    told = np.where(origins < LEAST_ORIGINS, Status.SHORT.value, Status.OK.value)
    told = np.where(silent(panel), Status.SILENT.value, told)
    told = np.where(ended(panel), Status.ENDED.value, told)
    return np.where(np.isfinite(panel.values).any(axis=1), told, Status.UNKNOWN.value).tolist()


def learned(panel: Panel, cuts: tuple[int, ...]) -> np.ndarray:
    """(cuts, n) whether a series had days enough to learn from at each earlier origin."""
    known = np.isfinite(panel.values).cumsum(axis=1)
    ends = [panel.days - cut for cut in cuts]
    had = [known[:, end - 1] if end > 0 else np.zeros(len(panel), dtype=np.int64) for end in ends]
    return np.stack(had) >= LEAST_TRAINING if had else np.empty((0, len(panel)), dtype=np.bool_)


def ended(panel: Panel) -> np.ndarray:
    """(n) whether all known days of the last ENDED_DAYS are 0 and an earlier one is not."""
    spent = np.where(np.isfinite(panel.values), np.abs(panel.values), 0.0)
    told = np.isfinite(panel.values[:, -ENDED_DAYS:]).any(axis=1)
    return told & (spent[:, -ENDED_DAYS:].sum(axis=1) == 0) & (spent.sum(axis=1) > 0)


def silent(panel: Panel) -> np.ndarray:
    """(n) whether the last days are known zeros for longer than the series ever paused; not one that never began."""
    zero = panel.values == 0
    if not zero.size:
        return np.zeros(len(panel), dtype=np.bool_)
    at = np.arange(1, panel.days + 1)
    runs = at - np.maximum.accumulate(np.where(zero, 0, at), axis=1)
    last = runs[:, -1]
    began = np.maximum.accumulate(np.isfinite(panel.values) & ~zero, axis=1)
    before = np.where(began & (at <= panel.days - last[:, None]), runs, 0).max(axis=1)
    return began[:, -1] & (last >= SILENT_DAYS) & (last > SILENT_TIMES * before)
