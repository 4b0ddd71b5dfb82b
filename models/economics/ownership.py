"""Whose a charge is: an ordered list of rules over accounts, projects, keys, users, models, tags and days.

A rule says a team or a shared pool, a cost centre, a product, a use case, an environment, or some of them. For each
the first rule that fits and says something of it wins. Which rule fits is found by `first_match`; how a pool is split
belongs to `pools`; reading rules from outlay.yaml to `pipelines`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from models.economics.first_match import TAG, Columns, Rule, first_matches

DIMENSIONS = ("team", "cost_centre", "product", "use_case", "environment")
POOL = "pool"
UNALLOCATED = "unallocated"
"""How people see a cost without a team; in the data its team is null."""

CONDITIONS: Mapping[str, Columns] = {
    "source": ("source",),
    "account": ("billing_account_id", "billing_account_name"),
    "project": ("project_id", "project_name"),
    "api_key": ("api_key_id", "api_key_name"),
    "user": ("user_id", "user_name"),
    "model": ("model",),
    "service": ("service_name",),
    "component": ("component",),
    "region": ("region",),
}
"""What a rule may ask, besides tags (`tag:KEY`), and the columns of which one must fit."""

ATTRIBUTES: tuple[str, ...] = (*(column for columns in CONDITIONS.values() for column in columns), "day", "x_team")
"""The columns of a frame that `owned` is asked of, besides one per key of `tag_keys`; all text but `day` (Date).
`x_team`: the team that the delivering file itself named."""

FROM_TAG = re.compile(r"\{tag:([^{}]+)\}")
"""What stands for the value of a tag."""


@dataclass(frozen=True)
class OwnerRule:
    """Whatever fits every condition, from `valid_from` until the day before `valid_to`, belongs to whom the rule says.

    `conditions`: a shell glob by a word of CONDITIONS or by `tag:KEY`. `says`: a value by dimension, or a pool instead
    of a team. `{tag:KEY}` in a value stands for the value of that tag: where the tag is missing or empty, the rule says
    nothing of that dimension.
    """

    conditions: Mapping[str, str]
    says: Mapping[str, str]
    name: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it says something of; who is sent to a pool is said to have no team."""
        return tuple(name for name in DIMENSIONS if name in self.says or (name == "team" and POOL in self.says))

    def value(self, dimension: str) -> str | None:
        """What it says of a dimension; of the team the pool, where it says one."""
        return self.says.get(POOL, self.says.get(dimension)) if dimension == "team" else self.says.get(dimension)

    def asking(self, tags: frozenset[str] = frozenset()) -> Rule:
        """The rule as the engine asks it, of charges that have these tags."""
        asked = {CONDITIONS.get(word, (word,)): glob for word, glob in self.conditions.items()}
        return Rule({(f"{TAG}{key}",): "*" for key in sorted(tags)} | asked, self.valid_from, self.valid_to)


def tag_keys(rules: Sequence[OwnerRule]) -> tuple[str, ...]:
    """The keys of tags that rules ask for or take values from, sorted."""
    asked = {word.removeprefix(TAG) for rule in rules for word in rule.conditions if word.startswith(TAG)}
    return tuple(sorted(asked.union(*(tags_in(value) for rule in rules for value in rule.says.values()))))


def deciding_rules(frame: pl.DataFrame, rules: Sequence[OwnerRule]) -> pl.DataFrame:
    """By dimension the position (UInt32) in `rules` of the rule that decides it for each row; null where none does.

    `frame`: ATTRIBUTES and a column for each of `tag_keys`.
    """
    asked: list[Rule] = []
    positions: list[int] = []
    among: dict[str, list[int]] = {dimension: [] for dimension in DIMENSIONS}
    for position, rule in enumerate(rules):
        by_tags: dict[frozenset[str], list[str]] = {}
        for dimension in rule.dimensions:
            by_tags.setdefault(tags_in(rule.value(dimension)), []).append(dimension)
        for tags, dimensions in by_tags.items():
            for dimension in dimensions:
                among[dimension].append(len(asked))
            asked.append(rule.asking(tags))
            positions.append(position)
    found = first_matches(frame, asked, among)
    of_rule = pl.lit(pl.Series(positions, dtype=pl.UInt32))
    return found.select(of_rule.gather(pl.col(dimension)).alias(dimension) for dimension in DIMENSIONS)


def owned(frame: pl.DataFrame, rules: Sequence[OwnerRule], cost_centres: Mapping[str, str]) -> pl.DataFrame:
    """`frame` with `team`, `cost_centre`, `product`, `use_case`, `environment` and `pool`; null where unknown.

    `frame`: ATTRIBUTES and a column for each of `tag_keys`, best a row per distinct combination. Where no rule says a
    team or a pool, `x_team` stands; where none says a cost centre, that of the team in `cost_centres`.
    """
    decided = deciding_rules(frame, rules).select(pl.all().name.prefix("rule of "))
    told = {dimension: _told(rules, dimension, dimension) for dimension in DIMENSIONS} | {
        POOL: _told(rules, POOL, "team")
    }
    by_file = pl.when(pl.col("rule of team").is_null()).then("x_team")
    of_team = pl.col("team").replace_strict(cost_centres, default=None, return_dtype=pl.String)
    return (
        pl.concat([frame, decided], how="horizontal")
        .with_columns(**told)
        .with_columns(team=pl.coalesce("team", by_file))
        .with_columns(cost_centre=pl.coalesce("cost_centre", of_team))
        .drop(decided.columns)
    )


def _told(rules: Sequence[OwnerRule], what: str, dimension: str) -> pl.Expr:
    """What the rule that decides a dimension tells, tags filled in."""
    rule = pl.col(f"rule of {dimension}")
    values = [each.says.get(what) for each in rules]
    written = pl.Series([None if tags_in(value) else value for value in values], dtype=pl.String)
    filled = {value: _filled(value) for value in values if value is not None and tags_in(value)}
    return pl.coalesce(
        pl.lit(written).gather(rule),
        *(
            pl.when(rule.is_in([position for position, value in enumerate(values) if value == template])).then(text)
            for template, text in filled.items()
        ),
    )


def _filled(value: str) -> pl.Expr:
    """Text with the values of tags for `{tag:KEY}`."""
    parts = FROM_TAG.split(value)
    return pl.concat_str(pl.col(f"{TAG}{part}") if number % 2 else pl.lit(part) for number, part in enumerate(parts))


def tags_in(value: str | None) -> frozenset[str]:
    """The keys of the tags that a rule's value takes."""
    return frozenset(FROM_TAG.findall(value)) if value and "{" in value else frozenset()
