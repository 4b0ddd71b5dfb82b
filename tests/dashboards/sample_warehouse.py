"""A small published warehouse with the real tables' columns, and the same facts as plain Python rows.

Pages are tested against sums of `rows`, which no SQL has touched. It holds what is awkward: a vendor's name that is
markup, a second currency, a credit, a month before that is longer than this one so far, usage without a price, a
failing source, a proof that fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from models.control.budget_costs import budget_costs
from models.control.budget_status import BUDGET_STATUS, budget_status
from models.control.budget_thresholds import BUDGET_THRESHOLDS, budget_thresholds
from models.control.budgets import Budget
from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.idle_accelerators import IDLE_ACCELERATORS
from models.economics.tco import TCO_DAILY
from models.economics.unit_costs import UNIT_COSTS
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.focus import COST_AND_USAGE
from models.ledger.operations import FINDINGS, FRESHNESS_TABLE, LOADS, NAMES, PUBLICATION, RESTATEMENTS
from models.ledger.reconciliation import RECONCILIATION
from models.ledger.rollup import DAILY_COSTS
from models.ledger.trust import CHECKS
from models.table import Table
from tests.dashboards import (
    sample_agreements,
    sample_bills,
    sample_budgets,
    sample_charges,
    sample_costs,
    sample_foresight,
    sample_marts,
)
from tests.dashboards.sample_basics import HOSTILE, LAST_DAY, MONTHS, at

BUDGETS = (
    Budget("AI, whole company", Decimal(2500), thresholds_pct=(80, 100)),
    Budget("Search", Decimal(4000), scope={"team": ("search",)}, thresholds_pct=(80,)),
    Budget("Typo", Decimal(10), scope={"team": ("serch",)}),
    Budget("Models, quarter", Decimal(90000), period="quarter", scope={"model": ("gpt-*", "claude-*")}),
    Budget("Last week", Decimal(5000), period="rolling", days=7, cost_basis="effective"),
)

_SERVICES = (
    # source, vendor, service, project, team, model, dollars a day on the 1st of May
    ("openai", "OpenAI", "OpenAI API", "Search", "search", "gpt-5", "31.004"),
    ("openai", "OpenAI", "OpenAI API", "Search", "search", "gpt-5-mini", "4.25"),
    ("openai", "OpenAI", "OpenAI API", "Support desk", "support", "gpt-5-mini", "11.1"),
    ("openai", "OpenAI", "OpenAI API", HOSTILE, None, "text-embedding-3-large", "1.005"),
    ("anthropic", "Anthropic", "Claude API", "Engineering", "engineering", "claude-opus-4-5", "42.5"),
    ("anthropic", "Anthropic", "Claude API", "Engineering", "engineering", "claude-sonnet-4-5", "23.75"),
    ("anthropic", "Anthropic", "Claude API", "Research", "research", "claude-haiku-4-5", "3.333333333333"),
    ("anthropic", "Anthropic", "Claude API", "Research", HOSTILE, HOSTILE, "0.5"),
)


def filled(table: Table, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows in the table's columns, what is not given null; the contract is kept."""
    columns = list(table.polars_schema)
    return table.check(
        pl.DataFrame([[row.get(name) for name in columns] for row in rows], schema=table.polars_schema, orient="row")
    )


def charges() -> list[dict[str, Any]]:
    """Rows of `marts.daily_costs`, made by arithmetic."""
    rows: list[dict[str, Any]] = []
    day = date(2026, 5, 1)
    while day <= LAST_DAY:
        for place, (source, vendor, service, project, team, model, dollars) in enumerate(_SERVICES):
            if source == "anthropic" and day == LAST_DAY:
                continue  # one vendor reports a day later than the other
            weekday = Decimal("0.4") if day.weekday() >= 5 else Decimal(1)
            growth = 1 + Decimal((day - date(2026, 5, 1)).days) / 200
            cost = (Decimal(dollars) * weekday * growth).quantize(Decimal("1e-9"))
            rows.append(_charge(day, cost, source, vendor, service, project, team, model, place))
        day += timedelta(days=1)
    rows.append(
        _charge(date(2026, 7, 3), Decimal(-75), "openai", "OpenAI", "OpenAI API", None, None, None, 0)
        | {"charge_category": "Credit", "match": "unmatched", "price_status": None, "unit": None, "meter": None}
    )
    rows.append(
        _charge(date(2026, 7, 2), Decimal("812.5"), "europe", "Mistral", "La Plateforme", "Paris", "search", "m-1", 1)
        | {"currency": "EUR"}
    )
    return rows


def _charge(
    day: date, cost: Decimal, source: str, vendor: str, service: str, project: str | None, team: str | None,
    model: str | None, place: int,
) -> dict[str, Any]:  # fmt: skip
    return {
        "source": source,
        "billing_month": f"{day:%Y-%m}",
        "day": at(day),
        "provider_name": vendor,
        "service_name": service,
        "billing_account_id": f"{source}-org",
        "project_id": project and f"proj_{place}",
        "project_name": project,
        "team": team,
        "model": model,
        "meter": "input",
        "token_kind": "input",
        "processing_tier": "standard",
        "charge_category": "Usage",
        "match": "matched",
        "price_status": "priced",
        "cost_status": "provisional",
        "currency": "USD",
        "unit": "Tokens",
        "charges": 3,
        "billed_cost": cost,
        "effective_cost": cost,
        "list_cost": cost * Decimal("1.25"),
        "contracted_cost": cost,
        "consumed_quantity": Decimal(1_000_000),
    }


def estimates() -> list[dict[str, Any]]:
    def one(kind: str, day: date, cost: str | None, reason: str) -> dict[str, Any]:
        return {
            "source": "anthropic",
            "billing_period": f"{day:%Y-%m}",
            "provider": "anthropic",
            "stream": "messages",
            "window_start": at(day),
            "window_end": at(day + timedelta(days=1)),
            "account_id": "anthropic-org",
            "processing_tier": "standard",
            "kind": kind,
            "reason": reason,
            "price_status": "unpriced" if cost is None else "priced",
            "list_cost": cost and Decimal(cost) * 2,
            "contracted_cost": cost and Decimal(cost),
            "currency": "USD",
        }

    return [
        one("accrued", LAST_DAY, "61.25", "late"),
        one("accrued", LAST_DAY + timedelta(days=1), "70.005", "late"),
        one("notional", date(2026, 7, 4), "12.3", "missing bill"),
        one("notional", date(2026, 7, 5), None, "tier"),
        one("accrued", date(2026, 6, 30), "1000", "late"),
    ]


@dataclass
class Sample:
    """One publication under way: change its rows, then `publish`. `now` is when it is published."""

    now: datetime
    charges: list[dict[str, Any]] = field(default_factory=charges)
    estimates: list[dict[str, Any]] = field(default_factory=estimates)
    declared: list[dict[str, Any]] = field(default_factory=sample_costs.declared)
    rates: dict[str, Decimal] = field(default_factory=lambda: {"USD": Decimal(1)})
    unit_costs: list[dict[str, Any]] = field(default_factory=sample_costs.unit_costs)
    idle: list[dict[str, Any]] = field(default_factory=sample_costs.idle)
    accelerators: list[dict[str, Any]] = field(default_factory=sample_charges.accelerators)
    agreements: dict[Table, list[dict[str, Any]]] = field(default_factory=sample_agreements.tables)
    foresight: dict[Table, list[dict[str, Any]]] = field(default_factory=sample_foresight.tables)
    bills: dict[Table, list[dict[str, Any]]] = field(default_factory=sample_bills.tables)
    stale_source: bool = True
    failing_proof: bool = True

    @property
    def total_costs(self) -> list[dict[str, Any]]:
        """Rows of `marts.tco_daily`: charges and declared costs, in dollars as far as `rates` has a rate."""
        return sample_costs.total_costs(self.charges, self.declared, self.rates)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Rows of `marts.attributed_daily` behind what was charged."""
        return sample_charges.attributed(self.charges)

    def tables(self) -> dict[Table, pl.DataFrame]:
        costs = filled(TCO_DAILY, self.total_costs)
        of_budgets = budget_costs(costs, BUDGETS)
        statuses = budget_status(of_budgets, BUDGETS, as_of=LAST_DAY)
        return {
            DAILY_COSTS: filled(DAILY_COSTS, self.charges),
            TCO_DAILY: costs,
            ATTRIBUTED_DAILY: filled(ATTRIBUTED_DAILY, [*self.lines, *self.accelerators]),
            COST_AND_USAGE: filled(COST_AND_USAGE, sample_charges.focus(self.lines)),
            DECLARED_COSTS: filled(DECLARED_COSTS, self.declared),
            UNIT_COSTS: filled(UNIT_COSTS, self.unit_costs),
            IDLE_ACCELERATORS: filled(IDLE_ACCELERATORS, self.idle),
            **{table: filled(table, rows) for table, rows in (self.agreements | self.foresight | self.bills).items()},
            USAGE_ESTIMATES: filled(USAGE_ESTIMATES, self.estimates),
            BUDGET_STATUS: statuses,
            BUDGET_THRESHOLDS: budget_thresholds(of_budgets, statuses, BUDGETS),
            **{
                table: filled(table, rows)
                for table, rows in sample_budgets.tables(statuses, of_budgets, BUDGETS).items()
            },
            RECONCILIATION: filled(RECONCILIATION, _reconciliation()),
            **{
                table: filled(table, rows)
                for table, rows in sample_marts.tables(
                    self.total_costs, self.charges, self.estimates, _reconciliation()
                ).items()
            },
            CHECKS: filled(CHECKS, [*_measures(self.charges), *_proofs(self.failing_proof)]),
            FRESHNESS_TABLE: filled(FRESHNESS_TABLE, _freshness(self.now, self.stale_source)),
            LOADS: filled(LOADS, _loads(self.now)),
            RESTATEMENTS: filled(RESTATEMENTS, _restatements(self.now)),
            NAMES: filled(NAMES, _names(self.now)),
            FINDINGS: filled(FINDINGS, _findings()),
        }

    def publish(self, home: Path, version: str = "outlay-0001") -> Path:
        """Write the version's file and switch the symlink, as publishing does."""
        folder = home / "warehouse"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{version}.duckdb"
        tables = self.tables() | {PUBLICATION: filled(PUBLICATION, [_publication(version, self.now)])}
        with duckdb.connect(str(file)) as connection:
            for table, frame in tables.items():
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
                connection.register("incoming", frame.to_arrow())
                connection.execute(f"CREATE TABLE {table.qualified_name} AS SELECT * FROM incoming")
                connection.unregister("incoming")
        link = folder / "next"
        link.unlink(missing_ok=True)
        link.symlink_to(file.name)
        link.replace(folder / "outlay.duckdb")
        return file


def _publication(version: str, now: datetime) -> dict[str, Any]:
    through = at(LAST_DAY + timedelta(days=2))
    return {"version": version, "published_at": now, "data_through": through, "sources": 3, "loads": 7}


def _reconciliation() -> list[dict[str, Any]]:
    def one(reason: str | None, reported: str | None, computed: str | None, day: int, model: str) -> dict[str, Any]:
        return {
            "source": "openai",
            "billing_period": "2026-07",
            "window_start": at(date(2026, 7, day)),
            "window_end": at(date(2026, 7, day + 1)),
            "account_id": "openai-org",
            "line_id": f"line-{day}-{reason}" if reported else None,
            "description": f"{model}, cached input {HOSTILE}",
            "project_name": "Search",
            "model": model,
            "meter": "cache_read",
            "processing_tier": "standard",
            "match": "matched" if reported and computed else "unmatched_bill" if reported else "unmatched_usage",
            "reported": reported and Decimal(reported),
            "computed": computed and Decimal(computed),
            "difference": Decimal(reported or 0) - Decimal(computed or 0),
            "reason": reason,
            "currency": "USD",
        }

    return [
        one(None, "1500.25", "1500.25", 1, "gpt-5"),
        one("cache", "40.5", "4.05", 6, "gpt-5"),
        one("cache", "38.5", "3.85", 7, "gpt-5"),
        one("price", "24", "20", 9, "gpt-5-mini"),
        one("late", None, "61.25", 20, "claude-opus-4-5"),
        one("missing usage", "3.12", None, 12, "code execution"),
        one("rounding", "0.000001", "0.0000014", 12, "gpt-5"),
    ]


def _measures(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    months = {(row["source"], row["billing_month"], row["currency"]) for row in rows}
    known = {"matched": "0.99731", "priced": "0.985", "attributed": "1", "owned": "0.9512", "invoiced": "0"}
    return [
        {
            "check": measure,
            "kind": "measure",
            "source": source,
            "billing_period": month,
            "currency": currency,
            "cost_basis": "billed",
            "expected": Decimal(1000),
            "actual": Decimal(1000) * Decimal(share),
            "difference": Decimal(1000) * (Decimal(share) - 1),
        }
        for source, month, currency in sorted(months)
        for measure, share in known.items()
    ]  # fmt: skip


def _proofs(one_fails: bool) -> list[dict[str, Any]]:
    rows = [
        {
            "check": check,
            "kind": "proof",
            "source": source,
            "billing_period": month,
            "currency": "USD",
            "cost_basis": "billed",
            "expected": Decimal("3104.55"),
            "actual": Decimal("3104.55"),
            "difference": Decimal(0),
            "passed": True,
            "detail": "Charges add up to what the vendor says it charges.",
        }
        for check in ("charges = bill lines", "rollup = charges", "token kinds = vendor's totals")
        for source in ("openai", "anthropic")
        for month in MONTHS
    ]
    if one_fails:
        rows[0] |= {"passed": False, "actual": Decimal("3104.56"), "difference": Decimal("0.01")}
    return rows


def _freshness(now: datetime, one_fails: bool) -> list[dict[str, Any]]:
    pulled = now - timedelta(hours=2)
    good = {
        "status": "fresh",
        "last_success_at": pulled,
        "last_attempt_at": pulled,
        "last_outcome": "committed",
        "data_through": at(LAST_DAY + timedelta(days=1)),
        "stale_after": now + timedelta(hours=34),
    }
    failed = {
        "status": "failing",
        "last_success_at": now - timedelta(days=3),
        "last_outcome": "failed",
        "stale_after": now - timedelta(days=1),
        "message": "anthropic · cost_report · 2026-07: the key was refused (401)",
        "remedy": "make an admin key at the vendor and set ANTHROPIC_ADMIN_KEY",
    }
    return [
        {"source": "openai"} | good,
        {"source": "anthropic"} | good | (failed if one_fails else {}),
        {"source": "europe"} | good | {"last_outcome": "unchanged"},
    ]


def _loads(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "load_id": number,
            "source": source,
            "billing_period": month,
            "is_current": number > 1,
            "started_at": now - timedelta(hours=3),
            "pulled_at": now - timedelta(hours=2, minutes=10),
            "committed_at": now - timedelta(hours=2) + timedelta(minutes=number),
            "data_through": at(LAST_DAY),
            "issuer": source,
            "period_status": "Open",
            "answers": 41,
            "charges": 12_345,
            "meter_readings": 45_678,
            "bill_lines": 910,
            "size_bytes": 1_234_567,
        }
        for number, (source, month) in enumerate(
            [("openai", "2026-07"), *((source, month) for source in ("openai", "anthropic") for month in MONTHS)], 1
        )
    ]


def _restatements(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "load_id": 2,
            "replaced_load_id": 1,
            "source": "openai",
            "billing_period": "2026-07",
            "detected_at": now - timedelta(hours=2),
            "day": date(2026, 7, day),
            "measure": measure,
            "account_id": "openai-org",
            "project_id": "proj_0",
            "model": "gpt-5",
            "before": Decimal(before),
            "after": Decimal(after),
            "difference": Decimal(after) - Decimal(before),
            "unit": unit,
        }
        for day, measure, before, after, unit in (
            (11, "billed_cost", "41.5", "44.02", "USD"),
            (11, "consumed_quantity", "1000000", "1061000", "Tokens"),
            (12, "billed_cost", "40", "38.75", "USD"),
        )
    ]


def _names(now: datetime) -> list[dict[str, Any]]:
    seen = {"first_seen": now - timedelta(days=80), "last_seen": now}
    return [{"source": "openai", "kind": "project", "id": "proj_0", "name": "Search"} | seen]


def _findings() -> list[dict[str, Any]]:
    return [
        {
            "load_id": 2,
            "source": "openai",
            "billing_period": "2026-07",
            "kind": "unknown field",
            "detail": f"results[].shiny_new_field {HOSTILE}",
            "count": 1204,
        }
    ]
