"""How figures look on pages: columns of tables, and text of others made harmless. For words see `models.wording`."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import streamlit as st

from models.wording import UNKNOWN, money_text, quantity_text

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])")
_CURRENCY = re.compile(r"[A-Z]{3}")
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


def unit_cost_column(label: str, currency: str | None = None, *, help: str | None = None) -> Any:
    """Cost of one unit, to a hundredth of a cent; the cells stay exact."""
    return st.column_config.NumberColumn(f"{label}, {currency}" if currency else label, format="%,.4f", help=help)


def quantity_column(label: str, *, help: str | None = None) -> Any:
    return st.column_config.NumberColumn(label, format="%,.0f", help=help)


def millions_column(label: str, *, help: str | None = None) -> Any:
    """Quantities that the frame holds in millions: the heading says so, `Tokens, M`, and the cells sort."""
    return st.column_config.NumberColumn(f"{label}, M", format="%,.1f", help=help)


def percent_column(label: str, *, help: str | None = None) -> Any:
    """A figure in percent, to one place."""
    return st.column_config.NumberColumn(label, format="%,.1f %%", help=help)


def share_column(label: str, *, help: str | None = None) -> Any:
    """A figure in percent, to one place, with a bar that is full at 100."""
    return st.column_config.ProgressColumn(label, min_value=0.0, max_value=100.0, format="%,.1f %%", help=help)


def day_column(label: str, *, help: str | None = None) -> Any:
    return st.column_config.DateColumn(label, format="D MMM YYYY", help=help)


def instant_column(label: str, *, help: str | None = None) -> Any:
    """UTC, as everything in Outlay; the label says so."""
    return st.column_config.DatetimeColumn(f"{label} (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC", help=help)


def text_column(label: str, *, width: Any = None, help: str | None = None) -> Any:
    """Text as it is: no markup, no links."""
    return st.column_config.TextColumn(label, width=width, help=help)


def written_column(label: str, *, help: str | None = None) -> Any:
    """Figures that `written` has put into words: aligned as figures."""
    return st.column_config.TextColumn(label, alignment="right", help=help)


def written(amount: str, unit: str, *, signed: bool = False) -> pl.Expr:
    """The column `amount` as words, each in the unit that the column `unit` names: money to the cent, other
    units whole where they are."""

    def one(row: dict[str, Any]) -> str:
        exact, of = row[amount], str(row[unit])
        if exact is None or _CURRENCY.fullmatch(of):
            return money_text(exact, of, signed=signed)
        places = 0 if exact == exact.to_integral_value() else 2
        return f"{exact:{'+' if signed and exact else ''},.{places}f} {of}".strip()

    return pl.struct(amount, unit).map_elements(one, return_dtype=pl.String).alias(amount)


def quantities(quantity: str, unit: str) -> pl.Expr:
    """The column `quantity` as words, each in the unit that the column `unit` names: `12.3 M tokens`."""

    def one(row: dict[str, Any]) -> str:
        return quantity_text(row[quantity], row[unit])

    return pl.struct(quantity, unit).map_elements(one, return_dtype=pl.String).alias(quantity)


def table(frame: pl.DataFrame, columns: dict[str, Any], *, rows: int = 10, alt: str) -> None:
    """Show the columns named, in that order, as high as its rows up to `rows`; `alt` is for screen readers."""
    _show(frame, columns, rows, alt)


def chosen_row(frame: pl.DataFrame, columns: dict[str, Any], *, key: str, rows: int = 10, alt: str) -> int | None:
    """The table, and which of its rows is chosen; None: none yet. `key` must be another one for other rows: a choice is
    the number of a row."""
    event: Any = _show(frame, columns, rows, alt, key=key, on_select="rerun", selection_mode="single-row")
    chosen = [row for row in event.selection.rows if row < len(frame)]
    return chosen[0] if chosen else None


def _show(frame: pl.DataFrame, columns: dict[str, Any], rows: int, alt: str, **more: Any) -> Any:
    shown = min(len(frame), rows)
    return st.dataframe(
        frame.select(list(columns)),
        column_config=columns,
        hide_index=True,
        height=(shown + 1) * _ROW_PIXELS + 3,
        placeholder=_NOT_SHOWN,
        alt=alt,
        **more,
    )
