"""The webhook against a Slack over real HTTP that limits, fails, stalls, refuses and takes."""

from __future__ import annotations

import logging

import pytest
from pydantic import SecretStr

from connectors.errors import DeliveryError
from connectors.simulator.slack.failures import Failure
from connectors.simulator.slack.server import SlackServer
from connectors.slack.message import Message
from connectors.slack.refusals import SlackUnavailableError
from connectors.slack.webhook import WebhookSender

SECRET = "loopback-secret"
MESSAGE = Message("text", ({"type": "section", "text": {"type": "mrkdwn", "text": "hello"}},))


@pytest.fixture
def sender(slack: SlackServer) -> WebhookSender:
    channel = slack.workspace.add_channel("alerts")
    url = SecretStr(slack.base_url + slack.workspace.add_webhook(channel))
    return WebhookSender(url, timeout_seconds=1.0)


def refused(sender: WebhookSender) -> DeliveryError:
    with pytest.raises(DeliveryError) as error:
        sender.post("webhook", MESSAGE, reference="a")
    told = error.value
    assert SECRET not in f"{told} {told!r} {told.__cause__} {told.__context__}"
    return told


def test_it_is_posted_as_it_is(slack: SlackServer, sender: WebhookSender) -> None:
    assert sender.post("webhook", MESSAGE, reference="a").ts == ""
    (message,) = slack.workspace.all_messages()
    assert (message.text, message.blocks) == ("text", list(MESSAGE.blocks))


@pytest.mark.parametrize(
    ("failure", "may_have_it", "retry_after"),
    [
        (Failure("limited", retry_after="7"), False, 7),
        (Failure("status", status=500), True, None),
        (Failure("silent"), True, None),
        (Failure("dropped"), True, None),
    ],
)
def test_slack_s_own_trouble_is_told_with_what_may_have_happened(
    slack: SlackServer, sender: WebhookSender, failure: Failure, may_have_it: bool, retry_after: int | None
) -> None:
    slack.failures.order("services", failure)
    error = refused(sender)
    assert isinstance(error, SlackUnavailableError)
    assert (error.may_have_it, error.retry_after) == (may_have_it, retry_after)
    assert slack.asked == ["services"], "asked once"


def test_a_refusal_says_what_to_do(slack: SlackServer, sender: WebhookSender) -> None:
    (channel,) = slack.workspace.channels.values()
    channel.is_archived = True
    assert "unarchive" in refused(sender).remedy
    slack.workspace.webhooks.clear()
    error = refused(sender)
    assert ("404: no_service" in error.what, "new webhook" in error.remedy) == (True, True)


def test_a_proxy_s_page_is_not_repeated(slack: SlackServer, sender: WebhookSender) -> None:
    slack.failures.order("services", Failure("page"))
    assert "html" not in refused(sender).what


def test_the_address_is_in_no_log_even_at_debug(
    slack: SlackServer, sender: WebhookSender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    slack.failures.order("services", Failure("status"))
    refused(sender)
    sender.post("webhook", MESSAGE, reference="a")
    assert SECRET not in caplog.text + repr(sender)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "not an address", "http://[", "http://a b/"])
def test_an_address_that_is_none_is_explained(url: str) -> None:
    with pytest.raises(DeliveryError, match="not a web address"):
        WebhookSender(SecretStr(url)).post("webhook", MESSAGE, reference="a")


def test_nobody_listens_so_nobody_has_it() -> None:
    with pytest.raises(SlackUnavailableError, match="could not be reached") as error:
        WebhookSender(SecretStr("http://127.0.0.1:9/x")).post("webhook", MESSAGE, reference="a")
    assert not error.value.may_have_it
