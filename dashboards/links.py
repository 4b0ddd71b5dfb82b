"""Links from page to page. What stands where in the navigation is the frame's; it says so here once a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

_PAGES = "pages"


def know(pages: Mapping[str, Iterable[st.Page]]) -> None:
    """The pages of this run, as `st.navigation` has them."""
    st.session_state[_PAGES] = {page.url_path: page for section in pages.values() for page in section}


def show(path: str, label: str, **query: str) -> None:
    """A link to the page at that path of the URL, with `?name=value` of `query`; nothing where there is no such page
    (a page that is shown by itself)."""
    page = st.session_state.get(_PAGES, {}).get(path)
    if page is not None:
        st.page_link(page, label=label, query_params=query or None)
