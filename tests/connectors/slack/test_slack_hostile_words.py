"""Words of others in every field of every message: nothing they say is a mention, a link or too long for Slack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from connectors.slack import alert_message, digest_message
from connectors.slack.message import Look, Message
from connectors.slack.messages import render
from connectors.slack.mrkdwn import as_read, cut, cut_escaped, escape, name
from connectors.slack.preview import preview
from connectors.slack.preview_html import preview_html
from connectors.slack.sizes import oversizes, units
from models.control.alerts import STATES, Alert
from models.control.conditions import KINDS, SEVERITIES, AlertKey, Condition, Kind, Point, Severity
from models.control.digest import BudgetStanding, Digest, Week, WeekMover, WeekSpending
from models.control.notices import WHATS, Notice, What
from models.control.savings import Saving
from tests.connectors.slack.sample_alerts import NOW, alert, by_id, several

HUGE = Decimal("9" * 26 + "." + "9" * 12)
BAD = (
    "<!channel>",
    "<@U0123ABCD> <#C0123ABCD>",
    "<https://evil.example|gain>",
    "https://evil.example",
    "`code` *bold* _it_ ~no~",
    "&lt;!here&gt; &amp;lt;",
    "\u202egnitirw\u2066 \u200f",
    "one\ntwo\r\n\u2028three",
    "🙂" * 120,
    "&" * 10_000,
    "<" * 10_000,
    "x" * 10_000,
    '"\\' * 5_000,
    "",
    "   ",
    "\x00\x1b[31m",
    "<script>alert(1)</script>\"' onload=x",
    "<!date^1^{date}^https://evil.example|x>",
)
words = st.sampled_from(BAD) | st.text(max_size=20)
amounts = st.one_of(st.none(), st.sampled_from([HUGE, -HUGE, Decimal(0), Decimal("1e-12")]))
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


points = st.builds(Point, st.just(date(2026, 1, 1)), amounts, amounts)
maybe = st.none() | words


def conditions(kind: Kind) -> st.SearchStrategy[Condition]:
    return st.builds(
        Condition,
        st.builds(AlertKey, words, words, words, words),
        kind=st.just(kind),
        standing=st.just("firing"),
        severity=st.sampled_from(SEVERITIES),
        headline=words,
        subject=words,
        answer=words,
        to_do=words,
        since=days,
        cause=maybe,
        facts=st.lists(st.tuples(words, words), max_size=10).map(tuple),
        details=st.lists(words, max_size=7).map(tuple),
        amount=amounts,
        limit=amounts,
        currency=maybe,
        unit=maybe,
        team=maybe,
        page=maybe,
        trend=st.lists(points, max_size=3).map(tuple),
    )


def alerts_of(kind: Kind) -> st.SearchStrategy[Alert]:
    at = st.none() | st.just(NOW)
    made = st.builds(
        replace,
        st.sampled_from(STATES).map(lambda state: alert(state=state)),
        condition=conditions(kind),
        episode=st.integers(1, 10**9),
        handled_by=maybe,
        handled_at=at,
        snoozed_until=at,
        resolved_at=at,
        note=maybe,
    )
    return made.map(lambda one: replace(one, key=one.condition.key, kind=kind))


@st.composite
def messages(draw: st.DrawFn, what: What, kind: Kind) -> Message:
    alerts = [draw(alerts_of(kind)) for _ in range(1 if what == "first" else draw(st.integers(1, 2)))]
    about = tuple(dict.fromkeys(each.key.alert_id for each in alerts))
    says = draw(st.sampled_from(["opened", "escalated", "woken", "resolved", "reopened", "updated"]) | words)
    notice = Notice(draw(words), what, "#ai-costs", () if what == "digest" else about, says, draw(st.none() | words))
    look = Look(
        draw(st.none() | words),
        draw(st.none() | st.just("https://outlay.example/") | words),
        draw(st.booleans()),
        draw(st.booleans()),
    )
    return render(notice, by_id(alerts), look, draw(digests(alerts)) if what == "digest" else None)


def digests(alerts: list[Alert]) -> st.SearchStrategy[Digest]:
    money = st.sampled_from([HUGE, -HUGE, Decimal(0)])
    week = st.builds(lambda day: Week(day, day + timedelta(days=6), day + timedelta(days=3)), days)
    standings = st.builds(
        BudgetStanding, words, words, words, st.just("billed"), money, money, amounts, amounts, amounts, unknown=maybe
    )
    spendings = st.builds(WeekSpending, words, money, amounts, amounts)
    movers = st.builds(WeekMover, words, maybe, words, money, money, maybe)
    found = st.builds(Saving, st.just("idle"), words, st.just(HUGE), words, words, words)
    return st.builds(
        Digest,
        week,
        st.lists(spendings, max_size=4).map(tuple),
        st.lists(standings, max_size=3).map(tuple),
        st.lists(movers, max_size=3).map(tuple),
        st.just(tuple(alerts)),
        savings=st.lists(found, max_size=3).map(tuple),
        health=words,
    )


def mrkdwn_of(value: object) -> Iterator[str]:
    """Every text in which Slack looks for markup."""
    match value:
        case {"type": "mrkdwn", "text": str() as text, "verbatim": True}:
            yield text
        case {"type": "mrkdwn"}:
            raise AssertionError(f"not verbatim: {value}")
        case dict():
            for part in value.values():
                yield from mrkdwn_of(part)
        case list() | tuple():
            for part in value:
                yield from mrkdwn_of(part)
        case _:
            pass


def parts_of(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from parts_of(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from parts_of(part)


OURS = re.compile(r"<!date\^\d+\^\{date_short_pretty\} at \{time\}\|[\w ,:]+>|<!(here|channel)>|<@[UW][A-Z0-9]{6,20}>")
TAGS = set(re.findall(r"\w+", "div b h3 i p ul li strong s em code a span img hr"))
HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u2028\u2029\x00\x1b]")


def assert_is_safe(message: Message) -> None:
    assert oversizes(message) == []
    assert [Block.parse(block).to_dict() for block in message.blocks], "slack_sdk reads and validates each block"
    assert "<" not in message.text
    for text in mrkdwn_of(message.blocks):
        left = OURS.sub("", text)
        assert "<" not in left, text
        assert ">" not in left, text
        assert not re.search(r"&(?!(amp|lt|gt);)", left), text
        assert text.count("`") % 2 == 0, text
    for part in parts_of(message.blocks):
        assert part.get("type") not in ("user", "usergroup", "broadcast", "emoji", "channel")
        if part.get("type") == "link":
            assert re.fullmatch(r"https?://[\x21-\x7e]+", part["url"])
        if part.get("type") == "plain_text":
            assert part["emoji"] is False
    assert not HIDDEN.search(str(message.blocks) + message.text)


def assert_html_is_safe(message: Message) -> None:
    shown = preview_html(message)
    assert set(re.findall(r"</?([a-z0-9]+)", shown)) <= TAGS
    assert not re.search(r"<[^>]*\bon\w+=", re.sub(r'"[^"]*"', '""', shown))
    assert preview(message.blocks)


@pytest.fixture(autouse=True)
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is tested on its own: here it would take most of the time."""
    monkeypatch.setattr(alert_message, "chart", lambda trend: None)
    monkeypatch.setattr(digest_message, "chart", lambda trend: None)


@pytest.mark.parametrize("what", WHATS)
def test_whatever_words_and_amounts_a_message_is_safe_and_fits(what: What) -> None:
    kinds = iter(KINDS * 10)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def of_any_kind(data: st.DataObject) -> None:
        message = data.draw(messages(what, next(kinds, "budget")))
        assert_is_safe(message)
        assert_html_is_safe(message)

    of_any_kind()


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("what", WHATS)
def test_the_longest_names_and_largest_numbers_everywhere_at_once(what: What, bad: str) -> None:
    texts = ("headline", "subject", "answer", "to_do", "cause", "currency", "team", "vendor", "model", "page")
    full = dict.fromkeys(texts, bad) | {"amount": HUGE, "facts": ((bad, bad),) * 30, "details": (bad,) * 30}
    trend = tuple(Point(date(2026, 1, 1) + timedelta(days=place), HUGE, HUGE) for place in range(99))
    alerts = [
        replace(
            each,
            condition=replace(each.condition, **full, trend=trend),
            handled_by=bad,
            note=bad,
            state="acknowledged",
            handled_at=NOW,
        )
        for each in several(1 if what == "first" else 40)
    ]
    ids = tuple(each.key.alert_id for each in alerts)
    digest = Digest(
        Week(date(2026, 1, 5), date(2026, 1, 11), date(2026, 1, 8)),
        (WeekSpending(bad, HUGE, HUGE, HUGE, trend),) * 9,
        (BudgetStanding(bad, bad, bad, "billed", HUGE, HUGE, -HUGE, HUGE, HUGE, date(2026, 1, 9), bad),) * 30,
        (WeekMover(bad, bad, bad, HUGE, -HUGE, bad),) * 5,
        tuple(alerts),
        savings=(Saving("idle", bad, HUGE, bad, bad, bad),) * 30,
        health=bad,
    )
    for look in (Look(bad, bad, True, True), Look(bad, "https://outlay.example/", True, False)):
        notice = Notice(bad, what, bad, () if what == "digest" else ids, "escalated", f"{bad} <!here> <@U0123ABCD>")
        message = render(notice, by_id(alerts), look, digest)
        assert_is_safe(message)
        assert_html_is_safe(message)


def test_every_kind_and_severity_has_words_of_its_own() -> None:
    assert set(get_args(Kind)) == set(KINDS)
    assert set(get_args(Severity)) == set(SEVERITIES)


@given(st.text(max_size=80), st.integers(4, 40))
def test_cutting_never_splits_an_escape_and_never_leaves_a_span_open(text: str, limit: int) -> None:
    shown = cut_escaped(name(text), limit)
    assert units(shown) <= limit
    assert shown.count("`") % 2 == 0
    left = shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert "&" not in left
    assert as_read(escape(text)).count("\x00") == 0


@given(st.text(max_size=80), st.integers(1, 40))
def test_lengths_are_those_that_slack_counts(text: str, limit: int) -> None:
    assert units(text) == len(text.encode("utf-16-le")) // 2
    assert units(cut(text, limit)) <= limit
