"""What was spent: charges by month, day and dimension, shared pools split, estimates beside them, budgets.

Each function says the columns of its answer; amounts are exact and of one currency.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask
from models.control.budgets import CostBasis

Dimension = Literal["vendor", "model", "team"]
DIMENSIONS: dict[Dimension, str] = {
    "vendor": "provider_name",
    "model": "coalesce(model, 'no model · ' || coalesce(service_name, provider_name))",
    "team": "coalesce(team, 'unallocated')",
}
"""What spending is shown by, and how a row of `marts.tco_daily` says it. Names, never ids."""

_AMOUNT: dict[CostBasis, str] = {"billed": "billed_cost", "effective": "effective_cost", "list": "list_cost"}
_USAGE_MONTH = "strftime(day, '%Y-%m')"
_MONTH: dict[CostBasis, str] = {"billed": "billing_month", "effective": _USAGE_MONTH, "list": _USAGE_MONTH}
"""Rules of money, 10: billed goes by invoice month, the others by usage month."""
_ESTIMATE: dict[CostBasis, str] = {"billed": "contracted_cost", "effective": "contracted_cost", "list": "list_cost"}


def periods(published: Published) -> list[str]:
    """Months with a charge or an estimate, latest first."""
    frame = ask(
        published,
        """
        SELECT billing_month AS month FROM marts.daily_costs
        UNION SELECT billing_period FROM estimates.usage_estimates
        ORDER BY month DESC
        """,
    )
    return frame["month"].to_list()


def currencies(published: Published, period: str) -> list[str]:
    """Currencies of a month's charges and estimates, the one with most charges first."""
    frame = ask(
        published,
        """
        SELECT currency, sum(charges) AS charges FROM (
            SELECT currency, charges FROM marts.daily_costs WHERE billing_month = $period
            UNION ALL
            SELECT currency, 0 FROM estimates.usage_estimates WHERE billing_period = $period
        ) GROUP BY currency ORDER BY charges DESC, currency
        """,
        period=period,
    )
    return frame["currency"].to_list()


def month_costs(published: Published, *, period: str, previous: str, basis: CostBasis, currency: str) -> pl.DataFrame:
    """source, vendor, model, team, cost, cost_before, last_day.

    `cost_before` is the previous month up to the same day of the month that the source has reached in `period` (all
    of it once that month is complete); `last_day` is that day, null where the source has none in `period`.
    """
    names = ", ".join(f"{expression} AS {name}" for name, expression in DIMENSIONS.items())
    return ask(
        published,
        f"""
        WITH costs AS (
            SELECT source, {names}, {_MONTH[basis]} AS month, CAST(day AS DATE) AS on_day, {_AMOUNT[basis]} AS cost
            FROM marts.tco_daily
            WHERE origin = 'charge' AND currency = $currency AND {_MONTH[basis]} IN ($period, $previous)
        ),
        reached AS (SELECT source, max(on_day) AS reached_day FROM costs WHERE month = $period GROUP BY source),
        counted AS (
            SELECT costs.*, reached.reached_day,
                coalesce(reached.reached_day, (SELECT max(reached_day) FROM reached)) AS through
            FROM costs LEFT JOIN reached USING (source)
        )
        SELECT source, vendor, model, team,
            coalesce(sum(cost) FILTER (month = $period), 0) AS cost,
            coalesce(sum(cost) FILTER (
                month = $previous AND (day(on_day) <= day(through) OR through = last_day(through))
            ), 0) AS cost_before,
            max(reached_day) AS last_day
        FROM counted GROUP BY source, vendor, model, team ORDER BY source, vendor, model, team
        """,
        period=period,
        previous=previous,
        currency=currency,
    )


def daily_costs(
    published: Published, *, period: str, basis: CostBasis, currency: str, dimension: Dimension
) -> pl.DataFrame:
    """day, name, cost: a month's days by one dimension."""
    return ask(
        published,
        f"""
        SELECT CAST(day AS DATE) AS day, {DIMENSIONS[dimension]} AS name, sum({_AMOUNT[basis]}) AS cost
        FROM marts.tco_daily WHERE origin = 'charge' AND currency = $currency AND {_MONTH[basis]} = $period
        GROUP BY ALL ORDER BY ALL
        """,
        period=period,
        currency=currency,
    )


def standing(published: Published, *, basis: CostBasis, currency: str, dimension: Dimension) -> list[str]:
    """Names of one dimension, dearest of all time first: a name keeps its colour whatever is filtered."""
    frame = ask(
        published,
        f"""
        SELECT {DIMENSIONS[dimension]} AS name, sum({_AMOUNT[basis]}) AS cost
        FROM marts.tco_daily WHERE origin = 'charge' AND currency = $currency GROUP BY name ORDER BY cost DESC, name
        """,
        currency=currency,
    )
    return frame["name"].to_list()


def estimates(published: Published, *, period: str, basis: CostBasis, currency: str) -> pl.DataFrame:
    """kind (accrued | notional), cost, unpriced (readings without a price), through (last day, inclusive)."""
    return ask(
        published,
        f"""
        SELECT kind, coalesce(sum({_ESTIMATE[basis]}), 0) AS cost,
            count(*) FILTER ({_ESTIMATE[basis]} IS NULL) AS unpriced,
            CAST(max(window_end) - INTERVAL 1 MICROSECOND AS DATE) AS through
        FROM estimates.usage_estimates WHERE billing_period = $period AND currency = $currency
        GROUP BY kind ORDER BY kind
        """,
        period=period,
        currency=currency,
    )


def budgets(published: Published, *, period: str) -> pl.DataFrame:
    """One row per budget and period of its own that the month lies in, most spent of its share first: budget,
    budget_period, scope, cost_basis, currency, budget_amount, spent, remaining, share_pct (null where nothing may be
    spent), crossed_pct and crossed_day (highest threshold reached, null where none is), data_through, other_currencies.

    A longer period stands as it does now, whatever month is asked for; a rolling one only in the month of now."""
    return ask(
        published,
        """
        SELECT status.budget, status.period AS budget_period, status.scope, status.cost_basis, status.currency,
            status.budget_amount, status.spent, status.remaining, status.share_pct,
            max(threshold.threshold_pct) FILTER (first_crossed_day IS NOT NULL) AS crossed_pct,
            arg_max(first_crossed_day, threshold_pct) FILTER (first_crossed_day IS NOT NULL) AS crossed_day,
            status.data_through, status.other_currencies
        FROM marts.budget_status AS status LEFT JOIN marts.budget_thresholds AS threshold USING (budget, period)
        WHERE strftime(status.last_day, '%Y-%m') >= $period
            AND strftime(CASE period_kind WHEN 'rolling' THEN last_day ELSE first_day END, '%Y-%m') <= $period
        GROUP BY ALL ORDER BY share_pct DESC NULLS FIRST, budget
        """,
        period=period,
    )


def previous_period(period: str) -> str:
    """The month before."""
    first = date.fromisoformat(f"{period}-01")
    return f"{first - timedelta(days=1):%Y-%m}"
