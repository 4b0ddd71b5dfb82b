"""Buttons over real Socket Mode on loopback: a press becomes one request, is answered in time, and survives repeats."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr
from websockets.sync.server import ServerConnection, serve

from connectors.errors import CredentialsError
from connectors.slack.buttons import Buttons, request_of
from models.control.alerts import Request
from models.errors import OutlayError

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
PATIENCE = 5


def press(alert_id: str = "abc123abc123", hours: int | None = None, at: str = "1764234000.123") -> dict[str, Any]:
    """What Slack sends when Anna presses a button, or picks a time."""
    of_act = (
        {"action_id": "outlay_acknowledge", "value": alert_id}
        if hours is None
        else {"action_id": "outlay_snooze", "selected_option": {"value": f"{alert_id}.{hours}"}}
    )
    return {
        "type": "block_actions",
        "user": {"id": "U024BE7LH", "username": "anna", "name": "anna"},
        "team": {"id": "T0001"},
        "actions": [{"block_id": "b", "type": "button", "action_ts": at, **of_act}],
    }


class Workspace:
    """Slack's side of Socket Mode: opens connections, pushes envelopes, and keeps what comes back."""

    def __init__(self) -> None:
        self.acknowledged: queue.Queue[str] = queue.Queue()
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        self.refuses: str | None = None
        self._connections: queue.Queue[ServerConnection] = queue.Queue()
        self._sockets = serve(self._talk, "127.0.0.1", 0)
        workspace = self

        class Web(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers.get("content-length") or 0))
                if self.path == "/respond":
                    workspace.told.put(json.loads(asked))
                answer = json.dumps(workspace.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
        for server in (self._web, self._sockets):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._web.server_port}/"

    def answer(self, path: str) -> dict[str, Any]:
        if path.endswith("apps.connections.open"):
            if self.refuses:
                return {"ok": False, "error": self.refuses}
            return {"ok": True, "url": f"ws://127.0.0.1:{self._sockets.socket.getsockname()[1]}/link"}
        return {"ok": True, "user_id": "UBOT", "bot_id": "B1", "team_id": "T0001", "url": self.address}

    def push(self, payload: dict[str, Any], envelope: str) -> None:
        connection = self._connections.get(timeout=PATIENCE)
        self._connections.put(connection)
        body = {**payload, "response_url": f"{self.address}respond"}
        connection.send(json.dumps({"envelope_id": envelope, "type": "interactive", "payload": body}))

    def close(self) -> None:
        self._sockets.shutdown()
        self._web.shutdown()
        self._web.server_close()

    def _talk(self, connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        self._connections.put(connection)
        for message in connection:
            self.acknowledged.put(json.loads(message)["envelope_id"])


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = Workspace()
    yield made
    made.close()


class Asked:
    """Keeps what is asked for; refuses where it is told to."""

    def __init__(self) -> None:
        self.requests: queue.Queue[Request] = queue.Queue()
        self.refuses: OutlayError | None = None

    def __call__(self, request: Request) -> None:
        self.requests.put(request)
        if self.refuses:
            raise self.refuses


@contextmanager
def listening(workspace: Workspace, asked: Asked) -> Iterator[Buttons]:
    buttons = Buttons(
        SecretStr("xoxb-make-believe"), SecretStr("xapp-make-believe"), asked, workspace.address, lambda: NOW
    )
    try:
        buttons.connect()
        yield buttons
    finally:
        buttons.close()


def test_a_press_is_acknowledged_to_slack_and_becomes_a_request(workspace: Workspace) -> None:
    asked = Asked()
    with listening(workspace, asked):
        workspace.push(press(), "envelope-1")
        assert workspace.acknowledged.get(timeout=PATIENCE) == "envelope-1"
        request = asked.requests.get(timeout=PATIENCE)
    assert (request.alert_id, request.act, request.who) == ("abc123abc123", "acknowledge", "anna (U024BE7LH)")
    assert workspace.told.empty(), "the message itself will show it"


def test_a_press_that_slack_delivers_twice_is_the_same_request(workspace: Workspace) -> None:
    asked = Asked()
    with listening(workspace, asked):
        workspace.push(press(), "envelope-1")
        workspace.push(press(), "envelope-2")
        both = [asked.requests.get(timeout=PATIENCE) for _ in range(2)]
        workspace.push(press(at="1764234099.5"), "envelope-3")
        later = asked.requests.get(timeout=PATIENCE)
    assert both[0].request_id == both[1].request_id != later.request_id


def test_what_cannot_be_done_is_told_to_who_pressed_and_to_nobody_else(workspace: Workspace) -> None:
    asked = Asked()
    asked.refuses = OutlayError("the alert is resolved", remedy="nothing is left to do")
    with listening(workspace, asked):
        workspace.push(press(), "envelope-1")
        told = workspace.told.get(timeout=PATIENCE)
    assert told["text"] == "the alert is resolved. nothing is left to do"
    assert told["response_type"] == "ephemeral"
    assert not told["replace_original"]


def test_refused_tokens_are_explained(workspace: Workspace) -> None:
    workspace.refuses = "not_allowed_token_type"
    with pytest.raises(CredentialsError, match="not_allowed_token_type") as told, listening(workspace, Asked()):
        pass
    assert "connections:write" in told.value.remedy
    assert "xapp-make-believe" not in str(told.value)


def test_a_snooze_lasts_as_long_as_was_picked() -> None:
    request = request_of(press(hours=72), NOW)
    assert request is not None
    assert (request.act, request.alert_id, request.until) == ("snooze", "abc123abc123", NOW + timedelta(days=3))


@pytest.mark.parametrize("hours", ["soon", "9" * 30])
def test_a_button_that_we_cannot_read_is_no_request(hours: Any) -> None:
    assert request_of(press(hours=hours), NOW) is None
    assert request_of({"actions": [], "user": {"id": "U1"}}, NOW) is None
