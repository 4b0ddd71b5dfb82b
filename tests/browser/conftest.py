"""Chromium for the tests of a file, which are skipped where none is installed; and the sample, served."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.dashboards.sample_warehouse import Sample


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = chromium.find()
    if found is None:
        pytest.skip(f"no Chromium is installed: none of {', '.join(chromium.CANDIDATES)} is on the PATH")
    with chromium.browser(found) as started:
        yield started


@pytest.fixture(scope="module")
def served_sample(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[tuple[Path, str, Any]]:
    """A home with the sample published, the address of its dashboard, and Chromium."""
    home = tmp_path_factory.mktemp("home")
    Sample(now=datetime.now(UTC)).publish(home)
    with chromium.served(home) as address:
        yield home, address, browser
