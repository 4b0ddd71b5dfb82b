"""Which rule of an ordered list is the first that fits: the one engine behind owners and the taxonomy of components.

A rule asks for shell globs in columns and for a stretch of days. What a rule then says, and of what, belongs to
`ownership` and `components`.

How: the distinct values of a column are set once against the patterns asked of it; the answer is one bit per rule, 64
rules to a word. Values with the same answers are one class. A row's bits are those of its classes, and-ed together; the
lowest bit left is the first rule that fits (bit vectors, as routers classify packets: Lakshman and Stiliadis, SIGCOMM
1998). The work grows with distinct rows × columns × rules / 64, whatever the rules say.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import and_, or_
from typing import TypeAlias, TypeVar, cast

import polars as pl

_Asked = TypeVar("_Asked")
Columns: TypeAlias = tuple[str, ...]
TAG = "tag:"
"""`tag:KEY` is the column with the value of the tag KEY."""

_WORD = 64
_ALL = (1 << _WORD) - 1
_SPECIAL = re.compile(r"[*?\[]")
_PARTS = re.compile(r"\*+|\[!?+\]?+[^\]]*+\]|.", re.DOTALL)
_STRETCHES = re.compile(r"(.)-(.)|(.)", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """Fits a row if every condition does, on each day from `valid_from` until the day before `valid_to`.

    `conditions`: a shell glob by the columns that it is asked of; one of these is enough (`("project_id",
    "project_name")`: `search-*`). Globs are case-sensitive and fit the whole value; none fits null. A rule with dates
    fits no row whose `day` is null.
    """

    conditions: Mapping[Columns, str] = field(default_factory=dict[Columns, str])
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
    answers = {str(number): answered for number, answered in enumerate(_answers(frame, rules))}
    rows = frame.select(pl.repeat(0, pl.len()).alias("every")).with_columns(
        answered.classes.alias(name) for name, answered in answers.items()
    )
    distinct = rows.unique(maintain_order=True)
    found: dict[str, list[pl.Expr]] = {name: [pl.lit(None, pl.UInt32)] for name in among}
    for word in range(0, len(rules), _WORD):
        bits = distinct.select(_bits(answers, word, len(rules))).to_series()
        for name, positions in among.items():
            chosen = pl.lit(bits & _word(position - word for position in positions))
            found[name].append(pl.when(chosen != 0).then(chosen.bitwise_trailing_zeros() + word))
    firsts = distinct.with_columns(pl.coalesce(positions).alias(name) for name, positions in found.items())
    return rows.join(firsts, on=rows.columns, how="left", maintain_order="left").select(*among)


def with_tags(frame: pl.DataFrame, keys: Collection[str], *, tags: str = "Tags") -> pl.DataFrame:
    """`frame` with a text column `tag:KEY` for each key, from the JSON object in the column `tags`; each distinct text
    is read once. Null where a tag is missing or empty, or where the text is no object."""
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
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    tags = cast("dict[str, object]", found)
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in tags.items() if value is not None
    }


@dataclass(frozen=True)
class _Answers:
    """What the values of some columns say to all rules: the class of each row, and each class's bits, by the position
    of a word's first rule. A word in which no rule asks these columns is left out: they speak against none of it."""

    classes: pl.Series
    words: Mapping[int, pl.Series]


def _bits(answers: Mapping[str, _Answers], word: int, rules: int) -> pl.Expr:
    """Which of the rules in a word fit, by row of classes."""
    asked = [(name, answered.words[word]) for name, answered in answers.items() if word in answered.words]
    every = pl.repeat(_word(range(rules - word)), pl.len(), dtype=pl.UInt64)
    return reduce(and_, (pl.lit(bits).gather(pl.col(name)) for name, bits in asked), every)


def _answers(frame: pl.DataFrame, rules: Sequence[Rule]) -> Iterator[_Answers]:
    """What each set of columns that rules ask says to them, and what the day says."""
    for columns in dict.fromkeys(columns for rule in rules for columns in rule.conditions):
        asked = {number: rule.conditions[columns] for number, rule in enumerate(rules) if columns in rule.conditions}
        yield _answered(frame, columns, asked, _fits_globs)
    dated = {number: rule for number, rule in enumerate(rules) if rule.is_dated}
    if dated:
        yield _answered(frame, ("day",), dated, _fits_dates)


def _answered(
    frame: pl.DataFrame,
    columns: Columns,
    asked: Mapping[int, _Asked],
    fits: Callable[[Columns, Mapping[int, _Asked]], pl.Expr],
) -> _Answers:
    """`asked`: what each rule asks of these columns, by its position; `fits`: the bits of those that fit a value."""
    said: dict[int, pl.Expr] = {}
    for word in dict.fromkeys(number - number % _WORD for number in asked):
        within = {number - word: asked[number] for number in range(word, word + _WORD) if number in asked}
        said[word] = (fits(columns, within) | (_ALL ^ _word(within))).alias(f"word {word}")
    values = frame.select(columns).unique(maintain_order=True).with_columns(said.values())
    bits = values.select(f"word {word}" for word in said)
    classes = bits.unique(maintain_order=True).with_row_index("class")
    values = values.join(classes, on=bits.columns, how="left", maintain_order="left").select(*columns, "class")
    rows = frame.select(columns).join(values, on=columns, how="left", nulls_equal=True, maintain_order="left")
    return _Answers(rows["class"], {word: classes[f"word {word}"] for word in said})


def _fits_dates(_columns: Columns, asked: Mapping[int, Rule]) -> pl.Expr:
    day = pl.col("day")
    return _or(
        pl.when(
            pl.lit(True) if rule.valid_from is None else day >= rule.valid_from,
            pl.lit(True) if rule.valid_to is None else day < rule.valid_to,
            day.is_not_null(),
        ).then(pl.lit(1 << number, pl.UInt64))
        for number, rule in asked.items()
    )


def _fits_globs(columns: Columns, asked: Mapping[int, str]) -> pl.Expr:
    """Exact values are looked up, all of them at once; globs are tried one by one."""
    numbers: dict[str, list[int]] = {}
    for number, glob in asked.items():
        numbers.setdefault(glob, []).append(number)
    exact = {glob: _word(within) for glob, within in numbers.items() if not _SPECIAL.search(glob)}
    tried = {glob: _word(within) for glob, within in numbers.items() if glob not in exact}
    return _or(
        itertools.chain(
            (
                pl.col(column).replace_strict(exact, default=None, return_dtype=pl.UInt64)
                for column in (columns if exact else ())
            ),
            (
                pl.when(pl.any_horizontal(_fits(glob, column) for column in columns)).then(pl.lit(bits, pl.UInt64))
                for glob, bits in tried.items()
            ),
        )
    )


def _fits(glob: str, column: str) -> pl.Expr:
    """A glob as an expression; what begins, ends or holds a text is ten times as fast as a regular expression."""
    text, core = pl.col(column), glob.strip("*")
    if not _SPECIAL.search(core):
        match glob.startswith("*"), glob.endswith("*"):
            case True, True:
                return text.str.contains(core, literal=True)
            case False, True:
                return text.str.starts_with(core)
            case _:
                return text.str.ends_with(core)
    return text.str.contains(_regular_expression(glob))


def _regular_expression(glob: str) -> str:
    """The glob as Rust's regular expressions spell it; `fnmatch.translate` writes what only Python reads."""
    parts = (
        ".*" if part[0] == "*" else "." if part == "?" else _one_of(part) if len(part) > 1 else pl.escape_regex(part)
        for part in _PARTS.findall(glob)
    )
    return rf"\A(?s:{''.join(parts)})\z"


def _one_of(part: str) -> str:
    """`[abc]`, `[a-c]` or `[!a-c]`; a stretch that runs backwards holds nothing."""
    inverted = part.startswith("[!")
    stretches = _STRETCHES.findall(part[2:-1] if inverted else part[1:-1])
    held = "".join(
        _literal(one) if one else f"{_literal(first)}-{_literal(last)}"
        for first, last, one in stretches
        if one or first <= last
    )
    if not held:
        return "." if inverted else r"[^\s\S]"
    return f"[{'^' if inverted else ''}{held}]"


def _literal(character: str) -> str:
    """A character that means itself within brackets."""
    return f"\\x{{{ord(character):x}}}"


def _or(bits: Iterable[pl.Expr]) -> pl.Expr:
    return reduce(or_, (each.fill_null(0) for each in bits))


def _word(numbers: Iterable[int]) -> int:
    """A word with these bits set, as far as they lie in it."""
    return reduce(or_, (1 << number for number in numbers if 0 <= number < _WORD), 0)
