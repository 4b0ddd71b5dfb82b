"""The same seed gives the same bytes: here, again, and in another process with another hash seed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import hashlib, sys
from datetime import UTC, datetime
from pathlib import Path
from connectors.simulator.routes import Answerer
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import Query

def digest(seed):
    world = Simulation(seed, 1, datetime(2026, 11, 10, tzinfo=UTC))
    answers = Answerer(world, quirks=True)
    headers = {"anthropic-version": "x", "anthropic-beta": "analytics-usage-cost-2026-08-24"}
    found = hashlib.sha256()
    for source, path, query in (
        ("openai", "/organization/costs", "start_time=1793491200&limit=31&group_by=line_item&group_by=api_key_id"),
        ("openai", "/organization/usage/completions", "start_time=1793491200&group_by=model&bucket_width=1h"),
        ("anthropic", "/organizations/cost_report", "starting_at=2026-11-01&limit=31&group_by=description"),
        ("anthropic", "/organizations/usage_report/claude_code", "starting_at=2026-11-03"),
        ("anthropic-labs", "/organizations/analytics/cost", "starting_at=2026-11-01&group_by=api_key_id"),
    ):
        found.update(answers.body(source, path, Query(query), headers.get))
    world.write_truth(Path(sys.argv[1]) / "truth.json", "second")
    found.update((Path(sys.argv[1]) / "truth.json").read_bytes())
    return found.hexdigest()
"""


def here(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "argv", ["", str(folder)])
    names: dict[str, object] = {}
    exec(SCRIPT, names)
    return names["digest"](seed)  # type: ignore[operator]


@pytest.mark.slow
def test_same_seed_same_bytes_in_any_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = here(tmp_path, 7, monkeypatch)
    assert here(tmp_path, 7, monkeypatch) == first
    assert here(tmp_path, 8, monkeypatch) != first
    elsewhere = subprocess.run(
        [sys.executable, "-c", f"{SCRIPT}\nprint(digest(7))", str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == first
    assert len(hashlib.sha256(first.encode()).hexdigest()) == len(first)
