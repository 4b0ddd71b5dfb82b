"""Marts of total cost, as the publication shows them, and the proofs that nothing was lost or made in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.tco import TCO_DAILY
from models.economics.tco_proofs import MEANINGS, tco_checks
from models.economics.unmatched import UNMATCHED_SPEND, unmatched_spend
from models.ledger.invoice_reconciliation import invoice_checks
from models.ledger.rollup import DAILY_COSTS
from models.ledger.trust import CHECKS
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart


def tco_marts(economics: Economics, further_proofs: Callable[[], pl.DataFrame] = CHECKS.empty) -> Mapping[str, Mart]:
    """By qualified name; `further_proofs` (CHECKS) stand beside those of total cost."""
    return {
        ATTRIBUTED_DAILY.qualified_name: economics.attributed,
        DECLARED_COSTS.qualified_name: economics.declared,
        TCO_DAILY.qualified_name: economics.tco,
        UNMATCHED_SPEND.qualified_name: lambda: unmatched_spend(economics.attributed, economics.today),
        CHECKS.qualified_name: lambda: pl.concat([_checks(economics), further_proofs()]),
    }


def _checks(economics: Economics) -> pl.DataFrame:
    """`ops.checks`: what each load proved, and what this publication proves."""
    facts = economics.facts
    made = tco_checks(
        facts.read(DAILY_COSTS), economics.attributed, economics.declared, economics.tco, economics.tco_by_month
    )
    of_loads = facts.told(CHECKS)
    of_invoices = invoice_checks(economics.invoices)
    return pl.concat([of_loads.filter(~pl.col("check").is_in(list(MEANINGS))), made, of_invoices])
