"""Long-lived processes: the dashboard alone, or dashboard, Dagster webserver and daemon, one Ctrl-C for all."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from models.errors import OutlayError
from pipelines.configuration import Secrets, read_settings
from pipelines.home import Home
from pipelines.settings.dashboard import DashboardSettings

_GRACE_SECONDS = 10
_PORTS = 20
_COOKIE_SECRET_LENGTH = 32
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
    told: bytes | None = None
    """What it reads on standard input."""


def dashboard(home: Home, address: str | None = None, port: int | None = None) -> Service:
    """The dashboard as `outlay.yaml` says it; an address or port that is given goes first.

    Raises `ServiceError` where strangers could open it without a sign-in, `ConfigurationError` for a secret that is not
    set.
    """
    configured = read_settings(home.configuration).dashboard if home.configuration.exists() else DashboardSettings()
    settings = configured.model_copy(update={"address": address or configured.address})
    if settings.sign_in is None and not settings.is_local:
        raise ServiceError(
            f"at {settings.address} everybody who reaches this machine could read what AI costs",
            remedy="add `sign_in` and `people` under `dashboard` of outlay.yaml, or serve it on 127.0.0.1",
        )
    # a provider sends people back to one address: there, the next port is of no use
    wanted = port or settings.port
    settings = settings.model_copy(
        update={"port": free_port(wanted, settings.address, tries=1 if settings.sign_in else _PORTS)}
    )
    told = {"dashboard": settings.model_dump(mode="json", exclude_none=True), "secrets": _secrets(home, settings)}
    return Service(
        "dashboard",
        (sys.executable, "-m", "dashboards.server"),
        settings.url if settings.sign_in and settings.url else f"http://{settings.host}:{settings.port}",
        json.dumps(told).encode(),
    )


def _secrets(home: Home, settings: DashboardSettings) -> dict[str, str]:
    """Those that sign-in needs, from the environment or HOME/.env."""
    if settings.sign_in is None:
        return {}
    secrets = Secrets(home)
    told = {
        name: secrets.fill(getattr(settings.sign_in, name).get_secret_value())
        for name in ("client_secret", "cookie_secret")
    }
    if len(told["cookie_secret"]) < _COOKIE_SECRET_LENGTH:
        raise ServiceError(
            f"the cookie secret has fewer than {_COOKIE_SECRET_LENGTH} characters, so that it could be guessed",
            remedy="make one by `openssl rand -hex 32`; whoever is signed in then signs in again",
        )
    return told


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


def free_port(wanted: int, address: str = "127.0.0.1", *, tries: int = _PORTS) -> int:
    """`wanted`, or the next free one of so many after it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in range(wanted, wanted + tries):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    ports = f"port {wanted} is" if tries == 1 else f"ports {wanted} to {wanted + tries - 1} are all"
    raise ServiceError(
        f"{ports} in use, or {address} is no address of this machine",
        remedy="end what uses them, or name another with --port",
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
        running.extend((service, _started(service, environment)) for service in services)
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


def _started(service: Service, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    told = subprocess.DEVNULL if service.told is None else subprocess.PIPE
    process = subprocess.Popen(service.command, env=environment, stdin=told, start_new_session=True)
    if process.stdin is not None and service.told is not None:
        # one that ended at once is told of later, by its exit status
        with contextlib.suppress(BrokenPipeError), process.stdin as told_on:
            told_on.write(service.told)
    return process


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
