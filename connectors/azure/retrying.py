"""Asking Cost Management again: its 429 tells the wait in headers of its own, and its questions are POSTs, which
Azure's client would not repeat."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy

from connectors.http import ATTEMPTS, LONGEST_WAIT, retry_after_seconds

_OWN = re.compile(r"^x-ms-ratelimit-microsoft\.costmanagement-(qpu|entity|tenant|clienttype|client)-retry-after$")
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})


class CostManagementRetryPolicy(HTTPPolicy[Any, Any]):
    """Tries a request up to `ATTEMPTS` times; then the last answer or error stands.

    It waits as long as the longest advice among Retry-After and Cost Management's own headers, capped, and without
    advice exponentially. Every question that we ask may be asked twice: none changes anything.
    """

    def __init__(self, sleep: Callable[[float], None], clock: Callable[[], datetime], attempts: int = ATTEMPTS) -> None:
        super().__init__()
        self._sleep = sleep
        self._clock = clock
        self._attempts = attempts

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """The first answer that is not a refusal for now."""
        for attempt in range(1, self._attempts):
            try:
                response = self.next.send(request)
            except (ServiceRequestError, ServiceResponseError):
                self._sleep(_guess(attempt))
                continue
            if response.http_response.status_code not in _RETRIED:
                return response
            advice = advised_wait(response.http_response.headers, self._clock())
            self._sleep(_guess(attempt) if advice is None else min(advice, LONGEST_WAIT))
        return self.next.send(request)


def advised_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the longest of all advice; None where there is none that can be read."""
    told = {name.lower(): value for name, value in headers.items()}
    names = [name for name in told if name == "retry-after" or _OWN.match(name)]
    waits = [wait for name in names if (wait := retry_after_seconds(told[name], now)) is not None]
    return max(waits, default=None)


def _guess(attempt: int) -> float:
    return min(2.0**attempt, 60.0) * random.uniform(0.5, 1.0)
