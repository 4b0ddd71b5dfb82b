"""What a change of budgets or owners is judged by: published costs, summed as far as budgets and rules ask of them."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask
from models.control.budgets import SCOPE_COLUMNS
from models.economics.ownership_moves import COSTS
from models.economics.tco import TCO_DAILY

_LATE_BILLS = timedelta(days=62)
"""A charge may be billed in another month than that of its day."""
_KNOWN = [name for name in COSTS if name not in ("billing_account_name", "day", "cost")]


def judged_on(published: Published) -> date:
    """The day that budgets stood at when this version was published."""
    sql = """
    SELECT coalesce((SELECT max(as_of) FROM marts.budget_status), CAST(max(published_at) AS DATE)) FROM ops.publication
    """
    return ask(published, sql).item()


def costs_of_budgets(published: Published, since: date) -> pl.DataFrame:
    """Rows like those of `marts.tco_daily` from a day on, summed by what scopes of budgets ask."""
    told = ["origin", "currency", "billing_month", "day", *SCOPE_COLUMNS.values()]
    costs = ["billed_cost", "effective_cost", "list_cost"]
    sql = f"""
    SELECT {", ".join(told)}, {", ".join(f"sum({cost}) AS {cost}" for cost in costs)}
    FROM marts.tco_daily WHERE day >= $since GROUP BY ALL
    """
    first = date.min if since == date.min else since.replace(day=1) - _LATE_BILLS
    found = ask(published, sql, since=first)
    return found.select(pl.col(name).cast(TCO_DAILY.polars_schema[name]) for name in (*told, *costs))


def costs_of_owners(published: Published) -> tuple[tuple[str, ...], pl.DataFrame]:
    """The last two published months, newest first, and their effective costs (COSTS) as they are owned."""
    sql = "SELECT DISTINCT billing_month AS month FROM marts.attributed_daily ORDER BY month DESC LIMIT 2"
    months = tuple(ask(published, sql)["month"])
    named = """
    SELECT source, id, arg_max(name, last_seen) AS billing_account_name FROM ops.names
    WHERE kind = 'account' GROUP BY ALL
    """
    sql = f"""
    SELECT {", ".join(f"costs.{name}" for name in _KNOWN)}, billing_account_name, CAST(day AS DATE) AS day,
        sum(effective_cost) AS cost
    FROM marts.attributed_daily AS costs
        LEFT JOIN ({named}) AS names ON names.source = costs.source AND names.id = costs.billing_account_id
    WHERE billing_month >= $first GROUP BY ALL
    """
    found = ask(published, sql, first=months[-1] if months else "9999")
    return months, found.select(pl.col(name).cast(dtype) for name, dtype in COSTS.items())
