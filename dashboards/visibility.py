"""What people of some teams see of each table: rows that are these teams' alone, and nothing of what is not said here.

Pages read a connection on which every table is narrowed so (`narrow`), Explore is granted the same (`grants`). A table
that is not named is empty, and a test asks for a decision on every one. People who may see everything read the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from models.control.access import OF_BUDGETS, Person, team_alone
from models.control.alerts import Alert
from pipelines.door import Grant
from pipelines.sql_text import identifier, literal, qualified

_FILE = "published"


@dataclass(frozen=True)
class Narrowing:
    """Rows whose `column` names one of the teams, and whose other columns are as in `only`.

    `where` is SQL that must hold besides; `within`: instead of all that, rows whose column is among those of another
    table's narrowed rows.
    """

    column: str = "team"
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    where: str | None = None
    within: str | None = None


_BY_TEAM = Narrowing()
_TEAMS_ROWS = Narrowing("value", {"dimension": ("team",)})
_HEADS = "SELECT incident_id FROM marts.anomalies WHERE is_head"
_BUDGET_KINDS = ", ".join(f"'{kind}'" for kind in OF_BUDGETS)
# the same as models.control.access.team_alone
_ALONE = f"""(
    kind = 'residency'
    OR kind = 'anomaly' AND subject = 'team ' || team
    OR kind IN ({_BUDGET_KINDS}) AND list_contains(string_split(scope, ' · '), 'team ' || team)
)"""

NARROWED: Mapping[str, Narrowing] = {
    "marts.attributed_daily": _BY_TEAM,
    "marts.tco_daily": _BY_TEAM,
    "marts.tco_monthly": _BY_TEAM,
    "marts.estimated_daily": _BY_TEAM,
    "marts.declared_costs": _BY_TEAM,
    "marts.model_tokens": _BY_TEAM,
    "marts.unpriced_usage": _BY_TEAM,
    "usage.accelerator_utilisation": _BY_TEAM,
    "marts.idle_accelerators": _BY_TEAM,
    "marts.residency": _BY_TEAM,
    "marts.statements": _BY_TEAM,
    "marts.single_provider_use_cases": Narrowing("use_name", {"use_kind": ("team",)}),
    "marts.budget_status": _BY_TEAM,
    "marts.budget_thresholds": _BY_TEAM,
    "marts.budget_outlook": _BY_TEAM,
    "marts.budget_forecasts": _BY_TEAM,
    "marts.budget_days": _BY_TEAM,
    "marts.burn_rates": _BY_TEAM,
    "marts.cost_changes": _TEAMS_ROWS,
    "marts.forecasts": _TEAMS_ROWS,
    "marts.month_end": _TEAMS_ROWS,
    "marts.forecast_accuracy": _TEAMS_ROWS,
    "marts.forecast_landings": _TEAMS_ROWS,
    # not by of_team: that is the team of most of it
    "marts.anomalies": _TEAMS_ROWS,
    "marts.anomaly_causes": Narrowing("incident_id", within=_HEADS),
    "marts.anomaly_days": Narrowing("incident_id", within=_HEADS),
    "marts.alert_conditions": Narrowing(where=_ALONE),
    "ops.alerts": Narrowing(where=_ALONE),
}
"""How each table is narrowed to teams."""

PUBLIC = frozenset({"prices.price_book", "ops.publication", "ops.freshness"})
"""Tables that say nothing of anybody's costs: everybody sees them whole."""

WITHHELD = frozenset(
    {
        # charges and usage as vendors tell them: by project and key, before anybody owns them
        "usage.meter_readings", "usage.bill_lines", "usage.accelerators", "estimates.usage_estimates",
        "focus.cost_and_usage", "focus.cost_and_usage_as_booked", "focus.corrections", "focus.invoice_detail",
        "marts.daily_costs", "marts.reconciliation", "marts.reconciliation_reasons", "marts.reconciliation_differences",
        "marts.invoice_reconciliation", "marts.price_disputes", "marts.unmatched_spend", "marts.accelerator_rates",
        "ops.checks", "ops.loads", "ops.restatements", "ops.findings", "ops.names",
        # sums over the whole organisation
        "marts.unit_costs", "marts.driver_costs", "marts.repriced_models", "marts.vendor_concentration",
        "marts.break_even", "marts.anomaly_detection",
        # agreements with vendors, and what is left of them
        "marts.contracts", "marts.commitments", "marts.commitment_burn_down", "focus.contract_commitment",
        "focus.billing_period",
        # names of events, rules and alerts that may be others'
        "marts.forecast_events", "marts.alert_rules", "ops.alert_events", "ops.alert_notices", "ops.alert_posts",
        "ops.alert_deliveries", "ops.alert_requests",
    }
)  # fmt: skip
"""Tables of which people of some teams see no row. What is named nowhere is withheld, too."""


def narrow(connection: duckdb.DuckDBPyConnection, file: Path, teams: tuple[str, ...]) -> None:
    """Attach the published file, read-only, and put a view of what these teams may see in the place of every table.

    `connection` is an empty database in memory. Raises `duckdb.Error` where the file cannot be read.
    """
    connection.execute(f"ATTACH {literal(file)} AS {_FILE} (READ_ONLY)")
    told = connection.execute(
        "SELECT schema_name, table_name, list((column_name, data_type) ORDER BY column_index) "
        "FROM duckdb_columns() WHERE database_name = ? AND NOT internal GROUP BY ALL",
        [_FILE],
    ).fetchall()
    for schema in sorted({schema for schema, _, _ in told}):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
    # those that look into another one come after it
    for schema, table, columns in sorted(told, key=lambda each: _looks_within(f"{each[0]}.{each[1]}")):
        view = f"CREATE VIEW {qualified(schema, table)} AS "
        name, source = f"{schema}.{table}", qualified(_FILE, schema, table)
        if name in PUBLIC:
            connection.execute(f"{view} FROM {source}")
            continue
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(column)}" for column, kind in columns)
        try:
            rows = f"FROM {source} WHERE {_condition(NARROWED[name], teams)}"
            connection.execute(view + rows)
        except (KeyError, duckdb.BinderException):  # withheld, or published before it had that column
            connection.execute(f"{view} SELECT {nothing} WHERE false")


def grants(teams: tuple[str, ...]) -> list[Grant]:
    """What people of these teams are granted in SQL: of the tables above what a list of values can narrow."""
    by_values = {name: each for name, each in NARROWED.items() if each.where is None and each.within is None}
    return [
        *(Grant(name) for name in sorted(PUBLIC)),
        *(Grant(name, only={each.column: teams, **each.only}) for name, each in by_values.items()),
    ]


def alerts_of(person: Person, alerts: Iterable[Alert]) -> list[Alert]:
    """Of the control store's alerts those that the person may see: of somebody of some teams, these teams' alone."""
    return [alert for alert in alerts if person.teams is None or person.may_see(team_of(alert))]


def team_of(alert: Alert) -> str | None:
    """The team whose costs alone an alert tells of; None of several."""
    condition = alert.condition
    return team_alone(condition.kind, condition.team, condition.key.scope, condition.subject)


def _looks_within(name: str) -> bool:
    return name in NARROWED and NARROWED[name].within is not None


def _condition(narrowing: Narrowing, teams: tuple[str, ...]) -> str:
    if narrowing.within is not None:
        return f"{identifier(narrowing.column)} IN ({narrowing.within})"
    allowed = {narrowing.column: teams, **narrowing.only}
    parts = [f"{identifier(column)} IN ({', '.join(map(literal, values))})" for column, values in allowed.items()]
    return " AND ".join([*parts, *([narrowing.where] if narrowing.where else [])])
