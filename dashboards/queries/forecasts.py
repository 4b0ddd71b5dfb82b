"""What is coming: `marts.forecasts`, `marts.month_end` and `marts.forecast_accuracy`, and the days before them.

Each function says the columns of its answer; amounts are exact.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask, readable

ForecastDimension = Literal["total", "vendor", "team", "component", "model", "key"]
Measure = Literal["effective", "billed"]

_BY_KEY = """(
    SELECT day, currency, effective_cost, billed_cost, api_key_id FROM marts.daily_costs
    UNION ALL
    SELECT day, currency, effective_cost, billed_cost, NULL FROM marts.tco_daily WHERE origin = 'declared'
)"""
"""Of no key are declared costs, too: the series of keys add up to the total."""
FORECAST_DIMENSIONS: dict[ForecastDimension, tuple[str, str]] = {
    "total": ("marts.tco_daily", "NULL"),
    "vendor": ("marts.tco_daily", "provider_name"),
    "team": ("marts.tco_daily", "team"),
    "component": ("marts.tco_daily", "component"),
    "model": ("marts.tco_daily", "model"),
    "key": (_BY_KEY, "api_key_id"),
}
"""What is forecast and shown; the costs that its days are of, and its value there."""
_BILLED: tuple[ForecastDimension, ...] = ("total", "vendor", "team")
_NAME = f"CASE WHEN dimension = 'component' THEN {readable('value_name')} ELSE value_name END"


def dimensions(measure: Measure) -> tuple[ForecastDimension, ...]:
    """By what a measure is forecast."""
    return _BILLED if measure == "billed" else tuple(FORECAST_DIMENSIONS)


def forecast_currencies(published: Published) -> list[str]:
    """Currencies that have a forecast, the largest quarter first."""
    frame = ask(
        published,
        """
        SELECT currency, max(landing) AS landing FROM marts.month_end WHERE dimension = 'total'
        GROUP BY currency ORDER BY landing DESC NULLS LAST, currency
        """,
    )
    return frame["currency"].to_list()


def landings(published: Published, *, measure: Measure, currency: str, dimension: ForecastDimension) -> pl.DataFrame:
    """value, name, period_kind, period, first_day, last_day, made_on, actual, assumed, expected_rest, landing, low_80,
    high_80, low_95, high_95, previous, change, days_left, status: a row per value and period; the dearest first."""
    return ask(
        published,
        f"""
        SELECT coalesce(value, '') AS value, {_NAME} AS name, period_kind, period, first_day, last_day, made_on,
            actual, assumed, expected_rest, landing, low_80, high_80, low_95, high_95, previous, change, days_left,
            status
        FROM marts.month_end
        WHERE measure = $measure AND currency = $currency AND dimension = $dimension
        ORDER BY max(landing) OVER (PARTITION BY value) DESC NULLS LAST, name, period_kind, first_day
        """,
        measure=f"{measure}_cost",
        currency=currency,
        dimension=dimension,
    )


def days_ahead(
    published: Published, *, measure: Measure, currency: str, dimension: ForecastDimension, value: str
) -> pl.DataFrame:
    """day, cost, low_50, high_50, low_80, high_80, low_95, high_95, method, events of one series; '' is no value."""
    return ask(
        published,
        """
        SELECT day, expected AS cost, low_50, high_50, low_80, high_80, low_95, high_95, method, events
        FROM marts.forecasts
        WHERE measure = $measure AND currency = $currency AND dimension = $dimension
            AND coalesce(value, '') = $value AND expected IS NOT NULL
        ORDER BY day
        """,
        measure=f"{measure}_cost",
        currency=currency,
        dimension=dimension,
        value=value,
    )


def days_before(
    published: Published, *, measure: Measure, currency: str, dimension: ForecastDimension, value: str
) -> pl.DataFrame:
    """day, cost of one series from its first day through the one that its forecast stands on; 0 without a charge."""
    costs, column = FORECAST_DIMENSIONS[dimension]
    mine = "" if dimension == "total" else f"AND coalesce({column}, '') = $value"
    values = {} if dimension == "total" else {"value": value}
    return ask(
        published,
        f"""
        WITH spent AS (
            SELECT CAST(day AS DATE) AS day, sum({measure}_cost) AS cost FROM {costs}
            WHERE currency = $currency {mine} GROUP BY ALL
        ), days AS (
            SELECT CAST(unnest(generate_series(
                (SELECT min(day) FROM spent), (SELECT max(made_on) FROM marts.month_end), INTERVAL 1 DAY
            )) AS DATE) AS day
        )
        SELECT day, coalesce(cost, CAST(0 AS DECIMAL(38, 12))) AS cost FROM days LEFT JOIN spent USING (day)
        ORDER BY day
        """,
        currency=currency,
        **values,
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
        dimension=dimension,
    )
