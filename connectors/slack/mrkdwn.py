"""Slack's message text: escaping what others wrote, cutting at Slack's limits, and reading it back for a preview.

No message is put together here and nothing is sent.
"""

from __future__ import annotations

import re

from slack_sdk.models.blocks import MarkdownTextObject, PlainTextObject

HEADER_LIMIT = 150
SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
FIELDS_LIMIT = 10
BLOCKS_LIMIT = 50
CONTEXT_LIMIT = 10
FALLBACK_LIMIT = 3000
"""Slack's limits in characters or items (api.slack.com/reference/block-kit/blocks); the fallback text is kept short."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LINK = re.compile(r"<(https?://[^|>]+)\|([^>]*)>")


def escape(words: str) -> str:
    """Text of others made inert: no link, no mention (`<!channel>`, `<@U1>`), no control or bidirectional marks."""
    return _CONTROL.sub(" ", words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def name(words: str, limit: int = 120) -> str:
    """A name of others as a code span: nothing in it is formatted, and it cannot end the span."""
    one_line = " ".join(words.replace("`", "'").split())
    return f"`{escape(cut(one_line, limit)) or ' '}`"


def cut(words: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis where something was cut off."""
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def cut_escaped(words: str, limit: int) -> str:
    """`cut` for text that is escaped already: never in the middle of `&amp;`, and a code span is closed again."""
    if len(words) <= limit:
        return words
    kept = re.sub(r"&[a-z]{0,3}$", "", words[: limit - 2])
    return kept + ("`…" if kept.count("`") % 2 else "…")


def markdown(words: str, limit: int = SECTION_LIMIT) -> MarkdownTextObject:
    """Text that is escaped already. Verbatim: Slack turns nothing in it into links or mentions of its own accord."""
    return MarkdownTextObject(text=cut_escaped(words, limit), verbatim=True)


def plain(words: str, limit: int) -> PlainTextObject:
    """Text in which Slack formats nothing; it needs no escaping."""
    return PlainTextObject(text=cut(_CONTROL.sub(" ", words), limit), emoji=False)


def link(url: str, words: str) -> str:
    """A link; `url` is ours (outlay.yaml), yet it cannot break out of it."""
    return f"<{escape(url).replace('|', '%7C')}|{escape(words)}>"


def as_read(words: str) -> str:
    """What a person reads: links written out, escapes undone, emphasis dropped."""
    shown = _LINK.sub(r"\2: \1", words)
    shown = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"\1", shown).replace("`", "")
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
