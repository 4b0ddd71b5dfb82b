"""Filters that pages share, kept in the URL so that any view can be sent as a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import streamlit as st

from dashboards.published import Published
from dashboards.queries import spending
from dashboards.queries.spending import DIMENSIONS, Dimension
from models.control.budgets import COST_BASES, CostBasis
from models.wording import month_text

_BASIS_HELP = (
    "Billed: what finance will pay, as vendors report it. "
    "Effective: what the month really cost, prepaid and committed money spread over its use. "
    "List: the same use at public prices."
)


@dataclass(frozen=True)
class Choice:
    """What is looked at: month (YYYY-MM), one of the costs, one currency; `currencies` are all of the month."""

    period: str
    basis: CostBasis
    currency: str
    currencies: tuple[str, ...]


def choose(published: Published, *, with_basis: bool) -> Choice | None:
    """The filters as a row of widgets, and what they say; None where there is no month to choose yet."""
    periods = spending.periods(published)
    if not periods:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = st.selectbox("Month", periods, format_func=month_text, key="period", bind="query-params", width=180)
        basis = _basis() if with_basis else "billed"
        currencies = spending.currencies(published, period)
        currency = currencies[0] if len(currencies) == 1 else _currency(currencies)
    return Choice(period, basis, currency, tuple(currencies))


def _currency(currencies: list[str]) -> str:
    chosen = st.segmented_control(
        "Currency", currencies, default=currencies[0], key="currency", bind="query-params", required=True
    )
    return chosen or currencies[0]


def _basis() -> CostBasis:
    chosen = st.segmented_control(
        "Cost",
        list(COST_BASES),
        default="billed",
        format_func=str.capitalize,
        key="basis",
        bind="query-params",
        required=True,
        help=_BASIS_HELP,
    )
    return cast("CostBasis", chosen or "billed")


def choose_dimension() -> Dimension:
    """By what a chart is coloured."""
    chosen = st.segmented_control(
        "Coloured by",
        list(DIMENSIONS),
        default="vendor",
        label_visibility="collapsed",
        format_func=str.capitalize,
        key="by",
        bind="query-params",
        required=True,
    )
    return cast("Dimension", chosen or "vendor")
