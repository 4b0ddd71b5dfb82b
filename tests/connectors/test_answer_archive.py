"""Answers are kept byte for byte; a pull is whole or it never happened."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.errors import AnswerError, ArchiveError
from connectors.protocol import Answer, FileReference, Window

OCTOBER = Window.of_period("2026-10")
NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


def answer(body: bytes | FileReference, sequence: int = 0, source: str = "openai") -> Answer:
    request = {"path": "/costs", "query": "limit=1"}
    return Answer(source, "costs", OCTOBER, request, sequence, NOW, body, {"openai-organization": "org-1"})


def record(archive: Archive, *answers: Answer, period: str = "2026-10") -> None:
    with archive.record(answers[0].source, period, OCTOBER) as recording:
        for one in answers:
            recording.keep(one)


def test_answers_come_back_as_they_came(tmp_path: Path) -> None:
    archive = Archive(tmp_path, clock=lambda: NOW)
    large = FileReference("s3://bucket/export.parquet", 10**9, "ab" * 32)
    kept = [answer(b'{"v": 0.10}\xff'), answer(b"", 1), answer(large, 2)]
    record(archive, *kept)
    pull = archive.latest_sealed("openai", "2026-10")
    assert pull is not None
    assert list(archive.answers(pull)) == kept
    assert (pull.answers, pull.window, pull.started_at) == (3, OCTOBER, NOW)


def test_the_newest_pull_wins_even_under_a_clock_that_stands_still(tmp_path: Path) -> None:
    archive = Archive(tmp_path, clock=lambda: NOW)
    for number in range(12):
        record(archive, answer(b"%d" % number))
    pull = archive.latest_sealed("openai", "2026-10")
    assert pull is not None
    assert next(archive.answers(pull)).body == b"11"
    assert len(archive.pulls("openai", "2026-10")) == 12


def test_the_same_body_is_kept_once_and_the_same_answers_have_the_same_hash(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    record(archive, answer(b"same"), answer(b"same", 1))
    record(archive, answer(b"same"), answer(b"same", 1))
    record(archive, answer(b"other"))
    assert len(list(tmp_path.glob("objects/*/*"))) == 2
    hashes = [pull.content_hash for pull in archive.pulls("openai", "2026-10")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_replay_goes_through_every_source_in_the_order_of_time(tmp_path: Path) -> None:
    times = iter(NOW + timedelta(hours=hour) for hour in range(9))
    archive = Archive(tmp_path, clock=lambda: next(times))
    record(archive, answer(b"1", source="openai"), period="2026-10")
    record(archive, answer(b"2", source="anthropic"), period="2026-11")
    record(archive, answer(b"3", source="openai"), period="2026-09")
    bodies = [next(archive.answers(pull)).body for pull in archive.replay()]
    assert bodies == [b"1", b"2", b"3"]


def test_a_pull_that_ended_in_an_error_never_happened(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    record(archive, answer(b"whole"))
    with pytest.raises(AnswerError), archive.record("openai", "2026-10", OCTOBER) as recording:
        recording.keep(answer(b"half"))
        raise AnswerError("half a page", remedy="again")
    assert [pull.answers for pull in archive.pulls("openai", "2026-10")] == [1]


def test_a_full_disk_is_said_and_seals_nothing(tmp_path: Path) -> None:
    class FullDisk(Archive):
        def _flush(self, path: Path, data: bytes) -> None:
            path.write_bytes(data[:2])
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ArchiveError, match="full"):
        record(FullDisk(tmp_path), answer(b"body"))
    assert Archive(tmp_path).latest_sealed("openai", "2026-10") is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before the manifest", "between flush and rename"])
def test_a_killed_writer_leaves_no_pull_and_harms_none(tmp_path: Path, moment: str) -> None:
    record(Archive(tmp_path), answer(b"yesterday"))
    code = f"""
import os, signal
from datetime import UTC, datetime
from pathlib import Path
from connectors.archive import Archive
from connectors.protocol import Answer, Window
window = Window.of_period("2026-10")
class Killed(Archive):
    def _flush(self, path, data):
        super()._flush(path, data)
        if b'"entries"' in data and {moment!r} == "between flush and rename":
            os.kill(os.getpid(), signal.SIGKILL)
with Killed(Path({str(tmp_path)!r})).record("openai", "2026-10", window) as recording:
    for n in range(3):
        recording.keep(Answer("openai", "costs", window, {{}}, n, datetime.now(UTC), b"today %d" % n))
    if {moment!r} == "before the manifest":
        os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    archive = Archive(tmp_path)
    pull = archive.latest_sealed("openai", "2026-10")
    assert pull is not None
    assert [one.body for one in archive.answers(pull)] == [b"yesterday"]
    record(archive, answer(b"today 1"))
    assert len(archive.pulls("openai", "2026-10")) == 2


def test_a_damaged_body_is_found(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    record(archive, answer(b"body" * 100))
    pull = archive.latest_sealed("openai", "2026-10")
    assert pull is not None
    path = next(tmp_path.glob("objects/*/*"))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ArchiveError, match="damaged"):
        list(archive.answers(pull))


@pytest.mark.parametrize(("source", "period"), [("../etc", "2026-10"), ("openai", "2026-13"), ("openai", "../x")])
def test_a_name_cannot_leave_the_archive(tmp_path: Path, source: str, period: str) -> None:
    with pytest.raises(ArchiveError), Archive(tmp_path).record(source, period, OCTOBER):
        pass
