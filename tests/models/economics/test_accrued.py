"""Accrued cost goes to whom the rules of ownership say, as far as estimates tell what a rule asks."""

from datetime import date
from decimal import Decimal

import polars as pl

from models.economics.accrued import ESTIMATES, accrued_by_team
from models.economics.ownership import OwnerRule


def estimate(project: str, cost: str | None, unpriced: int = 0) -> dict[str, object]:
    amount = None if cost is None else Decimal(cost)
    told = {"source": "openai", "project_id": project, "day": date(2026, 9, 2), "currency": "USD"}
    return {**dict.fromkeys(ESTIMATES), **told, "accrued_cost": amount, "unpriced": unpriced}


def test_projects_go_to_teams_and_pools_and_what_only_a_bill_tells_fits_nothing():
    estimates = pl.DataFrame(
        [
            estimate("p1", "3"),
            estimate("p1", "4.5", 2),
            estimate("p2", "1"),
            estimate("p3", "8"),
            estimate("p4", None, 5),
        ],
        schema=ESTIMATES,
    )
    rules = [
        OwnerRule({"tag:team": "*"}, {"team": "{tag:team}"}),
        OwnerRule({"project": "p1"}, {"team": "search"}),
        OwnerRule({"project": "p2"}, {"pool": "gateway"}),
        OwnerRule({"project": "p4"}, {"team": "ads"}),
    ]
    assert accrued_by_team(estimates, rules, {}).rows() == [
        ("ads", None, "USD", None, 5),  # nothing of it has a price: unknown, not zero
        ("search", None, "USD", Decimal("7.5"), 2),
        (None, "gateway", "USD", 1, 0),
        (None, None, "USD", 8, 0),
    ]
