"""The marts of a long history: charges by the million, made up in DuckDB and added up to the grain of the marts.

The tables that grow with the number of charges are made anew (owners, components, models, regions and days of an
organisation of a hundred teams); the others, which grow with the organisation or the calendar, stay as the publication
has them that is begun from. What is measured is what pages read: nothing here stands for the lake.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

MONTHS = 36
CHARGES_A_ROW = 20
"""How many charges of a day have team, model, meter, region and so on in common: 100 million are 5 million rows."""
_COMBINATIONS = """
CREATE TEMP TABLE combinations AS
SELECT combination,
    'source-' || combination % 12 AS source,
    ['OpenAI', 'Anthropic', 'Google', 'Mistral', 'AWS', 'Azure', 'CoreWeave', 'Databricks'][combination % 8 + 1]
        AS provider_name,
    'service-' || combination % 40 AS service_name,
    'account-' || combination % 12 AS billing_account_id,
    'proj_' || combination % 600 AS project_id, 'Project ' || combination % 600 AS project_name,
    'region-' || combination % 9 AS region,
    'model-' || lpad(CAST(combination % 45 AS VARCHAR), 2, '0') AS model,
    ['input', 'output', 'cache_read', 'cache_write', 'request'][combination % 5 + 1] AS meter,
    ['standard', 'batch', 'priority'][combination % 3 + 1] AS processing_tier,
    ['model_apis', 'accelerators', 'vector_databases', 'observability', 'gateways'][combination % 5 + 1] AS component,
    ['models', 'compute', 'data', 'operations', 'operations'][combination % 5 + 1] AS layer,
    CASE WHEN combination % 41 = 0 THEN NULL ELSE 'team-' || lpad(CAST(combination % 100 AS VARCHAR), 2, '0') END
        AS team,
    'product-' || combination % 30 AS product, 'use case ' || combination % 70 AS use_case,
    ['production', 'staging', 'development'][combination % 3 + 1] AS environment
FROM range($combinations) AS made(combination)
"""

_DAYS = """
CREATE TEMP TABLE days AS
SELECT number % $combinations AS combination,
    CAST($first + to_days(CAST(number // $a_day AS INTEGER)) AS TIMESTAMPTZ) AS day,
    count(*) AS charges, sum(CAST(number % 997 AS DECIMAL(38, 12)) / 1000) AS cost
FROM range($charges) AS made(number) GROUP BY ALL
"""
_COSTS = """cost AS billed_cost, cost AS effective_cost, CAST(cost * 1.25 AS DECIMAL(38, 12)) AS list_cost,
    cost AS contracted_cost"""
_SHARED = f"""strftime(day, '%Y-%m') AS billing_month, day, charges, 'USD' AS currency, 'Usage' AS charge_category,
    provider_name AS host_name, provider_name AS issuer_name, provider_name AS developer_name,
    'provisional' AS cost_status,
    'CC-' || substr(team, 6) AS cost_centre, {_COSTS}"""


def grow(published: Path, out: Path, charges: int) -> int:
    """Write to `out` the publication `published` with the marts of so many charges over 36 months up to its last day.

    Returns the rows of marts.tco_daily.
    """
    shutil.copy(published, out)
    with duckdb.connect(str(out)) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        last = warehouse.execute("SELECT CAST(max(day) AS DATE) FROM marts.tco_daily").fetchone()
        assert last is not None
        first = warehouse.execute("SELECT CAST($1 - to_months($2) AS DATE)", [last[0], MONTHS]).fetchone()
        assert first is not None
        a_day = charges // (last[0] - first[0]).days + 1
        combinations = max(a_day // CHARGES_A_ROW, 1)
        warehouse.execute(_COMBINATIONS, {"combinations": combinations})
        warehouse.execute(_DAYS, {"combinations": combinations, "first": first[0], "a_day": a_day, "charges": charges})
        for table in _ROWS:
            _fill(warehouse, table)
        warehouse.execute("CHECKPOINT")
        rows = warehouse.execute("SELECT count(*) FROM marts.tco_daily").fetchone()
        assert rows is not None
        return rows[0]


_ROLLED_UP = """strftime(day, '%Y-%m') AS month, * EXCLUDE (day, charges, billed_cost, effective_cost, list_cost,
    contracted_cost), sum(charges) AS charges, sum(billed_cost) AS billed_cost, sum(effective_cost) AS effective_cost,
    sum(list_cost) AS list_cost, sum(contracted_cost) AS contracted_cost"""
_DAILY = f"SELECT combinations.* EXCLUDE (combination), {_SHARED} FROM days JOIN combinations USING (combination)"
_OF_TOTAL = """'charge' AS origin, if(team IS NULL, 'unallocated', 'direct') AS allocation,
    'USD' AS reporting_currency, billed_cost AS reporting_billed_cost, effective_cost AS reporting_effective_cost"""
_ROWS = {
    "marts.attributed_daily": f"""SELECT *, meter AS token_kind, 'Tokens' AS unit, 'priced' AS price_status,
        CAST(charges AS DECIMAL(38, 12)) * 1000 AS consumed_quantity FROM ({_DAILY}) ORDER BY billing_month, day""",
    "marts.tco_daily": f"SELECT *, {_OF_TOTAL}, 1 AS exchange_rate FROM ({_DAILY}) ORDER BY day",
    "marts.tco_monthly": f"""SELECT *, {_OF_TOTAL}, 0 AS billed_cost_without_rate, 0 AS effective_cost_without_rate,
        last_day(first_day) AS last_day
        FROM (SELECT {_ROLLED_UP}, CAST(date_trunc('month', min(day)) AS DATE) AS first_day
            FROM (SELECT * EXCLUDE (region, meter, processing_tier) FROM ({_DAILY})) GROUP BY ALL) ORDER BY month""",
    "marts.model_tokens": f"""SELECT *, meter AS token_kind, 'Tokens' AS unit, 'priced' AS price_status,
        CAST(charges AS DECIMAL(38, 12)) * 1000 AS quantity, 0 AS unmeasured_effective_cost
        FROM (SELECT {_ROLLED_UP} FROM ({_DAILY}) GROUP BY ALL) ORDER BY month""",
}
"""The query that makes each table; columns that the table does not have are left out."""


def _fill(warehouse: duckdb.DuckDBPyConnection, table: str) -> None:
    made = _ROWS[table]
    columns = {row[0] for row in warehouse.execute(f"DESCRIBE {table}").fetchall()}
    offered = {row[0] for row in warehouse.execute(f"DESCRIBE {made}").fetchall()}
    named = ", ".join(f'"{name}"' for name in sorted(columns & offered))
    warehouse.execute(f"DELETE FROM {table}; INSERT INTO {table} BY NAME SELECT {named} FROM ({made})")
