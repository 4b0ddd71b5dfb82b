"""What AI really costs: `marts.tco_daily` and `marts.tco_monthly`, by component, team and other dimensions.

In the reporting currency; months are months of use (effective cost). Each function says the columns of its answer;
amounts are exact. The way from a sum to its charges is in `lineage`.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import EVERYTHING, NARROWED, OF_TEAM_BEFORE_POOLS, Narrowed, ask, readable
from dashboards.queries.spending import DIMENSIONS, month_range

TcoDimension = Literal["component", "layer", "vendor", "team", "model", "product", "use_case", "environment"]
TCO_DIMENSIONS: dict[TcoDimension, str] = {
    "component": f"coalesce({readable('component')}, 'unmatched')",
    "layer": "coalesce(replace(layer, '_', ' '), 'unmatched')",
    "vendor": DIMENSIONS["vendor"],
    "team": DIMENSIONS["team"],
    "model": DIMENSIONS["model"],
    "product": "coalesce(product, 'no product')",
    "use_case": "coalesce(use_case, 'no use case')",
    "environment": "coalesce(environment, 'no environment')",
}
"""What total cost is shown by; names, never ids."""

_IN_MONTH = f"day >= $first AND day < $end AND {NARROWED}"
_REACHED = """SELECT source, max(CASE WHEN last_day = last_day(last_day) THEN 31 ELSE dayofmonth(last_day) END) AS last
    FROM marts.tco_monthly WHERE month = $period GROUP BY source"""
"""Through which day of the month each source has told, whatever is looked at of it; to the month's end: all of it."""


def tco_periods(published: Published) -> list[str]:
    """Months of use that have a cost, latest first."""
    return ask(published, "SELECT DISTINCT month FROM marts.tco_monthly ORDER BY month DESC")["month"].to_list()


def reporting_currency(published: Published) -> str:
    """The currency that totals are told in. There must be a month."""
    return ask(published, "SELECT any_value(reporting_currency) AS currency FROM marts.tco_monthly")["currency"][0]


def totals(published: Published, *, period: str, previous: str, narrowed: Narrowed = EVERYTHING) -> pl.DataFrame:
    """One row: cost, charged, declared, shared, unallocated, unmatched, last_day, cost_before (of the same days of the
    month before, source by source; of all of it where the month is whole); in the reporting currency."""
    first, end = month_range(period)
    return ask(
        published,
        f"""
        WITH reached AS ({_REACHED}), costs AS (
            SELECT day >= $first AS is_current, CAST(day AS DATE) AS date, source, origin, allocation, component,
                reporting_effective_cost AS cost
            FROM marts.tco_daily WHERE day >= $first_before AND day < $end AND {NARROWED}
        )
        SELECT coalesce(sum(cost) FILTER (is_current), 0) AS cost,
            coalesce(sum(cost) FILTER (is_current AND origin = 'charge'), 0) AS charged,
            coalesce(sum(cost) FILTER (is_current AND origin = 'declared'), 0) AS declared,
            coalesce(sum(cost) FILTER (is_current AND allocation = 'shared'), 0) AS shared,
            coalesce(sum(cost) FILTER (is_current AND allocation = 'unallocated'), 0) AS unallocated,
            coalesce(sum(cost) FILTER (is_current AND component IS NULL), 0) AS unmatched,
            max(date) FILTER (is_current AND origin = 'charge') AS last_day,
            count(*) FILTER (is_current) AS lines,
            coalesce(sum(cost) FILTER (
                NOT is_current AND dayofmonth(date) <= coalesce(last, (SELECT max(last) FROM reached))
            ), 0) AS cost_before
        FROM costs LEFT JOIN reached USING (source)
        """,
        period=period,
        first=first,
        end=end,
        first_before=month_range(previous)[0],
        **narrowed.values(),
    )


def without_a_rate(published: Published, *, period: str, narrowed: Narrowed = EVERYTHING) -> pl.DataFrame:
    """currency, cost: what no dated rate turns into the reporting currency, and so no total holds."""
    return ask(
        published,
        f"""
        SELECT currency, sum(effective_cost_without_rate) AS cost FROM marts.tco_monthly
        WHERE month = $period AND {NARROWED}
        GROUP BY currency HAVING sum(effective_cost_without_rate) <> 0 ORDER BY currency
        """,
        period=period,
        **narrowed.values(),
    )


def by_name(
    published: Published, *, period: str, previous: str, dimension: TcoDimension, narrowed: Narrowed = EVERYTHING
) -> pl.DataFrame:
    """name, cost_centre (all that pay), direct (or nobody's), shared, cost, cost_before; dearest first.

    `cost_before`: of the same days of the month before, as in `totals`.
    """
    first, end = month_range(period)
    return ask(
        published,
        f"""
        WITH reached AS ({_REACHED}), costs AS (
            SELECT {TCO_DIMENSIONS[dimension]} AS name, day >= $first AS is_current, CAST(day AS DATE) AS date,
                source, allocation = 'shared' AS is_shared, cost_centre, reporting_effective_cost AS cost
            FROM marts.tco_daily WHERE day >= $first_before AND day < $end AND {NARROWED}
        )
        SELECT name,
            string_agg(DISTINCT cost_centre, ', ' ORDER BY cost_centre) FILTER (is_current) AS cost_centre,
            coalesce(sum(cost) FILTER (is_current AND NOT is_shared), 0) AS direct,
            coalesce(sum(cost) FILTER (is_current AND is_shared), 0) AS shared,
            coalesce(sum(cost) FILTER (is_current), 0) AS cost,
            coalesce(sum(cost) FILTER (
                NOT is_current AND dayofmonth(date) <= coalesce(last, (SELECT max(last) FROM reached))
            ), 0) AS cost_before
        FROM costs LEFT JOIN reached USING (source) GROUP BY name ORDER BY cost DESC, name
        """,
        period=period,
        first=first,
        end=end,
        first_before=month_range(previous)[0],
        **narrowed.values(),
    )


def cells(
    published: Published, *, period: str, down: TcoDimension, across: TcoDimension, narrowed: Narrowed = EVERYTHING
) -> pl.DataFrame:
    """name, across, cost: a month by two dimensions."""
    return ask(
        published,
        f"""
        SELECT {TCO_DIMENSIONS[down]} AS name, {TCO_DIMENSIONS[across]} AS across, sum(reporting_effective_cost) AS cost
        FROM marts.tco_monthly
        WHERE month = $period AND reporting_effective_cost IS NOT NULL AND {NARROWED}
        GROUP BY ALL ORDER BY ALL
        """,
        period=period,
        **narrowed.values(),
    )


def tco_days(
    published: Published, *, period: str, dimension: TcoDimension, narrowed: Narrowed = EVERYTHING
) -> pl.DataFrame:
    """day, name, cost: a month's days by one dimension."""
    first, end = month_range(period)
    return ask(
        published,
        f"""
        SELECT CAST(day AS DATE) AS day, {TCO_DIMENSIONS[dimension]} AS name, sum(reporting_effective_cost) AS cost
        FROM marts.tco_daily WHERE {_IN_MONTH} AND reporting_effective_cost IS NOT NULL GROUP BY ALL ORDER BY ALL
        """,
        first=first,
        end=end,
        **narrowed.values(),
    )


def tco_months(
    published: Published, *, period: str, dimension: TcoDimension, narrowed: Narrowed = EVERYTHING
) -> pl.DataFrame:
    """day (first of the month), name, cost: the twelve months that end with this one, by one dimension."""
    return ask(
        published,
        f"""
        SELECT CAST(month || '-01' AS DATE) AS day, {TCO_DIMENSIONS[dimension]} AS name,
            sum(reporting_effective_cost) AS cost
        FROM marts.tco_monthly
        WHERE month > $year_before AND month <= $period AND reporting_effective_cost IS NOT NULL AND {NARROWED}
        GROUP BY ALL ORDER BY ALL
        """,
        period=period,
        year_before=f"{int(period[:4]) - 1}{period[4:]}",
        **narrowed.values(),
    )


def tco_standing(published: Published, *, dimension: TcoDimension) -> list[str]:
    """Names of one dimension, dearest of all time first: a name keeps its colour whatever is shown."""
    frame = ask(
        published,
        f"""
        SELECT {TCO_DIMENSIONS[dimension]} AS name, coalesce(sum(reporting_effective_cost), 0) AS cost
        FROM marts.tco_monthly GROUP BY name ORDER BY cost DESC, name
        """,
    )
    return frame["name"].to_list()


def declared(published: Published, *, period: str, team: str | None = None) -> pl.DataFrame:
    """name, kind, vendor, standing, currency, declared_cost, effective_cost of the month; dearest first."""
    first, end = month_range(period)
    return ask(
        published,
        f"""
        SELECT name, any_value(kind) AS kind, any_value(vendor) AS vendor, currency,
            CASE WHEN bool_and(standing = 'invoiced') THEN 'invoiced'
                 WHEN bool_or(standing = 'invoiced') THEN 'in part invoiced' ELSE 'declared' END AS standing,
            sum(declared_cost) AS declared_cost, sum(effective_cost) AS effective_cost
        FROM marts.declared_costs
        WHERE day >= $first AND day < $end AND {OF_TEAM_BEFORE_POOLS}
        GROUP BY name, currency ORDER BY declared_cost DESC, name
        """,
        first=first,
        end=end,
        team=team,
    )


def commitments(published: Published, *, period: str) -> pl.DataFrame:
    """currency, used, unused, expiring (lost by its expiry at this rate; null: nothing is known to), next_expiry: of
    what was bought ahead, by billing month."""
    return ask(
        published,
        """
        SELECT currency, sum(used) AS used, sum(unused) AS unused,
            sum(expiring_amount) FILTER (term_end > as_of) AS expiring,
            min(term_end) FILTER (term_end > as_of AND expiring_amount > 0) AS next_expiry
        FROM marts.commitments WHERE billing_month = $period AND kind <> 'spend'
        GROUP BY currency ORDER BY sum(amortised_cost) DESC, currency
        """,
        period=period,
    )


def idle_accelerators(published: Published, *, period: str, team: str | None = None) -> pl.DataFrame:
    """currency, idle_cost (left by commitments, and measured idle as far as it was measured), used_cost."""
    return ask(
        published,
        f"""
        SELECT currency, sum(unused_cost + coalesce(measured_idle_cost, 0)) AS idle_cost, sum(used_cost) AS used_cost
        FROM marts.idle_accelerators
        WHERE month = $period AND {OF_TEAM_BEFORE_POOLS}
        GROUP BY currency ORDER BY sum(used_cost) DESC, currency
        """,
        period=period,
        team=team,
    )


def days_of(published: Published, *, period: str, narrowed: Narrowed = EVERYTHING) -> list[date]:
    """Days of the month that have a cost, latest first."""
    first, end = month_range(period)
    frame = ask(
        published,
        f"SELECT DISTINCT CAST(day AS DATE) AS day FROM marts.tco_daily WHERE {_IN_MONTH} ORDER BY day DESC",
        first=first,
        end=end,
        **narrowed.values(),
    )
    return frame["day"].to_list()
