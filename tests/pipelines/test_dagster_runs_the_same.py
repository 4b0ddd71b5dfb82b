"""Dagster adds when and where, never what: the same home comes out as from `outlay run`."""

import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines.definitions import definitions
from pipelines.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

SOURCE = "anthropic-labs"
CHARGES = f"SELECT * EXCLUDE (x_ApiKeyName) FROM focus.cost_and_usage WHERE x_Source = '{SOURCE}' ORDER BY ALL"
"""Without names of keys: those of the first pull are told by its answers, which only a replay goes through."""


def charges_in(home: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str((home / "warehouse" / "outlay.duckdb").resolve()), read_only=True) as warehouse:
        return warehouse.execute(CHARGES).fetchall()


@pytest.fixture
def replayed_home(demo_home: Path, tmp_path: Path) -> Path:
    """The demo's answers in a home where nothing was loaded yet."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(demo_home / "archive", home / "archive")
    shutil.copytree(demo_home / "demo" / "measures", home / "demo" / "measures")  # files that outlay.yaml names
    for name in ("outlay.yaml", ".env"):
        shutil.copy(demo_home / name, home / name)
    return home


def test_loading_and_publishing_under_dagster_gives_the_same_charges(demo_home: Path, replayed_home: Path):
    """From the archived answers of one pull: the second, which is what the demo shows."""
    defs = definitions(Home.at(replayed_home))
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        for period in ("2026-09", "2026-10", "2026-11"):
            result = job.execute_in_process(
                instance=instance, asset_selection=[dg.AssetKey(["anthropic_labs", "charges"])], partition_key=period
            )
            assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
        job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("warehouse")])
    assert charges_in(replayed_home) == charges_in(demo_home)
