"""What the overview alone asks: estimates of a month, months in a row, where the month lands, why it changed, proofs.

Each function says the columns of its answer; amounts are exact and of one currency.
"""

from __future__ import annotations

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import NARROWED, NARROWED_BEFORE_POOLS, Narrowed, ask
from dashboards.queries.spending import AMOUNT
from models.control.budgets import CostBasis
from models.control.movers import NO_MODEL
from models.economics.ownership import UNALLOCATED
from models.foresight.change import SUMS

MONTHS = 12


def estimates(
    published: Published, *, period: str, basis: CostBasis, currency: str, narrowed: Narrowed
) -> pl.DataFrame:
    """kind (accrued | notional), cost (null where nothing of it has a price), unpriced (readings without one), through
    (last day, inclusive). Before shared pools are split: what is in one is of no team."""
    cost, unpriced = {"list": ("list_cost", "unpriced_readings")}.get(
        basis, ("contracted_cost", "uncontracted_readings")
    )
    return ask(
        published,
        f"""
        SELECT kind, sum({cost}) AS cost, CAST(sum({unpriced}) AS BIGINT) AS unpriced,
            CAST(max(through) - INTERVAL 1 MICROSECOND AS DATE) AS through
        FROM marts.estimated_daily WHERE billing_month = $period AND currency = $currency AND {NARROWED_BEFORE_POOLS}
        GROUP BY kind ORDER BY kind
        """,
        period=period,
        currency=currency,
        **narrowed.values(),
    )


def months(published: Published, *, period: str, basis: CostBasis, currency: str, narrowed: Narrowed) -> pl.DataFrame:
    """month, cost of charges: the months up to this one, at most MONTHS, earliest first."""
    month = "billing_month" if basis == "billed" else "month"
    return ask(
        published,
        f"""
        SELECT * FROM (
            SELECT {month} AS month, sum({AMOUNT[basis]}) AS cost FROM marts.tco_monthly
            WHERE origin = 'charge' AND currency = $currency AND {month} <= $period AND {NARROWED}
            GROUP BY ALL ORDER BY ALL DESC LIMIT {MONTHS}
        ) ORDER BY month
        """,
        period=period,
        currency=currency,
        **narrowed.values(),
    )


def landing(published: Published, *, period: str, basis: CostBasis, currency: str, narrowed: Narrowed) -> pl.DataFrame:
    """The row of `marts.month_end` of the month: actual, landing, low_80, high_80, previous, made_on, days_left,
    status. None of a month that is over or to come, at list price, of two parts together, of a component's billed
    cost: such are not forecast."""
    chosen = {name: value for name, value in narrowed.values().items() if value is not None}
    dimension, value = next(iter(chosen.items()), ("total", None))
    return ask(
        published,
        """
        SELECT actual, landing, low_80, high_80, previous, made_on, days_left, status FROM marts.month_end
        WHERE measure = $measure AND currency = $currency AND period = $period AND dimension = $dimension
            AND value IS NOT DISTINCT FROM $value AND made_on >= first_day AND made_on < last_day AND $of_one
        """,
        measure=f"{basis}_cost",
        currency=currency,
        period=period,
        dimension=dimension,
        value=None if value in (UNALLOCATED, "unmatched") else value,
        of_one=len(chosen) < 2,
    )


def change(published: Published, *, period: str, currency: str, narrowed: Narrowed) -> pl.DataFrame:
    """One row of SUMS: how effective cost changed against the same days of the month before; none where that is not
    told: the first month, by vendor, by team and component together."""
    if narrowed.vendor is not None or (narrowed.team is not None and narrowed.component is not None):
        return pl.DataFrame(schema=list(SUMS))
    dimension = "team" if narrowed.component is None else "component"
    value = narrowed.component or narrowed.team
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    return ask(
        published,
        f"""
        SELECT {sums} FROM marts.cost_changes
        WHERE month = $period AND currency = $currency AND dimension = $dimension
            AND ($value IS NULL OR coalesce(value, $nothing) = $value)
        HAVING count(*) > 0
        """,
        period=period,
        currency=currency,
        dimension=dimension,
        value=value,
        nothing=UNALLOCATED if dimension == "team" else "unmatched",
    )


def movers(published: Published, *, period: str, currency: str, narrowed: Narrowed, count: int = 4) -> pl.DataFrame:
    """name (`search · gpt-5`) and SUMS of the teams' models whose effective cost rose and fell most, at most `count`
    each, rises first; none where that is not told: by vendor or component."""
    if narrowed.vendor is not None or narrowed.component is not None:
        return pl.DataFrame(schema=["name", *SUMS])
    return ask(
        published,
        f"""
        WITH moved AS (
            SELECT value AS name, {", ".join(SUMS)},
                row_number() OVER (PARTITION BY change > 0 ORDER BY abs(change) DESC, value) AS place
            FROM marts.cost_changes
            WHERE month = $period AND currency = $currency AND dimension = 'team_model' AND abs(change) >= 0.005
                AND ($team IS NULL OR value IN (
                    SELECT $team || ' · ' || coalesce(value, '{NO_MODEL}') FROM marts.cost_changes
                    WHERE month = $period AND dimension = 'model'
                ))
        )
        SELECT name, {", ".join(SUMS)} FROM moved WHERE place <= {count:d} ORDER BY change DESC, name
        """,
        period=period,
        currency=currency,
        team=narrowed.team,
    )


def proofs(published: Published) -> pl.DataFrame:
    """One row: held, failed: how many proofs of this publication."""
    return ask(
        published,
        """
        SELECT count(*) FILTER (passed) AS held, count(*) FILTER (NOT passed) AS failed
        FROM ops.checks WHERE kind = 'proof'
        """,
    )
