"""Rows of total cost, declared costs and unit costs of the sample: owners, components, a currency without a rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.dashboards.sample_basics import HOSTILE, LAST_DAY, at

Row = dict[str, Any]
_COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
_SHARED_BY = {"support": "help desk"}
"""Teams whose cost comes out of a pool, and which."""


def total_costs(charges: Iterable[Row], declared: Iterable[Row], rates: Mapping[str, Decimal]) -> list[Row]:
    """Rows of `marts.tco_daily`. `rates`: dollars for one of a currency; others have no reporting amounts."""
    rows = [*(row | _attributed(row) for row in charges), *map(_of_declared, declared)]
    return [row | _reported(row, rates.get(row["currency"])) for row in rows]


def _attributed(row: Row) -> Row:
    team = row["team"]
    pool = _SHARED_BY.get(team)
    is_known = row["provider_name"] != "Mistral"
    return {
        "origin": "charge",
        "allocation": "unallocated" if team is None else "shared" if pool else "direct",
        "pool": pool,
        "cost_centre": team and f"CC-{len(team)}",
        "component": "model_apis" if is_known else None,
        "layer": "models" if is_known else None,
    }


def _of_declared(row: Row) -> Row:
    cost = row["effective_cost"]
    return {
        "origin": "declared",
        "source": "declared",
        "billing_month": f"{row['day']:%Y-%m}",
        "provider_name": row["vendor"] or "ourselves",
        "service_name": row["name"],
        "charge_category": "Usage",
        "allocation": "direct" if row["team"] else "unallocated",
        **{name: row[name] for name in ("day", "component", "layer", "team", "currency")},
        **dict.fromkeys(_COSTS, cost),
        "billed_cost": Decimal(0),
    }


def _reported(row: Row, rate: Decimal | None) -> Row:
    reported = {
        f"reporting_{name}": None if rate is None else (row[name] * rate).quantize(Decimal("1e-12"))
        for name in ("billed_cost", "effective_cost")
    }
    return {"reporting_currency": "USD", "exchange_rate": rate} | reported


def declared() -> list[Row]:
    """Rows of `marts.declared_costs`: people since June; in July a subscription, invoiced from the 11th, and euros."""

    def one(name: str, kind: str, day: date, cost: str, **more: Any) -> Row:
        amount = Decimal(cost)
        counts = Decimal(0) if more.get("standing") == "invoiced" else amount
        return {
            "name": name,
            "kind": kind,
            "part": "people" if kind == "people" else "fee",
            "day": at(day),
            "vendor": None,
            "team": None,
            "component": "people_and_overheads",
            "layer": "people",
            "standing": "declared",
            "currency": "USD",
            "declared_cost": amount,
            "effective_cost": counts,
        } | more

    rows: list[Row] = []
    day = date(2026, 6, 1)
    while day <= LAST_DAY:
        rows.append(one("Platform people", "people", day, "30.125", team="platform"))
        if day >= date(2026, 7, 1):
            standing = "declared" if day < date(2026, 7, 11) else "invoiced"
            rows.append(one(HOSTILE, "subscription", day, "1.5", vendor=HOSTILE, standing=standing))
            rows.append(one("Labelling", "people", day, "40", currency="EUR"))
        day += timedelta(days=1)
    return rows


def unit_costs() -> list[Row]:
    """Rows of `marts.unit_costs` of June and July; July has euros too."""

    def one(measure: str, subject: str, month: str, quantity: str, cost: str, **more: Any) -> Row:
        count, amount = Decimal(quantity), Decimal(cost)
        each = (amount / count).quantize(Decimal("1e-12"))
        costs = {"effective": amount, "billed": amount, "contracted": amount, "list": amount * 2}
        units = {"effective": each, "billed": each, "contracted": each, "list": each * 2}
        return {
            "measure": measure,
            "subject": subject,
            "month": month,
            "currency": "USD",
            "unit": "1000000 Tokens",
            "quantity": count,
            "unmeasured_effective_cost": Decimal(0),
            **{f"{name}_cost": cost for name, cost in costs.items()},
            **{f"{name}_unit_cost": cost for name, cost in units.items()},
        } | more

    mix = {"cache_hit_share": Decimal("0.25"), "batch_share": Decimal("0.1")}
    euros = {"currency": "EUR"}
    hours = {"unit": "Accelerator-Hours", "host_name": "AWS", "region": "us-east-1"}
    return [
        one("tokens_blended", "all models", "2026-06", "400", "300"),
        one("tokens_blended", "gpt-5", "2026-06", "300", "240"),
        one("tokens_blended", "all models", "2026-07", "500", "425.5", **mix),
        one("tokens_blended", "gpt-5", "2026-07", "350", "300.25", **mix),
        one("tokens_blended", HOSTILE, "2026-07", "150", "125.25", **mix),
        one("tokens", "gpt-5", "2026-07", "300", "100.25", token_kind="input"),
        one("tokens", "gpt-5", "2026-07", "50", "200", token_kind="output"),
        one("accelerator_hour", "H100", "2026-07", "100", "690", pricing_kind="on_demand", **hours,
            unused_cost=Decimal(0), effective_cost_per_used_unit=Decimal("6.9")),
        one("accelerator_hour", "L4", "2026-07", "40", "33", pricing_kind="capacity_block", **hours,
            unused_cost=Decimal(11), effective_cost_per_used_unit=Decimal("1.1"), utilisation=Decimal("0.625")),
        one("business_unit", "customers", "2026-07", "80", "1000", unit="Customer"),
        one("business_unit", HOSTILE, "2026-07", "1000000", "2.5", unit="Request"),
        one("tokens_blended", "all models", "2026-07", "10", "8.1", **euros),
        one("tokens_blended", "m-1", "2026-07", "10", "8.1", **euros),
    ]  # fmt: skip


def idle() -> list[Row]:
    """Rows of `marts.idle_accelerators` of July: by team, by pool, and nobody's; one of two is measured."""

    def one(unused: str, used: str, measured: str | None, **owner: Any) -> Row:
        return {
            "month": "2026-07",
            "source": "aws",
            "accelerator_type": "H100",
            "currency": "USD",
            "used_hours": Decimal(10),
            "unused_hours": Decimal(2),
            "used_cost": Decimal(used),
            "unused_cost": Decimal(unused),
            "measured_idle_cost": measured and Decimal(measured),
        } | owner

    return [
        one("11.5", "33", "12.25", team="search"),
        one("4", "20", "1", team=HOSTILE),
        one("3", "20", None, team=HOSTILE, source="gcp"),
        one("2", "9", None, pool="reserved"),
        one("1", "8", "0"),
    ]
