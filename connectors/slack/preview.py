"""A message as plain text, so that a person can look at it without Slack (`outlay alerts preview`). Sends nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
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
    kind = block["type"]
    if kind == "divider":
        return "─" * WIDTH
    if kind == "header":
        title = str(block["text"]["text"])
        return f"{title}\n{'═' * min(len(title), WIDTH)}"
    if kind == "context":
        return "\n".join(_wrapped(as_read(element["text"]), "  ") for element in block["elements"])
    parts = [_wrapped(as_read(block["text"]["text"]))] if "text" in block else []
    parts += [_pair(as_read(field["text"])) for field in block.get("fields", [])]
    return "\n".join(parts)


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
