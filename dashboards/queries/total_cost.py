"""What AI really costs: `marts.tco_daily` by component, team and other dimensions, in the reporting currency.

Months are months of use (effective cost). Each function says the columns of its answer; amounts are exact.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask, readable

TcoDimension = Literal["component", "team", "vendor", "model"]
TCO_DIMENSIONS: dict[TcoDimension, str] = {
    "component": f"coalesce({readable('component')}, 'unmatched')",
    "team": "coalesce(team, 'unallocated')",
    "vendor": "provider_name",
    "model": "coalesce(model, 'no model · ' || coalesce(service_name, provider_name))",
}
"""What total cost is shown by; names, never ids."""

_IN_MONTH = "strftime(day, '%Y-%m') = $period"


def tco_periods(published: Published) -> list[str]:
    """Months of use that have a cost, latest first."""
    frame = ask(published, "SELECT DISTINCT strftime(day, '%Y-%m') AS month FROM marts.tco_daily ORDER BY month DESC")
    return frame["month"].to_list()


def totals(published: Published, *, period: str) -> pl.DataFrame:
    """One row: currency, cost, charged, declared, shared, unallocated, unmatched, last_day; in reporting currency."""
    return ask(
        published,
        f"""
        SELECT any_value(reporting_currency) AS currency,
            coalesce(sum(reporting_effective_cost), 0) AS cost,
            coalesce(sum(reporting_effective_cost) FILTER (origin = 'charge'), 0) AS charged,
            coalesce(sum(reporting_effective_cost) FILTER (origin = 'declared'), 0) AS declared,
            coalesce(sum(reporting_effective_cost) FILTER (allocation = 'shared'), 0) AS shared,
            coalesce(sum(reporting_effective_cost) FILTER (allocation = 'unallocated'), 0) AS unallocated,
            coalesce(sum(reporting_effective_cost) FILTER (component IS NULL), 0) AS unmatched,
            CAST(max(day) FILTER (origin = 'charge') AS DATE) AS last_day
        FROM marts.tco_daily WHERE {_IN_MONTH}
        """,
        period=period,
    )


def without_a_rate(published: Published, *, period: str) -> pl.DataFrame:
    """currency, cost: what no dated rate turns into the reporting currency, and so no total holds."""
    return ask(
        published,
        f"""
        SELECT currency, sum(effective_cost) AS cost FROM marts.tco_daily
        WHERE {_IN_MONTH} AND exchange_rate IS NULL GROUP BY currency ORDER BY currency
        """,
        period=period,
    )


def by_component_and_allocation(published: Published, *, period: str) -> pl.DataFrame:
    """component, layer, direct, shared, unallocated, cost; dearest first."""
    return ask(
        published,
        f"""
        SELECT {TCO_DIMENSIONS["component"]} AS component, any_value(layer) AS layer,
            coalesce(sum(reporting_effective_cost) FILTER (allocation = 'direct'), 0) AS direct,
            coalesce(sum(reporting_effective_cost) FILTER (allocation = 'shared'), 0) AS shared,
            coalesce(sum(reporting_effective_cost) FILTER (allocation = 'unallocated'), 0) AS unallocated,
            coalesce(sum(reporting_effective_cost), 0) AS cost
        FROM marts.tco_daily WHERE {_IN_MONTH} GROUP BY component ORDER BY cost DESC, component
        """,
        period=period,
    )


def by_team(published: Published, *, period: str, previous: str) -> pl.DataFrame:
    """team, cost_centre (all that pay), direct, shared, cost, cost_before; dearest first.

    `cost_before`: of the same days of the month before, source by source; of all of it where the month is whole.
    """
    return ask(
        published,
        """
        WITH costs AS (
            SELECT *, strftime(day, '%Y-%m') AS month, CAST(day AS DATE) AS date FROM marts.tco_daily
            WHERE strftime(day, '%Y-%m') IN ($period, $previous)
        ), reached AS (
            SELECT source, max(CASE WHEN date = last_day(date) THEN 31 ELSE dayofmonth(date) END) AS last
            FROM costs WHERE month = $period GROUP BY source
        )
        SELECT coalesce(team, 'unallocated') AS team,
            string_agg(DISTINCT cost_centre, ', ' ORDER BY cost_centre) FILTER (month = $period) AS cost_centre,
            coalesce(sum(reporting_effective_cost) FILTER (month = $period AND allocation <> 'shared'), 0) AS direct,
            coalesce(sum(reporting_effective_cost) FILTER (month = $period AND allocation = 'shared'), 0) AS shared,
            coalesce(sum(reporting_effective_cost) FILTER (month = $period), 0) AS cost,
            coalesce(sum(reporting_effective_cost) FILTER (
                month = $previous AND dayofmonth(date) <= coalesce(last, (SELECT max(last) FROM reached))
            ), 0) AS cost_before
        FROM costs LEFT JOIN reached USING (source) GROUP BY team ORDER BY cost DESC, team
        """,
        period=period,
        previous=previous,
    )


def tco_days(published: Published, *, period: str, dimension: TcoDimension) -> pl.DataFrame:
    """day, name, cost: a month's days by one dimension, in reporting currency."""
    return ask(
        published,
        f"""
        SELECT CAST(day AS DATE) AS day, {TCO_DIMENSIONS[dimension]} AS name, sum(reporting_effective_cost) AS cost
        FROM marts.tco_daily WHERE {_IN_MONTH} AND reporting_effective_cost IS NOT NULL GROUP BY ALL ORDER BY ALL
        """,
        period=period,
    )


def tco_standing(published: Published, *, dimension: TcoDimension) -> list[str]:
    """Names of one dimension, dearest of all time first: a name keeps its colour whatever month is shown."""
    frame = ask(
        published,
        f"""
        SELECT {TCO_DIMENSIONS[dimension]} AS name, coalesce(sum(reporting_effective_cost), 0) AS cost
        FROM marts.tco_daily GROUP BY name ORDER BY cost DESC, name
        """,
    )
    return frame["name"].to_list()


def declared(published: Published, *, period: str) -> pl.DataFrame:
    """name, kind, vendor, standing, currency, declared_cost, effective_cost of the month; dearest first."""
    return ask(
        published,
        f"""
        SELECT name, any_value(kind) AS kind, any_value(vendor) AS vendor, currency,
            CASE WHEN bool_and(standing = 'invoiced') THEN 'invoiced'
                 WHEN bool_or(standing = 'invoiced') THEN 'in part invoiced' ELSE 'declared' END AS standing,
            sum(declared_cost) AS declared_cost, sum(effective_cost) AS effective_cost
        FROM marts.declared_costs WHERE {_IN_MONTH} GROUP BY name, currency ORDER BY declared_cost DESC, name
        """,
        period=period,
    )
