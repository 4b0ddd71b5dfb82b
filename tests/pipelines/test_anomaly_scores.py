"""Only days that are new or restated are judged again, and the answer is what judging all of them anew would be."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.foresight.anomalies import Sensitivity, scores
from models.table import MONEY
from pipelines import anomaly_scores
from pipelines.kept_frames import read_kept

FIRST = date(2026, 1, 5)
QUIET = Sensitivity()


def series(days: int = 100, count: int = 24, **changed: float) -> pl.DataFrame:
    """Series a, b, …: about 100 a day, less at weekends, each with a rhythm of its own; `a_90=5000` is a day of a."""
    rows: list[dict[str, Any]] = []
    for number in range(count):
        name = chr(ord("a") + number)
        for day in range(days):
            usual = 100 + number + 3 * ((7 * day + 5 * number) % 11) - 40 * (day % 7 > 4)
            cost = changed.get(f"{name}_{day}", float(usual))
            rows.append({"series": name, "day": FIRST + timedelta(days=day), "usage": float(usual), "cost": cost})
    return pl.DataFrame(rows).with_columns(pl.col("usage", "cost").cast(MONEY))


def kept_scores(rows: pl.DataFrame, sensitivity: Sensitivity, folder: Path) -> pl.DataFrame:
    """In the order of `scores`."""
    return anomaly_scores.kept_scores(rows, sensitivity, folder).sort("series", "day")


class Judged:
    """What `scores` was asked for."""

    def __init__(self) -> None:
        self.since: list[date | None] = []

    def __call__(
        self, rows: pl.DataFrame, *, since: date | None = None, sensitivity: Sensitivity = QUIET
    ) -> pl.DataFrame:
        if rows.height:
            self.since.append(since)
        return scores(rows, since=since, sensitivity=sensitivity)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Judged:
    spy = Judged()
    monkeypatch.setattr(anomaly_scores, "scores", spy)
    return spy


def _day(number: int) -> date:
    return FIRST + timedelta(days=number)


def test_a_new_day_alone_is_judged(tmp_path: Path, judged: Judged) -> None:
    kept_scores(series(100), QUIET, tmp_path)
    told = kept_scores(series(101, a_100=900), QUIET, tmp_path)
    assert judged.since == [FIRST, _day(100)]
    assert_frame_equal(told, scores(series(101, a_100=900)))
    assert told.filter("flag").select("series", "day").rows() == [("a", _day(100))]


def test_nothing_new_is_not_judged_at_all(tmp_path: Path, judged: Judged) -> None:
    first = kept_scores(series(), QUIET, tmp_path)
    assert_frame_equal(kept_scores(series().reverse(), QUIET, tmp_path), first)
    assert judged.since == [FIRST]


@pytest.mark.parametrize(
    ("now", "since"),
    [
        pytest.param(series(a_90=900), 90, id="a restated day"),
        pytest.param(series(count=25), 0, id="a new series with history"),
        pytest.param(series(count=23), 0, id="a removed source"),
        pytest.param(series(98), 98, id="days taken back"),
        pytest.param(series().filter((pl.col("series") != "a") | (pl.col("day") >= _day(50))), 0, id="one begins late"),
    ],
)
def test_whatever_differs_is_judged_from_its_first_day_on(
    tmp_path: Path, judged: Judged, now: pl.DataFrame, since: int
) -> None:
    kept_scores(series(), QUIET, tmp_path)
    assert_frame_equal(kept_scores(now, QUIET, tmp_path), scores(now))
    assert judged.since[-1] == _day(since)


def test_a_new_series_without_history_leaves_the_days_before_it(tmp_path: Path, judged: Judged) -> None:
    kept_scores(series(), QUIET, tmp_path)
    newcomer = series(3, count=1).with_columns(pl.lit("zz").alias("series"), pl.col("day") + pl.duration(days=97))
    now = pl.concat([series(), newcomer])
    assert_frame_equal(kept_scores(now, QUIET, tmp_path), scores(now))
    assert judged.since == [FIRST, _day(97)]


def test_other_rules_and_other_code_judge_all_anew(
    tmp_path: Path, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_scores(series(), QUIET, tmp_path)
    keen = Sensitivity(alert=0.7)
    assert_frame_equal(kept_scores(series(), keen, tmp_path), scores(series(), sensitivity=keen))
    monkeypatch.setattr(anomaly_scores, "code_fingerprint", lambda: "mended")
    kept_scores(series(), keen, tmp_path)
    assert judged.since == [FIRST] * 3
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("harm", [b"no Parquet at all", b"", None])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, judged: Judged, harm: bytes | None) -> None:
    first = kept_scores(series(), QUIET, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-50] if harm is None else harm)
    assert_frame_equal(kept_scores(series(), QUIET, tmp_path), first)
    assert judged.since == [FIRST] * 2
    kept_scores(series(), QUIET, tmp_path)
    assert judged.since == [FIRST] * 2


def test_a_flipped_bit_is_never_believed(tmp_path: Path) -> None:
    """Wherever it falls: what is answered is what judging all anew answers, whether the file still reads or not."""
    first = kept_scores(series(60, count=3), QUIET, tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 40)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        kept = read_kept(file, kept_schema(first))
        assert kept is None or kept.drop("same").sort("series", "day").equals(first)


def kept_schema(scored: pl.DataFrame) -> pl.Schema:
    return pl.Schema({**scored.schema, "same": pl.UInt64()})


def test_no_series_has_no_scores(tmp_path: Path) -> None:
    assert kept_scores(series().clear(), QUIET, tmp_path).is_empty()
