"""The dashboard in a real headless Chromium: figures, links that survive, no error, and no word to any other host."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.browser.watching import Watched, watching
from tests.dashboards.sample_foresight import ENDED
from tests.dashboards.sample_warehouse import HOSTILE, Sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def watched(served_sample: tuple[Path, str, Any]) -> Iterator[Watched]:
    home, address, browser = served_sample
    with watching(browser, address, home) as page:
        yield page


def spent(month: str, basis: str = "billed_cost") -> Decimal:
    rows = Sample(now=datetime.now(UTC)).charges
    return sum((row[basis] for row in rows if row["billing_month"] == month and row["currency"] == "USD"), Decimal(0))


def test_the_overview_shows_the_truth_and_a_link_to_it_can_be_shared(watched: Watched) -> None:
    watched.open("/")
    assert watched.metric("Billed") == f"{spent('2026-07'):,.2f} USD"
    watched.page.get_by_role("radio", name="List").click()
    chromium.settle(watched.page)
    watched.page.get_by_role("radio", name="Team", exact=True).click()
    chromium.settle(watched.page)
    shared = watched.page.url
    assert "basis=list" in shared
    assert "by=team" in shared
    watched.page.goto("about:blank")
    watched.page.goto(shared)
    chromium.settle(watched.page)
    assert watched.metric("At list price") == f"{spent('2026-07', 'list_cost'):,.2f} USD"


def test_a_month_stays_chosen_from_page_to_page(watched: Watched) -> None:
    watched.open("/?period=2026-06")
    assert watched.page.locator("h1").inner_text() == "What did AI cost us in June 2026?"
    watched.page.get_by_test_id("stTopNavSection").filter(has_text="Data").click()
    watched.page.get_by_test_id("stTopNavDropdownLink").filter(has_text="Data health").click()
    watched.page.get_by_role("heading", name="Can the figures be trusted?").wait_for()
    chromium.settle(watched.page)
    assert "period=2026-06" in watched.page.url
    assert watched.page.get_by_text("Reported against computed, June 2026").is_visible()


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("/total-cost?by=team", "What did AI really cost in July 2026?"),
        ("/forecast?by=team", "Where will July 2026 land?"),
        ("/anomalies", "What is abnormal?"),
        ("/models", "What do models and tokens cost?"),
        ("/unit-costs", "What do models and tokens cost?"),
        ("/commitments", "What have we committed to?"),
        ("/vendors", "Whom do we depend on?"),
        ("/self-hosting", "Would self-hosting be cheaper?"),
    ],
)
def test_every_question_is_answered_in_plain_text(watched: Watched, path: str, question: str) -> None:
    """That nothing complains, and nobody else is asked for anything, is seen at the end of every test."""
    watched.open(path)
    assert watched.page.locator("h1").inner_text() == question
    assert watched.page.locator('[data-testid="stDataFrame"]').count() > 0
    assert watched.page.evaluate("() => document.querySelectorAll('main script, section script').length") == 0


def test_total_cost_is_the_sum_of_bills_and_what_is_declared(watched: Watched) -> None:
    watched.open("/total-cost")
    rows = [row for row in Sample(now=datetime.now(UTC)).total_costs if f"{row['day']:%Y-%m}" == "2026-07"]
    for label, origin in (("From bills", "charge"), ("Declared", "declared")):
        costs = (row["reporting_effective_cost"] for row in rows if row["origin"] == origin)
        assert watched.metric(label) == f"{sum((cost for cost in costs if cost), Decimal(0)):,.2f} USD"


def test_a_click_on_the_timeline_shows_that_incident(watched: Watched) -> None:
    watched.open(f"/anomalies?incident={ENDED}")
    timeline = watched.page.get_by_test_id("stVegaLiteChart").first
    timeline.locator('.role-mark path[fill-opacity="0.9"]').first.click()
    # the one that is shown first has no name in the address
    watched.page.wait_for_url(lambda url: "incident" not in url)
    chromium.settle(watched.page)
    assert watched.page.get_by_text("640.50 USD").first.is_visible()


def test_names_of_vendors_stay_text(watched: Watched) -> None:
    watched.page.on("dialog", lambda dialog: watched.complaints.append(f"dialog: {dialog.message}"))
    for path in ("/?by=team", "/?by=model", "/data-health", "/anomalies", "/forecast?by=key"):
        watched.open(path)
        assert watched.page.evaluate("() => document.querySelectorAll('main script, section script').length") == 0
        assert "<script>" not in watched.page.locator("h1").inner_text()
    assert HOSTILE.startswith("<script>")
