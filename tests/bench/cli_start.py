"""How long `outlay --help` takes to start, in processes of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measurement import Measurement, timed

RUNS = 9


def measure() -> Iterator[Measurement]:
    command = Path(sys.executable).with_name("outlay")
    if not command.exists():
        yield Measurement("outlay --help", "not installed", detail="run `make setup` first")
        return
    call = [str(command), "--help"]
    first = subprocess.run(call, capture_output=True, text=True, check=False)
    if first.returncode:
        yield Measurement("outlay --help", f"exit {first.returncode}", detail=(first.stderr.splitlines() or [""])[-1])
        return
    timing = timed(lambda: subprocess.run(call, capture_output=True, check=True), RUNS)
    bare = timed(lambda: subprocess.run([sys.executable, "-c", ""], check=True), RUNS)
    yield Measurement(
        "outlay --help",
        f"{timing.median * 1000:.0f} ms",
        "< 200 ms",
        f"median of {RUNS}; best {timing.best * 1000:.0f} ms; bare Python {bare.median * 1000:.0f} ms",
        timing.median < 0.2,
    )
