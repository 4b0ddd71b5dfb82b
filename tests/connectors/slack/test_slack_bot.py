"""The bot against a Slack over real HTTP: posting, editing, images, finding again, and what refusals say."""

from __future__ import annotations

import dataclasses
import logging
from datetime import timedelta

import pytest
from pydantic import SecretStr

from connectors.errors import DeliveryError
from connectors.simulator.slack.failures import Failure
from connectors.simulator.slack.server import SlackServer
from connectors.simulator.slack.workspace import ALL_SCOPES, BOT_TOKEN, Channel
from connectors.slack.bot import BotSender
from connectors.slack.message import Message
from connectors.slack.refusals import CannotAskError, MessageGoneError, NotEditableError, SlackUnavailableError
from connectors.slack.senders import senders
from tests.connectors.slack.conftest import NOW, Clock, section

MESSAGE = Message("text", (section("hello"),))
CHART = dataclasses.replace(MESSAGE, image=b"\x89PNG", image_alt="a line", image_place=1)


@pytest.fixture
def channel(slack: SlackServer) -> Channel:
    return slack.workspace.add_channel("alerts")


@pytest.fixture
def bot(slack: SlackServer, channel: Channel, clock: Clock) -> BotSender:
    return BotSender(SecretStr(BOT_TOKEN), api_url=slack.api_url, timeout_seconds=0.5, sleep=clock.sleep)


def test_a_channel_may_be_named_or_given_by_id(bot: BotSender, channel: Channel) -> None:
    for destination in ("#alerts", channel.id):
        posted = bot.post(destination, MESSAGE, reference=f"to {destination}")
        assert (posted.channel, posted.destination, posted.notice_key) == (
            channel.id,
            destination,
            f"to {destination}",
        )
    assert [message.reference for message in channel.messages] == ["to #alerts", f"to {channel.id}"]


def test_it_finds_its_message_among_hundreds_of_others_by_the_channel_s_name(
    slack: SlackServer, bot: BotSender, channel: Channel, clock: Clock
) -> None:
    posted = bot.post("#alerts", MESSAGE, reference="mine")
    for _ in range(450):
        slack.workspace.save(channel, "U1", "chatter", [])
    another = BotSender(SecretStr(BOT_TOKEN), api_url=slack.api_url)
    assert another.find("#alerts", "mine", NOW - timedelta(minutes=5)) == posted
    assert slack.asked.count("conversations.history") == 3
    assert another.find("#alerts", "nobody's", NOW - timedelta(minutes=5)) is None
    assert another.find("#alerts", "mine", NOW + timedelta(minutes=5)) is None


def test_it_finds_a_reply_in_its_thread_only(bot: BotSender) -> None:
    root = bot.post("#alerts", MESSAGE, reference="root")
    reply = bot.post("#alerts", MESSAGE, reference="reply", thread=root)
    assert bot.find("#alerts", "reply", NOW - timedelta(minutes=5)) is None
    assert bot.find("#alerts", "reply", NOW - timedelta(minutes=5), root) == reply


@pytest.mark.parametrize(("code", "why"), [("missing_scope", "channels:history"), ("not_in_channel", "not_in_channel")])
def test_where_it_may_not_look_it_says_so(
    slack: SlackServer, bot: BotSender, channel: Channel, code: str, why: str
) -> None:
    if code == "missing_scope":
        slack.workspace.scopes = ALL_SCOPES - {"channels:history"}
    channel.is_member = code != "not_in_channel"
    with pytest.raises(CannotAskError, match=why):
        bot.find(channel.id, "mine", NOW)


def test_too_much_to_look_through_is_not_taken_for_absent(slack: SlackServer, bot: BotSender, channel: Channel) -> None:
    for _ in range(4001):
        slack.workspace.save(channel, "U1", "", [])
    with pytest.raises(CannotAskError, match="4000"):
        bot.find(channel.id, "mine", NOW - timedelta(hours=1))


def test_an_edit_keeps_what_it_is_found_by(bot: BotSender, channel: Channel) -> None:
    posted = bot.post("#alerts", MESSAGE, reference="mine")
    bot.edit(posted, Message("anew", (section("anew"),)))
    assert (channel.messages[0].text, channel.messages[0].reference) == ("anew", "mine")


def test_edits_that_cannot_be_are_told_apart(
    slack: SlackServer, bot: BotSender, channel: Channel, clock: Clock
) -> None:
    posted = bot.post("#alerts", MESSAGE, reference="mine")
    with pytest.raises(MessageGoneError):
        bot.edit(dataclasses.replace(posted, ts="1.000001"), MESSAGE)
    slack.workspace.edit_window = timedelta(seconds=1)
    clock.now += timedelta(seconds=2)
    with pytest.raises(NotEditableError):
        bot.edit(posted, MESSAGE)
    channel.messages[0].by = "another app"
    with pytest.raises(NotEditableError):
        bot.edit(posted, MESSAGE)


def test_an_image_is_uploaded_and_shown_as_soon_as_slack_has_looked_at_it(
    slack: SlackServer, bot: BotSender, channel: Channel, clock: Clock
) -> None:
    slack.workspace.processes_for = timedelta(seconds=0.4)
    bot.post("#alerts", CHART, reference="mine")
    assert [block["type"] for block in channel.messages[0].blocks] == ["section", "image"]
    (file,) = slack.workspace.files.values()
    assert (file.content, slack.asked.count("chat.postMessage")) == (b"\x89PNG", 2)


@pytest.mark.parametrize("why", ["no scope", "never processed", "upload fails", "dropped"])
def test_without_the_image_the_message_goes_all_the_same(
    slack: SlackServer, bot: BotSender, channel: Channel, why: str
) -> None:
    if why == "no scope":
        slack.workspace.scopes = ALL_SCOPES - {"files:write"}
    if why == "never processed":
        slack.workspace.processes_for = timedelta(days=1)
    if why == "upload fails":
        slack.failures.order("upload", Failure("status", status=500))
    if why == "dropped":
        slack.failures.order("files.completeUploadExternal", Failure("dropped"))
    bot.post("#alerts", CHART, reference="mine")
    assert [[block["type"] for block in message.blocks] for message in channel.messages] == [["section"]]


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("not_in_channel", "/invite"),
        ("channel_not_found", "outlay.yaml"),
        ("is_archived", "unarchive"),
        ("invalid_auth", "bot token"),
        ("token_revoked", "bot token"),
        ("account_inactive", "bot token"),
        ("restricted_action", "channel in which apps may post"),
        ("msg_too_long", "report it"),
        ("invalid_blocks", "report it"),
        ("team_not_found", "by its id"),
        ("a_new_code", "Slack's reference"),
    ],
)
def test_a_refusal_says_what_to_do(slack: SlackServer, bot: BotSender, code: str, remedy: str) -> None:
    slack.failures.order("chat.postMessage", Failure("refused", code=code))
    with pytest.raises(DeliveryError, match=code) as error:
        bot.post("#alerts", MESSAGE, reference="mine")
    assert remedy in error.value.remedy
    assert not isinstance(error.value, SlackUnavailableError)


def test_an_address_that_is_not_slack_s_is_told(slack: SlackServer, bot: BotSender) -> None:
    slack.failures.order("chat.postMessage", Failure("status", status=404))
    with pytest.raises(DeliveryError, match="not Slack") as error:
        bot.post("#alerts", MESSAGE, reference="mine")
    assert "api_url" in error.value.remedy


def test_a_missing_scope_is_named(slack: SlackServer, bot: BotSender) -> None:
    slack.workspace.scopes = ALL_SCOPES - {"chat:write"}
    with pytest.raises(DeliveryError, match="needed: chat:write"):
        bot.post("#alerts", MESSAGE, reference="mine")


@pytest.mark.parametrize(
    ("code", "may_have_it"),
    [("internal_error", True), ("fatal_error", True), ("request_timeout", False), ("ratelimited", False)],
)
def test_slack_s_own_faults_are_told_apart_from_refusals(
    slack: SlackServer, bot: BotSender, code: str, may_have_it: bool
) -> None:
    slack.failures.order("chat.postMessage", Failure("refused", code=code))
    with pytest.raises(SlackUnavailableError) as error:
        bot.post("#alerts", MESSAGE, reference="mine")
    assert error.value.may_have_it == may_have_it


def test_the_token_is_in_no_log_exception_or_repr(
    slack: SlackServer, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bot = BotSender(SecretStr("xoxb-very-secret"), api_url=slack.api_url)
    for failure in (Failure("limited"), Failure("dropped"), Failure("page"), None):
        if failure:
            slack.failures.order("chat.postMessage", failure)
        with pytest.raises(DeliveryError) as error:
            bot.post("#alerts", CHART, reference="mine")
        told = error.value
        assert (told.__cause__, told.__context__) == (None, None)
        assert "very-secret" not in f"{told} {told!r} {bot!r}" + caplog.text


@pytest.mark.parametrize(
    ("missing", "archived", "member", "told"),
    [
        ("", False, True, []),
        ("channels:history", False, True, ["channels:history"]),
        ("files:write", False, True, ["files:write"]),
        ("", True, True, ["is_archived"]),
        ("", False, False, ["not_in_channel", "not_in_channel"]),
        ("channels:read", False, True, ["channels:read", "channels:read"]),
    ],
)
def test_what_would_not_work_is_told_without_posting(
    slack: SlackServer, bot: BotSender, channel: Channel, missing: str, archived: bool, member: bool, told: list[str]
) -> None:
    slack.workspace.scopes = ALL_SCOPES - {missing, "groups:read"}
    channel.is_archived, channel.is_member = archived, member
    problems = bot.check("#alerts")
    assert [word in problem.what for word, problem in zip(told, problems, strict=True)] == [True] * len(told)
    assert channel.messages == []


def test_an_unknown_channel_and_a_revoked_token_are_told(slack: SlackServer, bot: BotSender) -> None:
    assert "channel_not_found" in bot.check("#nowhere")[0].what
    slack.failures.order("auth.test", Failure("refused", code="token_revoked"))
    (problem,) = bot.check("#alerts")
    assert "bot token" in problem.remedy


def test_each_destination_has_its_sender(slack: SlackServer) -> None:
    hook = SecretStr("http://127.0.0.1:9/services/x")
    sender_of = senders(SecretStr(BOT_TOKEN), {"webhook:costs": hook}, api_url=slack.api_url)
    assert sender_of("#alerts") is sender_of("C0000001")
    assert not sender_of("webhook:costs").can_edit
    with pytest.raises(DeliveryError, match="nobody can send to webhook"):
        sender_of("webhook")
    with pytest.raises(DeliveryError, match="nobody can send to #alerts"):
        senders(None, {})("#alerts")
