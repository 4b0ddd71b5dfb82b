"""SIGKILL between every two steps of a run, and at 25 random moments of the command line.

After each kill readers see whole loads only, the next run starts at once, and in the end everything equals the truth.
The vendors' answers change from run to run (they restate two days and take it back), so that every run has work to do.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from connectors.simulator.simulation import Simulation
from pipelines.demo import serving
from pipelines.home import Home

pytestmark = pytest.mark.slow

AS_OF = datetime(2026, 11, 9, tzinfo=UTC)
SOURCE = "anthropic-labs"
PERIOD = "2026-11"
DRIVER = Path(__file__).with_name("run_until_step.py")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Path, Simulation]]:
    """A home whose vendors answer well; what is tested here is us."""
    simulation = Simulation(seed=3, months=1, as_of=AS_OF)
    home = Home.at(tmp_path / "home")
    with serving(home, simulation, misbehave=False):
        yield home.root, simulation


def billed(simulation: Simulation, state: str) -> dict[str, Decimal]:
    return {row["source"]: Decimal(row["billed_cost"]) for row in simulation.truth(state)["billed"]}


def published(home: Path) -> dict[str, Decimal] | None:
    """Billed by source as readers see it, after the tables were found to agree; None before the first publishing."""
    link = home / "warehouse" / "outlay.duckdb"
    if not link.exists():
        return None
    with duckdb.connect(str(link.resolve()), read_only=True) as warehouse:

        def sums(query: str) -> dict[str, Decimal]:
            return dict(warehouse.execute(query).fetchall())

        charged = sums("SELECT x_Source, sum(BilledCost) FROM focus.cost_and_usage GROUP BY ALL")
        assert charged == sums("SELECT source, sum(billed_cost) FROM marts.daily_costs GROUP BY ALL")
        assert charged == sums("SELECT source, sum(amount) FROM usage.bill_lines GROUP BY ALL")
        assert charged == sums(
            "SELECT source, sum(reported) FROM marts.reconciliation WHERE reported IS NOT NULL GROUP BY ALL"
        )
    return charged


def assert_whole(home: Path, simulation: Simulation) -> None:
    """Each source is wholly in one of the two states that its vendor ever told."""
    now = published(home)
    if now is not None:
        first, second = billed(simulation, "first"), billed(simulation, "second")
        assert {source for source, amount in now.items() if amount not in (first[source], second[source])} == set()


def test_killed_between_every_two_steps(world):
    home, simulation = world
    command = [sys.executable, str(DRIVER), str(home), SOURCE]
    steps = subprocess.run([*command, "1000"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(steps) > 12, steps
    for number, step in enumerate(steps, start=1):
        simulation.state = "second" if number % 2 else "first"
        killed = subprocess.run([*command, str(number)], capture_output=True, text=True, check=False)
        assert killed.returncode == -signal.SIGKILL, (step, killed.stderr)
        assert_whole(home, simulation)
    simulation.state = "second"
    last = subprocess.run([*command, "1000"], capture_output=True, text=True, check=False)
    assert last.returncode == 0, last.stderr
    now = published(home)
    assert now is not None
    assert now[SOURCE] == billed(simulation, "second")[SOURCE]


def test_killed_at_25_random_moments_of_the_command_line(world):
    home, simulation = world
    outlay = [sys.executable, "-m", "pipelines.cli", "run", "--period", PERIOD, "--home", str(home)]
    began = time.monotonic()
    assert subprocess.run(outlay, capture_output=True, check=False).returncode == 0
    whole_run = time.monotonic() - began
    moments = random.Random(20261122)
    for number in range(25):
        simulation.state = "first" if number % 2 else "second"
        run = subprocess.Popen(outlay, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            run.wait(moments.uniform(0.3, 1.0) * whole_run)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
        assert_whole(home, simulation)
    simulation.state = "second"
    last = subprocess.run(outlay, capture_output=True, text=True, check=False)
    assert last.returncode == 0, last.stderr
    assert published(home) == billed(simulation, "second")
