"""Runs on a full disk, in a process of their own: `full_disk_runs.py limit|volume FOLDER` prints what happened as JSON.

`limit`: no file may grow beyond some size. `volume`: a small volume of its own is mounted at FOLDER and filled but for
some KiB; run it under `unshare -rm`. Each time the vendor tells other figures, so that the run has work to do.
"""

import contextlib
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from connectors.protocol import Surroundings
from connectors.simulator.simulation import Simulation
from models.errors import OutlayError
from pipelines.demo import serving
from pipelines.home import Home
from pipelines.run import run
from pipelines.workplace import Workplace

AS_OF = datetime(2026, 11, 9, tzinfo=UTC)
SOURCE, PERIOD = "anthropic", "2026-11"
KIB_LEFT = {"limit": (64,), "volume": (40, 400)}


def one_run(home: Home) -> list[list[str | None]]:
    """What failed: kind, source, window, what, remedy."""
    surroundings = Surroundings(home=home.root, clock=lambda: AS_OF, sleep=lambda seconds: None)
    try:
        with Workplace.open(home, surroundings=surroundings) as work:
            failures = run(work, sources=[SOURCE], periods=[PERIOD]).failures
    except OutlayError as error:
        failures = [error]
    return [[type(error).__name__, error.source, error.window, error.what, error.remedy] for error in failures]


def published(home: Home) -> list[str]:
    """Rows and billed cost, as readers see them."""
    with duckdb.connect(str(home.published.resolve()), read_only=True) as warehouse:
        row = warehouse.execute("SELECT count(*), sum(BilledCost) FROM focus.cost_and_usage").fetchone()
    return [str(value) for value in row or ()]


@contextlib.contextmanager
def little_room(mode: str, home: Home, kib: int) -> Iterator[None]:
    if mode == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (kib << 10, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        ballast = home.root / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(home.root).free - (kib << 10)))
        try:
            yield
        finally:
            ballast.unlink()


def main(mode: str, folder: Path) -> list[dict[str, Any]]:
    if mode == "volume":
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], check=True)
    home = Home.at(folder / "home")
    simulation = Simulation(seed=3, months=1, as_of=AS_OF)
    outcomes: list[dict[str, Any]] = []
    with serving(home, simulation, misbehave=False, port=0):
        assert one_run(home) == []
        for kib in KIB_LEFT[mode]:
            before = published(home)
            simulation.state = "first" if simulation.state == "second" else "second"
            with little_room(mode, home, kib):
                failures = one_run(home)
            during = published(home)
            again = one_run(home)
            truth = sum(line.amount for day in simulation.calendar.days for line in simulation.lines(SOURCE, day))
            after = published(home)
            outcomes.append(
                {
                    "kib": kib,
                    "failures": failures,
                    "stayed": during == before,
                    "again": again,
                    "equals_truth": Decimal(after[1]) == truth and after[1] != before[1],
                }
            )
    return outcomes


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
