"""Time buckets: the shape of usage and cost reports, and the proof that none of a window is missing.

Here belong the order of pages, buckets that come twice, buckets outside the window and buckets that do not come at
all. What lies in a bucket is read by the function that the vendor's connector hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from connectors.json_answers import Row, Tally, read_instant, read_object, read_rows, unreadable
from connectors.protocol import Answer, Window

Reader = Callable[[Answer, Sequence[Row]], pl.DataFrame]
"""The rows of one bucket as a frame; raises AnswerError."""


@dataclass(frozen=True)
class BucketFields:
    """What a vendor calls a bucket's start and end."""

    start: str
    end: str


@dataclass(frozen=True)
class Buckets:
    """The rows of every bucket inside the window, with `window_start` and `window_end`, and what is missing."""

    rows: pl.DataFrame
    missing: tuple[str, ...]


def read_buckets(
    stream: str,
    answers: Sequence[Answer],
    window: Window,
    width: timedelta,
    fields: BucketFields,
    schema: pl.Schema,
    read: Reader,
    tally: Tally,
) -> Buckets:
    """The buckets of one stream, each counted once; `schema` is what `read` gives.

    A bucket that comes twice with the same rows is counted once and told of; with other rows it is an AnswerError,
    because nobody can say which is right. A bucket that had ended when the answer came must be there.
    """
    frames: dict[datetime, pl.DataFrame] = {}
    more_promised = False
    for answer in sorted(answers, key=lambda answer: answer.sequence):
        page = read_object(answer)
        more_promised = page.get("has_more") is True
        for bucket in read_rows(answer, page, "data"):
            start = _start(answer, bucket, fields, width)
            results = read_rows(answer, bucket, "results")
            rows = read(answer, results)
            results.clear()  # a busy month is hundreds of megabytes of JSON objects; the frame is all we need
            if not window.start <= start < window.end:
                tally.note("outside the window", f"{stream}: a bucket of {start:%Y-%m-%d}", max(rows.height, 1))
            elif start not in frames:
                frames[start] = rows
            elif _same(frames[start], rows):
                tally.note("duplicate bucket", f"{stream}: {start:%Y-%m-%d %H:%M} came twice, counted once")
            else:
                raise unreadable(answer, f"the bucket of {start:%Y-%m-%d %H:%M} came twice with different figures")
    missing = [*_absent(stream, answers, window, width, frames)]
    if more_promised:
        missing.append(f"{stream}: the last page says that there is more")
    return Buckets(_joined(frames, width, schema), tuple(missing))


def _start(answer: Answer, bucket: Row, fields: BucketFields, width: timedelta) -> datetime:
    start = read_instant(answer, bucket.get(fields.start))
    end = read_instant(answer, bucket.get(fields.end))
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if (start - midnight) % width:
        raise unreadable(answer, f"a bucket starts at {start.isoformat()}, which is no full step of {width}")
    # The bucket of today may end now.
    if not start < end <= start + width:
        raise unreadable(answer, f"the bucket of {start.isoformat()} ends at {end.isoformat()}")
    return start


def _same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    if one.equals(other):
        return True
    order: dict[str, Any] = {"by": one.columns, "nulls_last": True}
    return one.height == other.height and one.sort(**order).equals(other.sort(**order))


def _absent(
    stream: str, answers: Sequence[Answer], window: Window, width: timedelta, frames: Iterable[datetime]
) -> list[str]:
    if not answers:
        return [f"{stream}: no answer"]
    asked = max(answer.fetched_at for answer in answers)
    known = set(frames)
    gaps: list[str] = []
    start = window.start
    while start + width <= min(window.end, asked):
        if start not in known:
            gaps.append(f"{stream}: the bucket of {start:%Y-%m-%d %H:%M}")
        start += width
    return gaps


def _joined(frames: dict[datetime, pl.DataFrame], width: timedelta, schema: pl.Schema) -> pl.DataFrame:
    """All rows under their bucket's start: put together once, since a frame's own overhead is larger than a day."""
    instant = pl.Datetime("us", "UTC")
    filled = {start: rows.select(list(schema)) for start, rows in sorted(frames.items()) if rows.height}
    starts = pl.DataFrame(
        {"window_start": list(filled), "rows": [rows.height for rows in filled.values()]},
        schema={"window_start": instant, "rows": pl.UInt32},
    ).select(pl.col("window_start").repeat_by("rows").explode(empty_as_null=False))
    rows = pl.concat([pl.DataFrame(schema=schema), *filled.values()])
    return rows.with_columns(starts.to_series()).with_columns(window_end=pl.col("window_start") + width)
