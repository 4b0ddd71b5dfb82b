"""What accelerators cost and how much of them is used: hours by day, rates, and what stands idle.

Hours are of `marts.attributed_daily` and, for our own, `marts.declared_costs`; both before pools are split, so that a
pool's are of no team. Each function says the columns of its answer; amounts are exact, of one currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import OF_TEAM_BEFORE_POOLS, ask
from dashboards.queries.spending import month_range

HourDimension = Literal["accelerator", "region", "bought", "team", "host"]
HOUR_DIMENSIONS: dict[HourDimension, str] = {
    "accelerator": "accelerator_type",
    "region": "coalesce(region, 'our own place')",
    "bought": "bought",
    "team": "owner",
    "host": "host",
}
"""What hours are shown by; names, never ids."""
_OWNER = "coalesce(team, 'pool ' || pool, 'unallocated')"
_LOOKED_AT = f"""{OF_TEAM_BEFORE_POOLS}
    AND ($vendor IS NULL OR coalesce(host_name, 'ourselves') = $vendor)
    AND ($accelerator IS NULL OR accelerator_type = $accelerator)"""


@dataclass(frozen=True)
class Part:
    """Which accelerators are looked at: of one team, on whose machines (the vendor, or `ourselves`), of one type; None
    is all."""

    team: str | None = None
    vendor: str | None = None
    accelerator: str | None = None

    def values(self) -> dict[str, str | None]:
        return {"team": self.team, "vendor": self.vendor, "accelerator": self.accelerator}

    def __bool__(self) -> bool:
        """Whether it is less than all."""
        return any(self.values().values())


ALL_OF_THEM = Part()


def accelerator_periods(published: Published) -> list[str]:
    """Months in which accelerators were had, latest first."""
    frame = ask(published, "SELECT DISTINCT month FROM marts.idle_accelerators ORDER BY month DESC")
    return frame["month"].to_list()


def accelerator_currencies(published: Published, *, period: str) -> list[str]:
    """Currencies of a month's accelerators, the one with most of their hours first."""
    frame = ask(
        published,
        """
        SELECT currency FROM marts.idle_accelerators WHERE month = $period
        GROUP BY currency ORDER BY sum(used_hours) DESC, currency
        """,
        period=period,
    )
    return frame["currency"].to_list()


def names_of(published: Published, of: Literal["team", "vendor", "accelerator"]) -> list[str]:
    """Teams, hosts or types of any month, dearest first."""
    name = {
        "team": "coalesce(team, if(pool IS NULL, 'unallocated', NULL))",
        "vendor": "coalesce(host_name, 'ourselves')",
        "accelerator": "accelerator_type",
    }[of]
    frame = ask(
        published,
        f"""
        SELECT {name} AS name FROM marts.idle_accelerators WHERE {name} IS NOT NULL
        GROUP BY name ORDER BY sum(used_cost + unused_cost) DESC, name
        """,
    )
    return frame["name"].to_list()


def totals(published: Published, *, period: str, currency: str, part: Part = ALL_OF_THEM) -> pl.DataFrame:
    """One row: used_hours, unused_hours, used_cost, unused_cost, and of the hours that were measured: measured_hours,
    busy_hours, measured_idle_cost (null where none were), lines."""
    return ask(
        published,
        f"""
        SELECT coalesce(sum(used_hours), 0) AS used_hours, coalesce(sum(unused_hours), 0) AS unused_hours,
            coalesce(sum(used_cost), 0) AS used_cost, coalesce(sum(unused_cost), 0) AS unused_cost,
            sum(used_hours) FILTER (busy_hours IS NOT NULL) AS measured_hours, sum(busy_hours) AS busy_hours,
            sum(measured_idle_cost) AS measured_idle_cost, count(*) AS lines
        FROM marts.idle_accelerators WHERE month = $period AND currency = $currency AND {_LOOKED_AT}
        """,
        period=period,
        currency=currency,
        **part.values(),
    )


def hours(
    published: Published,
    *,
    period: str,
    dimension: HourDimension,
    each: Literal["day", "month"],
    part: Part = ALL_OF_THEM,
) -> pl.DataFrame:
    """day (or first of the month), name, is_used, hours: of the month by day, or of the twelve months that end with
    it."""
    first, end = month_range(period)
    if each == "month":
        first = month_range(f"{int(period[:4]) - 1}{period[4:]}")[1]
    return ask(
        published,
        f"""
        WITH had AS (
            SELECT day, accelerator_type, region, host_name, team, pool, accelerator_hours AS hours,
                coalesce(commitment_status, '') <> 'Unused' AND coalesce(capacity_status, '') <> 'Unused' AS is_used,
                lower(coalesce(pricing_category, 'unknown')) AS bought
            FROM marts.attributed_daily
            WHERE day >= $first AND day < $end AND accelerator_type IS NOT NULL AND accelerator_hours IS NOT NULL
            UNION ALL
            SELECT day, accelerator_type, NULL, NULL, team, pool, accelerator_hours, true, 'our own'
            FROM marts.declared_costs
            WHERE day >= $first AND day < $end AND accelerator_type IS NOT NULL AND accelerator_hours IS NOT NULL
        ), named AS (
            SELECT *, {_OWNER} AS owner, coalesce(host_name, 'ourselves') AS host FROM had WHERE {_LOOKED_AT}
        )
        SELECT CAST(date_trunc($each, day) AS DATE) AS day, {HOUR_DIMENSIONS[dimension]} AS name, is_used,
            sum(hours) AS hours
        FROM named GROUP BY ALL HAVING sum(hours) <> 0 ORDER BY ALL
        """,
        first=first,
        end=end,
        each=each,
        **part.values(),
    )


def rates(published: Published, *, period: str, previous: str, currency: str, part: Part = ALL_OF_THEM) -> pl.DataFrame:
    """The month's rows of `marts.unit_costs` for an accelerator-hour, dearest first: subject, pricing_kind, host,
    region, quantity (used hours), effective_cost, unused_cost, effective_unit_cost, effective_cost_per_used_unit,
    effective_cost_per_busy_unit, list_unit_cost, utilisation, measured_share, per_used_before (a month before). Of all
    teams together."""
    return ask(
        published,
        """
        SELECT now.subject, now.pricing_kind, coalesce(now.host_name, 'ourselves') AS host, now.region, now.quantity,
            now.effective_cost, now.unused_cost, now.effective_unit_cost, now.effective_cost_per_used_unit,
            now.effective_cost_per_busy_unit, now.list_unit_cost, now.utilisation, now.measured_share,
            before.effective_cost_per_used_unit AS per_used_before
        FROM marts.unit_costs now LEFT JOIN marts.unit_costs before
            ON before.month = $previous AND before.measure = now.measure AND before.subject = now.subject
            AND before.currency = now.currency
            AND before.host_name IS NOT DISTINCT FROM now.host_name
            AND before.region IS NOT DISTINCT FROM now.region
            AND before.pricing_kind IS NOT DISTINCT FROM now.pricing_kind
        WHERE now.month = $period AND now.measure = 'accelerator_hour' AND now.currency = $currency
            AND ($vendor IS NULL OR coalesce(now.host_name, 'ourselves') = $vendor)
            AND ($accelerator IS NULL OR now.subject = $accelerator)
        ORDER BY now.effective_cost + coalesce(now.unused_cost, 0) DESC, now.subject, now.host_name, now.region,
            now.pricing_kind
        """,
        period=period,
        previous=previous,
        currency=currency,
        vendor=part.vendor,
        accelerator=part.accelerator,
    )


def idle(published: Published, *, period: str, currency: str, part: Part = ALL_OF_THEM) -> pl.DataFrame:
    """owner, accelerator_type, host, used_hours, unused_hours, used_cost, unused_cost, measured_idle_cost and
    utilisation (null where not all of it was measured); what costs most for nothing first."""
    return ask(
        published,
        f"""
        SELECT {_OWNER} AS owner, accelerator_type, coalesce(host_name, 'ourselves') AS host,
            sum(used_hours) AS used_hours, sum(unused_hours) AS unused_hours,
            sum(used_cost) AS used_cost, sum(unused_cost) AS unused_cost,
            CASE WHEN count(*) = count(measured_idle_cost) THEN sum(measured_idle_cost) END AS measured_idle_cost,
            CASE WHEN count(*) = count(busy_hours) AND sum(used_hours) > 0
                THEN CAST(sum(busy_hours) AS DOUBLE) / CAST(sum(used_hours) AS DOUBLE) END AS utilisation
        FROM marts.idle_accelerators WHERE month = $period AND currency = $currency AND {_LOOKED_AT}
        GROUP BY ALL
        ORDER BY sum(unused_cost) + coalesce(sum(measured_idle_cost), 0) DESC, sum(used_cost) DESC, owner,
            accelerator_type, host
        """,
        period=period,
        currency=currency,
        **part.values(),
    )
