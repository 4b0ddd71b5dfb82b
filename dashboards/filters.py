"""Filters that pages share, kept in the URL so that any view can be sent as a link.

The URL holds the values themselves (`?period=2026-07&basis=list`), not their labels as Streamlit's own binding would:
links in messages must outlive a change of wording. A default is left out of it; nonsense in it is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import streamlit as st

from dashboards.published import Published
from dashboards.queries import spending
from dashboards.queries.reading import EVERYTHING, Narrowed
from dashboards.queries.spending import DIMENSIONS, Dimension, Part
from models.control.budgets import COST_BASES, CostBasis
from models.wording import component_text, month_text

_Option = TypeVar("_Option", bound=str)
_BASIS_HELP = (
    "Billed: what finance will pay, as vendors report it. "
    "Effective: what the month really cost, prepaid and committed money spread over its use. "
    "List: the same use at public prices."
)
Filter = Part | Literal["currency", "basis"]
_EVERY: dict[Part, str] = {"team": "All teams", "vendor": "All vendors", "component": "Whole stack"}
ALL = ""
"""The choice of no team, vendor or component in particular; it is never in the URL."""


@dataclass(frozen=True)
class Choice:
    """What is looked at: month (YYYY-MM), one of the costs, one currency; `currencies` are all of the month.

    `narrowed`: the team, vendor and component, as far as one is chosen.
    """

    period: str
    basis: CostBasis
    currency: str
    currencies: tuple[str, ...]
    narrowed: Narrowed = EVERYTHING


def choose(published: Published, page: str, *filters: Filter, periods: Sequence[str] | None = None) -> Choice | None:
    """The filters as a row of widgets, and what they say; None where there is no month to choose yet.

    `filters`: those that the page can be narrowed by, beside the month. `periods`: its months, the one to begin with
    first; those with a charge or an estimate unless it says others.
    """
    periods = spending.periods(published) if periods is None else periods
    if not periods:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{page} filters"):
        period = choose_month(page, periods)
        narrowed = choose_parts(published, page, *filters)
        basis = _segments(page, "basis", "Cost", COST_BASES, help=_BASIS_HELP) if "basis" in filters else "billed"
        currencies = spending.currencies(published, period)
        currency = choose_currency(page, currencies) if "currency" in filters else next(iter(currencies), "")
    return Choice(period, basis, currency, tuple(currencies), narrowed)


def choose_parts(published: Published, page: str, *filters: Filter) -> Narrowed:
    """A widget for team, vendor and component, as far as they are asked for; by itself for pages without a month."""
    return Narrowed(**{part: _choose_one(published, page, part) for part in _EVERY if part in filters})


def _choose_one(published: Published, page: str, name: Part) -> str | None:
    """One team, vendor or component of any month, dearest first, so that a choice holds from month to month."""
    values = [ALL, *spending.names_of(published, name)]
    chosen = st.selectbox(
        name.capitalize(),
        values,
        format_func=lambda value: _EVERY[name] if value == ALL else readable_component(value, name),
        key=_recall(page, name, values),
        width=170,
    )
    return _keep(name, chosen, values) or None


def readable_component(value: str, name: Part = "component") -> str:
    """`model APIs` of `model_apis`; names of teams and vendors stay as they are."""
    return component_text(value) if name == "component" else value


def choose_month(page: str, periods: Sequence[str]) -> str:
    """One of the months, YYYY-MM; the first unless another one is wanted."""
    period = st.selectbox("Month", periods, format_func=month_text, key=_recall(page, "period", periods), width=180)
    return _keep("period", period, periods)


def choose_currency(page: str, currencies: Sequence[str]) -> str:
    """One of a month's currencies; there is nothing to choose of one."""
    return _segments(page, "currency", "Currency", currencies) if len(currencies) > 1 else currencies[0]


def choose_measure(page: str, measures: Sequence[_Option]) -> _Option:
    """Which cost is forecast; apart from `basis`, because not every cost is."""
    return _segments(page, "measure", "Cost", measures, help=_BASIS_HELP)


def choose_dimension(page: str) -> Dimension:
    """By what a chart is coloured."""
    return choose_by(page, list(DIMENSIONS))


def choose_by(page: str, options: Sequence[_Option]) -> _Option:
    """By which of the options a chart is coloured."""
    return _segments(page, "by", "Coloured by", options, label_visible=False)


def choose_named(
    page: str, name: str, label: str, labels: Mapping[str, str], *, label_visible: bool = False, width: int = 300
) -> str:
    """A key of `labels`, by its label; the first unless another one is wanted."""
    keys = list(labels)
    chosen = st.selectbox(
        label,
        keys,
        format_func=lambda key: labels.get(key, key),
        key=_recall(page, name, keys),
        label_visibility="visible" if label_visible else "collapsed",
        width=width,
    )
    return _keep(name, chosen, keys)


def _segments(
    page: str,
    name: str,
    label: str,
    options: Sequence[_Option],
    *,
    label_visible: bool = True,
    help: str | None = None,
) -> _Option:
    chosen = st.segmented_control(
        label,
        options,
        format_func=lambda option: option if option.isupper() else option.capitalize(),
        key=_recall(page, name, options),
        required=True,
        help=help,
        label_visibility="visible" if label_visible else "collapsed",
    )
    return _keep(name, chosen or options[0], options)


def _recall(page: str, name: str, options: Sequence[str]) -> str:
    """The widget's key, its value set: the URL's, else what was chosen on another page, else the first option.

    A key for each page: under one key, Streamlit would start a widget anew on every change of page.
    """
    key = f"{page} {name}"
    if st.session_state.get(key) not in options:
        wanted = (st.query_params.get(name), st.session_state.get(name), options[0])
        st.session_state[key] = next(value for value in wanted if value in options)
    return key


def _keep(name: str, chosen: _Option, options: Sequence[str]) -> _Option:
    """After the widget: remember the choice, from page to page in the session, for others in the URL."""
    st.session_state[name] = chosen
    if chosen != options[0]:
        st.query_params[name] = chosen
    elif name in st.query_params:
        del st.query_params[name]
    return chosen
