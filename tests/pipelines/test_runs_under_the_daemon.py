"""Runs under Dagster's real daemon, killed while they load; the last time together with the daemon and its code server.

Each next run waits in the queue for its source while the one before is killed: it starts because the killed one holds
nothing any more. After each kill readers see whole loads only; in the end everything equals the truth, published by
the daemon itself.
"""

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import psutil
import pytest
from dagster._cli.job import _create_run
from dagster._cli.workspace.cli_target import WorkspaceOpts, get_workspace_from_cli_opts

from connectors.simulator.simulation import Simulation
from pipelines.demo import serving
from pipelines.home import Home
from pipelines.publishing import publish
from pipelines.serving import dagster_services, prepare_dagster
from pipelines.workplace import Workplace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SOURCE, JOB, PERIOD = "anthropic-labs", "anthropic_labs_load", "2026-11"
MODULE = "pipelines.definitions"
KILLS = 3
LOADING_SECONDS = 0.9
"""How long a run of this home works at least, once it has started; one that ends before its kill does not count."""

ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
RUNNING_OR_ENDED = (dg.DagsterRunStatus.STARTED, *ENDED)


class Daemon:
    """The real daemon over one home, in a process group of its own."""

    def __init__(self, log: Path) -> None:
        command = dagster_services(0)[-1].command
        with log.open("ab") as told:
            self._process = subprocess.Popen(command, stdout=told, stderr=told, start_new_session=True)
        self._seen: set[psutil.Process] = {psutil.Process(self._process.pid)}

    def processes(self) -> list[psutil.Process]:
        """Everything of it that lives: daemon, code server, run workers."""
        for known in list(self._seen):
            if known.is_running() and known.status() != psutil.STATUS_ZOMBIE:
                self._seen.update(known.children(recursive=True))
        return [known for known in self._seen if known.is_running() and known.status() != psutil.STATUS_ZOMBIE]

    def workers(self) -> list[psutil.Process]:
        return [process for process in self.processes() if "spawn_main" in " ".join(process.cmdline())]

    def kill(self) -> None:
        for process in self.processes():
            process.kill()
        self._process.wait()
        psutil.wait_procs(list(self._seen), timeout=10)

    def alive(self) -> bool:
        return self._process.poll() is None


class Queue:
    """Submits runs as the webserver and the command line do, and waits for what becomes of them."""

    def __init__(self, instance: dg.DagsterInstance, workspace: Any, log: Path) -> None:
        self._instance, self._workspace, self._log = instance, workspace, log

    def submit(self) -> str:
        location = self._workspace.get_code_location(MODULE)
        repository = location.get_repository("__repository__")
        job = repository.get_full_job(JOB)
        tags = {"dagster/partition": PERIOD}
        run = _create_run(self._instance, location, repository, job, {}, tags, None, None)
        self._instance.submit_run(run.run_id, self._workspace)
        return run.run_id

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        run = self._instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def wait(self, run_id: str, *wanted: dg.DagsterRunStatus, seconds: float) -> float:
        """How long it took."""
        return wait_until(lambda: self.status(run_id) in wanted, seconds, lambda: self._told(run_id))

    def _told(self, run_id: str) -> str:
        return f"{self.status(run_id)}\n{self._log.read_text(encoding='utf-8')[-4000:]}"


def wait_until(holds: Callable[[], bool], seconds: float, told: Callable[[], str], pause: float = 0.1) -> float:
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            pytest.fail(f"not within {seconds} s: {told()}")
        time.sleep(pause)
    return time.monotonic() - began


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Home, Simulation]]:
    simulation = Simulation(seed=3, months=1, as_of=datetime(2026, 11, 9, tzinfo=UTC))
    home = Home.at(tmp_path / "home")
    with serving(home, simulation, misbehave=False, port=0):
        prepare_dagster(home)
        monkeypatch.setenv("OUTLAY_HOME", str(home.root))
        monkeypatch.setenv("DAGSTER_HOME", str(home.dagster))
        monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
        # an installation without compiled modules would compile all of Dagster for each run
        monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "compiled"))
        yield home, simulation


def billed(simulation: Simulation, state: str) -> Decimal:
    rows = [row for row in simulation.truth(state)["billed"] if row["source"] == SOURCE]
    return sum((Decimal(row["billed_cost"]) for row in rows), Decimal(0))


def published(home: Home) -> Decimal | None:
    """Billed, as readers see it, after the tables were found to agree; None where nothing is loaded."""
    if not home.published.exists():
        return None
    with duckdb.connect(str(home.published.resolve()), read_only=True) as warehouse:
        seen = {
            warehouse.execute(query).fetchall()[0][0]
            for query in (
                "SELECT sum(BilledCost) FROM focus.cost_and_usage",
                "SELECT sum(billed_cost) FROM marts.daily_costs",
                "SELECT sum(amount) FROM usage.bill_lines",
                "SELECT sum(reported) FROM marts.reconciliation",
            )
        }
    assert len(seen) == 1, seen
    return seen.pop()


def test_killed_while_it_loads_under_the_daemon(world: tuple[Home, Simulation], tmp_path: Path):
    home, simulation = world
    told = {billed(simulation, "first"), billed(simulation, "second")}
    moments, log = random.Random(20261122), tmp_path / "daemon.log"
    freed: list[float] = []
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(home.dagster)))
        target = WorkspaceOpts(module_name=(MODULE,))
        workspace = stack.enter_context(get_workspace_from_cli_opts(instance, version="test", workspace_opts=target))
        queue = Queue(instance, workspace, log)
        daemon = Daemon(log)
        stack.callback(daemon.kill)
        run = queue.submit()
        # Dagster learns of a pool as it launches its first run, and limits from the next look at the queue on
        queue.wait(run, dg.DagsterRunStatus.STARTING, *RUNNING_OR_ENDED, seconds=90)
        for _ in range(3 * KILLS):
            following = queue.submit()
            queue.wait(run, *RUNNING_OR_ENDED, seconds=90)
            time.sleep(moments.uniform(0, LOADING_SECONDS))
            is_last = len(freed) == KILLS - 1
            before = queue.status(following)
            if queue.status(run) is dg.DagsterRunStatus.STARTED:
                if is_last:
                    daemon.kill()
                    daemon = Daemon(log)
                    stack.callback(daemon.kill)
                else:
                    for worker in daemon.workers():
                        worker.kill()
                # what the vendor tells the next run, which needs seconds to start
                simulation.state = "first" if len(freed) % 2 else "second"
            seconds = queue.wait(run, *ENDED, seconds=90)
            if queue.status(run) is dg.DagsterRunStatus.FAILURE:
                assert before is dg.DagsterRunStatus.QUEUED, "it has to wait for its source"
                freed.append(seconds)
            with Workplace.open(home) as work:
                publish(work)
            assert published(home) in {None, *told}
            run = following
            if len(freed) == KILLS:
                break
        assert len(freed) == KILLS, freed
        assert max(freed[:-1]) < 15, freed
        queue.wait(run, *ENDED, seconds=90)
        assert queue.status(run) is dg.DagsterRunStatus.SUCCESS
        truth = billed(simulation, simulation.state)
        wait_until(lambda: published(home) == truth, 120, lambda: log.read_text()[-4000:], pause=1)
        assert daemon.alive()
    assert daemon.processes() == []
    print("seconds until free:", [round(seconds, 1) for seconds in freed])
