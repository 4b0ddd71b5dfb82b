"""What if: widgets that suppose another volume, price or amount of a budget, kept in the URL so that it can be shared.

Nothing supposed is ever written. A supposition belongs to one budget: that of another begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st

from models.control.what_if import Supposition

_OF = "budget supposed of"
_NAMES = ("volume", "price", "amount", "since")
LEAST, MOST = -90, 200
"""How far volume and price can be moved, in percent."""
_LARGEST = Decimal(10) ** 15


def suppose(budget: str, outlook: Mapping[str, Any]) -> Supposition:
    """What the widgets say of a row of `marts.budget_outlook`; at first what the URL says of this budget."""
    budget_amount = Decimal(outlook["budget_amount"])
    earliest = max(outlook["made_on"] + timedelta(days=1), outlook["first_day"])
    latest = max(outlook["last_day"], earliest)
    _recall(budget, max(budget_amount, Decimal(0)), earliest, latest)
    volume = st.slider("Volume", LEAST, MOST, format="%+d %%", key=_key(budget, "volume"), help="How much is used")
    price = st.slider("Price", LEAST, MOST, format="%+d %%", key=_key(budget, "price"), help="What one unit costs")
    since: Any = st.date_input(
        "From", min_value=earliest, max_value=latest, key=_key(budget, "since"), format="YYYY-MM-DD",
        help="The first day of which volume and price are supposed",
    )  # fmt: skip
    amount = st.number_input(
        f"Budget, {outlook['currency']}", min_value=0.0, max_value=float(_LARGEST), format="%.2f",
        step=_step(budget_amount), key=_key(budget, "amount"),
    )  # fmt: skip
    st.button("As it is", icon=":material/undo:", on_click=_forget, args=(budget,), key=_key(budget, "reset"))
    exact = Decimal(str(amount)).quantize(Decimal("0.01"))
    said = Supposition(
        Decimal(volume),
        Decimal(price),
        None if exact == max(budget_amount, Decimal(0)).quantize(Decimal("0.01")) else exact,
        since if isinstance(since, date) else earliest,
    )
    _keep(said, earliest)
    return said


def _key(budget: str, name: str) -> str:
    return f"budgets {name} of {budget}"


def _step(amount: Decimal) -> float:
    """About a hundredth of it, a round figure."""
    return float(Decimal(10) ** (max(amount, Decimal(100)).adjusted() - 1))


def _recall(budget: str, amount: Decimal, earliest: date, latest: date) -> None:
    """Each widget's value set: as it was, else the URL's unless that is of another budget, else as it is."""
    state = st.session_state
    is_its_own = state.get(_OF, budget) == budget
    asked = {name: st.query_params.get(name, "") if is_its_own else "" for name in _NAMES}
    state[_OF] = budget
    wanted: dict[str, Any] = {
        "volume": int(_number(asked["volume"], Decimal(0), Decimal(LEAST), Decimal(MOST))),
        "price": int(_number(asked["price"], Decimal(0), Decimal(LEAST), Decimal(MOST))),
        "amount": float(_number(asked["amount"], amount, Decimal(0), _LARGEST)),
        "since": _day(asked["since"], earliest, latest),
    }
    for name, value in wanted.items():
        state.setdefault(_key(budget, name), value)
    # a publication may have moved the days since
    state[_key(budget, "since")] = _day(str(state[_key(budget, "since")]), earliest, latest)


def _number(said: str, otherwise: Decimal, least: Decimal, most: Decimal) -> Decimal:
    try:
        number = Decimal(said[:20])
    except InvalidOperation:
        return otherwise
    return number if number.is_finite() and least <= number <= most else otherwise


def _day(said: str, earliest: date, latest: date) -> date:
    try:
        day = date.fromisoformat(said[:10])
    except ValueError:
        return earliest
    return day if earliest <= day <= latest else earliest


def _keep(said: Supposition, earliest: date) -> None:
    """Into the URL what is not as it is."""
    worth = {
        "volume": f"{said.volume_pct}" if said.volume_pct else None,
        "price": f"{said.price_pct}" if said.price_pct else None,
        "amount": None if said.amount is None else f"{said.amount.normalize():f}",
        "since": None if said.since == earliest or said.factor == 1 else str(said.since),
    }
    for name, value in worth.items():
        if value is not None:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]


def _forget(budget: str) -> None:
    for name in _NAMES:
        st.session_state.pop(_key(budget, name), None)
        st.query_params.pop(name, None)
