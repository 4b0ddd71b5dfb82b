"""What connector tests share: a vendor that answers as told, and answers out of Python objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.protocol import Answer, Window

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MONTH = Window.of_period("2026-10")
DAY = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def one_day() -> Window:
    """2026-10-01, whole."""
    return DAY


@pytest.fixture
def answer_of() -> Callable[..., Answer]:
    """An answer of a source, its body given as bytes or as anything that JSON can say."""

    def make(
        stream: str,
        payload: Any,
        *,
        sequence: int = 0,
        window: Window = DAY,
        source: str = "acme",
        query: str = "",
        fetched_at: datetime = NOW,
        **facts: str,
    ) -> Answer:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        told = {name.replace("_", "-"): value for name, value in facts.items()}
        return Answer(source, stream, window, {"query": query}, sequence, fetched_at, body, told)

    return make


class ToldVendor(httpx.MockTransport):
    """Answers what it was told, in order, and remembers what it was asked. The last answer stays."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> None:
        super().__init__(self._answer)
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return answer


@pytest.fixture
def told_vendor() -> type[ToldVendor]:
    return ToldVendor
