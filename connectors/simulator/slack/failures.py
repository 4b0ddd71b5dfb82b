"""Failures on purpose: which requests go wrong, how, and whether they had their effect all the same."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal

How = Literal["limited", "refused", "status", "silent", "dropped", "half", "page", "twice"]


@dataclass(frozen=True)
class Failure:
    """One way to fail. `taken`: the request has its effect, and only its answer is lost.

    limited: 429 with `retry_after`; refused: ok:false with `code` (and `extra`); status: HTTP `status`; silent: no
    answer until whoever asks gives up; dropped: the connection is closed; half: half of an answer; page: a page of
    somebody else's; twice: it has its effect two times.
    """

    how: How
    taken: bool = False
    code: str = "internal_error"
    status: int = 503
    retry_after: str = "1"
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class _Order:
    method: str
    failure: Failure
    times: int
    after: int


class Failures:
    """What was ordered, asked request by request. Safe to ask from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []

    def order(self, method: str, failure: Failure, *, times: int = 1, after: int = 0) -> None:
        """The next `times` requests for a method fail so, once `after` of them went well. `*` is every method."""
        with self._lock:
            self._orders.append(_Order(method, failure, times, after))

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def next(self, method: str) -> Failure | None:
        with self._lock:
            for order in self._orders:
                if order.method not in ("*", method):
                    continue
                if order.after:
                    order.after -= 1
                    return None
                order.times -= 1
                if order.times <= 0:
                    self._orders.remove(order)
                return order.failure
        return None
