"""The make-believe Slack, asked by slack_sdk's own client: it takes and refuses what Slack takes and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from connectors.simulator.slack.blocks import problems
from connectors.simulator.slack.failures import Failure, Failures
from connectors.simulator.slack.server import SlackServer
from connectors.simulator.slack.workspace import ALL_SCOPES, APP_TOKEN, BOT_TOKEN, Channel, Workspace

NOW = datetime(2026, 7, 18, 6, tzinfo=UTC)
HELLO = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


@pytest.fixture(scope="module")
def running() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def slack(running: SlackServer) -> SlackServer:
    """The same server, with a workspace of its own for each test."""
    running.workspace = Workspace(lambda: NOW)
    running.failures.clear()
    return running


@pytest.fixture
def channel(slack: SlackServer) -> Channel:
    return slack.workspace.add_channel("alerts")


@pytest.fixture
def client(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> WebClient:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    return WebClient(BOT_TOKEN, base_url=slack.api_url, retry_handlers=[])


def code_of(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(error.value.response["error"])


def test_threads_are_read_back_as_slack_shows_them(client: WebClient, channel: Channel) -> None:
    root = client.chat_postMessage(channel="#alerts", text="root")
    client.chat_postMessage(channel=channel.id, text="reply", thread_ts=root["ts"])
    client.chat_postMessage(channel=channel.id, text="for all", thread_ts=root["ts"], reply_broadcast=True)
    history = client.conversations_history(channel=channel.id)["messages"]
    assert [message["text"] for message in history] == ["for all", "root"], "newest first, without replies"
    thread = client.conversations_replies(channel=channel.id, ts=root["ts"])["messages"]
    assert [message["text"] for message in thread] == ["root", "reply", "for all"]


def test_metadata_is_shown_to_those_who_ask(client: WebClient, channel: Channel) -> None:
    metadata = {"event_type": "notice", "event_payload": {"reference": "a"}}
    client.chat_postMessage(channel="#alerts", text="root", metadata=metadata)
    assert "metadata" not in client.conversations_history(channel=channel.id)["messages"][0]
    shown = client.conversations_history(channel=channel.id, include_all_metadata=True)["messages"][0]
    assert shown["metadata"] == metadata


def test_histories_come_in_pages_from_an_instant_on(slack: SlackServer, client: WebClient, channel: Channel) -> None:
    for number in range(5):
        slack.workspace.save(channel, "U1", str(number), [])
    oldest = channel.messages[0].ts
    pages = client.conversations_history(channel=channel.id, limit=3, oldest=oldest)
    assert [[message["text"] for message in page["messages"]] for page in pages] == [["4", "3", "2"], ["1"]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": "#alerts", "text": ""}, "no_text"),
        ({"channel": "#alerts", "text": "x", "blocks": [HELLO] * 51}, "invalid_blocks"),
        ({"channel": "#alerts", "text": "x", "blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"channel": "#alerts", "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"channel": "#alerts", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        (
            {
                "channel": "#alerts",
                "text": "x",
                "blocks": [{**HELLO, "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5,
            },
            "msg_blocks_too_long",
        ),
    ],
)
def test_posts_that_are_refused(client: WebClient, channel: Channel, content: dict[str, Any], code: str) -> None:
    with pytest.raises(SlackApiError) as error:
        client.api_call("chat.postMessage", json=content)
    assert (code_of(error), channel.messages) == (code, [])


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"is_archived": True}, "is_archived"),
        ({"is_private": True, "is_member": False}, "channel_not_found"),
        ({"is_member": False}, "not_in_channel"),
    ],
)
def test_channels_in_which_it_may_not_post(
    slack: SlackServer, client: WebClient, channel: Channel, facts: dict[str, bool], code: str
) -> None:
    slack.workspace.scopes = ALL_SCOPES - {"chat:write.public"}
    for fact, value in facts.items():
        setattr(channel, fact, value)
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel="#alerts", text="x")
    assert code_of(error) == code


@pytest.mark.parametrize(
    ("token", "code"), [("", "not_authed"), ("xoxb-no", "invalid_auth"), (APP_TOKEN, "not_allowed_token_type")]
)
def test_tokens_that_are_refused(slack: SlackServer, token: str, code: str) -> None:
    with pytest.raises(SlackApiError) as error:
        WebClient(token, base_url=slack.api_url, retry_handlers=[]).auth_test()
    assert code_of(error) == code


@pytest.mark.parametrize(
    "block",
    [
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "section"},
        {"type": "section", "text": {"type": "mrkdwn", "text": ""}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]},
        {"type": "context", "elements": []},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x" * 76}}]},
        {"type": "actions", "elements": [{"type": "static_select", "options": []}]},
        {"type": "image", "image_url": "https://example.org/a.png"},
        {"type": "image", "alt_text": "x", "slack_file": {"id": "F404"}},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]},
        {"type": "marquee"},
    ],
)
def test_blocks_that_slack_refuses(block: dict[str, Any]) -> None:
    assert problems([HELLO], lambda _: False) == []
    (problem,) = problems([HELLO, block], lambda _: False)
    assert "[json-pointer:/blocks/1" in problem


def test_webhooks_answer_in_words(slack: SlackServer, channel: Channel) -> None:
    url = slack.base_url + slack.workspace.add_webhook(channel)
    answers = [httpx.post(url, json=body) for body in ({"text": "x"}, {}, [])]
    assert [(answer.status_code, answer.text) for answer in answers] == [
        (200, "ok"),
        (400, "no_text"),
        (400, "invalid_payload"),
    ]
    assert httpx.post(f"{slack.base_url}/services/T/B/nobody", json={"text": "x"}).text == "no_service"
    assert [message.text for message in channel.messages] == ["x"]


def test_a_restart_keeps_the_port_and_what_was_said(slack: SlackServer, client: WebClient, channel: Channel) -> None:
    client.chat_postMessage(channel="#alerts", text="before")
    slack.stop()
    with pytest.raises(OSError, match="refused"):
        client.auth_test()
    slack.start()
    assert client.conversations_history(channel=channel.id)["messages"][0]["text"] == "before"


def test_socket_mode_is_opened_where_somebody_serves_it(slack: SlackServer) -> None:
    app = WebClient(APP_TOKEN, base_url=slack.api_url, retry_handlers=[])
    with pytest.raises(SlackApiError, match="internal_error"):
        app.apps_connections_open(app_token=APP_TOKEN)
    slack.workspace.socket_url = "ws://127.0.0.1:9/link"
    assert app.apps_connections_open(app_token=APP_TOKEN)["url"] == "ws://127.0.0.1:9/link"
    httpx.post(f"{slack.base_url}/respond/1", json={"text": "done"})
    assert slack.workspace.responses == [{"text": "done"}]


def test_a_channel_that_is_posted_to_too_fast(slack: SlackServer, client: WebClient, channel: Channel) -> None:
    slack.workspace.burst = 2
    for _ in range(2):
        client.chat_postMessage(channel="#alerts", text="x")
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel="#alerts", text="x")
    assert (error.value.response.status_code, error.value.response.headers["Retry-After"]) == (429, "1")
    slack.workspace.clock = lambda: NOW + timedelta(seconds=1)
    client.chat_postMessage(channel="#alerts", text="x")


def test_failures_come_in_the_order_in_which_they_were_ordered() -> None:
    failures, silent, dropped = Failures(), Failure("silent"), Failure("dropped")
    failures.order("chat.postMessage", silent, after=1)
    failures.order("*", dropped, times=2)
    asked = ["chat.postMessage", "auth.test", "chat.postMessage", "chat.postMessage", "auth.test"]
    assert [failures.next(method) for method in asked] == [None, dropped, silent, dropped, None]
