"""Slack messages: hostile and longest names first, then what a person reads."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import SectionBlock

from connectors.errors import DeliveryError
from connectors.slack.messages import Message, budget_message, checked, oversizes
from connectors.slack.mrkdwn import as_read, cut_escaped, escape, markdown, name
from connectors.slack.preview import preview
from models.control.budgets import BudgetCrossing
from models.control.movers import Mover

CROSSING = BudgetCrossing(
    budget="AI, whole company",
    billing_period="2026-07",
    scope="everything",
    cost_basis="billed",
    currency="USD",
    budget_amount=Decimal(40000),
    spent=Decimal("41234.567"),
    share_pct=Decimal("103.09"),
    threshold_pct=100,
    first_crossed_day=date(2026, 7, 18),
    data_through=date(2026, 7, 20),
)
MOVERS = (
    Mover("search", "claude-sonnet-4-5", Decimal("9000.5"), Decimal(3000)),
    Mover("unallocated", "gpt-5", Decimal(800), Decimal(0)),
)


def crossing(**changes: object) -> BudgetCrossing:
    return BudgetCrossing(**(CROSSING.__dict__ | changes))  # type: ignore[arg-type]


def test_names_cannot_mention_link_or_format() -> None:
    hostile = "<!channel> <@U123> <https://evil.example|gain> & `code` *bold*\n@here\u202e"
    message = budget_message(
        crossing(budget=hostile, scope=f"team {hostile}"), movers=[Mover(hostile, hostile, Decimal(2), Decimal(1))]
    )
    sent = json.dumps([block for block in message.blocks if block["type"] != "header"], ensure_ascii=False)
    assert "<!" not in sent
    assert "<@" not in sent
    assert "<https" not in sent
    assert "&lt;!channel&gt;" in sent
    assert "\u202e" not in sent
    assert "`&lt;!channel&gt; &lt;@U123&gt; &lt;https://evil.example|gain&gt; &amp; 'code' *bold* @here `" in sent
    assert "<" not in message.text
    header = message.blocks[0]["text"]
    assert (header["type"], header["emoji"]) == ("plain_text", False), "nothing is formatted in a header"
    assert all(
        text["verbatim"] is True
        for block in message.blocks
        if block["type"] == "section"
        for text in (*([block["text"]] if "text" in block else []), *block.get("fields", []))
    )


def test_the_longest_names_and_largest_numbers_fit() -> None:
    long = "&" * 5000
    huge = Decimal("99999999999999999999999999.999999999999")
    message = budget_message(
        crossing(budget=long, scope=long, spent=huge, budget_amount=Decimal("0.01"), share_pct=Decimal("1e25")),
        movers=[Mover(long, long, huge, Decimal(0))] * 3,
        organization=long,
        dashboard_url=f"https://outlay.example/{'a' * 2000}",
    )
    assert oversizes(message) == []
    assert len(message.text) <= 3000


def test_slack_sdk_does_not_check_fields_so_we_do() -> None:
    too_long = SectionBlock(fields=[{"type": "plain_text", "text": "x" * 2001}])
    assert too_long.to_dict(), "slack_sdk lets it pass"
    with pytest.raises(DeliveryError, match="2001 characters, 2000 allowed"):
        checked("text", [too_long])
    with pytest.raises(DeliveryError, match="51 blocks, 50 allowed"):
        checked("text", [SectionBlock(text=markdown("x"))] * 51)
    with pytest.raises(DeliveryError, match="3000 characters"):
        checked("text", [SectionBlock(text="x" * 3001)])


@given(st.text(max_size=80), st.integers(4, 40))
def test_cutting_never_splits_an_escape_and_never_leaves_a_span_open(words: str, limit: int) -> None:
    shown = cut_escaped(name(words), limit)
    assert len(shown) <= limit
    assert shown.count("`") % 2 == 0
    left = shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert "&" not in left
    assert as_read(escape(words)).count("\x00") == 0


def test_a_person_reads_what_over_which_since_when_why_and_what_to_do() -> None:
    message = budget_message(CROSSING, movers=MOVERS, organization="Example Corp", dashboard_url="https://o.example/")
    shown = preview(message.blocks)
    for words in (
        "AI budget crossed: AI, whole company",
        "41,234.57 USD billed for July 2026 so far: 1,234.57 USD over the budget of 40,000.00 USD",
        "100 % was reached on 18 July 2026",
        "Data through   20 July 2026",
        "1. search · claude-sonnet-4-5: +6,000.50 USD (+200.0 %), now 9,000.50 USD",
        "2. unallocated · gpt-5: +800.00 USD (new), now 800.00 USD",
        "https://o.example/?period=2026-07&basis=billed",
        "Reference budget|AI, whole company|2026-07|100",
    ):
        assert words in " ".join(shown.split()) or words in shown, words
    assert message.text == (
        "AI budget crossed: AI, whole company: 41,234.57 USD of 40,000.00 USD (103.1 %) billed for July 2026, "
        "since 18 July 2026"
    )


def test_a_lower_threshold_says_what_is_left_and_needs_no_mover_and_no_dashboard() -> None:
    message = budget_message(crossing(threshold_pct=80, spent=Decimal(33000), share_pct=Decimal("82.5")))
    shown = preview(message.blocks)
    assert "80 % of an AI budget is spent" in shown
    assert "7,000.00 USD left of the budget" in shown
    assert "http" not in shown


def test_a_message_survives_the_outbox() -> None:
    message = budget_message(CROSSING, movers=MOVERS)
    assert Message.from_payload(json.loads(json.dumps(message.to_payload()))) == message
