"""What a page shows when it cannot show figures: nothing published yet, or a warehouse that cannot be read."""

from __future__ import annotations

import functools
from collections.abc import Callable

import streamlit as st

from dashboards.formats import plain
from dashboards.published import NotPublishedError
from models.errors import OutlayError


def guarded(page: Callable[[], None]) -> Callable[[], None]:
    """The page, or what went wrong and what to do, in place of a stack trace."""

    @functools.wraps(page)
    def shown() -> None:
        try:
            page()
        except NotPublishedError as error:
            _empty(error)
        except OutlayError as error:
            st.error(
                f"{plain(error.what)}\n\n**What to do:** {remedy(error)}",
                title="This page cannot be shown",
                icon=":material/error:",
            )

    return shown


def _empty(error: NotPublishedError) -> None:
    st.title("What does AI cost us?")
    st.markdown("Nothing is known yet: no data has been published here. Two ways on:")
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        st.subheader("See it with make-believe data", anchor=False)
        st.markdown("Three months of an invented organisation, without a key and without the internet.")
        st.code("outlay demo", language="bash")
    with right.container(border=True, height="stretch"):
        st.subheader("Use your own bills", anchor=False)
        st.markdown("`init` writes `outlay.yaml`; `run` pulls and publishes. This page then fills by itself.")
        st.code("outlay init\noutlay run", language="bash")
    st.caption(plain(error.what))


def remedy(error: OutlayError) -> str:
    """What to do, for a place that renders Markdown: our own words, in which backticks mark commands and nothing else
    of Markdown is meant."""
    parts = error.remedy.split("`")
    return "".join(f"`{part}`" if place % 2 else plain(part) for place, part in enumerate(parts))
