"""What Slack refuses in blocks and texts: docs.slack.dev/reference/block-kit, worked out apart from the real messages.

Slack answers `invalid_blocks` with a message for each problem, which points at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

BLOCKS_LIMIT = 50
TOTAL_LIMIT = 13_200
"""Not documented; `msg_blocks_too_long` was seen from about so many characters on."""
_SECTION, _HEADER, _FIELD = 3000, 150, 2000
Json = Mapping[str, Any]
Problems = Iterator[str]


def problems(blocks: Sequence[Json], has_file: Callable[[str], bool]) -> list[str]:
    """Each as Slack words it, with a JSON pointer; empty when they are fine."""
    found = [f"no more than {BLOCKS_LIMIT} items allowed [json-pointer:/blocks]"] if len(blocks) > BLOCKS_LIMIT else []
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        at = f"/blocks/{place}"
        check = _BLOCKS.get(str(block.get("type")))
        if check is None:
            found.append(f"unsupported type: {block.get('type')} [json-pointer:{at}/type]")
            continue
        found += [f"{words} [json-pointer:{at}{below}]" for below, words in _pairs(check(block))]
        identity = block.get("block_id")
        if identity is not None and (identity in seen or not 0 < len(identity) <= 255):
            found.append(f"invalid block_id [json-pointer:{at}/block_id]")
        seen.add(str(identity))
        file_id = (block.get("slack_file") or {}).get("id")
        if file_id is not None and not has_file(file_id):
            found.append(f"invalid slack file [json-pointer:{at}/slack_file]")
    return found


def _pairs(told: Problems) -> Iterator[tuple[str, str]]:
    for one in told:
        below, _, words = one.partition(" ")
        yield below, words


def _text(at: str, value: Any, most: int, types: tuple[str, ...] = ("mrkdwn", "plain_text")) -> Problems:
    if not isinstance(value, Mapping) or value.get("type") not in types:
        yield f"{at} missing required field or wrong type of text"
    elif not isinstance(value.get("text"), str) or not value["text"]:
        yield f"{at}/text must be more than 0 characters"
    elif len(value["text"]) > most:
        yield f"{at}/text must be less than {most + 1} characters"


def _items(at: str, value: Any, most: int) -> Problems:
    if not isinstance(value, list) or not 0 < len(value) <= most:
        yield f"{at} must have 1 to {most} items"


def _section(block: Json) -> Problems:
    if not block.get("text") and not block.get("fields"):
        yield "/text missing required field"
    if block.get("text"):
        yield from _text("/text", block["text"], _SECTION)
    if "fields" in block:
        yield from _items("/fields", block["fields"], 10)
        for place, one in enumerate(block["fields"]):
            yield from _text(f"/fields/{place}", one, _FIELD)
    if "accessory" in block:
        yield from _element("/accessory", block["accessory"])


def _header(block: Json) -> Problems:
    yield from _text("/text", block.get("text"), _HEADER, ("plain_text",))


def _context(block: Json) -> Problems:
    yield from _items("/elements", block.get("elements"), 10)
    for place, one in enumerate(block.get("elements") or ()):
        if one.get("type") == "image":
            yield from _image(one, f"/elements/{place}")
        else:
            yield from _text(f"/elements/{place}", one, _SECTION)


def _actions(block: Json) -> Problems:
    yield from _items("/elements", block.get("elements"), 25)
    names = [one.get("action_id") for one in block.get("elements") or ()]
    if len(set(names)) != len(names):
        yield "/elements action_id must be unique"
    for place, one in enumerate(block.get("elements") or ()):
        yield from _element(f"/elements/{place}", one)


def _element(at: str, one: Json) -> Problems:
    kind = one.get("type")
    if not 0 < len(str(one.get("action_id", "a"))) <= 255:
        yield f"{at}/action_id must be less than 256 characters"
    if kind == "button":
        yield from _text(f"{at}/text", one.get("text"), 75, ("plain_text",))
        if len(str(one.get("value", ""))) > 2000 or len(str(one.get("url", ""))) > 3000:
            yield f"{at} value or url is too long"
        if one.get("style") not in (None, "primary", "danger"):
            yield f"{at}/style failed to match"
    elif kind in ("static_select", "overflow"):
        if kind == "static_select" and "placeholder" in one:
            yield from _text(f"{at}/placeholder", one["placeholder"], 150, ("plain_text",))
        yield from _items(f"{at}/options", one.get("options"), 100 if kind == "static_select" else 5)
        for place, option in enumerate(one.get("options") or ()):
            yield from _text(f"{at}/options/{place}/text", option.get("text"), 75)
            if not 0 < len(str(option.get("value", ""))) <= 150:
                yield f"{at}/options/{place}/value must be less than 151 characters"
    elif kind != "image":
        yield f"{at}/type unsupported type: {kind}"


def _image(block: Json, at: str = "") -> Problems:
    if not 0 < len(str(block.get("alt_text", ""))) <= 2000:
        yield f"{at}/alt_text missing required field, or more than 2000 characters"
    if ("image_url" in block) == ("slack_file" in block):
        yield f"{at} must have either image_url or slack_file"
    if len(str(block.get("image_url", ""))) > 3000:
        yield f"{at}/image_url must be less than 3001 characters"


def _rich_text(block: Json) -> Problems:
    for place, one in enumerate(block.get("elements") or ()):
        yield from _rich(f"/elements/{place}", one)


_RICH_GROUPS = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
_RICH_PARTS = ("text", "link", "emoji", "user", "usergroup", "channel", "broadcast", "date", "color")


def _rich(at: str, one: Json) -> Problems:
    kind = one.get("type")
    if kind in _RICH_GROUPS:
        for place, part in enumerate(one.get("elements") or ()):
            yield from _rich(f"{at}/elements/{place}", part)
    elif kind not in _RICH_PARTS:
        yield f"{at}/type unsupported type: {kind}"
    elif kind == "text" and not one.get("text"):
        yield f"{at}/text must be more than 0 characters"
    elif kind == "link" and not 0 < len(str(one.get("url", ""))) <= 3000:
        yield f"{at}/url must be less than 3001 characters"


def _divider(block: Json) -> Problems:  # noqa: ARG001 - a divider holds nothing that could be wrong
    return iter(())


_BLOCKS: Mapping[str, Callable[[Json], Problems]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "rich_text": _rich_text,
    "divider": _divider,
}
