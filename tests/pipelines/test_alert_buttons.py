"""From a message in Slack over its button to its edit: `outlay slack` and the pass, with a Slack on both sides."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from connectors.simulator.slack.workspace import APP_TOKEN, BOT_TOKEN
from pipelines.slack_buttons import listening
from tests.pipelines.alert_office import CROSSED, Office, an_office

SOCKET_MODE = """\
organization: Acme
alerts:
  slack:
    bot_token: "${{SLACK_BOT_TOKEN}}"
    app_token: "${{SLACK_APP_TOKEN}}"
    channel: "#ai-costs"
    api_url: "{api_url}"
"""


class Socket:
    """Slack's side of Socket Mode: what is pushed, and what is acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: queue.Queue[str] = queue.Queue()
        self.connections: queue.Queue[ServerConnection] = queue.Queue()
        self.server = serve(self._talk, "127.0.0.1", 0)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _talk(self, connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        self.connections.put(connection)
        for message in connection:
            self.acknowledged.put(json.loads(message)["envelope_id"])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as office:
        office.configure(SOCKET_MODE)
        office.home.secrets.write_text(f"SLACK_BOT_TOKEN={BOT_TOKEN}\nSLACK_APP_TOKEN={APP_TOKEN}\n", encoding="utf-8")
        yield office


@pytest.fixture
def socket(office: Office) -> Iterator[Socket]:
    socket = Socket()
    office.slack.workspace.socket_url = f"ws://127.0.0.1:{socket.server.socket.getsockname()[1]}/link"
    yield socket
    socket.server.shutdown()


def comes_true(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + 20
    while not holds() and time.monotonic() < ends:
        time.sleep(0.02)
    return holds()


@pytest.mark.slow
def test_a_press_is_taken_up_once_and_stands_in_the_message(office: Office, socket: Socket) -> None:
    office.publish(CROSSED)
    office.make_a_pass()
    (message,) = office.channel.messages
    (button,) = [
        element
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == "outlay_acknowledge"
    ]
    pressed = {
        "type": "block_actions",
        "user": {"id": "U024BE7LH", "username": "anna", "name": "anna"},
        "team": {"id": "T0001"},
        "response_url": f"{office.slack.base_url}/respond/1",
        "actions": [{**button, "block_id": "b", "action_ts": "1764234000.123"}],
    }
    with listening(office.home):
        connection = socket.connections.get(timeout=10)
        for envelope in ("first", "the same again, as Slack does"):
            connection.send(json.dumps({"envelope_id": envelope, "type": "interactive", "payload": pressed}))
            assert socket.acknowledged.get(timeout=10) == envelope
        assert comes_true(lambda: message.edits > 0)
    assert "anna" in str(message.blocks)
    assert (len(office.channel.messages), message.edits) == (1, 1)
