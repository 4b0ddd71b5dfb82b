"""Messages as people read them: every kind of notice, and an alert in each of its states."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import DeliveryError
from connectors.slack.message import Look, Message
from connectors.slack.messages import render
from connectors.slack.preview import preview
from models.control.conditions import Severity
from tests.connectors.slack.sample_alerts import (
    BOT,
    DIGEST,
    NOW,
    WEBHOOK,
    alert,
    by_id,
    condition,
    notice,
    several,
)


def first(look: Look = BOT, mention: str | None = None, **changes: Any) -> Message:
    about = [alert(**changes)]
    return render(notice("first", about, "opened", mention=mention), by_id(about), look)


def read(message: Message) -> str:
    return " ".join(preview(message.blocks).split())


def blocks_of(message: Message, kind: str) -> list[dict[str, Any]]:
    return [block for block in message.blocks if block["type"] == kind]


def test_a_person_reads_what_over_which_since_when_why_who_and_what_to_do() -> None:
    message = first(mention="<!subteam^S0123ABCD>")
    assert preview(message.blocks) == (
        "🔴 AI budget exceeded: search\n"
        "════════════════════════════\n"
        "\n"
        "11,250.00 USD of 10,000.00 USD billed for November 2026: 1,250.00 USD over (112.5 %).\n"
        "\n"
        "Why  Cost rose by 2,340.00 USD: +3,100.00 USD more usage, -760.00 USD lower prices.\n"
        "• search · claude-sonnet-4-5: +1,900.00 USD\n"
        "• search · gpt-5: +440.00 USD\n"
        "\n"
        "Since  21 November 2026\n"
        "Budget  10,000.00 USD for November 2026, billed\n"
        "Data through  26 November 2026\n"
        "▃▃▃█▇▂  18 Nov to 23 Nov, highest 3,000.00 USD on 21 Nov, expected 1,000.00 USD on the\n"
        "last day\n"
        "\n"
        "What to do  Ask search about claude-sonnet-4-5 first.\n"
        "Open in the dashboard: https://outlay.example/overview?period=2026-11&basis=billed\n"
        "\n"
        "Owner  search @S0123ABCD\n"
        "\n"
        "[ Acknowledge ]  [ Snooze ]\n"
        "\n"
        "  Opened 27 November 2026, 06:12 UTC\n"
        "  Budget, Example Corp. Billed is what the vendors report, provisional until invoiced.\n"
        "  Reference key-of-opened"
    )
    assert message.text.startswith("🔴 AI budget exceeded: search: 11,250.00 USD of 10,000.00 USD billed")


def test_what_is_over_is_bold_and_instants_are_told_in_the_readers_own_time_zone() -> None:
    message = first()
    answer = blocks_of(message, "rich_text")[0]["elements"][0]["elements"]
    assert answer[0] == {"type": "text", "text": "11,250.00 USD of 10,000.00 USD", "style": {"bold": True}}
    # 27 November 2026, 06:12 UTC
    opened = blocks_of(message, "context")[0]["elements"][0]["text"]
    assert opened == "Opened <!date^1795759920^{date_short_pretty} at {time}|27 November 2026, 06:12 UTC>"


@pytest.mark.parametrize(("severity", "mark"), [("critical", "🔴"), ("warning", "🟠"), ("info", "🔵")])
def test_the_only_colour_is_how_much_it_matters(severity: Severity, mark: str) -> None:
    assert first(of=condition(severity=severity)).blocks[0]["text"]["text"] == f"{mark} AI budget exceeded: search"


def test_a_bare_condition_on_a_webhook_has_no_link_no_button_and_no_chart() -> None:
    bare = condition(cause=None, details=(), facts=(), trend=(), amount=None, limit=None, team=None, page=None)
    message = first(Look(), of=bare)
    assert message.image is None
    assert [block["type"] for block in message.blocks] == [
        "header", "rich_text", "rich_text", "rich_text", "section", "context",
    ]  # fmt: skip
    assert "http" not in str(message.blocks)
    assert "Owner nobody is named" in read(message)


def test_buttons_ask_for_what_makes_sense_as_it_stands() -> None:
    (offered,) = blocks_of(first(), "actions")
    button, select = offered["elements"]
    alert_id = alert().key.alert_id
    assert (button["action_id"], button["value"]) == ("outlay_acknowledge", alert_id)
    assert select["action_id"] == "outlay_snooze"
    assert [(option["text"]["text"], option["value"]) for option in select["options"]] == [
        ("1 hour", f"{alert_id}.1"),
        ("4 hours", f"{alert_id}.4"),
        ("Until tomorrow", f"{alert_id}.24"),
        ("3 days", f"{alert_id}.72"),
        ("1 week", f"{alert_id}.168"),
    ]
    assert [element["action_id"] for element in blocks_of(first(state="acknowledged"), "actions")[0]["elements"]] == [
        "outlay_snooze"
    ]
    assert blocks_of(first(state="resolved"), "actions") == []
    assert blocks_of(first(WEBHOOK), "actions") == []


def test_an_edit_shows_what_has_become_of_it_and_keeps_the_reference_of_what_it_edits() -> None:
    taken_up = [alert(state="acknowledged", handled_by="anna (U0123ABCD)", handled_at=NOW, note="ends today")]
    edited = render(notice("edit", taken_up, "acknowledged", about="key-of-opened"), by_id(taken_up), BOT)
    assert edited.blocks[0]["text"]["text"] == "⚪ AI budget exceeded: search"
    assert "acknowledged by anna (U0123ABCD) on 27 November 2026, 09:12 UTC · ends today" in read(edited)
    assert "Reference key-of-opened" in read(edited)

    snoozed = [alert(state="snoozed", handled_by="anna", snoozed_until=NOW + timedelta(hours=24))]
    assert "snoozed by anna until 28 November 2026, 09:12 UTC" in read(
        render(notice("edit", snoozed, "snoozed"), by_id(snoozed), BOT)
    )


def test_a_resolved_alert_asks_nothing_of_anybody() -> None:
    over = first(
        state="resolved", resolved_at=NOW, note="the condition no longer holds", is_firing=False, mention="<!here>"
    )
    assert over.blocks[0]["text"]["text"] == "🟢 Resolved: AI budget exceeded: search"
    assert "What to do" not in read(over)
    assert "@here" not in read(over)
    assert over.image is None
    assert "resolved on 27 November 2026, 09:12 UTC · the condition no longer holds" in read(over)
    by_hand = first(state="resolved", resolved_at=NOW, handled_by="anna", is_firing=True)
    assert "it goes on, and is told again when it was away and comes back" in read(by_hand)


@pytest.mark.parametrize(
    ("says", "begins", "asks"),
    [
        ("updated", "Got worse AI budget exceeded: search 11,250.00 USD of 10,000.00 USD", False),
        ("escalated", "Nobody has taken this up AI budget exceeded: search 11,250.00 USD", True),
        ("woken", "Snooze over, and it still holds AI budget exceeded: search", True),
        ("reopened", "Back again AI budget exceeded: search", True),
        ("resolved", "Resolved AI budget exceeded: search Open in the dashboard", False),
    ],
)
def test_replies_are_short_and_ask_only_where_somebody_has_to_act(says: str, begins: str, asks: bool) -> None:
    about = [alert(episode=2)]
    message = render(notice("reply", about, says, mention="<@U0123ABCD>"), by_id(about), BOT)
    assert read(message).startswith(begins)
    assert ("@U0123ABCD" in read(message), "What to do" in read(message)) == (asks, asks)
    assert "for the 2nd time" in read(message)
    assert message.image is None


def test_a_webhook_has_no_threads_so_a_reply_says_what_it_is_about() -> None:
    about = [alert()]
    message = render(notice("reply", about, "escalated"), by_id(about), WEBHOOK)
    assert message.blocks[0]["text"]["text"] == "🔴 Nobody has taken this up: AI budget exceeded: search"
    assert read(message).count("Nobody has taken this up") == 1


def test_a_storm_is_one_message_with_a_line_for_each_and_how_many_more() -> None:
    storm = several(19)
    message = render(notice("group", storm, "opened", mention="<!here>"), by_id(storm), BOT)
    assert message.blocks[0]["text"]["text"] == "🔴 19 new alerts"
    shown = preview(message.blocks)
    assert shown.count("• Critical  Alert number") == 12
    assert "• and 7 more · All alerts: https://outlay.example/alerts" in shown
    assert "@here" in shown
    assert "11,250.00 USD of 10,000.00 USD · search · Open: https://outlay.example/overview" in " ".join(shown.split())


def test_a_group_is_edited_as_a_whole_and_strikes_through_what_is_over() -> None:
    some = several(3)
    some[0] = alert(some[0].condition, state="resolved", resolved_at=NOW)
    message = render(notice("edit", some, "group"), by_id(some), BOT)
    assert message.blocks[0]["text"]["text"] == "🔴 3 alerts, 2 still open"
    (items,) = blocks_of(message, "rich_text")[0]["elements"]
    struck = [item["elements"][2]["text"] for item in items["elements"] if "strike" in str(item)]
    assert struck == ["Alert number 0"]
    over = [alert(each.condition, state="resolved", resolved_at=NOW) for each in some]
    all_over = render(notice("edit", over, "group"), by_id(over), BOT)
    assert all_over.blocks[0]["text"]["text"] == "🟢 3 alerts, all resolved"
    collected = render(notice("group", some[1:], "collected"), by_id(some), BOT)
    assert collected.blocks[0]["text"]["text"] == "🔴 2 alerts"


def test_a_group_shows_how_grave_what_still_waits_for_somebody_is() -> None:
    taken = alert(state="acknowledged")
    waiting = alert(condition(key=replace(taken.key, threshold="80 %"), severity="warning"))
    both = render(notice("edit", [taken, waiting], "group"), by_id([taken, waiting]), BOT)
    assert both.blocks[0]["text"]["text"] == "🟠 2 new alerts"
    only = render(notice("edit", [taken, taken], "group"), by_id([taken]), BOT)
    assert only.blocks[0]["text"]["text"].startswith("⚪")


def test_a_reply_about_several_is_a_list() -> None:
    some = several(2, state="resolved", resolved_at=NOW)
    message = render(notice("reply", some, "resolved"), by_id(some), BOT)
    assert preview(message.blocks).splitlines()[0] == "Resolved: 2 alerts"


def test_the_digest_answers_first_and_adds_up_no_savings() -> None:
    message = render(notice("digest", [], "digest"), {}, WEBHOOK, DIGEST)
    shown = read(message)
    for words in (
        "AI spend, 16 to 22 November 2026",
        "10,500.00 USD effective, +5.0 % against the week before (10,000.00 USD) and -12.5 % against what was to be "
        "expected, the mean of four weeks (12,000.00 USD).",
        "search 2026-11: 8,250.00 USD of 10,000.00 USD (82.5 %); will land at about 11,900 USD, 1,900 USD over "
        "(80 of 100 cases: 11,200 USD to 12,800 USD)",
        "labs 2026-11: 100.00 USD of 500.00 USD (20.0 %); where it will land is not known",
        "+3,060.00 USD (+266.1 %) research · gpt-5: 94 % of it is key batch-eval-7.",
        "-2,000.00 USD (-66.7 %) search · no model",
        "1 open alert (4 opened and 3 resolved in seven days)",
        "7,955 USD Accelerators idle in October 2026: most of it research",
        "8 of 9 sources are fresh (aws is stale).",
    ):
        assert words in shown, words


def test_a_week_of_which_nothing_is_known_is_no_week_without_cost() -> None:
    unknown = replace(DIGEST, week=replace(DIGEST.week, through=None), spending=(), movers=())
    shown = read(render(notice("digest", [], "digest"), {}, WEBHOOK, unknown))
    assert "Nothing is known of what this week cost." in shown
    assert "Nothing is known yet." in shown
    assert "Nothing moved" not in shown and "0.00 USD effective" not in shown


def test_a_backtick_of_others_opens_no_code_in_the_line_below() -> None:
    look = replace(BOT, organization="Acme`")
    for message in (first(look), render(notice("digest", [], "digest"), {}, look, DIGEST)):
        (*_, below) = blocks_of(message, "context")
        assert "Acme'" in str(below) and "Acme`" not in str(below)


def test_what_cannot_be_said_is_an_error_with_a_remedy() -> None:
    with pytest.raises(DeliveryError, match="no facts for a digest"):
        render(notice("digest", [], "digest"), {}, BOT)
    with pytest.raises(DeliveryError, match="are not known"):
        render(notice("first", [alert()], "opened"), {}, BOT)


def test_commands_and_settings_in_backticks_are_shown_as_code() -> None:
    message = first(of=condition(to_do="Run `outlay doctor`, then ask `"))
    (steps,) = [block for block in blocks_of(message, "rich_text") if "What to do" in str(block)]
    assert [(part["text"], part.get("style")) for part in steps["elements"][0]["elements"][2:5]] == [
        ("Run ", None),
        ("outlay doctor", {"code": True}),
        (", then ask `", None),
    ]


def test_an_amount_that_is_told_roughly_is_bold_too() -> None:
    message = first(of=condition(answer="About 11,250 USD more than expected.", limit=None))
    parts = blocks_of(message, "rich_text")[0]["elements"][0]["elements"]
    assert [(part["text"], "style" in part) for part in parts] == [
        ("About ", False),
        ("11,250 USD", True),
        (" more than expected.", False),
    ]
