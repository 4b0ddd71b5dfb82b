"""The webhook against a real loopback server that limits, fails, stalls, refuses and takes."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from connectors.errors import DeliveryError
from connectors.slack.messages import Message
from connectors.slack.webhook import WebhookSender

SECRET = "T000-B000-very-secret"
MESSAGE = Message("text", ({"type": "section", "text": {"type": "mrkdwn", "text": "hello"}},))


class Slack(ThreadingHTTPServer):
    """Answers what `script` says, one entry a request, the last for ever; keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[tuple[int, str, dict[str, str]] | str] = [(200, "ok", {})]
        self.received: list[dict[str, object]] = []

    @property
    def url(self) -> SecretStr:
        return SecretStr(f"http://127.0.0.1:{self.server_address[1]}/services/{SECRET}")

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is part of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))
        step = self.server.script.pop(0) if len(self.server.script) > 1 else self.server.script[0]
        if step == "stall":
            time.sleep(1.5)
        if isinstance(step, str):
            self.close_connection = True
            return
        status, text, headers = step
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slack() -> Iterator[Slack]:
    server = Slack()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def refused(slack: Slack, **options: int) -> DeliveryError:
    with pytest.raises(DeliveryError) as error:
        WebhookSender(slack.url, **options).send(MESSAGE)
    assert SECRET not in f"{error.value} {error.value!r} {error.value.__cause__} {error.value.__context__}"
    return error.value


def test_a_bearable_retry_after_is_waited_for(slack: Slack) -> None:
    slack.script = [(429, "", {"Retry-After": "0"}), (200, "ok", {})]
    WebhookSender(slack.url).send(MESSAGE)
    assert len(slack.received) == 2


@pytest.mark.parametrize("wait", ["3600", "soon"])
def test_an_unbearable_or_odd_retry_after_is_left_to_the_outbox(slack: Slack, wait: str) -> None:
    slack.script = [(429, "", {"Retry-After": wait})]
    assert "429" in refused(slack).what
    assert len(slack.received) == 1


def test_a_server_error_is_tried_again_and_then_told(slack: Slack) -> None:
    slack.script = [(500, "rollup_error", {})]
    error = refused(slack, retries=1)
    assert (len(slack.received), "500: rollup_error" in error.what) == (2, True)


def test_a_dropped_connection_is_tried_again(slack: Slack) -> None:
    slack.script = ["drop", (200, "ok", {})]
    WebhookSender(slack.url).send(MESSAGE)
    assert len(slack.received) == 2


def test_a_time_out_is_not_tried_again_because_it_may_have_been_posted(slack: Slack) -> None:
    slack.script = ["stall"]
    error = refused(slack, timeout_seconds=1)
    assert "within 1 s" in error.what
    assert "same reference" in error.remedy
    assert len(slack.received) == 1


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        (404, "no_service", "new webhook"),
        (200, "no_service", "new webhook"),
        (410, "channel_is_archived", "unarchive"),
        (403, "action_prohibited", "administrator"),
        (400, "invalid_payload", "report it"),
        (200, "<html>a proxy's page</html>", "new webhook"),
    ],
)
def test_a_refusal_says_what_to_do(slack: Slack, status: int, body: str, remedy: str) -> None:
    slack.script = [(status, body, {})]
    error = refused(slack)
    assert remedy in error.remedy
    assert "html" not in error.what
    assert len(slack.received) == 1


def test_the_address_is_in_no_log_even_at_debug(slack: Slack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.script = [(503, "", {}), (200, "ok", {})]
    sender = WebhookSender(slack.url)
    sender.send(MESSAGE)
    assert SECRET not in caplog.text + repr(sender)
    assert slack.received[-1]["blocks"] == list(MESSAGE.blocks)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "not an address", "http://[", "http://a b/"])
def test_an_address_that_is_none_is_explained(url: str) -> None:
    with pytest.raises(DeliveryError, match="not a web address"):
        WebhookSender(SecretStr(url), retries=0).send(MESSAGE)


def test_nobody_listens() -> None:
    with pytest.raises(DeliveryError, match="could not be reached"):
        WebhookSender(SecretStr("http://127.0.0.1:9/x"), retries=0).send(MESSAGE)
