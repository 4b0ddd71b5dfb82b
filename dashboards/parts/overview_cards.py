"""The overview's second row of cards: where the month lands, against which budget, against last month, what is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dashboards.filters import Choice
from dashboards.parts.budget_words import EXCEEDED, LIKELY, probability_text, state
from models.control.alert_words import RANKS
from models.control.alerts import Alert
from models.control.budgets import EVERYTHING
from models.foresight.change import reasons
from models.wording import UNKNOWN, change_text, count_text, counted, money_text, month_text, share_text


def landing_card(place: Any, choice: Choice, landing: pl.DataFrame) -> None:
    """Where the month lands with the range of 8 cases in 10, or why that is not told."""
    row = landing.row(0, named=True) if len(landing) else None
    is_known = row is not None and row["landing"] is not None
    place.metric(
        f"{month_text(choice.period)} lands at",
        money_text(row["landing"], choice.currency) if is_known and row else UNKNOWN,
        delta=f"{count_text(row['low_80'])} to {count_text(row['high_80'])}" if is_known and row else _unsaid(choice),
        delta_color="off",
        delta_arrow="off",
        delta_description=_range_of(choice) if is_known else None,
        help=_stands_on(row, choice) if is_known and row else "More on the page Forecast.",
        border=True,
        height="stretch",
    )


def _range_of(choice: Choice) -> str:
    return "8 cases in 10" + (", with declared costs" if choice.basis == "effective" else "")


def _stands_on(row: dict[str, Any], choice: Choice) -> str:
    actual = money_text(row["actual"], choice.currency)
    declared = ", what is declared included" if choice.basis == "effective" else ""
    return (
        f"{actual} by day of use so far{declared}, and what is expected of the days to come; more on the page Forecast."
    )


def _unsaid(choice: Choice) -> str:
    parts = sum(value is not None for value in choice.narrowed.values().values())
    if choice.basis == "list":
        return "not forecast at list price"
    if parts > 1:
        return "not forecast for parts together"
    if choice.basis == "billed" and choice.narrowed.component is not None:
        return "billed cost is not forecast by component"
    return "nothing left to forecast"


def budget_card(place: Any, choice: Choice, budgets: pl.DataFrame, landing: pl.DataFrame) -> None:
    """The budget of the whole month in this currency and basis where there is one, else how many are exceeded.

    `budgets`: those that the month is a part of; see `queries.budgets.of_month`."""
    whole = _of_the_whole(choice, budgets)
    states = [state(row) for row in budgets.rows(named=True)]
    exceeded, likely = states.count(EXCEEDED) + states.count("ended, exceeded"), states.count(LIKELY)
    told = f"{exceeded} of {counted(len(states), 'budget')} exceeded" + (f", {likely} likely" if likely else "")
    if not states:
        label, value, told = "Budgets", "none set", "declare one in outlay.yaml"
    elif whole is None:
        label, value = "Budgets exceeded", f"{exceeded} of {len(states)}"
        told = f"{likely} more likely" if likely else "no other is likely"
    elif len(landing) and whole["landing"] is not None:
        label, value = "Budget, at its landing", f"{share_text(whole['landing'], whole['budget_amount'])} used"
    else:
        label, value = "Budget", f"{share_text(whole['spent'], whole['budget_amount'])} used"
    place.metric(
        label,
        value,
        delta=told,
        delta_color="red" if exceeded or likely else "off",
        delta_arrow="off",
        help=_about(whole),
        border=True,
        height="stretch",
    )


def _of_the_whole(choice: Choice, budgets: pl.DataFrame) -> dict[str, Any] | None:
    """Of everything, or of the one team that is chosen, for a month."""
    team, others = choice.narrowed.team, (choice.narrowed.vendor, choice.narrowed.component)
    if any(others):
        return None
    scope = EVERYTHING if team is None else f"team {team}"
    found = budgets.filter(
        pl.col("scope") == scope,
        pl.col("currency") == choice.currency,
        pl.col("cost_basis") == choice.basis,
        pl.col("period") == choice.period,
    )
    return found.row(0, named=True) if len(found) else None


def _about(whole: dict[str, Any] | None) -> str:
    if whole is None:
        return "Budgets that the month is a part of, whatever is chosen above; all are on the page Budgets."
    amount = money_text(whole["budget_amount"], whole["currency"])
    likely = probability_text(whole["probability"])
    landing = money_text(whole["landing"], whole["currency"])
    own = f" It lands at {landing} by its own forecast, of what counts to it by month of invoice." * (
        whole["landing"] is not None and whole["cost_basis"] == "billed"
    )
    return f"Of {amount}; exceeded with {likely}.{own} All budgets are on the page Budgets."


def change_card(place: Any, choice: Choice, cost: Any, before: Any, change: pl.DataFrame) -> None:
    """Against the same days of the month before, with the largest cause."""
    found = reasons(change.row(0, named=True), choice.currency, signed=True) if len(change) else []
    place.metric(
        "Against the month before",
        change_text(cost, before),
        delta=_short(found[0]) if found else "no cause is told",
        delta_color="off",
        delta_arrow="off",
        help="Cost on the same days; below it the largest cause, of effective cost" + _before_pools(choice),
        border=True,
        height="stretch",
    )


def _before_pools(choice: Choice) -> str:
    return "." if choice.narrowed.team is None else ", before shared pools are split."


def _short(reason: str) -> str:
    """`more usage` of `+3,100.00 USD more usage`."""
    return f"most: {reason.split(' ', 2)[2]}"


def alerts_card(place: Any, alerts: Sequence[Alert]) -> None:
    """How many are open, by severity."""
    counts = {severity: sum(alert.condition.severity == severity for alert in alerts) for severity in RANKS}
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    place.metric(
        "Open alerts",
        f"{len(alerts)}",
        delta=told or "nothing needs anybody",
        delta_color="red" if counts["critical"] else "off",
        delta_arrow="off",
        help="As of now, whatever is chosen above.",
        border=True,
        height="stretch",
    )
