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
from pipelines.kept_frames import digest, forget_all_but, keep, read_kept
from pipelines.reference import code_fingerprint

_DIGITS = 32
"""Characters of a digest in a file's name."""
_INPUT = ("series", "day", "usage", "cost")
_SAME = "same"
"""Column of what is kept: a hash of what the row was judged by."""

_log = logging.getLogger(__name__)


def kept_scores(series: pl.DataFrame, sensitivity: Sensitivity, folder: Path) -> pl.DataFrame:
    """`anomalies.scores` of series (`series`, `day`, `usage`, `cost`), most of it from what `folder` keeps.

    The same, to the bit, as if all of it were judged now.
    """
    file = folder / f"scores-{digest(code_fingerprint(), repr(sensitivity), pl.__version__)[:_DIGITS]}.parquet"
    rows = series.select(_INPUT).sort("series", "day")
    hashed = rows.select("series", "day", rows.hash_rows(seed=0).alias(_SAME))
    schema = pl.Schema({**scores(rows.clear()).schema, _SAME: hashed.schema[_SAME]})
    kept = read_kept(file, schema)
    since = _first(rows) if kept is None else first_difference(kept, hashed)
    if kept is not None and since is None:
        return kept.drop(_SAME)
    _log.debug("anomalies are judged from %s on", since)
    before = schema.to_frame() if kept is None else kept.filter(pl.col("day") < since)
    told = pl.concat([before.drop(_SAME), scores(rows, since=since, sensitivity=sensitivity)]).sort("series", "day")
    keep(told.join(hashed, on=["series", "day"], how="left", maintain_order="left"), file)
    forget_all_but({file}, folder, "scores-*")
    return told


def first_difference(before: pl.DataFrame, now: pl.DataFrame) -> date | None:
    """The first day on which rows (`series`, `day`, `same`) differ; None where none does."""
    either = before.select("series", "day", _SAME).join(now, on=["series", "day"], how="full", coalesce=True)
    differs = either.filter(pl.col(_SAME).ne_missing(pl.col(f"{_SAME}_right")))
    return _first(differs)


def _first(rows: pl.DataFrame) -> date | None:
    day = rows["day"].min()
    assert day is None or isinstance(day, date)
    return day
