"""How long people wait for the dashboard, in a real Chromium: the first useful figure, and a filter's figure.

*First figure*: from asking for the overview until the sentence that answers it shows an amount; on a server that has
just started (cold), and again by new visitors (warm). *First card*: the same until a card does: Streamlit fetches the
code that draws cards, charts and tables only when the first of them comes. *Filter to figure*: from the click on a
filter until a card shows another amount, for states that nobody asked for yet (cold) and again (warm). Beside them, in
the same run, stands a page of one sentence and one card as `streamlit run` serves it.
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
cost = {"Billed": "1.00 USD", "Effective": "2.00 USD", "List": "3.00 USD"}[choice]
st.markdown(f"**{cost}**")
st.metric(choice, cost)
"""
_FIGURES = {"sentence": '[data-testid="stMarkdown"] strong', "card": '[data-testid="stMetricValue"]'}
_SHOWN = "figure => [...document.querySelectorAll(figure)].some(shown => /\\d/.test(shown.innerText))"
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
    """Seconds to the first figure and card, and milliseconds from filter to figure, of one address."""

    cold_first: float = 0.0
    cold_card: float = 0.0
    warm_first: list[float] = field(default_factory=list[float])
    warm_card: list[float] = field(default_factory=list[float])
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
        waits.cold_first, waits.cold_card = _first_figures(page, address)
        for _ in range(VISITORS):
            first, card = _first_figures(page, address)
            waits.warm_first.append(first)
            waits.warm_card.append(card)
        for collected in (waits.cold_filter, waits.warm_filter):
            for team in ("", *teams):
                page.goto(f"{address}/?team={team}" if team else address)
                chromium.settle(page)
                for cost in ("Effective", "List", "Billed"):
                    collected.append(_filtered(page, cost))
                    chromium.settle(page)
    return waits


def _first_figures(page: Any, address: str) -> tuple[float, float]:
    """Seconds from asking for the page until its first sentence shows a figure, and until a card does; then the page is
    drawn to its end, so that the next visitor does not wait for this one."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    taken: list[float] = []
    for figure in _FIGURES.values():
        page.wait_for_function(_SHOWN, arg=figure, timeout=60_000, polling=10)
        taken.append(page.evaluate("() => performance.now()") / 1000)
    chromium.settle(page)
    return taken[0], taken[1]


def _filtered(page: Any, cost: str) -> float:
    """Milliseconds from the click on another cost until the first card shows it."""
    page.evaluate(_WATCH)
    page.get_by_role("radio", name=cost, exact=True).first.click()
    return page.evaluate("() => window.changed")


def _told(name: str, waits: Waits, reference: Waits | None) -> Iterator[Measurement]:
    beside = ""
    if reference is not None:
        beside = f"; alone {median(reference.warm_first):.2f} s, its card {median(reference.warm_card):.2f} s"
    for which, seconds, card in (
        ("cold server and browser", waits.cold_first, waits.cold_card),
        ("warm", median(waits.warm_first), median(waits.warm_card)),
    ):
        detail = f"median of {len(waits.warm_first)}" if which == "warm" else "the first visitor of all"
        for what, taken, limit in (("first figure", seconds, FIRST_SECONDS), ("first card", card, None)):
            yield Measurement(
                f"{name}: {what}, {which}",
                f"{taken:.2f} s",
                "" if limit is None else f"≤ {limit} s",
                f"{detail}{beside}",
                None if limit is None else taken <= limit,
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
