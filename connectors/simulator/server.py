"""The simulated vendors over HTTP, on this machine only: sockets, headers, and failures on purpose.

One server speaks for OpenAI (`/v1/organization/…`) and for both Anthropic accounts (`/v1/organizations/…`, told apart
by their keys). What is answered is decided in `routes`.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from connectors.simulator.draws import between, identifier
from connectors.simulator.misbehaviour import Failure, Misbehaviour
from connectors.simulator.organisation import ACCOUNT_IDS, OPENAI
from connectors.simulator.routes import Answerer, error_body
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import Query, RefusalError

_SLOW_SECONDS = 0.4
_STATUSES = {
    Failure.RATE_LIMITED: (429, "rate_limit_error", "Rate limit reached. Please try again later."),
    Failure.RATE_LIMITED_WITH_ADVICE: (429, "rate_limit_error", "Rate limit reached. Please try again later."),
    Failure.SERVER_ERROR: (500, "api_error", "The server had an error while processing your request."),
    Failure.BAD_GATEWAY: (502, "api_error", "Bad gateway."),
    Failure.UNAVAILABLE: (503, "api_error", "The service is temporarily overloaded."),
    Failure.WRONG_KEY: (401, "authentication_error", "invalid x-api-key"),
    Failure.MISSING_SCOPE: (403, "permission_error", "Missing scopes: api.usage.read"),
}


class _Handler(BaseHTTPRequestHandler):
    """One connection. The server that it belongs to hangs on the class made in `Server.__enter__`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answerer: Answerer
    misbehaviour: Misbehaviour

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: nothing of a request is printed."""

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the base class's signature
        """`Date`: the real now on the simulation's own day, else the simulation's now."""
        now, as_of = time.time(), self.answerer.simulation.as_of.timestamp()
        return super().date_time_string(now if 0 <= now - as_of < 86_400 else as_of)

    def do_POST(self) -> None:
        """Loopback only, as the whole server: `POST /_simulation/advance` brings the second pull's state."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path != "/_simulation/advance":
            self._send(405, b'{"error":{"message":"method not allowed"}}')
            return
        self.answerer.simulation.advance()
        self._send(200, b'{"state":"second"}')

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/_simulation/truth":
            self._send(200, json.dumps(self.answerer.simulation.truth()).encode())
            return
        path = parts.path.removeprefix("/v1")
        failure = self.misbehaviour.next(parts.path, self.path)
        if failure is Failure.SLOW:
            time.sleep(_SLOW_SECONDS)
        elif failure is not None and failure in _STATUSES:
            self._refuse(path, failure)
            return
        elif failure is Failure.DROPPED:
            self.close_connection = True
            return
        self._answer(path, parts.query, failure)

    def _refuse(self, path: str, failure: Failure) -> None:
        status, kind, message = _STATUSES[failure]
        headers: dict[str, str] = {}
        if failure is Failure.RATE_LIMITED_WITH_ADVICE:
            headers["Retry-After"] = str(between(0, 1, self.answerer.simulation.seed, self.path))
        self._send(status, error_body(path, status, message, kind, None), headers=headers)

    def _answer(self, path: str, query: str, failure: Failure | None) -> None:
        headers = {"x-request-id": identifier("req_", 24, self.path)}
        try:
            source = self.answerer.source_of(path, self.headers.get)
            name = "openai-organization" if source == OPENAI else "anthropic-organization-id"
            headers[name] = ACCOUNT_IDS[source]
            body, status = self.answerer.body(source, path, Query(query), self.headers.get), 200
        except RefusalError as refused:
            status = refused.status
            body = error_body(path, status, refused.message, refused.kind, refused.parameter)
        if failure is Failure.INVALID_JSON:
            body = body[: len(body) // 2] + b"}]"
        if failure is Failure.EMPTY_BODY:
            body = b""
        self._send(status, body, headers=headers, sent=len(body) // 2 if failure is Failure.HALF_A_BODY else None)

    def _send(
        self, status: int, body: bytes, *, headers: dict[str, str] | None = None, sent: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if sent is None else body[:sent])
        if sent is not None:
            self.close_connection = True


class Server:
    """A simulation served on this machine, from entering to leaving the `with`; `port` 0 is any free one.

    With `misbehave` answers come with quirks and now and then not at all; without, every answer is plain.
    """

    def __init__(self, simulation: Simulation, *, misbehave: bool = True, port: int = 0) -> None:
        self.simulation = simulation
        self._port = port
        self._misbehaviour = Misbehaviour(simulation.seed, by_chance=misbehave)
        attributes = {"answerer": Answerer(simulation, quirks=misbehave), "misbehaviour": self._misbehaviour}
        self._handler = type("_BoundHandler", (_Handler,), attributes)
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT`; OpenAI's API is at `/v1` under it."""
        if self._http is None:
            raise RuntimeError("the server runs only inside its `with`")
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def fail(self, path_prefix: str, how: str, times: int = 1) -> None:
        """The next `times` requests whose path begins with `path_prefix` fail: `how` is a value of `Failure`."""
        self._misbehaviour.order(path_prefix, Failure(how), times)

    def __enter__(self) -> Server:
        self._http = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None and self._thread is not None:
            self._http.shutdown()
            self._http.server_close()
            self._thread.join()
        self._http = self._thread = None
