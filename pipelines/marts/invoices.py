"""Marts of invoices, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping

from models.ledger.focus import COST_AND_USAGE, INVOICE_DETAIL
from models.ledger.invoice_reconciliation import INVOICE_RECONCILIATION, charged_by_invoice, invoice_reconciliation
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart


def invoices_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    facts = economics.facts
    return {
        INVOICE_RECONCILIATION.qualified_name: lambda: invoice_reconciliation(
            facts.read(INVOICE_DETAIL).collect(),
            charged_by_invoice(facts.read(COST_AND_USAGE)).collect(engine="streaming"),
        )
    }
