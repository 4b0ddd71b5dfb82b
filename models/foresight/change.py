"""Why a cost changed: the difference of two periods taken apart into volume, mix, cache, tier, geography and price.

A metered item costs quantity × price, and its quantity is a chain of shares: of all that its group used (*volume*), how
much was this model (*mix*), this kind of token (*cache*), this tier, this place. The cost of an item is the product
of these factors, and each factor is given its Shapley value: what it adds to the product, over all orders in which the
factors could have changed one after the other. So effects sum to the change, a factor that did not change gets nothing,
no order is preferred, and swapping the periods changes only the sign (Shapley 1953; Shorrocks 2013).
Where prices and quantities come from does not belong here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from itertools import pairwise
from math import factorial
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from models.table import MONEY
from models.wording import change_text, money_text

NESTING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"mix": ("model",), "cache": ("kind",), "tier": ("tier",), "geography": ("geography",)}
)
"""The columns that each share is a share by, each within the one before it."""

EFFECTS = ("volume_effect", *(f"{name}_effect" for name in NESTING), "price_effect", "not_metered")
"""What a change is taken apart into; `not_metered` is money without a quantity: purchases of
commitments, subscriptions, credits, tax, fees."""

SUMS = ("cost_before", "cost_after", "change", *EFFECTS)
"""The amounts of a decomposition: change = cost_after − cost_before = Σ EFFECTS, exactly."""

_NOT_METERED = "in purchases, subscriptions, credits, tax and fees"
_WORDS: Mapping[str, tuple[str, str]] = {
    "volume_effect": ("more usage", "less usage"),
    "mix_effect": ("dearer mix", "cheaper mix"),
    "cache_effect": ("dearer use of the cache", "cheaper use of the cache"),
    "tier_effect": ("dearer tiers", "cheaper tiers"),
    "geography_effect": ("dearer regions", "cheaper regions"),
    "price_effect": ("higher prices", "lower prices"),
    "not_metered": (_NOT_METERED, _NOT_METERED),
}
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Room for products of quotients: 38 digits are money, the rest keeps rounding far below 1e-12."""
_UNIT = Decimal("1e-12")
_ZERO = Decimal(0)
HALF_A_CENT = Decimal("0.005")
_PERIODS = ("before", "after")

Key = tuple[str | None, ...]


def decompose(
    before: pl.DataFrame,
    after: pl.DataFrame,
    *,
    by: Sequence[str] = (),
    nesting: Mapping[str, Sequence[str]] = NESTING,
) -> pl.DataFrame:
    """Per group of `by` the columns SUMS, sorted by `by`; a row for each group of either period.

    Both frames have the text columns of `by` and `nesting`, `unit` (text), `quantity` and `cost` (Decimal(38, 12)), any
    number of rows per item; put the currency into `by`. Volume is what the group itself used, counted by unit: a group
    whose usage stays shows none, and moving usage from one group to another is volume of both. Mix, cache, tier and
    geography are shares within the group; price is cost ÷ quantity of an item. Shares and price of what is new or gone
    are those of the period that knows them, so that it is all volume or mix. Only a positive quantity can be priced:
    the cost of all else (no unit, no quantity, corrections below zero) is `not_metered`.

    Effects are exact to 60 digits and rounded half-even to 12 places per item; what rounding leaves over (a few 1e-12)
    is added to the item's largest effect. Contributions of items add up, so groups of groups may be summed.
    """
    leaf = _leaf(by, nesting)
    items = _items(before, after, leaf)
    shares = _Shares(items, leaf, [*by, "unit"], nesting)
    names = [f"{name}_effect" for name in ("volume", *nesting, "price")]
    rows: list[dict[str, object]] = []
    for item in items.iter_rows(named=True):
        effects = dict(zip(names, _effects(item, shares), strict=True))
        rows.append({**{name: item[name] for name in by}, **_totals(item), **effects})
    sums = ("cost_before", "cost_after", "change", *names, "not_metered")
    schema = {**{name: items.schema[name] for name in by}, **dict.fromkeys(sums, MONEY)}
    taken_apart = pl.DataFrame(rows, schema=schema)
    if not by:
        return taken_apart.select(pl.col(sums).sum())
    return taken_apart.group_by(by).agg(pl.col(sums).sum()).sort(by, nulls_last=True)


def sentence(change: Mapping[str, Decimal], currency: str, *, what: str = "Cost") -> str:
    """One row of `decompose` in words, largest effect first; effects below half a cent are left out.

    `Cost rose by 2,340.00 USD (+18.0 %) to 15,340.00 USD: +3,100.00 USD more usage, -760.00 USD lower prices.`
    """
    before, after, moved = change["cost_before"], change["cost_after"], change["change"]
    if not moved:
        told = f"{what} did not change: {money_text(after, currency)}"
    else:
        by = change_text(after, before)
        verb = "rose" if moved > 0 else "fell"
        told = f"{what} {verb} by {money_text(abs(moved), currency)} ({by}) to {money_text(after, currency)}"
    because = reasons(change, currency, signed=True)
    return f"{told}: {', '.join(because)}." if because else f"{told}."


def reasons(
    change: Mapping[str, Decimal], currency: str, *, signed: bool = False, least: Decimal = HALF_A_CENT
) -> list[str]:
    """The effects of a row of `decompose` in words (`3,100.00 USD more usage`), largest first; none below `least`.

    Signed in any case where they point both ways.
    """
    effects = sorted(((change[name], name) for name in EFFECTS if abs(change[name]) >= least), key=_largest)
    signed = signed or len({amount > 0 for amount, _ in effects}) > 1
    return [
        f"{money_text(amount if signed else abs(amount), currency, signed=signed)} {_WORDS[name][amount < 0]}"
        for amount, name in effects
    ]


def _largest(effect: tuple[Decimal, str]) -> tuple[Decimal, int]:
    amount, name = effect
    return -abs(amount), EFFECTS.index(name)


def _leaf(by: Sequence[str], nesting: Mapping[str, Sequence[str]]) -> list[str]:
    """What makes an item: each column once, groups first, then share by share."""
    return list(dict.fromkeys([*by, "unit", *(name for columns in nesting.values() for name in columns)]))


def _items(before: pl.DataFrame, after: pl.DataFrame, leaf: list[str]) -> pl.DataFrame:
    """One row per item of either period: its quantity, cost and unmetered cost in each, 0 where it is absent."""
    joined = _of_period(before, leaf, "before").join(
        _of_period(after, leaf, "after"), on=leaf, how="full", coalesce=True, nulls_equal=True
    )
    amounts = [name for name in joined.columns if name not in leaf]
    return joined.with_columns(pl.col(amounts).fill_null(pl.lit(0, dtype=MONEY))).sort(leaf, nulls_last=True)


def _of_period(rows: pl.DataFrame, leaf: list[str], period: str) -> pl.DataFrame:
    measured = pl.col("quantity").is_not_null() & pl.col("unit").is_not_null()
    nothing = pl.lit(0, dtype=MONEY)
    return (
        rows.group_by(leaf)
        .agg(
            quantity=pl.col("quantity").filter(measured).sum(),
            cost=pl.col("cost").filter(measured).sum(),
            unmetered=pl.col("cost").filter(~measured).sum(),
        )
        .with_columns(positive=pl.col("quantity") > 0)
        .select(
            *leaf,
            pl.when("positive").then("quantity").otherwise(nothing).alias(f"quantity_{period}"),
            pl.when("positive").then("cost").otherwise(nothing).alias(f"cost_{period}"),
            (pl.col("unmetered") + pl.when("positive").then(nothing).otherwise("cost")).alias(f"unmetered_{period}"),
        )
    )


def _totals(item: Mapping[str, Decimal]) -> dict[str, Decimal]:
    before = item["cost_before"] + item["unmetered_before"]
    after = item["cost_after"] + item["unmetered_after"]
    return {
        "cost_before": before,
        "cost_after": after,
        "change": after - before,
        "not_metered": item["unmetered_after"] - item["unmetered_before"],
    }


class _Factors(NamedTuple):
    """The factors of one item's cost in each period: volume, the shares in their order, price."""

    before: tuple[Decimal, ...]
    after: tuple[Decimal, ...]


class _Shares:
    """How much of everything there was, at every depth of the nesting, in each period."""

    def __init__(
        self, items: pl.DataFrame, leaf: Sequence[str], group: Sequence[str], nesting: Mapping[str, Sequence[str]]
    ) -> None:
        named = set(group)
        self._levels = [tuple(name for name in leaf if name in named)]
        for columns in nesting.values():
            named |= set(columns)
            self._levels.append(tuple(name for name in leaf if name in named))
        self._quantities = [self._added_up(items, level) for level in self._levels]

    @staticmethod
    def _added_up(items: pl.DataFrame, level: Sequence[str]) -> dict[Key, tuple[Decimal, Decimal]]:
        found: defaultdict[Key, tuple[Decimal, Decimal]] = defaultdict(lambda: (_ZERO, _ZERO))
        for *key, before, after in items.select(*level, *(f"quantity_{period}" for period in _PERIODS)).iter_rows():
            known = found[tuple(key)]
            found[tuple(key)] = (_WIDE.add(known[0], before), _WIDE.add(known[1], after))
        return dict(found)

    def factors(self, item: Mapping[str, object]) -> _Factors:
        """What stands in for a factor that a period cannot tell (nothing to take a share of) is the other period's."""
        along = [
            quantities[tuple(item[name] for name in level)]  # pyright: ignore[reportArgumentType]
            for level, quantities in zip(self._levels, self._quantities, strict=True)
        ]
        pairs = [along[0]]
        pairs += [_either(part, whole) for whole, part in pairwise(along)]
        pairs.append(_either(_pair(item, "cost"), _pair(item, "quantity")))
        return _Factors(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))


def _pair(item: Mapping[str, object], name: str) -> tuple[Decimal, Decimal]:
    before, after = (item[f"{name}_{period}"] for period in _PERIODS)
    assert isinstance(before, Decimal) and isinstance(after, Decimal)
    return before, after


def _either(part: tuple[Decimal, Decimal], whole: tuple[Decimal, Decimal]) -> tuple[Decimal, Decimal]:
    """part ÷ whole in each period, or the other period's where there is no whole."""
    told = [_WIDE.divide(each, of) if of else None for each, of in zip(part, whole, strict=True)]
    before, after = told
    return (
        before if before is not None else after if after is not None else _ZERO,
        after if after is not None else before if before is not None else _ZERO,
    )


def _effects(item: Mapping[str, object], shares: _Shares) -> list[Decimal]:
    """The item's effects on 12 places, factor by factor, that sum to the change of its metered cost exactly."""
    factors = shares.factors(item)
    cost = _pair(item, "cost")
    # worked out in one direction only, so that the other is its mirror image to the last digit
    forward = factors.before <= factors.after
    with localcontext(_WIDE):
        exact = shapley(*(factors if forward else reversed(factors)))
        change = cost[1] - cost[0] if forward else cost[0] - cost[1]
        rounded = [effect.quantize(_UNIT) for effect in exact]
        left_over = change - sum(rounded, _ZERO)
        if left_over:
            largest = max(range(len(exact)), key=lambda place: abs(exact[place]))
            rounded[largest] += left_over
        # `+ 0` turns a negative zero into zero
        return [(effect if forward else -effect) + _ZERO for effect in rounded]


def shapley(before: Iterable[Decimal], after: Iterable[Decimal]) -> list[Decimal]:
    """What each factor adds to the product of all when it goes from before to after: its Shapley value.

    The mean, over all orders of the factors, of product(with its new value) − product(with its old one); the values
    sum to product(after) − product(before). In the caller's decimal context. Factors that stay get 0 and cost no
    work: for n that change 2^n products are formed.
    """
    pairs = list(zip(before, after, strict=True))
    changed = [place for place, (old, new) in enumerate(pairs) if old != new]
    products = [Decimal(1)]
    for place, (old, new) in enumerate(pairs):
        if place in changed:  # the bit of a factor says whether its new value is in
            products = [product * value for value in (old, new) for product in products]
        else:
            products = [product * old for product in products]
    values = [_ZERO] * len(pairs)
    orders = [factorial(size) * factorial(len(changed) - size - 1) for size in range(len(changed))]
    for bit, place in enumerate(changed):
        flag = 1 << bit
        added = sum(
            (orders[mask.bit_count()] * (products[mask | flag] - products[mask])
             for mask in range(len(products)) if not mask & flag),
            _ZERO,
        )  # fmt: skip
        values[place] = added / factorial(len(changed))
    return values
