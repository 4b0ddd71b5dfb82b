"""The message of `outlay alerts test`: says that it is one, so that nobody acts on it."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import SectionBlock

from connectors.slack.message import Message
from connectors.slack.mrkdwn import escape, markdown
from connectors.slack.sizes import checked


def trial_message(organization: str, told: Sequence[str]) -> Message:
    """`told`: what will be told at that place, a line each."""
    heading = f"This is a test of Outlay for {organization}: alerts reach this place."
    lines = [heading, *(f"• {line}" for line in told), "Nothing has to be done."]
    return checked(escape(heading), [SectionBlock(text=markdown("\n".join(escape(line) for line in lines)))])
