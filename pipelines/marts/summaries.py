"""Marts that add up larger tables, so that a page reads as much of a history of any length as it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from models.economics.estimated import ESTIMATED_DAILY, estimated_daily
from models.economics.model_tokens import MODEL_TOKENS, model_tokens
from models.economics.tco_monthly import TCO_MONTHLY
from models.economics.unpriced import UNPRICED_USAGE, unpriced_usage
from models.ledger.reconciliation import RECONCILIATION
from models.ledger.reconciliation_reasons import (
    RECONCILIATION_DIFFERENCES,
    RECONCILIATION_REASONS,
    largest_differences,
    reconciliation_reasons,
)
from pipelines.marts.economics import Economics
from pipelines.warehouse import Facts, Mart


def summaries_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    facts = economics.facts
    return {
        TCO_MONTHLY.qualified_name: lambda: economics.tco_by_month,
        ESTIMATED_DAILY.qualified_name: lambda: estimated_daily(economics.owned_estimates),
        UNPRICED_USAGE.qualified_name: lambda: unpriced_usage(economics.attributed, economics.owned_estimates),
        MODEL_TOKENS.qualified_name: lambda: model_tokens(economics.attributed),
        RECONCILIATION_REASONS.qualified_name: lambda: reconciliation_reasons(facts.read(RECONCILIATION)),
        RECONCILIATION_DIFFERENCES.qualified_name: lambda: _largest_differences(facts),
    }


def _largest_differences(facts: Facts) -> pl.DataFrame:
    """A load at a time: each is of one source and billing period, and few of its lines are kept."""
    parts = (largest_differences(replace(facts, loads=(load,)).read(RECONCILIATION)) for load in facts.loads)
    return pl.concat([RECONCILIATION_DIFFERENCES.empty(), *parts])
