"""Everything can be rebuilt from the archive, names that were given up since included; and again changes nothing."""

import shutil
from pathlib import Path

import duckdb
import pytest

from connectors.protocol import Surroundings
from pipelines.home import Home
from pipelines.run import replay
from pipelines.workplace import Workplace

pytestmark = pytest.mark.slow

TABLES = (
    "focus.cost_and_usage",
    "usage.meter_readings",
    "usage.bill_lines",
    "estimates.usage_estimates",
    "marts.reconciliation",
    "marts.daily_costs",
)


def rows_in(home: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str((home / "warehouse" / "outlay.duckdb").resolve()), read_only=True) as warehouse:
        return {table: warehouse.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


def test_a_home_with_nothing_but_answers_becomes_the_same_without_a_key(demo_home: Path, tmp_path: Path, monkeypatch):
    for name in ("OPENAI_ADMIN_KEY", "ANTHROPIC_ADMIN_KEY", "ANTHROPIC_LABS_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(demo_home / "archive", tmp_path / "archive")
    shutil.copy(demo_home / "outlay.yaml", tmp_path / "outlay.yaml")
    with Workplace.open(Home.at(tmp_path), surroundings=Surroundings(home=tmp_path)) as work:
        report = replay(work)
        assert report.failures == []
        rebuilt = rows_in(tmp_path)
        assert rebuilt == rows_in(demo_home)
        again = replay(work)
    assert again.failures == []
    assert rows_in(tmp_path) == rebuilt
