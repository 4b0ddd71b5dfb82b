"""What a benchmark says: one row of the shared table, and how a time is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
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
