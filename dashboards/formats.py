"""How figures look on pages: columns of tables, and text of others made harmless. For words see `models.wording`."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from models.wording import UNKNOWN

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])")
_ROW_PIXELS = 35
_NOT_SHOWN = UNKNOWN


def plain(words: str) -> str:
    """Text of others for a place that renders Markdown: every mark of it shows as itself, on one line."""
    return _MARKUP.sub(r"\\\1", re.sub(r"\s+", " ", words))


def money_column(label: str, currency: str | None = None, *, signed: bool = False, help: str | None = None) -> Any:
    """Amounts to the cent; the cells stay exact, so that sorting and downloads are. `signed`: a change, + or −."""
    return st.column_config.NumberColumn(
        f"{label}, {currency}" if currency else label, format="%+,.2f" if signed else "%,.2f", help=help
    )


def quantity_column(label: str, *, help: str | None = None) -> Any:
    return st.column_config.NumberColumn(label, format="%,.0f", help=help)


def percent_column(label: str, *, help: str | None = None) -> Any:
    """A figure in percent, to one place."""
    return st.column_config.NumberColumn(label, format="%,.1f %%", help=help)


def share_column(label: str, *, help: str | None = None) -> Any:
    """A share between 0 and 1 as a bar with its percentage."""
    return st.column_config.ProgressColumn(label, min_value=0.0, max_value=1.0, format="percent", help=help)


def day_column(label: str, *, help: str | None = None) -> Any:
    return st.column_config.DateColumn(label, format="D MMM YYYY", help=help)


def instant_column(label: str, *, help: str | None = None) -> Any:
    """UTC, as everything in Outlay; the label says so."""
    return st.column_config.DatetimeColumn(f"{label} (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC", help=help)


def text_column(label: str, *, width: Any = None, help: str | None = None) -> Any:
    """Text as it is: no markup, no links."""
    return st.column_config.TextColumn(label, width=width, help=help)


def table(frame: Any, columns: dict[str, Any], *, rows: int = 10, alt: str) -> None:
    """Show the columns named, in that order, as high as its rows up to `rows`; `alt` is for screen readers."""
    shown = min(len(frame), rows)
    st.dataframe(
        frame.select(list(columns)),
        column_config=columns,
        hide_index=True,
        height=(shown + 1) * _ROW_PIXELS + 3,
        placeholder=_NOT_SHOWN,
        alt=alt,
    )
