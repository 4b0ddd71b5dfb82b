"""Causes in words and exact money: how much of a change each cause is, taken apart into usage, mix and price.

Which rows are a cause is found by `root_cause`; how a change is taken apart is told in `change`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import and_
from types import MappingProxyType
from typing import Any

import polars as pl

from models.errors import OutlayError
from models.foresight.change import HALF_A_CENT, NESTING, SUMS, decompose, reasons
from models.foresight.root_cause import CAUSE
from models.wording import component_text, money_text, share_text

_TRIFLE = Decimal("0.02")
"""Part of a change that is not worth words; the amounts beside them have it all."""
_ENOUGH = Decimal("0.5")
"""Part of a change that causes must explain together, to be called its causes."""

PLACES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "team": ("in team {}", "in no team"),
        "use_case": ("for use case {}", "for no use case"),
        "component": ("in component {}", "in no component"),
        "environment": ("in {}", "in no environment"),
        "env": ("in {}", "in no environment"),
        "vendor": ("at {}", "at no vendor"),
        "provider": ("at {}", "at no provider"),
        "model": ("on {}", "without a model"),
        "sku": ("for {}", "without a SKU"),
        "kind": ("for {} tokens", "for what is no token"),
        "token_kind": ("for {} tokens", "for what is no token"),
        "tier": ("at tier {}", "at no tier"),
        "region": ("in region {}", "in no region"),
        "geography": ("in region {}", "in no region"),
        "key": ("with key {}", "without a key"),
        "api_key": ("with key {}", "without a key"),
    }
)
"""How a value of a dimension, or none, is said in a sentence, in the order they are said; others: `with tag blue`."""

_KINDS = ("model", "sku", "key", "api_key", "vendor", "provider")
"""Dimensions of which one value can replace another."""


_CODES = ("component", "kind", "token_kind")
"""Dimensions whose values are our own words; what others named is told as it is."""


def value_text(dimension: str, value: str) -> str:
    """`model APIs` of `model_apis`; names of keys, models and SKUs as they are."""
    return component_text(value) if dimension in _CODES else value


@dataclass(frozen=True)
class Explanation:
    """A change in one sentence, and the same exactly."""

    sentence: str
    parts: pl.DataFrame
    """One row per cause by rank and one of rank null for what is left: `rank`, then the columns `change.SUMS`, which
    sum to those of the whole change, exactly."""


def explain(
    causes: pl.DataFrame,
    before: pl.DataFrame,
    after: pl.DataFrame,
    currency: str,
    *,
    what: str = "Spend",
    per: str = "",
    against: str = "what was expected",
    nesting: Mapping[str, Sequence[str]] = NESTING,
) -> Explanation:
    """The causes of one case (rows of `root_cause.causes`; candidates are left out) in money.

    `before` (or what was expected) and `after` are items as in `change.decompose`, with every dimension that causes
    name. A row of two causes counts with one, as in `causes`. Causes that explain less than half of the change are told
    as none; effects and rests below 2 % of it have no words. `per` follows amounts (`" a day"`), `against` says what
    the change is measured from. Example: `Spend rose by 4,210.00 USD a day over what was expected, 92 % of it in team
    search on claude-opus: 3,590.00 USD more usage, 283.20 USD higher prices.`
    """
    named = causes.filter(pl.col("standing") == CAUSE).sort("rank").rows(named=True)
    _check(named, before, after)
    parts = _parts(named, before, after, nesting)
    rows = parts.rows(named=True)
    whole = {name: sum((row[name] for row in rows), Decimal(0)) for name in SUMS}
    spread = ", in all of its usage" if whole["change"] else ""
    if named and not _is_enough(whole["change"], rows[-1]["change"]):
        named, parts, spread = [], _parts([], before, after, nesting), ", spread over many parts of it"
    voice = _Voice(currency, per, _TRIFLE * abs(whole["change"]))
    head = _head(whole, voice, what, against)
    swap = _replaced(named, rows)
    if not named:
        return Explanation(f"{head}{spread}{voice.because(whole)}.", parts)
    if swap:
        both = [_picked(named, each) for each in (before, after)]
        told = decompose(*both, nesting=nesting).row(0, named=True)
        clause = f"{swap}, {voice.amount(told['cost_after'])} instead of {voice.amount(told['cost_before'])}"
        return Explanation(f"{head}: {clause}{voice.because(told)}{voice.rest(rows[-1], ';')}.", parts)
    return Explanation(f"{head}{_clauses(named, rows, whole, voice)}.", parts)


def _check(named: list[dict[str, Any]], before: pl.DataFrame, after: pl.DataFrame) -> None:
    asked = {dimension for cause in named for dimension in cause["dimensions"]}
    missing = sorted(asked - (set(before.columns) & set(after.columns)))
    if missing:
        raise OutlayError(
            f"items have no column {', '.join(missing)}", remedy="give items every dimension that causes were sought in"
        )


def _is_enough(whole: Decimal, rest: Decimal) -> bool:
    return not whole or (whole - rest) / whole >= _ENOUGH


def _inside(cause: Mapping[str, Any]) -> pl.Expr:
    pairs = zip(cause["dimensions"], cause["values"], strict=True)
    return reduce(and_, [pl.col(name).cast(pl.String).eq_missing(pl.lit(value, pl.String)) for name, value in pairs])


def _picked(named: list[dict[str, Any]], items: pl.DataFrame) -> pl.DataFrame:
    return items.filter(pl.any_horizontal([_inside(cause) for cause in named]))


def _parts(
    named: list[dict[str, Any]], before: pl.DataFrame, after: pl.DataFrame, nesting: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    insides = _counted_once([_inside(cause) for cause in named], before, after)
    ranks = [*(cause["rank"] for cause in named), None]
    others = ~pl.any_horizontal(pl.lit(False), *insides)
    return pl.concat(
        decompose(before.filter(rows), after.filter(rows), nesting=nesting).select(
            pl.lit(rank, pl.Int32).alias("rank"), pl.all()
        )
        for rank, rows in zip(ranks, [*insides, others], strict=True)
    )


def _counted_once(insides: list[pl.Expr], before: pl.DataFrame, after: pl.DataFrame) -> list[pl.Expr]:
    """Rows of each cause, none twice, as `causes` counts them."""
    if len(insides) < 2:
        return insides
    first, second = insides
    within = all(items.filter(second & ~first).is_empty() for items in (before, after))
    return [first & ~second, second] if within else [first, second & ~first]


@dataclass(frozen=True)
class _Voice:
    """Amounts and reasons in one currency."""

    currency: str
    per: str
    trifle: Decimal
    """What of the whole change is not worth a word."""

    def amount(self, amount: Decimal) -> str:
        return f"{money_text(abs(amount), self.currency)}{self.per}"

    def moved(self, amount: Decimal) -> str:
        return f"{'rose' if amount > 0 else 'fell'} by {self.amount(amount)}"

    def reasons(self, change: Mapping[str, Decimal]) -> str:
        least = max(HALF_A_CENT, _TRIFLE * abs(change["change"]))
        return ", ".join(reasons(change, self.currency, least=least))

    def because(self, change: Mapping[str, Decimal]) -> str:
        told = self.reasons(change)
        return f": {told}" if told else ""

    def rest(self, change: Mapping[str, Decimal], mark: str) -> str:
        moved = change["change"]
        return f"{mark} all else {self.moved(moved)}" if abs(moved) >= max(HALF_A_CENT, self.trifle) else ""


def _head(whole: Mapping[str, Decimal], voice: _Voice, what: str, against: str) -> str:
    moved = whole["change"]
    if not moved:
        return f"{what} came to {against}, {voice.amount(whole['cost_after'])}"
    return f"{what} {voice.moved(moved)} {'over' if moved > 0 else 'below'} {against}"


def _place(cause: Mapping[str, Any]) -> str:
    values = dict(zip(cause["dimensions"], cause["values"], strict=True))
    order = [name for name in PLACES if name in values] + [name for name in values if name not in PLACES]
    return " ".join(_said(name, values[name]) for name in order)


def _said(dimension: str, value: str | None) -> str:
    words = dimension.replace("_", " ")
    some, none = PLACES.get(dimension, (f"with {words} {{}}", f"with no {words}"))
    return none if value is None else some.format(value_text(dimension, value))


def _clauses(
    named: list[dict[str, Any]], rows: list[dict[str, Any]], whole: Mapping[str, Decimal], voice: _Voice
) -> str:
    """Shares of the change where every cause moved its way and no more than it; else each movement with its money."""
    moved = whole["change"]
    own = rows[:-1]
    shares = [row["change"] / moved if moved else Decimal(-1) for row in own]
    if min(shares) > 0 and sum(shares) <= 1:
        told = [
            f"{_part(row['change'], moved)}{of_it}{_freshly(row)}{_place(cause)}"
            for cause, row, of_it in zip(named, own, (" of it ", " ")[: len(own)], strict=True)
        ]
        if len(told) == 1:
            return f", {told[0]}{_unless_new(own[0], voice)}{voice.rest(rows[-1], ';')}"
        both = [f"{text}{_in_brackets(row, voice)}" for text, row in zip(told, own, strict=True)]
        return f", {' and '.join(both)}{voice.rest(rows[-1], ';')}"
    told = [
        f"{_freshly(row)}{_place(cause)} it {voice.moved(row['change'])}{_in_brackets(row, voice)}"
        for cause, row in zip(named, own, strict=True)
    ]
    opposite = len(own) == 2 and own[0]["change"] * own[1]["change"] < 0
    return f": {(', while ' if opposite else ' and ').join(told)}{voice.rest(rows[-1], ';')}"


def _part(own: Decimal, whole: Decimal) -> str:
    return "all" if own == whole else share_text(own, whole, places=0)


def _freshly(row: Mapping[str, Decimal]) -> str:
    return "new " if _is_new(row) else ""


def _is_new(row: Mapping[str, Decimal]) -> bool:
    return not row["cost_before"] and row["cost_after"] > 0


def _unless_new(row: Mapping[str, Decimal], voice: _Voice) -> str:
    return "" if _is_new(row) else voice.because(row)


def _in_brackets(row: Mapping[str, Decimal], voice: _Voice) -> str:
    told = "" if _is_new(row) else voice.reasons(row)
    return f" ({told})" if told else ""


def _replaced(named: list[dict[str, Any]], rows: list[dict[str, Any]]) -> str:
    """`gpt-b replaced gpt-a in team search`, where one of two causes is new and the other fell; else nothing."""
    new = [place for place, row in enumerate(rows[:-1]) if _is_new(row)]
    gone = [place for place, row in enumerate(rows[:-1]) if row["change"] < 0]
    if len(named) != 2 or len(new) != 1 or len(gone) != 1:
        return ""
    values = [dict(zip(cause["dimensions"], cause["values"], strict=True)) for cause in named]
    later, earlier = values[new[0]], values[gone[0]]
    for name in _KINDS:
        if later.get(name) and earlier.get(name) and later[name] != earlier[name]:
            scope = {**earlier, **later}
            del scope[name]
            where = _place({"dimensions": list(scope), "values": list(scope.values())}) if scope else ""
            return f"{later[name]} replaced {earlier[name]}{' ' if where else ''}{where}"
    return ""
