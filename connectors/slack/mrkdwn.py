"""Words of others in Slack's texts: made inert, cut at Slack's limits, and read back for a preview.

No message is put together here and nothing is sent. Lengths are counted as Slack's clients count them, in UTF-16 units:
most emoji are two.
"""

from __future__ import annotations

import re
from datetime import datetime

from slack_sdk.models.blocks import MarkdownTextObject, PlainTextObject

from connectors.slack.sizes import SECTION_LIMIT, units
from models.wording import UNKNOWN, inert, instant_text

LINK = re.compile(r"<(https?://[^|>]+)\|([^>]*)>")
DATE = re.compile(r"<!date\^\d+\^[^|>]*\|([^>]*)>")
MENTION = re.compile(r"<(?:!|@|!subteam\^)(here|channel|[UWS][A-Z0-9]{6,20})>")


def one_line(words: str, limit: int) -> str:
    """Inert, on one line, at most `limit` long; a dash where nothing is left, for Slack takes no empty text."""
    return cut(" ".join(inert(words).split()), limit) or "–"


def escape(words: str) -> str:
    """Text of others made inert: no link, no mention (`<!channel>`, `<@U1>`), no control or bidirectional marks."""
    return inert(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_a_line(words: str, limit: int) -> str:
    """A few words of others within a line of ours, escaped: they neither begin nor end a code span."""
    return escape(one_line(words.replace("`", "'"), limit))


def name(words: str, limit: int = 120) -> str:
    """A name of others as a code span: nothing in it is formatted, and it cannot end the span."""
    return f"`{in_a_line(words, limit)}`"


def instant(at: datetime | None) -> str:
    """An instant (UTC) that every reader sees in their own time zone; where that is not known, in UTC."""
    if at is None:
        return UNKNOWN
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{instant_text(at)}>"


def called(mention: str | None) -> str:
    """Mentions as Slack writes them (`<!here>`, `<@U…>`, `<!subteam^S…>`); nothing else comes through."""
    return " ".join(one for one in (mention or "").split() if MENTION.fullmatch(one))


def cut(words: str, limit: int) -> str:
    """At most `limit` units, the last an ellipsis where something was cut off."""
    if len(words) <= limit and units(words) <= limit:
        return words
    kept = words[: limit - 1]
    while units(kept) > limit - 1:
        kept = kept[: len(kept) - max(1, (units(kept) - limit + 1) // 2)]
    return kept.rstrip() + "…"


def cut_escaped(words: str, limit: int) -> str:
    """`cut` for text that is escaped already: never in the middle of `&amp;`, and a code span is closed again."""
    if units(words) <= limit:
        return words
    kept = re.sub(r"&[a-z]{0,3}$", "", cut(words, limit - 1)[:-1])
    return kept + ("`…" if kept.count("`") % 2 else "…")


def markdown(words: str, limit: int = SECTION_LIMIT) -> MarkdownTextObject:
    """Text that is escaped already. Verbatim: Slack turns nothing in it into links or mentions of its own accord."""
    return MarkdownTextObject(text=cut_escaped(words, limit), verbatim=True)


def plain(words: str, limit: int) -> PlainTextObject:
    """Text in which Slack formats nothing; it needs no escaping."""
    return PlainTextObject(text=one_line(words, limit), emoji=False)


def as_read(words: str) -> str:
    """What a person reads: links written out, instants in UTC, escapes undone, emphasis dropped."""
    shown = MENTION.sub(r"@\1", DATE.sub(r"\1", LINK.sub(r"\2: \1", words)))
    shown = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"\1", shown).replace("`", "")
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
