"""Every page, light and dark, wide and narrow: `make screenshots`, or
`python -m tests.browser.screenshots --home DIR --out DIR`.

For people who look at them; nothing is compared.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.browser import chromium

PAGES = (
    "overview",
    "total-cost",
    "models",
    "accelerators",
    "commitments",
    "self-hosting",
    "vendors",
    "forecast",
    "budgets",
    "anomalies",
    "alerts",
    "data-health",
    "explore",
    "changes",
)
"""All that the navigation shows (a test holds it to that)."""
WIDTHS = (1440, 390)
THEMES = ("light", "dark")
_TALLEST = 9000


def take(home: Path, out: Path) -> list[Path]:
    """One PNG a page, theme and width, as high as the page is."""
    found = chromium.find()
    if found is None:
        raise SystemExit(f"no Chromium is installed (looked for {', '.join(chromium.CANDIDATES)})")
    out.mkdir(parents=True, exist_ok=True)
    taken: list[Path] = []
    with chromium.served(home) as address, chromium.browser(found) as browser:
        for theme in THEMES:
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
                for name in PAGES:
                    page.set_viewport_size({"width": width, "height": 900})
                    page.goto(address if name == "overview" else f"{address}/{name}")
                    chromium.settle(page)
                    # Streamlit scrolls an inner element: make the window as high as what is in it
                    height = page.evaluate("() => document.querySelector('[data-testid=\"stMain\"]').scrollHeight")
                    page.set_viewport_size({"width": width, "height": min(height + 10, _TALLEST)})
                    page.wait_for_timeout(1200)
                    file = out / f"{name}-{theme}-{width}.png"
                    page.screenshot(path=str(file))
                    taken.append(file)
                page.close()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home with a published warehouse")
    parser.add_argument("--out", type=Path, required=True, help="folder for the PNG files")
    asked = parser.parse_args()
    for file in take(asked.home.absolute(), asked.out):
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
