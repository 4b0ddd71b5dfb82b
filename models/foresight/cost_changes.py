"""Cost changes month over month, by one dimension after another: the decomposition of `change` as a table.

Which rows of price × quantity there are is the caller's word; here they are only set side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import dataframely as dy
import polars as pl

from models.foresight.change import SUMS, decompose
from models.table import Table, money, text


class CostChanges(dy.Schema):
    """One row per month, dimension and value of it: effective cost by month of usage, in `currency`.

    Charges only, before shared pools are split: what is declared, and what a team takes of a pool, is in
    `marts.tco_daily`. Effects are taken within each value, so those of two dimensions divide a change differently.
    """

    month = text("Month of usage, YYYY-MM (UTC), set against the calendar month before it")
    month_before = text("The month before it, YYYY-MM")
    dimension = text("What `value` is a value of: team, model, component, or team_model: `search · gpt-5`")
    value = text(
        "Which team, model or component; null is unallocated, no model, unmatched. Of dimension team also "
        "`shared pool X`: what no team is charged directly, before it is split",
        nullable=True,
    )
    currency = text("ISO 4217 code of the amounts")
    cost_before = money(
        "Effective cost of month_before, of the month under way of its same days: charges, without declared"
    )
    cost_after = money("Effective cost of month: charges, without declared costs")
    change = money("cost_after − cost_before = the sum of all effects, exactly")
    volume_effect = money("Because more or less was used within this value, counted by unit")
    mix_effect = money("Because its usage moved between services, models, accelerators, input and output")
    cache_effect = money("Because more or less of its input came from, or went into, the cache")
    tier_effect = money("Because its usage moved between tiers (batch, priority) or ways of buying (spot, committed)")
    geography_effect = money("Because its usage moved between regions")
    price_effect = money("Because the same cost more or less per unit")
    not_metered = money("Change of what no quantity measures: purchases, subscriptions, credits, tax, fees")


COST_CHANGES = Table(
    name="cost_changes",
    schema="marts",
    kind="mart",
    grain="month × dimension × value × currency",
    meaning=(
        "Why effective cost of charges changed month over month: volume, mix, cache, tier, geography, price; the month "
        "under way is set against the same days of the month before, as far as each source has told. Declared costs "
        "are in marts.tco_daily, not here."
    ),
    contract=CostChanges,
)


def cost_changes(
    items: pl.DataFrame,
    dimensions: Sequence[str],
    nesting: Mapping[str, Sequence[str]],
    *,
    months: Sequence[str] | None = None,
) -> pl.DataFrame:
    """`marts.cost_changes` of items per `change.decompose`, with `month` (YYYY-MM) and `currency` besides.

    Every month between the first and the last, or each of `months` in a row, is set against the one before it, each
    dimension on its own: the rows of a dimension, month and currency sum to the change of all cost.
    """
    months = _months(items["month"]) if months is None else months
    of_month = {month: items.filter(pl.col("month") == month) for month in months}
    taken_apart = [
        decompose(of_month[before], of_month[month], by=["currency", dimension], nesting=nesting).select(
            month=pl.lit(month),
            month_before=pl.lit(before),
            dimension=pl.lit(dimension),
            value=dimension,
            currency="currency",
            **{name: pl.col(name) for name in SUMS},
        )
        for before, month in pairwise(months)
        for dimension in dimensions
    ]
    return COST_CHANGES.check(pl.concat([COST_CHANGES.empty(), *taken_apart]))


def _months(told: pl.Series) -> list[str]:
    if told.is_empty():
        return []
    first, last = (pl.Series([month]).str.to_date("%Y-%m") for month in (told.min(), told.max()))
    return pl.date_range(first.item(), last.item(), "1mo", eager=True).dt.strftime("%Y-%m").to_list()
