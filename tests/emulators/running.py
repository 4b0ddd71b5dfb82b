"""A server process on a free loopback port that ends with whoever started it. Which servers there are is elsewhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

HOST = "127.0.0.1"
GUARD = Path(__file__).with_name("guard.py")
READY_SECONDS = 60
ATTEMPTS = 3


@contextmanager
def running(
    command: Callable[[int], list[str]], ready: str, environment: Mapping[str, str] | None = None
) -> Generator[str]:
    """The address of the server that `command(port)` starts, once it answers `ready`; it ends with this context."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        for _ in range(ATTEMPTS):
            port = _free_port()
            process = _start(command(port), {**os.environ, **(environment or {})}, Path(folder), log)
            try:
                if _answers(f"http://{HOST}:{port}{ready}", process):
                    yield f"http://{HOST}:{port}"
                    return
                ended_itself = process.poll() is not None
            finally:
                _end(process)
            # somebody else may have taken the port in between; a server that hangs hangs again
            if not ended_itself:
                break
        raise RuntimeError(f"{command(0)[0]} did not start: {log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _start(command: list[str], environment: dict[str, str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    guarded = [sys.executable, "-E", "-S", str(GUARD), *command]
    with log.open("wb") as output:
        return subprocess.Popen(
            guarded,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the tests, which then end their servers in order
            start_new_session=True,
        )


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server answers, with any status, before its time is up; False once it has ended."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return process.poll() is None
        except urllib.error.HTTPError as answer:
            answer.close()
            return process.poll() is None
        except OSError:
            time.sleep(0.05)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave the guard, which then ends the server; should that take too long, end the guard."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
