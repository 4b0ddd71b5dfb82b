"""Long-lived processes: the dashboard alone, or dashboard, Dagster webserver and daemon, one Ctrl-C for all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from models.errors import OutlayError
from pipelines.home import Home

_GRACE_SECONDS = 10
_DAGSTER_YAML = """\
# Written by `outlay up`; yours to change.
telemetry:
  enabled: false
run_launcher:
  module: pipelines.launching
  class: WatchedRunLauncher
run_monitoring:
  # a run whose machine or server died would hold its source for ever
  enabled: true
  start_timeout_seconds: 120
  poll_interval_seconds: 10
concurrency:
  pools:
    # one run a source; counted by living runs, so that a killed one leaves no slot behind
    granularity: run
    default_limit: 1
  runs:
    max_concurrent_runs: 4
"""


class ServiceError(OutlayError):
    """A process that should have gone on has ended."""


@dataclass(frozen=True)
class Service:
    """One process to keep alive: what people call it, its command, where it answers."""

    name: str
    command: tuple[str, ...]
    url: str | None = None


def dashboard(port: int) -> Service:
    """Streamlit over the published warehouse, on loopback."""
    spec = find_spec("dashboards")
    assert spec is not None
    assert spec.origin is not None
    app = Path(spec.origin).with_name("app.py")
    settings = {
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    return Service(
        "dashboard",
        (sys.executable, "-m", "streamlit", "run", str(app), *flags),
        f"http://127.0.0.1:{port}",
    )


def dagster_services(port: int) -> list[Service]:
    """The webserver, and the daemon that runs schedules and sensors."""
    module = ("-m", "pipelines.definitions")
    return [
        Service(
            "dagster",
            (sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), *module),
            f"http://127.0.0.1:{port}",
        ),
        Service("daemon", (sys.executable, "-m", "dagster._daemon", "run", *module)),
    ]


def prepare_dagster(home: Home) -> None:
    """HOME/dagster with an instance configuration of its own, kept if it is there."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    configuration = home.dagster / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(_DAGSTER_YAML, encoding="utf-8")


def free_port(wanted: int) -> int:
    """`wanted`, or the next free one of the twenty after it."""
    for port in range(wanted, wanted + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServiceError(
        f"ports {wanted} to {wanted + 19} are all in use", remedy="end what uses them, or name another with --port"
    )


def keep(home: Home, services: Sequence[Service], say: Callable[[str], None]) -> None:
    """Run the services until Ctrl-C or SIGTERM, then end them all.

    Raises `ServiceError` if one ends by itself; the others are ended first.
    """
    environment = {
        **os.environ,
        "OUTLAY_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    asked_to_stop = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    running: list[tuple[Service, subprocess.Popen[bytes]]] = []
    try:
        # a session of its own each: a Ctrl-C in the terminal reaches us alone, and we end them in order
        running.extend(
            (service, subprocess.Popen(service.command, env=environment, start_new_session=True))
            for service in services
        )
        for service in services:
            if service.url:
                say(f"{service.name}: {service.url}")
        say("Ctrl-C ends it.")
        while not asked_to_stop:
            ended = next(((service, process) for service, process in running if process.poll() is not None), None)
            if ended:
                raise ServiceError(
                    f"{ended[0].name} ended by itself with exit status {ended[1].returncode}",
                    remedy="its own words stand above; mend that and start again",
                )
            time.sleep(0.2)
        say("ending…")
    finally:
        _end([process for _, process in running])
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End each with everything that it started; what has not ended in time is killed."""
    for process in processes:
        _signal_group(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and any(_is_alive(process) for process in processes):
        time.sleep(0.1)
    for process in processes:
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _is_alive(process: subprocess.Popen[bytes]) -> bool:
    """Whether it or anything that it started still is: Dagster's code servers outlive those who started them."""
    process.poll()
    return _signal_group(process.pid, 0)


def _signal_group(group: int, number: int) -> bool:
    """Whether there was anybody to hear it. A group keeps its number until its last process is gone."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
