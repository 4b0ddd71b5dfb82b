"""A message as HTML, near to how Slack shows it, light and dark: for the dashboard's preview. Sends and loads nothing.

All text is escaped; a chart is in the page itself; links are only http and https.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from connectors.slack.message import Message
from connectors.slack.mrkdwn import DATE, LINK, MENTION

STYLE = """
.slack{--ink:#1d1c1d;--faint:#616061;--ground:#fff;--line:#dddddd;--link:#1264a3;--code:#c01343;--tint:#f4f4f4;
--call:#e8f5fa;max-width:640px;padding:12px 16px;background:var(--ground);color:var(--ink);border:1px solid var(--line);
border-radius:8px;font:15px/1.46 Lato,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){.slack{--ink:#d1d2d3;--faint:#9a9b9d;--ground:#1a1d21;--line:#35373b;--link:#1d9bd1;
--code:#e8912d;--tint:#222529;--call:#13384a}}
.slack .who{font-weight:900;margin-bottom:2px}
.slack .who b{font-size:10px;background:var(--tint);color:var(--faint);padding:1px 4px;border-radius:2px}
.slack h3{font-size:18px;line-height:1.33;margin:8px 0;font-weight:900}
.slack h3 i{display:inline-block;width:14px;height:14px;border-radius:50%;vertical-align:-1px}
.slack p{margin:0;white-space:pre-wrap}.slack .block{margin:8px 0}.slack ul{margin:2px 0;padding-left:26px}
.slack .context{color:var(--faint);font-size:13px}.slack a{color:var(--link);text-decoration:none}
.slack code{font:12px/1.5 Monaco,Menlo,"DejaVu Sans Mono",monospace;color:var(--code);background:var(--tint);
border:1px solid var(--line);border-radius:3px;padding:1px 3px}
.slack .call{color:var(--link);background:var(--call);border-radius:3px;padding:0 2px}
.slack .buttons{display:flex;gap:8px;flex-wrap:wrap}
.slack .buttons span{border:1px solid var(--line);border-radius:4px;padding:4px 12px;font-weight:700;font-size:13px}
.slack .buttons .primary{background:#007a5a;border-color:#007a5a;color:#fff}
.slack img{display:block;max-width:360px;border-radius:8px;border:1px solid var(--line)}
.slack hr{border:0;border-top:1px solid var(--line)}
"""
_DOTS = {
    "\N{LARGE RED CIRCLE}": "#e0243a",
    "\N{LARGE ORANGE CIRCLE}": "#ef8b1a",
    "\N{LARGE BLUE CIRCLE}": "#2f80ed",
    "\N{LARGE GREEN CIRCLE}": "#2bac76",
    "\N{MEDIUM WHITE CIRCLE}": "#b0b4ba",
}
"""Drawn, for not every machine has a font with them."""
_TAGS = {"bold": "strong", "italic": "em", "strike": "s", "code": "code"}
_MARKUP = re.compile(r"(?<!\w)([*~])([^*~\n]+)\1(?!\w)")


def preview_html(message: Message) -> str:
    """One message; the page that it is put into needs `STYLE` once."""
    shown = [_block(block) for block in message.blocks]
    if message.image is not None:
        png = base64.b64encode(message.image).decode()
        picture = f'<img alt="{escape(message.image_alt)}" src="data:image/png;base64,{png}">'
        shown.insert(message.image_place, f'<div class="block">{picture}</div>')
    return f'<div class="slack"><div class="who">Outlay <b>APP</b></div>{"".join(shown)}</div>'


def page_html(messages: Iterable[Message]) -> str:
    """A page of its own with several messages, one below the other."""
    shown = "".join(preview_html(message) for message in messages)
    ground = "body{margin:24px}.slack{margin-bottom:16px}@media (prefers-color-scheme:dark){body{background:#111}}"
    return f'<!doctype html><meta charset="utf-8"><title>Messages</title><style>{STYLE}{ground}</style>{shown}'


def _block(block: Mapping[str, Any]) -> str:
    kind = str(block["type"])
    return f'<div class="block {escape(kind)}">{_SHOWN.get(kind, _section)(block)}</div>'


def _header(block: Mapping[str, Any]) -> str:
    shown = escape(str(block["text"]["text"]))
    for mark, colour in _DOTS.items():
        shown = shown.replace(mark, f'<i style="background:{colour}"></i>')
    return f"<h3>{shown}</h3>"


def _section(block: Mapping[str, Any]) -> str:
    texts = [*([block["text"]] if "text" in block else []), *block.get("fields", []), *block.get("elements", [])]
    return "".join(f"<p>{_marked_up(text)}</p>" for text in texts if "text" in text)


def _rich(block: Mapping[str, Any]) -> str:
    return "".join(
        f"<ul>{''.join(f'<li>{_parts(item)}</li>' for item in element['elements'])}</ul>"
        if element["type"] == "rich_text_list"
        else f"<p>{_parts(element)}</p>"
        for element in block["elements"]
    )


def _parts(section: Mapping[str, Any]) -> str:
    return "".join(_part(part) for part in section["elements"])


def _part(part: Mapping[str, Any]) -> str:
    shown = escape(str(part.get("text", "")))
    if part["type"] == "link":
        return _link(str(part["url"]), shown)
    for style in part.get("style") or {}:
        shown = f"<{_TAGS[style]}>{shown}</{_TAGS[style]}>"
    return shown


def _link(url: str, shown: str) -> str:
    # an address that Slack would not open is none here either
    if not url.startswith(("https://", "http://")):
        return shown
    return f'<a href="{escape(url)}" rel="noreferrer noopener" target="_blank">{shown}</a>'


def _actions(block: Mapping[str, Any]) -> str:
    return f'<div class="buttons">{"".join(_button(element) for element in block["elements"])}</div>'


def _button(element: Mapping[str, Any]) -> str:
    if element["type"] == "static_select":
        return f"<span>{escape(str(element['placeholder']['text']))} ▾</span>"
    return f'<span class="{escape(str(element.get("style", "")))}">{escape(str(element["text"]["text"]))}</span>'


def _marked_up(text: Mapping[str, Any]) -> str:
    words = str(text["text"])
    if text["type"] != "mrkdwn":
        return escape(words)
    spans = re.split(r"`([^`\n]+)`", words)
    return "".join(
        f"<code>{_plain(span)}</code>" if place % 2 else _formatted(span) for place, span in enumerate(spans)
    )


def _formatted(words: str) -> str:
    pieces: list[str] = []
    at = 0
    for found in re.finditer("|".join(pattern.pattern for pattern in (LINK, DATE, MENTION)), words):
        pieces += [_emphasised(words[at : found.start()]), _angled(found[0])]
        at = found.end()
    return "".join([*pieces, _emphasised(words[at:])])


def _angled(words: str) -> str:
    if found := LINK.fullmatch(words):
        return _link(found[1], _plain(found[2]))
    if found := DATE.fullmatch(words):
        return _plain(found[1])
    found = MENTION.fullmatch(words)
    return f'<span class="call">@{escape(found[1])}</span>' if found else _plain(words)


def _emphasised(words: str) -> str:
    tag = {"*": "strong", "~": "s"}
    return _MARKUP.sub(lambda found: f"<{tag[found[1]]}>{found[2]}</{tag[found[1]]}>", _plain(words))


def _plain(words: str) -> str:
    """Slack escapes three characters; undone, and escaped for HTML."""
    return escape(words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


_SHOWN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "header": _header,
    "rich_text": _rich,
    "actions": _actions,
    "divider": lambda _: "<hr>",
}
