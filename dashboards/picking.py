"""One thing chosen in several ways: by a click on a chart, on a row of a table, or by its name; the latest counts."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards import filters


def picked(page: str, name: str, label: str, labels: Mapping[str, str], clicked: Mapping[str, str | None]) -> str:
    """A key of `labels`, kept in the URL under `name`; the first unless another one is wanted.

    `clicked`: by place (`chart`, `table`) the key that is marked there. Marks stay where they are while another place
    chooses, so that only a new one counts.
    """
    for place, key in clicked.items():
        before = f"{page} {name} in {place}"
        if key in labels and key != st.session_state.get(before):
            st.session_state[f"{page} {name}"] = key
        st.session_state[before] = key
    return filters.choose_named(page, name, label, labels)
