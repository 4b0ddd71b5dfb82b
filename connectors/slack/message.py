"""What a message is, and what decides how it looks beside what it says. Nothing is worded and nothing is sent here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Look:
    """Where a message is read.

    `dashboard_url` leads to the pages; without it there are no links. `has_buttons`: Socket Mode is set up, so that
    they are answered. `is_bot`: a bot has threads, edits and charts; a webhook has none of it, and each message stands
    alone.
    """

    organization: str | None = None
    dashboard_url: str | None = None
    has_buttons: bool = False
    is_bot: bool = False


@dataclass(frozen=True)
class Message:
    """A message as Slack takes it: `blocks` of Block Kit, and `text` for notifications and screen readers.

    `image`: a chart (PNG) that may be uploaded and then shown by `with_image`; the message says all without it.
    """

    text: str
    blocks: tuple[dict[str, Any], ...]
    image: bytes | None = None
    image_alt: str = ""
    image_place: int = 0
    """The chart stands before this block."""

    def with_image(self, file_id: str) -> tuple[dict[str, Any], ...]:
        """The blocks with the chart among them, once Slack has it as the file `file_id`."""
        shown = {"type": "image", "slack_file": {"id": file_id}, "alt_text": self.image_alt}
        return (*self.blocks[: self.image_place], shown, *self.blocks[self.image_place :])
