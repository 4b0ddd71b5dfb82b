"""From a sum of total cost down to its charges: parts, lines of `marts.attributed_daily`, then FOCUS charges.

A part is what is told of one component, vendor and team in one way (its own, out of one pool, declared). Each function
says the columns of its answer; amounts are exact. Only `charges` reads the lake, by source, month and day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import EVERYTHING, NARROWED, Narrowed, ask
from dashboards.queries.spending import month_range
from models.economics.attribution import FROM_CHARGES

MOST_LINES = 200
"""How many lines or charges are shown: the dearest."""

PART = ("component", "provider_name", "team", "origin", "allocation", "pool")
"""What tells parts apart; null is a value of its own."""

_OF_A_CHARGE = {
    **{name: column for name, column in FROM_CHARGES.items() if name != "project_name"},
    "region": "coalesce(RegionId, x_InferenceGeo)",
}
"""What a line of `marts.attributed_daily` says of its charges besides their day, and where a charge says it. Component
and owner are not among it: rules say them, and no charge does."""


def _range(period: str, day: date | None) -> dict[str, datetime]:
    """The instants at which the day, or the whole month, begins and, exclusive, ends."""
    first, end = month_range(period)
    if day is None:
        return {"first": first, "end": end}
    begins = first.replace(day=day.day)
    return {"first": begins, "end": begins + timedelta(days=1)}


def parts(
    published: Published, *, period: str, day: date | None = None, narrowed: Narrowed = EVERYTHING
) -> pl.DataFrame:
    """PART, cost (in the reporting currency; null: no rate), of a month or of one of its days; dearest first."""
    return ask(
        published,
        f"""
        SELECT {", ".join(PART)}, sum(reporting_effective_cost) AS cost FROM marts.tco_daily
        WHERE day >= $first AND day < $end AND {NARROWED}
        GROUP BY ALL ORDER BY cost DESC NULLS LAST, {", ".join(PART)}
        """,
        **_range(period, day),
        **narrowed.values(),
    )


def declared_lines(published: Published, part: Mapping[str, Any], *, period: str, day: date | None) -> pl.DataFrame:
    """day, name, cost, lines, whole: of a part that was declared, day by day, newest first, MOST_LINES at most; `lines`
    is how many there are, `whole` what they cost together."""
    return ask(
        published,
        f"""
        SELECT CAST(day AS DATE) AS day, service_name AS name, sum(reporting_effective_cost) AS cost,
            count(*) OVER () AS lines, sum(sum(reporting_effective_cost)) OVER () AS whole
        FROM marts.tco_daily WHERE day >= $first AND day < $end AND {_is_part(PART)}
        GROUP BY day, service_name ORDER BY day DESC, cost DESC LIMIT {MOST_LINES}
        """,
        **_range(period, day),
        **{name: part[name] for name in PART},
    )


def lines(published: Published, part: Mapping[str, Any], *, period: str, day: date | None) -> pl.DataFrame:
    """Lines of `marts.attributed_daily` of a part. Of one out of a pool: all lines of its component and vendor that are
    in any pool, for no charge bears a team's share, and a pool may be split over another one.

    day, project, pool, what of a charge tells lines apart, effective_cost (in `currency`), consumed_quantity, charges,
    cost (in the reporting currency; null: no rate), lines, whole (as in `declared_lines`); the dearest MOST_LINES of
    them, newest first.
    """
    asked = (*_OF_WHAT, *(() if part["pool"] else ("team",)))
    is_part = f"{_is_part(asked)} AND (pool IS NOT NULL) = {bool(part['pool'])}"
    return ask(
        published,
        f"""
        WITH rates AS (
            SELECT day, currency, any_value(exchange_rate) AS rate FROM marts.tco_daily
            WHERE day >= $first AND day < $end GROUP BY day, currency
        ), found AS (
            SELECT day, pool, {", ".join(_OF_A_CHARGE)}, any_value(coalesce(project_name, project_id)) AS project,
                sum(effective_cost) AS effective_cost, sum(consumed_quantity) AS consumed_quantity,
                sum(charges) AS charges
            FROM marts.attributed_daily WHERE day >= $first AND day < $end AND {is_part} GROUP BY ALL
        ), converted AS (
            SELECT found.*, CAST(effective_cost * rate AS DECIMAL(38, 12)) AS cost FROM found LEFT JOIN rates
                ON rates.day = found.day AND rates.currency = found.currency
        ), dearest AS (
            SELECT *, count(*) OVER () AS lines, sum(cost) OVER () AS whole FROM converted
            ORDER BY abs(coalesce(cost, effective_cost)) DESC, {", ".join(_OF_A_CHARGE)}, day LIMIT {MOST_LINES}
        )
        SELECT * REPLACE (CAST(day AS DATE) AS day) FROM dearest
        ORDER BY day DESC, cost DESC NULLS LAST, {", ".join(_OF_A_CHARGE)}
        """,
        **_range(period, day),
        **{name: part[name] for name in asked},
    )


def shared_cost(published: Published, part: Mapping[str, Any], *, period: str, day: date | None) -> pl.DataFrame:
    """One row: cost of the part's component and vendor that comes out of pools, of all teams together."""
    return ask(
        published,
        f"""
        SELECT sum(reporting_effective_cost) AS cost FROM marts.tco_daily
        WHERE day >= $first AND day < $end AND origin = 'charge' AND pool IS NOT NULL AND {_is_part(_OF_WHAT)}
        """,
        **_range(period, day),
        **{name: part[name] for name in _OF_WHAT},
    )


def charges(published: Published, line: Mapping[str, Any]) -> pl.DataFrame:
    """The charges of a line of `lines`, the dearest MOST_LINES of them, newest first: starts, description, sku,
    key_name, user_name, quantity, unit, list_cost, billed_cost, effective_cost, currency, invoice, charge_id, and of
    all of them `charges` (how many) and `whole` (effective cost)."""
    asked = " AND ".join(
        f"{told} IS NOT DISTINCT FROM ${name}" for name, told in _OF_A_CHARGE.items() if name not in _EXACT
    )
    return ask(
        published,
        f"""
        WITH dearest AS (
            SELECT ChargePeriodStart AS starts, ChargeDescription AS description, coalesce(SkuMeter, SkuId) AS sku,
                coalesce(x_ApiKeyName, x_ApiKeyId) AS key_name, coalesce(x_UserName, x_UserId) AS user_name,
                ConsumedQuantity AS quantity, ConsumedUnit AS unit, ListCost AS list_cost, BilledCost AS billed_cost,
                EffectiveCost AS effective_cost, BillingCurrency AS currency, InvoiceId AS invoice,
                x_ChargeId AS charge_id, count(*) OVER () AS charges, sum(EffectiveCost) OVER () AS whole
            FROM focus.cost_and_usage
            WHERE x_Source = $source AND x_BillingMonth = $billing_month
                AND ChargePeriodStart >= $first AND ChargePeriodStart < $end AND {asked}
            ORDER BY abs(EffectiveCost) DESC, x_ChargeId LIMIT {MOST_LINES}
        )
        SELECT * FROM dearest ORDER BY starts DESC, effective_cost DESC, charge_id
        """,
        **_range(f"{line['day']:%Y-%m}", line["day"]),
        **{name: line[name] for name in _OF_A_CHARGE},
    )


_OF_WHAT = ("component", "provider_name")
_EXACT = ("source", "billing_month")
"""What finds the Parquet file: compared as it is, so that DuckDB reads the statistics of no other row group."""


def _is_part(names: tuple[str, ...]) -> str:
    return " AND ".join(f"{name} IS NOT DISTINCT FROM ${name}" for name in names)
