"""What is added to a message in its thread: that it got worse, was not taken up, woke, came back or is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock

from connectors.slack.actions import actions
from connectors.slack.alert_message import dashboard_link, footer, mark, owner, reference
from connectors.slack.group_message import LINES, alert_lines
from connectors.slack.message import Look, Message
from connectors.slack.mrkdwn import cut_escaped, escape, markdown, one_line, plain
from connectors.slack.rich import bullets, labelled, lines, paragraph, rich, words
from connectors.slack.sizes import HEADER_LIMIT, checked, fitting
from models.control.alert_words import order
from models.control.alerts import Alert
from models.control.notices import Notice
from models.wording import counted


@dataclass(frozen=True)
class _Saying:
    """How it begins, whether it tells how things are, and whether it asks somebody to do something."""

    title: str
    is_news: bool = True
    asks: bool = False


_SAYINGS: Mapping[str, _Saying] = {
    "updated": _Saying("Got worse"),
    "worsened": _Saying("More severe now", asks=True),
    "escalated": _Saying("Nobody has taken this up", asks=True),
    "woken": _Saying("Snooze over, and it still holds", asks=True),
    "resolved": _Saying("Resolved", is_news=False),
    "reopened": _Saying("Back again", asks=True),
    "acknowledged": _Saying("Acknowledged", is_news=False),
    "snoozed": _Saying("Snoozed", is_news=False),
}


def reply_message(notice: Notice, alerts: Sequence[Alert], look: Look) -> Message:
    """Short in the thread of a bot's message. A webhook has no threads: there it begins with a headline of its own."""
    saying = _SAYINGS.get(notice.says, _Saying(one_line(notice.says, 60).capitalize()))
    ordered = sorted(alerts, key=order)
    first = ordered[0].condition
    is_one = len(ordered) == 1
    headline = f"{saying.title}: {one_line(first.headline, 200) if is_one else counted(len(ordered), 'alert')}"
    above = [] if look.is_bot else [HeaderBlock(text=plain(f"{mark(ordered[0])} {headline}", HEADER_LIMIT))]
    answer = f": {first.answer}" if is_one and saying.is_news else ""
    text = cut_escaped(escape(one_line(headline + answer, 700)), 1000)
    if is_one:
        return checked(text, [*above, *_one(notice, ordered[0], look, saying)])
    return fitting(lambda most: checked(text, [*above, *_several(notice, ordered, look, saying, most)]), LINES)


def _one(notice: Notice, alert: Alert, look: Look, saying: _Saying) -> Iterator[Block]:
    condition = alert.condition
    # where there is a headline it says so already
    opening = labelled(saying.title, condition.headline) if look.is_bot else []
    answer = [words(condition.answer)] if saying.is_news else []
    steps = labelled("What to do", condition.to_do) if saying.asks else []
    told = [line for line in (opening, answer, steps, dashboard_link(condition, look)) if line]
    if told:
        yield rich(paragraph(*lines(told)))
    if saying.asks:
        yield owner(condition, notice.mention)
        below = actions(alert) if look.has_buttons else None
        if below is not None:
            yield below
    yield footer(alert, notice)


def _several(notice: Notice, alerts: Sequence[Alert], look: Look, saying: _Saying, most: int) -> Iterator[Block]:
    title = words(f"{saying.title}: {counted(len(alerts), 'alert')}", bold=True)
    yield rich(paragraph(title), bullets(alert_lines(alerts, look, most)))
    yield ContextBlock(elements=[markdown(reference(notice), 1000)])
