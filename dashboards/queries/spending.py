"""What was spent: charges by month, day and dimension, shared pools split.

Each function says the columns of its answer; amounts are exact and of one currency.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import EVERYTHING, NARROWED, Narrowed, ask
from models.control.budgets import CostBasis

Dimension = Literal["vendor", "model", "team"]
Part = Literal["team", "vendor", "component"]
"""What figures can be narrowed by."""
DIMENSIONS: dict[Dimension, str] = {
    "vendor": "provider_name",
    "model": "coalesce(model, 'no model · ' || coalesce(service_name, provider_name))",
    "team": "coalesce(team, 'unallocated')",
}
"""What spending is shown by, and how a row of `marts.tco_daily` says it. Names, never ids."""

AMOUNT: dict[CostBasis, str] = {"billed": "billed_cost", "effective": "effective_cost", "list": "list_cost"}
_IN_USAGE_MONTH = "day >= $first AND day < $end"
_IN_MONTH: dict[CostBasis, str] = {
    "billed": "billing_month = $period",
    "effective": _IN_USAGE_MONTH,
    "list": _IN_USAGE_MONTH,
}
"""Rules of money, 10: billed goes by invoice month, the others by usage month. Ranges, so that a long history is not
read for one month of it."""


def periods(published: Published) -> list[str]:
    """Months with a charge or an estimate, latest first."""
    frame = ask(
        published,
        """
        SELECT billing_month AS month FROM marts.tco_monthly WHERE origin = 'charge'
        UNION SELECT billing_month FROM marts.estimated_daily
        ORDER BY month DESC
        """,
    )
    return frame["month"].to_list()


def currencies(published: Published, period: str) -> list[str]:
    """Currencies of what a month was billed, used or estimated, that of most different charges first."""
    frame = ask(
        published,
        """
        SELECT currency, sum(kinds) AS kinds FROM (
            SELECT currency, CAST(origin = 'charge' AS INTEGER) AS kinds FROM marts.tco_monthly
            WHERE billing_month = $period OR month = $period
            UNION ALL
            SELECT currency, 0 FROM marts.estimated_daily WHERE billing_month = $period
        ) GROUP BY currency ORDER BY kinds DESC, count(*) DESC, currency
        """,
        period=period,
    )
    return frame["currency"].to_list()


def names_of(published: Published, dimension: Part) -> list[str]:
    """Teams (`unallocated` for none), vendors or components (`unmatched` for none) of any month, dearest first."""
    name = "coalesce(component, 'unmatched')" if dimension == "component" else DIMENSIONS[dimension]
    frame = ask(
        published,
        f"SELECT {name} AS name FROM marts.tco_monthly GROUP BY name ORDER BY sum(abs(effective_cost)) DESC, name",
    )
    return frame["name"].to_list()


def month_costs(
    published: Published,
    *,
    period: str,
    previous: str,
    basis: CostBasis,
    currency: str,
    narrowed: Narrowed = EVERYTHING,
) -> pl.DataFrame:
    """source, vendor, model, team, cost, cost_before, last_day.

    `cost_before` is the previous month up to the same day of the month that the source has reached in `period` (all
    of it once that month is complete); `last_day` is that day, null where the source has none in `period`.
    """
    names = ", ".join(f"{expression} AS {name}" for name, expression in DIMENSIONS.items())
    in_months = {"billed": "billing_month IN ($period, $previous)"}.get(basis, "day >= $first_before AND day < $end")
    is_current = {"billed": "billing_month = $period"}.get(basis, "day >= $first")
    first, end = month_range(period)
    return ask(
        published,
        f"""
        WITH costs AS (
            SELECT source, {names}, {is_current} AS is_current, CAST(day AS DATE) AS on_day, {AMOUNT[basis]} AS cost
            FROM marts.tco_daily
            WHERE origin = 'charge' AND currency = $currency AND {in_months} AND {NARROWED}
        ),
        reached AS (SELECT source, max(on_day) AS reached_day FROM costs WHERE is_current GROUP BY source),
        counted AS (
            SELECT costs.*, reached.reached_day,
                coalesce(reached.reached_day, (SELECT max(reached_day) FROM reached)) AS through
            FROM costs LEFT JOIN reached USING (source)
        )
        SELECT source, vendor, model, team,
            coalesce(sum(cost) FILTER (is_current), 0) AS cost,
            coalesce(sum(cost) FILTER (
                NOT is_current AND (day(on_day) <= day(through) OR through = last_day(through))
            ), 0) AS cost_before,
            max(reached_day) AS last_day
        FROM counted GROUP BY source, vendor, model, team ORDER BY source, vendor, model, team
        """,
        currency=currency,
        **({"period": period, "previous": previous} if basis == "billed" else _range(first, end, previous)),
        **narrowed.values(),
    )


def _range(first: datetime, end: datetime, previous: str) -> dict[str, datetime]:
    return {"first": first, "end": end, "first_before": month_range(previous)[0]}


def daily_costs(
    published: Published,
    *,
    period: str,
    basis: CostBasis,
    currency: str,
    dimension: Dimension,
    narrowed: Narrowed = EVERYTHING,
) -> pl.DataFrame:
    """day, name, cost: a month's days by one dimension."""
    first, end = month_range(period)
    return ask(
        published,
        f"""
        SELECT CAST(day AS DATE) AS day, {DIMENSIONS[dimension]} AS name, sum({AMOUNT[basis]}) AS cost
        FROM marts.tco_daily
        WHERE origin = 'charge' AND currency = $currency AND {_IN_MONTH[basis]} AND {NARROWED}
        GROUP BY ALL ORDER BY ALL
        """,
        currency=currency,
        **({"period": period} if basis == "billed" else {"first": first, "end": end}),
        **narrowed.values(),
    )


def standing(published: Published, *, basis: CostBasis, currency: str, dimension: Dimension) -> list[str]:
    """Names of one dimension, dearest of all time first: a name keeps its colour whatever is filtered."""
    frame = ask(
        published,
        f"""
        SELECT {DIMENSIONS[dimension]} AS name, sum({AMOUNT[basis]}) AS cost
        FROM marts.tco_monthly WHERE origin = 'charge' AND currency = $currency GROUP BY name ORDER BY cost DESC, name
        """,
        currency=currency,
    )
    return frame["name"].to_list()


def month_range(period: str) -> tuple[datetime, datetime]:
    """The instants at which the month YYYY-MM begins and, exclusive, ends."""
    first = datetime.fromisoformat(f"{period}-01").replace(tzinfo=UTC)
    return first, (first + timedelta(days=31)).replace(day=1)


def previous_period(period: str) -> str:
    """The month before."""
    first = date.fromisoformat(f"{period}-01")
    return f"{first - timedelta(days=1):%Y-%m}"
