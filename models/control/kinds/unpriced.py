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
from models.control.kinds.pages import page
from models.control.kinds.rules import Candidate, Rule, judge
from models.economics.unpriced import CAUSES, REMEDIES
from models.wording import about_text, count_text, day_text

_MUCH = Decimal(1_000_000)
"""Tokens that nobody put a price to, from which on they are worth a word."""
_OF = ("source", "model", "unit")


def unpriced_usage(unpriced: pl.DataFrame, rules: Sequence[Rule], today: date) -> dict[str, Judged]:
    """What rules say of rows of `marts.unpriced_usage`.

    `minimum` is what was billed for a model without a price; of usage without a cost a million tokens are enough.
    """
    last_month = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    return judge(rules, _things(unpriced, last_month), lambda thing, rule: [_candidate(thing, rule)])


def _things(unpriced: pl.DataFrame, since: str) -> list[dict[str, Any]]:
    """A source's model and unit: `billed` of it, how much was `used` of that, and how much nothing was billed for."""
    is_billed = pl.col("billed_cost").is_not_null()
    return (
        unpriced.filter(pl.col("month") >= since, pl.col("standing") != "late", pl.col("model").is_not_null())
        .group_by(*_OF, "currency")
        .agg(
            billed=pl.col("billed_cost").sum(),
            used=pl.col("quantity").filter(is_billed).sum(),
            alone=pl.col("quantity").filter(~is_billed).sum(),
            vendor=pl.col("provider_name").max(),
            since=pl.col("first_day").min(),
        )
        .filter((pl.col("billed") > 0) | (pl.col("alone") > 0))  # what is free needs no price
        .sort("billed", "alone", *_OF, "currency", descending=[True, True, *[False] * 4], nulls_last=True)
        .rows(named=True)
    )


def _candidate(thing: Mapping[str, Any], rule: Rule) -> Candidate:
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
        to_do=REMEDIES["no bill" if has_no_cost else "billed"],
        since=thing["since"],
        cause=CAUSES["no bill" if has_no_cost else "billed"],
        facts=(
            ("Source", thing["source"]),
            *((("Billed without a price", about_text(thing["billed"], thing["currency"])),) if thing["billed"] else ()),
            *((("Used, and billed", _quantity(thing, "used")),) if thing["used"] else ()),
            *((("Used, and not billed", _quantity(thing, "alone")),) if thing["alone"] else ()),
        ),
        amount=thing["alone"] if has_no_cost else thing["billed"],
        currency=None if has_no_cost else thing["currency"],
        unit=thing["unit"] if has_no_cost else None,
        vendor=thing["vendor"],
        model=thing["model"],
        page=page("models", **({"vendor": thing["vendor"]} if thing["vendor"] else {})),
    )
    return Candidate(condition, "firing" if has_no_cost else standing)


def _answer(thing: Mapping[str, Any]) -> str:
    since = day_text(thing["since"])
    billed = f"{about_text(thing['billed'], thing['currency'])} was billed for {_quantity(thing, 'used')}"
    if thing["alone"] >= _MUCH:
        beside = f"; {billed} besides" if thing["billed"] else ""
        return f"{_quantity(thing, 'alone')} since {since} have no cost: neither a bill nor a price tells it{beside}."
    return f"{billed} since {since}: that cannot be set against a price."


def _quantity(thing: Mapping[str, Any], name: str) -> str:
    return f"{count_text(thing[name])} {(thing['unit'] or 'units').lower()}"
