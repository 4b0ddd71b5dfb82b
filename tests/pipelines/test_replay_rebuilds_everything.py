"""Everything can be rebuilt from the archive, names that were given up since included."""

import shutil
from pathlib import Path

import duckdb
import pytest

from connectors.protocol import Surroundings
from pipelines.home import Home
from pipelines.run import replay
from pipelines.workplace import Workplace

pytestmark = pytest.mark.slow

PERIOD = "2026-10"
"""One month is enough here: it holds a restated day, and keys that were renamed and deleted later."""
TABLES = {
    "focus.cost_and_usage": "x_BillingMonth",
    "usage.meter_readings": "billing_period",
    "usage.bill_lines": "billing_period",
    "estimates.usage_estimates": "billing_period",
    "marts.reconciliation": "billing_period",
    "marts.daily_costs": "billing_month",
    "marts.attributed_daily": "billing_month",
}


def rows_in(home: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str((home / "warehouse" / "outlay.duckdb").resolve()), read_only=True) as warehouse:
        return {
            table: warehouse.execute(f"SELECT * FROM {table} WHERE {month} = '{PERIOD}' ORDER BY ALL").fetchall()
            for table, month in TABLES.items()
        }


def test_a_home_with_nothing_but_answers_becomes_the_same_without_a_key(demo_home: Path, tmp_path: Path, monkeypatch):
    for name in ("OPENAI_ADMIN_KEY", "ANTHROPIC_ADMIN_KEY", "ANTHROPIC_LABS_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    other_months = shutil.ignore_patterns("2026-09", "2026-11")
    shutil.copytree(demo_home / "archive", tmp_path / "archive", ignore=other_months)
    shutil.copy(demo_home / "outlay.yaml", tmp_path / "outlay.yaml")
    # rates and series that outlay.yaml names are configuration, and nobody's answer
    shutil.copytree(demo_home / "demo" / "measures", tmp_path / "demo" / "measures")
    with Workplace.open(Home.at(tmp_path), surroundings=Surroundings(home=tmp_path)) as work:
        report = replay(work)
        assert report.failures == []
        rebuilt = rows_in(tmp_path)
        assert rebuilt == rows_in(demo_home)
        assert rebuilt["focus.cost_and_usage"]
