"""Where a condition is shown: a page of the dashboard, and what it is asked, as its filters read it from the URL."""

from __future__ import annotations

from urllib.parse import urlencode


def page(name: str, **asked: str) -> str:
    """`commitments?period=2026-07&currency=USD`: path and query below the dashboard's address."""
    return f"{name}?{urlencode(asked)}" if asked else name
