"""`outlay up`: dashboard and Dagster answer on loopback, schedules are on, and Ctrl-C leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from connectors.simulator.simulation import Simulation
from pipelines.demo import serving
from pipelines.home import Home

pytestmark = pytest.mark.slow

RUNNING_BY_DEFAULT = """
{ repositoriesOrError { ... on RepositoryConnection { nodes {
    schedules { name scheduleState { status } } sensors { name sensorState { status } } } } } }
"""


@dataclass
class Up:
    """`outlay up` under way."""

    process: subprocess.Popen[bytes]
    dashboard: str
    dagster: str
    log: Path

    def family(self) -> list[psutil.Process]:
        """It and everything that it started, wherever it is in the tree now."""
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]

    def answers(self, url: str, seconds: float = 90) -> httpx.Response:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                response = httpx.get(url, timeout=10)
            except httpx.TransportError:
                time.sleep(0.3)
                continue
            if response.status_code == 200:
                return response
            time.sleep(0.3)
        pytest.fail(f"{url} did not answer: {self.log.read_text()[-4000:]}")


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    home = Home.at(tmp_path / "home")
    log = tmp_path / "up.log"
    port, dagster_port = free_ports()
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ports = ("--port", str(port), "--dagster-port", str(dagster_port))
    with (
        serving(home, Simulation(3, 1, datetime(2026, 11, 9, tzinfo=UTC)), misbehave=False, port=0),
        log.open("wb") as told,
    ):
        process = subprocess.Popen(
            (sys.executable, "-m", "pipelines.cli", "up", *ports, "--home", str(home.root)),
            stdout=told,
            stderr=told,
            env=environment,
            start_new_session=True,
        )
        running = Up(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{dagster_port}", log)
        left: list[psutil.Process] = []
        try:
            yield running
        finally:
            if process.poll() is None:
                left = running.family()
            for each in left:
                each.kill()
            process.wait()


def on_by_default(up: Up) -> dict[str, str]:
    answer = httpx.post(f"{up.dagster}/graphql", json={"query": RUNNING_BY_DEFAULT}, timeout=60).json()
    (repository,) = answer["data"]["repositoriesOrError"]["nodes"]
    return {each["name"]: each["scheduleState"]["status"] for each in repository["schedules"]} | {
        each["name"]: each["sensorState"]["status"] for each in repository["sensors"]
    }


def test_up_serves_both_and_ctrl_c_leaves_nothing(up: Up):
    assert "streamlit" in up.answers(up.dashboard).text.casefold()
    assert up.answers(f"{up.dagster}/server_info").json()["dagster_version"]
    assert on_by_default(up) == {
        "openai_daily": "RUNNING",
        "anthropic_daily": "RUNNING",
        "anthropic_labs_daily": "RUNNING",
        "follow": "RUNNING",
        "alerts_due": "RUNNING",
    }
    family = up.family()
    assert len(family) >= 6, family  # itself, dashboard, webserver and daemon, and a code server each of the two
    listening = {link.laddr.ip for each in family for link in each.net_connections("tcp") if link.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    began = time.monotonic()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=30) == 0, up.log.read_text()
    assert time.monotonic() - began < 15
    _, alive = psutil.wait_procs(family, timeout=2)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
