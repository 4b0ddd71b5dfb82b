"""Marts of disputes, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping

from models.economics.disputes import PRICE_DISPUTES, price_disputes
from models.ledger.focus import COST_AND_USAGE
from models.ledger.reconciliation import RECONCILIATION
from pipelines.contracts import clauses
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart


def disputes_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    facts, contracts = economics.facts, economics.work.settings.contracts
    return {
        PRICE_DISPUTES.qualified_name: lambda: price_disputes(
            facts.read(RECONCILIATION), facts.read(COST_AND_USAGE), clauses(contracts)
        )
    }
