"""A run may be killed at any moment: readers see whole loads only, and the next run starts at once and ends right."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = Path(__file__).with_name("two_table_runs.py")


def outcomes(work: str, home: Path):
    done = subprocess.run([sys.executable, RUNS, work, home], capture_output=True, text=True, timeout=270, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_sigkill_between_every_two_steps(tmp_path):
    killed = outcomes("kills", tmp_path)

    steps = [outcome["step"] for outcome in killed]
    assert len(steps) >= 20
    for wanted in (
        "anthropic: before lines",
        "openai: a chunk of lines",
        "openai: between lines and sums",
        "openai: before the commit",
        "openai: after the commit",
        "publish: building",
        "publish: in the midst of building",
        "publish: naming",
        "publish: switching",
        "publish: recording",
    ):
        assert wanted in steps
    for outcome in killed:
        before, attempted, after = outcome["generation"] - 2, outcome["generation"] - 1, outcome["generation"]
        shown = attempted if outcome["step"] in ("publish: recording", "after publishing") else before
        assert outcome["killed"], outcome
        assert outcome["after_kill"] == {"result": {"anthropic": shown, "openai": shown}}, outcome
        assert outcome["next_run"] == {"result": None}, outcome
        assert outcome["after_next_run"] == {"result": {"anthropic": after, "openai": after}}, outcome
        assert outcome["left"] == [], outcome


@pytest.mark.slow
def test_readers_beside_repeated_publishing_meet_no_lock_and_no_mixture(tmp_path):
    beside = outcomes("readers", tmp_path)

    assert beside["written"] == {"result": None}
    for reader in beside["readers"]:
        assert "error" not in reader, reader
        assert reader["result"]["reads"] > 10
        assert reader["result"]["generations"] > 2
