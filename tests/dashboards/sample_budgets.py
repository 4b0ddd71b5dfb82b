"""Where budgets of the sample land, by arithmetic: each day to come costs the same. And why costs changed, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.budget_costs import BudgetCosts
from models.control.budget_days import BUDGET_DAYS
from models.control.budget_outlook import BUDGET_FORECASTS, BUDGET_OUTLOOK
from models.control.budgets import Budget
from models.control.burn_rate import BURN_RATES
from models.foresight.change import EFFECTS
from models.foresight.cost_changes import COST_CHANGES
from models.foresight.landing import probability_above
from models.table import Table
from tests.dashboards.sample_basics import HOSTILE, LAST_DAY

Row = dict[str, Any]
A_DAY = Decimal("120.10")
"""What each budget with costs is expected to spend on every day to come."""
WIDTHS = {50: Decimal(20), 80: Decimal(40), 95: Decimal(80)}
NO_LANDING = "nothing in its scope has cost anything yet"


def tables(statuses: pl.DataFrame, costs: BudgetCosts, budgets: Sequence[Budget]) -> dict[Table, list[Row]]:
    """Rows of what is made of budgets' statuses, and of the changes of cost."""
    by_name = {budget.name: budget for budget in budgets}
    current = [row for row in statuses.rows(named=True) if row["first_day"] <= LAST_DAY <= row["last_day"]]
    days = {row["budget"]: _days(row, by_name[row["budget"]], costs) for row in current}
    landed = [_outlook(row, days[row["budget"]]) for row in current]
    return {
        BUDGET_OUTLOOK: landed,
        BUDGET_DAYS: [day for rows in days.values() for day in rows],
        BUDGET_FORECASTS: [
            _named(row) | {"of_pct": 100, "probability_pct": 80, "threshold_amount": row["budget_amount"]}
            | {"probability": row.get("probability")}
            for row in landed if row["budget"] == "AI, whole company"
        ],
        BURN_RATES: [
            _named(row) | {"days": 3, "confirm_days": 1, "asked_rate": Decimal(3), "allowed": Decimal(240)}
            | {"rate": Decimal("1.25"), "confirm_rate": Decimal(1), "spent": Decimal(300), "last_day": LAST_DAY}
            | {"is_firing": False, "is_lingering": False}
            for row in landed if row["budget"] == "AI, whole company"
        ],
        COST_CHANGES: changes(),
    }  # fmt: skip


def _named(row: Row) -> Row:
    return {name: row[name] for name in ("budget", "period", "team")}


def _window(row: Row) -> tuple[date, date]:
    if row["period_kind"] != "rolling":
        return row["first_day"], row["last_day"]
    return LAST_DAY + timedelta(days=1), LAST_DAY + (row["last_day"] - row["first_day"]) + timedelta(days=1)


def _days(row: Row, budget: Budget, costs: BudgetCosts) -> list[Row]:
    first, last = _window(row)
    if row["period_kind"] == "rolling":
        first -= timedelta(days=2 * (budget.days or 0))
    spent: dict[date, Decimal] = {}
    for name, period, _, day, cost in costs.spend.iter_rows():
        if name == budget.name and (period is None or period == row["period"]) and first <= day <= LAST_DAY:
            spent[day] = spent.get(day, Decimal(0)) + cost
    return [
        _named(row)
        | {
            "currency": row["currency"],
            "day": day,
            "spent": spent.get(day, Decimal(0)) if day <= LAST_DAY else None,
            "assumed": Decimal(0),
            "expected": A_DAY if day > LAST_DAY and row["data_through"] else None,
        }
        for day in (first + timedelta(days=at) for at in range((last - first).days + 1))
    ]


def _outlook(row: Row, days: Sequence[Row]) -> Row:
    first, last = _window(row)
    known = _named(row) | {name: row[name] for name in ("period_kind", "cost_basis", "currency", "budget_amount")}
    known |= {"first_day": first, "last_day": last, "made_on": LAST_DAY, "assumed": Decimal(0)}
    actual = sum((day["spent"] or 0 for day in days if first <= day["day"] <= LAST_DAY), Decimal(0))
    if not row["data_through"]:
        return known | {"actual": actual, "status": "unknown", "reason": NO_LANDING}
    rest = A_DAY * sum(day["day"] > LAST_DAY for day in days)
    landing = actual + rest
    bounds = {f"{side}_{level}": landing + sign * width for level, width in WIDTHS.items()
              for side, sign in (("low", -1), ("high", 1))}  # fmt: skip
    likely = probability_above(pl.DataFrame([{"landing": landing, **bounds}]), pl.Series([row["budget_amount"]]))
    return known | bounds | {
        "actual": actual, "expected_rest": rest, "landing": landing, "probability": likely.item(), "status": "ok",
        "runs_out_on": _runs_out_on(row, days), "events": "Voice launch",
    }  # fmt: skip


def _runs_out_on(row: Row, days: Sequence[Row]) -> date | None:
    total = Decimal(0)
    for day in days if row["period_kind"] != "rolling" else ():
        total += day["spent"] if day["expected"] is None else day["expected"]
        if total >= row["budget_amount"]:
            return day["day"]
    return None


def changes() -> list[Row]:
    """Rows of `marts.cost_changes` of July: teams, their models, and the stack."""

    def one(dimension: str, value: str | None, before: str, **effects: str) -> Row:
        amounts = dict.fromkeys(EFFECTS, Decimal(0)) | {name: Decimal(amount) for name, amount in effects.items()}
        change = sum(amounts.values(), Decimal(0))
        return {
            "month": "2026-07", "month_before": "2026-06", "dimension": dimension, "value": value, "currency": "USD",
            "cost_before": Decimal(before), "cost_after": Decimal(before) + change, "change": change,
        } | amounts  # fmt: skip

    usage, price = "volume_effect", "price_effect"
    return [
        one("team", "search", "600", **{usage: "90.5", price: "-10.25"}),
        one("team", HOSTILE, "10", **{usage: "5"}),
        one("team", None, "20", **{"not_metered": "-75"}),
        one("component", "model_apis", "630", **{usage: "95.5", price: "-10.25", "not_metered": "-75"}),
        one("model", "gpt-5", "500", **{usage: "95.5", price: "-10.25"}),
        one("model", HOSTILE, "130", **{"not_metered": "-75"}),
        one("team_model", "search · gpt-5", "600", **{usage: "90.5", price: "-10.25"}),
        one("team_model", f"{HOSTILE} · {HOSTILE}", "10", **{usage: "5"}),
        one("team_model", "unallocated · no model", "20", **{"not_metered": "-75"}),
    ]
