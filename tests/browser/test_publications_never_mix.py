"""A publication while a page is open: its figures move to the new version together; no moment shows two versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.browser.watching import Watched, watching
from tests.dashboards.sample_warehouse import Sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIGURES = ("From bills", "Shared")
"""Cards of total cost that come from charges alone."""
_RECORD = """() => {
    window.moments = [];
    const look = () => {
        const cards = [...document.querySelectorAll('[data-testid="stMetric"]')].map(card => [
            card.querySelector('[data-testid="stMetricLabel"]')?.innerText.trim(),
            card.querySelector('[data-testid="stMetricValue"]')?.innerText.trim(),
        ]);
        const moment = JSON.stringify(cards);
        if (window.moments.at(-1) !== moment) window.moments.push(moment);
    };
    look();
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""
"""Keeps every different set of cards that the document ever held, at each change of it."""


def publish(home: Path, version: int) -> None:
    """All charges as many times as dear as the number of the version."""
    sample = Sample(now=datetime.now(UTC))
    for row in sample.charges:
        row |= {name: amount * version for name, amount in row.items() if name.endswith("_cost")}
    sample.publish(home, f"outlay-{version:04}")


@pytest.fixture(scope="module")
def served_home(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[tuple[Path, str, Any]]:
    home = tmp_path_factory.mktemp("home")
    publish(home, 1)
    with chromium.served(home) as address:
        yield home, address, browser


@pytest.fixture
def watched(served_home: tuple[Path, str, Any]) -> Iterator[Watched]:
    home, address, browser = served_home
    with watching(browser, address, home) as page:
        yield page


def shown(watched: Watched) -> dict[str, Decimal]:
    return {label: _amount(watched.metric(label)) for label in FIGURES}


def choose(watched: Watched, colour: str) -> None:
    """By what the days are coloured: a click that changes no card."""
    box = watched.page.locator('[data-testid="stSelectbox"]', has_text="Coloured by").first
    box.click()
    watched.page.get_by_role("option", name=colour, exact=True).click()
    chromium.settle(watched.page)


def _amount(text: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9.\-]", "", text.replace("−", "-")))


def versions_in(moment: list[list[str]], of_first: dict[str, Decimal]) -> set[int]:
    """Which versions a moment's cards are of: how many times as much as in the first version."""
    return {round(_amount(value) / of_first[label]) for label, value in moment if of_first.get(label)}


def test_no_moment_shows_figures_of_two_versions(watched: Watched) -> None:
    import json

    watched.open("/total-cost")
    first = shown(watched)
    watched.page.evaluate(_RECORD)
    for version in range(2, 8):
        publish(watched.home, version)
        # any click runs the page again, and that run finds the new version
        choose(watched, "Coloured by team" if version % 2 else "Coloured by vendor")
    moments = [json.loads(moment) for moment in watched.page.evaluate("() => window.moments")]
    seen = [versions_in(moment, first) for moment in moments]
    assert all(len(versions) <= 1 for versions in seen), seen
    for cards in map(dict, moments):
        if "Total" in cards and "Declared" in cards and "From bills" in cards:
            parts = _amount(cards["From bills"]) + _amount(cards["Declared"])
            assert abs(_amount(cards["Total"]) - parts) <= Decimal("0.01"), cards
    assert [*dict.fromkeys(version for versions in seen for version in versions)] == [1, 2, 3, 4, 5, 6, 7]
    assert shown(watched) == pytest.approx({label: amount * 7 for label, amount in first.items()}, abs=Decimal("0.04"))


def test_a_page_that_nobody_touches_moves_by_itself(watched: Watched) -> None:
    publish(watched.home, 8)
    watched.open("/total-cost")
    before = watched.metric("From bills")
    publish(watched.home, 24)
    watched.page.wait_for_function(
        "old => { const values = [...document.querySelectorAll('[data-testid=\"stMetricValue\"]')]; "
        "return values.length > 0 && !values.some(value => value.innerText === old); }",
        arg=before,
        timeout=60_000,
    )
    chromium.settle(watched.page)
    assert abs(_amount(watched.metric("From bills")) - 3 * _amount(before)) < Decimal("0.05")
