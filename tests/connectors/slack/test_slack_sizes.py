"""Slack's limits: those that slack_sdk checks, and those that only we do."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    ContextBlock,
    SectionBlock,
)

from connectors.slack.message import Message
from connectors.slack.mrkdwn import markdown, plain
from connectors.slack.rich import paragraph, plain_words, rich
from connectors.slack.sizes import TooLargeError, checked, fitting, oversizes


def select(text: str = "1 hour", value: str = "x.1", placeholder: str = "Snooze") -> dict[str, Any]:
    option = {"text": {"type": "plain_text", "text": text}, "value": value}
    chosen = {"type": "static_select", "action_id": "outlay_snooze", "options": [option]}
    return {"type": "actions", "elements": [chosen | {"placeholder": {"type": "plain_text", "text": placeholder}}]}


def button(**changes: Any) -> dict[str, Any]:
    made = ButtonElement(text=plain("Acknowledge", 75), action_id="outlay_acknowledge", value="x").to_dict()
    return {"type": "actions", "elements": [made | changes]}


FITS = Message("text", (SectionBlock(text=markdown("x")).to_dict(),))


def of(block: Block | dict[str, Any]) -> list[str]:
    return oversizes(Message("text", (block if isinstance(block, dict) else block.to_dict(),)))


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (of(SectionBlock(fields=[{"type": "plain_text", "text": "x" * 2001}])), "plain_text text of 2,001 characters"),
        (of({"type": "section", "fields": [{"type": "mrkdwn", "text": ""}]}), "mrkdwn text of 0 characters"),
        (of({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}), "header text of 151 characters"),
        (of({"type": "section", "text": {"type": "mrkdwn", "text": "🙂" * 1501}}), "section text of 3,002 characters"),
        (of(ContextBlock(elements=[markdown("x")] * 10).to_dict() | {"elements": []}), "context elements of 0 items"),
        (of({"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}), "context elements of 11 items"),
        (of(button(text={"type": "plain_text", "text": "x" * 76})), "button text of 76 characters"),
        (of(button(value="x" * 2001)), "button value of 2,001 characters"),
        (of(button(action_id="x" * 256)), "button action_id of 256 characters"),
        (of({"type": "actions", "elements": button()["elements"] * 26}), "actions elements of 26 items"),
        (of(select(text="x" * 76)), "option text of 76 characters"),
        (of(select(value="x" * 151)), "option value of 151 characters"),
        (of(select(placeholder="x" * 151)), "static_select placeholder of 151 characters"),
        (of({"type": "static_select", "options": [{"value": "x"}] * 101}), "static_select options of 101 items"),
        (of({"type": "image", "alt_text": "", "slack_file": {"id": "F1"}}), "image alt_text of 0 characters"),
        (of({"type": "image", "alt_text": "x" * 2001, "slack_file": {"id": "F1"}}), "image alt_text of 2,001"),
        (of(rich(paragraph(plain_words("x" * 2001)))), "text text of 2,001 characters"),
        (of({"type": "link", "url": "h" * 3001}), "link url of 3,001 characters"),
        (oversizes(Message("x" * 3001, ())), "text of 3,001 characters, 3,000 allowed"),
        (oversizes(Message("text", FITS.blocks * 51)), "message of 51 blocks, 50 allowed"),
        (oversizes(FITS, {"event_payload": {"reference": "x" * 9000}}), "metadata of"),
    ],
)
def test_each_limit_is_checked(found: list[str], problem: str) -> None:
    assert any(problem in each for each in found), found


def test_all_blocks_together_have_a_limit_too() -> None:
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}
    assert oversizes(Message("text", (long,) * 4)) == []
    # 5 × (2,900 + 53 of structure) + 4 commas + 2 brackets
    assert oversizes(Message("text", (long,) * 5)) == ["message of 14,771 characters in all its blocks, 12,000 allowed"]


def test_a_chart_is_counted_before_it_is_uploaded() -> None:
    with_chart = Message("text", FITS.blocks * 50, b"png", "What it shows")
    assert oversizes(with_chart) == ["message of 51 blocks, 50 allowed"]


def test_what_breaks_a_limit_is_not_made() -> None:
    assert SectionBlock(fields=[{"type": "plain_text", "text": "x" * 2001}]).to_dict(), "slack_sdk lets it pass"
    with pytest.raises(TooLargeError, match="2,001 characters, 1 to 2,000 allowed"):
        checked("text", [SectionBlock(fields=[{"type": "plain_text", "text": "x" * 2001}])])
    with pytest.raises(TooLargeError, match="3000 characters"):
        checked("text", [SectionBlock(text="x" * 3001)])


def test_lists_become_shorter_until_the_message_fits() -> None:
    def made(count: int) -> Message:
        return checked("text", [SectionBlock(text="x" * 2900)] * count)

    assert len(fitting(made, (9, 6, 4, 2)).blocks) == 4
    with pytest.raises(TooLargeError):
        fitting(made, (9, 6))
