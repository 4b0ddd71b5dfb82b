"""A served dashboard and a headless Chromium, for the browser test and for screenshots."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.home import Home
from pipelines.serving import dashboard

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
READY_SECONDS = 90


def find() -> str | None:
    """Path of an installed Chromium; None where there is none."""
    return next((path for name in CANDIDATES if (path := shutil.which(name))), None)


@contextmanager
def served(home: Path, app: Path = APP) -> Iterator[str]:
    """The dashboard over `home` on a free loopback port; yields its address and ends the process afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(app)),
        *("--server.address=127.0.0.1", f"--server.port={port}"),
    ]
    with _running(home, command, f"http://127.0.0.1:{port}") as address:
        yield address


@contextmanager
def served_as_people_do(home: Path) -> Iterator[str]:
    """The process that `outlay serve` starts, with all that it imports before anybody comes."""
    service = dashboard(Home.at(home))
    assert service.url is not None
    with _running(home, service.command, service.url, service.told) as address:
        yield address


@contextmanager
def _running(home: Path, command: Sequence[str], address: str, told: bytes | None = None) -> Iterator[str]:
    log = home / "dashboard.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "OUTLAY_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert process.stdin is not None
        with process.stdin as told_on:
            told_on.write(told or b"")
        wait(f"{address}/_stcore/health", process, log)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the address answers. Raises `RuntimeError` with the last words of the process where it does not."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not start: {log.read_text()[-2000:]}")


@contextmanager
def browser(path: str) -> Iterator[Any]:
    """Playwright's browser on the Chromium at `path`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


def settle(page: Any) -> None:
    """Wait until Streamlit has run the page and everything on it is drawn."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=READY_SECONDS * 1000)
    page.wait_for_selector('[data-testid="stAppSkeleton"]', state="detached", timeout=READY_SECONDS * 1000)
    page.wait_for_selector("h1", timeout=READY_SECONDS * 1000)
    for _ in range(3):
        page.wait_for_function(
            '() => document.querySelectorAll(\'[data-testid="stSkeleton"],[data-stale="true"]\').length === 0',
            timeout=READY_SECONDS * 1000,
        )
        page.wait_for_timeout(400)
