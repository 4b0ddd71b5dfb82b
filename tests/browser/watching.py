"""A page in Chromium that is listened to: what it complained of, and whom else it asked for anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.browser import chromium


@dataclass
class Watched:
    """A page, its address, and what it complained of or asked for elsewhere."""

    page: Any
    address: str
    home: Path
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)
        chromium.settle(self.page)

    def metric(self, label: str) -> str:
        """The figure of the card that is called so."""
        cards = self.page.get_by_test_id("stMetric")
        card = cards.filter(has=self.page.get_by_test_id("stMetricLabel").filter(has_text=re.compile(f"^{label}$")))
        return card.get_by_test_id("stMetricValue").inner_text()

    def table(self, about: str) -> list[dict[str, str]]:
        """The rows that are in sight of the table whose words for screen readers begin so, as it tells them: exact."""
        frames = self.page.locator('[data-testid="stDataFrame"]')
        frame = frames.filter(has=self.page.locator(f'[aria-label*=": {about}"]')).first
        frame.locator("table").wait_for(state="attached")
        rows = frame.evaluate(_CELLS)
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]

    def words(self) -> str:
        """All text of the page."""
        return self.page.locator('[data-testid="stMain"]').inner_text()


_CELLS = (
    """frame => [...frame.querySelectorAll('table tr')].map(row => [...row.children].map(cell => cell.textContent))"""
)


@contextmanager
def watching(browser: Any, address: str, home: Path, **context: Any) -> Iterator[Watched]:
    """A page of a new visitor; at the end nothing was complained of, and no other host was asked."""
    visit = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | context))
    watched = Watched(visit.new_page(), address, home)
    watched.page.on(
        "console",
        lambda message: watched.complaints.append(message.text) if is_complaint(message) else None,
    )
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    watched.page.on(
        "request",
        lambda request: (
            watched.strangers.append(request.url) if urlsplit(request.url).hostname not in {"127.0.0.1", None} else None
        ),
    )
    yield watched
    visit.close()
    assert watched.complaints == []
    assert watched.strangers == []


def is_complaint(message: Any) -> bool:
    """An error, but for Streamlit's own probing of where it is served when a page below / is opened (404)."""
    return message.type == "error" and "/_stcore/" not in message.location.get("url", "")
