"""Charges by tag, in the words of `marts.tco_daily`: what budgets with tags are asked of.

A charge with a tag counts whole, and for whom rules attribute it to: what is split from a shared pool, and what is only
declared, has no tags and is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

import polars as pl

from models.control.budgets import SCOPE_COLUMNS, Budget
from models.economics.attribution import Attribution, placed, tag_texts
from models.economics.first_match import TAG
from models.table import MONEY

_ROW = (*SCOPE_COLUMNS.values(), "origin", "billing_month", "day", "currency")
_COSTS = ("billed_cost", "effective_cost", "list_cost")


def tagged_costs(charges: pl.LazyFrame, by: Attribution, budgets: Iterable[Budget]) -> pl.DataFrame:
    """The charges (`focus.cost_and_usage`) whose tags fit any of the budgets that name tags, by day (Date).

    Columns of `marts.tco_daily` that budgets and movers ask, and `tag:KEY` for each key that a budget names. Memory
    goes with the charges that fit, and with the distinct texts of tags in which a key may stand.
    """
    asking = [budget for budget in budgets if budget.tags]
    keys = sorted({key for budget in asking for key in budget.tags})
    columns = [f"{TAG}{key}" for key in keys]
    if not asking:
        return _nothing(columns)
    texts = tag_texts(charges, keys)
    fitting = texts.filter(reduce(or_, (budget.fits_tags() for budget in asking))).select("Tags")
    if fitting.is_empty():
        return _nothing(columns)
    rows = placed(charges.join(fitting.lazy(), on="Tags", how="semi"), by, keys)
    return (
        rows.with_columns(origin=pl.lit("charge"))
        .group_by(*_ROW, *columns)
        .agg(pl.col(_COSTS).sum())
        .sort(*_ROW, *columns, nulls_last=True)
    )


def _nothing(columns: Iterable[str]) -> pl.DataFrame:
    texts = {name: pl.String() for name in (*_ROW, *columns)}
    return pl.DataFrame(schema={**texts, "day": pl.Date(), **dict.fromkeys(_COSTS, MONEY)})
