"""A change from its upload to its publication, as people see it in a real headless Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.browser.watching import watching
from tests.pipelines.test_uploads_are_applied import kept, run, september

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PENDING = "Pending: the next publication applies it, or says why it cannot."


def test_an_upload_is_previewed_asked_for_waits_and_is_in_force(tmp_path: Path, browser: Any):
    home = september(tmp_path)
    table = tmp_path / "budgets of <b>ana.csv"
    table.write_text("name;amount\nsearch;35,50\nbots;12\n")
    with (
        chromium.served(home.root) as address,
        watching(browser, address, home.root) as watched,
    ):
        page = watched.page
        watched.open("/changes")
        assert page.locator("h1").inner_text() == "What do people change?"
        page.locator('input[type="file"]').set_input_files(table)
        page.get_by_text("Budgets: 1 new, 1 changed.").wait_for()
        chromium.settle(page)
        assert page.locator("b", has_text="ana").count() == 0
        assert kept(home) == []
        page.get_by_label("Note").fill("as agreed")
        page.get_by_role("button", name="Ask for this as").click()
        page.get_by_text(PENDING).wait_for()
        chromium.settle(page)
        assert [each.upload.content for each in kept(home)] == [table.read_text()]
        # another visitor sees it too, and by a link
        with watching(browser, address, home.root) as other:
            other.open("/changes")
            assert other.page.get_by_text(PENDING).is_visible()
        run(home)
        # the page that is open moves to the new version by itself
        page.get_by_text("Nothing waits: 1 upload lies over outlay.yaml.").wait_for(timeout=60_000)
        chromium.settle(page)
        assert page.get_by_text(PENDING).count() == 0
        assert [each.state for each in kept(home)] == ["applied"]
