"""SIGKILL between every two steps of a run, and at 25 random moments of the command line.

After each kill readers see whole loads only, the next run starts at once, and in the end everything equals the truth.
The vendors' answers change from run to run (they restate two days and take it back), so that every run has work to do.
Runs are forked from a server that has imported us, so that a kill meets our work and not Python's start.
"""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import pytest

from connectors.simulator.simulation import Simulation
from pipelines.demo import serving
from pipelines.home import Home

pytestmark = pytest.mark.slow

AS_OF = datetime(2026, 11, 9, tzinfo=UTC)
SOURCE = "anthropic-labs"
SOURCES = ("anthropic", SOURCE)
PERIOD = "2026-11"
NEVER = 1000
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["pipelines.run", "pipelines.cli"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Path, Simulation]]:
    """A home whose vendors answer well; what is tested here is us."""
    simulation = Simulation(seed=3, months=1, as_of=AS_OF)
    home = Home.at(tmp_path / "home")
    with serving(home, simulation, misbehave=False, port=0):
        yield home.root, simulation


def run_until(home: Path, fatal_step: int, steps: Connection) -> None:
    """One pull, load and publishing that kills itself as its N-th step begins; tells each step as it begins."""
    from pipelines.run import run
    from pipelines.workplace import Workplace

    seen = 0

    def on_step(step: str) -> None:
        nonlocal seen
        seen += 1
        steps.send(step)
        if seen == fatal_step:
            os.kill(os.getpid(), signal.SIGKILL)

    with Workplace.open(Home.at(home), on_step=on_step) as work:
        sys.exit(1 if run(work, sources=[SOURCE], periods=[PERIOD]).failures else 0)


def command_line(home: Path) -> None:
    from pipelines.cli import main

    chosen = [word for source in SOURCES for word in ("--source", source)]
    sys.argv = ["outlay", "run", *chosen, "--period", PERIOD, "--home", str(home)]
    main()


def run_to_step(home: Path, fatal_step: int) -> tuple[int | None, list[str]]:
    """Exit status and the steps that had begun."""
    listening, telling = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=run_until, args=(home, fatal_step, telling))
    process.start()
    telling.close()
    steps: list[str] = []
    while True:
        try:
            steps.append(listening.recv())
        except EOFError:
            break
    process.join()
    return process.exitcode, steps


def billed(simulation: Simulation, state: str) -> dict[str, Decimal]:
    return {
        row["source"]: Decimal(row["billed_cost"])
        for row in simulation.truth(state)["billed"]
        if row["source"] in SOURCES
    }


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


def assert_whole(home: Path, told: list[dict[str, Decimal]]) -> None:
    """Each source is wholly in one of the states that its vendor ever told."""
    now = published(home)
    if now is not None:
        assert {source for source, amount in now.items() if amount not in [state[source] for state in told]} == set()


def test_killed_between_every_two_steps(world):
    home, simulation = world
    told = [billed(simulation, "first"), billed(simulation, "second")]
    status, steps = run_to_step(home, NEVER)
    assert status == 0
    assert len(steps) > 12, steps
    for number, step in enumerate(steps, start=1):
        simulation.state = "second" if number % 2 else "first"
        status, begun = run_to_step(home, number)
        assert (status, begun[-1]) == (-signal.SIGKILL, step)
        assert_whole(home, told)
    simulation.state = "second"
    assert run_to_step(home, NEVER)[0] == 0
    now = published(home)
    assert now is not None
    assert now[SOURCE] == told[1][SOURCE]


def test_killed_at_25_random_moments_of_the_command_line(world):
    home, simulation = world
    told = [billed(simulation, "first"), billed(simulation, "second")]

    def start() -> multiprocessing.process.BaseProcess:
        process = FORKED.Process(target=command_line, args=(home,))
        process.start()
        return process

    began = time.monotonic()
    first = start()
    first.join()
    assert first.exitcode == 0
    whole_run = time.monotonic() - began
    moments = random.Random(20261122)
    killed = 0
    for number in range(25):
        simulation.state = "first" if number % 2 else "second"
        process = start()
        process.join(moments.uniform(0.02, 0.98) * whole_run)
        if process.is_alive():
            process.kill()
            killed += 1
        process.join()
        assert_whole(home, told)
    assert killed > 15
    simulation.state = "second"
    last = start()
    last.join()
    assert last.exitcode == 0
    assert published(home) == told[1]


def test_readers_beside_a_run_meet_no_lock_and_only_whole_loads(world):
    home, simulation = world
    told = [billed(simulation, "first"), billed(simulation, "second")]
    first = FORKED.Process(target=command_line, args=(home,))
    first.start()
    first.join()
    assert first.exitcode == 0
    simulation.advance()
    running = FORKED.Process(target=command_line, args=(home,))
    running.start()
    looks = 0
    while running.is_alive():
        assert_whole(home, told)  # any lock error of DuckDB's would be raised here
        looks += 1
        time.sleep(0.02)
    running.join()
    assert running.exitcode == 0
    assert looks > 5
    assert published(home) == told[1]
