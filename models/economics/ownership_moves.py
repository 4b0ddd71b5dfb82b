"""What other owner rules would move, told of costs by day without their tags: which cost goes from whom to whom.

Published costs know source, account, project, model, service, component, region and day. What a rule asks besides (API
key, user, tag) cannot be judged of them: costs for which such a rule may come first are told apart, and nothing is
guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from models.economics.first_match import Rule, first_matches
from models.economics.ownership import CONDITIONS, POOL, UNALLOCATED, OwnerRule, tags_in
from models.table import MONEY

KNOWN = ("source", "account", "project", "model", "service", "component", "region")
"""Conditions of rules that can be judged of published costs."""
COSTS = pl.Schema(
    {
        **{column: pl.String() for word in KNOWN for column in CONDITIONS[word]},
        "day": pl.Date(),
        "team": pl.String(),
        "pool": pl.String(),
        "currency": pl.String(),
        "cost": MONEY,
    }
)
"""Costs as they are published, with the team, or the pool, that owns them; both null is nobody."""
MOVES = pl.Schema({"from": pl.String(), "to": pl.String(), "currency": pl.String(), "cost": MONEY})
_WORD = 64


@dataclass(frozen=True)
class Moves:
    """`moved` (MOVES): costs that change hands, the greatest first. `later`: currency, cost of what cannot be judged
    before the next run. `unowned`: currency, before, after: what nobody owns, without what is judged later.
    `fit_nothing`: positions of uploaded rules that none of these costs fits; `unjudged`: those that ask what is not
    known."""

    moved: pl.DataFrame
    later: pl.DataFrame
    unowned: pl.DataFrame
    fit_nothing: tuple[int, ...]
    unjudged: tuple[int, ...]


def ownership_moves(
    costs: pl.DataFrame, before: Sequence[OwnerRule], after: Sequence[OwnerRule], uploaded: Sequence[OwnerRule]
) -> Moves:
    """What becomes of `costs` (COSTS) when the rules `after` take the place of `before`, of which costs are published.

    Where no rule decides any more, a cost is nobody's here, though a delivered file may name a team itself.
    """
    told = pl.concat([costs, _judged(costs, before, "before"), _judged(costs, after, "after")], how="horizontal")
    has_same_open = [repr(rule) for rule in before if _is_open(rule)] == [
        repr(rule) for rule in after if _is_open(rule)
    ]
    same_open = pl.lit(has_same_open) & (pl.col("opens before") == pl.col("opens after"))
    none_open = ~pl.col("open before") & ~pl.col("open after")
    stays = pl.col("rule before").eq_missing(pl.col("rule after")) & (none_open | same_open)
    owner = pl.coalesce("team", pl.format("shared: {}", "pool"), pl.lit(UNALLOCATED))
    placed = told.with_columns(owner.alias("from")).with_columns(
        pl.when(stays)
        .then("from")
        .when(~pl.col("open after"))
        .then(pl.coalesce("owner after", pl.lit(UNALLOCATED)))
        .alias("to")
    )
    judged = placed.filter(pl.col("to").is_not_null())
    moved = judged.filter(pl.col("from") != pl.col("to")).group_by("from", "to", "currency").agg(pl.col("cost").sum())
    nobody = [pl.col("cost").filter(pl.col(side) == UNALLOCATED).sum().alias(name) for side, name in _SIDES.items()]
    return Moves(
        moved.select(list(MOVES)).sort(pl.col("cost").abs(), "from", "to", descending=[True, False, False]),
        placed.filter(pl.col("to").is_null()).group_by("currency").agg(pl.col("cost").sum()).sort("currency"),
        judged.group_by("currency").agg(nobody).sort("currency"),
        tuple(_fitting_nothing(costs, uploaded)),
        tuple(position for position, rule in enumerate(uploaded) if _asks_unknown(rule)),
    )


_SIDES = {"from": "before", "to": "after"}


def _judged(costs: pl.DataFrame, rules: Sequence[OwnerRule], side: str) -> pl.DataFrame:
    """By row the first rule that certainly fits (its text), whom it names, whether a rule that cannot be judged may
    come first, and how many such stand before it at all."""
    asking = [rule for rule in rules if "team" in rule.dimensions]
    opens = [_is_open(rule) for rule in asking]
    certain = [position for position, is_open in enumerate(opens) if not is_open]
    unsure = [position for position, is_open in enumerate(opens) if is_open]
    found = first_matches(costs, [_known_part(rule) for rule in asking], {"certain": certain, "open": unsure})
    last = pl.lit(len(asking), pl.UInt32)
    until = pl.coalesce("certain", last)
    texts, owners = pl.Series([repr(rule) for rule in asking], dtype=pl.String), _owners(asking)
    counts = pl.Series([sum(opens[:position]) for position in range(len(asking) + 1)], dtype=pl.UInt32)
    return found.select(
        pl.lit(texts).gather(pl.col("certain")).alias(f"rule {side}"),
        pl.lit(owners).gather(pl.col("certain")).alias(f"owner {side}"),
        (pl.coalesce("open", last) < until).alias(f"open {side}"),
        pl.lit(counts).gather(until).alias(f"opens {side}"),
    )


def _owners(rules: Sequence[OwnerRule]) -> pl.Series:
    named = [f"shared: {rule.says[POOL]}" if POOL in rule.says else rule.says.get("team") for rule in rules]
    return pl.Series(named, dtype=pl.String)


def _asks_unknown(rule: OwnerRule) -> bool:
    return any(word not in KNOWN for word in rule.conditions)


def _is_open(rule: OwnerRule) -> bool:
    """Whether it decides a team, and it cannot be judged where or which."""
    return "team" in rule.dimensions and (_asks_unknown(rule) or bool(tags_in(rule.value("team"))))


def _known_part(rule: OwnerRule) -> Rule:
    """What of a rule can be judged: it fits at least wherever the rule does."""
    asked = {CONDITIONS[word]: glob for word, glob in rule.conditions.items() if word in KNOWN}
    return Rule(dict(asked), rule.valid_from, rule.valid_to)


def _fitting_nothing(costs: pl.DataFrame, rules: Sequence[OwnerRule]) -> list[int]:
    judged = [position for position, rule in enumerate(rules) if not _asks_unknown(rule)]
    found: list[int] = []
    for begin in range(0, len(judged), _WORD):
        some = judged[begin : begin + _WORD]
        fits = first_matches(
            costs, [_known_part(rules[position]) for position in some], {str(p): [n] for n, p in enumerate(some)}
        )
        found += [position for position in some if fits[str(position)].null_count() == fits.height]
    return found
