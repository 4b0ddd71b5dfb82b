"""What a benchmark says: one row of the shared table, and how time and memory are taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Measurement:
    """`name` of what was measured, the `figure` with its unit, the `aim` we set ourselves and `detail`s.

    `reached` is None where there is no aim. A benchmark that cannot run says so in `figure` and is not counted.
    """

    name: str
    figure: str
    aim: str = ""
    detail: str = ""
    reached: bool | None = None


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return median(self.seconds)


def timed(work: Callable[[], object], runs: int) -> Timing:
    """How long each of several runs took."""
    seconds: list[float] = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return Timing(tuple(seconds))


@dataclass(frozen=True)
class Command:
    """What a whole command took: seconds by the clock and of processors, and its peak of memory in MiB."""

    seconds: float
    processor_seconds: float
    peak: float


_WATCH = """
import json, os, subprocess, sys, time
begun = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, code, used = os.wait4(child.pid, 0)
seconds = time.perf_counter() - begun
print(json.dumps([os.waitstatus_to_exitcode(code), seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def command(words: Sequence[str], **environment: str) -> Command:
    """Runs a command to its end. A small process of its own starts it: a child's peak begins with its parent's."""
    watch = [sys.executable, "-S", "-c", _WATCH, *words]
    told = subprocess.run(watch, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    code, *figures = json.loads(told.stdout)
    if code:
        raise RuntimeError(f"{' '.join(words)} ended with {code}: {told.stderr[-400:]}")
    return Command(*figures)
