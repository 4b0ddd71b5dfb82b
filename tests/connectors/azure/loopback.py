"""A server on this machine that answers as it is told, path by path, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Told:
    """One answer: status, body (JSON of anything), headers."""

    payload: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One question that came."""

    method: str
    path: str
    body: Any
    authorization: str | None


class Loopback:
    """Answers to be given in order; the last one stays. `asked` remembers the questions."""

    def __init__(self, *answers: Told) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.url = ""

    def answer(self, question: Asked) -> Told:
        self.asked.append(question)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(loopback: Loopback) -> Iterator[Loopback]:
    """`loopback` answered on a free port, its `url` set."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            told = loopback.answer(Asked(self.command, self.path, body, self.headers.get("Authorization")))
            payload = told.payload if isinstance(told.payload, bytes) else json.dumps(told.payload).encode()
            if told.status == 204:
                payload = b""
            self.send_response(told.status)
            for name, value in {"Content-Type": "application/json", **told.headers}.items():
                self.send_header(name, value.replace("{url}", loopback.url))
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = _any  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    loopback.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
