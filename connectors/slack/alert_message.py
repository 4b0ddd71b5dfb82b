"""One alert as a message: a layout for every kind, from the fields of its condition and how the alert stands.

It answers: what, how much over which expectation, since when, why, who owns it, what to do, where to look. What an
alert is by now changes its mark, its last lines and its buttons; never what is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, SectionBlock

from connectors.slack.actions import actions
from connectors.slack.chart import Trend, chart, chart_words
from connectors.slack.message import Look, Message
from connectors.slack.mrkdwn import called, cut_escaped, escape, in_a_line, instant, markdown, name, one_line, plain
from connectors.slack.rich import (
    Part,
    address,
    bullets,
    emphasised,
    labelled,
    lines,
    link,
    paragraph,
    plain_words,
    prose,
    rich,
    words,
)
from connectors.slack.sizes import HEADER_LIMIT, checked, fitting
from connectors.slack.sparkline import trend_words
from models.control.alert_words import KIND_WORDS, NOBODY, figure_text, state_text
from models.control.alerts import Alert
from models.control.conditions import Condition, Kind, Severity
from models.control.notices import Notice
from models.wording import UNKNOWN, about_text, day_text

_MARKS: Mapping[Severity, str] = {
    "critical": "\N{LARGE RED CIRCLE}",
    "warning": "\N{LARGE ORANGE CIRCLE}",
    "info": "\N{LARGE BLUE CIRCLE}",
}
_TAKEN_UP = "\N{MEDIUM WHITE CIRCLE}"
_OVER = "\N{LARGE GREEN CIRCLE}"
_MOST = 6
"""Facts, and details; fewer where they are long."""
_BASES: Mapping[str, str] = {
    "billed": "Billed is what the vendors report, provisional until invoiced.",
    "effective": "Effective cost is what the days really cost, prepaid and committed money included.",
    "list": "List is the public price of what was used, before discounts.",
}
"""What the amounts mean, where a fact ends in the name of their basis (`10,000.00 USD for November 2026, billed`)."""
_BASIS_OF: Mapping[Kind, str] = {"anomaly": "effective", "residency": "effective"}


def alert_message(notice: Notice, alert: Alert, look: Look) -> Message:
    """A message of its own, or that message anew."""
    condition = alert.condition
    trend = Trend(condition.trend, condition.currency, condition.unit, condition.since)
    image = None if alert.state == "resolved" or not look.is_bot else chart(trend)

    def of(most: int) -> Message:
        above = [HeaderBlock(text=plain(title(alert), HEADER_LIMIT)), *_evidence(condition, most)]
        blocks = [*above, *_consequences(notice, alert, look)]
        return checked(fallback(alert), blocks, image=image, image_alt=chart_words(trend), image_place=len(above))

    return fitting(of, (_MOST, 3, 0))


def mark(alert: Alert) -> str:
    """How much it matters by now, in one coloured dot."""
    if alert.state == "resolved":
        return _OVER
    return _TAKEN_UP if alert.state in ("acknowledged", "snoozed") else _MARKS[alert.condition.severity]


def title(alert: Alert) -> str:
    resolved = "Resolved: " if alert.state == "resolved" else ""
    return f"{mark(alert)} {resolved}{alert.condition.headline}"


def fallback(alert: Alert) -> str:
    """Of notifications, and of what cannot show blocks."""
    return cut_escaped(escape(f"{one_line(title(alert), 200)}: {one_line(alert.condition.answer, 600)}"), 1000)


def footer(alert: Alert, notice: Notice, *notes: str) -> ContextBlock:
    """How it stands, what its figures mean, and its reference."""
    told = [f"Opened {instant(alert.opened_at)}"]
    if alert.episode > 1:
        told.append(f"for the {_nth(alert.episode)} time")
    if alert.state not in ("open", "notified"):
        told.append(state_text(alert, instant=instant, name=name))
    if alert.note:
        told.append(name(alert.note, 200) if alert.handled_by else in_a_line(alert.note, 200))
    if alert.state == "resolved" and alert.is_firing:
        told.append("it goes on, and is told again when it was away and comes back")
    return ContextBlock(
        elements=[markdown(" · ".join(told), 1000), markdown(" ".join([*notes, reference(notice)]), 1000)]
    )


def dashboard_link(condition: Condition, look: Look, text: str = "Open in the dashboard") -> list[Part]:
    """Its view in the dashboard; nothing where there is no address."""
    url = address(look.dashboard_url, condition.page)
    return [link(url, text)] if url else []


def reference(notice: Notice) -> str:
    """By which two messages are told from one that came twice; an edited message keeps its own."""
    key = notice.about if notice.what == "edit" and notice.about else notice.key
    return f"Reference {name(key, 160)}"


def owner(condition: Condition, mention: str | None) -> SectionBlock:
    """Who answers for it, and who is called."""
    team = name(condition.team) if condition.team else NOBODY
    return SectionBlock(text=markdown(" ".join(part for part in (f"*Owner*  {team}", called(mention)) if part)))


def _evidence(condition: Condition, most: int) -> Iterator[Block]:
    yield rich(paragraph(*emphasised(condition.answer, _amounts(condition))))
    if condition.cause or condition.details:
        why = labelled("Why", condition.cause or "What it is made of:")
        details = [prose(detail, 240) for detail in condition.details[:most]]
        more = len(condition.details) - most
        if more > 0:
            details.append([plain_words(f"and {more:,} more")])
        yield rich(paragraph(*why), *([bullets(details)] if details else []))
    facts = [("Since", day_text(condition.since)), *condition.facts[:most]]
    trend = trend_words(condition.trend, condition.currency, condition.unit)
    spark = [[plain_words(f"{trend[0]}  "), words(trend[1], 240)]] if trend else []
    yield rich(paragraph(*lines([*(labelled(label, value, 160) for label, value in facts), *spark])))


def _amounts(condition: Condition) -> tuple[str, ...]:
    """As an answer may write how much it is."""
    figure = figure_text(condition)
    about = about_text(condition.amount, condition.currency) if condition.currency else UNKNOWN
    return tuple(one for one in (figure, figure.partition(" of ")[0], about) if one != UNKNOWN)


def _consequences(notice: Notice, alert: Alert, look: Look) -> Iterator[Block]:
    condition = alert.condition
    over = alert.state == "resolved"
    steps = [] if over else [labelled("What to do", condition.to_do)]
    links = dashboard_link(condition, look)
    if steps or links:
        yield rich(paragraph(*lines([*steps, *([links] if links else [])])))
    yield owner(condition, None if over else notice.mention)
    below = actions(alert) if look.has_buttons else None
    if below is not None:
        yield below
    yield footer(alert, notice, *_meaning(condition, look))


def _meaning(condition: Condition, look: Look) -> list[str]:
    told = [value.rpartition(", ")[2] for _, value in condition.facts]
    bases = [_BASES[word] for word in (*told, _BASIS_OF.get(condition.kind, "")) if word in _BASES]
    kind = KIND_WORDS[condition.kind].capitalize()
    organization = f", {in_a_line(look.organization, 80)}" if look.organization else ""
    return [f"{kind}{organization}.", *bases[:1]]


def _nth(count: int) -> str:
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"
