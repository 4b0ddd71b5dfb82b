"""Small marts of the sample that sum up its larger ones, by plain Python; and what no other row of it tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from models.economics.estimated import ESTIMATED_DAILY
from models.economics.model_tokens import MODEL_TOKENS
from models.economics.repriced_models import REPRICED_MODELS
from models.economics.tco_monthly import TCO_MONTHLY
from models.economics.unpriced import UNPRICED_USAGE
from models.foresight.outlook import FORECAST_LANDINGS
from models.ledger.reconciliation_reasons import RECONCILIATION_DIFFERENCES, RECONCILIATION_REASONS
from models.table import Table
from tests.dashboards.sample_basics import HOSTILE
from tests.dashboards.sample_charges import attributed

Row = dict[str, Any]
_COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
_REPORTED = ("reporting_billed_cost", "reporting_effective_cost")


def tables(
    total_costs: list[Row], charges: list[Row], estimates: list[Row], lines: list[Row]
) -> dict[Table, list[Row]]:
    """Rows of each small mart, of the sample's own rows of the larger tables; `lines`: of its reconciliation."""
    return {
        TCO_MONTHLY: monthly(total_costs),
        MODEL_TOKENS: tokens(charges),
        ESTIMATED_DAILY: estimated(estimates),
        RECONCILIATION_REASONS: reasons(lines),
        RECONCILIATION_DIFFERENCES: differences(lines),
        UNPRICED_USAGE: unpriced(),
        REPRICED_MODELS: repriced(),
        FORECAST_LANDINGS: landings(),
    }


def _groups(rows: Iterable[Row], names: Sequence[str]) -> list[tuple[Row, list[Row]]]:
    """Rows that agree in all of these names, and what they agree in; in the order in which they first come."""
    found: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row.get(name) for name in names)].append(row)
    return [(dict(zip(names, key, strict=True)), part) for key, part in found.items()]


def _sum(rows: Iterable[Row], name: str) -> Decimal:
    return sum((row[name] for row in rows), Decimal(0))


def _sum_of_known(rows: Iterable[Row], name: str) -> Decimal | None:
    known = [row[name] for row in rows if row.get(name) is not None]
    return sum(known, Decimal(0)) if known else None


def monthly(total_costs: Iterable[Row]) -> list[Row]:
    """Rows of `marts.tco_monthly`: those of `marts.tco_daily`, added up."""
    names = [
        name for name in TCO_MONTHLY.polars_schema
        if not name.endswith(("_cost", "_without_rate")) and name not in ("first_day", "last_day")
    ]  # fmt: skip
    of_months = [row | {"month": f"{row['day']:%Y-%m}"} for row in total_costs]
    return [
        key
        | {name: _sum(rows, name) for name in _COSTS}
        | {name: _sum_of_known(rows, name) for name in _REPORTED}
        | {
            f"{name}_without_rate": _sum((row for row in rows if row["exchange_rate"] is None), name)
            for name in ("billed_cost", "effective_cost")
        }
        | {"first_day": min(row["day"] for row in rows).date(), "last_day": max(row["day"] for row in rows).date()}
        for key, rows in _groups(of_months, names)
    ]


def tokens(charges: Iterable[Row]) -> list[Row]:
    """Rows of `marts.model_tokens`: those of `marts.attributed_daily`, added up by month."""
    measured = {"charges", "quantity", *_COSTS, "unmeasured_effective_cost"}
    names = [name for name in MODEL_TOKENS.polars_schema if name not in measured]
    told = [row | {"month": f"{row['day']:%Y-%m}"} for row in attributed(charges)]
    return [
        key
        | {name: _sum(rows, name) for name in _COSTS}
        | {
            "charges": sum(row["charges"] for row in rows),
            "quantity": _sum_of_known(rows, "consumed_quantity"),
            "unmeasured_effective_cost": _sum(
                (row for row in rows if row["consumed_quantity"] is None), "effective_cost"
            ),
        }
        for key, rows in _groups(told, names)
    ]


def estimated(estimates: Iterable[Row]) -> list[Row]:
    """Rows of `marts.estimated_daily`: estimates of the sample, of the engineering team."""
    names = ("source", "billing_period", "window_start", "window_end", "kind", "reason", "model", "currency")
    return [
        {
            **{name: key[name] for name in ("source", "kind", "reason", "model", "currency")},
            "billing_month": key["billing_period"],
            "day": key["window_start"],
            "provider_name": "Anthropic",
            "service_name": "Claude API",
            "component": "model_apis",
            "layer": "models",
            "team": "engineering",
            "list_cost": _sum_of_known(rows, "list_cost"),
            "contracted_cost": _sum_of_known(rows, "contracted_cost"),
            "readings": len(rows),
            "unpriced_readings": sum(row["list_cost"] is None for row in rows),
            "uncontracted_readings": sum(row["contracted_cost"] is None for row in rows),
            "through": key["window_end"],
        }
        for key, rows in _groups(estimates, names)
    ]


def reasons(lines: Iterable[Row]) -> list[Row]:
    """Rows of `marts.reconciliation_reasons`: lines of the sample's reconciliation, added up."""
    told = [
        row | {"reason": row["reason"] or ("no price" if row["computed"] is None else "agrees")} for row in lines
    ]  # fmt: skip
    return [
        key
        | {
            "lines": len(rows),
            "reported": _sum_of_known(rows, "reported"),
            "computed": _sum_of_known(rows, "computed"),
            "difference": _sum(rows, "difference"),
            "first_day": min(row["window_start"] for row in rows).date(),
            "last_day": max(row["window_start"] for row in rows).date(),
        }
        for key, rows in _groups(told, ("source", "billing_period", "account_id", "match", "reason", "currency"))
    ]


def differences(lines: Iterable[Row]) -> list[Row]:
    """Rows of `marts.reconciliation_differences`: by size, what is late last, without what rounds to nothing."""
    differing = [row for row in lines if abs(row["difference"]) >= Decimal("0.005")]
    by_size = sorted(differing, key=lambda row: (row["reason"] == "late", -abs(row["difference"]), row["window_start"]))
    return [
        row | {"rank": rank, "day": row["window_start"].date()}
        for _, rows in _groups(by_size, ("source", "billing_period", "currency"))
        for rank, row in enumerate(rows, 1)
    ]


def unpriced() -> list[Row]:
    """Rows of `marts.unpriced_usage` of July: one of each standing; a model's name is markup."""

    def one(standing: str, model: str | None, quantity: str, billed: str | None, **more: Any) -> Row:
        return {
            "month": "2026-07",
            "source": "openai",
            "provider_name": "OpenAI",
            "model": model,
            "meter": "input",
            "unit": "Tokens",
            "processing_tier": "standard",
            "standing": standing,
            "component": "model_apis",
            "currency": "USD",
            "quantity": Decimal(quantity),
            "billed_cost": billed and Decimal(billed),
            "readings": 12,
            "first_day": date(2026, 7, 3),
            "last_day": date(2026, 7, 19),
            "cause": f"No price list has it ({standing}).",
            "remedy": "Declare its rate under contracts in outlay.yaml.",
        } | more

    return [
        one("billed", HOSTILE, "1220981283", "3662.94", team="search"),
        one("billed", None, "18092", "542.76", meter="code_sessions", unit="Sessions", team="support"),
        one("free", "omni-moderation-latest", "10046101118", "0", team="search"),
        one("late", HOSTILE, "24389729", None, team="search"),
        one("no bill", "claude-opus-5-5", "1180272970", None, source="anthropic", provider_name="Anthropic",
            processing_tier="priority", team="engineering"),
    ]  # fmt: skip


def repriced() -> list[Row]:
    """Rows of `marts.repriced_models` of June: two candidates of one model, one with a contract of ours."""

    def one(candidate: str, host: str, cost: str, **more: Any) -> Row:
        return {
            "month": "2026-06",
            "model": "gpt-5",
            "host_name": "OpenAI",
            "model_class": "frontier",
            "candidate_model": candidate,
            "candidate_host": host,
            "candidate_developer": "Anthropic",
            "currency": "USD",
            "tokens": Decimal(20_000_000),
            "compared_tokens": Decimal(20_000_000),
            "compared_share": Decimal(1),
            "list_cost": Decimal(1000),
            "contracted_cost": Decimal(800),
            "candidate_list_cost": Decimal(cost),
            "difference": Decimal(cost) - 1000,
            "assumptions": "Token counts are taken as they are; each day at its own price.",
        } | more

    return [
        one("claude-sonnet-4-5", "Anthropic", "740.5", candidate_contracted_cost=Decimal(700)),
        one(HOSTILE, "Google Cloud", "1310.25", compared_tokens=Decimal(15_000_000), compared_share=Decimal("0.75")),
    ]


def landings() -> list[Row]:
    """Rows of `marts.forecast_landings`: June of the total and of one team, ever nearer to what came."""

    def one(dimension: str, value: str | None, name: str, day: int, landing: str, came: str, **more: Any) -> Row:
        middle, end = Decimal(landing), Decimal(came)
        return {
            "measure": "effective_cost",
            "dimension": dimension,
            "value": value,
            "value_name": name,
            "currency": "USD",
            "month": "2026-06",
            "about_day": day,
            "made_on": date(2026, 6, day),
            "actual": end * day / 30,
            "landing": middle,
            "low_80": middle - 100,
            "high_80": middle + 100,
            "came": end,
            "error_pct": float((middle - end) * 100 / end),
        } | more

    return [
        one("total", None, "total", 5, "2700", "3000", low_80=None, high_80=None),
        one("total", None, "total", 10, "2850", "3000"),
        one("total", None, "total", 15, "3120", "3000"),
        one("total", None, "total", 20, "3030", "3000"),
        one("team", "search", "search", 10, "1500", "1250"),
        one("team", "search", "search", 20, "1300", "1250"),
    ]
