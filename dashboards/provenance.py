"""The line beside every total: how much of it is matched, priced, attributed, owned and invoiced, through when, how
fresh."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl
import streamlit as st

from dashboards.formats import plain
from dashboards.published import Published
from dashboards.queries import health
from models.wording import UNKNOWN, day_text, instant_text, share_text

_MEASURES = {
    "matched": "matched to usage",
    "priced": "with a known price",
    "attributed": "attributed to a project or key",
    "owned": "owned by a team",
    "invoiced": "with the number of an invoice",
}
_STATUS_WORDS = {
    "stale": "was last pulled {}",
    "failing": "fails since its last good pull, {}",
    "never": "was never pulled",
}


def now() -> datetime:
    return datetime.now(UTC)


def last_day(exclusive_end: datetime | None) -> date | None:
    """The last day inside a window that ends before `exclusive_end`."""
    return None if exclusive_end is None else (exclusive_end - timedelta(microseconds=1)).date()


def coverage_line(published: Published, *, period: str, currency: str) -> str:
    """`Of billed cost: 99.2 % matched to usage · …`."""
    shares = {
        row["measure"]: share_text(row["known"], row["whole"])
        for row in health.coverage(published, period=period, currency=currency).iter_rows(named=True)
    }
    if not shares:
        return "How much of the cost is matched, priced and owned is not known for this month."
    return "Of billed cost: " + " · ".join(
        f"{shares.get(measure, UNKNOWN)} {words}" for measure, words in _MEASURES.items()
    )


def freshness_line(
    published: Published, *, costs_through: date | None, behind: Sequence[tuple[str, date]], usage_through: date | None
) -> str:
    """`Costs through 20 July 2026 (openai: 19 July 2026) · usage through … · published …`."""
    late = ", ".join(f"{plain(source)}: {day_text(day)}" for source, day in behind)
    parts = [f"Costs through {day_text(costs_through)}{f' ({late})' if late else ''}"]
    if usage_through and (costs_through is None or usage_through > costs_through):
        parts.append(f"usage through {day_text(usage_through)}")
    row = health.publication(published)
    parts.append(f"published {instant_text(row['published_at'][0] if len(row) else None)}")
    return " · ".join(parts)


def stale_sources(published: Published) -> pl.DataFrame:
    """The sources that are not fresh now, worst first."""
    return health.freshness(published, now()).filter(pl.col("status") != "fresh")


def show_stale(published: Published) -> None:
    """Name the sources that make the figures of this page old; nothing where all are fresh."""
    stale = stale_sources(published)
    if stale.is_empty():
        return
    said = [
        f"**{plain(row['source'])}** {_STATUS_WORDS[row['status']].format(instant_text(row['last_success_at']))}"
        for row in stale.iter_rows(named=True)
    ]
    st.warning(
        f"{'; '.join(said)}. Every figure here lacks what came since. See Data health for what to do.",
        title="Not all sources are fresh",
        icon=":material/schedule:",
    )
