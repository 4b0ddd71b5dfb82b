"""What is coming, and what was forecast before, of `marts.forecasts`, `month_end`, `forecast_accuracy` and
`forecast_landings`, and the days behind them.

Each function says the columns of its answer; amounts are exact.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask, readable

ForecastDimension = Literal["total", "vendor", "team", "component", "model", "key", "SKU"]
Measure = Literal["effective", "billed"]

FORECAST_DIMENSIONS: dict[ForecastDimension, tuple[str, str] | None] = {
    "total": ("marts.tco_daily", "''"),
    "vendor": ("marts.tco_daily", "coalesce(provider_name, '')"),
    "team": ("marts.tco_daily", "coalesce(team, 'unallocated')"),
    "component": ("marts.tco_daily", "coalesce(component, 'unmatched')"),
    "model": ("marts.tco_daily", "coalesce(model, '')"),
    "key": (
        """(
            SELECT day, currency, effective_cost, billed_cost, api_key_id FROM marts.daily_costs
            UNION ALL
            SELECT day, currency, effective_cost, billed_cost, NULL FROM marts.tco_daily WHERE origin = 'declared'
        )""",
        "coalesce(api_key_id, '')",
    ),
    "SKU": None,
}
"""What is forecast; the costs that its days are of, and its value there. Of no key are declared costs, too: the series
of keys add up to the total. Days of SKUs are in no mart."""
_BILLED: tuple[ForecastDimension, ...] = ("total", "vendor", "team")
_NAME = f"CASE WHEN dimension = 'component' THEN {readable('value_name')} ELSE value_name END"
_VALUE = """coalesce(vendor || ' · ', '') || coalesce(
    value, CASE dimension WHEN 'team' THEN 'unallocated' WHEN 'component' THEN 'unmatched' ELSE '' END
)"""
"""One word for each series of a dimension, as filters write it: of a SKU with its vendor, of no value as below."""


def dimensions(measure: Measure) -> tuple[ForecastDimension, ...]:
    """By what a measure is forecast."""
    return _BILLED if measure == "billed" else tuple(FORECAST_DIMENSIONS)


def forecast_currencies(published: Published) -> list[str]:
    """Currencies that have a forecast, the largest quarter first."""
    frame = ask(
        published,
        """
        SELECT currency, max(landing) AS landing FROM marts.month_end
        GROUP BY currency ORDER BY landing DESC NULLS LAST, currency
        """,
    )
    return frame["currency"].to_list()


def landings(published: Published, *, measure: Measure, currency: str, dimension: ForecastDimension) -> pl.DataFrame:
    """value, name, period_kind, period, first_day, last_day, made_on, actual, assumed, expected_rest, landing, low_50,
    high_50, low_80,
    high_80, low_95, high_95, previous, change, days_left, status: a row per value and period; the dearest first."""
    return ask(
        published,
        f"""
        SELECT {_VALUE} AS value, {_NAME} AS name, period_kind, period, first_day, last_day, made_on,
            actual, assumed, expected_rest, landing, low_50, high_50, low_80, high_80, low_95, high_95, previous,
            change, days_left, status
        FROM marts.month_end
        WHERE measure = $measure AND currency = $currency AND dimension = $dimension
        ORDER BY max(landing) OVER (PARTITION BY vendor, month_end.value) DESC NULLS LAST, name, period_kind, first_day
        """,
        measure=f"{measure}_cost",
        currency=currency,
        dimension=dimension.lower(),
    )


def days_ahead(
    published: Published, *, measure: Measure, currency: str, dimension: ForecastDimension, value: str
) -> pl.DataFrame:
    """day, cost, low_50, high_50, low_80, high_80, low_95, high_95, method, events of one series; '' is no value."""
    return ask(
        published,
        f"""
        SELECT day, expected AS cost, low_50, high_50, low_80, high_80, low_95, high_95, method, events
        FROM marts.forecasts
        WHERE measure = $measure AND currency = $currency AND dimension = $dimension
            AND {_VALUE} = $value AND expected IS NOT NULL
        ORDER BY day
        """,
        measure=f"{measure}_cost",
        currency=currency,
        dimension=dimension.lower(),
        value=value,
    )


def days_before(
    published: Published, *, measure: Measure, currency: str, dimension: ForecastDimension, value: str, days: int = 62
) -> pl.DataFrame:
    """day, cost of one series: the last days through the one that its forecast stands on; 0 without a charge. None
    before its first charge, none at all of a SKU."""
    known = FORECAST_DIMENSIONS[dimension]
    costs, column = known or ("marts.tco_daily", "NULL")
    return ask(
        published,
        f"""
        WITH reach AS (
            SELECT CAST(max(made_on) - INTERVAL ({int(days)}) DAY AS DATE) AS first, max(made_on) AS last
            FROM marts.month_end
        ), spent AS (
            SELECT CAST(day AS DATE) AS day, sum({measure}_cost) AS cost FROM {costs}
            WHERE currency = $currency AND {column} = $value AND day >= (SELECT first FROM reach) GROUP BY ALL
        ), days AS (
            SELECT CAST(unnest(generate_series(
                (SELECT min(day) FROM spent), (SELECT last FROM reach), INTERVAL 1 DAY
            )) AS DATE) AS day
        )
        SELECT day, coalesce(cost, CAST(0 AS DECIMAL(38, 12))) AS cost FROM days LEFT JOIN spent USING (day)
        ORDER BY day
        """,
        currency=currency,
        value=value,
    )


def past_landings(
    published: Published, *, measure: Measure, currency: str, dimension: ForecastDimension, value: str
) -> pl.DataFrame:
    """month, about_day, made_on, landing, low_80, high_80, came, error_pct of one series: where whole months would have
    been said to land on earlier days, and what came; the latest month first."""
    return ask(
        published,
        f"""
        SELECT month, about_day, made_on, landing, low_80, high_80, came, error_pct FROM marts.forecast_landings
        WHERE measure = $measure AND currency = $currency AND dimension = $dimension AND {_VALUE} = $value
        ORDER BY month DESC, about_day
        """,
        measure=f"{measure}_cost",
        currency=currency,
        dimension=dimension.lower(),
        value=value,
    )


def series_names(published: Published, *, measure: Measure, currency: str) -> pl.DataFrame:
    """dimension, value, name of every series of a model, key or SKU, the dearest first."""
    return ask(
        published,
        f"""
        SELECT CASE dimension WHEN 'sku' THEN 'SKU' ELSE dimension END AS dimension, {_VALUE} AS value,
            any_value({_NAME}) || coalesce(' · ' || vendor, '') AS name
        FROM marts.month_end
        WHERE measure = $measure AND currency = $currency AND dimension IN ('model', 'key', 'sku')
        GROUP BY dimension, vendor, month_end.value ORDER BY max(landing) DESC NULLS LAST, name
        """,
        measure=f"{measure}_cost",
        currency=currency,
    )


def accuracy(published: Published, *, measure: Measure, currency: str, dimension: ForecastDimension) -> pl.DataFrame:
    """name, method, reason, origins, daily_error, day_5, day_10, day_15, day_20, coverage_80, coverage_95,
    history_days: how far off the chosen method was when it was asked to forecast the past; percent."""
    return ask(
        published,
        f"""
        SELECT {_NAME} AS name, replace(candidate, '_', ' ') AS method, reason, origins, daily_error,
            month_end_error_day_5 AS day_5, month_end_error_day_10 AS day_10, month_end_error_day_15 AS day_15,
            month_end_error_day_20 AS day_20, coverage_80, coverage_95, history_days
        FROM marts.forecast_accuracy
        WHERE chosen AND measure = $measure AND currency = $currency AND dimension = $dimension
        ORDER BY daily_error NULLS LAST, name
        """,
        measure=f"{measure}_cost",
        currency=currency,
        dimension=dimension.lower(),
    )
