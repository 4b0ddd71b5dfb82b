"""What a link may carry is chosen by anybody: nonsense in it is ignored on every page, and never markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.dashboards.pages import opened, words
from tests.dashboards.sample_warehouse import Sample

pytestmark = pytest.mark.slow

PAGES = sorted(
    file.stem
    for file in (Path(__file__).parents[2] / "dashboards" / "views").glob("*.py")
    if "\n@guarded\ndef show()" in file.read_text()
)
PARAMETERS = sorted(
    {"sql", "team", "vendor", "component", "period", "basis", "currency", "by", "alert", "measure", "incident", "kind"}
)
"""Those that pages know, and some that none does."""

HOSTILE = (
    "<script>alert(1)</script>![x](https://elsewhere.invalid/a.png)<img src=x onerror=alert(1)>",
    "../../../../etc/passwd\0\u202e\ufeff",
    "'; DROP TABLE marts.tco_daily; -- {{7*7}}$value %s",
    "9" * 200_000,
)


def contents(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def test_there_are_pages() -> None:
    assert {"overview", "explore", "alerts", "total_cost"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_nonsense_in_a_link_changes_nothing_on_a_page(page: str, home: Path, published: Sample) -> None:
    before = contents(home)
    as_it_is = opened(page)
    usual = (as_it_is.title[0].value, [metric.value for metric in as_it_is.metric])
    for value in HOSTILE:
        app = opened(page, **dict.fromkeys(PARAMETERS, value))
        assert not app.exception
        assert (app.title[0].value, [metric.value for metric in app.metric]) == usual, value[:60]
        rendered = re.sub(r"\\.", "", words(app))
        for mark in ("<script>alert(1)", "<img src=x", "](https://elsewhere", "root:", "DROP TABLE marts"):
            assert mark not in rendered, value[:60]
    assert contents(home) == before
