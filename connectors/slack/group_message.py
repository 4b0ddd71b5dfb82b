"""Several alerts in one message: a storm, or what a route collects for once a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slack_sdk.models.blocks import ContextBlock, HeaderBlock, SectionBlock

from connectors.slack.alert_message import dashboard_link, mark, reference
from connectors.slack.message import Look, Message
from connectors.slack.mrkdwn import called, cut_escaped, escape, markdown, one_line, plain
from connectors.slack.rich import Part, address, bullets, link, plain_words, rich, words
from connectors.slack.sizes import HEADER_LIMIT, checked, fitting
from models.control.alert_words import figure_text, order, state_text
from models.control.alerts import Alert
from models.control.notices import Notice
from models.wording import UNKNOWN, counted

LINES = (12, 6, 3)
"""Alerts in one message, fewer where their names are long; the page has them all."""
ALERTS_PAGE = "alerts"
_WHY: Mapping[str, tuple[str, ...]] = {
    "opened": ("Told together, because so many came at once.",),
    "collected": ("Told together, once a day.",),
}
"""Why they are in one message."""


def group_message(notice: Notice, alerts: Sequence[Alert], look: Look) -> Message:
    """Several alerts, or that message anew: what is resolved is struck through."""
    ordered = sorted(alerts, key=order)
    waiting = [alert for alert in ordered if alert.is_nobodys]
    headline = f"{mark((waiting or ordered)[0])} {_counted(notice, ordered)}"
    calls = called(notice.mention)
    shown = "; ".join(one_line(alert.condition.headline, 120) for alert in ordered[:3])
    text = cut_escaped(escape(f"{headline}: {shown}"), 1000)
    above = [
        HeaderBlock(text=plain(headline, HEADER_LIMIT)),
        *([SectionBlock(text=markdown(calls))] if calls else []),
    ]
    below = ContextBlock(elements=[markdown(" ".join([*_WHY.get(notice.says, ()), reference(notice)]), 1000)])
    return fitting(lambda most: checked(text, [*above, rich(bullets(alert_lines(ordered, look, most))), below]), LINES)


def alert_lines(ordered: Sequence[Alert], look: Look, most: int) -> list[list[Part]]:
    """A line for each of the first `most`, and one for how many more there are."""
    told = [_line(alert, look) for alert in ordered[:most]]
    more = len(ordered) - most
    if more > 0:
        url = address(look.dashboard_url, ALERTS_PAGE)
        told.append(
            [plain_words(f"and {more:,} more"), *([plain_words(" · "), link(url, "All alerts")] if url else [])]
        )
    return told


def _counted(notice: Notice, alerts: Sequence[Alert]) -> str:
    left = sum(alert.state != "resolved" for alert in alerts)
    new = "" if notice.says == "collected" else "new "
    if left == len(alerts):
        return counted(left, f"{new}alert")
    return (
        f"{counted(len(alerts), 'alert')}, {left:,} still open"
        if left
        else f"{counted(len(alerts), 'alert')}, all resolved"
    )


def _line(alert: Alert, look: Look) -> list[Part]:
    condition, over = alert.condition, alert.state == "resolved"
    figure = figure_text(condition)
    rest = [
        *([] if figure == UNKNOWN else [figure]),
        *([condition.team] if condition.team else []),
        *([] if alert.state in ("open", "notified") else [state_text(alert)]),
    ]
    return [
        words(condition.severity.capitalize(), 20, bold=True, strike=over),
        plain_words("  "),
        words(condition.headline, 140, strike=over),
        *(part for one in rest for part in (plain_words(" · "), words(one, 130))),
        *(part for one in dashboard_link(condition, look, "Open") for part in (plain_words(" · "), one)),
    ]
