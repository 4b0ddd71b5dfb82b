"""Marts of invoices, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping

from models.ledger.invoice_reconciliation import INVOICE_RECONCILIATION
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart


def invoices_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    return {INVOICE_RECONCILIATION.qualified_name: economics.invoices}
