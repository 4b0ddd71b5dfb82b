"""Slack's limits, and whether a message keeps them: slack_sdk checks some when it writes a block, this checks all.

Figures are those of docs.slack.dev/reference/block-kit. No limit of the whole is documented: `chat.postMessage` was
seen to refuse (`msg_blocks_too_long`) from about 13,000 characters on, structure included (slackapi/bolt-js#2509,
#2867); `TOTAL_LIMIT` stays below that, counted over the blocks as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from slack_sdk.models.blocks import Block

from connectors.errors import DeliveryError
from connectors.slack.message import Message

BLOCKS_LIMIT = 50
TOTAL_LIMIT = 12_000
FALLBACK_LIMIT = 3000
"""Of `text`: Slack cuts it at 40,000 and advises less than 4,000."""
HEADER_LIMIT = 150
SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
METADATA_LIMIT = 8000
"""Not documented; a reference takes about a hundred bytes."""

_ITEMS = {"fields": 10, "options": 100}
_ELEMENTS = {"context": 10, "actions": 25}
_PARTS = 200
"""Of rich text, of which no limit is documented."""
_TEXTS = {"header": HEADER_LIMIT, "section": SECTION_LIMIT, "button": 75, "option": 75}
_STRINGS = {
    "alt_text": 2000,
    "image_url": 3000,
    "url": 3000,
    "action_id": 255,
    "block_id": 255,
    "value": 2000,
    "fallback": 2000,
}
_OPTION_VALUE = 150
_PLACEHOLDER = 150


def units(words: str) -> int:
    """Length in UTF-16 units."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


class TooLargeError(DeliveryError):
    """A message that would break one of Slack's limits."""


def fitting(made: Callable[[int], Message], counts: Sequence[int]) -> Message:
    """The first that Slack takes of what is made with at most so many lines in each of its lists.

    Raises `TooLargeError` where none is.
    """
    *more, least = counts
    for count in more:
        with suppress(TooLargeError):
            return made(count)
    return made(least)


def checked(text: str, blocks: Sequence[Block], **image: Any) -> Message:
    """The message, after slack_sdk's own checks (`to_dict`) and `oversizes`. Raises `TooLargeError`."""
    try:
        message = Message(text, tuple(block.to_dict() for block in blocks), **image)
    except Exception as error:
        raise _too_large(str(error)) from None
    for problem in oversizes(message):
        raise _too_large(problem)
    return message


def oversizes(message: Message, metadata: Mapping[str, Any] | None = None) -> list[str]:
    """Which of Slack's limits the message breaks; empty when it is fine."""
    blocks = message.with_image("F0123456789") if message.image else message.blocks
    total = units(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    told = len(json.dumps(metadata or {}).encode())
    counts = (
        ("text of", units(message.text), FALLBACK_LIMIT, "characters"),
        ("message of", len(blocks), BLOCKS_LIMIT, "blocks"),
        ("message of", total, TOTAL_LIMIT, "characters in all its blocks"),
        ("metadata of", told, METADATA_LIMIT, "bytes"),
    )
    problems = [f"{what} {found:,} {unit}, {most:,} allowed" for what, found, most, unit in counts if found > most]
    return [*problems, *(problem for block in blocks for problem in _oversizes(block, str(block["type"])))]


def _oversizes(item: Mapping[str, Any], kind: str) -> Iterator[str]:
    """Of one block or element, and of all that is in it."""
    for key, value in item.items():
        match value:
            case str() if key in _STRINGS or key == "text":
                most = _OPTION_VALUE if (kind, key) == ("option", "value") else _STRINGS.get(key, FIELD_LIMIT)
                yield from _outside(f"{kind} {key}", units(value), most, least=int(key in ("text", "alt_text", "url")))
            case {"text": str() as words}:
                most = _PLACEHOLDER if key == "placeholder" else _TEXTS.get(kind, FIELD_LIMIT)
                yield from _outside(f"{kind} {key}", units(words), most, least=1)
            case list():
                most = _ELEMENTS.get(kind, _PARTS) if key == "elements" else _ITEMS.get(key, _PARTS)
                yield from _outside(f"{kind} {key}", len(value), most, least=1, unit="items")
                for part in value:
                    yield from _oversizes(part, str(part.get("type") or ("option" if key == "options" else kind)))
            case _:
                pass


def _outside(what: str, found: int, most: int, *, least: int, unit: str = "characters") -> Iterator[str]:
    if not least <= found <= most:
        yield f"{what} of {found:,} {unit}, {least} to {most:,} allowed"


def _too_large(problem: str) -> TooLargeError:
    return TooLargeError(
        f"the message breaks a limit of Slack's: {problem}",
        source="slack",
        remedy="nothing was sent; this is a defect of the message, please report it",
    )
