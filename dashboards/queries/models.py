"""What models are used for and cost: `marts.model_tokens`, `unit_costs`, `repriced_models` and `unpriced_usage`.

Months are months of use; costs are those of charges before shared pools are split, for a token is used once and is not
split. Each function says the columns of its answer; amounts are exact and of one currency.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import EVERYTHING, NARROWED_BEFORE_POOLS, Narrowed, ask
from dashboards.queries.spending import month_range
from models.economics.token_costs import ALL_MODELS, NO_MODEL
from models.ledger.money import constant, quotient
from models.ledger.units import METERS, TOKEN_KINDS

By = Literal["model", "vendor", "team"]
NAMES: dict[By, str] = {
    "model": f"coalesce(model, '{NO_MODEL}')",
    "vendor": "provider_name",
    "team": "coalesce(team, 'pool ' || pool, 'unallocated')",
}
"""What use of models is shown by. Names, never ids."""

_COSTS = ("effective_cost", "contracted_cost", "list_cost")
_IS_MEASURED = "charge_category = 'Usage' AND quantity IS NOT NULL"
_INPUT = [kind for kind in TOKEN_KINDS if METERS[kind].direction == "Input"]
_CACHE_READS = [kind for kind in TOKEN_KINDS if METERS[kind].cache_action == "Read"]
_HISTORY_MONTHS = 12


def months(published: Published) -> list[str]:
    """Months in which models were used or paid for, latest first."""
    return ask(published, "SELECT DISTINCT month FROM marts.model_tokens ORDER BY month DESC")["month"].to_list()


def spent(
    published: Published, *, period: str, currency: str, narrowed: Narrowed = EVERYTHING, by: By = "model"
) -> pl.DataFrame:
    """name, cost: effective cost of the month with all that models took, fees and capacity too; dearest first."""
    return ask(
        published,
        f"""
        SELECT {NAMES[by]} AS name, sum(effective_cost) AS cost FROM marts.model_tokens
        WHERE month = $period AND currency = $currency AND {NARROWED_BEFORE_POOLS}
        GROUP BY name ORDER BY cost DESC, name
        """,
        period=period,
        currency=currency,
        **narrowed.values(),
    )


def standing(published: Published, *, currency: str, by: By) -> list[str]:
    """Names, dearest of all time first: a name keeps its colour whatever is filtered."""
    frame = ask(
        published,
        f"""
        SELECT {NAMES[by]} AS name, sum(effective_cost) AS cost FROM marts.model_tokens
        WHERE currency = $currency GROUP BY name ORDER BY cost DESC, name
        """,
        currency=currency,
    )
    return frame["name"].to_list()


def daily(
    published: Published, *, period: str, currency: str, narrowed: Narrowed = EVERYTHING, by: By = "model"
) -> pl.DataFrame:
    """day, name, cost: the days of `spent`."""
    first, end = month_range(period)
    return ask(
        published,
        f"""
        SELECT CAST(day AS DATE) AS day, {NAMES[by]} AS name, sum(effective_cost) AS cost
        FROM marts.attributed_daily
        WHERE day >= $first AND day < $end AND currency = $currency
            AND (model IS NOT NULL OR meter IS NOT NULL OR component = 'model_apis') AND {NARROWED_BEFORE_POOLS}
        GROUP BY ALL ORDER BY ALL
        """,
        first=first,
        end=end,
        currency=currency,
        **narrowed.values(),
    )


def unit_costs(
    published: Published, *, period: str, currency: str, narrowed: Narrowed = EVERYTHING, by: By = "model"
) -> pl.DataFrame:
    """Cost of a million tokens of the month: subject (the row of all is `all models`), quantity (millions),
    effective_cost and effective_, contracted_ and list_unit_cost, cache_hit_share, batch_share; dearest first.

    By model and of everything, from `marts.unit_costs`: the capacity that served tokens is in it, and
    unmeasured_effective_cost says what tells no tokens. A part of it, or by vendor or team, has charges of tokens
    alone, and no such column: whose tokens capacity served is not told.
    """
    if by == "model" and not narrowed and published.is_whole:
        return _with_capacity(published, period=period, currency=currency)
    return _of_charges(published, period=period, currency=currency, narrowed=narrowed, keys=(NAMES[by],))


def unit_costs_by_kind(
    published: Published, *, period: str, currency: str, narrowed: Narrowed = EVERYTHING
) -> pl.DataFrame:
    """As `unit_costs`, by model (subject) and kind of token (token_kind); charges of tokens alone, no row of all."""
    keys = (NAMES["model"], "token_kind")
    rows = _of_charges(published, period=period, currency=currency, narrowed=narrowed, keys=keys)
    return rows.filter(pl.col("token_kind").is_not_null())


def _with_capacity(published: Published, *, period: str, currency: str) -> pl.DataFrame:
    return ask(
        published,
        """
        SELECT subject, quantity, effective_cost, effective_unit_cost, contracted_unit_cost, list_unit_cost,
            cache_hit_share, batch_share, unmeasured_effective_cost
        FROM marts.unit_costs WHERE month = $period AND currency = $currency AND measure = 'tokens_blended'
        ORDER BY effective_cost DESC, subject
        """,
        period=period,
        currency=currency,
    )


def _of_charges(
    published: Published, *, period: str, currency: str, narrowed: Narrowed, keys: tuple[str, ...]
) -> pl.DataFrame:
    names = ("subject", "token_kind")[: len(keys)]
    named = ", ".join(f"{key} AS {name}" for key, name in zip(keys, names, strict=True))
    rows = ask(
        published,
        f"""
        WITH counted AS (
            SELECT {named}, token_kind AS kind, processing_tier AS tier, quantity, {", ".join(_COSTS)}
            FROM marts.model_tokens
            WHERE month = $period AND currency = $currency AND token_kind IS NOT NULL AND {_IS_MEASURED}
                AND {NARROWED_BEFORE_POOLS}
        )
        SELECT coalesce(subject, '{ALL_MODELS}') AS subject, {"token_kind," if len(keys) > 1 else ""}
            sum(quantity) AS tokens, {", ".join(f"sum({cost}) AS {cost}" for cost in _COSTS)},
            coalesce(sum(quantity) FILTER (list_contains($input, kind)), 0) AS input,
            coalesce(sum(quantity) FILTER (list_contains($read, kind)), 0) AS read,
            coalesce(sum(quantity) FILTER (tier = 'batch'), 0) AS batch
        FROM counted GROUP BY GROUPING SETS (({", ".join(names)}), ()) HAVING count(*) > 0
        ORDER BY effective_cost DESC, {", ".join(names)}
        """,
        period=period,
        currency=currency,
        input=_INPUT,
        read=_CACHE_READS,
        **narrowed.values(),
    )
    millions = quotient(pl.col("tokens"), constant(1_000_000))
    return rows.with_columns(quantity=millions).with_columns(
        *(quotient(pl.col(c), pl.col("quantity")).alias(c.replace("_cost", "_unit_cost")) for c in _COSTS),
        cache_hit_share=quotient(pl.col("read"), pl.col("input")),
        batch_share=quotient(pl.col("batch"), pl.col("tokens")),
    )


def business_units(published: Published, *, period: str, currency: str) -> pl.DataFrame:
    """subject, unit, quantity, effective_unit_cost of units of our business; dearest first."""
    return ask(
        published,
        """
        SELECT subject, unit, quantity, effective_unit_cost
        FROM marts.unit_costs WHERE month = $period AND currency = $currency AND measure = 'business_unit'
        ORDER BY effective_cost DESC, subject
        """,
        period=period,
        currency=currency,
    )


def history(published: Published, *, period: str, currency: str, narrowed: Narrowed = EVERYTHING) -> pl.DataFrame:
    """month, token_kind, tier, quantity: tokens of the year up to the month, as charged."""
    return ask(
        published,
        f"""
        SELECT month, token_kind, coalesce(processing_tier, 'unknown') AS tier, sum(quantity) AS quantity
        FROM marts.model_tokens
        WHERE month IN (
                SELECT DISTINCT month FROM marts.model_tokens WHERE month <= $period
                ORDER BY month DESC LIMIT {_HISTORY_MONTHS}
            )
            AND currency = $currency AND token_kind IS NOT NULL AND {_IS_MEASURED} AND {NARROWED_BEFORE_POOLS}
        GROUP BY ALL ORDER BY ALL
        """,
        period=period,
        currency=currency,
        **narrowed.values(),
    )


def repriced_month(published: Published, *, period: str) -> str | None:
    """The month whose use is priced as other models: the one chosen where it is over and told, else the last that is;
    None where none is."""
    frame = ask(
        published,
        "SELECT month FROM marts.repriced_models GROUP BY month ORDER BY month = $period DESC, month DESC LIMIT 1",
        period=period,
    )
    return frame["month"][0] if len(frame) else None


def repriced_models(published: Published, *, month: str) -> pl.DataFrame:
    """model, host_name: those with a candidate, dearest first."""
    return ask(
        published,
        """
        SELECT model, host_name FROM marts.repriced_models WHERE month = $month
        GROUP BY model, host_name ORDER BY max(list_cost) DESC, model, host_name
        """,
        month=month,
    )


def candidates(published: Published, *, month: str, model: str, host: str) -> pl.DataFrame:
    """All columns of `marts.repriced_models` of one model that was used: cheapest against it first, by difference."""
    return ask(
        published,
        """
        SELECT * FROM marts.repriced_models WHERE month = $month AND model = $model AND host_name = $host
        ORDER BY compared_share >= 0.5 DESC, difference / nullif(list_cost, 0), candidate_model, candidate_host
        """,
        month=month,
        model=model,
        host=host,
    )


def unpriced(published: Published, *, period: str, currency: str, narrowed: Narrowed = EVERYTHING) -> pl.DataFrame:
    """vendor, model, what (its meters), tiers, unit, standing, quantity, billed_cost, since, cause, remedy: use of the
    month whose price is not known, most billed first, what is free last. `since`: the first day of it in any month."""
    return ask(
        published,
        f"""
        WITH told AS (
            SELECT * REPLACE (replace(meter, '_', ' ') AS meter), month = $period AS is_now
            FROM marts.unpriced_usage
            WHERE month <= $period AND currency = $currency AND {NARROWED_BEFORE_POOLS}
        )
        SELECT provider_name AS vendor, model, unit, standing,
            string_agg(DISTINCT meter, ', ' ORDER BY meter) FILTER (is_now) AS what,
            string_agg(DISTINCT processing_tier, ', ' ORDER BY processing_tier) FILTER (is_now) AS tiers,
            sum(quantity) FILTER (is_now) AS quantity, sum(billed_cost) FILTER (is_now) AS billed_cost,
            min(first_day) AS since, any_value(cause) AS cause, any_value(remedy) AS remedy
        FROM told GROUP BY provider_name, model, unit, standing HAVING count(*) FILTER (is_now) > 0
        ORDER BY standing = 'free', billed_cost DESC NULLS LAST, quantity DESC, vendor, model, unit
        """,
        period=period,
        currency=currency,
        **narrowed.values(),
    )
