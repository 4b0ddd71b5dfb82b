"""How the simulated vendors misbehave: refusals, broken answers and dropped connections, by seed and request count.

Bounded: the same question never fails more than three times running, so a client that asks at least four times more
always gets through. What is odd in well-formed answers (extra fields, buckets twice, notations) is in the wire modules.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum

from connectors.simulator.draws import draw

_IN_A_ROW = 3
_EARLY = 60
"""Within so many requests every kind of failure has happened once."""

_LATER_PERMILLE = 25


class Failure(Enum):
    """One way to fail."""

    RATE_LIMITED = "429"
    RATE_LIMITED_WITH_ADVICE = "429-retry-after"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    DROPPED = "drop"
    HALF_A_BODY = "half"
    SLOW = "slow"
    INVALID_JSON = "invalid-json"
    EMPTY_BODY = "empty"
    WRONG_KEY = "401"
    MISSING_SCOPE = "403"


BY_CHANCE = (
    Failure.RATE_LIMITED, Failure.RATE_LIMITED_WITH_ADVICE, Failure.SERVER_ERROR, Failure.BAD_GATEWAY,
    Failure.UNAVAILABLE, Failure.DROPPED, Failure.HALF_A_BODY, Failure.SLOW,
)  # fmt: skip
"""What happens on its own; the others are for tests that ask for them."""


@dataclass
class _Ordered:
    prefix: str
    failure: Failure
    times: int


class Misbehaviour:
    """Decides, request by request. Safe to ask from several threads."""

    def __init__(self, seed: int, *, by_chance: bool) -> None:
        self._seed = seed
        self._by_chance = by_chance
        self._lock = threading.Lock()
        self._count = 0
        self._failed: dict[str, int] = {}
        self._ordered: deque[_Ordered] = deque()
        self._early = self._schedule()

    def _schedule(self) -> dict[int, Failure]:
        """One failure of each kind, at places among the first requests that the seed shuffles."""
        places = sorted(range(_EARLY), key=lambda place: draw(self._seed, "early failure", place))
        return dict(zip(places, BY_CHANCE, strict=False))

    def order(self, prefix: str, failure: Failure, times: int) -> None:
        """The next `times` requests whose path begins with `prefix` fail like this, come what may."""
        with self._lock:
            self._ordered.append(_Ordered(prefix, failure, times))

    def next(self, path: str, question: str) -> Failure | None:
        """How this request fails; None where it does not. `question` is path and query."""
        with self._lock:
            count = self._count
            self._count += 1
            for ordered in self._ordered:
                if ordered.times > 0 and path.startswith(ordered.prefix):
                    ordered.times -= 1
                    return ordered.failure
            failure = self._chance(count) if self._by_chance else None
            if failure in (None, Failure.SLOW):
                self._failed.pop(question, None)
                return failure
            if self._failed.get(question, 0) >= _IN_A_ROW:
                self._failed.pop(question, None)
                return None
            self._failed[question] = self._failed.get(question, 0) + 1
            return failure

    def _chance(self, count: int) -> Failure | None:
        if count < _EARLY:
            return self._early.get(count)
        number = draw(self._seed, "failure", count)
        return BY_CHANCE[number // 1000 % len(BY_CHANCE)] if number % 1000 < _LATER_PERMILLE else None
