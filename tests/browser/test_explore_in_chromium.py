"""Explore in a real Chromium: nothing that is asked, answered or linked to renders, runs, reads, writes or hangs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.browser import chromium
from tests.pipelines.hostile_statements import MARKUP, UNBOUNDED

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUNS = "() => document.querySelectorAll('section script, section iframe, section object, section img').length"
ENDLESS = UNBOUNDED["long range"]
PAGES = sorted(set(re.findall(r'url_path="([^"]+)"', chromium.APP.read_text())))
LINKS = [
    "sql=" + quote("SELECT '<img src=x onerror=alert(1)>' AS \"<script>alert(1)</script>\""),
    "team=<script>alert(1)</script>&vendor=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&alert=%00%00",
    "period=../../etc/passwd&basis=javascript:alert(1)&component=%F0%9F%92%A9%FF%FE",
    "team=a&team=b&team=<script>&period=2026-07&period=../..",
    "team=" + "x" * 8_000,
]


@pytest.fixture
def page(served_sample: tuple[Path, str, Any]) -> Iterator[Any]:
    """A page that must show no dialog, raise no error, and ask nobody else for anything; the home stays as it is."""
    home, address, browser = served_sample
    before = contents(home)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=address)
    page = context.new_page()
    noticed: list[str] = []

    def dialog(shown: Any) -> None:
        noticed.append(f"dialog: {shown.message}")
        shown.dismiss()

    page.on("dialog", dialog)
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on(
        "request",
        lambda asked: noticed.append(asked.url) if urlsplit(asked.url).hostname not in {"127.0.0.1", None} else None,
    )
    yield page
    context.close()
    assert noticed == []
    assert contents(home) == before


def contents(home: Path) -> dict[str, bytes]:
    """All but the log of the server."""
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.suffix != ".log")
    return {str(path): path.read_bytes() for path in files}


def ask(page: Any, sql: str) -> None:
    editor = page.get_by_role("textbox", name="SQL")
    editor.fill(sql)
    editor.press("Control+Enter")
    page.wait_for_timeout(300)
    chromium.settle(page)


def test_a_statement_of_a_link_waits_for_run(page: Any) -> None:
    page.goto("/explore?sql=" + quote("SELECT 6 * 7 AS from_a_link"))
    chromium.settle(page)
    assert page.get_by_role("textbox", name="SQL").input_value() == "SELECT 6 * 7 AS from_a_link"
    assert page.get_by_text("1 row", exact=True).count() == 0
    page.get_by_role("button", name="Run").click()
    page.get_by_text("1 row", exact=True).wait_for()
    with page.expect_download() as downloaded:
        page.locator('[data-testid="stDownloadButton"]', has_text="CSV").get_by_role("button").click()
    assert Path(downloaded.value.path()).read_text() == "from_a_link\n42\n"


def test_names_values_and_mistakes_stay_text(page: Any) -> None:
    page.goto("/explore")
    chromium.settle(page)
    for sql in MARKUP:
        ask(page, sql)
        page.locator('[data-testid="stAlert"], [data-testid="stDownloadButton"]').first.wait_for()
        assert page.evaluate(RUNS) == 0, sql
        assert page.locator("section a[href*='elsewhere.invalid'], section a[href^='javascript']").count() == 0, sql


def test_files_are_not_read_nor_written(page: Any, served_sample: tuple[Path, str, Any]) -> None:
    page.goto("/explore")
    chromium.settle(page)
    out = served_sample[0] / "written.csv"
    for sql in (
        "FROM read_csv('/etc/passwd')",
        "FROM '/etc/passwd'",
        f"COPY (SELECT 1) TO '{out}'",
        f"ATTACH '{out}'",
        "INSTALL httpfs",
        "SELECT getenv('HOME')",
        "PRAGMA database_list",
        "SELECT 1; DROP TABLE marts.tco_daily",
    ):
        ask(page, sql)
        page.locator('[data-testid="stAlert"]').first.wait_for()
        assert "root:" not in page.inner_text("body")
        assert page.get_by_text("What to do:").count() == 1, sql
    assert not out.exists()


def test_an_endless_query_is_cancelled_and_others_are_answered_meanwhile(page: Any, served_sample: Any) -> None:
    _, address, browser = served_sample
    page.goto("/explore")
    chromium.settle(page)
    other = browser.new_page()
    other.goto(f"{address}/data-health")
    chromium.settle(other)
    ask(page, ENDLESS)
    page.get_by_text("of at most 30 seconds").wait_for()
    began = time.monotonic()
    other.goto(f"{address}/data-health")
    other.locator('[data-testid="stDataFrame"]').first.wait_for()
    taken = time.monotonic() - began
    assert page.get_by_role("button", name="Cancel").is_visible(), f"it ended before {taken:.1f} s"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled:").wait_for()
    other.close()
    assert taken < 25, "a whole page, cold, on a machine that has other things to do"


@pytest.mark.parametrize("path", PAGES)
def test_links_with_anything_in_them_open_the_page_as_it_is(page: Any, path: str) -> None:
    for link in LINKS:
        page.goto(f"/{path}?{link}")
        chromium.settle(page)
        assert page.evaluate(RUNS) == 0, link[:80]
        assert page.locator('[data-testid="stException"]').count() == 0, link[:80]
        assert page.get_by_text("This page cannot be shown").count() == 0, link[:80]
