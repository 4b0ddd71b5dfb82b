"""One source failing under Dagster stops no other; a backfill of many billing periods is one run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from connectors.simulator.simulation import KEY_NAMES, Simulation
from pipelines.definitions import definitions
from pipelines.demo import serving
from pipelines.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

LABS, ADMIN = "anthropic-labs", "anthropic"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Home, Simulation]]:
    simulation = Simulation(seed=3, months=3, as_of=datetime(2026, 11, 9, tzinfo=UTC))
    home = Home.at(tmp_path / "home")
    with serving(home, simulation, misbehave=False, port=0):
        yield home, simulation


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def asked(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published.resolve()), read_only=True) as warehouse:
        return warehouse.execute(query).fetchall()


def billed(simulation: Simulation, source: str) -> dict[str, Decimal]:
    return {
        row["billing_period"]: Decimal(row["billed_cost"])
        for row in simulation.truth()["billed"]
        if row["source"] == source
    }


def test_a_wrong_key_of_one_source_stops_no_other(world: tuple[Home, Simulation], instance: dg.DagsterInstance):
    home, simulation = world
    right = home.secrets.read_text(encoding="utf-8")
    name = KEY_NAMES[ADMIN]
    lines = [f"{name}=sk-ant-admin01-wrong" if line.startswith(f"{name}=") else line for line in right.splitlines()]
    home.secrets.write_text("\n".join(lines) + "\n", encoding="utf-8")
    defs = definitions(home)
    ended = {
        job: defs.resolve_job_def(job)
        .execute_in_process(instance=instance, partition_key="2026-11", raise_on_error=False)
        .success
        for job in ("anthropic_load", "anthropic_labs_load")
    }
    assert ended == {"anthropic_load": False, "anthropic_labs_load": True}
    every = defs.resolve_implicit_global_asset_job_def()
    assert every.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("warehouse")]).success
    status = {row[0]: row[1:] for row in asked(home, "SELECT source, status, last_outcome, remedy FROM ops.freshness")}
    assert status[LABS][0] == "fresh"
    assert status[ADMIN][:2] == ("failing", "failed")
    assert "key" in status[ADMIN][2]
    charged = asked(home, "SELECT x_Source, sum(BilledCost) FROM focus.cost_and_usage GROUP BY ALL")
    assert charged == [(LABS, billed(simulation, LABS)["2026-11"])]


def test_a_backfill_of_three_periods_is_one_run(world: tuple[Home, Simulation], instance: dg.DagsterInstance):
    home, simulation = world
    job = definitions(home).resolve_implicit_global_asset_job_def()
    both = [dg.AssetKey(["anthropic_labs", layer]) for layer in ("answers", "charges")]
    span = {"dagster/asset_partition_range_start": "2026-09", "dagster/asset_partition_range_end": "2026-11"}
    result = job.execute_in_process(instance=instance, asset_selection=both, tags=span)
    assert result.success
    assert len(instance.get_runs()) == 1
    materialized = instance.get_materialized_partitions(both[-1])
    assert materialized == {"2026-09", "2026-10", "2026-11"}
    assert job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("warehouse")]).success
    charged = asked(home, "SELECT x_BillingMonth, sum(BilledCost) FROM focus.cost_and_usage GROUP BY ALL")
    assert dict(charged) == billed(simulation, LABS)


def test_one_bad_period_of_a_backfill_stops_no_other(world: tuple[Home, Simulation], instance: dg.DagsterInstance):
    """The run fails, and says which; the periods that could be loaded are."""
    home, simulation = world
    job = definitions(home).resolve_implicit_global_asset_job_def()
    charges = dg.AssetKey(["anthropic_labs", "charges"])
    answers = dg.AssetKey(["anthropic_labs", "answers"])
    for period in ("2026-09", "2026-11"):
        job.execute_in_process(instance=instance, asset_selection=[answers], partition_key=period)
    span = {"dagster/asset_partition_range_start": "2026-09", "dagster/asset_partition_range_end": "2026-11"}
    result = job.execute_in_process(instance=instance, asset_selection=[charges], tags=span, raise_on_error=False)
    assert not result.success
    assert job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("warehouse")]).success
    charged = dict(asked(home, "SELECT x_BillingMonth, sum(BilledCost) FROM focus.cost_and_usage GROUP BY ALL"))
    assert charged == {period: cost for period, cost in billed(simulation, LABS).items() if period != "2026-10"}
