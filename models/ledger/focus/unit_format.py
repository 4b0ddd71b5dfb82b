"""FOCUS's way of writing units: `Tokens`, `1000000 Tokens`, `GPU-Hours`, `GB/Hour`, and what is wrong with `1M tokens`.

A unit is `[quantity ]base[-base…][/[quantity ]time]`. Data sizes and times are closed lists, counts are capitalised
nouns. Which unit a vendor's word means belongs to that vendor's connector.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

DATA_SIZES: tuple[str, ...] = (
    *("b", "Kb", "Mb", "Gb", "Tb", "Pb", "Eb", "B", "KB", "MB", "GB", "TB", "PB", "EB"),
    *("Kib", "Mib", "Gib", "Tib", "Pib", "Eib", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"),
)
TIMES: dict[str, int] = {"Second": 1, "Minute": 60, "Hour": 3600, "Day": 86400, "Month": 0, "Year": 0}
"""Singular names and their seconds; 0 where a unit has no fixed length."""

COUNTS: tuple[str, ...] = (
    *("Tokens", "Requests", "Characters", "Images", "Sessions", "Units", "Users", "Calls", "Events", "Operations"),
    *("Transactions", "Messages", "Instances", "Nodes", "Cores", "GPUs", "Keys", "Queries", "Pages", "Seats"),
    *("Bytes", "Count", "Licenses", "Commands", "Items", "Jobs", "Objects", "Rules", "Runs", "Tests"),
)
"""Count nouns in their usual spelling, so that `tokens`, `TOKENS` or `Token` alone are seen as misspelt."""

_SINGULAR_TIME = "|".join(TIMES)
_SIZE = "|".join(DATA_SIZES)
_BASE = rf"(?:{_SIZE}|v?[A-Z][A-Za-z0-9]*(?: v?[A-Z][A-Za-z0-9]*)*)"
PATTERN = rf"^(?:[1-9][0-9]* )?{_BASE}(?:-{_BASE})*(?:/(?:[1-9][0-9]* )?{_BASE})?$"
"""What every unit must match; a unit that matches can still be misspelt."""

SPACED_COMPOUND = rf"[A-Za-z] (?:Per\b|(?:{_SINGULAR_TIME})s?$)"
"""`GPU Hours` and `Gigabyte Per Hour` want a hyphen and a slash."""

_CANONICAL = {
    **{name.casefold(): name for name in COUNTS},
    **{name.removesuffix("s").casefold(): name for name in COUNTS},
    **{f"{name}s".casefold(): f"{name}s" for name in TIMES},
    **{name.casefold(): f"{name}s" for name in TIMES},
    **{
        word: abbreviation
        for size, abbreviation in (("byte", "B"), ("bit", "b"))
        for prefix, letter in (("kilo", "K"), ("mega", "M"), ("giga", "G"), ("tera", "T"), ("peta", "P"), ("exa", "E"))
        for word, abbreviation in (
            (f"{prefix}{size}", letter + abbreviation),
            (f"{prefix}{size}s", letter + abbreviation),
        )
    },
}


def canonical_unit(base: str) -> str | None:
    """FOCUS's spelling of a simple unit (`tokens` → `Tokens`, `Gigabyte` → `GB`); None for one that is unknown."""
    return _CANONICAL.get(base.casefold())


def is_misspelt(unit: pl.Series) -> pl.Series:
    """True where a unit breaks the format, or is a known unit in another spelling."""
    base = unit.str.replace(r"^[0-9]+ ", "")
    spelling = base.str.to_lowercase().replace_strict(_CANONICAL, default=None, return_dtype=pl.String)
    formed = unit.str.contains(PATTERN) & ~unit.str.contains(SPACED_COMPOUND)
    return ~formed | (spelling.is_not_null() & (spelling != base))


@dataclass(frozen=True)
class Measure:
    """A unit taken apart: `block` of `base`; for times, base is Seconds and block counts them."""

    block: Decimal
    base: str


def measure_of(unit: str) -> Measure:
    """`1000000 Tokens` is a million Tokens; `Hours` are 3600 Seconds, so that hours and seconds compare."""
    head, _, rest = unit.partition(" ")
    block, base = (Decimal(head), rest) if head.isascii() and head.isdigit() and rest else (Decimal(1), unit)
    seconds = TIMES.get(base.removesuffix("s"), 0)
    return Measure(block * seconds, "Seconds") if seconds else Measure(block, base)
