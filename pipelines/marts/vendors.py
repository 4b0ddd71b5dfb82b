"""Marts of vendors, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart


def vendors_marts(_economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    return {}
