"""What a unit costs: `marts.unit_costs` and `marts.idle_accelerators`. Each function says the columns of its answer."""

from __future__ import annotations

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask


def unit_cost_periods(published: Published) -> list[str]:
    """Months that have a unit cost, latest first."""
    return ask(published, "SELECT DISTINCT month FROM marts.unit_costs ORDER BY month DESC")["month"].to_list()


def unit_cost_currencies(published: Published, *, period: str) -> list[str]:
    """Currencies of a month's unit costs, the one with most rows first."""
    frame = ask(
        published,
        """
        SELECT currency FROM marts.unit_costs WHERE month = $period
        GROUP BY currency ORDER BY count(*) DESC, currency
        """,
        period=period,
    )
    return frame["currency"].to_list()


def unit_costs(published: Published, *, period: str, previous: str, currency: str, measure: str) -> pl.DataFrame:
    """The month's rows of one measure, dearest first, and `unit_cost_before`: effective unit cost a month before."""
    return ask(
        published,
        """
        SELECT now.*, before.effective_unit_cost AS unit_cost_before
        FROM marts.unit_costs now LEFT JOIN marts.unit_costs before
            ON before.month = $previous AND before.measure = now.measure AND before.subject = now.subject
            AND before.currency = now.currency
            AND before.token_kind IS NOT DISTINCT FROM now.token_kind
            AND before.host_name IS NOT DISTINCT FROM now.host_name
            AND before.region IS NOT DISTINCT FROM now.region
            AND before.pricing_kind IS NOT DISTINCT FROM now.pricing_kind
        WHERE now.month = $period AND now.measure = $measure AND now.currency = $currency
        ORDER BY now.effective_cost DESC, now.subject, now.token_kind, now.host_name, now.region, now.pricing_kind
        """,
        period=period,
        previous=previous,
        measure=measure,
        currency=currency,
    )


def idle(published: Published, *, period: str, currency: str) -> pl.DataFrame:
    """owner, accelerator_type, used_cost, unused_cost, measured_idle_cost (null: not measured); most unused first."""
    return ask(
        published,
        """
        SELECT coalesce(team, 'pool ' || pool, 'unallocated') AS owner, accelerator_type,
            sum(used_cost) AS used_cost, sum(unused_cost) AS unused_cost,
            CASE WHEN count(*) = count(measured_idle_cost) THEN sum(measured_idle_cost) END AS measured_idle_cost
        FROM marts.idle_accelerators WHERE month = $period AND currency = $currency
        GROUP BY ALL ORDER BY unused_cost DESC, used_cost DESC, owner, accelerator_type
        """,
        period=period,
        currency=currency,
    )
