"""How long people wait for the dashboard, in a real Chromium: the first useful figure, and a filter's figure.

*First figure*: from asking for the overview until its first card shows an amount; on a server that has just started
(cold), and again by new visitors (warm). *Filter to figure*: from the click on a filter until a card shows another
amount, for states that nobody asked for yet (cold) and again (warm). Beside both, in the same run, stands a page of
one card by the same Streamlit: what no page can go below.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.bench.long_history import grow
from tests.bench.measurement import Measurement
from tests.browser import chromium

HISTORIES = {"1 M charges": 1_000_000, "100 M charges": 100_000_000}
VISITORS = 9
FIRST_SECONDS, MEDIAN_MS, P95_MS = 1.5, 200, 400
HOME = "OUTLAY_BENCH_HOME"
"""A home with a published demo to begin from; made anew (two minutes) where it is not named."""

_FLOOR = """import streamlit as st
choice = st.segmented_control("Cost", ["Billed", "Effective", "List"], default="Billed", required=True)
st.title("One card")
st.metric(choice, {"Billed": "1.00 USD", "Effective": "2.00 USD", "List": "3.00 USD"}[choice])
"""
_FIRST = (
    """() => [...document.querySelectorAll('[data-testid="stMetricValue"]')].some(card => /\\d/.test(card.innerText))"""
)
_WATCH = """() => {
    const figures = () => [...document.querySelectorAll('[data-testid="stMetric"]')]
        .slice(0, 1).map(card => card.innerText).join();
    const before = figures();
    window.changed = new Promise(resolve => {
        const begun = {at: null};
        document.addEventListener('click', () => { begun.at ??= performance.now(); }, {capture: true, once: true});
        new MutationObserver((_, watch) => {
            if (begun.at !== null && figures() !== before && /\\d/.test(figures())) {
                watch.disconnect();
                resolve(performance.now() - begun.at);
            }
        }).observe(document.body, {childList: true, subtree: true, characterData: true});
    });
}"""
"""Resolves with the milliseconds from the next click until the first card says something else."""


@dataclass
class Waits:
    """Seconds to the first figure and milliseconds from filter to figure of one address."""

    cold_first: float = 0.0
    warm_first: list[float] = field(default_factory=list[float])
    cold_filter: list[float] = field(default_factory=list[float])
    warm_filter: list[float] = field(default_factory=list[float])


def measure() -> Iterator[Measurement]:
    found = chromium.find()
    if found is None:
        yield Measurement("dashboard", "no Chromium is installed")
        return
    with tempfile.TemporaryDirectory(prefix="outlay-bench-") as folder, chromium.browser(found) as browser:
        root = Path(folder)
        floor = root / "floor.py"
        floor.write_text(_FLOOR, encoding="utf-8")
        reference = _waits(browser, chromium.served(root, floor), teams=())
        yield from _told("one card, Streamlit alone", reference, None)
        published = _demo(root)
        for name, charges in HISTORIES.items():
            home = root / name.replace(" ", "-")
            (home / "warehouse").mkdir(parents=True)
            rows = grow(published, home / "warehouse" / "outlay-0001.duckdb", charges)
            (home / "warehouse" / "outlay.duckdb").symlink_to("outlay-0001.duckdb")
            waits = _waits(
                browser, chromium.served_as_people_do(home), teams=[f"team-{number:02}" for number in range(1, 7)]
            )
            yield from _told(f"overview, {name} ({rows:,} rows of tco_daily)", waits, reference)


def _demo(root: Path) -> Path:
    """A published demo: that of OUTLAY_BENCH_HOME, or one made now."""
    named = os.environ.get(HOME)
    if named is None:
        from pipelines.console import Silence
        from pipelines.demo import World, demo
        from pipelines.home import Home

        demo(Home.at(root / "demo"), World.today(1, 3, datetime.now(UTC)), Silence())
        named = str(root / "demo")
    return (Path(named) / "warehouse" / "outlay.duckdb").resolve()


def _waits(browser: Any, served: AbstractContextManager[str], teams: Sequence[str]) -> Waits:
    waits = Waits()
    with ExitStack() as open_pages, served as address:
        # the profile is new each time, so that the browser has nothing of the page at first
        visit = open_pages.enter_context(browser.new_context(viewport={"width": 1440, "height": 900}))
        page = visit.new_page()
        waits.cold_first = _first_figure(page, address)
        for _ in range(VISITORS):
            waits.warm_first.append(_first_figure(page, address))
        chromium.settle(page)
        for collected in (waits.cold_filter, waits.warm_filter):
            for team in ("", *teams):
                page.goto(f"{address}/?team={team}" if team else address)
                chromium.settle(page)
                for cost in ("Effective", "List", "Billed"):
                    collected.append(_filtered(page, cost))
                    chromium.settle(page)
    return waits


def _first_figure(page: Any, address: str) -> float:
    """Seconds from asking for the page until a card of it shows a figure."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    page.wait_for_function(_FIRST, timeout=60_000, polling=10)
    return page.evaluate("() => performance.now()") / 1000


def _filtered(page: Any, cost: str) -> float:
    """Milliseconds from the click on another cost until the first card shows it."""
    page.evaluate(_WATCH)
    page.get_by_role("radio", name=cost, exact=True).first.click()
    return page.evaluate("() => window.changed")


def _told(name: str, waits: Waits, reference: Waits | None) -> Iterator[Measurement]:
    beside = "" if reference is None else f"; one card alone {median(reference.warm_first):.2f} s"
    for which, seconds in (("cold server and browser", waits.cold_first), ("warm", median(waits.warm_first))):
        detail = f"median of {len(waits.warm_first)}" if which == "warm" else "the first visitor of all"
        yield Measurement(
            f"{name}: first figure, {which}",
            f"{seconds:.2f} s",
            f"≤ {FIRST_SECONDS} s",
            detail + beside,
            seconds <= FIRST_SECONDS,
        )
    for which, taken in (("cold", waits.cold_filter), ("warm", waits.warm_filter)):
        middle, high = median(taken), quantiles(taken, n=20)[-1]
        alone = "" if reference is None else f"; one card alone {median(reference.warm_filter):.0f} ms"
        yield Measurement(
            f"{name}: filter to figure, {which}",
            f"{middle:.0f} ms, p95 {high:.0f} ms",
            f"≤ {MEDIAN_MS} ms, p95 ≤ {P95_MS} ms",
            f"{len(taken)} clicks{alone}",
            middle <= MEDIAN_MS and high <= P95_MS,
        )
