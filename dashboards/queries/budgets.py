"""Budgets: how each stands, where it lands, how fast it burns, and the days of its period.

Each function says the columns of its answer; amounts are exact, each in its budget's currency.
"""

from __future__ import annotations

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask
from dashboards.queries.spending import month_range

_LANDED = (
    "actual, expected_rest, assumed, landing, low_50, high_50, low_80, high_80, low_95, high_95, probability,"
    " runs_out_on, made_on, reason, events, events_left_out"
)
"""Columns of `marts.budget_outlook` that stand beside a budget's status."""


_NOW = """
    SELECT * FROM marts.budget_status WHERE first_day <= as_of
    QUALIFY row_number() OVER (PARTITION BY budget ORDER BY first_day DESC) = 1
"""
_OF_MONTH = """
    SELECT * FROM marts.budget_status
    WHERE last_day >= $first AND CASE period_kind WHEN 'rolling' THEN last_day ELSE first_day END < $end
"""
"""A longer period stands as it does now, whatever month is asked for; a rolling one only in the month of now."""


def budgets(published: Published) -> pl.DataFrame:
    """One row per budget, of the period that it is in, or of its last: the columns of `marts.budget_status`; of
    `marts.budget_outlook` actual, landing, its bounds and what is said beside them, `lands_first` and `lands_last`
    (first and last day of what lands), all null once it is over; is_over; crossed_pct and crossed_day (highest
    threshold reached); burn_rate (the highest of those watched). Spent ones first, then the likeliest to be exceeded.
    """
    return ask(published, _standing(_NOW))


def of_month(published: Published, period: str) -> pl.DataFrame:
    """As `budgets`, of each period of budgets' own that a month (YYYY-MM) is a part of."""
    first, end = month_range(period)
    return ask(published, _standing(_OF_MONTH), first=first.date(), end=end.date())


def _standing(statuses: str) -> str:
    return f"""
        WITH asked AS ({statuses}), crossed AS (
            SELECT budget, period, max(threshold_pct) AS crossed_pct,
                arg_max(first_crossed_day, threshold_pct) AS crossed_day
            FROM marts.budget_thresholds WHERE first_crossed_day IS NOT NULL GROUP BY budget, period
        ), burning AS (SELECT budget, period, max(rate) AS burn_rate FROM marts.burn_rates GROUP BY budget, period)
        SELECT asked.*, {_LANDED}, outlook.first_day AS lands_first, outlook.last_day AS lands_last,
            asked.last_day < asked.as_of AS is_over, crossed_pct, crossed_day, burn_rate
        FROM asked
        LEFT JOIN (
            SELECT budget, period, first_day, last_day, {_LANDED} FROM marts.budget_outlook
        ) AS outlook USING (budget, period)
        LEFT JOIN crossed USING (budget, period) LEFT JOIN burning USING (budget, period)
        ORDER BY is_over, coalesce(share_pct >= 100, spent > 0) DESC, probability DESC NULLS LAST, share_pct DESC,
            budget
        """


def periods(published: Published, budget: str) -> pl.DataFrame:
    """Periods of one budget, latest first: period, first_day, last_day, own_amount, carried_over, budget_amount, spent,
    remaining, share_pct, crossed_pct, crossed_day."""
    return ask(
        published,
        """
        SELECT status.period, status.first_day, status.last_day, own_amount, carried_over, budget_amount, spent,
            remaining, share_pct,
            max(threshold_pct) FILTER (first_crossed_day IS NOT NULL) AS crossed_pct,
            arg_max(first_crossed_day, threshold_pct) FILTER (first_crossed_day IS NOT NULL) AS crossed_day
        FROM marts.budget_status AS status LEFT JOIN marts.budget_thresholds USING (budget, period)
        WHERE budget = $budget GROUP BY ALL ORDER BY first_day DESC
        """,
        budget=budget,
    )


def thresholds(published: Published, budget: str, period: str) -> pl.DataFrame:
    """threshold_pct, threshold_amount, first_crossed_day (null: not reached), lowest first."""
    return ask(
        published,
        """
        SELECT threshold_pct, threshold_amount, first_crossed_day FROM marts.budget_thresholds
        WHERE budget = $budget AND period = $period ORDER BY threshold_pct
        """,
        budget=budget,
        period=period,
    )


def forecasts(published: Published, budget: str) -> pl.DataFrame:
    """of_pct, probability_pct (from which on somebody hears of it), threshold_amount, probability (0 to 1; null: not
    known)."""
    return ask(
        published,
        """
        SELECT of_pct, probability_pct, threshold_amount, probability FROM marts.budget_forecasts
        WHERE budget = $budget ORDER BY of_pct
        """,
        budget=budget,
    )


def burn_rates(published: Published, budget: str) -> pl.DataFrame:
    """days, confirm_days, asked_rate, rate, confirm_rate, spent, allowed, last_day, is_firing, since, reason."""
    return ask(
        published,
        """
        SELECT days, confirm_days, asked_rate, rate, confirm_rate, spent, allowed, last_day, is_firing, since, reason
        FROM marts.burn_rates WHERE budget = $budget ORDER BY days
        """,
        budget=budget,
    )


def outlook(published: Published, budget: str) -> pl.DataFrame:
    """The row of `marts.budget_outlook`; none once the budget is over."""
    return ask(published, "SELECT * FROM marts.budget_outlook WHERE budget = $budget", budget=budget)


def days(published: Published, budget: str) -> pl.DataFrame:
    """day, spent, assumed, expected of the period under way: `marts.budget_days`."""
    return ask(
        published,
        "SELECT day, spent, assumed, expected FROM marts.budget_days WHERE budget = $budget ORDER BY day",
        budget=budget,
    )
