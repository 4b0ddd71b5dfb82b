"""HTTP to vendors: one client that waits, retries, redacts and turns every refusal into an error people can act on.

Here belong time-outs, bounded retries, `Retry-After`, redaction and the reading of a vendor's error message. What
to ask, how to page and what an answer means belong to each vendor's connector.
"""

from __future__ import annotations

import email.utils
import json
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import tenacity
from pydantic import SecretStr

from connectors.errors import (
    AnswerError,
    ConnectorError,
    CredentialsError,
    RateLimitError,
    VendorUnavailableError,
)

_log = logging.getLogger("outlay.http")

ATTEMPTS = 6
"""How often one question is asked at most."""
LONGEST_WAIT = 120.0
"""Seconds; a longer `Retry-After` is cut to this."""
TIMEOUT = httpx.Timeout(60.0, connect=15.0)
_WAIT_WITHOUT_ADVICE = tenacity.wait_random_exponential(multiplier=1, max=60)
_KEY_LIKE = re.compile(r"\b(sk|sess|key)-[A-Za-z0-9_\-]{8,}")
_LONGEST_MESSAGE = 300

Params = Sequence[tuple[str, str]]


def _not_a_number(word: str) -> Decimal:
    raise ValueError(f"{word} is not JSON")


def read_json(body: bytes) -> Any:
    """JSON with every fraction as `Decimal`, so that money never passes through a float; `ValueError` if it is none."""
    return json.loads(body, parse_float=Decimal, parse_constant=_not_a_number)


@dataclass(frozen=True)
class Reply:
    """What a vendor answered: status, the body byte for byte, its headers in lower case and when we had it."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    fetched_at: datetime
    query: str
    payload: Any = field(repr=False, default=None)


class _TransientError(Exception):
    """Worth another try. `error` is what people read once the tries ran out."""

    def __init__(self, error: ConnectorError, retry_after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after


class VendorClient:
    """GETs JSON from one vendor for one source.

    `headers` carry the credentials, `secrets` are the words that may appear nowhere; `scope` says which key and
    scope the vendor wants, for the error of a refused key.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        secrets: Sequence[SecretStr],
        scope: str,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        attempts: int = ATTEMPTS,
    ) -> None:
        self.source = source
        self.base_url = base_url.rstrip("/")
        self._secrets = tuple(secret.get_secret_value() for secret in secrets if secret.get_secret_value())
        self._scope = scope
        self._clock = clock
        self._sleep = sleep
        self._attempts = attempts
        self._http = httpx.Client(
            headers={"User-Agent": "outlay/0.1 (cost ledger)", "Accept": "application/json", **headers},
            timeout=TIMEOUT,
            transport=transport,
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"VendorClient({self.source!r}, {self.base_url!r})"

    def __enter__(self) -> VendorClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(
        self,
        path: str,
        params: Params = (),
        *,
        stream: str,
        window: str,
        headers: Mapping[str, str] | None = None,
        tolerate: Sequence[int] = (),
    ) -> Reply:
        """The whole, well-formed answer to one question; `headers` are this question's own (a vendor's beta).

        A status in `tolerate` (404 of an endpoint that not every organisation has) comes back as a Reply.
        Raises CredentialsError, RateLimitError, VendorUnavailableError or AnswerError.
        """
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_TransientError),
            sleep=self._sleep,
            before_sleep=self._log_retry,
            reraise=True,
        )
        where = {"source": self.source, "stream": stream, "window": window}
        try:
            return attempts(self._ask_once, path, params, headers or {}, where, tolerate)
        except _TransientError as gave_up:
            raise gave_up.error from None

    def _ask_once(
        self, path: str, params: Params, headers: Mapping[str, str], where: dict[str, str], tolerate: Sequence[int]
    ) -> Reply:
        try:
            response = self._http.get(self.base_url + path, params=list(params), headers=dict(headers))
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _TransientError(self._unreachable(error, where)) from None
        missing = _missing_bytes(response)
        if missing:
            error = AnswerError(
                f"the answer stopped {missing} bytes before its end, every time",
                remedy="try again later; if it stays, look for a proxy between here and the vendor",
                **where,
            )
            raise _TransientError(error)
        body = response.content
        if response.status_code != 200 and response.status_code not in tolerate:
            raise self._refusal(response, body, where)
        payload = self._parsed(response, body, where) if response.status_code == 200 else None
        told = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, body, told, self._clock(), urlencode(list(params)), payload)

    def _parsed(self, response: httpx.Response, body: bytes, where: dict[str, str]) -> Any:
        try:
            return read_json(body)
        except ValueError as error:
            kind = response.headers.get("content-type", "no content type")
            answer_error = AnswerError(
                f"the answer is not JSON ({kind}, {len(body)} bytes: {self.redact(str(error))})",
                remedy="check base_url, and for a proxy or login page in between; otherwise tell the vendor",
                **where,
            )
            if "json" in kind:
                raise _TransientError(answer_error) from None
            raise answer_error from None

    def _refusal(self, response: httpx.Response, body: bytes, where: dict[str, str]) -> Exception:
        """The exception for a status that is no answer: worth another try, or final."""
        status, said = response.status_code, self.redact(_vendor_message(body))
        if status in (401, 403):
            return CredentialsError(
                f"the vendor refuses the key ({status}: {said})",
                remedy=f"needs {self._scope}; mend the key in the environment, not in outlay.yaml",
                **where,
            )
        if status == 429:
            error = RateLimitError(
                f"the vendor limits our rate ({said}) and did so {self._attempts} times",
                remedy="run again later, or raise the organisation's limit with the vendor",
                **where,
            )
            return _TransientError(error, self._retry_after(response))
        if status >= 500 or status == 408:
            unavailable = VendorUnavailableError(
                f"the vendor answered {status} ({said}) {self._attempts} times",
                remedy="run again later; the vendor's status page may say more. What was published stays",
                **where,
            )
            return _TransientError(unavailable, self._retry_after(response))
        remedy = {
            404: "check base_url and whether this organisation has the endpoint (outlay.yaml: streams)",
            400: "the vendor does not take our question: check the options of this source, then report it",
        }.get(status, "check base_url and the options of this source")
        return AnswerError(f"the vendor answered {status}: {said}", remedy=remedy, **where)

    def _unreachable(self, error: Exception, where: dict[str, str]) -> ConnectorError:
        what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "dropped the connection"
        detail = self.redact(str(error)) or type(error).__name__
        return VendorUnavailableError(
            f"the vendor {what}, {self._attempts} times ({detail})",
            remedy="check the network and base_url, then run again. What was published stays",
            **where,
        )

    def _retry_after(self, response: httpx.Response) -> float | None:
        return retry_after_seconds(response.headers.get("retry-after"), self._clock())

    def _log_retry(self, state: tenacity.RetryCallState) -> None:
        gave = state.outcome.exception() if state.outcome else None
        if isinstance(gave, _TransientError):
            kind = type(gave.error).__name__
            _log.info("%s: %s, asking again (%d of %d)", gave.error.who, kind, state.attempt_number, self._attempts)

    def redact(self, text: str) -> str:
        """`text` without our secrets and without anything that looks like a key."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return _KEY_LIKE.sub(lambda match: f"{match.group(1)}-…", text)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """`Retry-After` (RFC 9110, 10.2.3: seconds or a date) as seconds from `now`; None where it is not readable."""
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds(), 0.0)


def _wait(state: tenacity.RetryCallState) -> float:
    """The vendor's advice where it gave one (capped; jitter only adds), else a random exponential wait."""
    error = state.outcome.exception() if state.outcome else None
    advice = error.retry_after if isinstance(error, _TransientError) else None
    guess = _WAIT_WITHOUT_ADVICE(state)
    if advice is None:
        return guess
    return min(advice + min(guess, 1.0), LONGEST_WAIT)


def _missing_bytes(response: httpx.Response) -> int:
    """How much of the promised body did not come. httpx's own check covers real sockets, not every transport."""
    promised = response.headers.get("content-length", "")
    if not promised.isdigit() or "transfer-encoding" in response.headers:
        return 0
    received = response.num_bytes_downloaded
    if not received and "content-encoding" not in response.headers:
        received = len(response.content)
    return max(int(promised) - received, 0) if received or not response.content else 0


def _vendor_message(body: bytes) -> str:
    """The vendor's own words in an error body: `error.message` of OpenAI and Anthropic, else the start of the text."""
    try:
        payload = read_json(body)
        message = payload["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = re.sub(r"<[^>]*>|\s+", " ", body.decode("utf-8", "replace"))
    return (str(message).strip() or "no message")[:_LONGEST_MESSAGE]
