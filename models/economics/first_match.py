"""Which rule of an ordered list is the first that fits: the one engine behind owners and the taxonomy of components.

A rule asks for shell globs in columns and for a stretch of days. What a rule then says, and of what, belongs to
`ownership` and `components`.

How: the distinct values of a column are set once against the patterns asked of it; the answer is one bit per rule, 64
rules to a word. Values with the same answers are one class. A row's bits are those of its classes, and-ed together; the
lowest bit left is the first rule that fits (bit vectors, as routers classify packets: Lakshman and Stiliadis, SIGCOMM
1998). The work grows with distinct rows × columns × rules / 64, whatever the rules say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, reduce
from operator import and_, or_
from typing import TypeAlias, TypeVar, cast

import polars as pl

from models.economics.globs import fits_glob, is_exact

_Asked = TypeVar("_Asked")
Columns: TypeAlias = tuple[str, ...]
TAG = "tag:"
"""`tag:KEY` is the column with the value of the tag KEY."""

_BITS = 64
_ALL = (1 << _BITS) - 1


@dataclass(frozen=True)
class Rule:
    """Fits a row if every condition does, on each day from `valid_from` until the day before `valid_to`.

    `conditions`: a shell glob, or several of which one is enough, by the columns that they are asked of, of which one
    is enough too (`("project_id", "project_name")`: `search-*`). Globs are case-sensitive and fit the whole value; none
    fits null. A rule with dates fits no row whose `day` is null.
    """

    conditions: Mapping[Columns, str | tuple[str, ...]] = field(default_factory=dict[Columns, str | tuple[str, ...]])
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def is_dated(self) -> bool:
        return self.valid_from is not None or self.valid_to is not None


def columns_asked(rules: Iterable[Rule]) -> frozenset[str]:
    """The columns that a frame needs for these rules to be asked of it."""
    rules = tuple(rules)
    asked = {column for rule in rules for columns in rule.conditions for column in columns}
    return frozenset(asked | ({"day"} if any(rule.is_dated for rule in rules) else set()))


def first_match(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.Series:
    """Position of the first rule that fits, by row (UInt32); null where none does. Columns as in `first_matches`."""
    return first_matches(frame, rules, {"rule": range(len(rules))})["rule"]


def first_matches(frame: pl.DataFrame, rules: Sequence[Rule], among: Mapping[str, Collection[int]]) -> pl.DataFrame:
    """For each name in `among` a column: position (UInt32) of the first of those rules that fits the row, or null.

    `frame` has the text columns that the rules ask (`columns_asked`), and `day` (Date) where any rule is dated.
    """
    questions = list(_questions(frame, rules))
    rows = frame.select(pl.repeat(0, pl.len()).alias("every")).with_columns(
        classes for question in questions for classes in question.classes
    )
    distinct = rows.unique(maintain_order=True)
    found: dict[str, list[pl.Expr]] = {name: [pl.lit(None, pl.UInt32)] for name in among}
    for word in range(0, len(rules), _BITS):
        every = pl.repeat(_word(range(len(rules) - word)), pl.len(), dtype=pl.UInt64)
        asked = (question.fitting(word) for question in questions if word in question.asking)
        fitting = distinct.select(reduce(and_, asked, every)).to_series()
        for name, positions in among.items():
            chosen = pl.lit(fitting & _word(position - word for position in positions))
            found[name].append(pl.when(chosen != 0).then(chosen.bitwise_trailing_zeros() + word))
    firsts = distinct.with_columns(pl.coalesce(positions).alias(name) for name, positions in found.items())
    return rows.join(firsts, on=rows.columns, how="left", maintain_order="left").select(*among)


def with_tags(frame: pl.DataFrame, keys: Collection[str], *, tags: str = "Tags") -> pl.DataFrame:
    """`frame` with a text column `tag:KEY` for each key, from the JSON object in the column `tags`; each distinct text
    is read once. Null where a tag is missing or empty, or where the text is no object that can be read. Half a
    character (a lone surrogate: an emoji that the vendor cut) becomes a question mark."""
    if not keys:
        return frame
    texts = frame.select(pl.col(tags).drop_nulls().unique())
    read = [_tags_in(text) for text in texts.to_series()]
    values = texts.with_columns(
        pl.Series(f"{TAG}{key}", [found.get(key) or None for found in read], dtype=pl.String) for key in keys
    )
    return frame.join(values, on=tags, how="left", maintain_order="left")


def _tags_in(text: str) -> dict[str, str]:
    try:
        found: object = json.loads(text)
        tags = cast("dict[str, object]", found) if isinstance(found, dict) else {}
        values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in tags.items()}
    except (ValueError, RecursionError):
        return {}
    return {key: value.encode(errors="replace").decode() for key, value in values.items() if tags[key] is not None}


@dataclass(frozen=True)
class _Question:
    """What rules ask of one of several columns, or of the day, and what the values say.

    `asking`: which rules of a word ask it. `classes`: by column, the class of each row. `words`: by column and word,
    the rules that each class fits. A word is named by the position of its first rule.
    """

    asking: Mapping[int, int]
    classes: Sequence[pl.Series]
    words: Sequence[pl.DataFrame]

    def fitting(self, word: int) -> pl.Expr:
        """The rules of a word against which the question does not speak, by row of classes."""
        columns = zip(self.classes, self.words, strict=True)
        fits = (pl.lit(words[str(word)]).gather(pl.col(classes.name)) for classes, words in columns)
        return reduce(or_, fits, _literal(_ALL ^ self.asking[word]))


def _questions(frame: pl.DataFrame, rules: Sequence[Rule]) -> Iterator[_Question]:
    for columns in dict.fromkeys(columns for rule in rules for columns in rule.conditions):
        globs = {number: rule.conditions[columns] for number, rule in enumerate(rules) if columns in rule.conditions}
        yield _question(frame, columns, globs, _fits_globs)
    dated = {number: rule for number, rule in enumerate(rules) if rule.is_dated}
    if dated:
        yield _question(frame, ("day",), dated, _fits_dates)


def _question(
    frame: pl.DataFrame,
    columns: Columns,
    asked: Mapping[int, _Asked],
    fits: Callable[[pl.Expr, Mapping[int, _Asked]], pl.Expr],
) -> _Question:
    """`asked`: by position of a rule; `fits`: the word of those that fit a value, asked by their place in the word."""
    words: dict[int, dict[int, _Asked]] = {}
    for position, what in asked.items():
        words.setdefault(position - position % _BITS, {})[position % _BITS] = what
    answered = [
        _classes(frame[column], [fits(pl.col(column), within).alias(str(word)) for word, within in words.items()])
        for column in columns
    ]
    name = " or ".join(columns)
    return _Question(
        {word: _word(within) for word, within in words.items()},
        [classes.alias(f"{name}: {classes.name}") for classes, _ in answered],
        [words for _, words in answered],
    )


def _classes(values: pl.Series, fits: Sequence[pl.Expr]) -> tuple[pl.Series, pl.DataFrame]:
    """The class of each value, and the words of each class: values that say the same to all rules are one class."""
    distinct = values.to_frame().unique(maintain_order=True)
    said = distinct.select(fits)
    words = said.unique(maintain_order=True)
    numbered = said.join(words.with_row_index("class"), on=said.columns, how="left", maintain_order="left")
    found = values.to_frame().join(
        distinct.with_columns(numbered["class"]), on=values.name, how="left", nulls_equal=True, maintain_order="left"
    )
    return found["class"].alias(values.name), words


def _fits_globs(value: pl.Expr, globs: Mapping[int, str | tuple[str, ...]]) -> pl.Expr:
    """Exact values are looked up, all of them at once; other globs are tried one by one."""
    numbers: dict[str, list[int]] = {}
    for number, asked in globs.items():
        for glob in (asked,) if isinstance(asked, str) else asked:
            numbers.setdefault(glob, []).append(number)
    words = {glob: _word(within) for glob, within in numbers.items()}
    exact = {glob: word for glob, word in words.items() if is_exact(glob)}
    looked_up = value.replace_strict(exact, default=0, return_dtype=pl.UInt64) if exact else _literal(0)
    tried = (_where(fits_glob(value, glob), word) for glob, word in words.items() if glob not in exact)
    return reduce(or_, tried, looked_up)


def _fits_dates(day: pl.Expr, rules: Mapping[int, Rule]) -> pl.Expr:
    within = (
        (day.is_between(rule.valid_from or date.min, rule.valid_to or date.max, closed="left"), number)
        for number, rule in rules.items()
    )
    return reduce(or_, (_where(holds, 1 << number) for holds, number in within))


def _where(fits: pl.Expr, word: int) -> pl.Expr:
    """The word where it fits, no bit elsewhere."""
    return pl.when(fits).then(_literal(word)).otherwise(_literal(0))


@lru_cache(maxsize=4096)
def _literal(word: int) -> pl.Expr:
    """A word as an expression; making one takes longer than trying a glob on a hundred values."""
    return pl.lit(word, pl.UInt64)


def _word(numbers: Iterable[int]) -> int:
    """A word with these bits set, as far as they lie in it."""
    return reduce(or_, (1 << number for number in numbers if 0 <= number < _BITS), 0)
