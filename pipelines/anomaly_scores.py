"""Scores of every day of every series, kept so that a publishing judges only days that are new or restated.

What a score is is in `models.foresight.anomalies`. It depends on a day and earlier ones, of all series (what everybody
shares is no anomaly of anyone): so from the first day on that differs from what was judged before, in any series, all
are judged anew, and the rest stays. The file may be removed at any time; one that cannot be read is made anew.
"""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import polars as pl

from models.foresight.anomalies import Sensitivity, scores
from pipelines.kept_frames import file_of, forget_all_but, keep, read_kept
from pipelines.reference import code_fingerprint

_INPUT = ("series", "day", "usage", "cost", "standing")
_SAME = "same"
"""Column of what is kept: a hash of what its day was judged by."""

_log = logging.getLogger(__name__)


def kept_scores(series: pl.DataFrame, sensitivity: Sensitivity, folder: Path) -> pl.DataFrame:
    """`anomalies.scores` of series (with or without `standing`), most of it from what `folder` keeps.

    The same, to the bit, as if all of it were judged now; sorted by day, then series.
    """
    file = file_of(folder, "scores", code_fingerprint(), repr(sensitivity), pl.__version__)
    rows = series.select(name for name in _INPUT if name in series.columns)
    days = _by_day(rows)
    schema = pl.Schema({**scores(rows.clear()).schema, _SAME: days.schema[_SAME]})
    kept = read_kept(file, schema)
    since = _first(rows) if kept is None else first_difference(kept.select("day", _SAME).unique(), days)
    if kept is not None and since is None:
        return kept.drop(_SAME)
    _log.debug("anomalies are judged from %s on", since)
    before = schema.to_frame() if kept is None else kept.filter(pl.col("day") < since)
    judged = scores(rows, since=since, sensitivity=sensitivity).sort("day", maintain_order=True)
    told = pl.concat([before, judged.join(days, on="day", how="left", maintain_order="left")])
    keep(told, file)
    forget_all_but({file}, folder, "scores-*")
    return told.drop(_SAME)


def _by_day(rows: pl.DataFrame) -> pl.DataFrame:
    """`day` and `same`: a hash of all that is known of it, in whatever order."""
    hashed = rows.select("day", rows.hash_rows(seed=0).alias(_SAME))
    return hashed.group_by("day").agg(pl.col(_SAME).sum())


def first_difference(before: pl.DataFrame, now: pl.DataFrame) -> date | None:
    """The first day on which two of `_by_day` differ; None where none does."""
    either = before.join(now, on="day", how="full", coalesce=True)
    return _first(either.filter(pl.col(_SAME).ne_missing(pl.col(f"{_SAME}_right"))))


def _first(rows: pl.DataFrame) -> date | None:
    day = rows["day"].min()
    assert day is None or isinstance(day, date)
    return day
