"""Usage without a price: models whose usage no price list of ours knows, over this month and the last.

Of what was billed the cost is known, but not whether it is right, nor what it would cost elsewhere; what no bill pays
either has no cost at all. Usage that is only not yet billed is told by the bill that will come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.conditions import AlertKey, Condition
from models.control.kinds.judged import Judged
from models.control.kinds.rules import NO_VENDORS, Candidate, Rule, Vendors, judge
from models.table import MONEY
from models.wording import about_text, count_text, day_text

_MUCH = Decimal(1_000_000)
"""Tokens that nobody put a price to, from which on they are worth a word."""
_TO_DO_BILLED = (
    "Declare its rate under contracts in outlay.yaml, as it was agreed; a newer Outlay may know its list price."
)
_TO_DO_ALONE = "If it is paid for ahead, declare that under costs in outlay.yaml; if it has a rate, under contracts."
_OF = ("source", "model", "unit")


def unpriced_usage(
    daily_costs: pl.DataFrame,
    estimates: pl.DataFrame,
    rules: Sequence[Rule],
    today: date,
    vendors: Vendors = NO_VENDORS,
) -> dict[str, Judged]:
    """What rules say of rows of `marts.daily_costs` and `estimates.usage_estimates` whose price is not known.

    `minimum` is what was billed for a model without a price; of usage without a cost a million tokens are enough.
    """
    first = today.replace(day=1) - timedelta(days=1)
    things = _things(daily_costs, estimates, first.replace(day=1))
    return judge(rules, things, lambda thing, rule: [_candidate(thing, rule, vendors)])


def _things(daily_costs: pl.DataFrame, estimates: pl.DataFrame, first: date) -> list[dict[str, Any]]:
    """A source's model and unit: `billed` of it, how much was `used` of that, and how much nothing was billed for."""
    no_money, day = pl.lit(0, MONEY), pl.col("day").dt.date()
    billed = daily_costs.filter(pl.col("price_status") == "unpriced").select(
        *_OF,
        "currency",
        vendor="provider_name",
        day=day,
        billed="billed_cost",
        used="consumed_quantity",
        alone=no_money,
    )
    alone = estimates.filter(pl.col("price_status") == "unpriced", pl.col("reason") != "late").select(
        *_OF,
        "currency",
        vendor=pl.lit(None, pl.String),
        day=pl.col("window_start").dt.date(),
        billed=no_money,
        used=no_money,
        alone="quantity",
    )
    return (
        pl.concat([billed, alone])
        .filter(pl.col("day") >= first, pl.col("model").is_not_null())
        .group_by(*_OF, "currency")
        .agg(pl.col("billed", "used", "alone").sum(), pl.col("vendor").max(), since=pl.col("day").min())
        .filter((pl.col("billed") > 0) | (pl.col("alone") > 0))  # what is free needs no price
        .sort("billed", "alone", *_OF, "currency", descending=[True, True, *[False] * 4], nulls_last=True)
        .rows(named=True)
    )


def _candidate(thing: Mapping[str, Any], rule: Rule, vendors: Vendors) -> Candidate:
    standing = rule.standing(thing["billed"])
    has_no_cost = thing["alone"] >= _MUCH
    condition = Condition(
        key=AlertKey(rule.name, " · ".join(thing[name] or "" for name in (*_OF, "currency")), "", ""),
        kind="unpriced_usage",
        standing="firing",
        severity=rule.severity or ("warning" if has_no_cost else "info"),
        headline=f"No price is known of {thing['model']}",
        subject=f"model {thing['model']}",
        answer=_answer(thing),
        to_do=_TO_DO_ALONE if has_no_cost else _TO_DO_BILLED,
        since=thing["since"],
        cause=_cause(thing),
        facts=(
            ("Source", thing["source"]),
            *((("Billed without a price", about_text(thing["billed"], thing["currency"])),) if thing["billed"] else ()),
            *((("Used, and billed", _quantity(thing, "used")),) if thing["used"] else ()),
            *((("Used, and not billed", _quantity(thing, "alone")),) if thing["alone"] else ()),
        ),
        amount=thing["alone"] if has_no_cost else thing["billed"],
        currency=None if has_no_cost else thing["currency"],
        unit=thing["unit"] if has_no_cost else None,
        vendor=thing["vendor"] or vendors.get(thing["source"]),
        model=thing["model"],
        page="data-health",
    )
    return Candidate(condition, "firing" if has_no_cost else standing)


def _answer(thing: Mapping[str, Any]) -> str:
    since = day_text(thing["since"])
    billed = f"{about_text(thing['billed'], thing['currency'])} was billed for {_quantity(thing, 'used')}"
    if thing["alone"] >= _MUCH:
        beside = f"; {billed} besides" if thing["billed"] else ""
        return f"{_quantity(thing, 'alone')} since {since} have no cost: neither a bill nor a price tells it{beside}."
    return f"{billed} since {since}: that cannot be set against a price."


def _cause(thing: Mapping[str, Any]) -> str:
    if thing["alone"] >= _MUCH:
        return "The vendor reports this usage and bills none of it, and no price list has its model and tier."
    return "No price list has this model, or none for the days on which it was used."


def _quantity(thing: Mapping[str, Any], name: str) -> str:
    return f"{count_text(thing[name])} {(thing['unit'] or 'units').lower()}"
