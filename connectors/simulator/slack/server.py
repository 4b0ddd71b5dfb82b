"""The workspace over HTTP, on this machine only: sockets, headers, and failures on purpose."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from connectors.simulator.slack.failures import Failure, Failures
from connectors.simulator.slack.methods import call, post_by_webhook
from connectors.simulator.slack.workspace import RefusalError, Workspace

_API = "/api/"
_SILENT_SECONDS = 30


class _Reply(NamedTuple):
    status: int
    body: bytes
    kind: str = "application/json"
    retry_after: str | None = None


class _Handler(BaseHTTPRequestHandler):
    """One connection. The server that it belongs to hangs on the class made in `SlackServer.__enter__`."""

    slack: SlackServer

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: nothing of a request is printed."""

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        method = path.removeprefix(_API) if path.startswith(_API) else path.split("/")[1]
        self.slack.asked.append(method)
        failure = self.slack.failures.next(method)
        reply: _Reply | None = None
        if failure is None or failure.taken or failure.how == "twice":
            for _ in range(2 if failure and failure.how == "twice" else 1):
                reply = self._answer(path, body)
        self._send(failure, reply)

    def _answer(self, path: str, body: bytes) -> _Reply:
        workspace = self.slack.workspace
        with self.slack.lock:
            if path.startswith("/services/"):
                status, word = post_by_webhook(workspace, path, _json(body))
                return _Reply(status, word.encode(), "text/plain")
            if path.startswith("/upload/v1/"):
                file = workspace.files[path.rsplit("/", 1)[1]]
                file.content = body
                status, word = (200, f"OK - {len(body)}") if len(body) == file.length else (400, "wrong length")
                return _Reply(status, word.encode(), "text/plain")
            if path.startswith("/respond/"):
                workspace.responses.append(_json(body) or {})
                return _Reply(200, b"ok", "text/plain")
            told = self._called(path.removeprefix(_API), body)
            if told.get("error") == "ratelimited":
                return _limited("1")
            return _Reply(200, json.dumps(told).encode())

    def _called(self, method: str, body: bytes) -> dict[str, Any]:
        arguments = _arguments(body, self.headers.get("Content-Type", ""))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or str(arguments.get("token", ""))
        try:
            return call(self.slack.workspace, method, token, arguments, self.slack.base_url)
        except RefusalError as refused:
            return {"ok": False, "error": refused.code, **refused.extra}

    def _send(self, failure: Failure | None, reply: _Reply | None) -> None:
        how = failure.how if failure else ""
        if how == "silent":
            self.slack.stopped.wait(_SILENT_SECONDS)
        elif how == "half":
            whole = reply.body if reply else b'{"ok":true,"channel":"C'
            self._write(_Reply(200, whole[: len(whole) // 2]), length=len(whole))
        elif failure is not None and how in _INSTEAD:
            self._write(_INSTEAD[how](failure))
        elif reply is not None and how != "dropped":
            self._write(reply)
        self.close_connection = True

    def _write(self, reply: _Reply, *, length: int | None = None) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body) if length is None else length))
        if reply.retry_after is not None:
            self.send_header("Retry-After", reply.retry_after)
        self.end_headers()
        self.wfile.write(reply.body)


def _limited(retry_after: str) -> _Reply:
    return _Reply(429, b'{"ok":false,"error":"ratelimited"}', retry_after=retry_after)


_INSTEAD: Mapping[str, Callable[[Failure], _Reply]] = {
    "limited": lambda failure: _limited(failure.retry_after),
    "refused": lambda failure: _Reply(200, json.dumps({"ok": False, "error": failure.code, **failure.extra}).encode()),
    "status": lambda failure: _Reply(failure.status, b"", "text/plain"),
    "page": lambda _: _Reply(200, b"<html>somebody else's page</html>", "text/html"),
}
"""What is answered in place of the answer."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hung up is part of it."""


class SlackServer:
    """A workspace served on this machine, from entering to leaving the `with`; `port` 0 is any free one.

    `asked`: the methods that were asked, in order (`services` are webhooks). `failures.order(…)` makes them go wrong.
    """

    def __init__(self, workspace: Workspace | None = None, *, port: int = 0) -> None:
        self.workspace = workspace or Workspace()
        self.failures = Failures()
        self.asked: list[str] = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self._port = port
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT`; the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}{_API}"

    def start(self) -> None:
        self.stopped = threading.Event()
        self._http = _Http(("127.0.0.1", self._port), type("_BoundHandler", (_Handler,), {"slack": self}))
        self._port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nobody listens at the port any more; the workspace keeps what it has."""
        self.stopped.set()
        if self._http is not None and self._thread is not None:
            self._http.shutdown()
            self._http.server_close()
            self._thread.join()
        self._http = self._thread = None

    def __enter__(self) -> SlackServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _arguments(body: bytes, kind: str) -> dict[str, Any]:
    if kind.startswith("application/json"):
        told = _json(body)
        return told if isinstance(told, dict) else {}
    return dict(parse_qsl(body.decode()))
