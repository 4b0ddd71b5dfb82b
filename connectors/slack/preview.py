"""A message as plain text, so that a person can look at it without Slack (`outlay alerts preview`). Sends nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from slack_sdk.models.blocks import Block

from connectors.slack.mrkdwn import as_read

WIDTH = 88


def preview(blocks: Iterable[Block | Mapping[str, Any]]) -> str:
    """The blocks in reading order, wrapped to `WIDTH` columns."""
    return "\n\n".join(
        shown for block in blocks if (shown := _shown(block.to_dict() if isinstance(block, Block) else block))
    )


def _shown(block: Mapping[str, Any]) -> str:
    return _SHOWN.get(str(block["type"]), _section)(block)


def _header(block: Mapping[str, Any]) -> str:
    title = str(block["text"]["text"])
    return f"{title}\n{'═' * min(len(title), WIDTH)}"


def _section(block: Mapping[str, Any]) -> str:
    parts = [_wrapped(as_read(block["text"]["text"]))] if "text" in block else []
    parts += [_pair(as_read(field["text"])) for field in block.get("fields", [])]
    return "\n".join(parts)


def _context(block: Mapping[str, Any]) -> str:
    return "\n".join(_wrapped(as_read(element["text"]), "  ") for element in block["elements"])


def _actions(block: Mapping[str, Any]) -> str:
    return "  ".join(f"[ {_button(element)} ]" for element in block["elements"])


def _rich(block: Mapping[str, Any]) -> str:
    return "\n".join(_paragraphs(block["elements"]))


def _paragraphs(elements: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for element in elements:
        if element["type"] == "rich_text_list":
            for item in element["elements"]:
                yield _wrapped(_words(item), "• ", "  ")
        else:
            yield _wrapped(_words(element))


def _words(section: Mapping[str, Any]) -> str:
    return "".join(
        f"{part.get('text')}: {part['url']}" if part["type"] == "link" else str(part.get("text", ""))
        for part in section["elements"]
    )


def _button(element: Mapping[str, Any]) -> str:
    return str(element.get("text", element.get("placeholder", {})).get("text", ""))


def _pair(field: str) -> str:
    label, _, value = field.partition("\n")
    return _wrapped(f"{label:<14} {value}", "", " " * 15)


def _wrapped(words: str, indent: str = "", further: str | None = None) -> str:
    return "\n".join(
        textwrap.fill(
            line,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent if further is None else further,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in words.splitlines()
    )


_SHOWN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "header": _header,
    "rich_text": _rich,
    "context": _context,
    "actions": _actions,
    "image": lambda block: f"[ {block['alt_text']} ]",
    "divider": lambda _: "─" * WIDTH,
}
