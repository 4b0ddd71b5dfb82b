"""Shell globs as Polars expressions: `*`, `?`, `[abc]`, `[!a-c]`; case-sensitive, of the whole text (`fnmatchcase`)."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import polars as pl

_SPECIAL = re.compile(r"[*?\[]")
_BRACKETS = re.compile(r"\[!?+\]?+[^\]]*+\]", re.DOTALL)
_PARTS = re.compile(rf"\*+|{_BRACKETS.pattern}|.", re.DOTALL)
_STRETCHES = re.compile(r"(.)-(.)|(.)", re.DOTALL)


def is_exact(glob: str) -> bool:
    """Whether a glob fits one text only: itself."""
    return not _SPECIAL.search(glob)


def covers(wide: str, narrow: str) -> bool:
    """Whether `wide` fits every text that `narrow` fits, as far as that is told without doubt; never a false yes.

    A `*` takes in whatever another glob stands for; `?` and `[…]` are only set against what is exact.
    """
    if is_exact(wide) or wide == narrow:
        return wide == narrow
    if is_exact(narrow):
        return fnmatchcase(narrow, wide)
    # what one of several characters is, no letter of the other may claim
    return not re.search(r"[?\[]", wide) and fnmatchcase(_BRACKETS.sub("?", narrow), wide)


def fits_glob(text: pl.Expr, glob: str) -> pl.Expr:
    """Whether a text fits a glob; null where it is null."""
    core = glob.strip("*")
    if is_exact(glob):
        return text == glob
    if not is_exact(core):
        return text.str.contains(_regular_expression(glob))
    # ten times as fast as a regular expression
    match glob.startswith("*"), glob.endswith("*"):
        case True, True:
            return text.str.contains(core, literal=True)
        case False, _:
            return text.str.starts_with(core)
        case _:
            return text.str.ends_with(core)


def _regular_expression(glob: str) -> str:
    """As Rust spells it; `fnmatch.translate` writes what only Python reads."""
    parts = (
        ".*" if part[0] == "*" else "." if part == "?" else _one_of(part) if len(part) > 1 else pl.escape_regex(part)
        for part in _PARTS.findall(glob)
    )
    return rf"\A(?s:{''.join(parts)})\z"


def _one_of(part: str) -> str:
    """`[abc]`, `[a-c]` or `[!a-c]`; a stretch that runs backwards holds nothing."""
    inverted = part.startswith("[!")
    held = "".join(
        _literal(one) if one else f"{_literal(first)}-{_literal(last)}"
        for first, last, one in _STRETCHES.findall(part[2 if inverted else 1 : -1])
        if one or first <= last
    )
    if not held:
        return "." if inverted else r"[^\s\S]"
    return f"[{'^' if inverted else ''}{held}]"


def _literal(character: str) -> str:
    """A character that means only itself within brackets."""
    return f"\\x{{{ord(character):x}}}"
