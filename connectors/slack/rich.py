"""Rich text: words of others as data. Slack formats, links and mentions nothing in it, and nothing has to be escaped.

Here are its pieces, short enough for Slack. What is said with them is in `alert_message`, `group_message` and
`digest_message`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit

from slack_sdk.models.blocks import RichTextBlock, RichTextListElement, RichTextSectionElement
from slack_sdk.models.blocks.block_elements import RichTextElement, RichTextElementParts

from connectors.slack.mrkdwn import one_line

Part = RichTextElement
Style = RichTextElementParts.TextStyle
URL_LIMIT = 800
_KEPT = "%:/?#[]@!$&'()*+,;=~-._"
"""What an address may hold as it is (RFC 3986); all else is percent-encoded."""


def words(text: str, limit: int = 700, *, bold: bool = False, strike: bool = False) -> Part:
    """Words on one line."""
    style = Style(bold=bold or None, strike=strike or None).to_dict()
    return RichTextElementParts.Text(text=one_line(text, limit), style=style or None)


def plain_words(text: str) -> Part:
    """Words of our own, spaces and line ends kept."""
    return RichTextElementParts.Text(text=text)


def emphasised(text: str, important: Sequence[str], limit: int = 700) -> list[Part]:
    """Words on one line with what is `important` in them, such as the amount, in bold."""
    shown = one_line(text, limit)
    found = next((one for one in important if one and one in shown), None)
    if found is None:
        return [plain_words(shown)]
    before, _, after = shown.partition(found)
    parts = [(before, False), (found, True), (after, False)]
    return [
        RichTextElementParts.Text(text=part, style=Style(bold=True).to_dict() if bold else None)
        for part, bold in parts
        if part
    ]


def prose(text: str, limit: int = 700) -> list[Part]:
    """Words on one line; what stands between two backticks, such as a command, as code."""
    pieces = re.split(r"`([^`]+)`", one_line(text, limit))
    code = Style(code=True).to_dict()
    return [
        RichTextElementParts.Text(text=piece, style=code if place % 2 else None)
        for place, piece in enumerate(pieces)
        if piece
    ]


def labelled(label: str, text: str, limit: int = 700) -> list[Part]:
    return [words(label, 60, bold=True), plain_words("  "), *prose(text, limit)]


def lines(items: Iterable[Sequence[Part]]) -> list[Part]:
    """Each on a line of its own."""
    parts: list[Part] = []
    for item in items:
        parts += [*([plain_words("\n")] if parts else []), *item]
    return parts


def paragraph(*parts: Part) -> RichTextSectionElement:
    return RichTextSectionElement(elements=list(parts))


def bullets(items: Iterable[Sequence[Part]]) -> RichTextListElement:
    return RichTextListElement(style="bullet", elements=[paragraph(*item) for item in items])


def rich(*elements: RichTextElement) -> RichTextBlock:
    return RichTextBlock(elements=list(elements))


def address(dashboard_url: str | None, page: str | None) -> str | None:
    """Of a page of the dashboard; the dashboard's own where that is too long, None where there is none."""
    if not dashboard_url or urlsplit(dashboard_url).scheme not in ("http", "https"):
        return None
    base = quote(dashboard_url.strip(), safe=_KEPT).rstrip("/")
    url = f"{base}/{quote(page or '', safe=_KEPT).lstrip('/')}"
    return next((one for one in (url, base) if len(one) <= URL_LIMIT), None)


def link(url: str, text: str) -> Part:
    return RichTextElementParts.Link(url=url, text=one_line(text, 120))
