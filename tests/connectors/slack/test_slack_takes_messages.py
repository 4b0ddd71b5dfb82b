"""Every message that we make is taken by the make-believe Slack, which has its own idea of what Slack refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulator.slack.methods import call
from connectors.simulator.slack.server import SlackServer
from connectors.simulator.slack.workspace import BOT_TOKEN, Workspace
from connectors.slack.delivery import deliver
from connectors.slack.messages import render
from models.control.conditions import KINDS
from models.control.notices import WHATS, Notice
from tests.connectors.slack.conftest import Desk
from tests.connectors.slack.sample_alerts import BOT, DIGEST, alert, by_id, several
from tests.connectors.slack.test_slack_hostile_words import messages


@pytest.mark.parametrize("what", WHATS)
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_others_wrote(what: str, data: st.DataObject) -> None:
    message = data.draw(messages(what, data.draw(st.sampled_from(KINDS))))  # type: ignore[arg-type]
    workspace = Workspace()
    workspace.add_channel("ai-costs")
    content = {"channel": "#ai-costs", "text": message.text, "blocks": list(message.blocks)}
    posted = call(workspace, "chat.postMessage", BOT_TOKEN, content, "")
    call(workspace, "chat.update", BOT_TOKEN, {**content, "channel": posted["channel"], "ts": posted["ts"]}, "")


def test_a_whole_thread_with_its_chart_group_and_digest(desk: Desk, slack: SlackServer) -> None:
    channel = slack.workspace.add_channel("ai-costs")
    alerts = [alert(), *several(7)]
    one, *others = (each.key.alert_id for each in alerts)
    desk.make(
        Notice("first", "first", "#ai-costs", (one,), "opened", "<!here>"),
        Notice("group", "group", "#ai-costs", tuple(others), "opened"),
        Notice("reply", "reply", "#ai-costs", (one,), "escalated", "<@U1234567>", about="first"),
        Notice("edit", "edit", "#ai-costs", (one,), "resolved", about="first"),
        Notice("digest", "digest", "#ai-costs", (), "digest"),
    )
    deliveries = deliver(
        desk.log, desk.sender_of, lambda notice: render(notice, by_id(alerts), BOT, DIGEST), desk.clock,
        patience=timedelta(0), sleep=desk.clock.sleep,
    )  # fmt: skip
    assert (len(deliveries.sent), deliveries.failed) == (5, ())
    first, group, digest = channel.roots()
    assert [reply.reference for reply in channel.thread(first.ts)] == ["reply"]
    assert ("image" in [block["type"] for block in first.blocks], first.edits) == (True, 1)
    assert (group.reference, digest.reference) == ("group", "digest")
