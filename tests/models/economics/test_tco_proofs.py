"""Proofs of attribution hold for what is whole, and name the source, month and cost basis of what is not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.exchange import ExchangeRates
from models.economics.pools import COSTS, Pool
from models.economics.tco import tco_daily
from models.economics.tco_monthly import tco_monthly
from models.economics.tco_proofs import tco_checks
from models.ledger.rollup import DAILY_COSTS
from models.ledger.trust import CHECKS
from models.table import Table


def rows(table: Table, *told: dict[str, Any]) -> pl.DataFrame:
    usual = {
        "source": "aws", "billing_month": "2026-05", "day": datetime(2026, 5, 10, tzinfo=UTC), "provider_name": "AWS",
        "issuer_name": "AWS", "billing_account_id": "1", "charge_category": "Usage", "currency": "USD", "charges": 1,
        "name": "people", "kind": "people", "part": "people", "standing": "declared",
    }  # fmt: skip
    names = list(table.polars_schema)
    filled = [{**usual, **dict.fromkeys(COSTS, one.get("cost")), **one} for one in told]
    return table.check(
        pl.DataFrame([{name: row.get(name) for name in names} for row in filled], schema=table.polars_schema)
    )


CHARGED = ({"cost": Decimal(10)}, {"cost": Decimal("-2.5"), "currency": "EUR"}, {"cost": Decimal(7), "source": "gcp"})
ATTRIBUTED = rows(
    ATTRIBUTED_DAILY,
    {"cost": Decimal(10), "team": "ads", "component": "model_apis", "layer": "models"},
    {"cost": Decimal("-2.5"), "currency": "EUR"},
    {"cost": Decimal(7), "source": "gcp", "pool": "platform"},
)
DECLARED = rows(DECLARED_COSTS, {"cost": Decimal(3), "declared_cost": Decimal(3)})
TCO = tco_daily(
    ATTRIBUTED,
    DECLARED,
    pools=[Pool("platform", "direct_cost")],
    cost_centres={},
    rates=ExchangeRates.none("USD"),
)


def checked(charges: pl.DataFrame, attributed: pl.DataFrame, tco: pl.DataFrame) -> pl.DataFrame:
    return CHECKS.check(tco_checks(charges.lazy(), attributed, DECLARED, tco, tco_monthly(tco)))


def test_every_proof_holds_for_what_we_make():
    checks = checked(rows(DAILY_COSTS, *CHARGED), ATTRIBUTED, TCO)
    proofs = checks.filter(pl.col("kind") == "proof")
    assert proofs["passed"].all()
    # three parts × (four costs and the count), three parts × four costs, and the same with what is declared
    assert dict(proofs.group_by("check").len().iter_rows()) == {
        "attributed = charges": 15,
        "tco = attributed": 12,
        "months = days": 16,
        "allocated + unallocated = total": 16,
    }


def test_what_is_lost_is_told_with_its_part():
    lost = checked(rows(DAILY_COSTS, *CHARGED), ATTRIBUTED.head(2), TCO.filter(pl.col("source") != "gcp"))
    failed = lost.filter(~pl.col("passed")).select("check", "source", "currency", "cost_basis", "difference")
    assert failed.filter(pl.col("cost_basis") == "billed").rows() == [
        ("attributed = charges", "gcp", "USD", "billed", Decimal(-7)),
    ]
    made = TCO.with_columns(effective_cost=pl.col("effective_cost") * 2)
    twice = checked(rows(DAILY_COSTS, *CHARGED), ATTRIBUTED, made).filter(~pl.col("passed"))
    assert set(twice["check"]) == {"tco = attributed", "allocated + unallocated = total"}
    assert set(twice["cost_basis"]) == {"effective"}


def test_a_month_that_lacks_a_day_is_told():
    monthly = tco_monthly(TCO.filter(pl.col("source") != "declared"))
    checks = tco_checks(rows(DAILY_COSTS, *CHARGED).lazy(), ATTRIBUTED, DECLARED, TCO, monthly)
    failed = checks.filter(~pl.col("passed")).select("check", "source", "cost_basis", "difference").rows()
    assert failed == [
        ("months = days", "declared", basis, Decimal(-3)) for basis in ("contracted", "effective", "list")
    ]


def test_measures_are_shares_of_absolute_cost():
    """aws in dollars: 10 of 10 owned, matched and told; in euros: -2.5, nobody's. gcp's 7 are shared out to ads."""
    checks = checked(rows(DAILY_COSTS, *CHARGED), ATTRIBUTED, TCO).filter(pl.col("kind") == "measure")
    told = {
        (row[0], *row[1:3]): row[3:]
        for row in checks.select("check", "source", "currency", "actual", "expected").rows()
    }
    assert told == {
        ("owned", "aws", "USD"): (10, 10),
        ("owned", "aws", "EUR"): (0, Decimal("2.5")),
        ("owned", "gcp", "USD"): (7, 7),
        ("component known", "aws", "USD"): (10, 10),
        ("component known", "aws", "EUR"): (0, Decimal("2.5")),
        ("component known", "gcp", "USD"): (0, 7),
        ("converted", "aws", "USD"): (10, 10),
        ("converted", "aws", "EUR"): (0, Decimal("2.5")),
        ("converted", "gcp", "USD"): (7, 7),
        ("converted", "declared", "USD"): (3, 3),
    }
