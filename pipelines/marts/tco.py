"""Marts of total cost, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.tco import TCO_DAILY
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart


def tco_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    return {
        ATTRIBUTED_DAILY.qualified_name: economics.attributed,
        DECLARED_COSTS.qualified_name: economics.declared,
        TCO_DAILY.qualified_name: economics.tco,
    }
