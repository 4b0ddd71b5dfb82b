"""Rows of the sample about what binds us: commitments, contracts, vendors, places, and the way out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from models.economics.commitments import COMMITMENT_BURN_DOWN, COMMITMENTS
from models.economics.contracts import CONTRACTS
from models.economics.residency import RESIDENCY
from models.economics.self_hosting import BREAK_EVEN
from models.economics.single_vendors import SINGLE_PROVIDER_USE_CASES
from models.economics.vendors import VENDOR_CONCENTRATION
from models.table import Table
from tests.dashboards.sample_basics import HOSTILE, LAST_DAY, at

Row = dict[str, Any]
MONTH = "2026-07"
# the vendor gives it no name but its id
PLAN = "arn:aws:savingsplans::1047:savingsplan/3f6c0a41-5c1d7e20a001"


def tables() -> dict[Table, list[Row]]:
    return {
        COMMITMENTS: commitments(),
        COMMITMENT_BURN_DOWN: burn_down(),
        CONTRACTS: contracts(datetime.now(UTC).date()),
        VENDOR_CONCENTRATION: concentration(),
        SINGLE_PROVIDER_USE_CASES: single_vendors(),
        RESIDENCY: residency(),
        BREAK_EVEN: break_even(),
    }


def commitments() -> list[Row]:
    """A savings plan without name or term, credits that expire, a commitment to spend; in euros another one."""

    def one(name: str, kind: str, used: str, unused: str, **more: Any) -> Row:
        both = {"used": Decimal(used), "unused": Decimal(unused)}
        cost = both["used"] + both["unused"]
        return {
            "commitment_id": name if name == PLAN else f"id of {name}",
            "name": name,
            "kind": kind,
            "source": "aws",
            "issuer_name": "Amazon Web Services, Inc.",
            "billing_month": MONTH,
            "as_of": LAST_DAY,
            "currency": "USD",
            "paid": cost,
            **both,
            "amortised_cost": cost,
            "utilisation_pct": (both["used"] * 100 / cost).quantize(Decimal("1e-12")),
            "cumulative_paid": cost,
            "cumulative_used": both["used"],
            "cumulative_unused": both["unused"],
            "prepaid_balance": Decimal(0),
            "daily_rate": Decimal(0),
        } | more

    term = {"term_start": date(2026, 7, 1), "term_end": date(2026, 8, 1)}
    year = {"term_start": date(2026, 1, 1), "term_end": date(2027, 1, 1), "committed_amount": Decimal(90_000)}
    return [
        one(PLAN, "savings_plan", "1768.5", "331.1", coverage_pct=Decimal("86.04")),
        one(HOSTILE, "prepaid_credits", "500", "20.25", **term, committed_amount=Decimal(1000),
            remaining=Decimal("479.75"), prepaid_balance=Decimal("479.75"), expiring_amount=Decimal("120.5")),
        one("A year of AWS", "spend", "40000", "0", **year, remaining=Decimal(50_000),
            true_up_projected=Decimal("1234.56"), true_up_certain=Decimal(0)),
        one("A year of Mistral", "spend", "812.5", "0", currency="EUR", issuer_name="Mistral"),
        one(PLAN, "savings_plan", "2000", "99", billing_month="2026-06", as_of=date(2026, 6, 30)),
    ]  # fmt: skip


def burn_down() -> list[Row]:
    """The credits of July: 25 a day are drawn of 1000."""
    rows: list[Row] = []
    for place in range(LAST_DAY.day):
        drawn = Decimal(25) * (place + 1)
        rows.append(
            {
                "commitment_id": f"id of {HOSTILE}",
                "name": HOSTILE,
                "kind": "prepaid_credits",
                "day": at(date(2026, 7, 1) + timedelta(days=place)),
                "currency": "USD",
                "drawn": Decimal(25),
                "cumulative_drawn": drawn,
                "remaining": 1000 - drawn,
                "straight_line": (Decimal(1000) * (30 - place) / 31).quantize(Decimal("1e-12")),
            }
        )
    return rows


def contracts(today: date) -> list[Row]:
    """One whose notice is due in 30 days, one whose day has passed, one that says nothing."""

    def one(name: str, days: int | None, **more: Any) -> Row:
        notice = None if days is None else today + timedelta(days=days)
        return {"name": name, "notice_by": notice, "days_until_notice": days} | more

    return [
        one("Passed", -3, source="europe", currency="USD", billed_cost=Decimal(12), renews_automatically=False,
            residency="eu-*"),
        one(HOSTILE, 30, source="aws", currency="USD", committed_amount=Decimal(90_000), billed_cost=Decimal(40_000),
            renews_automatically=True, sla="99.9 % a month", rates="12 % off list"),
        one("Silent", None, issuer_name="Mistral"),
    ]  # fmt: skip


def concentration() -> list[Row]:
    """Shares of three roles in July: one developer is markup, another not known; a credit makes a cost negative."""
    costs = (
        ("model developer", HOSTILE, "600"), ("model developer", None, "400"),
        ("host", "AWS", "700"), ("host", "OpenAI", "300"), ("host", "Refunding", "-5"),
        ("invoice issuer", "Amazon Web Services, Inc.", "1000"),
    )  # fmt: skip
    rows = [_concentration(*cost) for cost in costs]
    for row in rows:
        shares = [each["share_pct"] for each in rows if each["role"] == row["role"] and each["share_pct"]]
        row["hhi"] = sum((share * share for share in shares), Decimal(0))
    mistral = _concentration("host", "Mistral AI", "812.5") | {"currency": "EUR", "has_rate": False}
    return [*rows, mistral | {"share_pct": None, "rank": None, "hhi": None, "concentration": None}]


def _concentration(role: str, name: str | None, cost: str) -> Row:
    amount = Decimal(cost)
    return {
        "month": MONTH,
        "role": role,
        "name": name,
        "currency": "USD",
        "has_rate": True,
        "effective_cost": amount,
        "share_pct": amount / 10 if amount > 0 else None,
        "rank": 1,
        "concentration": "high",
    }


def single_vendors() -> list[Row]:
    """A use whose next best is known, and one that nothing names and nothing could take over."""
    told = {"month": MONTH, "currency": "USD", "role": "host", "share_pct": Decimal(100)}
    cost = {"model_cost": Decimal(700), "vendor_cost": Decimal(700)}
    next_best = {"next_vendor": "Google Cloud", "next_models": f"{HOSTILE} on Google Cloud"}
    costs = {"comparable_cost": Decimal(600), "next_cost": Decimal("450.5"), "difference": Decimal("-149.5")}
    less = {"model_cost": Decimal(9), "vendor_cost": Decimal(9)}
    return [
        told | cost | next_best | costs | {"use_kind": "use case", "use_name": HOSTILE, "vendor": "AWS"},
        told | less | {"use_kind": "unknown", "vendor": "OpenAI"},
    ]


def residency() -> list[Row]:
    """A policy of each standing."""

    def one(standing: str, region: str | None, cost: str, **more: Any) -> Row:
        told = {"policy": HOSTILE, "month": MONTH, "vendor": "AWS", "model": "m-1", "currency": "USD"}
        return told | {"standing": standing, "region": region, "effective_cost": Decimal(cost)} | more

    return [
        one("allowed", "eu-west-1", "70"),
        one("violation", "us-east-1", "20", compliance_cost=Decimal("2.5"), unpriced_cost=Decimal(0)),
        one("violation", "us-east-1", "5", team="search", unpriced_cost=Decimal(5)),
        one("unknown region", None, "5"),
        one("allowed", "eu-west-3", "8", currency="EUR", vendor="Mistral AI"),
    ]


_REFERENCE = "reference, not ours: MLPerf Inference, https://example.org/results"


def break_even() -> list[Row]:
    """Two models; of the dearer three ways of which one is cheaper in every case, one in none, one in some."""

    def one(model: str, kind: str, bounds: Iterable[int], verdict: str, **more: Any) -> Row:
        low, likely, high = (Decimal(bound) for bound in bounds)
        names = ("price_per_hour", "tokens_per_second")
        figures = {f"{name}{end}": Decimal(2) for name in names for end in ("", "_low", "_high")}
        return {
            "month": MONTH,
            "model": model,
            "currency": "USD",
            "curve": "hourly",
            "output_tokens": Decimal(526_000_000),
            "api_cost": Decimal(5000),
            "api_cost_per_million": Decimal("9.5"),
            "served_model": "llama",
            "accelerator_type": "H100",
            "pricing_kind": kind,
            **figures,
            "price_source": "our bills of 2026-07",
            "throughput_source": _REFERENCE,
            "accelerators_at_peak": 4,
            "mean_accelerators": Decimal("1.5"),
            "utilisation_pct": Decimal("37.5"),
            "self_hosted_cost": likely,
            "self_hosted_cost_low": low,
            "self_hosted_cost_high": high,
            "cost_per_million": Decimal("3.25"),
            "break_even_utilisation_pct": Decimal("12.5"),
            "break_even_tokens": Decimal(100_000_000),
            "verdict": verdict,
        } | more

    return [
        one(HOSTILE, "owned", (900, 1000, 1100), "self-hosting"),
        one(HOSTILE, "on_demand", (4000, 4800, 6000), "depends", price_source=_REFERENCE),
        one(HOSTILE, "capacity_block", (7000, 7000, 7000), "API", break_even_tokens=None),
        one("gpt-5", "owned", (900, 1000, 1100), "self-hosting", api_cost=Decimal(2000),
            throughput_source="measured by us on 2026-07-01"),
    ]  # fmt: skip
