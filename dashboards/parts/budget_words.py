"""Budgets in words, the same wherever a page tells of them. Rows are those of `queries.budgets.budgets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.wording import UNKNOWN, count_text, counted, day_text, month_text

EXCEEDED, LIKELY, AT_RISK, ON_TRACK, NOT_KNOWN = "exceeded", "likely over", "at risk", "on track", "not known"
STATES: Mapping[str, tuple[str, str]] = {
    EXCEEDED: ("is exceeded", "are exceeded"),
    LIKELY: ("will probably be exceeded", "will probably be exceeded"),
    AT_RISK: ("is at risk", "are at risk"),
    ON_TRACK: ("is on track", "are on track"),
    NOT_KNOWN: ("cannot be forecast", "cannot be forecast"),
}
"""What is said of one and of several in each state; the worst first."""
_LIKELY, _AT_RISK = 0.5, 0.1
_BASES = {"billed": "billed cost", "effective": "effective cost", "list": "cost at list price"}


def state(row: Mapping[str, Any]) -> str:
    """One of STATES, or of a budget that is over how it ended. Likely is from 50 %, at risk from 10 % on."""
    is_exceeded = row["spent"] > row["budget_amount"]
    if row["is_over"]:
        return "ended, exceeded" if is_exceeded else "ended, kept"
    if is_exceeded:
        return EXCEEDED
    probability = row["probability"]
    if probability is None:
        return NOT_KNOWN
    return LIKELY if probability >= _LIKELY else AT_RISK if probability >= _AT_RISK else ON_TRACK


def probability_text(probability: float | None) -> str:
    """`27 %`; hardly ever and almost surely are never 0 or 100 %, unknown is a dash."""
    if probability is None:
        return UNKNOWN
    if 0 < probability < 0.01:
        return "<1 %"
    if 0.99 < probability < 1:
        return ">99 %"
    return f"{probability:.0%}".replace("%", " %")


def range_text(row: Mapping[str, Any]) -> str:
    """`39.8 k to 41.5 k`; why there is none, where there is none."""
    if row["landing"] is None:
        return "it is over" if row["is_over"] else row["reason"] or "not known"
    return f"{count_text(row['low_80'])} to {count_text(row['high_80'])}"


def period_text(row: Mapping[str, Any]) -> str:
    """`November 2026`, `2026 Q4`, `2026`, `rolling 30 days`, `1 June to 30 November 2026`."""
    period: str = row["period"]
    match row["period_kind"]:
        case "month":
            return month_text(period)
        case "quarter":
            return period.replace("-", " ")
        case "fixed":
            return period.replace("/", " to ")
        case _:
            return period


def basis_text(row: Mapping[str, Any]) -> str:
    """Which cost it watches."""
    return _BASES[row["cost_basis"]]


def gone_by(row: Mapping[str, Any]) -> str:
    """How much of the period is over; a rolling window always is, so how many of its days nobody has told yet."""
    if row["period_kind"] != "rolling":
        return f"{row['elapsed_pct']:,.0f} % of it gone by"
    told = row["made_on"] or row["data_through"]
    missing = (row["last_day"] - told).days if told else 0
    if missing <= 0:
        return "all of its days told"
    return (
        f"{counted(missing, 'day')} of it not told yet, so what is spent is short of {'it' if missing == 1 else 'them'}"
    )


def not_reached(row: Mapping[str, Any]) -> str:
    """A rolling budget's thresholds are of one window: another, of other days, may have reached them."""
    if row["period_kind"] != "rolling":
        return "not reached"
    return f"not reached by what is told of the window to {day_text(row['last_day'])}"
