"""Accrued cost by team: used and priced, on no bill yet. Beside a statement's total, never in it (rules of money, 3).

Estimates are attributed by the same rules of ownership as charges. What only a bill tells (its tags, its region, its
service) is not known of them, so a rule that asks for it fits none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from models.economics.first_match import TAG
from models.economics.ownership import ATTRIBUTES, OwnerRule, owned, tag_keys
from models.table import MONEY

COMPONENT = "model_apis"
"""Estimates are of model usage: it has readings before it has a bill."""

ESTIMATES = pl.Schema(
    {
        "source": pl.String(),
        "billing_account_id": pl.String(),
        "project_id": pl.String(),
        "project_name": pl.String(),
        "api_key_id": pl.String(),
        "api_key_name": pl.String(),
        "user_id": pl.String(),
        "user_name": pl.String(),
        "model": pl.String(),
        "day": pl.Date(),
        "currency": pl.String(),
        "accrued_cost": MONEY,
        "unpriced": pl.Int64(),
    }
)
"""Accrued rows of `estimates.usage_estimates`, added up: contracted cost (null where nothing is priced), and how many
readings have no price."""

ACCRUED = pl.Schema(
    {
        "team": pl.String(),
        "pool": pl.String(),
        "currency": pl.String(),
        "accrued_cost": MONEY,
        "unpriced": pl.Int64(),
    }
)
"""One row per team, or pool that is yet to be split, and currency; both null: no rule says whose it is."""


def accrued_by_team(
    estimates: pl.DataFrame, rules: Sequence[OwnerRule], cost_centres: Mapping[str, str]
) -> pl.DataFrame:
    """`ACCRUED` of `ESTIMATES`. Sums to what went in, in every currency."""
    known = {*ESTIMATES, "component"}
    unknown = [*(name for name in ATTRIBUTES if name not in known), *(f"{TAG}{key}" for key in tag_keys(rules))]
    asked = estimates.with_columns(
        pl.lit(COMPONENT).alias("component"), *(pl.lit(None, dtype=pl.String).alias(name) for name in unknown)
    )
    amount = pl.col("accrued_cost")
    return (
        owned(asked, rules, cost_centres)
        .group_by("team", "pool", "currency")
        .agg(
            accrued_cost=pl.when(amount.is_not_null().any()).then(amount.sum()),
            unpriced=pl.col("unpriced").sum(),
        )
        .sort("team", "pool", "currency", nulls_last=True)
        .match_to_schema(ACCRUED)
    )
