"""Scopes of `outlay.yaml`: which costs a driver or a policy is about, by shell globs over `marts.tco_daily`.

Only which rows fit belongs here; what is done with the costs that fit does not.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from models.economics.first_match import Rule, first_match

SCOPE_COLUMNS: Mapping[str, str] = {
    "team": "team",
    "cost_centre": "cost_centre",
    "product": "product",
    "use_case": "use_case",
    "environment": "environment",
    "pool": "pool",
    "component": "component",
    "layer": "layer",
    "source": "source",
    "provider": "provider_name",
    "developer": "developer_name",
    "service": "service_name",
    "region": "region",
    "model": "model",
    "origin": "origin",
}
"""What a scope may name, and the column that it asks."""


def within(costs: pl.DataFrame, scope: Mapping[str, str]) -> pl.DataFrame:
    """The rows that fit every glob of `scope`, keys of `SCOPE_COLUMNS`; an empty scope fits all, null fits nothing."""
    if not scope:
        return costs
    rule = Rule({(SCOPE_COLUMNS[field],): glob for field, glob in scope.items()})
    return costs.filter(first_match(costs, [rule]).is_not_null())
